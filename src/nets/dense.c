/* One GEMM forward, two backward; bias and ReLU in one pass over the result. */
#include "nets/dense.h"

#include "core/gemm.h"

void nf_dense_forward(size_t rows, size_t in, size_t out, const nf_real *x, const nf_real *weight,
                      const nf_real *bias, bool relu, nf_real *y) {
  nf_gemm_bias(rows, out, in, x, weight, bias, relu, y);
}

void nf_dense_backward(size_t rows, size_t in, size_t out, const nf_real *x, const nf_real *weight,
                       const nf_real *dy, nf_real *dx, nf_real *dweight, nf_real *dbias) {
  nf_gemm(true, false, out, in, rows, dy, out, x, in, true, dweight, in);
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < out; j++) dbias[j] += dy[i * out + j];
  if (dx != NULL) nf_gemm(false, false, rows, in, out, dy, out, weight, in, false, dx, in);
}

void nf_relu_backward(size_t count, const nf_real *y, nf_real *dy) {
  for (size_t i = 0; i < count; i++) dy[i] = y[i] > 0 ? dy[i] : 0;
}

void nf_he_init(nf_tensor *weight, size_t fan_in, nf_random *r) {
  const double deviation = sqrt(2 / (double)fan_in);
  const size_t size = nf_tensor_size(weight);
  for (size_t i = 0; i < size; i++) weight->data[i] = NF_R(deviation * nf_random_next_normal(r));
}
