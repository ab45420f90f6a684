/* Noise that is learned (NOTES (6.12)) in a model of images: its gradient, the pixels back, and
 * labels beside it. */
#include "fixture.h"

static nf_model images(void) {
  nf_model m = nf_model_default(NF_GLOW, nf_image(4, 4, 1));
  m.levels = 1;
  m.steps = 1;
  m.width = 4;
  m.bins = 17;
  m.variational = true;
  return m;
}

static void fill_pixels(const nf_flow *f, size_t n, double *x) {
  for (size_t i = 0; i < n * f->d; i++) x[i] = floor(17 * nf_random_uniform(SEED, 5, i));
}

/* The gradient of the loss, with the noise that forward kept, by differences of the loss. */
static void gradients_are_those_of_the_loss(void **state) {
  (void)state;
  enum { N = 5, EVERY = 97 };
  const nf_model m = images();
  nf_flow *f = moved_flow(nf_bijector_from_model(&m, NULL), 0.1);
  double x[N * 16], loss, up, down;
  fill_pixels(f, N, x);
  const size_t n_param = nf_flow_n_param(f), n_noise = f->bijector->child[0]->n_param;
  double *g = calloc(n_param, sizeof *g), *unused = calloc(n_param, sizeof *g);
  assert_true(g != NULL && unused != NULL && n_noise > 1000);
  check_ok(nf_flow_gradient(f, N, x, &loss, g, NULL));
  size_t moving = 0;
  for (size_t k = 3; k < n_noise; k += EVERY) {
    double *theta = nf_flow_param(f) + k, was = *theta, h = 1e-5;
    *theta = was + h;
    check_ok(nf_flow_gradient(f, N, x, &up, unused, NULL));
    *theta = was - h;
    check_ok(nf_flow_gradient(f, N, x, &down, unused, NULL));
    *theta = was;
    check_close("∂loss/∂θ", g[k], (up - down) / (2 * h), 1e-7, 1e-6);
    moving += fabs(g[k]) > 1e-4;
  }
  assert_true(moving > 10);
  free(g), free(unused);
  nf_flow_free(f);
}

static void pixels_come_back(void **state) {
  (void)state;
  enum { N = 40 };
  const nf_model m = images();
  nf_flow *f = moved_flow(nf_bijector_from_model(&m, NULL), 0.1);
  double x[N * 16], z[N * 16], back[N * 16], log_det[N], inverse[N];
  fill_pixels(f, N, x);
  check_ok(nf_flow_forward(f, N, x, z, log_det, NULL));
  check_ok(nf_flow_inverse(f, N, z, back, inverse, NULL));
  assert_true(bits_equal(N * 16, x, back));
  for (size_t i = 0; i < N; i++) check_close("log-dets", log_det[i] + inverse[i], 0, 1e-9, 0);
  nf_flow_free(f);
}

/* The pixels that the noise is given are no condition of the flow; a label does not reach it. */
static void labels_are_given_beside_it(void **state) {
  (void)state;
  enum { N = 3, C = 4 };
  nf_model m = images();
  nf_flow *f = nf_flow_from_model(&m, NULL);
  assert_int_equal(nf_flow_condition(f), 0);
  nf_flow_free(f);
  m.condition = C;
  f = moved_flow(nf_bijector_from_model(&m, NULL), 0.1);
  assert_int_equal(nf_flow_condition(f), C);
  double x[N * 16], y[2][N * C] = {{0}, {0}}, log_p[2][N];
  fill_pixels(f, N, x);
  for (int which = 0; which < 2; which++) {
    for (size_t i = 0; i < N; i++) y[which][C * i + (size_t)which] = 1;
    check_ok(nf_flow_log_prob_given(f, N, x, y[which], log_p[which], NULL));
  }
  for (size_t i = 0; i < N; i++) assert_true(fabs(log_p[0][i] - log_p[1][i]) > 1e-6);
  nf_flow_free(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(gradients_are_those_of_the_loss),
      cmocka_unit_test(pixels_come_back),
      cmocka_unit_test(labels_are_given_beside_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
