/* Writes golden/exact.txt: every quantity of chapters 1, 2, 3, 6 and 9, and the integrals of their
 * densities, as a decimal and a radius between which the exact value lies,
 *
 *   |value - exact| ≤ atol
 *
 * by ball arithmetic (ball.h) on the exact rational numbers of the notes: 0.1 is 1/10, which no
 * double is. `make exact` runs this; the chapters print the table, tests/test_exact.sh computes it
 * again. */
#include "exact.h"

#include "ball.h"

int main(void) {
  printf(
      "# Exact values: |value - exact| <= atol, by ball arithmetic. Written by proofs/exact.c: "
      "make exact\n");
  printf("%-28s  kind  %-40s  atol    rtol\n", "# name", "value");
  exact_change_of_variables();
  exact_linear();
  exact_coupling();
  exact_pixels();
  exact_module();
  exact_integrals();
  free_balls();
  return fflush(stdout) != 0 || ferror(stdout);
}
