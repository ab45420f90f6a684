/* The contract works in place; an oracle needs its input back. A probe runs forward on a copy:
 *
 *   z = f(x),  log_det_i = log|det ∂f/∂x| at sample i,      x as it was
 *
 * The oracles of this floor know the contract of layers/bijector.h and nothing else, return
 * error numbers and never print, and judge in double only. */
#ifndef NF_VERIFY_PROBE_H
#define NF_VERIFY_PROBE_H

#include "layers/bijector.h"

#ifdef NF_FLOAT
#error "the oracles are for the double build"
#endif

/* z (n, D); log_det (n), set and not accumulated, may be NULL. errors: as nf_bijector_forward,
 * and then z is undefined. */
int nf_verify_forward(const nf_bijector *b, const nf_batch *x, double *z, double *log_det,
                      nf_work *work);

#endif
