/* What a flow computes: log p by its formula, samples by their number, gradients as differences of
 * the loss, and data-dependent initialisation, once. (Threads: test_threads.c; bits:
 * test_bit_identity.c; errors: test_flow_errors.c.) */
#include <gsl/gsl_deriv.h>

#include "fixture.h"

static void log_prob_is_base_plus_log_det(void **state) {
  (void)state;
  nf_flow *f = small_glow();
  double x[MAX_VALUES], z[MAX_VALUES], log_det[5], log_p[5];
  normal_samples(f, 5, x);
  check_ok(nf_flow_log_prob(f, 5, x, log_p, NULL));
  check_ok(nf_flow_forward(f, 5, x, z, log_det, NULL));
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
  double x[MAX_VALUES], z[MAX_VALUES], back[MAX_VALUES], forward[5], inverse[5];
  normal_samples(f, 5, x);
  check_ok(nf_flow_forward(f, 5, x, z, forward, NULL));
  check_ok(nf_flow_inverse(f, 5, z, back, inverse, NULL));
  check_array("x", back, x, 5 * nf_flow_dim(f), 1e-11, 1e-11);
  for (size_t i = 0; i < 5; i++) check_close("log-dets", forward[i], -inverse[i], 0, 1e-11);
  nf_flow_free(f);
}

static void outputs_of_forward_and_inverse_may_be_null(void **state) {
  (void)state;
  nf_flow *f = small_glow();
  double x[MAX_VALUES], z[MAX_VALUES], alone[MAX_VALUES], log_det[5], alone_log_det[5];
  normal_samples(f, 5, x);
  check_ok(nf_flow_forward(f, 5, x, z, log_det, NULL));
  check_ok(nf_flow_forward(f, 5, x, alone, NULL, NULL));
  check_ok(nf_flow_forward(f, 5, x, NULL, alone_log_det, NULL));
  check_ok(nf_flow_forward(f, 5, x, NULL, NULL, NULL));
  assert_true(bits_equal(5 * nf_flow_dim(f), z, alone) && bits_equal(5, log_det, alone_log_det));
  check_ok(nf_flow_inverse(f, 5, z, x, log_det, NULL));
  check_ok(nf_flow_inverse(f, 5, z, alone, NULL, NULL));
  check_ok(nf_flow_inverse(f, 5, z, NULL, alone_log_det, NULL));
  assert_true(bits_equal(5 * nf_flow_dim(f), x, alone) && bits_equal(5, log_det, alone_log_det));
  nf_flow_free(f);
}

/* The noise of a pixel belongs to its sample, whichever chunk it is in. */
static void loss_of_pixels_is_the_mean_log_prob(void **state) {
  (void)state;
  enum { IMAGES = 14 };
  nf_error e = {0};
  nf_bijector *chain = nf_chain_new(nf_point(256), &e);
  nf_chain_add(chain, nf_dequantise_new(nf_point(256), 17, SEED, &e), &e);
  nf_chain_add(chain, nf_logit_new(nf_point(256), 0.05, &e), &e);
  nf_flow *f = nf_flow_new(chain, SEED, &e);
  double x[IMAGES * 256], log_p[IMAGES], no_gradient[1], loss, mean = 0;
  f->chunk = 4;
  for (size_t k = 0; k < IMAGES * 256; k++) x[k] = floor(17 * nf_random_uniform(SEED, 4, k));
  nf_flow_log_prob(f, IMAGES, x, log_p, &e);
  nf_flow_gradient(f, IMAGES, x, &loss, no_gradient, &e); /* there are no parameters */
  check_no_error(&e);
  for (size_t i = 0; i < IMAGES; i++) mean -= log_p[i] / IMAGES;
  check_close("loss", loss, mean, 0, 1e-14);
  nf_flow_free(f);
}

/* --- samples -------------------------------------------------------------------------------- */
enum { N = 100 };

/* z = f(x) for samples at a temperature */
static void latents(nf_flow *f, size_t n, double temperature, double *z) {
  double x[MAX_VALUES];
  check_ok(nf_flow_sample(f, n, SEED, temperature, x, NULL));
  check_ok(nf_flow_forward(f, n, x, z, NULL, NULL));
}

static void samples_come_from_normal_latents_scaled_by_temperature(void **state) {
  (void)state;
  nf_flow *f = small_glow();
  double z[MAX_VALUES], cool[MAX_VALUES], zero[MAX_VALUES], mean = 0, variance = 0;
  const size_t count = N * nf_flow_dim(f);
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
  check_status(nf_flow_sample(f, 1, SEED, -1, z, NULL), NF_EINVAL);
  check_status(nf_flow_sample(f, 1, SEED, NAN, z, NULL), NF_EINVAL);
  nf_flow_free(f);
}

static void a_sample_belongs_to_its_number(void **state) {
  (void)state;
  nf_flow *f = small_glow();
  const size_t d = nf_flow_dim(f);
  double all[MAX_VALUES], one[MAX_VALUES], other[MAX_VALUES];
  check_ok(nf_flow_sample(f, N, SEED, 1, all, NULL));
  for (size_t i = 0; i < N; i += 9) {
    check_ok(nf_flow_sample_from(f, i, 1, SEED, 1, one, NULL));
    check_array("sample", one, all + i * d, d, 1e-13, 1e-13);
  }
  check_ok(nf_flow_sample(f, 1, SEED + 1, 1, other, NULL));
  assert_false(check_is_close(other[0], all[0], 1e-3, 0));
  assert_false(check_is_close(all[d], all[0], 1e-3, 0));
  nf_flow_free(f);
}

/* --- gradient ------------------------------------------------------------------------------- */

typedef struct {
  nf_flow *flow;
  const double *start, *x; /* 6 samples */
} line;

/* The loss at θ + s·v, v ~ N(0, I) */
static double loss_at(double s, void *user) {
  const line *l = user;
  double log_p[6], loss = 0;
  for (size_t k = 0; k < nf_flow_n_param(l->flow); k++)
    nf_flow_param(l->flow)[k] = l->start[k] + s * nf_random_normal(1, 0, k);
  check_ok(nf_flow_log_prob(l->flow, 6, l->x, log_p, NULL));
  for (int i = 0; i < 6; i++) loss -= log_p[i] / 6;
  return loss;
}

/* A ReLU's kink may lie within a step, so three steps are tried. */
static void gradient_is_that_of_the_loss(void **state) {
  (void)state;
  nf_flow *f = small_glow();
  const size_t n = nf_flow_n_param(f);
  double x[MAX_VALUES], loss, slope = 0, smallest = INFINITY;
  double *g = calloc(2 * n, sizeof *g), *start = g + n;
  assert_non_null(g);
  normal_samples(f, 6, x);
  check_ok(nf_flow_gradient(f, 6, x, &loss, g, NULL));
  memcpy(start, nf_flow_param(f), n * sizeof *start);
  for (size_t k = 0; k < n; k++) slope += g[k] * nf_random_normal(1, 0, k);
  const gsl_function along = {loss_at, &(line){f, start, x}};
  check_close("loss", loss, loss_at(0, along.params), 0, 1e-14);
  for (double h = 0x1p-13; h >= 0x1p-19; h /= 8) {
    double difference, error;
    assert_int_equal(gsl_deriv_central(&along, 0, h, &difference, &error), 0);
    smallest = fmin(smallest, fabs(slope - difference) / fabs(difference));
  }
  assert_true(fabs(slope) > 1e-3);
  check_error("gradient", smallest, 1e-7);
  free(g);
  nf_flow_free(f);
}

/* --- data-dependent initialisation ---------------------------------------------------------- */
static int check_actnorm(void *user, const nf_bijector *b, int depth, const nf_batch *z,
                         const double *log_det) {
  (void)log_det, (void)depth;
  if (strcmp(b->type->name, "actnorm") != 0) return NF_OK;
  const size_t c = b->in.c, rows = nf_batch_size(z) / c;
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

static void init_from_data_standardises_every_actnorm_once(void **state) {
  (void)state;
  nf_flow *f = small_glow();
  const size_t n = nf_flow_n_param(f);
  nf_real x[MAX_VALUES], *param = calloc(n, sizeof *param), *now = nf_flow_param(f);
  double log_det[50] = {0};
  assert_non_null(param);

  normal_samples(f, 50, x);
  x[0] = NAN;
  memcpy(param, now, n * sizeof *param);
  check_status(nf_flow_init_from_data(f, 50, x, NULL), NF_ENONFINITE);
  assert_true(bits_equal(n, param, now));

  normal_samples(f, 50, x);
  check_ok(nf_flow_init_from_data(f, 50, x, NULL));
  assert_false(bits_equal(n, param, now));
  memcpy(param, now, n * sizeof *param);
  for (size_t k = 0; k < 50 * nf_flow_dim(f); k++) x[k] = 3 * x[k] - 1;
  check_ok(nf_flow_init_from_data(f, 50, x, NULL));
  assert_true(bits_equal(n, param, now));

  int actnorms = 0;
  normal_samples(f, 50, x);
  nf_batch batch = nf_flow_batch(f, 50, x);
  nf_work work = {.hooks = &(nf_hooks){.after = check_actnorm, .user = &actnorms}};
  check_ok(nf_bijector_forward(f->bijector, &batch, log_det, &work));
  assert_int_equal(actnorms, 4);
  nf_work_free(&work);
  free(param);
  nf_flow_free(f);
}

static void bits_per_dim_by_hand(void **state) {
  (void)state;
  /* A uniform distribution over 256 bins is 8 bits a dimension. */
  check_close("uniform pixels", nf_bits_per_dim(-3072 * log(256), 3072), 8, 0, 1e-15);
  check_close("a density of 2", nf_bits_per_dim(log(2), 1), -1, 0, 1e-15);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(log_prob_is_base_plus_log_det),
      cmocka_unit_test(inverse_undoes_forward),
      cmocka_unit_test(outputs_of_forward_and_inverse_may_be_null),
      cmocka_unit_test(loss_of_pixels_is_the_mean_log_prob),
      cmocka_unit_test(samples_come_from_normal_latents_scaled_by_temperature),
      cmocka_unit_test(a_sample_belongs_to_its_number),
      cmocka_unit_test(gradient_is_that_of_the_loss),
      cmocka_unit_test(init_from_data_standardises_every_actnorm_once),
      cmocka_unit_test(bits_per_dim_by_hand),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
