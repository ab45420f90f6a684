/* The library's log-probabilities of whole flows, d = 8, K = 1 … 16 couplings with an MLP, against
 * balls that contain the exact ones (proofs/ball_flow.h): for all of 1000 inputs
 *
 *   |log p̂ - log p| ≤ 8·√K·u·|log p|        u = 2⁻⁵³ in double, 2⁻²⁴ in float
 *
 * Measured: at most 2.5·√K·u·|log p|. The balls come from another implementation, which reads the
 * weights alone; a library or an implementation that is wrong in a sign or in γ is far beyond the
 * bound. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../proofs/ball_flow.h"
#include "../proofs/deep.h"
#include "check.h"

enum { DEPTHS = 5, COUPLINGS = 1 << (DEPTHS - 1), PREC = 256 };
#define UNIT_DOUBLE 0x1p-53
#define UNIT_FLOAT  0x1p-24

static const char *program; /* argv[0] */
static double *weights;
static size_t n_weight;

/* For all inputs and depths; the caller clears them. */
static arb_ptr enclose(const double *param, slong prec) {
  arb_ptr log_p = _arb_vec_init(DEPTHS * DEEP_INPUTS);
  ball_deep_log_prob(COUPLINGS, param, log_p, prec);
  return log_p;
}
static void clear(arb_ptr log_p) { _arb_vec_clear(log_p, DEPTHS * DEEP_INPUTS); }

static const double *library(bool in_float, size_t couplings) {
  static double log_p[DEEP_INPUTS];
  const int failed = in_float ? deep_log_prob_in_float(program, couplings, log_p)
                              : deep_log_prob(couplings, log_p);
  assert_int_equal(failed, 0);
  return log_p;
}

/* How many of the inputs have a larger error than 8√K·u·|log p|, and the largest error over
 * √K·u|log p|. */
static size_t beyond(bool in_float, int depth, arb_srcptr exact, double *largest) {
  const size_t couplings = (size_t)1 << depth;
  const double *log_p = library(in_float, couplings), u = in_float ? UNIT_FLOAT : UNIT_DOUBLE;
  size_t count = 0;
  *largest = 0;
  for (size_t i = 0; i < DEEP_INPUTS; i++) {
    const double error = ball_relative_error(log_p[i], exact + (size_t)depth * DEEP_INPUTS + i) /
                         (sqrt((double)couplings) * u);
    count += !(error <= 8);
    if (!(error <= *largest)) *largest = error;
  }
  return count;
}

static void more_bits_give_balls_inside(void **state) {
  (void)state;
  arb_ptr wide = enclose(weights, 64), narrow = enclose(weights, PREC);
  for (size_t i = 0; i < DEPTHS * DEEP_INPUTS; i++) {
    assert_true(arb_contains(wide + i, narrow + i));
    assert_true(arb_rel_accuracy_bits(wide + i) > 10);
    assert_true(arb_rel_accuracy_bits(narrow + i) > 180); /* 54 digits */
  }
  clear(wide);
  clear(narrow);
}

/* A ball of inputs contains log p of every input inside. */
static void wide_inputs_give_balls_around(void **state) {
  (void)state;
  const ball_flow f = {DEEP_D, DEEP_WIDTH, COUPLINGS, _arb_vec_init((slong)n_weight)};
  for (size_t i = 0; i < n_weight; i++) arb_set_d((arb_ptr)f.param + i, weights[i]);
  static double x[DEEP_INPUTS * DEEP_D];
  deep_inputs(x);
  arb_ptr z = _arb_vec_init(DEEP_D), exact = enclose(weights, PREC);
  for (size_t i = 0; i < 100; i++) {
    arb_t log_det, log_p;
    arb_init(log_det);
    arb_init(log_p);
    for (size_t j = 0; j < DEEP_D; j++) {
      arb_set_d(z + j, x[i * DEEP_D + j] + 0x1p-30 * (j % 3 == 0 ? 1 : -1));
      mag_set_ui_2exp_si(arb_radref(z + j), 1, -30);
    }
    for (size_t k = 0; k < COUPLINGS; k++) ball_flow_layer(&f, k, z, log_det, PREC);
    ball_log_prob(DEEP_D, z, log_det, log_p, PREC);
    assert_true(arb_contains(log_p, exact + (DEPTHS - 1) * DEEP_INPUTS + i));
    arb_clear(log_det);
    arb_clear(log_p);
  }
  clear(exact);
  _arb_vec_clear(z, DEEP_D);
  _arb_vec_clear((arb_ptr)f.param, (slong)n_weight);
}

static void check_errors(bool in_float) {
  arb_ptr exact = enclose(weights, PREC);
  for (int depth = 0; depth < DEPTHS; depth++) {
    double largest;
    const size_t count = beyond(in_float, depth, exact, &largest);
    print_message("K = %2d: largest error %.2f √K·u·|log p|\n", 1 << depth, largest);
    assert_int_equal(count, 0);
    assert_true(largest > 0.1); /* this precision was measured */
  }
  clear(exact);
}
static void errors_in_double_are_at_most_the_bound(void **state) {
  (void)state;
  check_errors(false);
}
static void errors_in_float_are_at_most_the_bound(void **state) {
  (void)state;
  check_errors(true);
}

/* With one weight of the balls changed by this factor, most inputs of 4 couplings are beyond. */
static void check_change(size_t index, double factor, bool in_float) {
  double largest;
  weights[index] *= factor;
  arb_ptr changed = enclose(weights, PREC);
  weights[index] /= factor;
  assert_true(beyond(in_float, 2, changed, &largest) > 3 * DEEP_INPUTS / 4);
  clear(changed);
}
static void a_wrong_weight_is_far_beyond_the_bound(void **state) {
  (void)state;
  const size_t gamma_3 = 2 * (n_weight / COUPLINGS), last_bias = 4 * (n_weight / COUPLINGS) - 1;
  check_change(gamma_3, 1 + 0x1p-36, false);
  check_change(last_bias, 1 + 0x1p-36, false);
  check_change(gamma_3, -1, true);
  check_change(last_bias, -1, true);
}

int main(int argc, char **argv) {
  (void)argc;
  program = argv[0];
  nf_error e = {0};
  nf_flow *f = deep_flow(COUPLINGS, &e);
  if (f == NULL) return 1;
  n_weight = nf_flow_n_param(f);
  weights = malloc(n_weight * sizeof *weights);
  if (weights == NULL) return 1;
  memcpy(weights, nf_flow_param(f), n_weight * sizeof *weights);
  nf_flow_free(f);
  const struct CMUnitTest tests[] = {cmocka_unit_test(more_bits_give_balls_inside),
                                     cmocka_unit_test(wide_inputs_give_balls_around),
                                     cmocka_unit_test(errors_in_double_are_at_most_the_bound),
                                     cmocka_unit_test(errors_in_float_are_at_most_the_bound),
                                     cmocka_unit_test(a_wrong_weight_is_far_beyond_the_bound)};
  const int failed = cmocka_run_group_tests(tests, NULL, NULL);
  free(weights);
  flint_cleanup();
  return failed;
}
