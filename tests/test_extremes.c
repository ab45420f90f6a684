/* Layers at the ends of what they take, in the precision of the build: this file is compiled twice,
 * as test_extremes and as float_extremes (tests/rules.mk). */
#include <math.h>
#include <string.h>

#include "check.h"
#include "core/real.h"
#include "core/vector.h"
#include "flow/flow.h"
#include "layers/spline.h"

static nf_flow *flow_of(nf_bijector *b) {
  nf_error e = {0};
  nf_flow *f = nf_flow_new(b, 1, &e);
  check_no_error(&e);
  return f;
}

/* Whatever z, forward accepts f⁻¹(z); and gives z back where 1 - p and p - α have digits left. */
static void what_inverse_gives_forward_takes(void **state) {
  (void)state;
  static const double alpha[] = {0, 1e-38, 1e-20, 1e-6, 0.05, 0.25, 0.49};
  static const double size[] = {0, 0.1, 1, 5, 14, 17, 30, 40, 80, 100, 700, 1e4, 1e30};
  for (size_t a = 0; a < sizeof alpha / sizeof *alpha; a++) {
    nf_error e = {0};
    nf_flow *f = flow_of(nf_logit_new(nf_point(1), alpha[a], &e));
    for (size_t i = 0; i < 2 * sizeof size / sizeof *size; i++) {
      const nf_real z = (nf_real)(i % 2 ? -size[i / 2] : size[i / 2]);
      nf_real x, back;
      nf_flow_inverse(f, 1, &z, &x, NULL, &e);
      nf_flow_forward(f, 1, &x, &back, NULL, &e);
      if (e.status != NF_OK)
        fail_msg("alpha = %g, z = %g, x = %.9g: %s", alpha[a], (double)z, (double)x, e.message);
      if (size[i / 2] <= 1) assert_true(fabs(back - z) < 1000 * NF_REAL_EPSILON);
    }
    nf_flow_free(f);
  }
}

/* log_scale after data-dependent initialisation by N values base + spread·cos i of one channel */
static double log_scale_of(double base, double spread) {
  enum { N = 100 };
  nf_error e = {0};
  nf_flow *f = flow_of(nf_actnorm_new(nf_point(1), &e));
  nf_real x[N], z[N];
  double mean = 0;
  for (int i = 0; i < N; i++) x[i] = (nf_real)(base + spread * cos((double)i));
  nf_flow_init_from_data(f, N, x, &e);
  nf_flow_forward(f, N, x, z, NULL, &e);
  check_no_error(&e);
  for (int i = 0; i < N; i++) mean += (double)z[i] / N;
  const double log_scale = (double)nf_flow_param(f)[0], rounding = N * (double)NF_REAL_EPSILON;
  assert_true(fabs(mean) - 0.05 * (spread > 0) <= rounding * fabs(base) * exp(log_scale));
  nf_flow_free(f);
  return log_scale;
}

static void a_constant_channel_is_only_centred(void **state) {
  (void)state;
  static const double base[] = {0, 0.1, -0.1, 1. / 3, 1000.1, -1e-20, 1e20};
  for (size_t i = 0; i < sizeof base / sizeof *base; i++)
    assert_true(log_scale_of(base[i], 0) == 0);
}

/* A channel that varies is scaled, however little beside its mean: 1/σ, σ = spread/√2. */
static void a_small_variance_is_a_variance(void **state) {
  (void)state;
  const double small = 1000 * (double)NF_REAL_EPSILON;
  static const double base[] = {0.01, 0.1, 1000};
  for (size_t i = 0; i < sizeof base / sizeof *base; i++) {
    const double spread = small * base[i];
    assert_true(fabs(log_scale_of(base[i], spread) - log(sqrt(2) / spread)) < 0.02);
  }
}

/* A constant that is no permutation is found; one that is, in any order, is used. */
static void a_permutation_is_checked_when_it_changes(void **state) {
  (void)state;
  enum { D = 5 };
  static const nf_real wrong[][D] = {
      {0, 1, 2, 3, 3}, {0, 1, 2, 3, 5}, {-1, 1, 2, 3, 4}, {0.5, 1, 2, 3, 4}};
  const nf_real x[D] = {10, 11, 12, 13, 14}, right[D] = {4, 2, 0, 3, 1};
  nf_real z[D];
  nf_error e = {0};
  nf_flow *f = flow_of(nf_permute_new(nf_point(D), NULL, &e));
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    memcpy(f->constant, wrong[i], sizeof wrong[i]);
    nf_flow_forward(f, 1, x, z, NULL, &e);
    check_failed(&e, NF_EFORMAT, "permute");
    memcpy(f->constant, right, sizeof right);
    check_ok(nf_flow_forward(f, 1, x, z, NULL, &e));
    for (int k = 0; k < D; k++) assert_true(z[k] == x[(int)right[k]]);
  }
  nf_flow_free(f);
}

/* A steep bin that ends with a slope near 0, just below its end: b² - 4ac comes out as -2 in float
 * where it is 3.15 (bayesiains/nflows, issue 87). */
static void a_root_where_the_discriminant_cancels(void **state) {
  (void)state;
  const nf_spline_bins b = {.x1 = {NF_R(0.008131708018481731)},
                            .y1 = {NF_R(4.781192302703857)},
                            .slope0 = {NF_R(0.0010706480825319886)},
                            .slope1 = {NF_R(0.001969277625903487)}};
  nf_real x = NF_R(4.781191825866699), log_slope;
  nf_spline_inverse(1, &b, &x, &log_slope);
  check_close("t", (double)(x / b.x1[0]), 0.999685965336, 4 * (double)NF_REAL_EPSILON + 1e-12, 0);
}

/* Forward and back in a bin as steep as bins can be, and in its mirror image. */
static void steep_and_flat_bins_are_inverted(void **state) {
  (void)state;
  const nf_spline_bins steep = {
      .x1 = {NF_R(1e-3)}, .y1 = {1}, .slope0 = {NF_R(1e-3)}, .slope1 = {NF_R(1e-3)}};
  const nf_spline_bins flat = {.x1 = {1}, .y1 = {NF_R(1e-3)}, .slope0 = {20}, .slope1 = {30}};
  for (int k = 1; k < 1000; k++) {
    const nf_spline_bins *b = k % 2 ? &steep : &flat;
    const nf_real x = b->x1[0] * NF_R(k) / 1000;
    nf_real v = x, forward, inverse;
    nf_spline_forward(1, b, &v, &forward);
    nf_spline_inverse(1, b, &v, &inverse);
    const double epsilon = (double)NF_REAL_EPSILON, steepness = exp((double)forward);
    check_close("x", (double)v, (double)x, 8 * epsilon * (double)b->x1[0],
                4 * epsilon + 4 * epsilon * (double)b->y1[0] / (double)x / steepness);
    check_close("log-slope", (double)inverse, -(double)forward, 1e-2, 1e-2);
  }
}

/* The slope falls from 1000 to 0.001 before the end of this bin, at (0, 0): what is left of y, and
 * not only y, must count. With u = 1 - t, y = -(s u² + δ t u)/β. */
static void the_end_of_a_steep_bin(void **state) {
  (void)state;
  const double s = 1000, delta = 1e-3;
  const nf_spline_bins b = {
      .x0 = {NF_R(-1e-3)}, .y0 = {-1}, .slope0 = {NF_R(delta)}, .slope1 = {NF_R(delta)}};
  for (double u = 1e-2; u > 1e-9; u /= 3) {
    const double t = 1 - u, beta = s * (t * t + u * u) + 2 * delta * t * u;
    const double slope = s * s * (delta * (t * t + u * u) + 2 * s * t * u) / (beta * beta);
    nf_real y = NF_R(-(s * u * u + delta * t * u) / beta), log_slope;
    nf_spline_inverse(1, &b, &y, &log_slope);
    check_close("log-slope", (double)log_slope, -log(slope), 100 * (double)NF_REAL_EPSILON, 0);
  }
}

/* The errors that core/vector.h states, in this precision, beside long double. */
static void check_vector(const char *name, void (*f)(size_t n, const nf_real *x, nf_real *y),
                         long double (*exact)(long double x), double from, double to,
                         double epsilons) {
  enum { N = 20000 };
  static nf_real x[N], y[N];
  for (int i = 0; i < N; i++)
    x[i] = (nf_real)(from + (to - from) * nf_random_uniform(1, 0, (uint64_t)i));
  f(N, x, y);
  double worst = 0;
  for (int i = 0; i < N; i++) {
    const long double right = exact((long double)x[i]);
    if (right != 0) worst = fmax(worst, (double)fabsl(((long double)y[i] - right) / right));
  }
  check_close(name, worst / (double)NF_REAL_EPSILON, 0, epsilons, 0);
}

static long double log_sigmoid(long double x) {
  return x < 0 ? x - log1pl(expl(x)) : -log1pl(expl(-x));
}

static void functions_have_the_digits_of_their_precision(void **state) {
  (void)state;
  static const double width[] = {0.01, 0.7, 5, 80};
  for (int i = 0; i < 4; i++) {
    const double w = width[i];
    check_vector("exp", nf_vector_exp, expl, -w, w, 1);
    check_vector("log σ", nf_vector_log_sigmoid, log_sigmoid, -w, w, 3);
    check_vector("tanh", nf_vector_tanh, tanhl, -w, w, 3);
    check_vector("log", nf_vector_log, logl, exp(-w), exp(w), 2);
    check_vector("log near 1", nf_vector_log, logl, 1 - w / 100, 1 + w / 100, 2);
  }
  /* up to the ends, log of the smallest normal and of the largest number */
  const bool single = sizeof(nf_real) == 4;
  check_vector("exp", nf_vector_exp, expl, single ? -87.33 : -708.39, single ? 88.72 : 709.78, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_inverse_gives_forward_takes),
      cmocka_unit_test(a_constant_channel_is_only_centred),
      cmocka_unit_test(a_small_variance_is_a_variance),
      cmocka_unit_test(a_permutation_is_checked_when_it_changes),
      cmocka_unit_test(a_root_where_the_discriminant_cancels),
      cmocka_unit_test(steep_and_flat_bins_are_inverted),
      cmocka_unit_test(the_end_of_a_steep_bin),
      cmocka_unit_test(functions_have_the_digits_of_their_precision),
  };
  return cmocka_run_group_tests_name(sizeof(nf_real) == 4 ? "extremes in float" : "extremes", tests,
                                     NULL, NULL);
}
