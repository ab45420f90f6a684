/* From the unit interval to ℝ (NOTES (6.7)):
 *
 *   p = α + (1-2α)x,   z = log p - log(1-p),    dz/dx = (1-2α)/(p(1-p))
 *   log|det J| = Σ log(1-2α) - log p - log(1-p)  =  Σ log(1-2α) + softplus(-z) + softplus(z)
 *
 * It maps (-α/(1-2α), (1-α)/(1-2α)), which holds [0, 1] when α > 0, onto ℝ. α keeps p away from 0
 * and 1: those of [0, 1] lie in [α, 1-α]. */
#include "core/real.h"
#include "core/vector.h"
#include "layers/layer.h"

typedef struct {
  nf_bijector base;
  nf_real alpha;
} logit;

static nf_real alpha_of(const nf_bijector *b) { return ((const logit *)b)->alpha; }

static int forward(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work) {
  const nf_real alpha = alpha_of(b), span = 1 - 2 * alpha, log_span = log(span);
  const size_t d = nf_shape_size(b->in);
  nf_real *q = nf_arena_alloc(&work->arena, d);
  if (q == NULL) return NF_ENOMEM;
  for (size_t i = 0; i < x->n; i++) {
    nf_real *v = nf_batch_sample(x, i);
    for (size_t k = 0; k < d; k++) {
      const nf_real p = alpha + span * v[k];
      if (!(p >= NF_REAL_MIN && p < 1)) return isfinite(v[k]) ? NF_EDOM : NF_ENONFINITE;
      v[k] = p;
      q[k] = 1 - p;
    }
    nf_vector_log(d, v, v);
    nf_vector_log(d, q, q);
    for (size_t k = 0; k < d; k++) {
      const nf_real z = v[k] - q[k];
      q[k] = log_span - v[k] - q[k];
      v[k] = z;
    }
    log_det[i] += nf_vector_sum(d, q);
  }
  return NF_OK;
}

/* z becomes p = σ(z), and q = 1 - σ(z), both without cancellation; log_pq = log p + log q. */
static void both_sides(size_t d, nf_real *z, nf_real *q, nf_real *log_pq) {
  for (size_t k = 0; k < d; k++) q[k] = -z[k];
  nf_vector_log_sigmoid(d, z, z);
  nf_vector_log_sigmoid(d, q, q);
  for (size_t k = 0; k < d; k++) log_pq[k] = z[k] + q[k];
  nf_vector_exp(d, z, z);
  nf_vector_exp(d, q, q);
}

static int inverse(const nf_bijector *b, nf_batch *z, double *log_det, nf_work *work) {
  const nf_real alpha = alpha_of(b), span = 1 - 2 * alpha, log_span = log(span);
  const size_t d = nf_shape_size(b->in);
  nf_real *q = nf_arena_alloc(&work->arena, d), *log_pq = nf_arena_alloc(&work->arena, d);
  if (q == NULL || log_pq == NULL) return NF_ENOMEM;
  /* p that forward, which rounds three times, finds within (0, 1) again */
  const nf_real low = fmax(NF_REAL_MIN, 4 * NF_REAL_EPSILON * alpha),
                high = 1 - 4 * NF_REAL_EPSILON;
  for (size_t i = 0; i < z->n; i++) {
    nf_real *v = nf_batch_sample(z, i);
    both_sides(d, v, q, log_pq);
    for (size_t k = 0; k < d; k++) {
      log_pq[k] = log_span - log_pq[k];
      v[k] = (fmin(fmax(v[k], low), high) - alpha) / span;
    }
    log_det[i] -= nf_vector_sum(d, log_pq);
  }
  return NF_OK;
}

/* ∂log_det/∂x = (1-2α)(2p-1)/(p(1-p)) */
static int backward(const nf_bijector *b, nf_batch *z, nf_batch *dz, const double *dlog_det,
                    nf_real *dparam, nf_work *work) {
  (void)dparam;
  const nf_real alpha = alpha_of(b), span = 1 - 2 * alpha;
  const size_t d = nf_shape_size(b->in);
  nf_real *q = nf_arena_alloc(&work->arena, d), *log_pq = nf_arena_alloc(&work->arena, d);
  if (q == NULL || log_pq == NULL) return NF_ENOMEM;
  for (size_t i = 0; i < z->n; i++) {
    nf_real *v = nf_batch_sample(z, i), *g = nf_batch_sample(dz, i);
    const nf_real lambda = NF_R(dlog_det[i]);
    both_sides(d, v, q, log_pq);
    for (size_t k = 0; k < d; k++) {
      g[k] = (g[k] + lambda * (v[k] - q[k])) * span / (v[k] * q[k]);
      v[k] = (v[k] - alpha) / span;
    }
  }
  return NF_OK;
}

static const nf_bijector_type type = {
    .name = "logit", .forward = forward, .inverse = inverse, .backward = backward};

nf_bijector *nf_logit_new(nf_shape shape, double alpha, nf_error *e) {
  if (!(alpha >= 0 && alpha < 0.5)) {
    nf_fail(e, NF_EINVAL, "logit: alpha is %g; it can be 0 to below 1/2", alpha);
    return NULL;
  }
  logit *b = nf_bijector_new(&type, sizeof *b, shape, shape, e);
  if (b == NULL) return NULL;
  b->alpha = NF_R(alpha);
  return &b->base;
}
