/* The Gaussian in closed form, against GSL's: shrinkage, and the density of the affine flow. */
#include <string.h>

#include "gsl_gaussian.h"
#include "nf/nf.h"

enum { D = 6, MAX_N = 700 };

/* Correlated, skew, and of unequal variances. */
static void fill(size_t n, double *y) {
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < D; k++) {
      const double own = nf_random_normal(11, i, k), other = nf_random_normal(11, i, 100);
      y[i * D + k] = 0.3 * (double)k + pow(1.7, (double)k) * (own + 0.8 * exp(0.5 * other));
    }
}

static void check_against_gsl(size_t n) {
  static double y[MAX_N * D];
  double log_p[3], lambda = NAN;
  nf_error e = {0};
  fill(n, y);
  nf_flow *flow = nf_flow_new(nf_affine_new(nf_point(D), &e), 1, &e);
  nf_real *param = nf_flow_param(flow);
  nf_gaussian_fit(n, D, y, param, param + D * D, &lambda, &e);
  gsl_gaussian g = gsl_gaussian_fit(n, D, y);
  check_close("shrinkage", lambda, g.shrinkage, 0, 1e-10);
  double x[3 * D] = {1.5, -2.5, 3.1, 0.2, -7.9, 11.3};
  memcpy(x + D, y, 2 * D * sizeof *x);
  nf_flow_log_prob(flow, 3, x, log_p, &e);
  check_no_error(&e);
  for (size_t i = 0; i < 3; i++)
    check_close("log p", log_p[i], gsl_gaussian_log_p(&g, x + i * D), 1e-10, 1e-10);
  gsl_gaussian_free(&g);
  nf_flow_free(flow);
}

static void gsl_has_the_same(void **state) {
  (void)state;
  const size_t n[] = {3,   4,   5,    40,
                      256, 257, MAX_N}; /* fewer than D, and on both sides of a block */
  for (size_t i = 0; i < sizeof n / sizeof *n; i++) check_against_gsl(n[i]);
}

/* The sum is over mini-batches or not, λ falls like 1/n, and W whitens what it was fitted to. */
static void many_samples_are_whitened(void **state) {
  (void)state;
  static double y[MAX_N * D];
  double weight[D * D], bias[D], few, many, z[D], mean[D] = {0}, square[D] = {0};
  fill(MAX_N, y);
  check_ok(nf_gaussian_fit(50, D, y, weight, bias, &few, NULL));
  check_ok(nf_gaussian_fit(MAX_N, D, y, weight, bias, &many, NULL));
  assert_true(few > 0 && many > 0 && many < few / 4);
  for (size_t i = 0; i < MAX_N; i++)
    for (size_t k = 0; k < D; k++) {
      z[k] = bias[k];
      for (size_t j = 0; j < D; j++) z[k] += weight[k * D + j] * y[i * D + j];
      mean[k] += z[k] / MAX_N, square[k] += z[k] * z[k] / MAX_N;
    }
  for (size_t k = 0; k < D; k++) {
    check_close("mean", mean[k], 0, 1e-12, 0);
    assert_true(square[k] > 0.5 && square[k] < 1.2); /* λ leaves some of it */
    for (size_t j = k + 1; j < D; j++) assert_true(weight[k * D + j] == 0);
  }
}

static void errors_leave_the_outputs_unchanged(void **state) {
  (void)state;
  double y[4 * D], weight[D * D], bias[D], lambda = 7;
  nf_error e = {0};
  for (size_t k = 0; k < D * D; k++) weight[k] = 5;
  for (size_t k = 0; k < D; k++) bias[k] = 6;
  for (size_t i = 0; i < 4 * D; i++) y[i] = (double)(i % D);
  nf_gaussian_fit(2, D, y, weight, bias, &lambda, &e);
  check_failed(&e, NF_EINVAL, "2|3");
  check_status(nf_gaussian_fit(4, 0, y, weight, bias, &lambda, NULL), NF_EINVAL);
  nf_gaussian_fit(4, D, y, weight, bias, &lambda, &e);
  check_failed(&e, NF_ESINGULAR, "singular");
  y[9] = NAN;
  nf_gaussian_fit(4, D, y, weight, bias, &lambda, &e);
  check_failed(&e, NF_ENONFINITE, "finite");
  y[9] = 1e200; /* its square is infinite */
  check_status(nf_gaussian_fit(4, D, y, weight, bias, &lambda, NULL), NF_ESINGULAR);
  for (size_t k = 0; k < D * D; k++) assert_true(weight[k] == 5);
  for (size_t k = 0; k < D; k++) assert_true(bias[k] == 6);
  assert_true(lambda == 7);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(gsl_has_the_same),
      cmocka_unit_test(many_samples_are_whitened),
      cmocka_unit_test(errors_leave_the_outputs_unchanged),
  };
  return cmocka_run_group_tests_name("gaussian", tests, NULL, NULL);
}
