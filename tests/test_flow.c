/* What a flow promises: the formula of its density, the same bits at any number of threads,
 * samples that belong to their number, gradients, and initialisation once. */
#include "flow/flow.h"

#include <stdlib.h>
#include <string.h>

#include "fixture.h"

static void log_prob_is_base_plus_log_det(void **state) {
  (void)state;
  nf_flow *f = small_glow();
  double data[MAX_VALUES], z[MAX_VALUES], log_det[5], log_p[5];
  const nf_batch x = normal_samples(f, 5, data);
  check_ok(nf_flow_log_prob(f, &x, log_p));
  check_ok(nf_flow_forward(f, &x, z, log_det));
  for (size_t i = 0; i < 5; i++) {
    double expected = log_det[i];
    for (size_t k = 0; k < 32; k++)
      expected += -0.5 * z[32 * i + k] * z[32 * i + k] - 0.91893853320467274178;
    assert_true(fabs(log_det[i]) > 1e-3);
    check_close("log p", log_p[i], expected, 0, 1e-13);
  }
  nf_flow_free(f);
}

static void inverse_undoes_forward(void **state) {
  (void)state;
  nf_flow *f = small_glow();
  double data[MAX_VALUES], z[MAX_VALUES], back[MAX_VALUES], forward[5], inverse[5];
  const nf_batch x = normal_samples(f, 5, data), latent = {5, f->bijector->out, z, 0, 0};
  check_ok(nf_flow_forward(f, &x, z, forward));
  check_ok(nf_flow_inverse(f, &latent, back, inverse));
  check_array("x", back, data, 5 * f->d, 1e-11, 1e-11);
  for (size_t i = 0; i < 5; i++) check_close("log-dets", forward[i], -inverse[i], 0, 1e-11);
  nf_flow_free(f);
}

/* --- threads --------------------------------------------------------------------------------- */
/* The noise of a pixel belongs to its sample, whichever chunk carries it. */
static void loss_of_pixels_is_the_mean_log_prob(void **state) {
  (void)state;
  nf_flow *f = NULL;
  int status = NF_OK;
  nf_bijector *chain = nf_chain_new(nf_point(256), &status);
  nf_chain_add(chain, nf_dequantise_new(nf_point(256), 17, SEED, &status), &status);
  nf_chain_add(chain, nf_logit_new(nf_point(256), 0.05, &status), &status);
  check_ok(nf_flow_new(&f, chain, SEED));
  enum { IMAGES = 14 };
  double data[IMAGES * 256], log_p[IMAGES], no_gradient[1], loss, mean = 0;
  assert_true(f->chunk < IMAGES);
  for (size_t k = 0; k < IMAGES * 256; k++) data[k] = floor(17 * nf_random_uniform(SEED, 4, k));
  const nf_batch x = {IMAGES, nf_point(256), data, 0, 0};
  check_ok(nf_flow_log_prob(f, &x, log_p));
  check_ok(nf_flow_gradient(f, &x, &loss, no_gradient)); /* there are no parameters */
  for (size_t i = 0; i < IMAGES; i++) mean -= log_p[i] / IMAGES;
  check_close("loss", loss, mean, 0, 1e-14);
  nf_flow_free(f);
}

/* --- samples --------------------------------------------------------------------------------- */
enum { N = 100 };

/* z = f(x) for samples at a temperature */
static void latents(nf_flow *f, size_t n, double temperature, double *z) {
  double x[MAX_VALUES];
  check_ok(nf_flow_sample(f, SEED, 0, n, temperature, x));
  const nf_batch batch = {n, f->bijector->in, x, 0, 0};
  check_ok(nf_flow_forward(f, &batch, z, NULL));
}

static void samples_come_from_normal_latents_scaled_by_temperature(void **state) {
  (void)state;
  nf_flow *f = small_glow();
  double z[MAX_VALUES], cool[MAX_VALUES], zero[MAX_VALUES], mean = 0, variance = 0;
  const size_t count = N * f->d;
  latents(f, N, 1, z);
  latents(f, N, 0.7, cool);
  latents(f, N, 0, zero);
  for (size_t k = 0; k < count; k++) {
    check_close("z at temperature 0.7", cool[k], 0.7 * z[k], 1e-10, 0);
    check_close("z at temperature 0", zero[k], 0, 1e-10, 0);
    mean += z[k] / (double)count;
    variance += z[k] * z[k] / (double)count;
  }
  check_close("mean", mean, 0, 5 / sqrt((double)count), 0);
  check_close("variance", variance, 1, 5 * sqrt(2 / (double)count), 0);
  check_status(nf_flow_sample(f, SEED, 0, 1, -1, z), NF_EINVAL);
  check_status(nf_flow_sample(f, SEED, 0, 1, NAN, z), NF_EINVAL);
  nf_flow_free(f);
}

static void a_sample_belongs_to_its_number(void **state) {
  (void)state;
  nf_flow *f = small_glow();
  double all[MAX_VALUES], one[MAX_VALUES], other[MAX_VALUES];
  check_ok(nf_flow_sample(f, SEED, 0, N, 1, all));
  for (size_t i = 0; i < N; i += 9) {
    check_ok(nf_flow_sample(f, SEED, i, 1, 1, one));
    check_array("sample", one, all + i * f->d, f->d, 1e-13, 1e-13);
  }
  check_ok(nf_flow_sample(f, SEED + 1, 0, 1, 1, other));
  assert_false(check_is_close(other[0], all[0], 1e-3, 0));
  assert_false(check_is_close(all[f->d], all[0], 1e-3, 0));
  nf_flow_free(f);
}

/* --- gradient -------------------------------------------------------------------------------- */
/* Along a random direction; a ReLU's kink may lie within a step, so three steps are tried. */
static void gradient_is_that_of_the_loss(void **state) {
  (void)state;
  nf_flow *f = small_glow();
  double data[MAX_VALUES], loss, slope = 0, best = INFINITY;
  double *g = calloc(2 * f->n_param, sizeof *g), *start = g + f->n_param;
  assert_non_null(g);
  const nf_batch x = normal_samples(f, 6, data);
  check_ok(nf_flow_gradient(f, &x, &loss, g));
  memcpy(start, f->param, f->n_param * sizeof *start);
  for (size_t k = 0; k < f->n_param; k++) slope += g[k] * nf_random_normal(1, 0, k);
  for (double h = 0x1p-14; h >= 0x1p-20; h /= 8) {
    double difference = 0;
    for (int side = -2; side <= 2; side++) {
      double log_p[6], mean = 0;
      for (size_t k = 0; k < f->n_param; k++)
        f->param[k] = start[k] + side * h * nf_random_normal(1, 0, k);
      check_ok(nf_flow_log_prob(f, &x, log_p));
      for (int i = 0; i < 6; i++) mean -= log_p[i] / 6;
      difference += mean * (const double[]){1, -8, 0, 8, -1}[side + 2] / (12 * h);
    }
    best = fmin(best, fabs(slope - difference) / fabs(difference));
  }
  assert_true(fabs(slope) > 1e-3);
  check_error("gradient", best, 1e-7);
  free(g);
  nf_flow_free(f);
}

/* --- data-dependent initialisation ----------------------------------------------------------- */
static int standardised(void *user, nf_bijector *layer, const nf_batch *z, const double *log_det) {
  (void)log_det;
  if (strcmp(layer->type->name, "actnorm") != 0) return NF_OK;
  const size_t c = layer->in.c, rows = nf_batch_size(z) / c;
  for (size_t k = 0; k < c; k++) {
    double mean = 0, variance = 0;
    for (size_t i = 0; i < rows; i++) mean += z->data[i * c + k] / (double)rows;
    for (size_t i = 0; i < rows; i++)
      variance += (z->data[i * c + k] - mean) * (z->data[i * c + k] - mean) / (double)rows;
    check_close("mean of an actnorm channel", mean, 0, 1e-12, 0);
    check_close("its variance", variance, 1, 1e-12, 0);
  }
  ++*(int *)user;
  return NF_OK;
}

static void observe_standardises_every_actnorm_once(void **state) {
  (void)state;
  nf_flow *f = small_glow();
  double data[MAX_VALUES], log_det[50] = {0}, *param = calloc(f->n_param, sizeof *param);
  assert_non_null(param);
  nf_batch x = normal_samples(f, 50, data);

  data[0] = NAN;
  memcpy(param, f->param, f->n_param * sizeof *param);
  check_status(nf_flow_observe(f, &x), NF_ENONFINITE);
  assert_true(bits_equal(f->n_param, param, f->param));

  x = normal_samples(f, 50, data);
  check_ok(nf_flow_observe(f, &x));
  assert_false(bits_equal(f->n_param, param, f->param));
  memcpy(param, f->param, f->n_param * sizeof *param);
  for (size_t k = 0; k < 50 * f->d; k++) data[k] = 3 * data[k] - 1;
  check_ok(nf_flow_observe(f, &x));
  assert_true(bits_equal(f->n_param, param, f->param));

  int seen = 0;
  x = normal_samples(f, 50, data);
  nf_work work = {.watch = &(nf_watch){.after = standardised, .user = &seen}};
  check_ok(nf_bijector_forward(f->bijector, &x, log_det, &work));
  assert_int_equal(seen, 4);
  nf_work_free(&work);
  free(param);
  nf_flow_free(f);
}

static void bits_per_dim_by_hand(void **state) {
  (void)state;
  /* A uniform distribution over 256 levels is 8 bits a dimension. */
  check_close("uniform pixels", nf_bits_per_dim(-3072 * log(256), 3072), 8, 0, 1e-15);
  check_close("a density of 2", nf_bits_per_dim(log(2), 1), -1, 0, 1e-15);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(log_prob_is_base_plus_log_det),
      cmocka_unit_test(inverse_undoes_forward),
      cmocka_unit_test(loss_of_pixels_is_the_mean_log_prob),
      cmocka_unit_test(samples_come_from_normal_latents_scaled_by_temperature),
      cmocka_unit_test(a_sample_belongs_to_its_number),
      cmocka_unit_test(gradient_is_that_of_the_loss),
      cmocka_unit_test(observe_standardises_every_actnorm_once),
      cmocka_unit_test(bits_per_dim_by_hand),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
