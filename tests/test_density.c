/* What a model or a layer makes on R and R² is a density, whatever its weights: ∫ p = 1. That check
 * must fail for a map that is not onto. */
#include <gsl/gsl_cdf.h>
#include <stdio.h>

#include "fixture.h"
#include "verify/density.h"

static const double AMOUNT = 0.1; /* of moved weights: with 0.3 densities reach out to 10²⁰ */

static double integral_of_moved(nf_bijector *b, double amount, double tolerance) {
  nf_flow *f = moved_flow(b, amount);
  double value = 0, error = INFINITY;
  check_ok(nf_verify_integral(f, 0.1 * tolerance, &value, &error));
  check_error("the quadrature's own error", error, tolerance);
  nf_flow_free(f);
  return value;
}

static double integral_of(nf_bijector *b, double tolerance) {
  return integral_of_moved(b, AMOUNT, tolerance);
}

static void every_family_makes_a_density_on_the_plane(void **state) {
  (void)state;
  for (int family = NF_NICE; family < NF_CNF; family++) {
    for (int scale = NF_SCALE_EXP; scale <= NF_SCALE_CLAMP; scale++) {
      if (family >= NF_MAF && scale != NF_SCALE_TANH) continue; /* they have none */
      const nf_model m = {.family = (nf_family)family,
                          .shape = nf_point(2),
                          .levels = 1,
                          .steps = 3,
                          .width = 4,
                          .scale = (nf_scale)scale,
                          .plu = scale == NF_SCALE_TANH};
      char name[64];
      snprintf(name, sizeof name, "family %d, scale %d: ∫∫p", family, scale);
      check_close(name, integral_of(nf_bijector_from_model(&m, NULL), 1e-6), 1, 1e-6, 0);
    }
  }
}

/* The log-det of a continuous flow is not quite that of its map, so its density is normalised up to
 * the error of its solver; for steps that are many enough that is below 1e-4. */
static void a_continuous_flow_makes_a_density(void **state) {
  (void)state;
  for (size_t d = 1; d <= 2; d++) {
    const nf_model m = {
        .family = NF_CNF, .shape = nf_point(d), .levels = 1, .steps = 8, .width = 8};
    char name[64];
    snprintf(name, sizeof name, "cnf, D = %zu: ∫p", d);
    nf_flow *f = moved_flow(nf_bijector_from_model(&m, NULL), 0.5);
    double value = 0, error = INFINITY;
    check_ok(nf_verify_integral(f, 1e-6, &value, &error));
    check_close(name, value, 1, 1e-4, 0);
    nf_flow_free(f);
  }
}

static void layers_make_densities_on_the_line(void **state) {
  (void)state;
  check_close("affine", integral_of(nf_affine_new(nf_point(1), NULL), 1e-6), 1, 1e-6, 0);
  check_close("actnorm", integral_of(nf_actnorm_new(nf_point(1), NULL), 1e-6), 1, 1e-6, 0);
  check_close("conv1x1", integral_of(nf_conv1x1_new(nf_point(1), true, NULL), 1e-6), 1, 1e-6, 0);
  check_close("logit, α = 0.05", integral_of(nf_logit_new(nf_point(1), 0.05, NULL), 1e-6), 1, 1e-6,
              0);
  nf_bijector *spline = nf_spline_autoregressive_new(nf_point(1), NULL, 8, 3, 1, NULL);
  check_close("splines", integral_of_moved(spline, 10 * AMOUNT, 1e-6), 1, 1e-6, 0);
  check_close("logit on (0, 1)", integral_of(nf_logit_new(nf_point(1), 0, NULL), 1e-6), 1, 1e-6, 0);
}

/* z = tanh x reaches only (-1, 1): its integral is the base probability of that interval. */
static int tanh_forward(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work) {
  (void)b, (void)work;
  for (size_t i = 0; i < x->n; i++) {
    const double c = cosh(x->data[i]);
    log_det[i] -= 2 * log(c);
    x->data[i] = tanh(x->data[i]);
  }
  return NF_OK;
}

static void a_map_that_is_not_onto_makes_no_density(void **state) {
  (void)state;
  static const nf_bijector_type type = {.name = "tanh", .forward = tanh_forward};
  const nf_shape line = nf_point(1);
  const double value =
      integral_of(nf_bijector_new(&type, sizeof(nf_bijector), line, line, NULL), 1e-6);
  assert_false(check_is_close(value, 1, 1e-3, 0));
  check_close("∫p", value, gsl_cdf_ugaussian_P(1) - gsl_cdf_ugaussian_P(-1), 1e-6, 0);
}

static void the_integral_is_for_the_line_and_the_plane(void **state) {
  (void)state;
  nf_flow *f = moved_flow(nf_affine_new(nf_point(3), NULL), AMOUNT);
  double value = 42, error = 42;
  check_status(nf_verify_integral(f, 1e-6, &value, &error), NF_ESHAPE);
  assert_true(value == 42 && error == 42);
  nf_flow_free(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_family_makes_a_density_on_the_plane),
      cmocka_unit_test(a_continuous_flow_makes_a_density),
      cmocka_unit_test(layers_make_densities_on_the_line),
      cmocka_unit_test(a_map_that_is_not_onto_makes_no_density),
      cmocka_unit_test(the_integral_is_for_the_line_and_the_plane),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
