/* Is `backward` the gradient of `forward`? A loss that sees every output, log-dets included,
 *
 *   L(x; θ) = Σ_i ⟨r_i, z_i⟩ + q_i·log_det_i              r, q ~ N(0, 1) from `seed`
 *
 * is differentiated along one random direction v, by `backward` as ⟨∂L, v⟩ and by the 4th-order
 * central difference of forward passes. The answer is the relative error
 *
 *   |backward - difference| / max(|backward|, |difference|)
 *
 * which is 1 for a gradient that is missing, 2 for one of the wrong sign, and NaN when both
 * sides are 0: nothing was tested, so nothing passes. A difference across a kink of a ReLU says
 * nothing either, so four step sizes are tried and the closest difference counts. */
#ifndef NF_VERIFY_GRADIENT_H
#define NF_VERIFY_GRADIENT_H

#include "verify/probe.h"

/* ∂L/∂x. n_param is the length of the parameter array b is bound to. */
int nf_verify_gradient_input(const nf_bijector *b, size_t n_param, const nf_batch *x, uint64_t seed,
                             double *error, nf_work *work);

/* ∂L/∂t for one trainable tensor of b's tree, whose values are moved, prepared, and put back.
 * errors  as forward, backward and prepare; NF_EINVAL when t is not trainable */
int nf_verify_gradient_tensor(nf_bijector *b, size_t n_param, const nf_batch *x, const nf_tensor *t,
                              uint64_t seed, double *error, nf_work *work);

#endif
