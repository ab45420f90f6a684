/* The builders: what they refuse, what shape comes out, and that what they build on R and R² is
 * a density, whatever its weights: ∫ p = 1. That check must fail for a map that is not onto. */
#include "flow/models.h"

#include <gsl/gsl_cdf.h>
#include <stdio.h>

#include "catalogue.h"
#include "check.h"
#include "verify/integral.h"
#include "verify/jacobian.h"

enum { SEED = 11 };
static const double AMOUNT = 0.1; /* of moved weights: with 0.3 densities reach out to 10²⁰ */

static nf_flow *flow_of(nf_bijector *b) {
  nf_flow *f = NULL;
  check_ok(nf_flow_new(&f, b, SEED));
  check_ok(move_weights(f->bijector, AMOUNT, SEED));
  return f;
}

static double integral_of(nf_bijector *b, double tolerance) {
  nf_flow *f = flow_of(b);
  double value = 0, error = INFINITY;
  check_ok(nf_verify_integral(f, 0.1 * tolerance, &value, &error));
  check_error("the quadrature's own error", error, tolerance);
  nf_flow_free(f);
  return value;
}

/* --- densities ------------------------------------------------------------------------------- */
static void every_builder_makes_a_density_on_the_plane(void **state) {
  (void)state;
  for (int family = NF_NICE; family <= NF_GLOW; family++) {
    for (int scale = NF_SCALE_EXP; scale <= NF_SCALE_SIGMOID; scale++) {
      int status = NF_OK;
      const nf_model m = {.family = (nf_family)family,
                          .shape = nf_point(2),
                          .levels = 1,
                          .steps = 3,
                          .width = 4,
                          .scale = (nf_scale)scale,
                          .plu = scale == NF_SCALE_TANH};
      char name[64];
      snprintf(name, sizeof name, "family %d, scale %d: ∫∫p", family, scale);
      check_close(name, integral_of(nf_model_new(&m, &status), 1e-6), 1, 1e-6, 0);
    }
  }
}

static void layers_push_densities_of_the_line_forward(void **state) {
  (void)state;
  int s = NF_OK;
  check_close("affine", integral_of(nf_affine_new(nf_point(1), &s), 1e-6), 1, 1e-6, 0);
  check_close("actnorm", integral_of(nf_actnorm_new(nf_point(1), &s), 1e-6), 1, 1e-6, 0);
  check_close("conv1x1", integral_of(nf_conv1x1_new(nf_point(1), true, &s), 1e-6), 1, 1e-6, 0);
  check_close("logit on (0, 1)", integral_of(nf_logit_new(nf_point(1), 0, &s), 1e-6), 1, 1e-6, 0);
}

/* With α > 0 the logit reaches only (-y, y), y = logit(1-α): its integral is the base probability
 * of that interval, clearly not 1. (p jumps at 0 and 1, hence the tolerance.) */
static void a_map_that_is_not_onto_makes_no_density(void **state) {
  (void)state;
  int s = NF_OK;
  const double alpha = 0.05, y = log((1 - alpha) / alpha);
  const double value = integral_of(nf_logit_new(nf_point(1), alpha, &s), 2e-5);
  assert_false(check_is_close(value, 1, 1e-3, 0));
  check_close("∫p", value, gsl_cdf_ugaussian_P(y) - gsl_cdf_ugaussian_P(-y), 2e-5, 0);
}

static void the_integral_is_for_the_line_and_the_plane(void **state) {
  (void)state;
  int s = NF_OK;
  nf_flow *f = flow_of(nf_affine_new(nf_point(3), &s));
  double value = 42, error = 42;
  check_status(nf_verify_integral(f, 1e-6, &value, &error), NF_ESHAPE);
  assert_true(value == 42 && error == 42);
  nf_flow_free(f);
}

/* --- shapes and settings --------------------------------------------------------------------- */
static void built(nf_model m, const char *what, int expected) {
  int status = NF_OK;
  nf_bijector *b = nf_model_new(&m, &status);
  if (status != expected || (b == NULL) != (expected != NF_OK)) print_error("%s\n", what);
  check_status(status, expected);
  if (b != NULL) {
    assert_true(nf_shape_equal(b->in, m.shape));
    assert_int_equal(nf_shape_size(b->out), nf_shape_size(b->in));
  }
  nf_bijector_free(b);
}

static void defaults_build_for_points_and_images(void **state) {
  (void)state;
  const nf_shape shape[] = {nf_point(2), nf_point(7), {8, 8, 1}, {12, 4, 3}, {32, 32, 3}};
  for (int family = NF_NICE; family <= NF_GLOW; family++) {
    for (size_t k = 0; k < sizeof shape / sizeof *shape; k++) {
      nf_model m = nf_model_default((nf_family)family, shape[k]);
      m.width = 4;
      built(m, "default", NF_OK);
    }
  }
}

/* Couplings that forgot to take turns would leave dimensions that depend on themselves alone. */
static void every_dimension_is_coupled(void **state) {
  (void)state;
  enum { MOST = 32 };
  const nf_shape shape[] = {nf_point(5), {4, 4, 2}};
  for (int family = NF_NICE; family <= NF_GLOW; family++) {
    for (int k = 0; k < 2; k++) {
      nf_model m = nf_model_default((nf_family)family, shape[k]);
      m.pixel_levels = 0;
      m.width = 8;
      m.steps = 2;
      int status = NF_OK;
      nf_flow *f = flow_of(nf_model_new(&m, &status));
      double data[MOST], j[MOST * MOST];
      for (size_t i = 0; i < f->d; i++) data[i] = nf_random_normal(SEED, 1, i);
      const nf_batch x = {1, shape[k], data, 0, 0};
      nf_work work = {0};
      check_ok(nf_verify_jacobian(f->bijector, &x, j, &work));
      for (size_t row = 0; row < f->d; row++) {
        int depends_on = 0;
        for (size_t i = 0; i < f->d; i++) depends_on += fabs(j[row * f->d + i]) > 1e-7;
        assert_true(depends_on > 1);
      }
      nf_work_free(&work);
      nf_flow_free(f);
    }
  }
}

static void builders_refuse_what_does_not_divide(void **state) {
  (void)state;
  const nf_model good = {.family = NF_GLOW,
                         .shape = {8, 4, 3},
                         .levels = 2,
                         .steps = 2,
                         .width = 4,
                         .scale = NF_SCALE_SIGMOID,
                         .pixel_levels = 17,
                         .alpha = 0.05};
  built(good, "good", NF_OK);
  nf_model m = good;
  m.shape = (nf_shape){6, 6, 3}, built(m, "6×6 halves once", NF_ESHAPE);
  m.shape = (nf_shape){8, 5, 3}, built(m, "5 does not halve", NF_ESHAPE);
  m.shape = (nf_shape){8, 0, 3}, built(m, "no width", NF_ESHAPE);
  m.family = NF_REALNVP;
  m.shape = (nf_shape){8, 4, 3}, built(m, "realnvp", NF_OK);
  m.shape = (nf_shape){7, 4, 3}, built(m, "realnvp 7", NF_ESHAPE);
  m = good, m.shape = nf_point(1), m.levels = 1, built(m, "one dimension to couple", NF_ESHAPE);
  m = good, m.shape = nf_point(4), built(m, "two levels of a point", NF_EINVAL);
  m = good, m.family = NF_NICE, built(m, "two levels of nice", NF_EINVAL);
  m = good, m.levels = 0, built(m, "no level", NF_EINVAL);
  m = good, m.steps = 0, built(m, "no step", NF_EINVAL);
  m = good, m.width = 0, built(m, "no width", NF_EINVAL);
  m = good, m.pixel_levels = 1, built(m, "one level", NF_EINVAL);
  m = good, m.pixel_levels = 257, built(m, "257 levels", NF_EINVAL);
  m = good, m.alpha = 0.5, built(m, "α of a half", NF_EINVAL);
  m = good, m.alpha = -0.01, built(m, "negative α", NF_EINVAL);
  m = good, m.alpha = NAN, built(m, "no α", NF_EINVAL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_builder_makes_a_density_on_the_plane),
      cmocka_unit_test(layers_push_densities_of_the_line_forward),
      cmocka_unit_test(a_map_that_is_not_onto_makes_no_density),
      cmocka_unit_test(the_integral_is_for_the_line_and_the_plane),
      cmocka_unit_test(defaults_build_for_points_and_images),
      cmocka_unit_test(every_dimension_is_coupled),
      cmocka_unit_test(builders_refuse_what_does_not_divide),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
