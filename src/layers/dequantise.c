/* From pixels to the unit interval: a pixel k becomes a uniformly random point of its cell,
 *
 *   x' = (k + u)/bins,   u ~ U(0, 1),    log|det J| = -D·log(bins)
 *
 * so that a density on [0, 1]^D bounds the probability of the discrete image from below
 * (Theis et al. 2016). The noise is a function of (seed, draw, sample). */
#include "core/real.h"
#include "layers/layer.h"

typedef struct {
  nf_bijector base;
  unsigned bins;
  uint64_t seed;
} dequantise;

static const dequantise *self(const nf_bijector *b) { return (const dequantise *)b; }

static void add_log_det(const nf_bijector *b, size_t n, double sign, double *log_det) {
  const double per_sample = (double)nf_shape_size(b->in) * log((double)self(b)->bins);
  for (size_t i = 0; i < n; i++) log_det[i] += sign * per_sample;
}

static int forward(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work) {
  (void)work;
  const nf_real bins = (nf_real)self(b)->bins;
  const size_t d = nf_shape_size(b->in), groups = (d + 3) / 4;
  for (size_t i = 0; i < x->n; i++) {
    nf_real *v = nf_batch_sample(x, i);
    uint64_t bits = 0;
    for (size_t k = 0; k < d; k++, bits >>= 16) {
      if (!(v[k] >= 0 && v[k] <= bins - 1 && v[k] == floor(v[k])))
        return isfinite(v[k]) ? NF_EDOM : NF_ENONFINITE;
      if (k % 4 == 0) /* one draw serves four pixels */
        bits = nf_random_bits(self(b)->seed, x->draw, (x->first + i) * groups + k / 4);
      const nf_real u = (nf_real)((bits & 0xffff) | 1) * NF_R(0x1p-16);
      v[k] = (v[k] + u) / bins;
    }
  }
  add_log_det(b, x->n, -1, log_det);
  return NF_OK;
}

static void to_pixels(const nf_bijector *b, nf_batch *z) {
  const nf_real bins = (nf_real)self(b)->bins;
  for (size_t i = 0; i < nf_batch_size(z); i++) {
    const nf_real k = floor(z->data[i] * bins);
    z->data[i] = k < 0 ? 0 : k > bins - 1 ? bins - 1 : k;
  }
}

static int inverse(const nf_bijector *b, nf_batch *z, double *log_det, nf_work *work) {
  (void)work;
  to_pixels(b, z);
  add_log_det(b, z->n, 1, log_det);
  return NF_OK;
}

static int backward(const nf_bijector *b, nf_batch *z, nf_batch *dz, const double *dlog_det,
                    nf_real *dparam, nf_work *work) {
  (void)dlog_det, (void)dparam, (void)work;
  to_pixels(b, z);
  for (size_t i = 0; i < nf_batch_size(dz); i++) dz->data[i] /= (nf_real)self(b)->bins;
  return NF_OK;
}

static const nf_bijector_type type = {
    .name = "dequantise", .forward = forward, .inverse = inverse, .backward = backward};

nf_bijector *nf_dequantise_new(nf_shape shape, unsigned bins, uint64_t seed, nf_error *e) {
  if (bins < 2 || bins > 256) {
    nf_fail(e, NF_EINVAL, "dequantise: bins is %u; it can be 2 to 256", bins);
    return NULL;
  }
  dequantise *b = nf_bijector_new(&type, sizeof *b, shape, shape, e);
  if (b == NULL) return NULL;
  b->bins = bins;
  b->seed = seed;
  return &b->base;
}
