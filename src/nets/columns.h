/* The dense layer where a sample is a column:
 *
 *   Y = W·X + b        X (in, n), W (out, in), b (out), Y (out, n)
 *   dX = Wᵀ·dY,  dW += dY·Xᵀ,  db += Σ_columns dY
 *
 * Its products have full vectors of samples however few units a layer has, so a conditioner of
 * points, with inputs and outputs of 1 to 4 values, is faster so than by rows (bench/LOG.md). */
#ifndef NF_NETS_COLUMNS_H
#define NF_NETS_COLUMNS_H

#include "nf/net.h"

/* Columns in a slice of hidden units: their rows then begin at addresses of which the first cache
 * keeps a whole panel of 64 columns. */
enum { NF_COLUMNS_SLICE = 128 };

/* Rows lie ldx, ldy apart. relu clips Y at 0. */
void nf_columns_forward(size_t n, size_t in, size_t out, const nf_real *x, size_t ldx,
                        const nf_real *weight, const nf_real *bias, bool relu, nf_real *y,
                        size_t ldy);
/* dX, with rows as far apart as X's, is overwritten, dW and db are added to; db may be NULL where
 * it has its gradient already. */
void nf_columns_backward(size_t n, size_t in, size_t out, const nf_real *x, size_t ldx,
                         const nf_real *weight, const nf_real *dy, size_t ldy, nf_real *dx,
                         nf_real *dweight, nf_real *dbias);
/* dY becomes 0 where the ReLU's output Y was 0; db += Σ_columns dY. No gaps between rows. */
void nf_columns_relu_bias_backward(size_t n, size_t out, const nf_real *y, nf_real *dy,
                                   nf_real *dbias);

#endif
