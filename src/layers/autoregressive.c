/* The autoregressive layer. The parameters of every value's transform come from the values before
 * it in an order, by the chain rule of probability:
 *
 *   z_i = τ(x_i; θ_i),   θ_i = net_i(x before i),   log|det J| = Σ log τ'(x_i; θ_i)
 *
 * The Jacobian, with rows and columns in that order, is triangular (NOTES (10.2)). A masked net,
 * MADE, gives all θ of x in one pass. The inverse needs x_1 … x_{i-1} for θ_i: d steps, each of
 * which runs the part of the net that the last value has made known. Jacobi iteration, which runs
 * the whole net up to d times, would invert values with parameters of wrong x on the way; these
 * may overflow, and a masked weight is no protection: 0·∞ is NaN. */
#include <stdlib.h>
#include <string.h>

#include "core/real.h"
#include "core/transpose.h"
#include "layers/conditioner.h"
#include "layers/transform.h"
#include "nets/made.h"

typedef struct {
  nf_bijector base;
  const nf_transform *transform;
  size_t *order, *degree; /* value order[i] is the one of degree i + 1 */
} autoregressive;

/* All θ of x, value by value, as all arrays here: row i has value i of the samples. */
static int run_conditioner(const nf_bijector *b, const nf_batch *x, bool need_hidden,
                           nf_activation *act, nf_work *work) {
  const int status = nf_conditioner_reserve(b, x->n, need_hidden, act, work);
  if (status != NF_OK) return status;
  const size_t d = nf_shape_size(b->in);
  nf_transpose(x->n, d, x->data, d, act->input, x->n);
  return nf_conditioner_run(b, x->n, act, work);
}

static int forward(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work) {
  const nf_transform *t = ((const autoregressive *)b)->transform;
  const size_t n = x->n, d = nf_shape_size(b->in), count = n * d;
  nf_activation act;
  const int status = run_conditioner(b, x, false, &act, work);
  if (status != NF_OK) return status;
  nf_real *value = nf_arena_alloc(&work->arena, count);
  nf_real *log_slope = nf_arena_alloc(&work->arena, count);
  if (value == NULL || log_slope == NULL) return NF_ENOMEM;
  memcpy(value, act.input, count * sizeof *value);
  t->prepare(t, count, act.output);
  t->forward(t, count, act.output, value, log_slope);
  nf_transpose(d, n, value, n, x->data, d);
  for (size_t k = 0; k < d; k++)
    for (size_t i = 0; i < n; i++) log_det[i] += (double)log_slope[k * n + i];
  return NF_OK;
}

/* In place: values that are still z meet weights of 0. */
static int inverse(const nf_bijector *b, nf_batch *z, double *log_det, nf_work *work) {
  const autoregressive *a = (const autoregressive *)b;
  const nf_transform *t = a->transform;
  const size_t n = z->n, d = nf_shape_size(b->in);
  nf_real *hidden = nf_arena_alloc(&work->arena, n * b->net->n_hidden);
  nf_real *raw = nf_arena_alloc(&work->arena, t->n_raw * n);
  nf_real *value = nf_arena_alloc(&work->arena, n * d);
  nf_real *log_slope = nf_arena_alloc(&work->arena, n);
  if (hidden == NULL || raw == NULL || value == NULL || log_slope == NULL) return NF_ENOMEM;
  nf_transpose(n, d, z->data, d, value, n);
  for (size_t k = 0; k < d; k++) {
    const size_t i = a->order[k];
    nf_made_step(b->net, i, n, value, hidden, raw);
    t->prepare(t, n, raw);
    t->inverse(t, n, raw, value + i * n, log_slope);
    for (size_t s = 0; s < n; s++) log_det[s] += (double)log_slope[s];
  }
  nf_transpose(d, n, value, n, z->data, d);
  return NF_OK;
}

/* x and the activations that forward saved; without them by the inverse */
static int rebuild(const nf_bijector *b, nf_batch *z, nf_activation *act, nf_work *work) {
  const size_t d = nf_shape_size(b->in);
  const int status = nf_conditioner_restore(b, z->n, act, work);
  if (status != NF_OK) return status;
  if (act->input != NULL) {
    nf_transpose(d, z->n, act->input, z->n, z->data, d);
    return NF_OK;
  }
  double *unused = nf_arena_alloc_double(&work->arena, z->n);
  if (unused == NULL) return NF_ENOMEM;
  memset(unused, 0, z->n * sizeof *unused);
  const int inverted = inverse(b, z, unused, work);
  return inverted != NF_OK ? inverted : run_conditioner(b, z, true, act, work);
}

/* dx = ∂τ/∂x·dz + (∂net/∂x)ᵀ ∂L/∂θ */
static int backward(const nf_bijector *b, nf_batch *z, nf_batch *dz, const double *dlog_det,
                    nf_real *dparam, nf_work *work) {
  const nf_transform *t = ((const autoregressive *)b)->transform;
  const size_t n = z->n, d = nf_shape_size(b->in), count = n * d;
  nf_activation act;
  nf_real *value = nf_arena_alloc(&work->arena, count); /* z, then ∂net/∂x's share of dx */
  nf_real *dx = nf_arena_alloc(&work->arena, count);
  nf_real *dlog_slope = nf_arena_alloc(&work->arena, count);
  if (value == NULL || dx == NULL || dlog_slope == NULL) return NF_ENOMEM;
  nf_transpose(n, d, z->data, d, value, n);
  int status = rebuild(b, z, &act, work);
  if (status != NF_OK) return status;
  if (act.fresh) t->prepare(t, count, act.output);
  nf_transpose(n, d, dz->data, d, dx, n);
  for (size_t k = 0; k < d; k++)
    for (size_t i = 0; i < n; i++) dlog_slope[k * n + i] = NF_R(dlog_det[i]);
  t->backward(t, count, act.output, value, dx, dlog_slope); /* act.output is ∂L/∂θ now */
  const nf_turn turn = nf_layer_turn(b, dparam, work);
  status = b->net->type->backward(b->net, n, act.input, act.hidden, act.output, value, &turn,
                                  &work->arena);
  if (status != NF_OK) return status;
  for (size_t k = 0; k < count; k++) dx[k] += value[k];
  nf_transpose(d, n, dx, n, dz->data, d);
  nf_conditioner_drop(b, work);
  return NF_OK;
}

static void init(nf_bijector *b, nf_random *r) {
  (void)r;
  const autoregressive *a = (const autoregressive *)b;
  for (size_t i = 0; i < b->tensor[0].dim[0]; i++) b->tensor[0].data[i] = (nf_real)a->order[i];
}

static int prepare(nf_bijector *b) {
  autoregressive *a = (autoregressive *)b;
  const int status = nf_read_permutation(&b->tensor[0], a->order);
  if (status != NF_OK) return status;
  for (size_t i = 0; i < b->tensor[0].dim[0]; i++) a->degree[a->order[i]] = i + 1;
  nf_made_mask(b->net, a->degree);
  return NF_OK;
}

static void release(nf_bijector *b) {
  autoregressive *a = (autoregressive *)b;
  free(a->order);
  free(a->degree);
  free(a->transform->memory);
}

static const nf_bijector_type type = {.name = "autoregressive",
                                      .forward = forward,
                                      .inverse = inverse,
                                      .backward = backward,
                                      .init = init,
                                      .prepare = prepare,
                                      .free = release};

/* Takes the transform. */
static nf_bijector *new_layer(nf_shape shape, const size_t *order, const nf_transform *transform,
                              size_t width, nf_error *e) {
  autoregressive *a = nf_bijector_new(&type, sizeof *a, shape, shape, e);
  if (a == NULL) {
    free(transform->memory);
    return NULL;
  }
  const size_t d = nf_shape_size(shape);
  a->transform = transform;
  a->order = calloc(d, sizeof *a->order);
  a->degree = calloc(d, sizeof *a->degree);
  if (a->order == NULL || a->degree == NULL) {
    nf_fail(e, NF_ENOMEM, "autoregressive: out of memory");
  } else {
    for (size_t i = 0; i < d; i++) a->order[i] = order != NULL ? order[i] : i;
    nf_bijector_add_constant(&a->base, "order", d, e);
    a->base.net = nf_made_new(shape, transform->n_raw, width, e);
  }
  if (a->base.net != NULL) return &a->base;
  nf_bijector_free(&a->base);
  return NULL;
}

nf_bijector *nf_autoregressive_new(nf_shape shape, const size_t *order, size_t width, nf_error *e) {
  return new_layer(shape, order, &nf_affine_transform, width, e);
}

nf_bijector *nf_spline_autoregressive_new(nf_shape shape, const size_t *order, size_t bins,
                                          double bound, size_t width, nf_error *e) {
  const nf_transform *t = nf_transform_spline_new(bins, bound, e);
  return t != NULL ? new_layer(shape, order, t, width, e) : NULL;
}
