/* The affine transform of the masked autoregressive flow (Papamakarios et al. 2017), NOTES (10.6):
 *
 *   z = (x - μ)·e^(-α)    log τ' = -α    x = z·e^α + μ      α = A·tanh(a/A), raw numbers μ, a
 *
 * α is close to a while |a| is small. Without the bound training fails: the slopes of layers
 * multiply, and a sample far from all others overflows. */
#include "core/vector.h"
#include "layers/transform.h"

enum { BLOCK = 64 }; /* values at a time, so that no more memory is needed */

/* tanh(a/A) and α of a block */
static void bounded(size_t n, const nf_real *a, nf_real *tanh_a, nf_real *alpha) {
  for (size_t i = 0; i < n; i++) tanh_a[i] = a[i] / NF_AFFINE_BOUND;
  nf_vector_tanh(n, tanh_a, tanh_a);
  for (size_t i = 0; i < n; i++) alpha[i] = NF_AFFINE_BOUND * tanh_a[i];
}

static void forward(const nf_transform *t, size_t count, const nf_real *raw, nf_real *x,
                    nf_real *log_slope) {
  (void)t;
  for (size_t begin = 0; begin < count; begin += BLOCK) {
    const size_t n = count - begin < BLOCK ? count - begin : BLOCK;
    const nf_real *mu = raw + begin;
    nf_real *block = x + begin, *log_e = log_slope + begin, tanh_a[BLOCK], e[BLOCK];
    bounded(n, raw + count + begin, tanh_a, log_e);
    for (size_t i = 0; i < n; i++) log_e[i] = -log_e[i];
    nf_vector_exp(n, log_e, e);
    for (size_t i = 0; i < n; i++) block[i] = (block[i] - mu[i]) * e[i];
  }
}

static void inverse(const nf_transform *t, size_t count, const nf_real *raw, nf_real *z,
                    nf_real *log_slope) {
  (void)t;
  for (size_t begin = 0; begin < count; begin += BLOCK) {
    const size_t n = count - begin < BLOCK ? count - begin : BLOCK;
    const nf_real *mu = raw + begin;
    nf_real *block = z + begin, tanh_a[BLOCK], e[BLOCK];
    bounded(n, raw + count + begin, tanh_a, log_slope + begin);
    nf_vector_exp(n, log_slope + begin, e);
    for (size_t i = 0; i < n; i++) block[i] = block[i] * e[i] + mu[i];
  }
}

/* NOTES (10.12): dx = dz·e^(-α),   ∂L/∂μ = -dx,   ∂L/∂α = -dz·z - ∂L/∂log τ',
 * ∂α/∂a = 1 - tanh²(a/A) */
static void backward(const nf_transform *t, size_t count, nf_real *raw, const nf_real *x,
                     nf_real *dz, const nf_real *dlog_slope) {
  (void)t;
  for (size_t begin = 0; begin < count; begin += BLOCK) {
    const size_t n = count - begin < BLOCK ? count - begin : BLOCK;
    nf_real *mu = raw + begin, *a = raw + count + begin, tanh_a[BLOCK], e[BLOCK];
    bounded(n, a, tanh_a, e);
    for (size_t i = 0; i < n; i++) e[i] = -e[i];
    nf_vector_exp(n, e, e);
    for (size_t i = 0; i < n; i++) {
      const size_t k = begin + i;
      const nf_real z = (x[k] - mu[i]) * e[i], dx = dz[k] * e[i];
      a[i] = (-dz[k] * z - dlog_slope[k]) * (1 - tanh_a[i] * tanh_a[i]);
      mu[i] = -dx;
      dz[k] = dx;
    }
  }
}

const nf_transform nf_affine_transform = {
    .name = "affine", .n_raw = 2, .forward = forward, .inverse = inverse, .backward = backward};
