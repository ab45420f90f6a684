/* The contract of a layer, checked by routes that share no code with the layer. The
 * functions know nf/layer.h and nothing else of a layer, return a status and never print, and
 * calculate in double only.
 *
 *   round trip      max |f⁻¹(f(x)) - x| / max(1, |x|)
 *   cancellation    max |log|det ∂f/∂x| + log|det ∂f⁻¹/∂z||
 *   reconstruction  the round trip again, with the x that `backward` computes from z
 *
 * are 0 in exact arithmetic. Is `backward` the gradient of `forward`? A loss of every output,
 * log-dets included,
 *
 *   L(x; θ) = Σ_i ⟨r_i, z_i⟩ + q_i·log_det_i              r, q ~ N(0, 1) from `seed`
 *
 * is differentiated along one random direction v, by `backward` as ⟨∂L, v⟩ and by the 4th-order
 * central difference of forward passes. The relative error
 *
 *   |backward - difference| / max(|backward|, |difference|)
 *
 * is 1 for a gradient that is missing, 2 for one of the wrong sign, and NaN when both are 0:
 * nothing was tested, so nothing passes. A difference across a kink of a ReLU is not the slope, so
 * four step sizes are tried and the closest difference counts. */
#ifndef NF_VERIFY_LAYER_H
#define NF_VERIFY_LAYER_H

#include "core/real.h"
#include "layers/layer.h"

#ifdef NF_FLOAT
#error "the oracles are for the double build"
#endif

/* The 4th-order central difference of f along a line:
 *   f'(x) = Σ_k weight[k]·f(x + offset[k]·h) / 12h + O(h⁴) */
enum { NF_STENCIL = 4 };
extern const double nf_stencil_offset[NF_STENCIL], nf_stencil_weight[NF_STENCIL];

/* A batch of b's outputs in z for the samples of x: their numbers, draw and condition. */
nf_batch nf_verify_output(const nf_bijector *b, const nf_batch *x, double *z);

/* z = f(x) on a copy, (n, D); log_det (n), set and not added to, may be NULL. errors  as
 * nf_bijector_forward, and then z is undefined. */
int nf_verify_forward(const nf_bijector *b, const nf_batch *x, double *z, double *log_det,
                      nf_work *work);

/* errors  as forward and inverse, and NF_ESHAPE when the shapes on the way are not b's own */
int nf_verify_round_trip(const nf_bijector *b, const nf_batch *x, double *round_trip,
                         double *cancellation, nf_work *work);
int nf_verify_reconstruction(const nf_bijector *b, size_t n_param, const nf_batch *x,
                             double *reconstruction, nf_work *work);

/* ∂L/∂x. n_param is the length of the parameter array b is bound to. */
int nf_verify_gradient_input(const nf_bijector *b, size_t n_param, const nf_batch *x, uint64_t seed,
                             double *error, nf_work *work);

/* ∂L/∂t for one trainable tensor of b's tree, whose values are moved, prepared, and put back.
 * errors  as forward, backward and prepare; NF_EINVAL when t is not trainable */
int nf_verify_gradient_tensor(nf_bijector *b, size_t n_param, const nf_batch *x, const nf_tensor *t,
                              uint64_t seed, double *error, nf_work *work);

#endif
