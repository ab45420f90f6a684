/* Chapter 6: pixels k + 1/2 through squash and logit, NOTES (6.4)-(6.7), and the bounds of 6.2.
 *
 *   w = α + (1-2α)r    y = log(w/(1-w))    log-det = -log(w(1-w)) + log(1-2α) - log 256
 *
 * The bound with m draws is the mean of log((2/m)·S) with S the sum of m uniform numbers. The mean
 * of g(S) is the m-th difference Δ^m G(0) of a function with G^(m) = g, since a uniform number
 * turns a derivative into a difference; for g = log, with H_m = 1 + 1/2 + … + 1/m,
 *
 *   G(s) = s^m (log s - H_m)/m!     E log S = (1/m!) Σ_j (-1)^(m-j) C(m, j) j^m (log j - H_m) */
#include <stdio.h>

#include "ball.h"
#include "exact.h"

enum { D = 6 };
static const long pixel[D] = {0, 1, 127, 128, 254, 255};

/* y, softplus(y) + softplus(-y) = -log(w(1-w)), and the log-det without a constant for the map */
typedef struct {
  ball w, y, spread;
} logit;
static logit logit_of(ball w) {
  ball rest = sub(integer(1), w);
  return (logit){w, logarithm(quotient(w, rest)), minus(logarithm(mul(w, rest)))};
}
static ball midpoint(long k) { return ratio(2 * k + 1, 512); }
static ball shrink(ball alpha, long ends) { return sub(integer(1), mul(integer(ends), alpha)); }
/* α + (1-2α)r, and with one end α + (1-α)r */
static ball squash(ball alpha, long ends, ball r) {
  return add(alpha, mul(shrink(alpha, ends), r));
}

static ball log_256(void) { return logarithm(integer(256)); }
static ball bits(ball log_p) { return quotient(log_p, mul(integer(-D), logarithm(integer(2)))); }

static void one_pixel(ball alpha) {
  ball r = midpoint(128), squashed = logarithm(shrink(alpha, 2));
  const logit l = logit_of(squash(alpha, 2, r));
  ball log_det = add(squashed, l.spread);
  print_exact("ch06_x", r);
  print_exact("ch06_p", l.w);
  print_exact("ch06_y", l.y);
  print_exact("ch06_log_det_dequantise", minus(log_256()));
  print_exact("ch06_log_det_squash", squashed);
  print_exact("ch06_log_det_spread", l.spread);
  print_exact("ch06_log_det_logit", log_det);
  print_exact("ch06_log_det", sub(log_det, log_256()));
  print_exact("ch06_k", integer(128));
}

static void all_pixels(ball alpha, const char *tag) {
  for (int i = 0; i < D; i++) {
    const logit l = logit_of(squash(alpha, 2, midpoint(pixel[i])));
    ball value[4] = {l.y, l.spread, sub(add(l.spread, logarithm(shrink(alpha, 2))), log_256()),
                     integer(pixel[i])};
    const char *const what[4] = {"y", "spread", "log_det", "k"};
    for (int j = 0; j < 4; j++) {
      char name[40];
      snprintf(name, sizeof name, "ch06_%s_%ld_%s", what[j], pixel[i], tag);
      print_exact(name, value[j]);
    }
  }
}

/* bits/dim of the six pixels as one image; the constant of the map is log(1 - ends·α). */
static ball image(ball alpha, long ends, ball *spreads) {
  ball norm = integer(0);
  *spreads = integer(0);
  for (int i = 0; i < D; i++) {
    const logit l = logit_of(squash(alpha, ends, midpoint(pixel[i])));
    norm = add(norm, mul(l.y, l.y));
    *spreads = add(*spreads, l.spread);
  }
  ball constant = mul(integer(D), sub(logarithm(shrink(alpha, ends)), log_256()));
  return bits(add(add(log_normal(norm, D), *spreads), constant));
}

static void bits_per_dim(ball alpha) {
  ball spreads, log_2 = logarithm(integer(2)), d = integer(D);
  print_exact("ch06_bits_per_dim", image(alpha, 2, &spreads));
  print_exact("ch06_without_256", integer(-8));
  print_exact("ch06_without_squash", quotient(logarithm(shrink(alpha, 2)), log_2));
  print_exact("ch06_without_spread", quotient(spreads, mul(d, log_2)));
  print_exact("ch06_other_bits_per_dim", image(alpha, 1, &spreads));
  ball two_ends = logarithm(shrink(alpha, 2)), one_end = logarithm(shrink(alpha, 1));
  print_exact("ch06_mixed", quotient(sub(one_end, two_ends), log_2));
}

static void bound(long m) {
  ball harmonic = integer(0), sum = integer(0), factorial = integer(1), choose = integer(1);
  for (long j = 1; j <= m; j++) {
    harmonic = add(harmonic, ratio(1, j));
    factorial = mul(factorial, integer(j));
  }
  for (long j = 1; j <= m; j++) {
    ball power = new_ball();
    choose = quotient(mul(choose, integer(m - j + 1)), integer(j));
    arb_ui_pow_ui(power, (ulong)j, (ulong)m, BITS);
    ball term = mul(mul(choose, power), sub(logarithm(integer(j)), harmonic));
    sum = add(sum, (m - j) % 2 == 0 ? term : minus(term));
  }
  char name[40];
  snprintf(name, sizeof name, "ch06_bound_%ld", m);
  print_exact(name, add(logarithm(ratio(2, m)), quotient(sum, factorial)));
}

/* One draw, noise of density (a + 1) u^a:  log(2/(a + 1)) - (1 - a)/(a + 1), a = twice/2 */
static void noise(const char *name, long twice) {
  print_exact(name, sub(logarithm(ratio(4, twice + 2)), ratio(2 - twice, twice + 2)));
}

/* log q(u) at u = 3/10 of u = sigmoid((7ε - 2)/10), ε standard normal */
static ball noise_log_q(void) {
  ball e = quotient(add(logarithm(ratio(3, 7)), ratio(1, 5)), ratio(7, 10));
  ball scale = logarithm(mul(ratio(7, 10), ratio(21, 100)));
  return sub(log_normal(mul(e, e), 1), scale);
}

/* z ~ N(0, 1), x | z ~ N(z, 1), x = 1: log p = log N(1; 0, 2), the bound by the prior, and the rate
 * (E p(x | z)²/p² - 1)/2 of the bounds of many draws */
static void latent_variable(void) {
  ball log_2 = logarithm(integer(2)), log_pi = new_ball();
  arb_const_pi(log_pi, BITS);
  log_pi = logarithm(log_pi);
  ball log_p = minus(add(log_2, add(quotient(log_pi, integer(2)), ratio(1, 4))));
  print_exact("ch06_elbo_log_p", log_p);
  print_exact("ch06_elbo_1", minus(add(quotient(add(log_2, log_pi), integer(2)), integer(1))));
  print_exact("ch06_elbo_rate",
              sub(quotient(exponential(ratio(1, 6)), root(integer(3))), ratio(1, 2)));
  print_exact("ch06_elbo_posterior", log_p);
}

void exact_pixels(void) {
  ball alpha = ratio(1, 20);
  one_pixel(alpha);
  all_pixels(alpha, "a05");
  all_pixels(ratio(1, 1000000), "a1e6");
  bits_per_dim(alpha);
  for (long m = 1; m <= 8; m *= 2) bound(m);
  print_exact("ch06_bound_noise", sub(logarithm(ratio(4, 3)), ratio(1, 3)));
  noise("ch06_noise_0", 0);
  noise("ch06_noise_half", 1);
  noise("ch06_noise_1", 2);
  noise("ch06_noise_2", 4);
  print_exact("ch06_noise_log_q", noise_log_q());
  latent_variable();
}
