/* The oracles themselves: right about layers that can be done by hand, and they find layers that
 * are wrong. A wrong layer is an affine one with a function of its table replaced. */
#include <math.h>
#include <string.h>

#include "catalogue.h"
#include "check.h"
#include "flow/flow.h"
#include "verify/density.h"
#include "verify/jacobian.h"
#include "verify/layer.h"

enum { D = 4, SEED = 3 };
static const double x_of_4[D] = {0.3, -1.7, 0.9, 1.1};
static const double weight[D * D] = {2, 0.5, 0, 1, 0, 3, 1, 0, 1, 0, 2, 0.25, 0, 1, 0, 1.5};

typedef struct {
  nf_flow *flow;
  nf_bijector *layer;
  nf_bijector_type wrong; /* a copy of the layer's table, in its place */
  nf_batch x;
  nf_work work;
} subject;
static const nf_bijector_type *right; /* the original */

static void begin(subject *s, nf_bijector *layer, const double *x) {
  *s = (subject){.layer = layer};
  nf_error e = {0};
  s->flow = nf_flow_new(layer, SEED, &e);
  check_no_error(&e);
  s->x = (nf_batch){.n = 1, .shape = layer->in, .data = (double *)(uintptr_t)x};
  s->wrong = *layer->type;
  right = layer->type;
  layer->type = &s->wrong;
}
static void begin_affine(subject *s) {
  nf_error e = {0};
  begin(s, nf_affine_new(nf_point(D), &e), x_of_4);
  memcpy(s->layer->tensor[0].data, weight, sizeof weight);
  check_ok(nf_flow_prepare(s->flow, NULL));
}
static void end(subject *s) {
  nf_work_free(&s->work);
  nf_flow_free(s->flow);
}

/* --- Jacobians and determinants -------------------------------------------------------------- */
static void the_jacobian_of_a_matrix_is_the_matrix(void **state) {
  (void)state;
  subject s;
  begin_affine(&s);
  double j[D * D];
  check_ok(nf_verify_jacobian(s.layer, &s.x, j, &s.work));
  check_array("by GSL", j, weight, D * D, 1e-10, 0);
  check_ok(nf_verify_jacobian_columns(s.layer, &s.x, 0x1p-14, j, &s.work));
  check_array("by columns", j, weight, D * D, 1e-10, 0);
  check_ok(nf_verify_jacobian_backward(s.layer, s.flow->n_param, &s.x, j, &s.work));
  check_array("by backward", j, weight, D * D, 1e-15, 0);
  s.x.n = 2;
  check_status(nf_verify_jacobian(s.layer, &s.x, j, &s.work), NF_ESHAPE);
  check_status(nf_verify_jacobian_columns(s.layer, &s.x, 0x1p-14, j, &s.work), NF_ESHAPE);
  check_status(nf_verify_jacobian_pixels(s.layer, &s.x, j, &s.work), NF_ESHAPE);
  end(&s);
}

static void a_determinant_by_hand(void **state) {
  (void)state;
  double a[] = {2, 1, 1, -3}, singular[] = {1, 2, 2, 4};
  check_close("log|-7|", nf_verify_log_abs_det(2, a), 1.9459101490553132, 0, 1e-15);
  assert_true(nf_verify_log_abs_det(2, singular) == -INFINITY);
}

/* logit' = 1/(x(1-x)). Close to 0 a shorter step is found, for that column alone; too close to 0
 * there is none. */
static void a_step_stays_in_the_domain(void **state) {
  (void)state;
  double x[] = {0.5, 1e-4, 0.25}, j[9];
  nf_error e = {0};
  subject s;
  begin(&s, nf_logit_new(nf_point(3), 0, &e), x);
  check_ok(nf_verify_jacobian_columns(s.layer, &s.x, 0x1p-14, j, &s.work));
  check_close("at 1/2", j[0], 4, 0, 1e-9);
  check_close("at 1e-4, with a step of a third of it", j[4], 1 / (1e-4 * (1 - 1e-4)), 0, 0.02);
  check_close("at 1/4", j[8], 16.0 / 3, 0, 1e-9);
  x[1] = 0x1p-50;
  check_status(nf_verify_jacobian_columns(s.layer, &s.x, 0x1p-14, j, &s.work), NF_EDOM);
  end(&s);
}

/* --- gradients ------------------------------------------------------------------------------- */
static double factor; /* backward's answer times this */
static int scaled(const nf_bijector *b, nf_batch *z, nf_batch *dz, const double *dlog_det,
                  double *dparam, nf_work *work) {
  const int status = right->backward(b, z, dz, dlog_det, dparam, work);
  for (size_t k = 0; k < nf_batch_size(dz); k++) dz->data[k] *= factor;
  for (size_t k = 0; k < D * D + D; k++) dparam[k] *= factor;
  return status;
}

static void a_gradient_that_is_wrong_is_found(void **state) {
  (void)state;
  static const double expected[][2] = {{1, 0}, {0, 1}, {-1, 2}, {0.5, 0.5}}; /* factor, error */
  subject s;
  begin_affine(&s);
  s.wrong.backward = scaled;
  for (int k = 0; k < 4; k++) {
    double input = NAN, parameters = NAN;
    factor = expected[k][0];
    check_ok(nf_verify_gradient_input(s.layer, s.flow->n_param, &s.x, 1, &input, &s.work));
    check_ok(nf_verify_gradient_tensor(s.layer, s.flow->n_param, &s.x, &s.layer->tensor[0], 1,
                                       &parameters, &s.work));
    check_close("error of ∂L/∂x", input, expected[k][1], 1e-8, 0);
    check_close("error of ∂L/∂W", parameters, expected[k][1], 1e-8, 0);
  }
  end(&s);
}

/* The last layer of a net is initialised to 0, so its first has no influence: nothing is proved. */
static void nothing_tested_is_nothing_passed(void **state) {
  (void)state;
  nf_error e = {0};
  const nf_shape shape = nf_point(D);
  nf_net *net = nf_mlp_new(nf_coupling_net_in(shape, NF_CHANNEL),
                           nf_coupling_net_out(shape, NF_CHANNEL, NF_SCALE_EXP), 5, &e);
  subject s;
  begin(&s, nf_coupling_new(shape, NF_CHANNEL, NF_SCALE_EXP, net, &e), x_of_4);
  double error = 0;
  check_ok(nf_verify_gradient_tensor(s.layer, s.flow->n_param, &s.x, &net->tensor[0], 1, &error,
                                     &s.work));
  assert_true(isnan(error));
  nf_tensor constant = {.name = "constant", .dim = {1, 0, 0, 0}};
  check_status(
      nf_verify_gradient_tensor(s.layer, s.flow->n_param, &s.x, &constant, 1, &error, &s.work),
      NF_EINVAL);
  end(&s);
}

/* --- round trips ----------------------------------------------------------------------------- */
static int off_by_1e_7(const nf_bijector *b, nf_batch *z, double *log_det, nf_work *work) {
  const int status = right->inverse(b, z, log_det, work);
  z->data[2] += 1e-7;
  return status;
}
static int of_the_wrong_sign(const nf_bijector *b, nf_batch *z, double *log_det, nf_work *work) {
  double added = 0;
  const int status = right->inverse(b, z, &added, work);
  *log_det -= added;
  return status;
}
static int wrong_reconstruction(const nf_bijector *b, nf_batch *z, nf_batch *dz,
                                const double *dlog_det, double *dparam, nf_work *work) {
  const int status = right->backward(b, z, dz, dlog_det, dparam, work);
  z->data[0] -= 1e-7;
  return status;
}

static void an_inverse_that_is_none_is_found(void **state) {
  (void)state;
  subject s;
  double trip = NAN, log_dets = NAN, rebuilt = NAN;
  begin_affine(&s);
  double j[D * D];
  memcpy(j, weight, sizeof j);
  const double log_det = nf_verify_log_abs_det(D, j);
  assert_true(log_det > 1);

  s.wrong.inverse = off_by_1e_7;
  check_ok(nf_verify_round_trip(s.layer, &s.x, &trip, &log_dets, &s.work));
  check_close("round trip", trip, 1e-7, 1e-14, 0);
  check_close("log-dets", log_dets, 0, 1e-14, 0);
  s.wrong.inverse = of_the_wrong_sign;
  check_ok(nf_verify_round_trip(s.layer, &s.x, &trip, &log_dets, &s.work));
  check_close("round trip", trip, 0, 1e-14, 0);
  check_close("log-dets", log_dets, 2 * log_det, 0, 1e-14);
  s.wrong.backward = wrong_reconstruction;
  check_ok(nf_verify_reconstruction(s.layer, s.flow->n_param, &s.x, &rebuilt, &s.work));
  check_close("reconstruction", rebuilt, 1e-7, 1e-14, 0);
  end(&s);
}

static int keeps_its_shape(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work) {
  const nf_shape shape = x->shape;
  const int status = right->forward(b, x, log_det, work);
  x->shape = shape;
  return status;
}
static int leaves_its_shape(const nf_bijector *b, nf_batch *z, nf_batch *dz, const double *dlog_det,
                            double *dparam, nf_work *work) {
  const int status = right->backward(b, z, dz, dlog_det, dparam, work);
  dz->shape = b->out;
  return status;
}

static void a_wrong_shape_is_found(void **state) {
  (void)state;
  nf_error e = {0};
  double trip = 42, log_dets = 42, rebuilt = 42;
  subject s;
  begin(&s, nf_squeeze_new((nf_shape){2, 2, 1}, &e), x_of_4);
  s.wrong.forward = keeps_its_shape;
  check_status(nf_verify_round_trip(s.layer, &s.x, &trip, &log_dets, &s.work), NF_ESHAPE);
  s.wrong.forward = right->forward;
  s.wrong.backward = leaves_its_shape;
  check_status(nf_verify_reconstruction(s.layer, 0, &s.x, &rebuilt, &s.work), NF_ESHAPE);
  assert_true(trip == 42 && log_dets == 42 && rebuilt == 42);
  end(&s);
}

/* --- what cannot be answered ----------------------------------------------------------------- */
static void a_flow_that_fails_has_no_integral(void **state) {
  (void)state;
  nf_error e = {0};
  double value = 42, error = 42;
  nf_bijector *affine = nf_affine_new(nf_point(2), &e);
  nf_flow *f = nf_flow_new(affine, SEED, &e);
  check_no_error(&e);
  memset(affine->tensor[0].data, 0, 4 * sizeof(double));
  check_status(nf_verify_integral(f, 1e-6, &value, &error), NF_ESINGULAR);
  assert_true(value == 42 && error == 42);
  nf_flow_free(f);
}

/* No gradient of this loss is smaller than rounding. */
static void a_minimum_out_of_reach_is_an_error(void **state) {
  (void)state;
  nf_error e = {0};
  double data[] = {1, 2, 4, 7}, loss = NAN;
  nf_flow *f = nf_flow_new(nf_actnorm_new(nf_point(1), &e), SEED, &e);
  check_no_error(&e);
  check_ok(nf_verify_min_loss(f, 4, data, 1e-6, &loss));
  check_close("smallest loss: log σ + ½ log 2πe, σ² = 21/4", loss,
              0.5 * log(5.25) + 1.4189385332046727, 0, 1e-10);
  check_status(nf_verify_min_loss(f, 4, data, 1e-30, &loss), NF_EINVAL);
  nf_flow_free(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_jacobian_of_a_matrix_is_the_matrix),
      cmocka_unit_test(a_determinant_by_hand),
      cmocka_unit_test(a_step_stays_in_the_domain),
      cmocka_unit_test(a_gradient_that_is_wrong_is_found),
      cmocka_unit_test(nothing_tested_is_nothing_passed),
      cmocka_unit_test(an_inverse_that_is_none_is_found),
      cmocka_unit_test(a_wrong_shape_is_found),
      cmocka_unit_test(a_flow_that_fails_has_no_integral),
      cmocka_unit_test(a_minimum_out_of_reach_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
