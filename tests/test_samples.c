/* Samples come from the density: sent forward they are N(0, T²I), for every builder; and the check
 * of that has the false-alarm rate it states and the power to find what goes wrong in samplers. */
#include "verify/density.h"

#include <gsl/gsl_cdf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalogue.h"
#include "check.h"
#include "nf/model.h"

/* False-alarm rate of each check: were the seeds not fixed, one run of this file in 40 000 would
 * fail for no reason. A defect must be found with p below it. */
static const double ALPHA = 1e-6;
enum { N = 10000, SEED = 23 };
static const double AMOUNT = 0.2; /* of moved weights */

static nf_flow *flow_of(nf_bijector *b) {
  nf_error e = {0};
  nf_flow *f = nf_flow_new(b, SEED, &e);
  nf_flow_set_threads(f, 2, &e);
  check_no_error(&e);
  check_ok(move_weights(f, AMOUNT, SEED));
  return f;
}

static nf_flow *model(nf_family family, nf_shape shape) {
  nf_model m = nf_model_default(family, shape);
  m.width = 6;
  m.steps = 2;
  m.bins = 0; /* noise on pixels is not what the model drew */
  nf_error e = {0};
  return flow_of(nf_bijector_from_model(&m, &e));
}

static double p_of(nf_flow *f, double *x, double temperature, size_t *where) {
  double p = NAN;
  check_ok(nf_verify_samples(f, N, x, temperature, &p, where));
  return p;
}

/* The p-value of samples drawn at one temperature and tested at another. */
static double p_value(nf_flow *f, uint64_t seed, double drawn_at, double tested_at) {
  size_t where = 0;
  double *x = malloc(N * f->d * sizeof *x);
  assert_non_null(x);
  check_ok(nf_flow_sample(f, N, seed, drawn_at, x, NULL));
  const double p = p_of(f, x, tested_at, &where);
  free(x);
  return p;
}

/* --- what must hold -------------------------------------------------------------------------- */
static void samples_of_every_builder_come_from_its_density(void **state) {
  (void)state;
  const nf_shape shape[] = {nf_point(2), nf_point(5), {4, 4, 2}};
  for (int family = NF_NICE; family <= NF_CNF; family++) {
    for (int k = 0; k < (family == NF_CNF ? 2 : 3); k++) { /* which is for points alone */
      nf_flow *f = model((nf_family)family, shape[k]);
      const double p = p_value(f, (uint64_t)family, 1, 1);
      if (!(p >= ALPHA)) fail_msg("family %d, D = %zu: p = %.3g", family, f->d, p);
      nf_flow_free(f);
    }
  }
}

static void temperature_scales_the_variance_of_latents(void **state) {
  (void)state;
  nf_flow *f = model(NF_GLOW, (nf_shape){4, 4, 2});
  const double temperature[] = {0.5, 0.7, 1.3}, count = (double)(N * f->d);
  double *x = malloc(N * f->d * sizeof *x), *z = malloc(N * f->d * sizeof *z);
  assert_true(x != NULL && z != NULL);
  for (int k = 0; k < 3; k++) {
    const double t = temperature[k];
    size_t where = 0;
    check_ok(nf_flow_sample(f, N, SEED, t, x, NULL));
    assert_true(p_of(f, x, t, &where) >= ALPHA);
    const nf_batch batch = {.n = N, .shape = f->bijector->in, .data = x};
    check_ok(nf_flow_forward_batch(f, &batch, z, NULL, NULL));
    double variance = 0;
    for (size_t i = 0; i < N * f->d; i++) variance += z[i] * z[i] / count;
    check_close("variance of z", variance, t * t, 0, 5 * sqrt(2 / count));
  }
  free(x), free(z);
  nf_flow_free(f);
}

/* Pixels are drawn by their probabilities: P(k) = Φ(z(k+1)) - Φ(z(k)) for the map
 * z(k) = e^a·logit(k/L) + b of [dequantise, logit, actnorm] on a line. And those, as log_prob has
 * them, E_u p(k + u), add up to 1. */
static void pixels_come_with_their_probabilities(void **state) {
  (void)state;
  enum { BINS = 17, DRAWS = 2000 };
  const double a = -0.3, b = 0.4;
  nf_error e = {0};
  nf_bijector *chain = nf_chain_new(nf_point(1), &e), *actnorm;
  nf_chain_add(chain, nf_dequantise_new(nf_point(1), BINS, SEED, &e), &e);
  nf_chain_add(chain, nf_logit_new(nf_point(1), 0, &e), &e);
  nf_chain_add(chain, actnorm = nf_actnorm_new(nf_point(1), &e), &e);
  nf_flow *f = flow_of(chain);
  actnorm->tensor[0].data[0] = a;
  actnorm->tensor[1].data[0] = b;

  double x[N], count[BINS] = {0}, expected[BINS], below = 0;
  for (int k = 0; k < BINS; k++) {
    const double edge = (k + 1.0) / BINS, z = exp(a) * log(edge / (1 - edge)) + b;
    expected[k] = N * (gsl_cdf_ugaussian_P(z) - below);
    below = gsl_cdf_ugaussian_P(z);
  }
  check_ok(nf_flow_sample(f, N, SEED, 1, x, NULL));
  for (int i = 0; i < N; i++) {
    assert_true(x[i] == floor(x[i]) && x[i] >= 0 && x[i] < BINS);
    count[(int)x[i]]++;
  }
  assert_true(nf_verify_counts(BINS, count, expected) >= ALPHA);

  double pixel[BINS], log_p[BINS], sum = 0, square = 0;
  for (int k = 0; k < BINS; k++) pixel[k] = k;
  for (uint64_t draw = 0; draw < DRAWS; draw++) {
    const nf_batch all = {.n = BINS, .shape = nf_point(1), .data = pixel, .draw = draw};
    double total = 0;
    check_ok(nf_flow_log_prob_batch(f, &all, log_p, NULL));
    for (int k = 0; k < BINS; k++) total += exp(log_p[k]);
    sum += total / DRAWS;
    square += total * total / DRAWS;
  }
  const double error = sqrt((square - sum * sum) / DRAWS);
  assert_true(error > 0 && error < 1e-3);
  check_close("Σ P(k)", sum, 1, 5 * error, 0);
  nf_flow_free(f);
}

/* --- the check itself ------------------------------------------------------------------------ */
/* Of 400 sets of right samples, p < 0.05 in 5 per cent: 20 ± 4.4. */
static void the_false_alarm_rate_is_as_stated(void **state) {
  (void)state;
  enum { SETS = 400, FEW = 640, D = 3 };
  nf_error e = {0};
  int alarms = 0;
  nf_flow *f = flow_of(nf_affine_new(nf_point(D), &e));
  for (uint64_t seed = 0; seed < SETS; seed++) {
    double x[FEW * D], p = NAN;
    size_t where = 0;
    check_ok(nf_flow_sample(f, FEW, seed, 1, x, NULL));
    check_ok(nf_verify_samples(f, FEW, x, 1, &p, &where));
    alarms += p < 0.05;
  }
  if (alarms < 5 || alarms > 38) fail_msg("%d alarms of %d", alarms, SETS);
  nf_flow_free(f);
}

static void a_wrong_temperature_is_found(void **state) {
  (void)state;
  nf_flow *f = model(NF_REALNVP, nf_point(5));
  assert_true(p_value(f, SEED, 0.95, 1) < ALPHA);
  assert_true(p_value(f, SEED, 1, 0.95) < ALPHA);
  nf_flow_free(f);
}

/* An inverse with a wrong bias: z ↦ (z + 0.1 - b)·e⁻ᵃ for (z - b)·e⁻ᵃ */
static const nf_bijector_type *right;
static int without_bias(const nf_bijector *b, nf_batch *z, double *log_det, nf_work *work) {
  for (size_t k = 0; k < nf_batch_size(z); k++) z->data[k] += 0.1;
  return right->inverse(b, z, log_det, work);
}

static void a_broken_inverse_is_found(void **state) {
  (void)state;
  nf_flow *f = model(NF_GLOW, nf_point(5));
  nf_bijector *actnorm = f->bijector->child[3];
  assert_string_equal(actnorm->type->name, "actnorm");
  right = actnorm->type;
  nf_bijector_type broken = *right;
  broken.inverse = without_bias;
  actnorm->type = &broken;
  assert_true(p_value(f, SEED, 1, 1) < ALPHA);
  actnorm->type = right;
  assert_true(p_value(f, SEED, 1, 1) >= ALPHA);
  nf_flow_free(f);
}

/* Two latents from one random number: each is N(0, 1), and only the norm tells. */
static void latents_that_depend_on_each_other_are_found(void **state) {
  (void)state;
  nf_flow *f = model(NF_REALNVP, nf_point(4));
  double z[4 * N], x[4 * N];
  size_t where = 0;
  for (size_t k = 0; k < 4 * N; k++) z[k] = nf_random_normal(SEED, 0, k % 4 == 1 ? k - 1 : k);
  const nf_batch latent = {.n = N, .shape = nf_point(4), .data = z};
  check_ok(nf_flow_inverse(f, latent.n, latent.data, x, NULL, NULL));
  assert_true(p_of(f, x, 1, &where) < ALPHA);
  assert_int_equal(where, 4);
  nf_flow_free(f);
}

/* χ² of one degree of freedom is a square of N(0, 1), of two an exponential. */
static void counts_by_hand(void **state) {
  (void)state;
  const double two[] = {60, 40}, fifty[] = {50, 50}, three[] = {12, 20, 28}, part[] = {10, 20, 30};
  check_close("two cells", nf_verify_counts(2, two, fifty), erfc(sqrt(2)), 0, 1e-13);
  check_close("three cells", nf_verify_counts(3, three, part), exp(-(4. / 10 + 4. / 30) / 2), 0,
              1e-13);
}

/* Samples of N(0, 1), but 14 for 10 in every second of 32 cells, and 6 in the others: the largest
 * of the two deviations is that of the value itself, not of its square. */
static void the_p_value_by_hand(void **state) {
  (void)state;
  enum { CELLS = 32, EACH = 10, OFF = 4, COUNT = CELLS * EACH };
  nf_error e = {0};
  nf_flow *f = nf_flow_new(nf_affine_new(nf_point(1), &e), SEED, &e);
  check_no_error(&e);
  double x[COUNT], p = NAN;
  size_t n = 0, where = 42;
  for (int cell = 0; cell < CELLS; cell++) {
    const int count = EACH + (cell % 2 == 0 ? OFF : -OFF);
    for (int i = 0; i < count; i++)
      x[n++] = 2 * gsl_cdf_ugaussian_Pinv((cell + (i + 0.5) / count) / CELLS);
  }
  assert_int_equal(n, COUNT);
  check_ok(nf_verify_samples(f, COUNT, x, 2, &p, &where));
  const double chi_squared = CELLS * (double)(OFF * OFF) / EACH;
  check_close("p", p, 2 * gsl_cdf_chisq_Q(chi_squared, CELLS - 1), 0, 1e-9);
  assert_int_equal(where, 0);
  nf_flow_free(f);
}

static void too_few_samples_are_refused(void **state) {
  (void)state;
  nf_flow *f = model(NF_NICE, nf_point(2));
  double x[400] = {0}, p = 42;
  size_t where = 42;
  check_status(nf_verify_samples(f, 159, x, 1, &p, &where), NF_EINVAL);
  check_status(nf_verify_samples(f, 160, x, 0, &p, &where), NF_EINVAL);
  check_status(nf_verify_samples(f, 160, x, NAN, &p, &where), NF_EINVAL);
  assert_true(p == 42 && where == 42);
  nf_flow_free(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(samples_of_every_builder_come_from_its_density),
      cmocka_unit_test(temperature_scales_the_variance_of_latents),
      cmocka_unit_test(pixels_come_with_their_probabilities),
      cmocka_unit_test(the_false_alarm_rate_is_as_stated),
      cmocka_unit_test(a_wrong_temperature_is_found),
      cmocka_unit_test(a_broken_inverse_is_found),
      cmocka_unit_test(latents_that_depend_on_each_other_are_found),
      cmocka_unit_test(counts_by_hand),
      cmocka_unit_test(the_p_value_by_hand),
      cmocka_unit_test(too_few_samples_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
