/* The comparison that all other tests rest on, tested from both sides of its tolerance; and
 * that a failed check fails its cmocka test. For the latter a child process runs a group of one
 * test, silently, and returns how many of its tests failed. */
#include "check.h"

#include <math.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static void values_at_the_tolerance_are_close(void **state) {
  (void)state;
  assert_true(check_is_close(1.5, 1.25, 0.25, 0)); /* all exact in binary */
  assert_true(check_is_close(1.0, 1.25, 0.25, 0));
  assert_true(check_is_close(2.5, 2, 0, 0.25));
  assert_true(check_is_close(-1.5, -2, 0, 0.25));
  assert_true(check_is_close(3, 2, 0.5, 0.25)); /* the two tolerances add */
  assert_true(check_is_close(7, 7, 0, 0));
  assert_true(check_is_close(-0.0, 0.0, 0, 0));
}

static void values_beyond_the_tolerance_are_not_close(void **state) {
  (void)state;
  assert_false(check_is_close(nextafter(1.5, 2), 1.25, 0.25, 0));
  assert_false(check_is_close(nextafter(1.0, 0), 1.25, 0.25, 0));
  assert_false(check_is_close(nextafter(2.5, 3), 2, 0, 0.25));
  assert_false(check_is_close(nextafter(-1.5, 0), -2, 0, 0.25));
  assert_false(check_is_close(nextafter(3, 4), 2, 0.5, 0.25));
  assert_false(check_is_close(nextafter(7, 8), 7, 0, 0));
  assert_false(check_is_close(1, 1 + 1e-12, 1e-13, 0)); /* equal as floats */
}

static void only_finite_values_are_close(void **state) {
  (void)state;
  const double bad[] = {NAN, INFINITY, -INFINITY};
  for (int i = 0; i < 3; i++) {
    assert_false(check_is_close(bad[i], 1, 1e300, 1));
    assert_false(check_is_close(1, bad[i], 1e300, 1));
    for (int j = 0; j < 3; j++) assert_false(check_is_close(bad[i], bad[j], 1e300, 1));
    assert_false(check_is_close(1, 1, bad[i], 0));
    assert_false(check_is_close(1, 1, 0, bad[i]));
  }
  assert_false(check_is_close(1, 1, -1, 0));
  assert_false(check_is_close(1e308, -1e308, 1e308, 0)); /* the difference overflows */
}

/* --- do the checks fail their test? --------------------------------------------------------- */
static void fails_close(void **state) { check_close("x", *(double *)*state, 1, 0.5, 0); }
static void fails_array(void **state) {
  const double a[] = {1, 2, *(double *)*state}, b[] = {1, 2, 1};
  check_array("x", a, b, 3, 0.5, 0);
}
static void fails_error(void **state) { check_error("x", *(double *)*state - 1, 0.5); }
static void fails_status(void **state) { check_ok(*(double *)*state == 1 ? NF_OK : NF_EDOM); }
static void fails_no_error(void **state) {
  nf_error e = {0};
  if (*(double *)*state != 1) nf_fail(&e, NF_EDOM, "some");
  check_no_error(&e);
}
static void fails_message(void **state) {
  nf_error e = {0};
  nf_fail(&e, NF_EDOM, *(double *)*state == 1 ? "row 1, column 2" : "column 2, row 1");
  check_failed(&e, NF_EDOM, "row|column");
}

/* 1 when the check fails for x, 0 when it holds; it does not crash. */
static int outcome(CMUnitTestFunction check, double x) {
  fflush(NULL);
  const pid_t child = fork();
  if (child == 0) {
    if (freopen("/dev/null", "w", stdout) == NULL || freopen("/dev/null", "w", stderr) == NULL)
      _exit(9);
    const struct CMUnitTest test[] = {{"inner", check, NULL, NULL, &x}};
    _exit(cmocka_run_group_tests(test, NULL, NULL));
  }
  int status = 0;
  assert_true(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status));
  return WEXITSTATUS(status);
}

static void a_failed_check_fails_its_test(void **state) {
  (void)state;
  const CMUnitTestFunction check[] = {fails_close,  fails_array,    fails_error,
                                      fails_status, fails_no_error, fails_message};
  for (size_t i = 0; i < sizeof check / sizeof *check; i++) {
    assert_int_equal(outcome(check[i], 1), 0);
    assert_int_equal(outcome(check[i], 1.75), 1);
    assert_int_equal(outcome(check[i], 0.25), 1); /* for check_error: an error below zero */
    assert_int_equal(outcome(check[i], NAN), 1);
    assert_int_equal(outcome(check[i], INFINITY), 1);
    assert_int_equal(outcome(check[i], -INFINITY), 1);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_at_the_tolerance_are_close),
      cmocka_unit_test(values_beyond_the_tolerance_are_not_close),
      cmocka_unit_test(only_finite_values_are_close),
      cmocka_unit_test(a_failed_check_fails_its_test),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
