/* What chapters compute beside the library: the base density, and slopes by GSL. */
#include <gsl/gsl_deriv.h>

#include "chapter.h"

double chapter_log_normal(size_t d, const double *z) {
  double sum = 0;
  for (size_t i = 0; i < d; i++) sum += z[i] * z[i];
  return -0.5 * (sum + (double)d * LN_2PI);
}

double chapter_slope(double (*f)(double, void *), void *user, double x, double h) {
  double slope, error;
  gsl_deriv_central(&(gsl_function){f, user}, x, h, &slope, &error);
  return slope;
}
