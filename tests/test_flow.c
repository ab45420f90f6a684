/* What a flow promises: the formula of its density, the same bits at any number of threads,
 * samples that belong to their number, gradients, and initialisation once. */
#include "flow/flow.h"

#include <stdlib.h>
#include <string.h>

#include "small_glow.h"

static void log_prob_is_base_plus_log_det(void **state) {
  (void)state;
  nf_flow *f = glow();
  double data[MOST], z[MOST], log_det[5], log_p[5];
  const nf_batch x = draw(f, 5, data);
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
  nf_flow *f = glow();
  double data[MOST], z[MOST], back[MOST], forward[5], inverse[5];
  const nf_batch x = draw(f, 5, data), latent = {5, f->bijector->out, z, 0, 0};
  check_ok(nf_flow_forward(f, &x, z, forward));
  check_ok(nf_flow_inverse(f, &latent, back, inverse));
  check_array("x", back, data, 5 * f->d, 1e-11, 1e-11);
  for (size_t i = 0; i < 5; i++) check_close("log-dets", forward[i], -inverse[i], 0, 1e-11);
  nf_flow_free(f);
}

/* --- threads --------------------------------------------------------------------------------- */
static void results_are_the_same_bits_at_any_number_of_threads(void **state) {
  (void)state;
  nf_flow *f = glow();
  const size_t n = 9 * f->chunk + 1 + f->chunk / 2; /* more chunks than threads, the last short */
  double *data = calloc(n * f->d, sizeof *data), *z[3], *x[3], *log_p[3], *gradient[3], loss[3];
  assert_non_null(data);
  for (size_t k = 0; k < n * f->d; k++) data[k] = nf_random_normal(SEED, 3, k);
  const nf_batch batch = {n, f->bijector->in, data, 0, 0};
  for (int t = 0; t < 3; t++) {
    z[t] = calloc(n * f->d, sizeof(double)), x[t] = calloc(n * f->d, sizeof(double));
    log_p[t] = calloc(n, sizeof(double)), gradient[t] = calloc(f->n_param, sizeof(double));
    assert_true(z[t] && x[t] && log_p[t] && gradient[t]);
    check_ok(nf_flow_set_threads(f, t + 1));
    check_ok(nf_flow_forward(f, &batch, z[t], NULL));
    check_ok(nf_flow_log_prob(f, &batch, log_p[t]));
    check_ok(nf_flow_sample(f, 1, 0, n, 1, x[t]));
    check_ok(nf_flow_gradient(f, &batch, &loss[t], gradient[t]));
    assert_true(same(n * f->d, z[0], z[t]) && same(n * f->d, x[0], x[t]));
    assert_true(same(n, log_p[0], log_p[t]) && same(f->n_param, gradient[0], gradient[t]));
    assert_true(loss[0] == loss[t]);
  }
  double mean = 0;
  for (size_t i = 0; i < n; i++) mean -= log_p[0][i] / (double)n;
  check_close("loss", loss[0], mean, 0, 1e-13);
  assert_true(z[0][n * f->d - 1] != 0 && x[0][n * f->d - 1] != 0); /* the short chunk was run */
  for (int t = 0; t < 3; t++) free(z[t]), free(x[t]), free(log_p[t]), free(gradient[t]);
  free(data);
  nf_flow_free(f);
}

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
  double x[MOST];
  check_ok(nf_flow_sample(f, SEED, 0, n, temperature, x));
  const nf_batch batch = {n, f->bijector->in, x, 0, 0};
  check_ok(nf_flow_forward(f, &batch, z, NULL));
}

static void samples_come_from_normal_latents_scaled_by_temperature(void **state) {
  (void)state;
  nf_flow *f = glow();
  double z[MOST], cool[MOST], zero[MOST], mean = 0, variance = 0;
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
  nf_flow *f = glow();
  double all[MOST], one[MOST], other[MOST];
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
  nf_flow *f = glow();
  double data[MOST], loss, slope = 0, best = INFINITY;
  double *g = calloc(2 * f->n_param, sizeof *g), *start = g + f->n_param;
  assert_non_null(g);
  const nf_batch x = draw(f, 6, data);
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

/* Activations kept by forward, or computed again by backward: the same bits. */
static void gradient_does_not_depend_on_what_is_kept(void **state) {
  (void)state;
  nf_flow *f = glow();
  double data[MOST], loss[2], *g = calloc(2 * f->n_param, sizeof *g);
  assert_non_null(g);
  const nf_batch x = draw(f, 6, data);
  f->keep_bytes = (size_t)1 << 30;
  check_ok(nf_flow_gradient(f, &x, &loss[0], g));
  f->keep_bytes = 0;
  check_ok(nf_flow_gradient(f, &x, &loss[1], g + f->n_param));
  assert_true(loss[0] == loss[1] && same(f->n_param, g, g + f->n_param));
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
  nf_flow *f = glow();
  double data[MOST], log_det[50] = {0}, *param = calloc(f->n_param, sizeof *param);
  assert_non_null(param);
  nf_batch x = draw(f, 50, data);

  data[0] = NAN;
  memcpy(param, f->param, f->n_param * sizeof *param);
  check_status(nf_flow_observe(f, &x), NF_ENONFINITE);
  assert_true(same(f->n_param, param, f->param));

  x = draw(f, 50, data);
  check_ok(nf_flow_observe(f, &x));
  assert_false(same(f->n_param, param, f->param));
  memcpy(param, f->param, f->n_param * sizeof *param);
  for (size_t k = 0; k < 50 * f->d; k++) data[k] = 3 * data[k] - 1;
  check_ok(nf_flow_observe(f, &x));
  assert_true(same(f->n_param, param, f->param));

  int seen = 0;
  x = draw(f, 50, data);
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
      cmocka_unit_test(results_are_the_same_bits_at_any_number_of_threads),
      cmocka_unit_test(loss_of_pixels_is_the_mean_log_prob),
      cmocka_unit_test(samples_come_from_normal_latents_scaled_by_temperature),
      cmocka_unit_test(a_sample_belongs_to_its_number),
      cmocka_unit_test(gradient_is_that_of_the_loss),
      cmocka_unit_test(gradient_does_not_depend_on_what_is_kept),
      cmocka_unit_test(observe_standardises_every_actnorm_once),
      cmocka_unit_test(bits_per_dim_by_hand),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
