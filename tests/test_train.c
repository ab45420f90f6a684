/* Maximum likelihood finds optima, and verify distances, that are known in closed form. */
#include <math.h>
#include <stdlib.h>

#include "check.h"
#include "core/real.h"
#include "nf/nf.h"
#include "verify/density.h"
#include "verify/jacobian.h"

/* The affine flow whitens: min L = (D + D log 2π + log|Σ̂|)/2. */
static void an_affine_flow_reaches_the_closed_form(void **state) {
  (void)state;
  enum { D = 5, N = 300 };
  double x[N * D] = {0}, mean[D] = {0}, covariance[D * D] = {0}, by_bfgs;
  for (size_t i = 0; i < N; i++)
    for (size_t j = 0; j < D; j++) {
      for (size_t k = 0; k <= j; k++)
        x[i * D + j] += nf_random_normal(4, i, k) * (k == j ? 0.6 + 0.3 * (double)j : 0.4);
      mean[j] += x[i * D + j] / N;
    }
  for (size_t i = 0; i < N; i++)
    for (size_t j = 0; j < D * D; j++)
      covariance[j] += (x[i * D + j / D] - mean[j / D]) * (x[i * D + j % D] - mean[j % D]) / N;
  const double smallest = 0.5 * (D * (1 + NF_LN_2PI) + nf_verify_log_abs_det(D, covariance));

  for (int rule = NF_ADAM; rule <= NF_ADAMAX; rule++) {
    nf_error e = {0};
    nf_train_stats stats = {0};
    nf_train_settings set = nf_train_default();
    set.adam.rule = (nf_rule)rule;
    set.schedule = (nf_schedule){NF_COSINE, 0.05, 20, 800, 0.001, 0, 0};
    nf_flow *flow = nf_flow_new(nf_affine_new(nf_point(D), &e), 1, &e);
    nf_trainer *t = nf_trainer_new(flow, &set, &e);
    for (int i = 0; i < 800; i++) nf_train_step(t, N, x, &stats, &e);
    check_no_error(&e);
    check_close("loss", stats.loss, smallest, 1e-8, 0);
    nf_trainer_free(t);
    nf_flow_free(flow);
  }
  nf_flow *flow = nf_flow_new(nf_affine_new(nf_point(D), NULL), 1, NULL);
  check_ok(nf_verify_min_loss(flow, N, x, 1e-6, &by_bfgs));
  check_close("BFGS", by_bfgs, smallest, 1e-10, 0);
  nf_flow_free(flow);
}

/* KL(N(μ, s²I)‖N(0, I)) = ‖μ‖²/2 + Σ (s² - 1)/2 - log s; and the entropy is log 2πe + 2 log s. */
static double log_gaussian(const double *x) {
  const double u = (x[0] - 0.8) / 0.7, v = (x[1] + 0.3) / 0.7;
  return -NF_LN_2PI - (u * u + v * v) / 2 - 2 * log(0.7);
}
static void the_divergence_of_gaussians_is_the_closed_form(void **state) {
  (void)state;
  enum { N = 20000 };
  double *x = malloc(2 * N * sizeof *x), *log_p = malloc(N * sizeof *log_p), on_grid;
  for (size_t i = 0; i < N; i++) {
    x[2 * i] = 0.8 + 0.7 * nf_random_normal(6, i, 0);
    x[2 * i + 1] = -0.3 + 0.7 * nf_random_normal(6, i, 1);
    log_p[i] = log_gaussian(x + 2 * i);
  }
  nf_flow *flow = nf_flow_new(nf_actnorm_new(nf_point(2), NULL), 1, NULL); /* the identity */
  const double kl = (0.64 + 0.09) / 2 + 0.49 - 1 - 2 * log(0.7);
  nf_divergence d;
  check_ok(nf_verify_divergence(flow, N, x, log_p, &d));
  check_ok(nf_verify_divergence_grid(flow, log_gaussian, 8, 160, &on_grid));
  check_close("on a grid", on_grid, kl, 1e-10, 0);
  check_close("from samples", d.kl, kl, 4 * d.error, 0); /* false alarms: 6e-5 */
  check_close("its error", d.error, sqrt((0.49 * 0.73 + 0.51 * 0.51) / N), 0, 0.03);
  check_close("entropy", d.entropy, 1 + NF_LN_2PI + 2 * log(0.7), 4 / sqrt(N), 0);
  free(x), free(log_p);
  nf_flow_free(flow);
}

/* A density that does not end softly: uniform on the right half of [-2, 2]². With N(0, I) for the
 * flow and midpoints of cells of side h, whose mean square is r²/3 less h²/12 in each axis. */
static double log_half_square(const double *x) { return x[0] > 0 ? -log(8) : -INFINITY; }
static void the_grid_is_of_midpoints(void **state) {
  (void)state;
  nf_flow *flow = nf_flow_new(nf_actnorm_new(nf_point(2), NULL), 1, NULL); /* the identity */
  double kl;
  for (size_t n = 2; n <= 10; n += 2) {
    const double h = 4 / (double)n, square = 4. / 3 - h * h / 12;
    check_ok(nf_verify_divergence_grid(flow, log_half_square, 2, n, &kl));
    check_close("on a grid", kl, -log(8) + NF_LN_2PI + square, 1e-14, 1e-14);
  }
  nf_flow_free(flow);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_affine_flow_reaches_the_closed_form),
      cmocka_unit_test(the_divergence_of_gaussians_is_the_closed_form),
      cmocka_unit_test(the_grid_is_of_midpoints),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
