/* The headline numbers of chapters 2, 3 and 6, recomputed with MPFR at 60 digits from the examples
 * as the notes state them, against the golden values: |golden - exact| ≤ 1e-15·max(1, |exact|).
 * And the rounded values that the notes print: within half a unit of their last digit. */
#include <mpfr.h>

#include "golden.h"

enum { BITS = 200 };

/* A number, freed at the end of a test; the functions below return new ones. */
typedef mpfr_ptr real;
static mpfr_t pool[2000];
static size_t used;

static real new_real(void) {
  assert_true(used < sizeof pool / sizeof *pool);
  mpfr_init2(pool[used], BITS);
  return pool[used++];
}
static real num(const char *decimal) {
  real r = new_real();
  assert_int_equal(mpfr_set_str(r, decimal, 10, MPFR_RNDN), 0);
  return r;
}
static real integer(long n) {
  real r = new_real();
  mpfr_set_si(r, n, MPFR_RNDN);
  return r;
}
#define BINARY(name, function)       \
  static real name(real a, real b) { \
    real r = new_real();             \
    function(r, a, b, MPFR_RNDN);    \
    return r;                        \
  }
#define UNARY(name, function)  \
  static real name(real a) {   \
    real r = new_real();       \
    function(r, a, MPFR_RNDN); \
    return r;                  \
  }
BINARY(add, mpfr_add)
BINARY(sub, mpfr_sub)
BINARY(mul, mpfr_mul)
BINARY(quotient, mpfr_div)
UNARY(logarithm, mpfr_log)
UNARY(exponential, mpfr_exp)
UNARY(magnitude, mpfr_abs)
UNARY(minus, mpfr_neg)

/* -(‖z‖² + d·log 2π)/2 */
static real log_normal(real norm_squared, long d) {
  real pi = new_real();
  mpfr_const_pi(pi, MPFR_RNDN);
  real log_2pi = logarithm(mul(integer(2), pi));
  return quotient(add(norm_squared, mul(integer(d), log_2pi)), integer(-2));
}
static real half(void) { return num("0.5"); }

/* margin: how far the rounding of an argument alone may move the value. */
static void expect_within(const golden_file *g, const char *name, real exact, double margin) {
  const golden_quantity *q = golden_find(g, name);
  if (!q) fail_msg("no golden quantity %s", name);
  const double e = mpfr_get_d(exact, MPFR_RNDN);
  check_close(name, q->value, e, 1e-15 * fmax(1, fabs(e)) + margin, 0);
}
static void expect(const golden_file *g, const char *name, real exact) {
  expect_within(g, name, exact, 0);
}

/* --- the chapters --------------------------------------------------------------------------- */

static void chapter_2_has_the_exact_values(void **state) {
  (void)state;
  golden_file *g = golden_read("golden/ch02_linear_affine.txt");
  real x1 = num("0.5"), x2 = num("-1");
  real z1 = add(add(mul(num("2"), x1), mul(num("0.5"), x2)), num("0.3"));
  real z2 = add(add(mul(num("0.1"), x1), mul(num("1.5"), x2)), num("-0.2"));
  real det = sub(mul(num("2"), num("1.5")), mul(num("0.5"), num("0.1")));
  real log_abs_det = logarithm(magnitude(det));
  real norm = add(mul(z1, z1), mul(z2, z2)), log_p_z = log_normal(norm, 2);
  expect(g, "z_1", z1);
  expect(g, "z_2", z2);
  expect(g, "det_A", det);
  expect(g, "log_abs_det", log_abs_det);
  expect(g, "z_norm_sq", norm);
  expect(g, "log_p_z", log_p_z);
  expect(g, "log_p_x", add(log_p_z, log_abs_det));
  free(g);
}

static void chapter_3_has_the_exact_values(void **state) {
  (void)state;
  golden_file *g = golden_read("golden/ch03_affine_coupling.txt");
  real x1 = num("0.5"), x2 = num("-1"), s = mul(num("0.5"), x1), t = mul(num("0.2"), x1);
  real z2 = add(mul(x2, exponential(s)), t);
  real norm = add(mul(x1, x1), mul(z2, z2)), log_p_z = log_normal(norm, 2);
  expect(g, "z_1", x1);
  expect(g, "z_2", z2);
  expect(g, "det_J", exponential(s));
  expect(g, "log_abs_det", s);
  expect(g, "z_norm_sq", norm);
  expect(g, "log_p_z", log_p_z);
  expect(g, "log_p_x", add(log_p_z, s));
  free(g);
}

/* Of pixel k: y, softplus(y) + softplus(-y) = -log(p(1-p)), and the log-det. */
typedef struct {
  real y, spread, log_det;
  double margin; /* p close to 1 has lost digits of 1-p: three roundings times dy/dp */
} logit_of;
static logit_of logit(long k, real alpha) {
  real x = quotient(add(integer(k), half()), integer(256)), one = integer(1);
  real shrink = sub(one, mul(integer(2), alpha)), p = add(alpha, mul(shrink, x));
  real spread = minus(logarithm(mul(p, sub(one, p))));
  return (logit_of){logarithm(quotient(p, sub(one, p))), spread,
                    sub(add(spread, logarithm(shrink)), logarithm(integer(256))),
                    3 * 0x1p-54 * mpfr_get_d(exponential(spread), MPFR_RNDN)};
}

static void chapter_6_has_the_exact_values(void **state) {
  (void)state;
  golden_file *g = golden_read("golden/ch06_logit_preprocessing.txt");
  const long pixel[] = {0, 1, 127, 128, 254, 255};
  const struct { const char *tag, *alpha; } set[] = {{"a05", "0.05"}, {"a1e6", "0.000001"}};
  for (int i = 0; i < 2; i++)
    for (int k = 0; k < 6; k++) {
      char name[40];
      const logit_of exact = logit(pixel[k], num(set[i].alpha));
      snprintf(name, sizeof name, "y_%ld_%s", pixel[k], set[i].tag);
      expect_within(g, name, exact.y, exact.margin);
      snprintf(name, sizeof name, "spread_%ld_%s", pixel[k], set[i].tag);
      expect_within(g, name, exact.spread, exact.margin);
      snprintf(name, sizeof name, "log_det_%ld_%s", pixel[k], set[i].tag);
      expect_within(g, name, exact.log_det, exact.margin);
    }
  real alpha = num("0.05"), log_2 = logarithm(integer(2)), log_256 = logarithm(integer(256));
  const logit_of middle = logit(128, alpha);
  expect(g, "y", middle.y);
  expect(g, "log_det", middle.log_det);
  expect(g, "log_det_logit", add(middle.log_det, log_256));
  real norm = integer(0), log_det = integer(0), spread = integer(0);
  for (int k = 0; k < 6; k++) {
    const logit_of l = logit(pixel[k], alpha);
    norm = add(norm, mul(l.y, l.y));
    log_det = add(log_det, l.log_det);
    spread = add(spread, l.spread);
  }
  real nats_to_bits = quotient(integer(-1), mul(integer(6), log_2));
  expect(g, "bits_per_dim", mul(add(log_normal(norm, 6), log_det), nats_to_bits));
  expect(g, "without_256", integer(-8));
  expect(g, "without_squash", quotient(logarithm(num("0.9")), log_2));
  expect(g, "without_spread", minus(mul(spread, nats_to_bits)));
  expect(g, "mixed", quotient(logarithm(quotient(num("0.95"), num("0.9"))), log_2));
  free(g);
}

/* --- as the notes print them ---------------------------------------------------------------- */

static void rounded_values_of_the_notes_are_the_golden_ones(void **state) {
  (void)state;
  const struct {
    const char *file, *name, *shown;
  } note[] = {{"golden/ch02_linear_affine.txt", "z_1", "0.8"},
              {"golden/ch02_linear_affine.txt", "z_2", "-1.65"},
              {"golden/ch02_linear_affine.txt", "det_A", "2.95"},
              {"golden/ch02_linear_affine.txt", "log_abs_det", "1.0818"},
              {"golden/ch02_linear_affine.txt", "z_norm_sq", "3.3625"},
              {"golden/ch02_linear_affine.txt", "log_p_z", "-3.5191"},
              {"golden/ch02_linear_affine.txt", "log_p_x", "-2.4373"},
              {"golden/ch03_affine_coupling.txt", "z_1", "0.5"},
              {"golden/ch03_affine_coupling.txt", "z_2", "-1.1840"},
              {"golden/ch03_affine_coupling.txt", "det_J", "1.2840"},
              {"golden/ch03_affine_coupling.txt", "log_abs_det", "0.25"},
              {"golden/ch03_affine_coupling.txt", "z_norm_sq", "1.6519"},
              {"golden/ch03_affine_coupling.txt", "log_p_z", "-2.6638"},
              {"golden/ch03_affine_coupling.txt", "log_p_x", "-2.4138"},
              {"golden/ch06_logit_preprocessing.txt", "y", "0.0070312790"},
              {"golden/ch06_logit_preprocessing.txt", "log_det_logit", "1.2809462052"},
              {"golden/ch06_logit_preprocessing.txt", "without_squash", "-0.152"},
              {"golden/ch06_logit_preprocessing.txt", "mixed", "0.078"}};
  for (size_t i = 0; i < sizeof note / sizeof *note; i++) {
    golden_file *g = golden_read(note[i].file);
    const golden_quantity *q = golden_find(g, note[i].name);
    if (!q) fail_msg("no golden quantity %s", note[i].name);
    const char *digits = strchr(note[i].shown, '.') + 1;
    const double half_unit = 0.5 * pow(10, -(double)strlen(digits));
    check_close(note[i].name, q->value, strtod(note[i].shown, NULL), half_unit, 0);
    free(g);
  }
}

static int clear(void **state) {
  (void)state;
  while (used > 0) mpfr_clear(pool[--used]);
  mpfr_free_cache();
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(chapter_2_has_the_exact_values, clear),
      cmocka_unit_test_teardown(chapter_3_has_the_exact_values, clear),
      cmocka_unit_test_teardown(chapter_6_has_the_exact_values, clear),
      cmocka_unit_test(rounded_values_of_the_notes_are_the_golden_ones)};
  return cmocka_run_group_tests(tests, NULL, NULL) > 0;
}
