/* Every comparison is of the form "fails unless …", so NaN fails it. */
#include "check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool check_is_close(double a, double b, double atol, double rtol) {
  return isfinite(a) && isfinite(b) && isfinite(atol) && isfinite(rtol) && atol >= 0 && rtol >= 0 &&
         fabs(a - b) <= atol + rtol * fabs(b);
}

void check_close_at(const char *name, double a, double b, double atol, double rtol,
                    const char *file, int line) {
  if (check_is_close(a, b, atol, rtol)) return;
  print_error("%s: %.17g, expected %.17g; difference %.3g, tolerance %.3g (atol %g, rtol %g)\n",
              name, a, b, a - b, atol + rtol * fabs(b), atol, rtol);
  _fail(file, line);
}

void check_array_at(const char *name, const double *a, const double *b, size_t n, double atol,
                    double rtol, const char *file, int line) {
  for (size_t i = 0; i < n; i++) {
    if (check_is_close(a[i], b[i], atol, rtol)) continue;
    print_error("%s[%zu of %zu]\n", name, i, n);
    check_close_at(name, a[i], b[i], atol, rtol, file, line);
  }
}

void check_error_at(const char *name, double error, double tolerance, const char *file, int line) {
  if (error >= 0 && error <= tolerance && isfinite(tolerance)) return;
  print_error("%s: error %.3g, tolerance %.3g\n", name, error, tolerance);
  _fail(file, line);
}

void check_status_at(const char *call, int status, int expected, const char *file, int line) {
  if (status == expected) return;
  print_error("%s: status %d (%s), expected %d (%s)\n", call, status, nf_status_text(status),
              expected, nf_status_text(expected));
  _fail(file, line);
}

void check_no_error_at(const nf_error *e, const char *file, int line) {
  if (e->status == NF_OK) return;
  print_error("%s: %s\n", nf_status_text(e->status), e->message);
  _fail(file, line);
}

void check_failed_at(nf_error *e, int status, const char *words, const char *file, int line) {
  check_status_at("the error", e->status, status, file, line);
  char list[400];
  const char *at = e->message;
  snprintf(list, sizeof list, "%s", words);
  for (char *rest = list, *word; (word = strtok_r(rest, "|", &rest)) != NULL;) {
    const char *found = strstr(at, word);
    if (found == NULL) {
      print_error("no '%s' in its place in: %s\n", word, e->message);
      _fail(file, line);
      return;
    }
    at = found + strlen(word);
  }
  if (e->message[0] == 0 || strpbrk(e->message, "\n\r\t") != NULL) {
    print_error("not one line: '%s'\n", e->message);
    _fail(file, line);
  }
  *e = (nf_error){0};
}

void check_not_emulated(void) {
  if (getenv("EMULATED") == NULL) return;
  print_message("an emulated processor: skipped\n");
  skip();
}
