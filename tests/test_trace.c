/* The trace: every layer of the catalogue is checked by differences at its own input, the sums add
 * up, a large image is no obstacle, and a layer that is wrong is named by its row. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "catalogue.h"
#include "check.h"
#include "core/real.h"
#include "flow/flow.h"
#include "nf/model.h"
#include "verify/log_det_fd.h"
#include "verify/trace.h"

/* What must hold of any trace in which each layer could be checked. Returns how many were. solver:
 * a bound of the error of an ODE's solver, if there is one. */
static size_t check_trace(const char *name, const nf_bijector *b, const nf_batch *x,
                          double solver) {
  nf_trace t;
  double log_det = 0, sum = 0;
  size_t checked = 0;
  nf_work work = {0};
  check_ok(nf_verify_trace(b, x, &t));
  for (size_t i = 0; i < t.n; i++) {
    const nf_trace_row *r = &t.row[i];
    if (r->parts) {
      assert_true(i + 1 < t.n && t.row[i + 1].depth == r->depth + 1);
      assert_true(isnan(r->check));
      continue;
    }
    sum += r->log_det;
    check_close(name, r->sum, sum, 1e-11, 1e-12);
    if (r->layer->type == &nf_variational_type) {
      assert_true(isnan(r->check));
      continue;
    }
    check_close(name, r->check, r->log_det, fmax(1e-7, solver), 1e-7);
    assert_true(nf_verify_trace_holds(r));
    checked++;
  }
  nf_batch z = *x;
  z.data = malloc(nf_batch_size(x) * sizeof *z.data);
  memcpy(z.data, x->data, nf_batch_size(x) * sizeof *z.data);
  check_ok(nf_bijector_forward(b, &z, &log_det, &work));
  check_close(name, t.log_det, log_det, 0, 0);
  check_close(name, sum, log_det, 1e-11, 1e-12);
  free(z.data);
  nf_work_free(&work);
  nf_verify_trace_free(&t);
  return checked;
}

static void every_layer_is_checked(void **state) {
  (void)state;
  catalogue c = catalogue_new();
  size_t checked = 0;
  for (size_t k = 0; k < c.n; k++) {
    const catalogue_entry *e = &c.entry[k];
    nf_real data[1024];
    assert_true(nf_shape_size(e->bijector->in) <= 1024);
    const nf_batch x = catalogue_draw(e, 1, data);
    checked += check_trace(e->name, e->bijector, &x, e->solver);
  }
  assert_true(checked > c.n);
  catalogue_free(&c);
}

/* The values of a row are those that a reader finds when the layers run one by one. */
static void values_are_those_after_the_layer(void **state) {
  (void)state;
  nf_error e = {0};
  nf_bijector *chain = nf_chain_new(nf_point(2), &e);
  nf_chain_add(chain, nf_affine_new(nf_point(2), &e), &e);
  nf_chain_add(chain, nf_reverse_new(nf_point(2), &e), &e);
  nf_flow *flow = nf_flow_new(chain, 1, &e);
  check_no_error(&e);
  const double weight[6] = {2, 0.5, 0.1, 1.5, 0.3, -0.2};
  memcpy(flow->param, weight, sizeof weight);
  check_ok(nf_flow_prepare(flow, NULL));
  double x[2] = {0.5, -1};
  const double y[2] = {0.8, -1.65}, reversed[2] = {-1.65, 0.8};
  nf_trace t;
  check_ok(
      nf_verify_trace(flow->bijector, &(nf_batch){.n = 1, .shape = nf_point(2), .data = x}, &t));
  assert_int_equal(t.n, 2);
  check_array("after affine", t.row[0].value, y, 2, 1e-15, 0);
  check_array("after reverse", t.row[1].value, reversed, 2, 1e-15, 0);
  assert_true(isnan(t.row[0].value[2]));
  check_close("log det", t.row[0].log_det, log(2.95), 1e-15, 0);
  check_close("its check", t.row[0].check, log(2.95), 1e-9, 0);
  check_close("its check", t.row[1].check, 0, 0, 0);
  nf_verify_trace_free(&t);
  nf_flow_free(flow);
}

/* --- images ----------------------------------------------------------------------------------- */

static nf_flow *large_flow(nf_batch *x) {
  nf_model m = nf_model_default(NF_GLOW, (nf_shape){32, 32, 3});
  nf_error e = {0};
  m.steps = 1, m.width = 8, m.learned_prior = true, m.seed = 3;
  nf_flow *flow = nf_flow_from_model(&m, &e);
  check_no_error(&e);
  check_ok(move_weights(flow, 0.3, 5));
  *x = (nf_batch){.n = 1, .shape = m.shape, .data = malloc(3072 * sizeof(nf_real))};
  for (size_t i = 0; i < 3072; i++) x->data[i] = floor(256 * nf_random_uniform(1, 2, i));
  return flow;
}

static void a_large_image_is_checked_too(void **state) {
  (void)state;
  nf_batch x;
  nf_flow *flow = large_flow(&x);
  assert_true(check_trace("glow", flow->bijector, &x, 0) > 12);
  free(x.data);
  nf_flow_free(flow);
}

static int (*right)(const nf_bijector *, nf_batch *, double *, nf_work *);
static int off_by_a_hundredth(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work) {
  const int status = right(b, x, log_det, work);
  *log_det += 0.01;
  return status;
}

/* A layer whose log-det is off by 0.01 nats: its row alone is wrong. */
static void a_wrong_layer_is_named(void **state) {
  (void)state;
  nf_batch x;
  nf_trace t;
  nf_flow *flow = large_flow(&x);
  check_ok(nf_verify_trace(flow->bijector, &x, &t));
  const size_t n = t.n;
  nf_bijector *layer[32];
  assert_true(n <= 32);
  for (size_t i = 0; i < n; i++) layer[i] = (nf_bijector *)(uintptr_t)t.row[i].layer;
  nf_verify_trace_free(&t);
  for (size_t k = 2; k < n; k += 3) {
    const nf_bijector_type *type = layer[k]->type;
    if (layer[k]->n_child > 0) continue;
    nf_bijector_type wrong = *type;
    right = type->forward;
    wrong.forward = off_by_a_hundredth;
    layer[k]->type = &wrong;
    check_ok(nf_verify_trace(flow->bijector, &x, &t));
    layer[k]->type = type;
    for (size_t i = 0; i < n; i++) assert_int_equal(nf_verify_trace_holds(&t.row[i]), i != k);
    nf_verify_trace_free(&t);
  }
  free(x.data);
  nf_flow_free(flow);
}

/* --- shapes of a Jacobian ------------------------------------------------------------------- */

/* z_i = 2 x_i + x_{i-1}²: each value sees the one before it, whatever pixel that is in. */
static int forward(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work) {
  (void)b, (void)work;
  const size_t d = nf_shape_size(x->shape);
  for (size_t i = d; i-- > 0;) x->data[i] = 2 * x->data[i] + (i > 0 ? pow(x->data[i - 1], 2) : 0);
  *log_det += (double)d * NF_LN_2;
  return NF_OK;
}

static void no_shape_no_answer(void **state) {
  (void)state;
  const nf_bijector_type type = {.name = "neighbours", .forward = forward};
  for (size_t side = 2; side <= 16; side *= 2) {
    const nf_shape shape = {side, side, 1};
    const nf_bijector b = {.type = &type, .in = shape, .out = shape};
    double x[256], log_det = 7;
    for (size_t i = 0; i < 256; i++) x[i] = nf_random_normal(1, 1, i);
    check_ok(nf_verify_log_det_fd(&b, &(nf_batch){.n = 1, .shape = shape, .data = x}, &log_det));
    if (side < 16)
      check_close("all of J", log_det, (double)(side * side) * NF_LN_2, 1e-8, 0);
    else
      assert_true(isnan(log_det));
  }
}

static double differences(const nf_bijector *b, double x0, double x1) {
  double x[2] = {x0, x1}, log_det = 7;
  check_ok(nf_verify_log_det_fd(b, &(nf_batch){.n = 1, .shape = b->in, .data = x}, &log_det));
  return log_det;
}

static int first_twice(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work) {
  (void)b, (void)work, (void)log_det;
  x->data[1] = x->data[0];
  return NF_OK;
}

/* A fixed point is no identity; large values take large steps, and those at the edges of (0, 1)
 * steps inward; a singular Jacobian has log|det J| = -∞. */
static void differences_at_special_points(void **state) {
  (void)state;
  nf_error e = {0};
  const nf_bijector_type type = {.forward = forward}, singular = {.forward = first_twice};
  nf_bijector b = {.type = &type, .in = nf_point(2), .out = nf_point(2)};
  check_close("at a fixed point", differences(&b, 0, 0), 2 * NF_LN_2, 1e-8, 0);
  b.type = &singular;
  assert_true(differences(&b, 0.3, 0.7) == -INFINITY);

  nf_flow *flow = nf_flow_new(nf_affine_new(nf_point(2), &e), 1, &e);
  check_no_error(&e);
  memcpy(flow->param, (double[6]){2.1, 0.5, 0.1, 1.5, 0.3, -0.2}, 6 * sizeof *flow->param);
  check_ok(nf_flow_prepare(flow, NULL));
  check_close("of large values", differences(flow->bijector, 1.1e6, -3.3e6), log(3.1), 1e-8, 0);
  nf_flow_free(flow);

  nf_bijector *logit = nf_logit_new(nf_point(2), 0.05, &e);
  double x[2] = {1e-6, 1 - 1e-6}, log_det = 0;
  nf_work work = {0};
  nf_batch z = {.n = 1, .shape = nf_point(2), .data = x};
  const double found = differences(logit, x[0], x[1]);
  check_ok(nf_bijector_forward(logit, &z, &log_det, &work));
  check_close("at the edges", found, log_det, 1e-7, 0);
  nf_work_free(&work);
  nf_bijector_free(logit);
}

static void errors_leave_no_trace(void **state) {
  (void)state;
  nf_error e = {0};
  nf_bijector *b = nf_reverse_new(nf_point(4), &e);
  double x[8] = {1, 2, 3, NAN}, log_det = 7;
  nf_trace t = {.n = 99};
  nf_batch batch = {.n = 2, .shape = nf_point(4), .data = x};
  check_status(nf_verify_trace(b, &batch, &t), NF_ESHAPE);
  check_status(nf_verify_log_det_fd(b, &batch, &log_det), NF_ESHAPE);
  batch.n = 1;
  check_status(nf_verify_trace(b, &batch, &t), NF_ENONFINITE);
  check_status(nf_verify_log_det_fd(b, &batch, &log_det), NF_ENONFINITE);
  batch.shape = nf_point(3);
  check_status(nf_verify_trace(b, &batch, &t), NF_ESHAPE);
  assert_int_equal(t.n, 99);
  check_close("log_det", log_det, 7, 0, 0);
  nf_bijector_free(b);
}

/* The trace has room for 64 open layers, here chains in chains. */
static void a_tree_may_be_64_deep(void **state) {
  (void)state;
  double x[2] = {1, 2};
  const nf_batch batch = {.n = 1, .shape = nf_point(2), .data = x};
  nf_error e = {0};
  nf_trace t;
  nf_bijector *b = nf_reverse_new(nf_point(2), &e);
  for (int depth = 1; depth <= 64; depth++) {
    nf_bijector *chain = nf_chain_new(nf_point(2), &e);
    nf_chain_add(chain, b, &e);
    b = chain;
    check_no_error(&e);
    check_status(nf_verify_trace(b, &batch, &t), depth < 64 ? NF_OK : NF_EINVAL);
    if (depth == 64) break;
    assert_int_equal(t.n, depth);
    nf_verify_trace_free(&t);
  }
  nf_bijector_free(b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_layer_is_checked),
      cmocka_unit_test(values_are_those_after_the_layer),
      cmocka_unit_test(a_large_image_is_checked_too),
      cmocka_unit_test(a_wrong_layer_is_named),
      cmocka_unit_test(no_shape_no_answer),
      cmocka_unit_test(differences_at_special_points),
      cmocka_unit_test(errors_leave_no_trace),
      cmocka_unit_test(a_tree_may_be_64_deep),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
