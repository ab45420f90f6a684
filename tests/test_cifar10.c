/* Chapter 8 and its kind of flow on CIFAR-10's own photographs, when the folder is there: bits/dim
 * are finite and the way back gives every pixel again. */
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "nf/nf.h"

enum { D = 3072 };
static const char *const cifar10 = "../shared/data/cifar10";

static void need_cifar10(void) {
  if (access(cifar10, R_OK) == 0) return;
  print_message("%s is not here: skipped\n", cifar10);
  skip();
}

enum { N = 6 };

/* Every parameter is moved by 0.02·N(0, 1), so that no layer is the identity. */
static nf_flow *build(nf_family family, const nf_real *first_data) {
  nf_model m = nf_model_default(family, nf_image(32, 32, 3));
  m.steps = 2;
  m.width = 16;
  m.seed = 3;
  nf_flow *flow = nf_flow_from_model(&m, NULL);
  assert_non_null(flow);
  for (size_t i = 0; i < nf_flow_n_param(flow); i++)
    nf_flow_param(flow)[i] += 0.02 * nf_random_normal(3, 1000, i);
  check_ok(nf_flow_init_from_data(flow, N, first_data, NULL));
  return flow;
}

static void check_images(nf_family family, bool test) {
  nf_images set = {0};
  double *x = malloc(3 * N * D * sizeof *x), *z = x + N * D, *back = z + N * D;
  double log_p[N], log_det[N], log_det_back[N];
  assert_non_null(x);
  check_ok(nf_images_cifar10(cifar10, test, &set, NULL));
  check_ok(nf_images_values(&set, 100, N, x, NULL));
  nf_images_free(&set);

  nf_flow *flow = build(family, x);
  check_ok(nf_flow_log_prob(flow, N, x, log_p, NULL));
  check_ok(nf_flow_forward(flow, N, x, z, log_det, NULL));
  check_ok(nf_flow_inverse(flow, N, z, back, log_det_back, NULL));
  for (size_t i = 0; i < N; i++) {
    const double bits = nf_bits_per_dim(log_p[i], D);
    if (!(bits > 2 && bits < 16)) fail_msg("image %zu: %g bits/dim", 100 + i, bits);
    check_close("the log-dets there and back", log_det_back[i], -log_det[i], 0, 1e-10);
    for (size_t k = 0; k < D; k++)
      if (back[i * D + k] != x[i * D + k])
        fail_msg("image %zu, value %zu: %g became %g", 100 + i, k, x[i * D + k], back[i * D + k]);
  }
  nf_flow_free(flow);
  free(x);
}

static void test_glow(void **state) {
  (void)state;
  need_cifar10();
  check_images(NF_GLOW, false);
}
static void test_realnvp(void **state) {
  (void)state;
  need_cifar10();
  check_images(NF_REALNVP, true);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_glow),
      cmocka_unit_test(test_realnvp),
  };
  return cmocka_run_group_tests_name("cifar10", tests, NULL, NULL);
}
