/* The flow and the inputs of proofs/deep.h, through the public headers alone. */
#include "deep.h"

#include <libgen.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEED = 20, WEIGHTS, INPUTS };

static nf_real rounded_normal(uint64_t stream, size_t index, double c) {
  return (nf_real)(floor(0x1p12 * c * nf_random_normal(SEED, stream, index)) * 0x1p-12);
}

nf_flow *deep_flow(size_t couplings, nf_error *e) {
  const nf_shape shape = nf_point(DEEP_D);
  nf_bijector *chain = nf_chain_new(shape, e);
  for (size_t k = 0; k < couplings; k++) {
    const nf_mask mask = k % 2 == 0 ? NF_CHANNEL : NF_CHANNEL_SWAPPED;
    nf_net *net = nf_mlp_new(nf_coupling_net_in(shape, mask),
                             nf_coupling_net_out(shape, mask, NF_SCALE_TANH), DEEP_WIDTH, e);
    nf_chain_add(chain, nf_coupling_new(shape, mask, NF_SCALE_TANH, net, e), e);
  }
  nf_flow *f = nf_flow_new(chain, 0, e);
  for (size_t i = 0; f != NULL && i < nf_flow_n_param(f); i++)
    nf_flow_param(f)[i] = rounded_normal(WEIGHTS, i, 0.2);
  return f;
}

void deep_inputs(nf_real *x) {
  for (size_t i = 0; i < DEEP_INPUTS * DEEP_D; i++) x[i] = rounded_normal(INPUTS, i, 1);
}

int deep_log_prob(size_t couplings, double log_p[DEEP_INPUTS]) {
  static nf_real x[DEEP_INPUTS * DEEP_D];
  nf_error e = {0};
  nf_flow *f = deep_flow(couplings, &e);
  deep_inputs(x);
  nf_flow_log_prob(f, DEEP_INPUTS, x, log_p, &e);
  nf_flow_free(f);
  if (e.status != NF_OK) fprintf(stderr, "deep: %s\n", e.message);
  return e.status;
}

int deep_log_prob_in_float(const char *argv0, size_t couplings, double log_p[DEEP_INPUTS]) {
  char command[1100], *self = strdup(argv0);
  if (self == NULL) return -1;
  snprintf(command, sizeof command, "'%s/../proofs/float_deep' %zu", dirname(self), couplings);
  free(self);
  FILE *answer = popen(command, "r");
  if (answer == NULL) return -1;
  int n = 0;
  while (n < DEEP_INPUTS && fscanf(answer, "%lf", &log_p[n]) == 1) n++;
  return pclose(answer) == 0 && n == DEEP_INPUTS ? 0 : -1;
}
