/* What cannot be built is refused with its reason, and nothing leaks on the way. */
#include <math.h>
#include <string.h>

#include "check.h"
#include "flow/flow.h"

static int s; /* sticky status of the constructors */

/* The constructor just called gave NULL and said why. */
static void refused(nf_bijector *b, int expected) {
  assert_null(b);
  check_status(s, expected);
  s = NF_OK;
}

static void constructors_refuse(void **state) {
  (void)state;
  const nf_shape none = {0, 1, 1}, odd = {3, 2, 1}, image = {2, 2, 2}, pixel = nf_point(1);
  refused(nf_affine_new(none, &s), NF_ESHAPE);
  refused(nf_conv1x1_new(none, true, &s), NF_ESHAPE);
  refused(nf_actnorm_new(none, &s), NF_ESHAPE);
  refused(nf_chain_new(none, &s), NF_ESHAPE);
  refused(nf_squeeze_new(odd, &s), NF_ESHAPE);
  refused(nf_unsqueeze_new(odd, &s), NF_ESHAPE);
  refused(nf_reshape_new(odd, image, &s), NF_ESHAPE);
  refused(nf_split_new(image, nf_actnorm_new(image, &s), &s), NF_ESHAPE);
  refused(nf_split_new(image, NULL, &s), NF_ESHAPE);
  refused(nf_logit_new(image, 0.5, &s), NF_EINVAL);
  refused(nf_logit_new(image, NAN, &s), NF_EINVAL);
  refused(nf_dequantise_new(image, 1, 0, &s), NF_EINVAL);
  refused(nf_dequantise_new(image, 257, 0, &s), NF_EINVAL);
  refused(nf_coupling_new(pixel, NF_CHANNEL, NF_SCALE_EXP, NULL, &s), NF_ESHAPE);
  refused(nf_coupling_new(image, NF_CHANNEL, NF_SCALE_EXP, nf_linear_new(image, image, &s), &s),
          NF_ESHAPE);
  assert_null(nf_mlp_new(pixel, pixel, (1 << 16) + 1, &s));
  check_status(s, NF_EINVAL);
  s = NF_ENOMEM; /* sticky: freed, not built */
  refused(nf_split_new(image, NULL, &s), NF_ENOMEM);

  nf_bijector *c = nf_chain_new(image, &s);
  nf_chain_add(c, nf_actnorm_new(odd, &s), &s);
  check_status(s, NF_ESHAPE);
  s = NF_OK;
  nf_bijector_free(c);
}

/* These are seen when the layer's tensors are read: at birth, and after each change. */
static void an_order_that_is_no_permutation_is_refused(void **state) {
  (void)state;
  const size_t twice[] = {0, 0}, outside[] = {0, 2};
  nf_flow *f = NULL;
  check_status(nf_flow_new(&f, nf_permute_new(nf_point(2), twice, &s), 1), NF_EFORMAT);
  check_status(nf_flow_new(&f, nf_permute_new(nf_point(2), outside, &s), 1), NF_EFORMAT);
  assert_null(f);
}

static void a_singular_matrix_is_refused(void **state) {
  (void)state;
  nf_flow *f = NULL;
  nf_bijector *affine = nf_affine_new(nf_point(2), &s);
  check_ok(nf_flow_new(&f, affine, 1));
  double x[] = {1, 2}, log_p = 42;
  const nf_batch batch = {1, nf_point(2), x, 0, 0};
  memcpy(affine->tensor[0].data, (const double[]){1, 2, 2, 4}, 4 * sizeof(double));
  check_status(nf_bijector_prepare(f->bijector), NF_ESINGULAR);
  check_status(nf_flow_log_prob(f, &batch, &log_p), NF_ESINGULAR);
  assert_true(log_p == 42);
  nf_flow_free(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(constructors_refuse),
      cmocka_unit_test(an_order_that_is_no_permutation_is_refused),
      cmocka_unit_test(a_singular_matrix_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
