#include "verify/layer.h"

#include <string.h>

#include "layers/conditioner.h"

const double nf_stencil_offset[NF_STENCIL] = {1, -1, 2, -2};
const double nf_stencil_weight[NF_STENCIL] = {8, -8, -1, 1};

nf_batch nf_verify_output(const nf_bijector *b, const nf_batch *x, double *z) {
  nf_batch output = *x;
  output.shape = b->out;
  output.data = z;
  return output;
}

int nf_verify_forward(const nf_bijector *b, const nf_batch *x, double *z, double *log_det,
                      nf_work *work) {
  const nf_arena_mark mark = nf_arena_now(&work->arena);
  if (log_det == NULL) log_det = nf_arena_alloc_double(&work->arena, x->n);
  int status = NF_ENOMEM;
  if (log_det != NULL) {
    memcpy(z, x->data, nf_batch_size(x) * sizeof *z);
    memset(log_det, 0, x->n * sizeof *log_det);
    nf_batch copy = *x;
    copy.data = z;
    status = nf_bijector_forward(b, &copy, log_det, work);
  }
  nf_arena_release(&work->arena, mark);
  return status;
}

/* --- the inverse ------------------------------------------------------------------------------ */

/* NaN counts as the largest difference of all. */
static double largest(double a, double b) { return a >= b || isnan(a) ? a : b; }

static double distance(size_t n, const double *a, const double *x) {
  double worst = 0;
  for (size_t i = 0; i < n; i++) worst = largest(worst, fabs(a[i] - x[i]) / fmax(1, fabs(x[i])));
  return worst;
}

int nf_verify_round_trip(const nf_bijector *b, const nf_batch *x, double *round_trip,
                         double *cancellation, nf_work *work) {
  const size_t size = nf_batch_size(x);
  const nf_arena_mark mark = nf_arena_now(&work->arena);
  nf_batch z = *x;
  z.data = nf_arena_alloc(&work->arena, size);
  double *log_det = nf_arena_alloc_double(&work->arena, x->n);
  int status = NF_ENOMEM;
  if (z.data != NULL && log_det != NULL) {
    memcpy(z.data, x->data, size * sizeof *x->data);
    memset(log_det, 0, x->n * sizeof *log_det);
    status = nf_bijector_forward(b, &z, log_det, work);
    if (status == NF_OK && !nf_shape_equal(z.shape, b->out)) status = NF_ESHAPE;
    if (status == NF_OK) status = nf_bijector_inverse(b, &z, log_det, work);
    if (status == NF_OK && !nf_shape_equal(z.shape, b->in)) status = NF_ESHAPE;
  }
  if (status == NF_OK) {
    *round_trip = distance(size, z.data, x->data);
    *cancellation = 0;
    for (size_t i = 0; i < x->n; i++) *cancellation = largest(*cancellation, fabs(log_det[i]));
  }
  nf_arena_release(&work->arena, mark);
  return status;
}

int nf_verify_reconstruction(const nf_bijector *b, size_t n_param, const nf_batch *x,
                             double *reconstruction, nf_work *work) {
  const size_t size = nf_batch_size(x);
  const nf_arena_mark mark = nf_arena_now(&work->arena);
  nf_batch z = nf_verify_output(b, x, nf_arena_alloc(&work->arena, size)), dz = z;
  dz.data = nf_arena_alloc(&work->arena, size);
  double *dlog_det = nf_arena_alloc_double(&work->arena, x->n);
  double *dparam = nf_arena_alloc(&work->arena, n_param);
  int status = NF_ENOMEM;
  if (z.data != NULL && dz.data != NULL && dlog_det != NULL && dparam != NULL) {
    memset(dz.data, 0, size * sizeof *dz.data);
    memset(dlog_det, 0, x->n * sizeof *dlog_det);
    memset(dparam, 0, n_param * sizeof *dparam);
    status = nf_verify_forward(b, x, z.data, NULL, work);
    if (status == NF_OK) status = nf_bijector_backward(b, &z, &dz, dlog_det, dparam, work);
    if (status == NF_OK && !(nf_shape_equal(z.shape, b->in) && nf_shape_equal(dz.shape, b->in)))
      status = NF_ESHAPE;
  }
  if (status == NF_OK) *reconstruction = distance(size, z.data, x->data);
  nf_arena_release(&work->arena, mark);
  return status;
}

/* --- the gradient ----------------------------------------------------------------------------- */

enum { R, Q, V }; /* random streams: weights of z, weights of log_det, the direction */
static const double LONGEST = 0x1p-13, SHORTEST = 0x1p-22;

static int loss(const nf_bijector *b, const nf_batch *x, uint64_t seed, double *value,
                nf_work *work) {
  const size_t size = nf_batch_size(x);
  const nf_arena_mark mark = nf_arena_now(&work->arena);
  double *z = nf_arena_alloc(&work->arena, size);
  double *log_det = nf_arena_alloc_double(&work->arena, x->n);
  int status = NF_ENOMEM;
  if (z != NULL && log_det != NULL) status = nf_verify_forward(b, x, z, log_det, work);
  if (status == NF_OK) {
    double sum = 0;
    for (size_t k = 0; k < size; k++) sum += nf_random_normal(seed, R, k) * z[k];
    for (size_t i = 0; i < x->n; i++) sum += nf_random_normal(seed, Q, i) * log_det[i];
    *value = sum;
  }
  nf_arena_release(&work->arena, mark);
  return status;
}

/* dx (n, D) and dparam (n_param), both set; as in training, forward saves what backward needs. */
static int gradient(const nf_bijector *b, size_t n_param, const nf_batch *x, uint64_t seed,
                    double *dx, double *dparam, nf_work *work) {
  const size_t size = nf_batch_size(x);
  const nf_arena_mark mark = nf_arena_now(&work->arena);
  nf_batch z = nf_verify_output(b, x, nf_arena_alloc(&work->arena, size)), dz = z;
  dz.data = dx;
  double *dlog_det = nf_arena_alloc_double(&work->arena, x->n);
  int status = NF_ENOMEM;
  nf_activations saved = {.budget = SIZE_MAX};
  work->activations = &saved;
  if (z.data != NULL && dlog_det != NULL) status = nf_verify_forward(b, x, z.data, NULL, work);
  if (status == NF_OK) {
    for (size_t k = 0; k < size; k++) dx[k] = nf_random_normal(seed, R, k);
    for (size_t i = 0; i < x->n; i++) dlog_det[i] = nf_random_normal(seed, Q, i);
    memset(dparam, 0, n_param * sizeof *dparam);
    status = nf_bijector_backward(b, &z, &dz, dlog_det, dparam, work);
  }
  work->activations = NULL;
  nf_activations_free(&saved);
  nf_arena_release(&work->arena, mark);
  return status;
}

static int prepare(nf_bijector *b) {
  int status = b->type->prepare != NULL ? b->type->prepare(b) : NF_OK;
  for (size_t i = 0; status == NF_OK && i < b->n_child; i++) status = prepare(b->child[i]);
  return status;
}

/* The slope of the loss as values (n) move along v, by differences. owner, when not NULL, is
 * the bijector whose parameters they are. */
static int difference(const nf_bijector *b, nf_bijector *owner, const nf_batch *x, uint64_t seed,
                      size_t n, double *values, double step, double *slope, nf_work *work) {
  const nf_arena_mark mark = nf_arena_now(&work->arena);
  double *start = nf_arena_alloc(&work->arena, n);
  if (start == NULL) return NF_ENOMEM;
  memcpy(start, values, n * sizeof *start);
  double sum = 0;
  int status = NF_OK;
  for (int s = 0; s < NF_STENCIL && status == NF_OK; s++) {
    for (size_t k = 0; k < n; k++)
      values[k] = start[k] + nf_stencil_offset[s] * step * nf_random_normal(seed, V, k);
    double value = 0;
    if (owner != NULL) status = prepare(owner);
    if (status == NF_OK) status = loss(b, x, seed, &value, work);
    sum += nf_stencil_weight[s] * value;
  }
  memcpy(values, start, n * sizeof *start);
  if (owner != NULL) {
    const int restored = prepare(owner);
    if (status == NF_OK) status = restored;
  }
  *slope = sum / (12 * step);
  nf_arena_release(&work->arena, mark);
  return status;
}

static int compare(const nf_bijector *b, nf_bijector *owner, const nf_batch *x, uint64_t seed,
                   size_t n, double *values, const double *claimed, double *error, nf_work *work) {
  double slope = 0, best = INFINITY;
  for (size_t k = 0; k < n; k++) slope += claimed[k] * nf_random_normal(seed, V, k);
  for (double step = LONGEST; step >= SHORTEST; step /= 8) {
    double expected = 0;
    const int status = difference(b, owner, x, seed, n, values, step, &expected, work);
    if (status != NF_OK) return status;
    const double relative = fabs(slope - expected) / fmax(fabs(slope), fabs(expected));
    if (!(relative >= best)) best = relative; /* NaN stays */
    if (isnan(relative)) break;
  }
  *error = best;
  return NF_OK;
}

int nf_verify_gradient_input(const nf_bijector *b, size_t n_param, const nf_batch *x, uint64_t seed,
                             double *error, nf_work *work) {
  const size_t size = nf_batch_size(x);
  const nf_arena_mark mark = nf_arena_now(&work->arena);
  nf_batch moved = *x;
  moved.data = nf_arena_alloc(&work->arena, size);
  double *dx = nf_arena_alloc(&work->arena, size), *dparam = nf_arena_alloc(&work->arena, n_param);
  int status = NF_ENOMEM;
  if (moved.data != NULL && dx != NULL && dparam != NULL) {
    memcpy(moved.data, x->data, size * sizeof *x->data);
    status = gradient(b, n_param, x, seed, dx, dparam, work);
  }
  if (status == NF_OK) status = compare(b, NULL, &moved, seed, size, moved.data, dx, error, work);
  nf_arena_release(&work->arena, mark);
  return status;
}

int nf_verify_gradient_tensor(nf_bijector *b, size_t n_param, const nf_batch *x, const nf_tensor *t,
                              uint64_t seed, double *error, nf_work *work) {
  if (!t->trainable) return NF_EINVAL;
  const nf_arena_mark mark = nf_arena_now(&work->arena);
  double *dx = nf_arena_alloc(&work->arena, nf_batch_size(x));
  double *dparam = nf_arena_alloc(&work->arena, n_param);
  int status = NF_ENOMEM;
  if (dx != NULL && dparam != NULL) status = gradient(b, n_param, x, seed, dx, dparam, work);
  if (status == NF_OK)
    status = compare(b, b, x, seed, nf_tensor_size(t), t->data,
                     dparam + (t->flat_offset - b->first), error, work);
  nf_arena_release(&work->arena, mark);
  return status;
}
