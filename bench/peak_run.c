/* Sums s ← s·x + y, each in a register of its own, so that none waits for another: what a processor
 * can compute at most. */
#include "peak_run.h"

#include "core/lanes.h"

/* Sums at once, more than the latency of an operation times the units, and rounds of them. */
enum { SUMS = 12, ROUNDS = 1000000 };

double nf_peak_run(void) {
  vector sum[SUMS], x, y;
  for (size_t i = 0; i < LANES; i++) x[i] = NF_R(0.5), y[i] = 1;
  __asm__ volatile("" : "+x"(x), "+x"(y)); /* unknown, or all would be computed at compile time */
  NF_UNROLLED(12)
  for (int i = 0; i < SUMS; i++) sum[i] = y * (nf_real)i;
  NF_ROLLED
  for (int k = 0; k < ROUNDS; k++) {
    NF_UNROLLED(12)
    for (int i = 0; i < SUMS; i++) sum[i] = sum[i] * x + y;
  }
  NF_UNROLLED(12)
  for (int i = 0; i < SUMS; i++) __asm__ volatile("" : : "x"(sum[i]));
  return 2.0 * LANES * SUMS * ROUNDS;
}
