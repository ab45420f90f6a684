/* The running error bounds of chapters/chapter_rounding.h, on 1000 random points in both formats,
 * against MPFR at 200 bits:
 *
 *   |computed - exact| ≤ bound          and the bound is no more than ten times the largest error
 *
 * of log p = -(log 2π + (y₁² + y₂²)/2) + s + log(y₁² + 1),  y = (x₁, x₂·exp s + t), s = x₁/3,
 * t = x₁/7: all the operations that there are. Every operation is also tested alone, so that each
 * term of its bound is needed. */
#include "../chapters/chapter_rounding.h"

#include <math.h>
#include <mpfr.h>

#include "check.h"

enum { POINTS = 1000, BITS = 200, SEED = 20 };

static rounded with_bounds(double u, double p1, double p2) {
  const rounded x1 = rounded_ratio(u, p1, 100), x2 = rounded_ratio(u, p2, 100);
  const rounded s = rounded_mul(rounded_ratio(u, 1, 3), x1);
  const rounded t = rounded_mul(rounded_ratio(u, 1, 7), x1);
  const rounded y2 = rounded_add(rounded_mul(x2, rounded_exp(s)), t), square = rounded_mul(x1, x1);
  const rounded norm_sq = rounded_add(square, rounded_mul(y2, y2));
  const rounded log_det = rounded_add(s, rounded_log(rounded_add(square, rounded_ratio(u, 1, 1))));
  return rounded_sub(log_det, rounded_add(rounded_log_2pi(u), rounded_half(norm_sq)));
}

/* computed - exact */
static double error_of(rounded r, double p1, double p2) {
  mpfr_t x1, x2, s, y2, sum, v;
  mpfr_inits2(BITS, x1, x2, s, y2, sum, v, (mpfr_ptr)0);
  mpfr_set_d(x1, p1, MPFR_RNDN);
  mpfr_div_ui(x1, x1, 100, MPFR_RNDN);
  mpfr_set_d(x2, p2, MPFR_RNDN);
  mpfr_div_ui(x2, x2, 100, MPFR_RNDN);
  mpfr_div_ui(s, x1, 3, MPFR_RNDN);
  mpfr_exp(y2, s, MPFR_RNDN);
  mpfr_mul(y2, y2, x2, MPFR_RNDN);
  mpfr_div_ui(v, x1, 7, MPFR_RNDN);
  mpfr_add(y2, y2, v, MPFR_RNDN);
  mpfr_sqr(y2, y2, MPFR_RNDN);
  mpfr_sqr(v, x1, MPFR_RNDN);
  mpfr_add(y2, y2, v, MPFR_RNDN); /* ‖y‖² */
  mpfr_log1p(sum, v, MPFR_RNDN);
  mpfr_add(sum, sum, s, MPFR_RNDN);
  mpfr_const_pi(v, MPFR_RNDN);
  mpfr_mul_ui(v, v, 2, MPFR_RNDN);
  mpfr_log(v, v, MPFR_RNDN);
  mpfr_sub(sum, sum, v, MPFR_RNDN);
  mpfr_div_ui(y2, y2, 2, MPFR_RNDN);
  mpfr_sub(sum, sum, y2, MPFR_RNDN);
  mpfr_d_sub(sum, r.value, sum, MPFR_RNDN);
  const double error = mpfr_get_d(sum, MPFR_RNDN);
  mpfr_clears(x1, x2, s, y2, sum, v, (mpfr_ptr)0);
  return error;
}

static double random_integer(uint64_t stream, uint64_t index, double range) {
  return floor(range * (2 * nf_random_uniform(SEED, stream, index) - 1));
}

static void check_format(double u) {
  double largest = 0;
  for (uint64_t i = 0; i < POINTS; i++) {
    const double p1 = random_integer(0, i, 400), p2 = random_integer(1, i, 400);
    const rounded r = with_bounds(u, p1, p2);
    const double error = fabs(error_of(r, p1, p2));
    check_error("rounding error", error, r.bound);
    assert_true(r.value == (u == UNIT_FLOAT ? (double)(float)r.value : r.value));
    largest = fmax(largest, error / r.bound);
  }
  print_message("largest error/bound of %d points, u = %g: %.3f\n", POINTS, u, largest);
  assert_true(largest > 0.1);
}
static void errors_of_log_p_are_at_most_the_bounds(void **state) {
  (void)state;
  check_format(UNIT_DOUBLE);
  check_format(UNIT_FLOAT);
}

/* --- one operation: the error of operands and that of the rounding ---------------------------- */

/* x̂ and x with |x̂ - x| = bound exactly, in float: a double holds exact results well enough. */
static rounded inexact(double value, double bound) { return (rounded){value, bound, UNIT_FLOAT}; }

/* The bound is reached, but for a factor. */
static void check_operation(const char *name, rounded r, double exact, double factor) {
  check_error(name, fabs(r.value - exact), r.bound);
  check_error(name, r.bound, factor * fabs(r.value - exact));
}

static void operands_bring_their_errors(void **state) {
  (void)state;
  const double e = 0x1p-10;
  const rounded a = inexact(3, e), b = inexact(5, 2 * e);
  check_operation("sum", rounded_add(a, b), 8 - 3 * e, 1.01);
  check_operation("difference", rounded_sub(a, b), -2 - 3 * e, 1.01);
  check_operation("product", rounded_mul(a, b), (3 + e) * (5 + 2 * e), 1.01);
  check_operation("half", rounded_half(a), (3 + e) / 2, 1.01);
  check_operation("exp", rounded_exp(a), exp(3 + e), 1.01);
  check_operation("log", rounded_log(a), log(3 - e), 1.01);
}

static void results_are_rounded(void **state) {
  (void)state;
  const double ulp = 0x1p-23;
  const rounded one_ulp = inexact(1 + ulp, 0), tiny = inexact(0x1p-24, 0);
  check_operation("sum", rounded_add(one_ulp, tiny), 1 + 1.5 * ulp, 3);
  check_operation("product", rounded_mul(one_ulp, inexact(1.5, 0)), 1.5 + 1.5 * ulp, 3);
  check_operation("ratio", rounded_ratio(UNIT_FLOAT, 16777217, 16777216), 1 + ulp / 2, 3);
  assert_true(rounded_ratio(UNIT_FLOAT, 3, 8).bound == 0);
  for (int k = -40; k < 40; k++) {
    const rounded x = rounded_ratio(UNIT_FLOAT, k, 16), e = rounded_exp(x);
    check_error("exp", fabs(e.value - exp(x.value)), e.bound);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(errors_of_log_p_are_at_most_the_bounds),
                                     cmocka_unit_test(operands_bring_their_errors),
                                     cmocka_unit_test(results_are_rounded)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
