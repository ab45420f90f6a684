/* Noise that is learned (Ho et al. 2019): the position u of a pixel k in its cell comes from a flow
 * q of the noise, which is given the pixels,
 *
 *   ε ~ N(0, I),   v = q(ε; k/bins - ½),   u = σ(v),   x' = (k + u)/bins
 *   log|det J| = -D·log(bins) - log q(u | k)
 *   log q(u | k) = log N(ε; 0, I) - log|det ∂v/∂ε| - Σ log σ'(v)
 *
 * so that a density on [0, 1]^D, with this log-det, bounds the probability of the discrete image
 * from below, whatever q is (NOTES (6.2), (6.12)). ε is a function of (seed, draw, sample). u stays
 * a few units of rounding away from 0 and 1, so that k is found again. */
#include <string.h>

#include "core/real.h"
#include "core/vector.h"
#include "layers/conditioner.h"

typedef struct {
  nf_bijector base;
  unsigned bins;
  uint64_t seed;
} variational;

static const variational *self(const nf_bijector *b) { return (const variational *)b; }

/* A batch of the noise, beside x: the same samples, given the scaled pixels k. */
static int noise_of(const nf_bijector *b, const nf_batch *x, nf_batch *noise, nf_real **y,
                    nf_arena *arena) {
  *noise = *x;
  noise->shape = noise->y_shape = b->in;
  noise->data = nf_arena_alloc(arena, nf_batch_size(x));
  noise->y = *y = nf_arena_alloc(arena, nf_batch_size(x));
  return noise->data == NULL || *y == NULL ? NF_ENOMEM : NF_OK;
}

static void scale_pixels(const nf_bijector *b, size_t count, const nf_real *k, nf_real *y) {
  const nf_real bins = (nf_real)self(b)->bins;
  for (size_t i = 0; i < count; i++) y[i] = k[i] / bins - NF_R(0.5);
}

/* The least distance of u from 0 and 1 */
static nf_real margin(const nf_bijector *b) { return 2 * (nf_real)self(b)->bins * NF_REAL_EPSILON; }

static nf_real clamp(nf_real x, nf_real low, nf_real high) { return fmin(fmax(x, low), high); }

/* log_det += sign·(‖ε‖²/2 + (D/2) log 2π - D·log(bins)), a sample */
static void add_base(const nf_bijector *b, const nf_batch *epsilon, double sign, double *log_det) {
  const size_t d = nf_shape_size(b->in);
  for (size_t i = 0; i < epsilon->n; i++) {
    const double norm_squared = nf_vector_square(d, nf_batch_sample(epsilon, i));
    log_det[i] -=
        sign * (nf_log_normal(norm_squared, (double)d) + (double)d * log((double)self(b)->bins));
  }
}

/* log_det += sign·Σ log σ'(v), log σ'(v) = log σ(v) + log σ(-v) */
static int add_squash(const nf_batch *v, double sign, double *log_det, nf_arena *arena) {
  const size_t d = nf_shape_size(v->shape);
  nf_real *p = nf_arena_alloc(arena, d), *q = nf_arena_alloc(arena, d);
  if (p == NULL || q == NULL) return NF_ENOMEM;
  for (size_t i = 0; i < v->n; i++) {
    const nf_real *of = nf_batch_sample(v, i);
    double sum = 0;
    for (size_t k = 0; k < d; k++) q[k] = -of[k];
    nf_vector_log_sigmoid(d, of, p);
    nf_vector_log_sigmoid(d, q, q);
    for (size_t k = 0; k < d; k++) sum += (double)(p[k] + q[k]);
    log_det[i] += sign * sum;
  }
  return NF_OK;
}

static nf_real sigmoid(nf_real v) { return 1 / (1 + exp(-v)); }

static void draw(const nf_bijector *b, nf_batch *epsilon) {
  const size_t d = nf_shape_size(b->in);
  nf_random_normals(self(b)->seed, epsilon->draw, epsilon->first * d, 1, epsilon->n * d,
                    epsilon->data);
}

static int check_pixels(const nf_bijector *b, const nf_batch *x) {
  const nf_real bins = (nf_real)self(b)->bins;
  for (size_t i = 0; i < nf_batch_size(x); i++)
    if (!(x->data[i] >= 0 && x->data[i] <= bins - 1 && x->data[i] == floor(x->data[i])))
      return isfinite(x->data[i]) ? NF_EDOM : NF_ENONFINITE;
  return NF_OK;
}

static int forward(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work) {
  const nf_real bins = (nf_real)self(b)->bins, low = margin(b);
  nf_batch v;
  nf_real *y;
  int status = check_pixels(b, x);
  if (status == NF_OK) status = noise_of(b, x, &v, &y, &work->arena);
  if (status != NF_OK) return status;
  scale_pixels(b, nf_batch_size(x), x->data, y);
  draw(b, &v);
  add_base(b, &v, 1, log_det);
  status = nf_run_inner(nf_layer_forward, b->child[0], &v, log_det, work);
  if (status == NF_OK) status = add_squash(&v, 1, log_det, &work->arena);
  if (status == NF_OK) status = nf_input_save(b, &v, work);
  if (status != NF_OK) return status;
  for (size_t i = 0; i < nf_batch_size(x); i++)
    x->data[i] = (x->data[i] + clamp(sigmoid(v.data[i]), low, 1 - low)) / bins;
  return NF_OK;
}

/* z becomes the pixels, v the logit of where in their cells it was. */
static void part(const nf_bijector *b, nf_batch *z, nf_batch *v) {
  const nf_real bins = (nf_real)self(b)->bins, low = margin(b);
  for (size_t i = 0; i < nf_batch_size(z); i++) {
    const nf_real at = z->data[i] * bins, k = clamp(floor(at), 0, bins - 1);
    const nf_real u = clamp(at - k, low, 1 - low);
    v->data[i] = log(u) - log(1 - u);
    z->data[i] = k;
  }
}

static int inverse(const nf_bijector *b, nf_batch *z, double *log_det, nf_work *work) {
  nf_batch v;
  nf_real *y;
  int status = noise_of(b, z, &v, &y, &work->arena);
  if (status != NF_OK) return status;
  part(b, z, &v);
  scale_pixels(b, nf_batch_size(z), z->data, y);
  status = add_squash(&v, -1, log_det, &work->arena);
  if (status == NF_OK) status = nf_run_inner(nf_layer_inverse, b->child[0], &v, log_det, work);
  if (status == NF_OK) add_base(b, &v, -1, log_det);
  return status;
}

/* v becomes what forward saved, and z the pixels, which are z·bins - u up to rounding. Where
 * nothing was saved both come from z alone. */
static void restore(const nf_bijector *b, nf_batch *z, nf_batch *v, const nf_work *work) {
  const nf_real bins = (nf_real)self(b)->bins, *saved = nf_input_saved(b, work);
  if (saved == NULL) {
    part(b, z, v);
    return;
  }
  memcpy(v->data, saved, nf_batch_size(v) * sizeof *v->data);
  for (size_t i = 0; i < nf_batch_size(z); i++)
    z->data[i] = floor(z->data[i] * bins - sigmoid(v->data[i]) + NF_R(0.5));
}

/* With λ = ∂L/∂log_det:  ∂L/∂v = (dz/bins)·σ'(v) + λ(1 - 2σ(v)), and from there through q. The
 * pixels are given, so no gradient passes through the condition. */
static int backward(const nf_bijector *b, nf_batch *z, nf_batch *dz, const double *dlog_det,
                    nf_real *dparam, nf_work *work) {
  const size_t d = nf_shape_size(b->in);
  const nf_real bins = (nf_real)self(b)->bins;
  nf_batch v, dv = *dz;
  nf_real *y;
  const int status = noise_of(b, z, &v, &y, &work->arena);
  dv.data = nf_arena_alloc(&work->arena, nf_batch_size(dz));
  if (status != NF_OK || dv.data == NULL) return NF_ENOMEM;
  restore(b, z, &v, work);
  scale_pixels(b, nf_batch_size(z), z->data, y);
  for (size_t i = 0; i < nf_batch_size(dz); i++) {
    const nf_real u = sigmoid(v.data[i]), dx = dz->data[i] / bins;
    dv.data[i] = dx * u * (1 - u) + NF_R(dlog_det[i / d]) * (1 - 2 * u);
    dz->data[i] = dx;
  }
  nf_conditioner_drop(b, work); /* then what q's layers saved is on top */
  return nf_layer_backward(b->child[0], &v, &dv, dlog_det, dparam, work);
}

const nf_bijector_type nf_variational_type = {.name = "variational",
                                              .forward = forward,
                                              .inverse = inverse,
                                              .backward = backward,
                                              .child = "noise"};

static bool fits(nf_shape shape, unsigned bins, const nf_bijector *q, nf_error *e) {
  const size_t condition = q != NULL ? nf_tree_condition(q) : 0;
  if (bins < 2 || bins > 256)
    nf_fail(e, NF_EINVAL, "variational: bins is %u; it can be 2 to 256", bins);
  else if (q == NULL)
    nf_fail(e, NF_EINVAL, "variational: no flow of the noise");
  else if (!nf_shape_equal(q->in, shape) || !nf_shape_equal(q->out, shape))
    nf_fail(e, NF_ESHAPE,
            "variational: the noise goes from " NF_SHAPE " to " NF_SHAPE
            "; the pixels are " NF_SHAPE,
            NF_SHAPE_ARGS(q->in), NF_SHAPE_ARGS(q->out), NF_SHAPE_ARGS(shape));
  else if (condition != 0 && condition != shape.c)
    nf_fail(e, NF_ESHAPE,
            "variational: the noise is given %zu values at a pixel; it has %zu channels", condition,
            shape.c);
  else
    return true;
  return false;
}

nf_bijector *nf_variational_dequantise_new(nf_shape shape, unsigned bins, uint64_t seed,
                                           nf_bijector *noise, nf_error *e) {
  nf_bijector *base =
      fits(shape, bins, noise, e)
          ? nf_bijector_new(&nf_variational_type, sizeof(variational), shape, shape, e)
          : NULL;
  variational *b = nf_bijector_adopt(base, noise, e);
  if (b == NULL) return NULL;
  b->bins = bins;
  b->seed = seed;
  return &b->base;
}
