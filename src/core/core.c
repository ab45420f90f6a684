/* Version, precision, errors and shapes: what nf/core.h declares and every file above uses. */
#include "nf/core.h"

#include <stdarg.h>
#include <stdio.h>

const char *nf_version(void) { return NF_VERSION; }

const char NF_PRECISION = sizeof(nf_real);

const char *nf_status_text(int status) {
  static const char *const text[] = {[NF_OK] = "no error",
                                     [NF_ENOMEM] = "out of memory",
                                     [NF_ESHAPE] = "shape does not fit",
                                     [NF_EDOM] = "input outside the domain",
                                     [NF_ENONFINITE] = "value not finite",
                                     [NF_ESINGULAR] = "matrix is singular",
                                     [NF_EINVAL] = "setting out of range",
                                     [NF_EBUSY] = "the flow is in use by another caller",
                                     [NF_EIO] = "cannot read or write",
                                     [NF_EFORMAT] = "malformed content"};
  return status >= 0 && status <= NF_EFORMAT ? text[status] : "unknown status";
}

/* Text that was cut after `length` bytes ends at a character: the first bytes of a UTF-8
 * sequence, 11xxxxxx 10xxxxxx …, without its last ones are dropped. */
static void drop_partial_character(char *message, size_t length) {
  size_t lead = length, tail = 0; /* bytes 10xxxxxx at the end */
  while (tail < 3 && ((unsigned char)message[lead - 1] & 0xc0) == 0x80) lead--, tail++;
  const unsigned char first = (unsigned char)message[lead - 1];
  const size_t needed = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
  if (needed > tail) message[lead - 1] = 0;
}

int nf_fail(nf_error *e, int status, const char *format, ...) {
  if (e == NULL) return status;
  if (e->status != NF_OK) return e->status;
  va_list arguments;
  va_start(arguments, format);
  const int length = vsnprintf(e->message, NF_MESSAGE, format, arguments);
  va_end(arguments);
  if (length >= NF_MESSAGE) drop_partial_character(e->message, NF_MESSAGE - 1);
  for (char *p = e->message; *p != 0; p++)
    if ((unsigned char)*p < ' ' || *p == 0x7f) *p = '?';
  return e->status = status;
}

bool nf_shape_valid(nf_shape s) {
  const size_t max = (size_t)1 << 24;
  return s.h > 0 && s.w > 0 && s.c > 0 && s.h <= max && s.w <= max / s.h &&
         s.c <= max / (s.h * s.w);
}
