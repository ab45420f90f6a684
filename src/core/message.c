/* Messages stay on one line whatever a file name holds. */
#include "core/message.h"

#include <stdarg.h>
#include <stdio.h>

int nf_fail(int status, char message[NF_MESSAGE], const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, NF_MESSAGE, format, arguments);
  va_end(arguments);
  for (unsigned char *p = (unsigned char *)message; *p != 0; p++)
    if (*p < ' ' || *p == 127) *p = '?';
  return status;
}
