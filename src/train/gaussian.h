/* The best Gaussian is a flow whose maximum is known: an affine layer that whitens (NOTES 4).
 *
 *   m = (1/n) Σ y_i      S = (1/n) Σ (y_i - m)(y_i - m)ᵀ      z = W (y - m),  W S_λ Wᵀ = I
 *   S_λ = (1 - λ) S + λ μ I,  μ = tr S/d
 *   λ = min(1, β²/δ²),  δ² = ‖S - μI‖²,  β² = (1/n²) Σ ‖(y_i - m)(y_i - m)ᵀ - S‖²   (Frobenius)
 *
 * S alone is the maximum of the likelihood; but from few samples its small eigenvalues come out
 * too small, and other samples fall where it allows none. λ draws them to their mean by as much
 * as the spread of the samples says they can be trusted: none when n is large, and S_λ has an
 * inverse even when n < d. */
#ifndef NF_TRAIN_GAUSSIAN_H
#define NF_TRAIN_GAUSSIAN_H

#include <stddef.h>

#include "core/real.h"

/* weight (d·d, lower triangular) and bias (d) of that layer, z = weight·y + bias, from y (n·d),
 * summed in double; *shrinkage = λ, which may be NULL.
 * source  NOTES 4; Ledoit & Wolf 2004, 3.2 and 3.3
 * errors  NF_EINVAL (n < 3, d is 0), NF_ESINGULAR (all y are the same), NF_ENONFINITE, NF_ENOMEM */
int nf_gaussian_fit(size_t n, size_t d, const nf_real *y, nf_real *weight, nf_real *bias,
                    double *shrinkage);

#endif
