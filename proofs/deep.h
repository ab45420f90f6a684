/* The flow whose log-probabilities are enclosed: couplings of points with 8 numbers, the halves in
 * turn, each with an MLP of width 16 and s = γ·tanh(s̃); and 1000 inputs. Weights and inputs are
 *
 *   ⌊2¹²·c·n⌋/2¹²,  n ~ N(0, 1)       c = 0.2 of weights, 1 of inputs
 *
 * which float and double both hold, so the library in either precision computes the same exact
 * value. A flow of K couplings has the first K of them all. Compiled twice, as proofs/float_deep.c
 * also in float. */
#ifndef NF_PROOFS_DEEP_H
#define NF_PROOFS_DEEP_H

#include "nf/nf.h"

enum { DEEP_D = 8, DEEP_WIDTH = 16, DEEP_COUPLINGS = 128, DEEP_INPUTS = 1000 };

/* NULL with *e set when it fails. */
nf_flow *deep_flow(size_t couplings, nf_error *e);
/* x (DEEP_INPUTS, DEEP_D) */
void deep_inputs(nf_real *x);
/* log p of the inputs under the flow of so many couplings, nats, in the precision of the build. */
int deep_log_prob(size_t couplings, double log_p[DEEP_INPUTS]);
/* The same by build/proofs/float_deep, which lies beside the program argv0 or in its ../proofs.
 * Returns 0, or -1. */
int deep_log_prob_in_float(const char *argv0, size_t couplings, double log_p[DEEP_INPUTS]);

#endif
