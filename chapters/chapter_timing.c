#include "chapter_timing.h"

#include <gsl/gsl_fit.h>
#include <math.h>
#include <time.h>

#include "chapter.h"
#include "verify/jacobian.h"

double timing_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static volatile double sink; /* a result that is used, so that it is computed */

/* One run when it takes more than half a second, else three */
static double time_lu(size_t d) {
  double best = HUGE_VAL, *a = chapter_alloc(d * d);
  for (int run = 0; run < 3 && !(run > 0 && best > 0.5); run++) {
    for (size_t i = 0; i < d * d; i++) a[i] = nf_random_uniform(10, 0, i) - 0.5;
    const double start = timing_now();
    sink = nf_verify_log_abs_det(d, a);
    best = fmin(best, timing_now() - start);
  }
  free(a);
  return best;
}

static double time_sum(size_t d) {
  enum { RUNS = 20, REPEAT = 100 };
  double best = HUGE_VAL, *s = chapter_alloc(d);
  for (int run = 0; run < RUNS; run++) {
    const double start = timing_now();
    double sum = 0;
    for (int again = 0; again < REPEAT; again++)
      for (size_t i = 0; i < d / 2; i++) sum += s[i] + again;
    sink = sum;
    best = fmin(best, (timing_now() - start) / REPEAT);
  }
  free(s);
  return best;
}

timing timing_measure(size_t max_d) {
  timing t = {.n = 0};
  for (size_t d = TIMING_FIRST; d <= max_d && t.n < TIMING_SIZES; d *= 4, t.n++) {
    t.d[t.n] = (double)d;
    t.lu[t.n] = time_lu(d);
    t.sum[t.n] = time_sum(d);
  }
  return t;
}

double timing_power(int n, const double *d, const double *time) {
  double x[TIMING_SIZES], y[TIMING_SIZES], c0, c1, c00, c01, c11, rest;
  for (int i = 0; i < n; i++) x[i] = log(d[i]), y[i] = log(time[i]);
  gsl_fit_linear(x + 1, 1, y + 1, 1, (size_t)n - 1, &c0, &c1, &c00, &c01, &c11, &rest);
  return c1;
}
