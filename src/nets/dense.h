/* The dense layer, from which every conditioner is made:
 *
 *   y = x·Wᵀ + b        x (rows, in), W (out, in), b (out), y (rows, out)
 *   dx = dy·W,  dW += dyᵀ·x,  db += Σ_rows dy
 *
 * A 1×1 convolution is this with one row a pixel. */
#ifndef NF_NETS_DENSE_H
#define NF_NETS_DENSE_H

#include "nf/net.h"

/* bias may be NULL; relu clips y at 0. */
void nf_dense_forward(size_t rows, size_t in, size_t out, const nf_real *x, const nf_real *weight,
                      const nf_real *bias, bool relu, nf_real *y);
/* dx is overwritten. */
void nf_dense_input_backward(size_t rows, size_t in, size_t out, const nf_real *weight,
                             const nf_real *dy, nf_real *dx);
/* dweight and dbias are added to. */
void nf_dense_weight_backward(size_t rows, size_t in, size_t out, const nf_real *x,
                              const nf_real *dy, nf_real *dweight, nf_real *dbias);
/* dbias += Σ_rows dy */
void nf_bias_backward(size_t rows, size_t out, const nf_real *dy, nf_real *dbias);
/* dy becomes 0 where the ReLU's output y was 0. */
void nf_relu_backward(size_t count, const nf_real *y, nf_real *dy);
/* He et al. 2015: N(0, 2/fan_in), which keeps the scale of activations through a ReLU. */
void nf_he_init(nf_tensor *weight, size_t fan_in, nf_random *r);

#endif
