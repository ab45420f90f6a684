/* Training without stored activations stands on an inverse that stays exact at any depth. While no
 * layer stretches much, the rounding errors of K steps add up like a random walk:
 *
 *   error ≤ 50·√K·ε        weights of 0.2, K = 4 … 128, in double and in float
 *
 * Measured: 4 … 17 √K·ε. It is a law of these weights, not of all: weights three times as large
 * stretch the inverse a little at every step, and it explodes (Behrmann et al. 2021). */
#include "depth.h"

#include <float.h>

#include "check.h"

static const char *program; /* argv[0] */

static depth_error measure(bool in_float, size_t steps, double amount) {
  return in_float ? depth_measure_in_float(program, steps, amount) : depth_measure(steps, amount);
}

static void check_growth(bool in_float) {
  const double epsilon = in_float ? FLT_EPSILON : DBL_EPSILON;
  for (size_t k = 4; k <= 128; k *= 2) {
    const depth_error e = measure(in_float, k, DEPTH_AMOUNT);
    print_message("K = %3zu: inverse %5.1f ε, backward %5.1f ε\n", k, e.inverse / epsilon,
                  e.backward / epsilon);
    check_error("inverse", e.inverse, depth_bound(k, epsilon));
    check_error("backward", e.backward, depth_bound(k, epsilon));
    assert_true(e.inverse > epsilon && e.backward > epsilon); /* this precision was measured */
  }
}

static void inverse_errors_grow_like_a_random_walk_in_double(void **state) {
  (void)state;
  check_growth(false);
}
static void inverse_errors_grow_like_a_random_walk_in_float(void **state) {
  (void)state;
  check_growth(true);
}

/* They overflow, or miss the bound by far. */
static void with_large_weights_the_inverse_explodes(void **state) {
  (void)state;
  for (int in_float = 0; in_float <= 1; in_float++) {
    const double far = 100 * depth_bound(32, in_float ? FLT_EPSILON : DBL_EPSILON);
    const depth_error e = measure(in_float, 32, 3 * DEPTH_AMOUNT);
    assert_false(e.inverse < far || e.backward < far);
  }
}

int main(int argc, char **argv) {
  (void)argc;
  program = argv[0];
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(inverse_errors_grow_like_a_random_walk_in_double),
      cmocka_unit_test(inverse_errors_grow_like_a_random_walk_in_float),
      cmocka_unit_test(with_large_weights_the_inverse_explodes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
