/* LU, and the functions of core/vector.h against MPFR at 200 bits and at the
 * ends of the doubles. */
#include <mpfr.h>
#include <string.h>

#include "check.h"
#include "core/gemm.h"
#include "core/lu.h"
#include "core/real.h"
#include "core/vector.h"
#include "verify/jacobian.h"

/* --- linear algebra -------------------------------------------------------------------------- */

static void lu_is_that_of_gsl(void **state) {
  (void)state;
  enum { MAX = 12 };
  for (size_t n = 1; n <= MAX; n++) {
    double a[MAX * MAX], lu[MAX * MAX], inverse[MAX * MAX], product[MAX * MAX], value;
    size_t row[MAX];
    for (size_t i = 0; i < n * n; i++) lu[i] = a[i] = nf_random_normal(n, 0, i);
    check_ok(nf_lu_factor(n, lu, row, &value));
    nf_lu_inverse(n, lu, row, inverse);
    nf_gemm(false, false, n, n, n, a, n, inverse, n, false, product, n);
    for (size_t i = 0; i < n * n; i++)
      check_close("A·A⁻¹", product[i], i % (n + 1) == 0 ? 1 : 0, 1e-12, 0);
    check_close("log|det A|", value, nf_verify_log_abs_det(n, a), 1e-13, 1e-13);
  }
}

static void lu_by_hand(void **state) {
  (void)state;
  double swap[] = {0, 2, -3, 0}, scaled[] = {1e-200, 0, 0, 1e-200}, value = 0, inverse[4];
  const double by_hand[] = {0, -1.0 / 3, 0.5, 0};
  size_t row[2];
  check_ok(nf_lu_factor(2, swap, row, &value)); /* needs its pivot */
  check_close("log 6", value, log(6), 0, 1e-15);
  nf_lu_inverse(2, swap, row, inverse);
  check_array("inverse", inverse, by_hand, 4, 1e-16, 0);
  check_ok(nf_lu_factor(2, scaled, row, &value)); /* a determinant that underflows */
  check_close("log 1e-400", value, -400 * log(10), 0, 1e-15);
}

static void lu_without_an_inverse_is_an_error(void **state) {
  (void)state;
  double zero[] = {0}, rank_one[] = {1, 2, 3, 2, 4, 6, 3, 6, 9}, nan_below[] = {1, 2, NAN, 1};
  double value = 42;
  size_t row[3];
  check_status(nf_lu_factor(1, zero, row, &value), NF_ESINGULAR);
  check_status(nf_lu_factor(3, rank_one, row, &value), NF_ESINGULAR);
  check_status(nf_lu_factor(2, nan_below, row, &value), NF_ESINGULAR);
  assert_true(value == 42);
}

/* --- functions, held to the errors that core/vector.h states ------------------------------- */
typedef void exact(mpfr_t x); /* replaces x by f(x) */

static void exact_softplus(mpfr_t x) {
  mpfr_exp(x, x, MPFR_RNDN);
  mpfr_log1p(x, x, MPFR_RNDN);
}
static double exactly(exact *f, double at) {
  mpfr_t x;
  mpfr_init2(x, 200);
  mpfr_set_d(x, at, MPFR_RNDN);
  f(x);
  const double value = mpfr_get_d(x, MPFR_RNDN);
  mpfr_clear(x);
  mpfr_free_cache();
  return value;
}

static void exact_exp(mpfr_t x) { mpfr_exp(x, x, MPFR_RNDN); }
static void exact_log_sigmoid(mpfr_t x) {
  mpfr_neg(x, x, MPFR_RNDN);
  exact_softplus(x);
  mpfr_neg(x, x, MPFR_RNDN);
}

static void exact_log(mpfr_t x) { mpfr_log(x, x, MPFR_RNDN); }
static void exact_tanh(mpfr_t x) { mpfr_tanh(x, x, MPFR_RNDN); }

static void vectors_agree_with_50_digits(void **state) {
  (void)state;
  enum { N = 20000 };
  static double x[N], y[N];
  for (size_t i = 0; i < N; i++) x[i] = -708.3 + 1418 * ((double)i + 0.5) / N;
  for (size_t i = 0; i < N; i += 3) x[i] = nf_random_normal(1, 0, i);
  nf_vector_exp(N, x, y);
  for (size_t i = 0; i < N; i++)
    check_close("exp", y[i], exactly(exact_exp, x[i]), 0, NF_REAL_EPSILON);
  nf_vector_log_sigmoid(N, x, y);
  for (size_t i = 0; i < N; i++)
    check_close("log σ", y[i], exactly(exact_log_sigmoid, x[i]), DBL_MIN, 3 * NF_REAL_EPSILON);
  for (size_t i = 0; i < N; i++)
    x[i] /= i % 2 == 0 ? 700 : 100000; /* where tanh bends, and near 0 */
  nf_vector_tanh(N, x, y);
  for (size_t i = 0; i < N; i++)
    check_close("tanh", y[i], exactly(exact_tanh, x[i]), 0, 3 * NF_REAL_EPSILON);
  for (size_t i = 0; i < N; i++) x[i] = i % 2 == 0 ? exp(700 * x[i]) : 1 + x[i];
  nf_vector_log(N, x, y);
  for (size_t i = 0; i < N; i++)
    check_close("log", y[i], exactly(exact_log, x[i]), 0, 2 * NF_REAL_EPSILON);
}

/* log σ(-x) = -log(1 + eˣ) where its two terms change places; below DBL_MIN it is 0. */
static void log_sigmoid_agrees_with_50_digits(void **state) {
  (void)state;
  const double x[] = {-745, -720, -100, -37, -3.7, -1, -1e-9, 0,
                      1e-9, 0.3,  1,    2.5, 20,   36, 37,    710};
  for (size_t i = 0; i < sizeof x / sizeof *x; i++) {
    double y = -x[i];
    nf_vector_log_sigmoid(1, &y, &y);
    check_close("log σ", y, -exactly(exact_softplus, x[i]), DBL_MIN, 3 * NF_REAL_EPSILON);
  }
}

static void log_normal_by_hand(void **state) {
  (void)state;
  check_close("log N(0; 0, 1)", nf_log_normal(0, 1), -0.91893853320467274178, 0, 1e-16);
  check_close("log N, ‖z‖² = 5, d = 3", nf_log_normal(5, 3), -2.5 - 1.5 * log(6.283185307179586), 0,
              1e-15);
}

/* In columns of 3 numbers, more than are taken at a time, with gaps between rows; and of NaN. */
static void softmax_agrees_with_its_formula(void **state) {
  (void)state;
  enum { N = 77, STRIDE = 80 };
  double x[3 * STRIDE], p[3 * STRIDE];
  for (size_t i = 0; i < 3 * STRIDE; i++) x[i] = 10 * nf_random_normal(4, 0, i);
  x[5] = 800, x[STRIDE + 6] = -1e4, x[2 * STRIDE + 7] = NAN;
  memcpy(p, x, sizeof p);
  nf_vector_softmax(3, N, STRIDE, p);
  for (size_t i = 0; i < N; i++)
    for (size_t k = 0; k < 3; k++) {
      double sum = 0;
      for (size_t j = 0; j < 3; j++) sum += exp(x[j * STRIDE + i] - x[k * STRIDE + i]);
      if (i == 7)
        assert_true(isnan(p[k * STRIDE + i]));
      else
        check_close("softmax", p[k * STRIDE + i], 1 / sum, 2 * DBL_MIN, 40 * NF_REAL_EPSILON);
    }
  for (size_t k = 0; k < 3; k++) assert_memory_equal(p + k * STRIDE + N, x + k * STRIDE + N, 24);
}

static void vectors_at_the_extremes(void **state) {
  (void)state;
  const double x[] = {NAN, INFINITY, -INFINITY, 1e308, -1e308, 0, -0.0};
  double y[7];
  nf_vector_exp(7, x, y);
  assert_true(isnan(y[0]) && y[1] == INFINITY && y[2] == 0 && y[3] == INFINITY && y[4] == 0);
  assert_true(y[5] == 1 && y[6] == 1);
  nf_vector_log_sigmoid(7, x, y);
  assert_true(isnan(y[0]) && y[1] == 0 && y[2] == -INFINITY && y[3] == 0 && y[4] == -1e308);
  nf_vector_tanh(7, x, y);
  assert_true(isnan(y[0]) && isnan(y[1]) && isnan(y[2]) && y[3] == 1 && y[4] == -1);
  assert_true(y[5] == 0 && y[6] == 0);
  const double at_the_ends[] = {DBL_MIN, DBL_MAX, 1};
  nf_vector_log(3, at_the_ends, y);
  check_close("log of DBL_MIN", y[0], log(DBL_MIN), 0, NF_REAL_EPSILON);
  check_close("log of DBL_MAX", y[1], log(DBL_MAX), 0, NF_REAL_EPSILON);
  assert_true(y[2] == 0);
  nf_vector_log_sigmoid(7, x, y);
  check_close("log σ(0)", y[5], -NF_LN_2, 0, 3 * NF_REAL_EPSILON);
}

/* Where x is rounded, what is known of 1 - x counts; elsewhere it is the logarithm. */
static void log_near_1_has_the_digits_of_1_minus_x(void **state) {
  (void)state;
  const double x[] = {1, 1 - 0x1p-20, 0.75, 0.5, 1e-9}, below[] = {0x1p-60, 0x1p-20, 0.25, 0.5, 1};
  double y[5];
  nf_vector_log_near_1(5, x, below, y);
  for (size_t i = 0; i < 5; i++)
    check_close("log", y[i], i < 4 ? log1p(-below[i]) : log(x[i]), 0, 2 * NF_REAL_EPSILON);
}

static void sums_are_the_naive_loops(void **state) {
  (void)state;
  enum { N = 1000 };
  double x[N], sum = 0, square = 0;
  for (size_t i = 0; i < N; i++) x[i] = nf_random_normal(1, 6, i);
  for (size_t n = 0; n < N; n++) {
    check_close("sum", nf_vector_sum(n, x), sum, 1e-12, 0);
    check_close("square", nf_vector_square(n, x), square, 0, 1e-14);
    sum += x[n], square += x[n] * x[n];
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lu_is_that_of_gsl),
      cmocka_unit_test(lu_by_hand),
      cmocka_unit_test(lu_without_an_inverse_is_an_error),
      cmocka_unit_test(vectors_agree_with_50_digits),
      cmocka_unit_test(log_sigmoid_agrees_with_50_digits),
      cmocka_unit_test(softmax_agrees_with_its_formula),
      cmocka_unit_test(vectors_at_the_extremes),
      cmocka_unit_test(log_near_1_has_the_digits_of_1_minus_x),
      cmocka_unit_test(sums_are_the_naive_loops),
      cmocka_unit_test(log_normal_by_hand),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
