/* A flow that fails names the layer, and leaves its outputs as they were. */
#include "flow/flow.h"

#include <stdlib.h>
#include <string.h>

#include "fixture.h"

static void culprit_is_the_layer_where_it_overflows(void **state) {
  (void)state;
  int status = NF_OK;
  nf_bijector *chain = nf_chain_new(nf_point(4), &status);
  nf_chain_add(chain, nf_reverse_new(nf_point(4), &status), &status);
  nf_chain_add(chain, nf_actnorm_new(nf_point(4), &status), &status);
  nf_chain_add(chain, nf_reverse_new(nf_point(4), &status), &status);
  check_ok(status);
  nf_flow *f = NULL;
  check_ok(nf_flow_new(&f, chain, SEED));
  double data[4] = {1, 2, 3, 4}, log_p = 42;
  const nf_batch x = {1, nf_point(4), data, 0, 0};
  assert_null(nf_flow_culprit(f, &x));
  f->bijector->child[1]->tensor[0].data[2] = 800; /* log_scale: e⁸⁰⁰ is no double */
  assert_ptr_equal(nf_flow_culprit(f, &x), f->bijector->child[1]);
  assert_string_equal(nf_flow_culprit(f, &x)->type->name, "actnorm");
  check_status(nf_flow_log_prob(f, &x, &log_p), NF_ENONFINITE);
  assert_true(log_p == 42);
  nf_flow_free(f);
}

static void a_failed_call_leaves_its_outputs_alone(void **state) {
  (void)state;
  nf_flow *f = small_glow();
  double data[MAX_VALUES], kept[MAX_VALUES], to[MAX_VALUES], log_p[60], loss = 42;
  double *gradient = calloc(f->n_param, sizeof *gradient); /* undefined after an error */
  assert_non_null(gradient);
  for (size_t k = 0; k < MAX_VALUES; k++) to[k] = kept[k] = (double)k;
  memcpy(log_p, kept, sizeof log_p);
  nf_batch x = normal_samples(f, 60, data), wrong = x;
  data[59 * f->d + 3] = NAN; /* many chunks succeed before this one */
  wrong.shape = (nf_shape){4, 2, 4};
  for (int t = 1; t <= 2; t++) {
    check_ok(nf_flow_set_threads(f, t));
    check_status(nf_flow_log_prob(f, &x, log_p), NF_ENONFINITE);
    check_status(nf_flow_forward(f, &x, to, log_p), NF_ENONFINITE);
    check_status(nf_flow_gradient(f, &x, &loss, gradient), NF_ENONFINITE);
    check_status(nf_flow_log_prob(f, &wrong, log_p), NF_ESHAPE);
    check_status(nf_flow_forward(f, &wrong, to, log_p), NF_ESHAPE);
    check_status(nf_flow_inverse(f, &wrong, to, log_p), NF_ESHAPE);
    check_status(nf_flow_gradient(f, &wrong, &loss, gradient), NF_ESHAPE);
    x.shape = f->bijector->out;
    check_status(nf_flow_inverse(f, &x, to, log_p), NF_ENONFINITE);
    x.shape = f->bijector->in;
    assert_true(bits_equal(MAX_VALUES, to, kept) && bits_equal(60, log_p, kept) && loss == 42);
  }
  check_status(nf_flow_new(&(nf_flow *){NULL}, NULL, SEED), NF_EINVAL);
  check_status(nf_flow_set_threads(f, 0), NF_EINVAL);
  free(gradient);
  nf_flow_free(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(culprit_is_the_layer_where_it_overflows),
      cmocka_unit_test(a_failed_call_leaves_its_outputs_alone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
