/* From the unit interval to the whole line (notes 11.1):
 *
 *   p = α + (1-2α)x,   z = log p - log(1-p),    dz/dx = (1-2α)/(p(1-p))
 *   log|det J| = Σ log(1-2α) - log p - log(1-p)  =  Σ log(1-2α) + softplus(-z) + softplus(z)
 *
 * α keeps p away from 0 and 1: with 1-2α the range is [α, 1-α], symmetric about ½. */
#include "bijectors/bijectors.h"
#include "bijectors/build.h"

typedef struct {
  nf_bijector base;
  nf_real alpha;
} logit;

static nf_real alpha_of(const nf_bijector *b) { return ((const logit *)(const void *)b)->alpha; }

static int forward(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work) {
  (void)work;
  const nf_real alpha = alpha_of(b), span = 1 - 2 * alpha, log_span = log(span);
  const size_t d = nf_shape_size(b->in);
  for (size_t i = 0; i < x->n; i++) {
    nf_real *v = nf_batch_sample(x, i);
    double sum = 0;
    for (size_t k = 0; k < d; k++) {
      const nf_real p = alpha + span * v[k];
      if (!(v[k] >= 0 && v[k] <= 1 && p > 0 && p < 1))
        return isfinite(v[k]) ? NF_EDOM : NF_ENONFINITE;
      const nf_real log_p = log(p), log_q = log1p(-p);
      v[k] = log_p - log_q;
      sum += (double)(log_span - log_p - log_q);
    }
    log_det[i] += sum;
  }
  return NF_OK;
}

/* 1 - σ(z), then σ(z): both without cancellation, and log σ(z) + log(1 - σ(z)) */
static nf_real both_sides(nf_real z, nf_real *p, nf_real *q) {
  const nf_real e = exp(-fabs(z)), big = 1 / (1 + e), small = e * big;
  *p = z >= 0 ? big : small;
  *q = z >= 0 ? small : big;
  return -fabs(z) - 2 * log1p(e);
}

static int inverse(const nf_bijector *b, nf_batch *z, double *log_det, nf_work *work) {
  (void)work;
  const nf_real alpha = alpha_of(b), span = 1 - 2 * alpha, log_span = log(span);
  const size_t d = nf_shape_size(b->in);
  for (size_t i = 0; i < z->n; i++) {
    nf_real *v = nf_batch_sample(z, i), p, q;
    double sum = 0;
    for (size_t k = 0; k < d; k++) {
      sum += (double)(log_span - both_sides(v[k], &p, &q));
      v[k] = (p - alpha) / span;
    }
    log_det[i] -= sum;
  }
  return NF_OK;
}

/* ∂log_det/∂x = (1-2α)(2p-1)/(p(1-p)) */
static int backward(const nf_bijector *b, nf_batch *z, nf_batch *dz, const double *dlog_det,
                    nf_real *dparam, nf_work *work) {
  (void)dparam, (void)work;
  const nf_real alpha = alpha_of(b), span = 1 - 2 * alpha;
  const size_t d = nf_shape_size(b->in);
  for (size_t i = 0; i < z->n; i++) {
    nf_real *v = nf_batch_sample(z, i), *g = nf_batch_sample(dz, i), p, q;
    const nf_real lambda = NF_R(dlog_det[i]);
    for (size_t k = 0; k < d; k++) {
      both_sides(v[k], &p, &q);
      v[k] = (p - alpha) / span;
      g[k] = (g[k] + lambda * (p - q)) * span / (p * q);
    }
  }
  return NF_OK;
}

static const nf_bijector_type type = {
    .name = "logit", .forward = forward, .inverse = inverse, .backward = backward};

nf_bijector *nf_logit_new(nf_shape shape, double alpha, int *status) {
  if (*status == NF_OK && !(alpha >= 0 && alpha < 0.5)) *status = NF_EINVAL;
  logit *b = nf_bijector_new(&type, sizeof *b, shape, shape, status);
  if (b == NULL) return NULL;
  b->alpha = NF_R(alpha);
  return &b->base;
}
