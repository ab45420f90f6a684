/* Random numbers: the bits are those of the published generator, each is a function of its seed,
 * stream and index alone, and what is made of them has the distribution it should. Compiled twice,
 * as test_random and as float_random (tests/rules.mk): many normal numbers at once are computed in
 * the precision of the build. */
#include <math.h>
#include <string.h>

#include "check.h"
#include "core/real.h"

/* Known answers of Philox4x32-10 (Random123, kat_vectors): counter and key all 0, all 1, and
 * digits of π. The first two words of the answer are the bits, the last two the normal's angle. */
static void random_bits_are_philox(void **state) {
  (void)state;
  assert_true(nf_random_bits(0, 0, 0) == 0xe169c58d6627e8d5);
  assert_true(nf_random_bits(UINT64_MAX, UINT64_MAX, UINT64_MAX) == 0x41c83b0e408f276d);
  assert_true(nf_random_bits(0x299f31d0a4093822, 0x0370734413198a2e, 0x85a308d3243f6a88) ==
              0x94fdccebd16cfe09);
  const double radius = ((double)(0xe169c58d6627e8d5 >> 12) + 0.5) * 0x1p-52;
  const double angle = ((double)(0x9b00dbd8bc57ac4c >> 12) + 0.5) * 0x1p-52;
  check_close("uniform", nf_random_uniform(0, 0, 0), radius, 0, 1e-16);
  check_close("normal", nf_random_normal(0, 0, 0),
              sqrt(-2 * log(radius)) * cos(2 * 3.14159265358979323846 * angle), 0, 1e-14);
}

static void random_is_a_function_of_seed_stream_and_index(void **state) {
  (void)state;
  double forwards[100];
  for (size_t i = 0; i < 100; i++) forwards[i] = nf_random_normal(5, 6, i);
  for (size_t i = 100; i-- > 0;) assert_true(nf_random_normal(5, 6, i) == forwards[i]);
  nf_random r = {5, 6, 0};
  for (size_t i = 0; i < 100; i++) assert_true(nf_random_next_normal(&r) == forwards[i]);
  const uint64_t here = nf_random_bits(5, 6, 7), high = (uint64_t)1 << 32;
  assert_true(here != nf_random_bits(6, 6, 7) && here != nf_random_bits(5 + high, 6, 7));
  assert_true(here != nf_random_bits(5, 7, 7) && here != nf_random_bits(5, 6 + high, 7));
  assert_true(here != nf_random_bits(5, 6, 8) && here != nf_random_bits(5, 6, 7 + high));
}

/* Seeds are fixed, so these can only fail when the code changes; 5σ is a false alarm in 10⁶. */
enum { DRAWS = 1000000, CELLS = 64 };

static void uniform_is_uniform_inside_its_interval(void **state) {
  (void)state;
  double count[CELLS] = {0}, chi_squared = 0;
  for (uint64_t i = 0; i < DRAWS; i++) {
    const double u = nf_random_uniform(1, 2, i);
    assert_true(u > 0 && u < 1);
    count[(int)(u * CELLS)]++;
  }
  const double expected = (double)DRAWS / CELLS;
  for (int k = 0; k < CELLS; k++) chi_squared += (count[k] - expected) * (count[k] - expected);
  check_close("χ²", chi_squared / expected, CELLS - 1, 5 * sqrt(2.0 * (CELLS - 1)), 0);
}

static void normal_has_the_moments_of_n01(void **state) {
  (void)state;
  double m[9] = {0};
  for (uint64_t i = 0; i < DRAWS; i++) {
    const double x = nf_random_normal(1, 2, i);
    assert_true(fabs(x) < 8.6);
    for (int k = 1; k <= 4; k++) m[k] += pow(x, k) / DRAWS;
    m[5] += x * nf_random_normal(1, 2, i + 1) / DRAWS; /* neighbours are independent */
  }
  const double sigma = 1 / sqrt(DRAWS); /* Var x^k = 1, 2, 15, 96 */
  check_close("mean", m[1], 0, 5 * sigma, 0);
  check_close("variance", m[2], 1, 5 * sqrt(2) * sigma, 0);
  check_close("third moment", m[3], 0, 5 * sqrt(15) * sigma, 0);
  check_close("fourth moment", m[4], 3, 5 * sqrt(96) * sigma, 0);
  check_close("correlation", m[5], 0, 5 * sigma, 0);
}

/* n·d at once are those one by one: in double the same, in float to 4 ε, also close to 0 and far
 * out, where 1 - u and u have few bits. */
static void check_normals(uint64_t stream, uint64_t index, size_t n, size_t d) {
  enum { MOST = 5000 };
  nf_real x[MOST + 1];
  for (size_t i = 0; i <= MOST; i++) x[i] = 42;
  nf_random_normals(9, stream, index, n, d, x);
  for (size_t i = 0; i < n * d; i++) {
    const double one = nf_random_normal(9, stream + i / d, index + i % d);
    const double tolerance =
        sizeof x[0] == sizeof one ? 0 : 4 * NF_REAL_EPSILON * fmax(1, fabs(one));
    check_close("normal", (double)x[i], one, tolerance, 0);
  }
  for (size_t i = n * d; i <= MOST; i++) assert_true(x[i] == 42);
}

static void normals_at_once_are_those_one_by_one(void **state) {
  (void)state;
  const size_t shape[][2] = {{0, 3}, {3, 0}, {1, 1}, {5, 3}, {1, 63}, {64, 1}, {65, 1}, {7, 71}};
  for (size_t i = 0; i < sizeof shape / sizeof *shape; i++)
    check_normals(11, 0, shape[i][0], shape[i][1]);
  for (size_t k = 0; k < DRAWS / 5000; k++) check_normals(50 * k, 0, 50, 100);
  check_normals(UINT32_MAX - 2, UINT32_MAX - 2, 6, 6);
  check_normals(UINT64_MAX - 2, UINT64_MAX - 5, 3, 6);
}

static void permutations_are_uniform(void **state) {
  (void)state;
  size_t out[20];
  nf_random r = {3, 0, 0};
  for (size_t n = 1; n <= 20; n++) {
    unsigned seen = 0;
    nf_random_permutation(&r, n, out);
    for (size_t i = 0; i < n; i++) seen |= 1u << out[i];
    assert_int_equal(seen, (1u << n) - 1);
  }
  double count[9] = {0};
  for (int i = 0; i < 60000; i++) {
    nf_random_permutation(&r, 3, out);
    count[3 * out[0] + out[1]]++;
  }
  const int possible[] = {1, 2, 3, 5, 6, 7};
  for (int k = 0; k < 6; k++)
    check_close("permutation", count[possible[k]], 10000, 5 * sqrt(60000.0 * 5 / 36), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(random_bits_are_philox),
      cmocka_unit_test(random_is_a_function_of_seed_stream_and_index),
      cmocka_unit_test(uniform_is_uniform_inside_its_interval),
      cmocka_unit_test(normal_has_the_moments_of_n01),
      cmocka_unit_test(normals_at_once_are_those_one_by_one),
      cmocka_unit_test(permutations_are_uniform),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
