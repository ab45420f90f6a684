/* strtod and printf follow the locale of the thread, which may have a comma for the point: so a
 * call to them is between uselocale of "C" and of what it was. */
#include "core/number.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __APPLE__
#include <xlocale.h> /* newlocale and uselocale, elsewhere in locale.h */
#endif

bool nf_read_whole(const char *text, uint64_t max, uint64_t *value) {
  char *end;
  if (*text < '0' || *text > '9') return false; /* strtoull takes signs and blanks */
  errno = 0;
  const unsigned long long v = strtoull(text, &end, 10);
  if (errno != 0 || *end != 0 || v > max) return false;
  *value = v;
  return true;
}

typedef struct {
  locale_t c, before;
} numeric;

static bool enter_c_locale(numeric *n) {
  n->c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (n->c == (locale_t)0) return false;
  n->before = uselocale(n->c);
  return true;
}

static void leave_c_locale(const numeric *n) {
  uselocale(n->before);
  freelocale(n->c);
}

bool nf_read_real(const char *text, double *value) {
  char *end;
  numeric n;
  if (strspn(text, "0123456789.+-eE") != strlen(text)) return false; /* nor blanks, nan or hex */
  if (!enter_c_locale(&n)) return false;
  const double v = strtod(text, &end);
  leave_c_locale(&n);
  if (end == text || *end != 0 || !isfinite(v)) return false;
  *value = v;
  return true;
}

void nf_write_real(double value, char text[NF_NUMBER]) {
  numeric n;
  const bool c = enter_c_locale(&n);
  snprintf(text, NF_NUMBER, "%.15g", value); /* 0.05 as 0.05 */
  if (strtod(text, NULL) != value) snprintf(text, NF_NUMBER, "%.17g", value);
  if (c) leave_c_locale(&n);
}
