/* The phrases behind the status codes, in the order of the enumeration. */
#include "core/status.h"

const char *nf_status_text(int status) {
  static const char *const text[] = {
      "no error",         "out of memory",      "shape does not fit",   "input outside the domain",
      "value not finite", "matrix is singular", "setting out of range", "cannot read or write",
      "malformed content"};
  return status >= 0 && status <= NF_EFORMAT ? text[status] : "unknown status";
}
