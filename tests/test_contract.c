/* The contract of nf/layer.h where no mathematics is: batches, tensors, a layer without backward.
 * (Every layer of the catalogue: contract.c.) */
#include <math.h>

#include "catalogue.h"
#include "check.h"
#include "flow/flow.h"

static void samples_of_a_batch(void **state) {
  (void)state;
  double x[12];
  const nf_batch b = {.n = 3, .shape = {1, 2, 2}, .data = x};
  assert_int_equal(nf_batch_size(&b), 12);
  assert_ptr_equal(nf_batch_sample(&b, 2), x + 8);
}

static void a_layer_holds_so_many_tensors(void **state) {
  (void)state;
  static const nf_bijector_type type = {.name = "mine"};
  nf_error e = {0};
  nf_bijector *b = nf_bijector_new(&type, sizeof *b, nf_point(1), nf_point(1), &e);
  for (int i = 0; i < NF_BIJECTOR_TENSORS; i++) nf_bijector_add_param(b, "w", 1, 0, 0, 0, &e);
  check_no_error(&e);
  nf_bijector_add_constant(b, "c", 1, &e);
  check_failed(&e, NF_EINVAL, "mine|tensor|c|4");
  assert_int_equal(b->n_tensor, NF_BIJECTOR_TENSORS);
  nf_bijector_free(b);
}

/* A layer without backward can be evaluated, and not trained. */
static int keep(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work) {
  (void)b, (void)x, (void)log_det, (void)work;
  return NF_OK;
}

static void a_layer_without_backward_has_no_gradient(void **state) {
  (void)state;
  static const nf_bijector_type type = {.name = "mine", .forward = keep, .inverse = keep};
  nf_error e = {0};
  nf_flow *f =
      nf_flow_new(nf_bijector_new(&type, sizeof(nf_bijector), nf_point(1), nf_point(1), &e), 1, &e);
  const double x = 0;
  double log_p = NAN, loss = 42, gradient;
  check_ok(nf_flow_log_prob(f, 1, &x, &log_p, &e));
  check_close("log p", log_p, -0.91893853320467274178, 0, 1e-15);
  check_status(nf_flow_gradient(f, 1, &x, &loss, &gradient, NULL), NF_EINVAL);
  assert_true(loss == 42);
  nf_flow_free(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(samples_of_a_batch),
      cmocka_unit_test(a_layer_holds_so_many_tensors),
      cmocka_unit_test(a_layer_without_backward_has_no_gradient),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
