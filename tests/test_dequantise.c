/* The uniform noise of dequantisation: z = (x + u)/256 with u in (0, 1), its moments, and that it
 * belongs to a sample, a seed and a draw. */
#include <math.h>
#include <string.h>

#include "check.h"
#include "flow/flow.h"

static nf_flow *dequantise(size_t d, uint64_t seed) {
  nf_error e = {0};
  nf_flow *f = nf_flow_new(nf_dequantise_new(nf_point(d), 256, seed, &e), 1, &e);
  check_no_error(&e);
  return f;
}

static void dequantise_stays_in_its_cell_and_its_noise_belongs_to_the_sample(void **state) {
  (void)state;
  enum { D = 8, N = 64 };
  nf_flow *a = dequantise(D, 5), *b = dequantise(D, 6);
  double x[N * D], z[N * D], again[N * D], log_det[N], mean = 0, square = 0;
  for (int k = 0; k < N * D; k++) x[k] = k % 2 ? 255 : k % 256;
  nf_batch batch = {.n = N, .shape = nf_point(D), .data = x};
  check_ok(nf_flow_forward_batch(a, &batch, z, log_det, NULL));
  for (int k = 0; k < N * D; k++) {
    assert_true(x[k] / 256 < z[k] && z[k] < (x[k] + 1) / 256);
    const double u = 256 * z[k] - x[k];
    mean += u / (N * D);
    square += u * u / (N * D);
  }
  check_close("mean of u", mean, 0.5, 5 / sqrt(12.0 * N * D), 0);
  check_close("mean of u²", square, 1.0 / 3, 5 * sqrt(4.0 / 45 / (N * D)), 0);
  for (int i = 0; i < N; i++) check_close("log_det", log_det[i], -D * log(256), 0, 1e-15);

  const nf_batch last = {
      .n = 1, .shape = nf_point(D), .data = x + (N - 1) * D, .first = N - 1}; /* sample 63 alone */
  check_ok(nf_flow_forward_batch(a, &last, again, NULL, NULL));
  assert_memory_equal(again, z + (N - 1) * D, D * sizeof *z);
  check_ok(nf_flow_forward_batch(b, &batch, again, NULL, NULL)); /* another seed */
  assert_memory_not_equal(again, z, sizeof z);
  batch.draw = 1; /* another draw */
  check_ok(nf_flow_forward_batch(a, &batch, again, NULL, NULL));
  assert_memory_not_equal(again, z, sizeof z);
  nf_flow_free(a), nf_flow_free(b);
}

/* Also where they do not fill the last group of four random numbers. */
static void samples_do_not_share_their_noise(void **state) {
  (void)state;
  enum { MOST = 9, N = 40 };
  for (size_t d = 1; d <= MOST; d++) {
    nf_flow *a = dequantise(d, 5);
    double x[N * MOST] = {0}, z[N * MOST];
    nf_batch batch = {.n = N, .shape = nf_point(d), .data = x, .first = 7, .draw = 3};
    check_ok(nf_flow_forward_batch(a, &batch, z, NULL, NULL));
    size_t alike = 0; /* of 360 values with 15 bits there are 2 pairs by chance */
    for (size_t i = 0; i < N * d; i++)
      for (size_t k = 0; k < i; k++) alike += z[i] == z[k];
    assert_in_range(alike, 0, 12);
    nf_flow_free(a);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(dequantise_stays_in_its_cell_and_its_noise_belongs_to_the_sample),
      cmocka_unit_test(samples_do_not_share_their_noise),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
