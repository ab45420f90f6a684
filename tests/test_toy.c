/* Toy densities: each integrates to 1, each sampler draws from the density beside it, the moons'
 * quadrature agrees with GSL's, and a point belongs to its number. */
#include "nf/data.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_integration.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static void each_integrates_to_one(void **state) {
  const nf_toy *toy = *state;
  const int side = strcmp(toy->name, "banana") == 0 ? 560 : 160; /* it is long */
  const double h = 0.05, r = h * side / 2;
  double sum = 0;
  for (int i = 0; i < side * side; i++) {
    const double x[2] = {h * (i % side + 0.5) - r, h * (i / side + 0.5) - r};
    sum += exp(toy->log_density(x)) * h * h;
  }
  check_close(toy->name, sum, 1, 2e-7, 0);
}

/* χ² on the cells of [-3, 3]² that expect at least 5 points, and one cell for all else. The
 * expectation of a cell is the density's integral by the midpoint rule on 10×10 points. Each toy
 * raises a false alarm with probability 1e-4; the seed is fixed. */
static void each_sampler_draws_from_its_density(void **state) {
  const nf_toy *toy = *state;
  enum { SIDE = 30, FINE = 10, N = 100000 };
  const double cell = 6.0 / SIDE, h = cell / FINE;
  double *x = malloc(2 * N * sizeof *x), *count = calloc(SIDE * SIDE, sizeof *count);
  nf_toy_sample(toy, 12, 0, N, x);
  for (int i = 0; i < N; i++) {
    const int column = (int)floor((x[2 * i] + 3) / cell),
              row = (int)floor((x[2 * i + 1] + 3) / cell);
    if (column >= 0 && column < SIDE && row >= 0 && row < SIDE) count[row * SIDE + column]++;
  }
  double chi2 = 0, else_count = N, else_expected = N;
  int cells = 0;
  for (int k = 0; k < SIDE * SIDE; k++) {
    double expected = 0;
    for (int i = 0; i < FINE * FINE; i++) {
      const double p[2] = {k % SIDE * cell - 3 + h * (i % FINE + 0.5),
                           k / SIDE * cell - 3 + h * (i / FINE + 0.5)};
      expected += N * exp(toy->log_density(p)) * h * h;
    }
    if (expected < 5) continue;
    chi2 += pow(count[k] - expected, 2) / expected;
    else_count -= count[k];
    else_expected -= expected;
    cells++;
  }
  if (else_expected >= 5) {
    chi2 += pow(else_count - else_expected, 2) / else_expected;
    cells++;
  } else {
    assert_true(else_count <= 25); /* P < 1e-9 */
  }
  assert_true(cells > 100);
  const double p = gsl_cdf_chisq_Q(chi2, cells - 1);
  if (!(p > 1e-4)) fail_msg("%s: chi2 %g in %d cells, p = %g", toy->name, chi2, cells, p);
  free(x);
  free(count);
}

/* --- the moons again, by adaptive quadrature ------------------------------------------------ */

static double arc(double angle, void *point) {
  const double *x = point;
  const double up = hypot(x[0] - (cos(angle) - 0.5), x[1] - (sin(angle) - 0.25));
  const double down = hypot(x[0] + (cos(angle) - 0.5), x[1] + (sin(angle) - 0.25));
  return (exp(-50 * up * up) + exp(-50 * down * down)) * 50 / M_PI / (2 * M_PI);
}
static void moons_agree_with_gsl(void **state) {
  (void)state;
  static const double point[][2] = {{0.5, -0.25},  {0, 0},      {0.53, -0.61}, {-1.5, -0.5},
                                    {-0.5, 0.751}, {-0.1, 1.1}, {1.9, 0.2},    {0.55, 0.4}};
  gsl_integration_workspace *w = gsl_integration_workspace_alloc(1000);
  for (size_t i = 0; i < sizeof point / sizeof *point; i++) {
    double x[2] = {point[i][0], point[i][1]}, p, error;
    gsl_function f = {arc, x};
    assert_int_equal(
        gsl_integration_qag(&f, 0, M_PI, 0, 1e-11, 1000, GSL_INTEG_GAUSS61, w, &p, &error), 0);
    check_close("log p", nf_toys[0].log_density(x), log(p), 1e-7, 0);
  }
  gsl_integration_workspace_free(w);
}

/* A finer question than χ² asks: the radius of the inner ring has density ∝ r·exp(-50(r-1)²), mean
 * 1 + 0.01 and variance 0.01 - 0.0001 to 1e-20, which 500 000 points tell from 0.01. 4 standard
 * errors: a false alarm has probability 6e-5 each. */
static void the_radius_of_a_ring(void **state) {
  (void)state;
  enum { N = 1000000 };
  double *x = malloc(2 * N * sizeof *x), n = 0, mean = 0, square = 0;
  nf_toy_sample(&nf_toys[3], 8, 0, N, x);
  for (int i = 0; i < N; i++) {
    const double r = hypot(x[2 * i], x[2 * i + 1]);
    if (r > 1.55) continue;
    n++;
    mean += r;
    square += (r - 1.01) * (r - 1.01);
  }
  check_close("inner ring", n, N / 2, 4 * sqrt(N) / 2, 0);
  check_close("mean", mean / n, 1.01, 4 * 0.1 / sqrt(n), 0);
  check_close("variance", square / n, 0.0099, 4 * 0.01 * sqrt(2 / n), 0);
  free(x);
}

/* Far out the log-density stays finite, and between the squares it is -∞. */
static void log_densities_far_away(void **state) {
  (void)state;
  const double far[2] = {40, -60};
  for (int k = 0; k < 4; k++) assert_true(isfinite(nf_toys[k].log_density(far)));
  const double squares[4][2] = {{0.5, 0.5}, {-0.5, -0.5}, {0.5, 1.5}, {2.5, 0.5}};
  for (int i = 0; i < 2; i++)
    check_close("in a square", nf_toys[4].log_density(squares[i]), -log(8), 1e-15, 0);
  for (int i = 2; i < 4; i++) assert_true(nf_toys[4].log_density(squares[i]) == -INFINITY);
}

/* --- names and numbers ---------------------------------------------------------------------- */

static void a_point_belongs_to_its_number(void **state) {
  (void)state;
  for (int k = 0; k < NF_TOYS; k++) {
    double all[2 * 50], some[2 * 7];
    nf_toy_sample(&nf_toys[k], 3, 100, 50, all);
    nf_toy_sample(&nf_toys[k], 3, 120, 7, some);
    assert_memory_equal(some, all + 2 * 20, sizeof some);
    nf_toy_sample(&nf_toys[k], 4, 120, 7, some);
    assert_memory_not_equal(some, all + 2 * 20, sizeof some);
  }
}

static void a_toy_is_found_by_its_name(void **state) {
  (void)state;
  nf_error e = {0};
  for (int k = 0; k < NF_TOYS; k++) assert_ptr_equal(nf_toy_find(nf_toys[k].name, &e), &nf_toys[k]);
  check_no_error(&e);
  assert_null(nf_toy_find("mons", &e));
  assert_string_equal(e.message,
                      "toy:mons: no such density, nearest is 'moons'; there are moons, gaussians, "
                      "banana, rings and checkerboard");
  assert_int_equal(e.status, NF_EINVAL);
}

int main(void) {
  struct CMUnitTest tests[2 * NF_TOYS + 5];
  size_t n = 0;
  static char name[2 * NF_TOYS][60];
  for (int k = 0; k < NF_TOYS; k++) {
    void *toy = (void *)(uintptr_t)&nf_toys[k];
    snprintf(name[2 * k], 60, "%s integrates to one", nf_toys[k].name);
    snprintf(name[2 * k + 1], 60, "%s: samples follow the density", nf_toys[k].name);
    tests[n++] = (struct CMUnitTest){name[2 * k], each_integrates_to_one, NULL, NULL, toy};
    tests[n++] =
        (struct CMUnitTest){name[2 * k + 1], each_sampler_draws_from_its_density, NULL, NULL, toy};
  }
  tests[n++] = (struct CMUnitTest)cmocka_unit_test(moons_agree_with_gsl);
  tests[n++] = (struct CMUnitTest)cmocka_unit_test(the_radius_of_a_ring);
  tests[n++] = (struct CMUnitTest)cmocka_unit_test(log_densities_far_away);
  tests[n++] = (struct CMUnitTest)cmocka_unit_test(a_point_belongs_to_its_number);
  tests[n++] = (struct CMUnitTest)cmocka_unit_test(a_toy_is_found_by_its_name);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
