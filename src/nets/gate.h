/* The pointwise parts of a gated residual network, on `rows` rows (pixels) of channels:
 *
 *   concatenated ELU   y = [ELU(x), ELU(-x)],  ELU(v) = v for v > 0, e^v - 1 below    c to 2c
 *   gate               r = h + a·σ(b)
 *   layer norm         y = γ·x̂ + β,  x̂ = (r - mean)/√(var + ε)   over the c channels of a row
 *
 * with mean = Σr/c, var = Σ(r - mean)²/c and ε = 10⁻⁵ (NOTES (13.3)-(13.5)). */
#ifndef NF_NETS_GATE_H
#define NF_NETS_GATE_H

#include "nf/core.h"

/* x (rows, c), y (rows, 2c) */
void nf_celu_forward(size_t rows, size_t c, const nf_real *x, nf_real *y);
/* dx += (∂y/∂x)ᵀ dy, from the output y */
void nf_celu_backward(size_t rows, size_t c, const nf_real *y, const nf_real *dy, nf_real *dx);

/* ab (rows, 2c): a, then b; h and r (rows, c) */
void nf_gate_forward(size_t rows, size_t c, const nf_real *h, const nf_real *ab, nf_real *r);
/* dab, of r = h + a·σ(b); ∂L/∂h is dr itself. */
void nf_gate_backward(size_t rows, size_t c, const nf_real *ab, const nf_real *dr, nf_real *dab);

/* r and y (rows, c), which may be one array; gamma and beta (c) */
void nf_layer_norm_forward(size_t rows, size_t c, const nf_real *r, const nf_real *gamma,
                           const nf_real *beta, nf_real *y);
/* dy becomes dr; dgamma and dbeta are added to. */
void nf_layer_norm_backward(size_t rows, size_t c, const nf_real *r, const nf_real *gamma,
                            nf_real *dy, nf_real *dgamma, nf_real *dbeta);

#endif
