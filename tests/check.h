/* The comparison of the tests, and cmocka with all it must be preceded by. cmocka's own float
 * assertions cast to float and pass on NaN, so nothing here uses them:
 *
 *   a is close to b   ⇔   a and b finite,  |a - b| ≤ atol + rtol·|b|          b: the reference
 *
 * A failing check prints its name, both values, the difference and the tolerance, and fails
 * the running test. */
#ifndef NF_TESTS_CHECK_H
#define NF_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h> /* needs all of the above */

#include "nf/core.h"

/* The comparison alone; false too when a tolerance is negative or not finite. */
bool check_is_close(double a, double b, double atol, double rtol);

/* The comparison as a check. name is what a is, for the message of a failure. */
#define check_close(name, a, b, atol, rtol) \
  check_close_at(name, a, b, atol, rtol, __FILE__, __LINE__)

/* n values of one array against another; a failure names the first index that differs. */
#define check_array(name, a, b, n, atol, rtol) \
  check_array_at(name, a, b, n, atol, rtol, __FILE__, __LINE__)

/* 0 ≤ error ≤ tolerance, for the error numbers of src/verify; NaN fails. */
#define check_error(name, error, tolerance) \
  check_error_at(name, error, tolerance, __FILE__, __LINE__)

/* A library call that must return `expected`, an nf_status. */
#define check_status(call, expected) check_status_at(#call, call, expected, __FILE__, __LINE__)
#define check_ok(call)               check_status(call, NF_OK)

/* No call has set *e. */
#define check_no_error(e) check_no_error_at(e, __FILE__, __LINE__)
/* *e has this status and a message of one line, which holds the words given, in their order, with
 * '|' between; after the check *e is {0} again. */
#define check_failed(e, status, words) check_failed_at(e, status, words, __FILE__, __LINE__)

/* Skips a test where qemu runs the programs (tests/arm64.sh): a child of fork() that starts a
 * thread ends in qemu 7.2 by an assertion of qemu's own. */
void check_not_emulated(void);

void check_close_at(const char *name, double a, double b, double atol, double rtol,
                    const char *file, int line);
void check_array_at(const char *name, const double *a, const double *b, size_t n, double atol,
                    double rtol, const char *file, int line);
void check_error_at(const char *name, double error, double tolerance, const char *file, int line);
void check_status_at(const char *call, int status, int expected, const char *file, int line);
void check_no_error_at(const nf_error *e, const char *file, int line);
void check_failed_at(nf_error *e, int status, const char *words, const char *file, int line);

#endif
