/* Noise that is learned (NOTES (6.12)) beside its pixels: it belongs to a sample, a seed and a
 * draw, stays in its cell, and the pixels come back. Here it is affine, v = A ε + b, of two values.
 */
#include "fixture.h"
#include "layers/conditioner.h"

enum { BINS = 3, D = 2 };

static nf_flow *pixels(unsigned bins, uint64_t seed, double moved) {
  nf_error e = {0};
  const nf_shape shape = nf_point(D);
  nf_bijector *noise = nf_affine_new(shape, &e);
  nf_flow *f = moved_flow(nf_variational_dequantise_new(shape, bins, seed, noise, &e), moved);
  check_no_error(&e);
  return f;
}

/* The same noise for a sample alone, another for another seed or draw. */
static void noise_belongs_to_sample_seed_and_draw(void **state) {
  (void)state;
  enum { N = 64 };
  double x[N * D] = {0}, z[N * D], again[N * D], alone[D];
  nf_batch batch = {.n = N, .shape = nf_point(D), .data = x};
  for (uint64_t seed = 1; seed <= 2; seed++) {
    nf_flow *f = pixels(BINS, seed, 0.5);
    for (batch.draw = 0; batch.draw < 2; batch.draw++) {
      const bool first = seed == 1 && batch.draw == 0;
      check_ok(nf_flow_forward_batch(f, &batch, first ? z : again, NULL, NULL));
      for (size_t i = 0; !first && i < N * D; i++) assert_true(z[i] != again[i]);
    }
    const nf_batch last = {.n = 1, .shape = batch.shape, .data = x, .first = N - 1, .draw = 1};
    check_ok(nf_flow_forward_batch(f, &last, alone, NULL, NULL));
    assert_true(bits_equal(D, alone, again + (N - 1) * D));
    nf_flow_free(f);
  }
  for (size_t i = 0; i < N * D; i++)
    for (size_t k = 0; k < i; k++) assert_true(z[i] != z[k]);
}

/* v of ±60, whose 1/(1 + e^-v) is 1 or nearly 0: z stays in the cell. An edge itself is in the cell
 * on its right, 1 in the last, and has a finite log-det. */
static void pixels_come_back_from_the_edges_of_their_cells(void **state) {
  (void)state;
  nf_flow *f = pixels(BINS, SEED, 0);
  nf_tensor *bias = &f->bijector->child[0]->tensor[1];
  double z[D], back[D], log_det;
  for (int sign = -1; sign <= 1; sign += 2) {
    for (size_t c = 0; c < D; c++) bias->data[c] = sign * 60;
    for (int k = 0; k < BINS; k++) {
      const double x[D] = {k, BINS - 1 - k};
      check_ok(nf_flow_forward(f, 1, x, z, NULL, NULL));
      check_close("where in its cell", z[0] * BINS - k, sign > 0, 1e-14, 0);
      check_ok(nf_flow_inverse(f, 1, z, back, &log_det, NULL));
      assert_true(z[0] > 0 && z[0] < 1 && bits_equal(D, x, back));
    }
  }
  for (int k = 0; k <= BINS; k++) {
    z[0] = (double)k / BINS, z[1] = 0.5;
    check_ok(nf_flow_inverse(f, 1, z, back, &log_det, NULL));
    assert_true(isfinite(log_det) && back[0] == (k < BINS ? k : BINS - 1));
  }
  nf_flow_free(f);
}

/* Backward finds them from z and the v that forward saved, both of which are rounded. */
static void backward_gives_the_pixels(void **state) {
  (void)state;
  enum { N = 500 };
  double x[N * D], z[N * D], dz[N * D] = {0}, log_det[N] = {0}, dparam[D * D + D] = {0};
  nf_flow *f = pixels(256, SEED, 0.5);
  nf_activations saved = {0};
  nf_work work = {.activations = &saved};
  for (size_t i = 0; i < N * D; i++) x[i] = z[i] = (double)(i * 37 % 256);
  nf_batch batch = nf_flow_batch(f, N, z), gradient = nf_flow_batch(f, N, dz);
  check_ok(nf_layer_forward(f->bijector, &batch, log_det, &work));
  check_ok(nf_layer_backward(f->bijector, &batch, &gradient, log_det, dparam, &work));
  assert_true(bits_equal(N * D, x, z));
  assert_null(saved.top);
  nf_work_free(&work);
  nf_activations_free(&saved);
  nf_flow_free(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(noise_belongs_to_sample_seed_and_draw),
      cmocka_unit_test(pixels_come_back_from_the_edges_of_their_cells),
      cmocka_unit_test(backward_gives_the_pixels),
  };
  return cmocka_run_group_tests_name("variational pixels", tests, NULL, NULL);
}
