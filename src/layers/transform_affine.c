/* The affine transform of the masked autoregressive flow (Papamakarios et al. 2017), NOTES (10.6):
 *
 *   z = (x - μ)·e^(-α)    log τ' = -α    x = z·e^α + μ      α = A·tanh(a/A), raw numbers μ, a
 *
 * α is close to a while |a| is small. Without the bound training fails: the slopes of layers
 * multiply, and a sample far from all others overflows. */
#include "core/vector.h"
#include "layers/transform.h"

enum { BLOCK = 64 }; /* values at a time, so that no more memory is needed */

/* a becomes α. */
static void prepare(const nf_transform *t, size_t count, nf_real *raw) {
  (void)t;
  nf_real *a = raw + count;
  for (size_t i = 0; i < count; i++) a[i] /= NF_AFFINE_BOUND;
  nf_vector_tanh(count, a, a);
  for (size_t i = 0; i < count; i++) a[i] *= NF_AFFINE_BOUND;
}

static void forward(const nf_transform *t, size_t count, const nf_real *raw, nf_real *x,
                    nf_real *log_slope) {
  (void)t;
  const nf_real *mu = raw, *alpha = raw + count;
  for (size_t i = 0; i < count; i++) log_slope[i] = -alpha[i];
  for (size_t begin = 0; begin < count; begin += BLOCK) {
    const size_t end = count - begin < BLOCK ? count : begin + BLOCK;
    nf_real e[BLOCK];
    nf_vector_exp(end - begin, log_slope + begin, e);
    for (size_t i = begin; i < end; i++) x[i] = (x[i] - mu[i]) * e[i - begin];
  }
}

static void inverse(const nf_transform *t, size_t count, const nf_real *raw, nf_real *z,
                    nf_real *log_slope) {
  (void)t;
  const nf_real *mu = raw, *alpha = raw + count;
  nf_vector_exp(count, alpha, log_slope);
  for (size_t i = 0; i < count; i++) {
    z[i] = z[i] * log_slope[i] + mu[i];
    log_slope[i] = alpha[i];
  }
}

/* NOTES (10.12): dx = dz·e^(-α),   ∂L/∂μ = -dx,   ∂L/∂α = -dz·z - ∂L/∂log τ',
 * ∂α/∂a = 1 - (α/A)² */
static void backward(const nf_transform *t, size_t count, nf_real *raw, nf_real *z, nf_real *dz,
                     const nf_real *dlog_slope) {
  (void)t;
  nf_real *mu = raw, *alpha = raw + count;
  for (size_t begin = 0; begin < count; begin += BLOCK) {
    const size_t end = count - begin < BLOCK ? count : begin + BLOCK;
    nf_real e[BLOCK];
    nf_vector_exp(end - begin, alpha + begin, e);
    for (size_t i = begin; i < end; i++) {
      const nf_real tanh_a = alpha[i] / NF_AFFINE_BOUND, dx = dz[i] / e[i - begin];
      alpha[i] = (-dz[i] * z[i] - dlog_slope[i]) * (1 - tanh_a * tanh_a);
      z[i] = z[i] * e[i - begin] + mu[i];
      mu[i] = -dx;
      dz[i] = dx;
    }
  }
}

const nf_transform nf_affine_transform = {.name = "affine",
                                          .n_raw = 2,
                                          .prepare = prepare,
                                          .forward = forward,
                                          .inverse = inverse,
                                          .backward = backward};
