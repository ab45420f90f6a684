/* Three products, one forward and two backward. Sums over samples are taken in 16 parts side by
 * side, the same on every machine. */
#include "nets/columns.h"

#include "core/gemm.h"
#include "core/real.h"
#include "nets/dense.h"

enum { SIDE = 16, FEW = 4 };

void nf_columns_forward(size_t n, size_t in, size_t out, const nf_real *x, size_t ldx,
                        const nf_real *weight, const nf_real *bias, bool relu, nf_real *y,
                        size_t ldy) {
  nf_gemm_columns(false, out, n, in, weight, in, x, ldx, bias, relu, y, ldy);
}

static nf_real total(const nf_real *part, nf_real rest) {
  for (size_t k = 0; k < SIDE; k++) rest += part[k];
  return rest;
}

static nf_real sum(size_t n, const nf_real *dy) {
  nf_real part[SIDE] = {0}, rest = 0;
  size_t i = 0;
  for (; i + SIDE <= n; i += SIDE)
    for (size_t k = 0; k < SIDE; k++) part[k] += dy[i + k];
  for (; i < n; i++) rest += dy[i];
  return total(part, rest);
}

/* dW += dY·Xᵀ. A product packs its second factor's columns; of a few outputs dWᵀ = X·dYᵀ needs
 * none. */
void nf_columns_weight_backward(size_t n, size_t in, size_t out, const nf_real *x, size_t ldx,
                                const nf_real *dy, size_t ldy, nf_real *dweight, size_t ldw) {
  enum { ROWS = 64 };
  if (out > FEW || in <= FEW) {
    nf_gemm(false, true, out, in, n, dy, ldy, x, ldx, true, dweight, ldw);
    return;
  }
  nf_real dwt[ROWS * FEW];
  for (size_t j = 0, rows; j < in; j += rows) {
    rows = nf_min_size(in - j, ROWS);
    nf_gemm(false, true, rows, out, n, x + j * ldx, ldx, dy, ldy, false, dwt, out);
    for (size_t r = 0; r < rows; r++)
      for (size_t k = 0; k < out; k++) dweight[k * ldw + j + r] += dwt[r * out + k];
  }
}

void nf_columns_bias_backward(size_t n, size_t out, const nf_real *dy, size_t ldy, nf_real *dbias) {
  for (size_t k = 0; k < out; k++) dbias[k] += sum(n, dy + k * ldy);
}

void nf_columns_input_backward(size_t n, size_t in, size_t out, const nf_real *weight,
                               const nf_real *dy, size_t ldy, nf_real *dx, size_t ldx) {
  nf_gemm_columns(true, in, n, out, weight, in, dy, ldy, NULL, false, dx, ldx);
}
