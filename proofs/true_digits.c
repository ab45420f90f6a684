/* How many digits of a log-probability are true, by depth: for flows of 1, 2, 4, … 128 couplings
 * (proofs/deep.h) and 1000 inputs
 *
 *   digits = -log10(|log p̂ - log p|/|log p|)
 *
 * with log p̂ by the library, in double and in float, and a ball that contains log p
 * (proofs/ball_flow.h). Prints columns for plots/exact_digits.gp: the couplings, then in double and
 * in float the fewest digits of all inputs, and those that 95, 75, 50, 25 and 5 % of them have or
 * exceed. --csv prints the fewest and the median as name,value lines, which golden/true_digits.txt
 * has. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ball_flow.h"
#include "deep.h"

enum {
  DEPTHS = 8,
  PREC = 768,
  QUANTILES = 6
}; /* 768 bits: the balls of 128 couplings have 500 left */

static int compare(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The quantiles of the digits of these log-probabilities. */
static void quantiles(const double *log_p, arb_srcptr exact, double q[QUANTILES]) {
  static const int rank[QUANTILES] = {0,
                                      DEEP_INPUTS / 20,
                                      DEEP_INPUTS / 4,
                                      DEEP_INPUTS / 2,
                                      DEEP_INPUTS * 3 / 4,
                                      DEEP_INPUTS * 19 / 20};
  static double digits[DEEP_INPUTS];
  for (size_t i = 0; i < DEEP_INPUTS; i++) {
    if (arb_rel_accuracy_bits(exact + i) < 100) {
      fprintf(stderr, "true_digits: the ball of input %zu is too wide\n", i);
      exit(1);
    }
    digits[i] = -log10(ball_relative_error(log_p[i], exact + i));
  }
  qsort(digits, DEEP_INPUTS, sizeof *digits, compare);
  for (int k = 0; k < QUANTILES; k++) q[k] = digits[rank[k]];
}

static void print(bool csv, size_t couplings, double q[2][QUANTILES]) {
  static const char *const format[2] = {"double", "float"};
  if (!csv) printf("%zu", couplings);
  for (int i = 0; i < 2; i++) {
    if (csv)
      printf("%s_fewest_%zu,%.3f\n%s_median_%zu,%.3f\n", format[i], couplings, q[i][0], format[i],
             couplings, q[i][3]);
    for (int k = 0; k < QUANTILES && !csv; k++) printf(" %.3f", q[i][k]);
  }
  if (!csv) putchar('\n');
}

int main(int argc, char **argv) {
  static double log_p[2][DEEP_INPUTS];
  const bool csv = argc == 2 && strcmp(argv[1], "--csv") == 0;
  if (argc > 1 && !csv) {
    fprintf(stderr, "true_digits: unknown option '%s'; it can be --csv\n", argv[1]);
    return 2;
  }
  nf_error e = {0};
  nf_flow *f = deep_flow(DEEP_COUPLINGS, &e);
  if (f == NULL) {
    fprintf(stderr, "true_digits: %s\n", e.message);
    return 2;
  }
  arb_ptr exact = _arb_vec_init(DEPTHS * DEEP_INPUTS);
  ball_deep_log_prob(DEEP_COUPLINGS, nf_flow_param(f), exact, PREC);
  nf_flow_free(f);
  for (size_t k = 0; k < DEPTHS; k++) {
    const size_t couplings = (size_t)1 << k;
    double q[2][QUANTILES];
    if (deep_log_prob(couplings, log_p[0]) != NF_OK ||
        deep_log_prob_in_float(argv[0], couplings, log_p[1]) != 0)
      return 2;
    for (int i = 0; i < 2; i++) quantiles(log_p[i], exact + k * DEEP_INPUTS, q[i]);
    print(csv, couplings, q);
  }
  _arb_vec_clear(exact, DEPTHS * DEEP_INPUTS);
  flint_cleanup();
  return fflush(stdout) != 0 || ferror(stdout);
}
