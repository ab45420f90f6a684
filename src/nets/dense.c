/* One GEMM forward, two backward; bias and ReLU in one pass over the result. */
#include "nets/dense.h"

#include <string.h>

#include "core/gemm.h"
#include "core/real.h"

void nf_dense_forward(size_t rows, size_t in, size_t out, const nf_real *x, const nf_real *weight,
                      const nf_real *bias, bool relu, nf_real *y) {
  nf_gemm_bias(rows, out, in, x, weight, bias, relu, y);
}

void nf_dense_backward(size_t rows, size_t in, size_t out, const nf_real *x, const nf_real *weight,
                       const nf_real *dy, nf_real *dx, nf_real *dweight, nf_real *dbias) {
  nf_gemm(true, false, out, in, rows, dy, out, x, in, true, dweight, in);
  if (dbias != NULL) nf_bias_backward(rows, out, dy, dbias);
  if (dx != NULL) nf_gemm(false, false, rows, in, out, dy, out, weight, in, false, dx, in);
}

/* A strip of sums stays in registers while the rows pass. */
void nf_bias_backward(size_t rows, size_t out, const nf_real *dy, nf_real *dbias) {
  enum { STRIP = 64 };
  size_t j = 0;
  for (; j + STRIP <= out; j += STRIP) {
    nf_real sum[STRIP];
    memcpy(sum, dbias + j, sizeof sum);
    for (size_t i = 0; i < rows; i++)
      for (size_t k = 0; k < STRIP; k++) sum[k] += dy[i * out + j + k];
    memcpy(dbias + j, sum, sizeof sum);
  }
  for (size_t i = 0; i < rows; i++)
    for (size_t k = j; k < out; k++) dbias[k] += dy[i * out + k];
}

void nf_relu_backward(size_t count, const nf_real *y, nf_real *dy) {
  for (size_t i = 0; i < count; i++) dy[i] = y[i] > 0 ? dy[i] : 0;
}

void nf_relu_bias_backward(size_t rows, size_t out, const nf_real *y, nf_real *dy, nf_real *dbias) {
  enum { BLOCK = 32 };
  for (size_t i = 0; i < rows; i += BLOCK) {
    const size_t n = nf_min_size(rows - i, BLOCK);
    nf_relu_backward(n * out, y + i * out, dy + i * out);
    nf_bias_backward(n, out, dy + i * out, dbias);
  }
}

void nf_he_init(nf_tensor *weight, size_t fan_in, nf_random *r) {
  const double deviation = sqrt(2 / (double)fan_in);
  const size_t size = nf_tensor_size(weight);
  for (size_t i = 0; i < size; i++) weight->data[i] = NF_R(deviation * nf_random_next_normal(r));
}
