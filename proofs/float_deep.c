/* deep_log_prob of proofs/deep.h in float: prints log p of 1000 points, for as many couplings as
 * its argument says. */
#include <stdio.h>
#include <stdlib.h>

#include "deep.h"

int main(int argc, char **argv) {
  static double log_p[DEEP_INPUTS];
  const size_t couplings = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
  if (couplings < 1 || couplings > DEEP_COUPLINGS) {
    fprintf(stderr, "float_deep: it needs the number of couplings, 1 to %d\n", DEEP_COUPLINGS);
    return 2;
  }
  if (deep_log_prob(couplings, log_p) != NF_OK) return 2;
  for (size_t i = 0; i < DEEP_INPUTS; i++) printf("%.17g\n", log_p[i]);
  return 0;
}
