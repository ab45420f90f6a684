/* A layer turned around: g = f⁻¹, so that forward is the inverse of f. From a masked autoregressive
 * layer it makes an inverse autoregressive one (NOTES (10.11)).
 *
 * y = g(x) solves x = f(y; θ), with log|det ∂g/∂x| = -ℓ(y; θ), ℓ that of f. So with ȳ = ∂L/∂y and
 * λ = ∂L/∂log_det, by the derivative of an implicit function,
 *
 *   Jᵀ v = ȳ - λ ∂ℓ/∂y,    ∂L/∂x = v,    ∂L/∂θ = -(∂f/∂θ)ᵀ v - λ ∂ℓ/∂θ,    J = ∂f/∂y
 *
 * f's own backward gives the rows of J in d calls, λ ∂ℓ/∂y in one, and ∂L/∂θ in one; and there is
 * one LU a sample. So it is for small d. */
#include <string.h>

#include "core/lu.h"
#include "core/real.h"
#include "layers/layer.h"

static int forward(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work) {
  return nf_run_inner(nf_layer_inverse, b->child[0], x, log_det, work);
}

static int inverse(const nf_bijector *b, nf_batch *z, double *log_det, nf_work *work) {
  return nf_run_inner(nf_layer_forward, b->child[0], z, log_det, work);
}

/* f's backward at its output x: a becomes Jᵀ a + dlog_det·∂ℓ/∂y. The gradient of f's parameters is
 * not used. */
static int pull_back(const nf_bijector *f, const nf_batch *x, nf_batch *a, const double *dlog_det,
                     nf_work *work) {
  const nf_arena_mark mark = nf_arena_now(&work->arena);
  nf_batch copy = *x;
  copy.data = nf_arena_alloc(&work->arena, nf_batch_size(x));
  nf_real *unused = nf_arena_alloc(&work->arena, f->n_param);
  int status = copy.data == NULL || unused == NULL ? NF_ENOMEM : NF_OK;
  if (status == NF_OK) {
    memcpy(copy.data, x->data, nf_batch_size(x) * sizeof *copy.data);
    memset(unused, 0, f->n_param * sizeof *unused);
    a->shape = x->shape;
    status = nf_layer_backward(f, &copy, a, dlog_det, unused, work);
  }
  nf_arena_release(&work->arena, mark);
  return status;
}

/* J (n, d, d) */
static int jacobian(const nf_bijector *f, const nf_batch *x, nf_batch *a, double *zeros, double *j,
                    nf_work *work) {
  const size_t d = nf_shape_size(x->shape);
  memset(zeros, 0, x->n * sizeof *zeros);
  for (size_t i = 0; i < d; i++) {
    memset(a->data, 0, x->n * d * sizeof *a->data);
    for (size_t s = 0; s < x->n; s++) a->data[s * d + i] = 1;
    const int status = pull_back(f, x, a, zeros, work);
    if (status != NF_OK) return status;
    for (size_t s = 0; s < x->n; s++)
      for (size_t k = 0; k < d; k++) j[(s * d + i) * d + k] = (double)a->data[s * d + k];
  }
  return NF_OK;
}

/* rhs (n, d) becomes v with Jᵀ v = rhs. j (n, d, d) is destroyed. */
static int solve(size_t n, size_t d, double *j, nf_real *rhs, nf_arena *arena) {
  size_t *row = nf_arena_alloc_bytes(arena, d * sizeof *row);
  double *of_j = nf_arena_alloc_double(arena, d * d), *v = nf_arena_alloc_double(arena, d);
  if (row == NULL || of_j == NULL || v == NULL) return NF_ENOMEM;
  for (size_t s = 0; s < n; s++, j += d * d, rhs += d) {
    double unused;
    const int status = nf_lu_factor(d, j, row, &unused);
    if (status != NF_OK) return status;
    nf_lu_inverse(d, j, row, of_j);
    memset(v, 0, d * sizeof *v);
    for (size_t i = 0; i < d; i++)
      for (size_t k = 0; k < d; k++) v[k] += of_j[i * d + k] * (double)rhs[i];
    for (size_t k = 0; k < d; k++) rhs[k] = NF_R(v[k]);
  }
  return NF_OK;
}

/* z = y becomes x, dz = ȳ becomes v, and negative becomes -dlog_det. a is memory for a batch. */
static int input_gradient(const nf_bijector *f, nf_batch *z, nf_batch *dz, nf_batch *a,
                          double *negative, const double *dlog_det, nf_work *work) {
  const size_t n = z->n, d = nf_shape_size(f->in);
  double *log_det = nf_arena_alloc_double(&work->arena, n);
  double *j = nf_arena_alloc_double(&work->arena, n * d * d);
  if (log_det == NULL || j == NULL) return NF_ENOMEM;
  memset(log_det, 0, n * sizeof *log_det);
  int status = nf_layer_forward(f, z, log_det, work);
  if (status == NF_OK) status = jacobian(f, z, a, negative, j, work);
  if (status != NF_OK) return status;
  memset(a->data, 0, n * d * sizeof *a->data);
  for (size_t s = 0; s < n; s++) negative[s] = -dlog_det[s];
  status = pull_back(f, z, a, negative, work);
  if (status != NF_OK) return status;
  for (size_t k = 0; k < n * d; k++) dz->data[k] += a->data[k];
  dz->shape = z->shape;
  return solve(n, d, j, dz->data, &work->arena);
}

/* Hooks and saved activations are for the last call of f's backward alone. */
static int backward(const nf_bijector *b, nf_batch *z, nf_batch *dz, const double *dlog_det,
                    nf_real *dparam, nf_work *work) {
  const nf_bijector *f = b->child[0];
  const size_t size = nf_batch_size(z);
  const nf_hooks *hooks = work->hooks;
  struct nf_activations *activations = work->activations;
  nf_batch a = *dz, x = *z;
  a.data = nf_arena_alloc(&work->arena, size);
  x.data = nf_arena_alloc(&work->arena, size);
  double *negative = nf_arena_alloc_double(&work->arena, z->n);
  if (a.data == NULL || x.data == NULL || negative == NULL) return NF_ENOMEM;
  work->hooks = NULL;
  work->activations = NULL;
  const int status = input_gradient(f, z, dz, &a, negative, dlog_det, work);
  work->hooks = hooks;
  work->activations = activations;
  if (status != NF_OK) return status;
  memcpy(x.data, z->data, size * sizeof *x.data);
  for (size_t k = 0; k < size; k++) a.data[k] = -dz->data[k];
  x.shape = a.shape = z->shape;
  return nf_layer_backward(f, &x, &a, negative, dparam, work);
}

const nf_bijector_type nf_inverted_type = {.name = "inverted",
                                           .forward = forward,
                                           .inverse = inverse,
                                           .backward = backward,
                                           .child = "inner"};

nf_bijector *nf_inverted_new(nf_bijector *inner, nf_error *e) {
  if (inner == NULL) nf_fail(e, NF_EINVAL, "inverted: no inner layer");
  nf_bijector *b = inner != NULL
                       ? nf_bijector_new(&nf_inverted_type, sizeof *b, inner->out, inner->in, e)
                       : NULL;
  return nf_bijector_adopt(b, inner, e);
}
