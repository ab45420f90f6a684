/* The layers. Each constructor takes the shape of one sample of x and a sticky status: on
 * failure it returns NULL and sets *status (NF_ESHAPE, NF_EINVAL, NF_ENOMEM), and when
 * *status is already an error it does nothing but free what it was given. */
#ifndef NF_LAYERS_BIJECTORS_H
#define NF_LAYERS_BIJECTORS_H

#include "layers/bijector.h"

/* z = W x + b at every pixel;   log|det J| = h·w·log|det W|
 * source  NOTES 10.1 (h = w = 1); Kingma & Dhariwal 2018, eq. 9
 * tensors "weight" (c, c), "bias" (c); the identity at birth
 * errors  prepare: NF_ESINGULAR */
nf_bijector *nf_affine_new(nf_shape shape, int *status);

/* The invertible 1×1 convolution of Glow: z = W x at every pixel, W a random rotation at birth.
 * plu = false: "weight" (c, c), log|det W| by LU.
 * plu = true:  W = P·L·(U + diag(s)), log|det W| = Σ log|s|. "lu" (c, c) holds L below its
 *              diagonal, U above it and log|s| on it; the constants are "permutation" (c)
 *              and "sign" (c): row i of L·(U + diag(s)) is row permutation[i] of W.
 * source  Kingma & Dhariwal 2018, eq. 9-11 */
nf_bijector *nf_conv1x1_new(nf_shape shape, bool plu, int *status);

/* z = x·exp(log_scale) + bias, per channel;   log|det J| = h·w·Σ log_scale
 * The first data observed set the scale and bias so that every channel of z has mean 0 and
 * variance 1; the constant "initialised" then says 1 and it never happens again, whether the
 * flow was trained, saved or loaded since.
 * source  Kingma & Dhariwal 2018, 3.1;  tensors "log_scale" (c), "bias" (c), "initialised" (1) */
nf_bijector *nf_actnorm_new(nf_shape shape, int *status);

/* z_i = x_{order[i]} over channels;   log|det J| = 0. order NULL: a random one, drawn at birth.
 * tensors "permutation" (c), a constant */
nf_bijector *nf_permute_new(nf_shape shape, const size_t *order, int *status);
nf_bijector *nf_reverse_new(nf_shape shape, int *status);

/* Which part of a sample a coupling layer leaves alone, so that it can condition the rest.
 * channel halves: a = the first ⌊c/2⌋ channels, b = the others; swapped: b = the first ⌊c/2⌋.
 * checkerboard:   a = the pixels with (row + column) even;      swapped: with it odd.       */
typedef enum { NF_CHANNEL, NF_CHANNEL_SWAPPED, NF_CHECKERBOARD, NF_CHECKERBOARD_SWAPPED } nf_mask;

/* How the conditioner's s scales x_b, as log g(s):
 * none: 0 (NICE)   exp: s (NOTES 9.2)   tanh: γ·tanh(s) (RealNVP)   sigmoid: log σ(s + 2) (Glow) */
typedef enum { NF_SCALE_NONE, NF_SCALE_EXP, NF_SCALE_TANH, NF_SCALE_SIGMOID } nf_scale;

/* The coupling layer:  z_a = x_a,  z_b = x_b·g(s(x_a)) + t(x_a);   log|det J| = Σ log g(s)
 * source  NOTES 7 and 9; Dinh et al. 2015, eq. 9; Dinh et al. 2017, eq. 4-6
 * The net maps nf_coupling_net_in to nf_coupling_net_out: from (h, w, c_a) to (h, w, 2·c_b),
 * s first and t after it, or (h, w, c_b), t alone, for scale none. Under a checkerboard
 * c_a = c_b = c: the net sees zeros where b is, and its output there is not read.
 * tensors "gamma" (1), 1 at birth, for tanh alone; and those of the net
 * The layer owns the net. */
nf_bijector *nf_coupling_new(nf_shape shape, nf_mask mask, nf_scale scale, nf_net *net,
                             int *status);
nf_shape nf_coupling_net_in(nf_shape shape, nf_mask mask);
nf_shape nf_coupling_net_out(nf_shape shape, nf_mask mask, nf_scale scale);

/* Space to depth: (h, w, c) → (h/2, w/2, 4c); the four pixels of a block become channels in
 * the order (dy, dx, c), c fastest.   log|det J| = 0.   unsqueeze is its inverse. */
nf_bijector *nf_squeeze_new(nf_shape shape, int *status);
nf_bijector *nf_unsqueeze_new(nf_shape shape, int *status);

/* The same numbers under another shape, such as an image as one long point. log|det J| = 0 */
nf_bijector *nf_reshape_new(nf_shape in, nf_shape out, int *status);

/* Multi-scale is recursion: the first c/2 channels go through `inner` (a whole flow at its
 * own shape), the others are done and pass.   z = [inner(x_a), x_b], shape (1, 1, D): the
 * latent keeps all D numbers.   log|det J| = that of inner.
 * source  Dinh et al. 2017, 3.6;  inner->in must be (h, w, c/2); owned */
nf_bijector *nf_split_new(nf_shape shape, nf_bijector *inner, int *status);

/* z = logit(α + (1-2α)x), x in [0, 1];   log|det J| = Σ softplus(z) + softplus(-z) + log(1-2α)
 * source  NOTES 11.1; Dinh et al. 2017, 4.1;  0 ≤ alpha < 1/2, and x in (0, 1) when it is 0
 * errors  NF_EDOM */
nf_bijector *nf_logit_new(nf_shape shape, double alpha, int *status);

/* x' = (k + u)/levels for pixels k = 0 … levels-1, u uniform in (0, 1) by (seed, draw, sample);
 * log|det J| = -D·log(levels). The inverse is floor(levels·x'), clamped to a pixel.
 * u is an odd multiple of 2⁻¹⁶, so that 255 + u is exact even in float.
 * source  NOTES 11.1; Theis et al. 2016, 3.1;  levels in 2 … 256;  errors  NF_EDOM */
nf_bijector *nf_dequantise_new(nf_shape shape, unsigned levels, uint64_t seed, int *status);

/* f = f_n ∘ … ∘ f_1;   log|det J| = Σ log|det J_i|   (NOTES 5). Empty it is the identity.
 * nf_chain_add appends b and owns it; b->in must be the chain's out. */
nf_bijector *nf_chain_new(nf_shape in, int *status);
void nf_chain_add(nf_bijector *chain, nf_bijector *b, int *status);

#endif
