/* The affine transform of the masked autoregressive flow (Papamakarios et al. 2017), NOTES (10.6):
 *
 *   z = (x - μ)·e^(-α)    log τ' = -α    x = z·e^α + μ */
#include "core/vector.h"
#include "layers/transform.h"

static void forward(const nf_transform *t, size_t count, const nf_real *raw, nf_real *x,
                    nf_real *log_slope) {
  (void)t;
  const nf_real *mu = raw, *alpha = raw + count;
  for (size_t i = 0; i < count; i++) log_slope[i] = -alpha[i];
  nf_vector_exp(count, log_slope, log_slope);
  for (size_t i = 0; i < count; i++) {
    x[i] = (x[i] - mu[i]) * log_slope[i];
    log_slope[i] = -alpha[i];
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

/* NOTES (10.12): dx = dz·e^(-α),   ∂L/∂μ = -dx,   ∂L/∂α = -dz·z - ∂L/∂log τ' */
static void backward(const nf_transform *t, size_t count, nf_real *raw, const nf_real *x,
                     nf_real *dz, const nf_real *dlog_slope) {
  (void)t;
  nf_real *mu = raw, *alpha = raw + count;
  for (size_t i = 0; i < count; i++) alpha[i] = -alpha[i];
  nf_vector_exp(count, alpha, alpha);
  for (size_t i = 0; i < count; i++) {
    const nf_real z = (x[i] - mu[i]) * alpha[i], dx = dz[i] * alpha[i];
    alpha[i] = -dz[i] * z - dlog_slope[i];
    mu[i] = -dx;
    dz[i] = dx;
  }
}

const nf_transform nf_affine_transform = {
    .name = "affine", .n_raw = 2, .forward = forward, .inverse = inverse, .backward = backward};
