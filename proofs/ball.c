/* The balls of a pool, and how a ball becomes a decimal: with n the integer next to 10^k·m,
 *
 *   |10^k·x - n| ≤ 1 for every x in m ± r    ⟹    |x - n/10^k| ≤ 10^-k
 *
 * which Arb decides, in ball arithmetic. */
#include "ball.h"

#include <stdlib.h>
#include <string.h>

enum { POOL = 10000 };
static arb_t pool[POOL];
static size_t used;

ball new_ball(void) {
  if (used == POOL) {
    fprintf(stderr, "ball.c: more than %d balls\n", POOL);
    exit(2);
  }
  arb_init(pool[used]);
  return pool[used++];
}

void free_balls(void) {
  while (used > 0) arb_clear(pool[--used]);
  flint_cleanup();
}

ball integer(long n) {
  ball r = new_ball();
  arb_set_si(r, n);
  return r;
}
ball exactly(double v) {
  ball r = new_ball();
  arb_set_d(r, v);
  return r;
}
ball two_pi(void) {
  ball r = new_ball();
  arb_const_pi(r, BITS);
  arb_mul_2exp_si(r, r, 1);
  return r;
}

#define BINARY(name, function) \
  ball name(ball a, ball b) {  \
    ball r = new_ball();       \
    function(r, a, b, BITS);   \
    return r;                  \
  }
#define UNARY(name, function) \
  ball name(ball a) {         \
    ball r = new_ball();      \
    function(r, a, BITS);     \
    return r;                 \
  }
BINARY(add, arb_add)
BINARY(sub, arb_sub)
BINARY(mul, arb_mul)
BINARY(quotient, arb_div)
UNARY(exponential, arb_exp)
UNARY(logarithm, arb_log)
UNARY(root, arb_sqrt)

ball ratio(long numerator, long denominator) {
  return quotient(integer(numerator), integer(denominator));
}
ball minus(ball a) { return sub(integer(0), a); }

ball log_normal(ball norm_squared, long d) {
  return quotient(add(norm_squared, mul(integer(d), logarithm(two_pi()))), integer(-2));
}

/* --- decimals ------------------------------------------------------------------------------- */

/* n = ⌊10^decimals·m + 1/2⌋; false unless |10^decimals·x - n| ≤ 1 for the whole ball. */
static int round_ball(fmpz_t n, ball x, int decimals) {
  arb_t scaled, gap;
  arf_t half;
  arb_init(scaled);
  arb_init(gap);
  arf_init(half);
  arb_set_ui(gap, 10);
  arb_pow_ui(gap, gap, (ulong)decimals, BITS);
  arb_mul(scaled, x, gap, BITS);
  arf_set_d(half, 0.5);
  arf_add(half, half, arb_midref(scaled), ARF_PREC_EXACT, ARF_RND_DOWN);
  arf_get_fmpz(n, half, ARF_RND_FLOOR);
  arb_sub_fmpz(gap, scaled, n, BITS);
  arb_abs(gap, gap);
  arb_sub_ui(gap, gap, 1, BITS);
  const int holds = arb_is_nonpositive(gap);
  arb_clear(scaled);
  arb_clear(gap);
  arf_clear(half);
  return holds;
}

void print_exact(const char *name, ball x) {
  const int decimals = arf_cmpabs_d(arb_midref(x), 0.1) < 0 && !arb_is_zero(x) ? 33 : 31;
  fmpz_t n;
  fmpz_init(n);
  if (!round_ball(n, x, decimals)) {
    fprintf(stderr, "exact: %s is not known to %d decimals\n", name, decimals);
    exit(1);
  }
  const int negative = fmpz_sgn(n) < 0;
  fmpz_abs(n, n);
  char *digits = fmpz_get_str(NULL, 10, n), text[80];
  const size_t size = strlen(digits), width = (size_t)decimals + 1;
  const size_t pad = size < width ? width - size : 0, before = pad + size - (size_t)decimals;
  snprintf(text, sizeof text, "%s%.*s%s", negative ? "-" : "", (int)pad,
           "0000000000000000000000000000000000", digits);
  const size_t point = before + (size_t)negative;
  printf("%-28s  ref   %.*s.%-*s  1e-%d   0\n", name, (int)point, text, 38 - (int)point,
         text + point, decimals);
  flint_free(digits);
  fmpz_clear(n);
}
