/* The Jacobian of a bijector at one sample, by routes that share no code with its log-det:
 *
 *   J[i][j] = ∂z_i/∂x_j          D×D, row-major, z and x flattened
 *
 * and its log|det J| by GSL's LU decomposition: compare it with the log-det of the layer (NOTES
 * (1.5)). In all of them x is a batch of one sample. */
#ifndef NF_VERIFY_JACOBIAN_H
#define NF_VERIFY_JACOBIAN_H

#include "verify/layer.h"

/* log|det A| of the n×n matrix a, row-major, which is destroyed; -∞ when singular, NaN without
 * memory */
double nf_verify_log_abs_det(size_t n, double *a);

/* Entry by entry with gsl_deriv_central, which picks its own step: some 8·D² forward passes,
 * so for small D. Error about 1e-11 of the largest entry.
 * errors  as nf_bijector_forward at a perturbed point */
int nf_verify_jacobian(const nf_bijector *b, const nf_batch *x, double *j, nf_work *work);

/* Column by column with the 4th-order central difference
 *   ∂z/∂x_j ≈ [8(z(x_j+h) - z(x_j-h)) - (z(x_j+2h) - z(x_j-2h))] / 12h + O(h⁴)
 * in 4·D forward passes, many to a batch. h = step·max(1, |x_j|), halved where a perturbed point
 * leaves the domain. The rounding error is about ε/step, so a step of 2⁻¹⁴ is good for smooth maps;
 * a large net of ReLUs needs a shorter one, or some column meets a kink.
 * Noise belongs to a sample, so b must not dequantise. */
int nf_verify_jacobian_columns(const nf_bijector *b, const nf_batch *x, double step, double *j,
                               nf_work *work);

/* For maps of pixels, which are integers: column j is z(x + e_j) - z(x), or z(x) - z(x - e_j)
 * at the upper end. Exact when z is affine in each pixel, as dequantisation is. */
int nf_verify_jacobian_pixels(const nf_bijector *b, const nf_batch *x, double *j, nf_work *work);

/* Row by row from `backward`: with ∂L/∂z = e_i and ∂L/∂log_det = 0, ∂L/∂x is row i of J.
 * n_param is the length of the parameter array b is bound to. */
int nf_verify_jacobian_backward(const nf_bijector *b, size_t n_param, const nf_batch *x, double *j,
                                nf_work *work);

#endif
