#include "nets/gate.h"

#include "core/real.h"
#include "core/vector.h"

/* Derivatives come from outputs: ELU'(v) is 1 for v > 0 and e^v = ELU(v) + 1 below, and a channel
 * and its negative are never positive together. */

void nf_celu_forward(size_t rows, size_t c, const nf_real *x, nf_real *y) {
  for (size_t i = 0; i < rows; i++, x += c, y += 2 * c) {
    for (size_t k = 0; k < c; k++) y[k] = -fabs(x[k]);
    nf_vector_exp(c, y, y);
    for (size_t k = 0; k < c; k++) { /* e^{-|v|} - 1 belongs to the one that is not positive */
      const nf_real below = y[k] - 1;
      y[k] = x[k] > 0 ? x[k] : below;
      y[c + k] = x[k] > 0 ? below : -x[k];
    }
  }
}

static nf_real elu_slope(nf_real y) { return y > 0 ? 1 : y + 1; }

void nf_celu_backward(size_t rows, size_t c, const nf_real *y, const nf_real *dy, nf_real *dx) {
  for (size_t i = 0; i < rows; i++, y += 2 * c, dy += 2 * c, dx += c)
    for (size_t k = 0; k < c; k++)
      dx[k] += dy[k] * elu_slope(y[k]) - dy[c + k] * elu_slope(y[c + k]);
}

static void sigmoid(size_t c, const nf_real *b, nf_real *y) {
  for (size_t k = 0; k < c; k++) y[k] = -b[k];
  nf_vector_exp(c, y, y);
  for (size_t k = 0; k < c; k++) y[k] = 1 / (1 + y[k]);
}

void nf_gate_forward(size_t rows, size_t c, const nf_real *h, const nf_real *ab, nf_real *r) {
  for (size_t i = 0; i < rows; i++, h += c, ab += 2 * c, r += c) {
    sigmoid(c, ab + c, r);
    for (size_t k = 0; k < c; k++) r[k] = h[k] + ab[k] * r[k];
  }
}

void nf_gate_backward(size_t rows, size_t c, const nf_real *ab, const nf_real *dr, nf_real *dab) {
  for (size_t i = 0; i < rows; i++, ab += 2 * c, dr += c, dab += 2 * c) {
    sigmoid(c, ab + c, dab + c);
    for (size_t k = 0; k < c; k++) {
      dab[k] = dr[k] * dab[c + k];
      dab[c + k] = dr[k] * ab[k] * dab[c + k] * (1 - dab[c + k]);
    }
  }
}

/* The mean of a row, and 1/√(var + ε). */
static nf_real moments(size_t c, const nf_real *r, nf_real *mean) {
  nf_real sum = 0, square = 0;
  for (size_t k = 0; k < c; k++) sum += r[k];
  *mean = sum / (nf_real)c;
  for (size_t k = 0; k < c; k++) square += (r[k] - *mean) * (r[k] - *mean);
  return 1 / sqrt(square / (nf_real)c + NF_R(1e-5));
}

void nf_layer_norm_forward(size_t rows, size_t c, const nf_real *r, const nf_real *gamma,
                           const nf_real *beta, nf_real *y) {
  for (size_t i = 0; i < rows; i++, r += c, y += c) {
    nf_real mean;
    const nf_real scale = moments(c, r, &mean);
    for (size_t k = 0; k < c; k++) y[k] = (r[k] - mean) * scale * gamma[k] + beta[k];
  }
}

/* With g = γ·dy:  dr = (g - (1/c) Σ g - x̂·(1/c) Σ g·x̂)/√(var + ε) */
void nf_layer_norm_backward(size_t rows, size_t c, const nf_real *r, const nf_real *gamma,
                            nf_real *dy, nf_real *dgamma, nf_real *dbeta) {
  for (size_t i = 0; i < rows; i++, r += c, dy += c) {
    nf_real mean, sum = 0, along = 0;
    const nf_real scale = moments(c, r, &mean);
    for (size_t k = 0; k < c; k++) {
      const nf_real unit = (r[k] - mean) * scale;
      dbeta[k] += dy[k];
      dgamma[k] += dy[k] * unit;
      dy[k] *= gamma[k];
      sum += dy[k];
      along += dy[k] * unit;
    }
    sum /= (nf_real)c;
    along /= (nf_real)c;
    for (size_t k = 0; k < c; k++) dy[k] = scale * (dy[k] - sum - (r[k] - mean) * scale * along);
  }
}
