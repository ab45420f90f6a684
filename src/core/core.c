/* Version, precision, errors and shapes: what nf/core.h declares and every file above uses. */
#include "nf/core.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

static bool is_continuation(char byte) { return ((unsigned char)byte & 0xc0) == 0x80; }

/* Too long a text is that of a long path, and the reason stands at its end: so the middle is left
 * out, from character to character. */
static void leave_out_middle(const char *text, size_t length, char message[NF_MESSAGE]) {
  static const char gap[] = "…";
  size_t head = NF_MESSAGE / 4, tail = length - (NF_MESSAGE - head - sizeof gap);
  while (head > 0 && is_continuation(text[head])) head--;
  while (is_continuation(text[tail])) tail++;
  memcpy(message, text, head);
  memcpy(message + head, gap, sizeof gap - 1);
  memcpy(message + head + sizeof gap - 1, text + tail, length - tail + 1);
}

int nf_fail(nf_error *e, int status, const char *format, ...) {
  if (e == NULL) return status;
  if (e->status != NF_OK) return e->status;
  enum { LONG = 12288 }; /* two of the longest paths, and words */
  char text[LONG];
  va_list arguments;
  va_start(arguments, format);
  const int length = vsnprintf(text, LONG, format, arguments);
  va_end(arguments);
  if (length < NF_MESSAGE)
    memcpy(e->message, text, (size_t)(length < 0 ? 0 : length) + 1);
  else
    leave_out_middle(text, strlen(text), e->message);
  for (char *p = e->message; *p != 0; p++)
    if ((unsigned char)*p < ' ' || *p == 0x7f) *p = '?';
  return e->status = status;
}

bool nf_shape_valid(nf_shape s) {
  const size_t max = (size_t)1 << 24;
  return s.h > 0 && s.w > 0 && s.c > 0 && s.h <= max && s.w <= max / s.h &&
         s.c <= max / (s.h * s.w);
}
