/* Is the inverse the inverse? Three numbers that are 0 in exact arithmetic:
 *
 *   round trip      max |f⁻¹(f(x)) - x| / max(1, |x|)
 *   cancellation    max |log|det ∂f/∂x| + log|det ∂f⁻¹/∂z||
 *   reconstruction  the round trip again, with the x that `backward` rebuilds from z        */
#ifndef NF_VERIFY_ROUND_TRIP_H
#define NF_VERIFY_ROUND_TRIP_H

#include "verify/probe.h"

/* errors  as forward and inverse, and NF_ESHAPE when the shapes on the way are not b's own */
int nf_verify_round_trip(const nf_bijector *b, const nf_batch *x, double *round_trip,
                         double *cancellation, nf_work *work);
int nf_verify_reconstruction(const nf_bijector *b, size_t n_param, const nf_batch *x,
                             double *reconstruction, nf_work *work);

#endif
