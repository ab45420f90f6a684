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
/* dX is overwritten; its rows lie ldx apart. */
void nf_columns_input_backward(size_t n, size_t in, size_t out, const nf_real *weight,
                               const nf_real *dy, size_t ldy, nf_real *dx, size_t ldx);
/* dW += dY·Xᵀ, whose rows lie ldw apart */
void nf_columns_weight_backward(size_t n, size_t in, size_t out, const nf_real *x, size_t ldx,
                                const nf_real *dy, size_t ldy, nf_real *dweight, size_t ldw);
/* db += Σ_columns dY */
void nf_columns_bias_backward(size_t n, size_t out, const nf_real *dy, size_t ldy, nf_real *dbias);

#endif
