/* Noise that is learned (NOTES (6.12)): a density in every cell; a bound of probabilities that can
 * be added up, which grows with the draws and becomes exact; uniform noise as a special case. (That
 * the layer is differentiated and inverted correctly: test_catalogue.c, test_bit_identity.c.) */
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>

#include "fixture.h"

enum { BINS = 3, D = 2 };

/* v = logit Φ(ε): u is uniform. */
static int to_logistic(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work) {
  (void)b, (void)work;
  for (size_t i = 0; i < nf_batch_size(x); i++) {
    const double e = x->data[i], p = gsl_cdf_ugaussian_P(e), q = gsl_cdf_ugaussian_Q(e);
    x->data[i] = log(p) - log(q);
    log_det[i / nf_shape_size(x->shape)] += log(gsl_ran_ugaussian_pdf(e)) - log(p) - log(q);
  }
  return NF_OK;
}

static int from_logistic(const nf_bijector *b, nf_batch *z, double *log_det, nf_work *work) {
  (void)b, (void)log_det, (void)work;
  for (size_t i = 0; i < nf_batch_size(z); i++)
    z->data[i] = gsl_cdf_ugaussian_Pinv(1 / (1 + exp(-z->data[i])));
  return NF_OK;
}

static const nf_bijector_type logistic = {
    .name = "logistic", .forward = to_logistic, .inverse = from_logistic};

static nf_bijector *logistic_new(void) {
  return nf_bijector_new(&logistic, sizeof(nf_bijector), nf_point(D), nf_point(D), NULL);
}

/* Of two values, given the two pixels, not symmetric: affine, and couplings that swap. */
static nf_bijector *noise(nf_bijector *first, nf_error *e) {
  const nf_shape shape = nf_point(D);
  nf_bijector *chain = nf_chain_new(shape, e);
  if (first != NULL) nf_chain_add(chain, first, e);
  nf_chain_add(chain, nf_affine_new(shape, e), e);
  for (int i = 0; i < 2; i++) {
    nf_net *net = nf_net_given(nf_linear_new(nf_point(1 + D), nf_point(2), e), D, e);
    nf_chain_add(
        chain,
        nf_coupling_new(shape, i == 0 ? NF_CHANNEL : NF_CHANNEL_SWAPPED, NF_SCALE_TANH, net, e), e);
  }
  return chain;
}

/* [noise, logit, actnorm]: the density of each value is that of a logistic map of a normal. */
static nf_flow *pixels(nf_bijector *q) {
  nf_error e = {0};
  const nf_shape shape = nf_point(D);
  nf_bijector *chain = nf_chain_new(shape, &e);
  nf_chain_add(chain, nf_variational_dequantise_new(shape, BINS, SEED, q, &e), &e);
  nf_chain_add(chain, nf_logit_new(shape, 0, &e), &e);
  nf_chain_add(chain, nf_actnorm_new(shape, &e), &e);
  check_no_error(&e);
  return moved_flow(chain, 0.4);
}

static double cell(double k, double log_scale, double bias) {
  double below[2];
  for (int i = 0; i < 2; i++) {
    const double edge = (k + i) / BINS;
    below[i] = edge == 0   ? 0
               : edge == 1 ? 1
                           : gsl_cdf_ugaussian_P(exp(log_scale) * log(edge / (1 - edge)) + bias);
  }
  return below[1] - below[0];
}

/* log Pr(k), exactly */
static double log_probability(const nf_flow *f, const double k[D]) {
  const nf_bijector *actnorm = f->bijector->child[2];
  double sum = 0;
  for (int i = 0; i < D; i++)
    sum += log(cell(k[i], actnorm->tensor[0].data[i], actnorm->tensor[1].data[i]));
  return sum;
}

static void the_bound_grows_to_the_probability(void **state) {
  (void)state;
  enum { N = 1 << 16, SIZES = 5 };
  static double x[N * D], log_p[N];
  nf_flow *f = pixels(noise(logistic_new(), NULL));
  nf_bijector *affine = f->bijector->child[0]->child[0]->child[1];
  for (int c = 0; c < D; c++) affine->tensor[0].data[c * (D + 1)] += 0.5; /* wide: p/q is bounded */
  const double pixel[2][D] = {{0, 2}, {1, 0}};
  for (int which = 0; which < 2; which++) {
    const double exact = log_probability(f, pixel[which]);
    double bound[SIZES], error[SIZES];
    for (size_t i = 0; i < N; i++) memcpy(x + D * i, pixel[which], sizeof pixel[which]);
    check_ok(nf_flow_log_prob(f, N, x, log_p, NULL)); /* each with noise of its own */
    for (int s = 0; s < SIZES; s++) {
      const size_t m = (size_t)1 << (2 * s); /* 1 … 256 */
      double sum = 0, square = 0;
      for (size_t i = 0; i < N; i += m) {
        double most = log_p[i], mean = 0;
        for (size_t j = 1; j < m; j++) most = fmax(most, log_p[i + j]);
        for (size_t j = 0; j < m; j++) mean += exp(log_p[i + j] - most) / (double)m;
        const double estimate = most + log(mean);
        sum += estimate;
        square += estimate * estimate;
      }
      const double count = (double)(N / m);
      bound[s] = sum / count;
      error[s] = sqrt((square / count - bound[s] * bound[s]) / count);
      assert_true(bound[s] <= exact + 5 * error[s]);
      assert_true(s == 0 || bound[s] > bound[s - 1]);
    }
    assert_true(exact - bound[0] > 20 * error[0]);
    check_close("256 draws", bound[SIZES - 1], exact, 5 * error[SIZES - 1], 0);
    assert_true(error[SIZES - 1] < 1e-2);
  }
  nf_flow_free(f);
}

/* ∫ q(u | k) du over the cell, as an integral over v = logit u. */
static void noise_is_a_density_in_every_cell(void **state) {
  (void)state;
  enum { SIDE = 320 };
  const double step = 32.0 / SIDE;
  nf_flow *f = moved_flow(
      nf_variational_dequantise_new(nf_point(D), BINS, SEED, noise(NULL, NULL), NULL), 0.5);
  for (int k = 0; k < BINS * BINS; k++) {
    double sum = 0, z[SIDE * D], log_det[SIDE];
    for (size_t i = 0; i < SIDE; i++) {
      double volume[SIDE];
      for (size_t j = 0; j < SIDE; j++) {
        const double v[D] = {-16 + step * (double)i, -16 + step * (double)j};
        volume[j] = step * step;
        for (int c = 0; c < D; c++) {
          const double u = 1 / (1 + exp(-v[c]));
          z[D * j + (size_t)c] = ((c == 0 ? k / BINS : k % BINS) + u) / BINS;
          volume[j] *= u * (1 - u);
        }
      }
      check_ok(nf_flow_inverse(f, SIDE, z, NULL, log_det, NULL));
      for (size_t j = 0; j < SIDE; j++) /* log q = log-det of the inverse - D log bins */
        sum += exp(log_det[j] - D * log(BINS)) * volume[j];
    }
    check_close("integral of q(u | k)", sum, 1, 1e-7, 0);
  }
  nf_flow_free(f);
}

static void uniform_noise_is_plain_dequantisation(void **state) {
  (void)state;
  enum { N = 20000 };
  static double x[N * D], z[N * D];
  static double learned[N], plain[N];
  const nf_shape shape = nf_point(D);
  nf_flow *f =
      nf_flow_new(nf_variational_dequantise_new(shape, BINS, SEED, logistic_new(), NULL), 1, NULL);
  nf_flow *g = nf_flow_new(nf_dequantise_new(shape, BINS, SEED, NULL), 1, NULL);
  for (size_t i = 0; i < N * D; i++) x[i] = (double)(i % BINS);
  check_ok(nf_flow_forward(g, N, x, z, plain, NULL));
  check_ok(nf_flow_forward(f, N, x, z, learned, NULL));
  check_array("log-det", learned, plain, N, 1e-12, 0);
  double sum = 0, square = 0;
  for (size_t i = 0; i < N * D; i++) {
    const double u = z[i] * BINS - x[i];
    assert_true(u > 0 && u < 1);
    sum += u / (N * D);
    square += u * u / (N * D);
  }
  check_close("mean of u", sum, 0.5, 5 * sqrt(1. / 12 / (N * D)), 0);
  check_close("mean of u²", square, 1. / 3, 5 * sqrt(4. / 45 / (N * D)), 0);
  nf_flow_free(f);
  nf_flow_free(g);
}

static void what_does_not_fit_is_refused(void **state) {
  (void)state;
  nf_error e = {0};
  const nf_shape shape = nf_point(D);
  nf_variational_dequantise_new(shape, 1, 1, noise(NULL, NULL), &e);
  check_failed(&e, NF_EINVAL, "variational|bins is 1|2 to 256");
  nf_variational_dequantise_new(shape, 257, 1, noise(NULL, NULL), &e);
  check_failed(&e, NF_EINVAL, "bins is 257");
  nf_variational_dequantise_new(shape, 2, 1, NULL, &e);
  check_failed(&e, NF_EINVAL, "no flow of the noise");
  nf_variational_dequantise_new(nf_point(3), 2, 1, noise(NULL, NULL), &e);
  check_failed(&e, NF_ESHAPE, "(1, 1, 2)|(1, 1, 3)");
  nf_bijector *reshape = nf_reshape_new(shape, nf_image(1, 2, 1), &e);
  nf_variational_dequantise_new(shape, 2, 1, reshape, &e);
  check_failed(&e, NF_ESHAPE, "from (1, 1, 2) to (1, 2, 1)");
  nf_net *net = nf_net_given(nf_linear_new(nf_point(4), nf_point(2), &e), 3, &e);
  nf_bijector *q = nf_coupling_new(shape, NF_CHANNEL, NF_SCALE_EXP, net, &e);
  check_no_error(&e);
  nf_variational_dequantise_new(shape, 2, 1, q, &e);
  check_failed(&e, NF_ESHAPE, "given 3 values|2 channels");
  nf_model m = nf_model_default(NF_GLOW, nf_image(4, 4, 1));
  m.variational = true;
  m.bins = 0;
  assert_null(nf_flow_from_model(&m, &e));
  check_failed(&e, NF_EINVAL, "variational|pixels");
  nf_flow *f = pixels(noise(NULL, NULL));
  const double bad[][D] = {{0.5, 0}, {-1, 0}, {0, BINS}, {NAN, 0}};
  for (int i = 0; i < 4; i++) {
    double log_p = -7;
    assert_int_equal(nf_flow_log_prob(f, 1, bad[i], &log_p, &e), i < 3 ? NF_EDOM : NF_ENONFINITE);
    check_failed(&e, i < 3 ? NF_EDOM : NF_ENONFINITE, "sample 0");
    assert_true(log_p == -7);
  }
  nf_flow_free(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_bound_grows_to_the_probability),
      cmocka_unit_test(noise_is_a_density_in_every_cell),
      cmocka_unit_test(uniform_noise_is_plain_dequantisation),
      cmocka_unit_test(what_does_not_fit_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
