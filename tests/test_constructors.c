/* What cannot be made is refused with its reason in one line, and nothing leaks on the way. */
#include <math.h>
#include <string.h>

#include "check.h"
#include "flow/flow.h"

static nf_error e; /* of the constructors; check_failed empties it */

/* The constructor just called returned NULL and set e. */
static void refused(const void *made, int status, const char *words) {
  assert_null(made);
  check_failed(&e, status, words);
}

static void constructors_refuse(void **state) {
  (void)state;
  const nf_shape none = {0, 1, 1}, odd = {3, 2, 1}, square = {2, 2, 2}, pixel = nf_point(1);
  refused(nf_affine_new(none, &e), NF_ESHAPE, "affine|(0, 1, 1)");
  refused(nf_conv1x1_new(none, true, &e), NF_ESHAPE, "conv1x1|(0, 1, 1)");
  refused(nf_actnorm_new(none, &e), NF_ESHAPE, "actnorm|(0, 1, 1)");
  refused(nf_standardise_new(none, &e), NF_ESHAPE, "standardise|(0, 1, 1)");
  refused(nf_chain_new(none, &e), NF_ESHAPE, "chain|(0, 1, 1)");
  refused(nf_squeeze_new(odd, &e), NF_ESHAPE, "squeeze|(3, 2, 1)");
  refused(nf_unsqueeze_new(odd, &e), NF_ESHAPE, "unsqueeze|(3, 2, 1)");
  refused(nf_reshape_new(odd, square, &e), NF_ESHAPE, "reshape|(3, 2, 1)|(2, 2, 2)");
  refused(nf_split_new(square, nf_actnorm_new(square, &e), &e), NF_ESHAPE, "split|(2, 2, ");
  refused(nf_split_new(square, NULL, &e), NF_EINVAL, "split: no inner");
  refused(nf_autoregressive_new(none, NULL, 4, &e), NF_ESHAPE, "autoregressive|(0, 1, 1)");
  refused(nf_inverted_new(NULL, &e), NF_EINVAL, "inverted: no inner");
  refused(nf_logit_new(square, 0.5, &e), NF_EINVAL, "0.5");
  refused(nf_logit_new(square, NAN, &e), NF_EINVAL, "nan");
  refused(nf_dequantise_new(square, 1, 0, &e), NF_EINVAL, "1|2 to 256");
  refused(nf_dequantise_new(square, 257, 0, &e), NF_EINVAL, "257|2 to 256");
  refused(nf_coupling_new(pixel, NF_CHANNEL, NF_SCALE_EXP, NULL, &e), NF_ESHAPE, "coupling");
  refused(nf_coupling_new(square, NF_CHANNEL, NF_SCALE_EXP, nf_linear_new(square, square, &e), &e),
          NF_ESHAPE, "coupling|(2, 2, ");
  refused(nf_mlp_new(pixel, pixel, (1 << 16) + 1, &e), NF_EINVAL, "65537");
  refused(nf_gated_new(square, square, (1 << 16) + 1, 1, &e), NF_EINVAL, "gated|65537");
  refused(nf_gated_new(square, square, 0, 1, &e), NF_EINVAL, "gated|width 0");
  refused(nf_gated_new(square, square, 4, 0, &e), NF_EINVAL, "gated|0 blocks|1 to 256");
  refused(nf_gated_new(square, square, 4, 257, &e), NF_EINVAL, "gated|257 blocks|1 to 256");
  refused(nf_gated_new(square, odd, 4, 1, &e), NF_ESHAPE, "gated|2×2|3×2");

  nf_bijector *c = nf_chain_new(square, &e);
  nf_chain_add(c, nf_actnorm_new(odd, &e), &e);
  check_failed(&e, NF_ESHAPE, "chain|(3, 2, 1)");
  nf_bijector_free(c);
}

/* With an error in e they free what they would own, and make nothing. */
static void constructors_do_nothing_after_an_error(void **state) {
  (void)state;
  const nf_shape square = {2, 2, 2};
  nf_bijector *owned[5];
  nf_net *net = nf_linear_new(nf_coupling_net_in(square, NF_CHANNEL),
                              nf_coupling_net_out(square, NF_CHANNEL, NF_SCALE_EXP), &e);
  for (int i = 0; i < 5; i++) owned[i] = nf_actnorm_new(nf_image(2, 2, i == 0 ? 1 : 2), &e);
  nf_bijector *chain = nf_chain_new(square, &e);
  check_no_error(&e);
  nf_fail(&e, NF_ENOMEM, "earlier");
  assert_null(nf_affine_new(square, &e));
  assert_null(nf_conv1x1_new(square, false, &e));
  assert_null(nf_conv1x1_new(square, true, &e));
  assert_null(nf_actnorm_new(square, &e));
  assert_null(nf_permute_new(square, NULL, &e));
  assert_null(nf_reverse_new(square, &e));
  assert_null(nf_squeeze_new(square, &e));
  assert_null(nf_unsqueeze_new(nf_image(1, 1, 4), &e));
  assert_null(nf_reshape_new(square, nf_point(8), &e));
  assert_null(nf_logit_new(square, 0.1, &e));
  assert_null(nf_dequantise_new(square, 2, 0, &e));
  assert_null(nf_variational_dequantise_new(square, 2, 0, owned[4], &e));
  assert_null(nf_chain_new(square, &e));
  assert_null(nf_linear_new(square, square, &e));
  assert_null(nf_mlp_new(square, square, 2, &e));
  assert_null(nf_convnet_new(square, square, 2, &e));
  assert_null(nf_conv_new(square, square, &e));
  assert_null(nf_gated_new(square, square, 2, 1, &e));
  assert_null(nf_field_new(square, 2, &e));
  assert_null(nf_continuous_new(square, 2, NULL, &e));
  assert_null(nf_coupling_new(square, NF_CHANNEL, NF_SCALE_EXP, net, &e));
  assert_null(nf_autoregressive_new(square, NULL, 2, &e));
  assert_null(nf_split_new(square, owned[0], &e));
  assert_null(nf_inverted_new(owned[3], &e));
  nf_chain_add(chain, owned[1], &e);
  assert_int_equal(chain->n_child, 0);
  assert_null(nf_flow_new(owned[2], 1, &e));
  check_failed(&e, NF_ENOMEM, "earlier");
  nf_bijector_free(chain);
}

/* These are seen when the layer's tensors are read: when a flow is made, and after each change. */
static void an_order_that_is_no_permutation_is_refused(void **state) {
  (void)state;
  const size_t twice[] = {0, 0}, outside[] = {0, 2};
  refused(nf_flow_new(nf_permute_new(nf_point(2), twice, &e), 1, &e), NF_EFORMAT, "permute");
  refused(nf_flow_new(nf_permute_new(nf_point(2), outside, &e), 1, &e), NF_EFORMAT, "permute");
}

static void a_singular_matrix_is_refused(void **state) {
  (void)state;
  nf_flow *f = nf_flow_new(nf_affine_new(nf_point(2), &e), 1, &e);
  check_no_error(&e);
  const double x[] = {1, 2};
  double log_p = 42;
  memcpy(nf_flow_param(f), (const double[]){1, 2, 2, 4}, 4 * sizeof(double));
  nf_flow_prepare(f, &e);
  check_failed(&e, NF_ESINGULAR, "singular|affine");
  nf_flow_log_prob(f, 1, x, &log_p, &e);
  check_failed(&e, NF_ESINGULAR, "singular|affine");
  assert_true(log_p == 42);
  nf_flow_free(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(constructors_refuse),
      cmocka_unit_test(constructors_do_nothing_after_an_error),
      cmocka_unit_test(an_order_that_is_no_permutation_is_refused),
      cmocka_unit_test(a_singular_matrix_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
