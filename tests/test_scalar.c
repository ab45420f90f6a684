/* The scalar functions of core/scalar.h against MPFR at 200 bits, and at the ends of the doubles.
 */
#include "core/scalar.h"

#include <mpfr.h>

#include "check.h"
#include "core/random.h"
#include "core/vector.h"

typedef void exact(mpfr_t x); /* replaces x by f(x) */

static void exact_softplus(mpfr_t x) {
  mpfr_exp(x, x, MPFR_RNDN);
  mpfr_log1p(x, x, MPFR_RNDN);
}
static void exact_sigmoid(mpfr_t x) {
  mpfr_neg(x, x, MPFR_RNDN);
  mpfr_exp(x, x, MPFR_RNDN);
  mpfr_add_ui(x, x, 1, MPFR_RNDN);
  mpfr_ui_div(x, 1, x, MPFR_RNDN);
}
static void exact_logit(mpfr_t x) {
  mpfr_t q;
  mpfr_init2(q, 200);
  mpfr_ui_sub(q, 1, x, MPFR_RNDN);
  mpfr_div(x, x, q, MPFR_RNDN);
  mpfr_log(x, x, MPFR_RNDN);
  mpfr_clear(q);
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

static void scalars_agree_with_50_digits(void **state) {
  (void)state;
  const double x[] = {-745, -720, -100, -37, -3.7, -1, -1e-9, 0,
                      1e-9, 0.3,  1,    2.5, 20,   36, 37,    710};
  for (size_t i = 0; i < sizeof x / sizeof *x; i++) {
    const double least = 5e-324; /* below the normal numbers an ulp is all there is */
    check_close("softplus", nf_softplus(x[i]), exactly(exact_softplus, x[i]), least, 4e-16);
    check_close("sigmoid", nf_sigmoid(x[i]), exactly(exact_sigmoid, x[i]), least, 4e-16);
  }
  const double p[] = {1e-300, 1e-9, 0.05, 0.25, 0.4, 0.6, 0.95, 1 - 0x1p-53};
  for (size_t i = 0; i < sizeof p / sizeof *p; i++)
    check_close("logit", nf_logit(p[i]), exactly(exact_logit, p[i]), 0, 1e-15);
}

static void scalars_at_the_extremes(void **state) {
  (void)state;
  assert_true(nf_sigmoid(1e308) == 1 && nf_sigmoid(-1e308) == 0);
  assert_true(nf_softplus(1e308) == 1e308 && nf_softplus(-1e308) == 0);
  assert_true(nf_logit(0.5) == 0 && nf_logit(0) == -INFINITY && nf_logit(1) == INFINITY);
  check_close("log N(0; 0, 1)", nf_log_normal(0, 1), -0.91893853320467274178, 0, 1e-16);
  check_close("log N, ‖z‖² = 5, d = 3", nf_log_normal(5, 3), -2.5 - 1.5 * log(6.283185307179586), 0,
              1e-15);
}

/* --- the same over whole arrays, held to the errors that core/vector.h states ----------------- */
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
  check_close("log of the least", y[0], log(DBL_MIN), 0, NF_REAL_EPSILON);
  check_close("log of the most", y[1], log(DBL_MAX), 0, NF_REAL_EPSILON);
  assert_true(y[2] == 0);
  nf_vector_log_sigmoid(7, x, y);
  check_close("log σ(0)", y[5], -NF_LN_2, 0, 3 * NF_REAL_EPSILON);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(scalars_agree_with_50_digits),
      cmocka_unit_test(scalars_at_the_extremes),
      cmocka_unit_test(vectors_agree_with_50_digits),
      cmocka_unit_test(vectors_at_the_extremes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
