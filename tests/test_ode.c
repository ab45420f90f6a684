/* The adaptive solver (verify/ode.h) on y' = y cos t, y₂' = -y₂², whose solutions are y = e^(sin t)
 * and y₂ = 1/(1 + t): its error follows the tolerance, in both directions of time. */
#include <math.h>

#include "check.h"
#include "verify/ode.h"

static size_t calls;

static void derivative(void *user, double t, const double *y, double *dy) {
  (void)user;
  calls++;
  dy[0] = y[0] * cos(t);
  dy[1] = -y[1] * y[1];
}

static double solved(double from, double to, double tolerance) {
  double y[2] = {exp(sin(from)), 1 / (1 + from)};
  size_t evaluations = 1000;
  calls = 0;
  check_ok(nf_verify_ode(derivative, NULL, 2, from, to, tolerance, y, &evaluations));
  assert_int_equal(evaluations, 1000 + calls); /* it is added to */
  return fmax(fabs(y[0] - exp(sin(to))), fabs(y[1] - 1 / (1 + to)));
}

static void the_error_follows_the_tolerance(void **state) {
  (void)state;
  size_t before = 0;
  for (double tolerance = 1e-4; tolerance > 1e-12; tolerance /= 100) {
    const double there = solved(0, 7, tolerance), back = solved(7, 0, tolerance);
    check_error("forward in time", there, 20 * tolerance);
    check_error("backward in time", back, 100 * tolerance); /* y₂ grows eightfold */
    assert_true(there > tolerance / 1000); /* and is not bought with steps that are too many */
    /* a hundredth of the error takes 100^(1/5) = 2.5 times as many steps */
    if (before > 0) check_close("evaluations", (double)calls / (double)before, 2.5, 0.7, 0);
    before = calls;
  }
}

static void undefined(void *user, double t, const double *y, double *dy) {
  (void)user, (void)y;
  dy[0] = t > 0.5 ? NAN : 1;
}

static void explodes(void *user, double t, const double *y, double *dy) {
  (void)user, (void)t;
  dy[0] = y[0] * y[0]; /* from 1 infinite at t = 1 */
}

static void what_has_no_solution_is_an_error(void **state) {
  (void)state;
  double y = 0;
  check_status(nf_verify_ode(undefined, NULL, 1, 0, 1, 1e-6, &y, NULL), NF_ENONFINITE);
  y = 1;
  assert_true(nf_verify_ode(explodes, NULL, 1, 0, 2, 1e-6, &y, NULL) != NF_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_error_follows_the_tolerance),
      cmocka_unit_test(what_has_no_solution_is_an_error),
  };
  return cmocka_run_group_tests_name("ode", tests, NULL, NULL);
}
