#include "chapter_ode.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_odeiv2.h>

#include "chapter.h"
#include "core/arena.h"

void ode_by_steps(nf_velocity *v, void *user, size_t n, size_t d, double from, double to,
                  size_t steps, double *z, double *log_det) {
  const nf_ode ode = {n, d, steps, from, to, user, v, NULL};
  nf_arena scratch = {0};
  for (size_t i = 0; log_det != NULL && i < n; i++) log_det[i] = 0;
  chapter_need_ok(nf_ode_solve(&ode, z, log_det, NULL, &scratch), "nf_ode_solve");
  nf_arena_free(&scratch);
}

size_t ode_adaptive(nf_derivative *f, void *user, size_t n, double from, double to,
                    double tolerance, double *y) {
  size_t evaluations = 0;
  chapter_need_ok(nf_verify_ode(f, user, n, from, to, tolerance, y, &evaluations), "nf_verify_ode");
  return evaluations;
}

typedef struct {
  nf_derivative *f;
  void *user;
  size_t evaluations;
} counted;

static int derivative(double t, const double *y, double *dy, void *params) {
  counted *c = params;
  c->evaluations++;
  c->f(c->user, t, y, dy);
  return GSL_SUCCESS;
}

size_t ode_by_gsl(nf_derivative *f, void *user, size_t n, double from, double to, double tolerance,
                  double *y) {
  const double first_step = 1e-2;
  counted c = {f, user, 0};
  gsl_odeiv2_system system = {derivative, NULL, n, &c};
  gsl_odeiv2_driver *driver = gsl_odeiv2_driver_alloc_y_new(&system, gsl_odeiv2_step_rk8pd,
                                                            first_step, tolerance, tolerance);
  if (gsl_odeiv2_driver_apply(driver, &from, to, y) != GSL_SUCCESS) chapter_fail("gsl_odeiv2");
  gsl_odeiv2_driver_free(driver);
  return c.evaluations;
}
