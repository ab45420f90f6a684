/* The continuous flow beyond the catalogue's oracles: the layer against GSL's adaptive solver, with
 * a trace from differences of the network; the order of the method; the input that forward saves;
 * and what the constructor refuses. */
#include <gsl/gsl_errno.h>
#include <gsl/gsl_odeiv2.h>

#include "fixture.h"
#include "layers/conditioner.h"
#include "nets/field.h"

enum { D = 2, WIDTH = 5, N = 4 };

static nf_bijector *layer_of(size_t steps) {
  return nf_continuous_new(nf_point(D), steps, nf_field_new(nf_point(D), WIDTH, NULL), NULL);
}

/* The same weights for any number of steps. */
static nf_flow *flow_of(size_t steps) { return moved_flow(layer_of(steps), 1); }

static void run(nf_flow *f, const double *x, double *z, double *log_det) {
  nf_error e = {0};
  nf_flow_forward(f, N, x, z, log_det, &e);
  check_no_error(&e);
}

/* --- by another way ------------------------------------------------------------------------- */

static void velocity(const nf_net *net, const double *z, double t, double *v) {
  double x[D + 1], hidden[3 * WIDTH];
  memcpy(x, z, D * sizeof *x);
  x[D] = t;
  nf_work work = {0};
  check_ok(net->type->forward(net, 1, x, v, hidden, &work.arena));
}

/* (dz/dt, tr ∂v/∂z), the trace by differences of order 4 */
static int derivative(double t, const double *y, double *dy, void *user) {
  static const double offset[] = {1, -1, 2, -2}, weight[] = {8, -8, -1, 1};
  const double h = 1e-3;
  velocity(user, y, t, dy);
  dy[D] = 0;
  for (int j = 0; j < D; j++) {
    for (int k = 0; k < 4; k++) {
      double moved[D] = {y[0], y[1]}, v[D];
      moved[j] += offset[k] * h;
      velocity(user, moved, t, v);
      dy[D] += weight[k] * v[j] / (12 * h);
    }
  }
  return GSL_SUCCESS;
}

static void the_layer_solves_the_equation(void **state) {
  (void)state;
  nf_flow *f = flow_of(64);
  double x[N * D], z[N * D], log_det[N];
  normal_samples(f, N, x);
  run(f, x, z, log_det);
  gsl_odeiv2_system system = {derivative, NULL, D + 1, f->bijector->net};
  gsl_odeiv2_driver *driver =
      gsl_odeiv2_driver_alloc_y_new(&system, gsl_odeiv2_step_rk8pd, 1e-3, 1e-12, 1e-12);
  for (size_t i = 0; i < N; i++) {
    double t = 0, y[D + 1] = {x[i * D], x[i * D + 1], 0};
    gsl_odeiv2_driver_reset(driver);
    assert_int_equal(gsl_odeiv2_driver_apply(driver, &t, 1, y), GSL_SUCCESS);
    check_array("z", z + i * D, y, D, 1e-8, 0); /* 5e-10 of 64 steps */
    check_close("log_det", log_det[i], y[D], 1e-6, 0);
    assert_true(fabs(y[D]) > 1e-2);
  }
  gsl_odeiv2_driver_free(driver);
  nf_flow_free(f);
}

/* Twice the steps, a sixteenth of the error. */
static void the_error_is_of_order_4(void **state) {
  (void)state;
  double x[N * D], z[3][N * D], log_det[3][N], error[2][2] = {{0}};
  const size_t steps[] = {16, 32, 512};
  for (int k = 0; k < 3; k++) {
    nf_flow *f = flow_of(steps[k]);
    normal_samples(f, N, x);
    run(f, x, z[k], log_det[k]);
    nf_flow_free(f);
  }
  for (int k = 0; k < 2; k++) {
    for (size_t i = 0; i < N * D; i++) error[k][0] = fmax(error[k][0], fabs(z[k][i] - z[2][i]));
    for (size_t i = 0; i < N; i++)
      error[k][1] = fmax(error[k][1], fabs(log_det[k][i] - log_det[2][i]));
  }
  check_close("log2 of the errors' ratio, z", log2(error[0][0] / error[1][0]), 4, 0.6, 0);
  check_close("log2 of the errors' ratio, log_det", log2(error[0][1] / error[1][1]), 4, 0.6, 0);
}

/* --- the trace ------------------------------------------------------------------------------ */
static void the_trace_leaves_the_values_as_they_are(void **state) {
  (void)state;
  nf_flow *f = flow_of(1);
  double x[N * (D + 1)], v[2][N * D], trace[N], hidden[(1 + D) * N * 3 * WIDTH];
  for (size_t k = 0; k < N * (D + 1); k++) x[k] = nf_random_normal(3, 0, k);
  nf_field_forward(f->bijector->net, N, x, v[0], NULL, hidden);
  nf_field_forward(f->bijector->net, N, x, v[1], trace, hidden);
  assert_true(bits_equal(N * D, v[0], v[1]));
  for (size_t i = 0; i < N; i++) {
    double dy[D + 1];
    derivative(x[i * (D + 1) + D], x + i * (D + 1), dy, f->bijector->net);
    check_close("tr", trace[i], dy[D], 1e-8, 0);
  }
  nf_flow_free(f);
}

/* --- the input that forward saves ----------------------------------------------------------- */

/* Where forward saved it, backward gives x bit for bit; otherwise up to the solver's error. */
static void backward_makes_the_saved_input(void **state) {
  (void)state;
  nf_flow *f = flow_of(2);
  double x[N * D], z[N * D], dz[N * D], log_det[N] = {0}, dlog_det[N];
  double *dparam = calloc(f->n_param, sizeof *dparam);
  normal_samples(f, N, x);
  for (int saves = 0; saves < 2; saves++) {
    nf_activations saved = {0};
    nf_work work = {.activations = saves ? &saved : NULL};
    nf_batch batch = {.n = N, .shape = nf_point(D), .data = z},
             gradient = {.n = N, .shape = nf_point(D), .data = dz};
    memcpy(z, x, sizeof z);
    for (size_t k = 0; k < N * D; k++) dz[k] = 1;
    for (size_t i = 0; i < N; i++) dlog_det[i] = 1;
    check_ok(nf_layer_forward(f->bijector, &batch, log_det, &work));
    check_ok(nf_layer_backward(f->bijector, &batch, &gradient, dlog_det, dparam, &work));
    assert_int_equal(bits_equal(N * D, z, x), saves);
    check_array("x", z, x, N * D, 0.5, 0);
    assert_null(saved.top);
    nf_work_free(&work);
    nf_activations_free(&saved);
  }
  free(dparam);
  nf_flow_free(f);
}

/* --- construction --------------------------------------------------------------------------- */
static void the_constructor_refuses(void **state) {
  (void)state;
  nf_error e = {0};
  const nf_shape shape = nf_point(D);
  assert_null(nf_field_new(shape, 0, &e));
  check_failed(&e, NF_EINVAL, "field: |width 0");
  assert_null(nf_continuous_new(shape, 4, NULL, &e));
  check_failed(&e, NF_EINVAL, "continuous: |NULL");
  assert_null(nf_continuous_new(shape, 4, nf_field_new(nf_point(3), WIDTH, NULL), &e));
  check_failed(&e, NF_ESHAPE, "nf_field_new of (1, 1, 2)|field with 3 outputs");
  assert_null(nf_continuous_new(shape, 4, nf_mlp_new(nf_point(3), shape, WIDTH, NULL), &e));
  check_failed(&e, NF_ESHAPE, "nf_field_new|mlp");
  assert_null(nf_continuous_new(shape, 0, nf_field_new(shape, WIDTH, NULL), &e));
  check_failed(&e, NF_EINVAL, "steps is 0|1 to 65536");
  assert_null(nf_continuous_new(shape, 65537, nf_field_new(shape, WIDTH, NULL), &e));
  check_failed(&e, NF_EINVAL, "steps is 65537");
  nf_bijector_free(nf_continuous_new(shape, 65536, nf_field_new(shape, WIDTH, NULL), &e));
  check_no_error(&e);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_layer_solves_the_equation),
      cmocka_unit_test(the_error_is_of_order_4),
      cmocka_unit_test(the_trace_leaves_the_values_as_they_are),
      cmocka_unit_test(backward_makes_the_saved_input),
      cmocka_unit_test(the_constructor_refuses),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
