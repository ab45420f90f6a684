/* One GEMM forward, two backward; bias and ReLU in one pass over the result. */
#include "nets/dense.h"

#include <string.h>

#include "core/block.h"
#include "core/gemm.h"
#include "core/real.h"

void nf_dense_forward(size_t rows, size_t in, size_t out, const nf_real *x, const nf_real *weight,
                      const nf_real *bias, bool relu, nf_real *y) {
  nf_gemm_bias(rows, out, in, x, weight, bias, relu, y);
}

void nf_dense_input_backward(size_t rows, size_t in, size_t out, const nf_real *weight,
                             const nf_real *dy, nf_real *dx) {
  nf_gemm(false, false, rows, in, out, dy, out, weight, in, false, dx, in);
}

void nf_dense_weight_backward(size_t rows, size_t in, size_t out, const nf_real *x,
                              const nf_real *dy, nf_real *dweight, nf_real *dbias) {
  nf_gemm(true, false, out, in, rows, dy, out, x, in, true, dweight, in);
  nf_bias_backward(rows, out, dy, dbias);
}

/* A strip of sums stays in registers while the rows pass. */
enum { STRIP = 64 };
NF_BLOCKED add_rows(size_t width, size_t k, size_t rows, size_t out, const nf_real *dy,
                    nf_real *dbias) {
  nf_real sum[STRIP];
  memcpy(sum, dbias + k, width * sizeof *sum);
  for (size_t i = 0; i < rows; i++)
    for (size_t q = 0; q < width; q++) sum[q] += dy[i * out + k + q];
  memcpy(dbias + k, sum, width * sizeof *sum);
}

void nf_bias_backward(size_t rows, size_t out, const nf_real *dy, nf_real *dbias) {
  size_t k = 0;
  for (; k + STRIP <= out; k += STRIP) add_rows(STRIP, k, rows, out, dy, dbias);
  NF_BY_STRIP(out - k, add_rows, rows, out, dy + k, dbias + k);
}

void nf_relu_backward(size_t count, const nf_real *y, nf_real *dy) {
  for (size_t i = 0; i < count; i++) dy[i] = y[i] > 0 ? dy[i] : 0;
}

void nf_he_init(nf_tensor *weight, size_t fan_in, nf_random *r) {
  const double deviation = sqrt(2 / (double)fan_in);
  const size_t size = nf_tensor_size(weight);
  for (size_t i = 0; i < size; i++) weight->data[i] = NF_R(deviation * nf_random_next_normal(r));
}
