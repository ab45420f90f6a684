/* What chapters compute beside the library: the base density, mean and variance; Jacobians and
 * integrals by GSL. */
#include <gsl/gsl_deriv.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_integration.h>
#include <string.h>

#include "chapter.h"
#include "verify/jacobian.h"

double chapter_log_normal(size_t d, const double *z) {
  double sum = 0;
  for (size_t i = 0; i < d; i++) sum += z[i] * z[i];
  return -0.5 * (sum + (double)d * LN_2PI);
}

void chapter_moments_add(chapter_moments *m, double v) {
  const double from_old = v - m->mean;
  m->mean += from_old / ++m->n;
  m->squares += from_old * (v - m->mean);
}

double chapter_slope(double (*f)(double, void *), void *user, double x, double h) {
  double slope, error;
  gsl_deriv_central(&(gsl_function){f, user}, x, h, &slope, &error);
  return slope;
}

/* f_i as a function of x_j alone */
enum { MAX_D = 3 };
typedef struct {
  chapter_map *f;
  size_t d, i, j;
  const double *x;
} entry;

static double along(double x_j, void *user) {
  const entry *e = user;
  double x[MAX_D], z[MAX_D];
  memcpy(x, e->x, e->d * sizeof *x);
  x[e->j] = x_j;
  e->f(x, z);
  return z[e->i];
}

double chapter_entry(chapter_map *f, size_t d, const double *x, size_t i, size_t j, double h) {
  return chapter_slope(along, &(entry){f, d, i, j, x}, x[j], h);
}

double chapter_log_det(chapter_map *f, size_t d, const double *x, double h) {
  double jacobian[MAX_D * MAX_D];
  for (size_t k = 0; k < d * d; k++) jacobian[k] = chapter_entry(f, d, x, k / d, k % d, h);
  return nf_verify_log_abs_det(d, jacobian);
}

double chapter_integral(double (*f)(double, void *), void *user, double a, double b) {
  enum { INTERVALS = 400 };
  double sum, error;
  gsl_integration_workspace *w = gsl_integration_workspace_alloc(INTERVALS);
  gsl_function g = {f, user};
  const int status = a < b
                         ? gsl_integration_qags(&g, a, b, 1e-11, 1e-11, INTERVALS, w, &sum, &error)
                         : gsl_integration_qagiu(&g, 0, 1e-11, 1e-11, INTERVALS, w, &sum, &error);
  gsl_integration_workspace_free(w);
  if (status != GSL_SUCCESS) chapter_fail("GSL: quadrature: %s", gsl_strerror(status));
  return sum;
}
