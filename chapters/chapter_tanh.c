#include "chapter_tanh.h"

#include <math.h>

#include "chapter.h"
#include "chapter_ode.h"
#include "core/arena.h"

double tanh_z(double a, double x) { return asinh(exp(a) * sinh(x)); }

double tanh_log_det(double a, double x) { return a + log(cosh(x)) - log(cosh(tanh_z(a, x))); }

double tanh_log_p(double a, double x) {
  const double z = tanh_z(a, x);
  return chapter_log_normal(1, &z) + tanh_log_det(a, x);
}

/* --- steps ------------------------------------------------------------------------------------ */

double tanh_by_euler(size_t steps) {
  double z = TANH_X, sum = 0;
  const double h = 1 / (double)steps;
  for (size_t k = 0; k < steps; k++) {
    const double y = tanh(z);
    sum += log1p(h * (1 - y * y));
    z += h * y;
  }
  return sum;
}

/* v and ∂v/∂z, with the derivatives of both by z and by a:
 *
 *   y = tanh z,  v = a y,  v_z = a(1 - y²),  v_zz = -2a y(1 - y²),  v_a = y,  v_za = 1 - y² */
typedef struct {
  double a, da; /* da = ∂log p/∂a */
} parameter;

static int velocity(void *user, double t, const double *z, double *v, double *trace) {
  const parameter *p = user;
  const double y = tanh(*z);
  (void)t;
  *v = p->a * y;
  if (trace != NULL) *trace = p->a * (1 - y * y);
  return NF_OK;
}

/* With ∂L/∂log_det = 1: L = log p */
static int backward(void *user, double t, const double *u, const double *dv, double weight,
                    double *du) {
  parameter *p = user;
  const double y = tanh(*u), slope = 1 - y * y;
  (void)t;
  p->da += *dv * y + weight * slope;
  *du = *dv * p->a * slope - weight * 2 * p->a * y * slope;
  return NF_OK;
}

static double z_of_steps(double x, void *steps) {
  parameter p = {TANH_A, 0};
  ode_by_steps(velocity, &p, 1, 1, 0, 1, *(size_t *)steps, &x, NULL);
  return x;
}

tanh_steps tanh_by_steps(size_t steps) {
  tanh_steps s = {.z = TANH_X};
  parameter p = {TANH_A, 0};
  ode_by_steps(velocity, &p, 1, 1, 0, 1, steps, &s.z, &s.log_det);
  s.slope = log(chapter_slope(z_of_steps, &steps, TANH_X, 1e-2));
  double back = s.z;
  ode_by_steps(velocity, &p, 1, 1, 1, 0, steps, &back, NULL);
  s.trip = back - TANH_X;
  return s;
}

/* --- ∂log p/∂a -------------------------------------------------------------------------------- */

double tanh_steps_da(size_t steps) {
  enum { MAX_STEPS = 64, STAGES = 4 };
  parameter p = {TANH_A, 0};
  double z = TANH_X, stages[STAGES * MAX_STEPS], log_det = 0;
  const nf_ode ode = {1, 1, steps, 0, 1, &p, velocity, backward};
  nf_arena scratch = {0};
  chapter_need_ok(nf_ode_solve(&ode, &z, &log_det, stages, &scratch), "nf_ode_solve");
  double gradient = -z; /* ∂log p_Z/∂z */
  chapter_need_ok(nf_ode_backward(&ode, stages, &gradient, &scratch), "nf_ode_backward");
  nf_arena_free(&scratch);
  return p.da;
}

static double log_p_of_steps(double a, void *steps) {
  parameter p = {a, 0};
  double z = TANH_X, log_det;
  ode_by_steps(velocity, &p, 1, 1, 0, 1, *(size_t *)steps, &z, &log_det);
  return chapter_log_normal(1, &z) + log_det;
}

double tanh_differences_da(size_t steps) {
  return chapter_slope(log_p_of_steps, &steps, TANH_A, 1e-2);
}

/* The adjoint (12.8) of log p, y = (z, ∂log p/∂z, ∂log p/∂a), by steps backward in time */
static int adjoint(void *user, double t, const double *y, double *dy, double *trace) {
  const double a = TANH_A, s = tanh(y[0]), slope = 1 - s * s;
  (void)user, (void)t, (void)trace;
  dy[0] = a * s;
  dy[1] = -y[1] * a * slope + 2 * a * s * slope;
  dy[2] = -y[1] * s - slope;
  return NF_OK;
}

double tanh_adjoint_da(size_t steps) {
  parameter p = {TANH_A, 0};
  double y[3] = {TANH_X, 0, 0};
  ode_by_steps(velocity, &p, 1, 1, 0, 1, steps, y, NULL);
  y[1] = -y[0];
  ode_by_steps(adjoint, NULL, 1, 3, 1, 0, steps, y, NULL);
  return y[2];
}
