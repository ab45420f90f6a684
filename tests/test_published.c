/* What others have published: examples and tests of other codebases, results of papers. Each
 * fixture names its source; the numbers are theirs, and the way to them is ours. */
#include <math.h>
#include <string.h>

#include "check.h"
#include "core/real.h"
#include "flow/flow.h"

static nf_flow *flow_of(nf_bijector *b) {
  nf_error e = {0};
  nf_flow *f = nf_flow_new(b, 1, &e);
  check_no_error(&e);
  return f;
}
static void set(nf_tensor *t, size_t n, const double *values) {
  assert_int_equal(nf_tensor_size(t), n);
  memcpy(t->data, values, n * sizeof *values);
}

/* z = W x, without a bias */
static nf_flow *affine(size_t d, nf_shape shape, const double *weight) {
  nf_error e = {0};
  nf_flow *f = flow_of(nf_affine_new(shape, &e));
  set(&f->bijector->tensor[0], d * d, weight);
  return f;
}

/* f⁻¹(f(x)) is x, and the log-dets are opposite; f(x) to z. Ends the flow. */
static double log_det_of(nf_flow *f, const double *x, double *z) {
  double back[24], forward = NAN, inverse = NAN;
  assert_true(f->d <= 24);
  const nf_batch from = {.n = 1, .shape = f->bijector->in, .data = (double *)(uintptr_t)x};
  const nf_batch to = {.n = 1, .shape = f->bijector->out, .data = z};
  check_ok(nf_flow_forward_batch(f, &from, z, &forward, NULL));
  check_ok(nf_flow_inverse(f, to.n, to.data, back, &inverse, NULL));
  check_array("f⁻¹(f(x))", back, x, f->d, 1e-14, 1e-14);
  check_close("log-det of the inverse", inverse, -forward, 0, 1e-15);
  nf_flow_free(f);
  return forward;
}

/* TensorFlow Probability, layers/scale_matvec_tril_test.py: L x and L⁻¹ x at x = (1, 2), and
 * the inverse log-det at x. */
static void scale_matvec_tril(void **state) {
  (void)state;
  static const struct {
    double l[4], forward[2], inverse[2], inverse_log_det;
  } tfp[] = {{{2, 0, 2, 2}, {2, 6}, {0.5, 0.5}, -1.3862943611198906},
             {{3, 0, 3, 3}, {3, 9}, {1. / 3, 1. / 3}, -2.1972245773362196}}; /* -log 4, -log 9 */
  const double x[] = {1, 2};
  const nf_batch batch = {.n = 1, .shape = nf_point(2), .data = (double *)(uintptr_t)x};
  for (size_t k = 0; k < 2; k++) {
    double y[2], log_det = NAN;
    nf_flow *f = affine(2, nf_point(2), tfp[k].l);
    check_ok(nf_flow_inverse(f, batch.n, batch.data, y, &log_det, NULL));
    check_array("L⁻¹x", y, tfp[k].inverse, 2, 0, 1e-15);
    check_close("inverse log-det", log_det, tfp[k].inverse_log_det, 0, 1e-15);
    log_det = log_det_of(f, x, y);
    check_array("L x", y, tfp[k].forward, 2, 0, 1e-15);
    check_close("log-det", log_det, -tfp[k].inverse_log_det, 0, 1e-15);
  }
}

/* TensorFlow, documentation of tf.nn.space_to_depth with block_size 2. */
static void space_to_depth(void **state) {
  (void)state;
  static const struct {
    nf_shape in;
    double x[16], z[16];
  } tf[] = {
      {{2, 2, 1}, {1, 2, 3, 4}, {1, 2, 3, 4}},
      {{2, 2, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}},
      {{4, 4, 1},
       {1, 2, 5, 6, 3, 4, 7, 8, 9, 10, 13, 14, 11, 12, 15, 16},
       {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}}};
  for (size_t k = 0; k < 3; k++) {
    nf_error e = {0};
    double z[16];
    nf_flow *f = flow_of(nf_squeeze_new(tf[k].in, &e));
    const size_t d = f->d;
    assert_int_equal(f->bijector->out.c, 4 * tf[k].in.c);
    check_close("log-det", log_det_of(f, tf[k].x, z), 0, 0, 0);
    check_array("space to depth", z, tf[k].z, d, 0, 0);
  }
}

/* nflows, tests/transforms/standard_test.py: an affine scalar transform of scale 2 on samples of
 * shape (2, 3, 4) has log|det| = log 2 · 2·3·4; and so has scale -2, which exp(log_scale) cannot
 * be but a matrix can. */
static void scale_of_plus_and_minus_two(void **state) {
  (void)state;
  for (double scale = -2; scale <= 2; scale += 4) {
    double weight[16] = {0}, x[24], z[24], expected[24];
    for (int c = 0; c < 4; c++) weight[5 * c] = scale;
    for (int k = 0; k < 24; k++) expected[k] = scale * (x[k] = sqrt(k) - 2);
    nf_flow *f = affine(4, (nf_shape){2, 3, 4}, weight);
    check_close("24·log 2", log_det_of(f, x, z), 16.635532333438686, 0, 1e-15);
    check_array("scaled", z, expected, 24, 0, 1e-15);
  }
}

/* log N(0; 0, 1) = -½ log 2π: OEIS A075700. A flow of no layers is its base density. */
static void standard_normal_at_zero(void **state) {
  (void)state;
  nf_error e = {0};
  nf_flow *f = flow_of(nf_chain_new(nf_point(1), &e));
  double zero = 0, log_p = NAN;
  const nf_batch x = {.n = 1, .shape = nf_point(1), .data = &zero};
  check_ok(nf_flow_log_prob_batch(f, &x, &log_p, NULL));
  check_close("log N(0)", log_p, -0.91893853320467274178, 0, 1e-15);
  check_close("nf_log_normal", nf_log_normal(0, 1), -0.91893853320467274178, 0, 1e-15);
  nf_flow_free(f);
}

/* The log-det of turning 256 pixel levels into [low, high]^D, by the layers that do it. */
static double preprocessing(size_t d, double low, double high) {
  nf_error e = {0};
  double pixels[3072] = {0}, log_det = NAN;
  const nf_shape shape = nf_point(d);
  nf_bijector *chain = nf_chain_new(shape, &e);
  nf_bijector *scale = nf_actnorm_new(shape, &e);
  nf_chain_add(chain, nf_dequantise_new(shape, 256, 1, &e), &e);
  nf_chain_add(chain, scale, &e);
  nf_flow *f = flow_of(chain);
  for (size_t k = 0; k < d; k++) {
    pixels[k] = (double)(k % 256);
    scale->tensor[0].data[k] = log(high - low);
    scale->tensor[1].data[k] = low;
  }
  const nf_batch x = {.n = 1, .shape = shape, .data = pixels};
  check_ok(nf_flow_forward_batch(f, &x, NULL, &log_det, NULL));
  nf_flow_free(f);
  return log_det;
}

/* Dinh et al. 2015 (NICE), 5.1: test log-likelihoods in nats of densities on preprocessed data,
 * 1980.50 on MNIST, rescaled to [0, 1], and 5371.78 on CIFAR-10, rescaled to [-1, 1]. A pixel's
 * cell is 1/256 wide there and 1/128 here, so to make a probability of the density takes 8 bits a
 * dimension from one and 7 from the other. Later comparisons (Behrmann et al. 2019, table 4) give
 * NICE 4.36 and 4.48 bits per dimension. */
static void nats_of_nice_in_bits_per_dimension(void **state) {
  (void)state;
  const double mnist = 1980.50 + preprocessing(784, 0, 1);
  const double cifar10 = 5371.78 + preprocessing(3072, -1, 1);
  check_close("MNIST", nf_bits_per_dim(mnist, 784), 8 - 1980.50 / (784 * log(2)), 0, 1e-13);
  check_close("MNIST", nf_bits_per_dim(mnist, 784), 4.3555, 5e-5, 0);
  check_close("MNIST in later tables", nf_bits_per_dim(mnist, 784), 4.36, 5e-3, 0);
  check_close("CIFAR-10", nf_bits_per_dim(cifar10, 3072), 7 - 5371.78 / (3072 * log(2)), 0, 1e-13);
  check_close("CIFAR-10", nf_bits_per_dim(cifar10, 3072), 4.4773, 5e-5, 0);
  check_close("CIFAR-10 in later tables", nf_bits_per_dim(cifar10, 3072), 4.48, 5e-3, 0);
}

/* The term that dequantisation gives a 32×32×3 image: 3072·log 256 nats, 8 bits a dimension. */
static void pixels_cost_3072_log_256(void **state) {
  (void)state;
  check_close("3072·log 256", -preprocessing(3072, 0, 1), 17034.785, 5e-4, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(scale_matvec_tril),
      cmocka_unit_test(space_to_depth),
      cmocka_unit_test(scale_of_plus_and_minus_two),
      cmocka_unit_test(standard_normal_at_zero),
      cmocka_unit_test(nats_of_nice_in_bits_per_dimension),
      cmocka_unit_test(pixels_cost_3072_log_256),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
