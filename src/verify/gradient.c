/* The loss along a line, L(s) at s = ±h, ±2h, against the slope that backward claims. */
#include "verify/gradient.h"

#include <string.h>

enum { R, Q, V }; /* random streams: weights of z, weights of log_det, the direction */
static const double LONGEST = 0x1p-13, SHORTEST = 0x1p-22;
static const double offset[4] = {1, -1, 2, -2}, weight[4] = {8, -8, -1, 1}; /* of h; over 12h */

static int loss(const nf_bijector *b, const nf_batch *x, uint64_t seed, double *value,
                nf_work *work) {
  const size_t size = nf_batch_size(x);
  const nf_arena_mark mark = nf_arena_now(&work->tmp);
  double *z = nf_arena_alloc(&work->tmp, size);
  double *log_det = nf_arena_alloc_double(&work->tmp, x->n);
  int status = NF_ENOMEM;
  if (z != NULL && log_det != NULL) status = nf_verify_forward(b, x, z, log_det, work);
  if (status == NF_OK) {
    double sum = 0;
    for (size_t k = 0; k < size; k++) sum += nf_random_normal(seed, R, k) * z[k];
    for (size_t i = 0; i < x->n; i++) sum += nf_random_normal(seed, Q, i) * log_det[i];
    *value = sum;
  }
  nf_arena_release(&work->tmp, mark);
  return status;
}

/* dx (n, D) and dparam (n_param), both set. */
static int gradient(const nf_bijector *b, size_t n_param, const nf_batch *x, uint64_t seed,
                    double *dx, double *dparam, nf_work *work) {
  const size_t size = nf_batch_size(x);
  const nf_arena_mark mark = nf_arena_now(&work->tmp);
  nf_batch z = {x->n, b->out, nf_arena_alloc(&work->tmp, size), x->first, x->draw}, dz = z;
  dz.data = dx;
  double *dlog_det = nf_arena_alloc_double(&work->tmp, x->n);
  int status = NF_ENOMEM;
  if (z.data != NULL && dlog_det != NULL) status = nf_verify_forward(b, x, z.data, NULL, work);
  if (status == NF_OK) {
    for (size_t k = 0; k < size; k++) dx[k] = nf_random_normal(seed, R, k);
    for (size_t i = 0; i < x->n; i++) dlog_det[i] = nf_random_normal(seed, Q, i);
    memset(dparam, 0, n_param * sizeof *dparam);
    status = nf_bijector_backward(b, &z, &dz, dlog_det, dparam, work);
  }
  nf_arena_release(&work->tmp, mark);
  return status;
}

/* The slope of the loss as values (n) move along v, by differences. learning, when not NULL, is
 * the bijector whose parameters they are. */
static int difference(const nf_bijector *b, nf_bijector *learning, const nf_batch *x, uint64_t seed,
                      size_t n, double *values, double step, double *slope, nf_work *work) {
  const nf_arena_mark mark = nf_arena_now(&work->tmp);
  double *start = nf_arena_alloc(&work->tmp, n);
  if (start == NULL) return NF_ENOMEM;
  memcpy(start, values, n * sizeof *start);
  double sum = 0;
  int status = NF_OK;
  for (int s = 0; s < 4 && status == NF_OK; s++) {
    for (size_t k = 0; k < n; k++)
      values[k] = start[k] + offset[s] * step * nf_random_normal(seed, V, k);
    double value = 0;
    if (learning != NULL) status = nf_bijector_prepare(learning);
    if (status == NF_OK) status = loss(b, x, seed, &value, work);
    sum += weight[s] * value;
  }
  memcpy(values, start, n * sizeof *start);
  if (learning != NULL) {
    const int restored = nf_bijector_prepare(learning);
    if (status == NF_OK) status = restored;
  }
  *slope = sum / (12 * step);
  nf_arena_release(&work->tmp, mark);
  return status;
}

static int compare(const nf_bijector *b, nf_bijector *learning, const nf_batch *x, uint64_t seed,
                   size_t n, double *values, const double *claimed, double *error, nf_work *work) {
  double slope = 0, best = INFINITY;
  for (size_t k = 0; k < n; k++) slope += claimed[k] * nf_random_normal(seed, V, k);
  for (double step = LONGEST; step >= SHORTEST; step /= 8) {
    double expected = 0;
    const int status = difference(b, learning, x, seed, n, values, step, &expected, work);
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
  const nf_arena_mark mark = nf_arena_now(&work->tmp);
  nf_batch moved = *x;
  moved.data = nf_arena_alloc(&work->tmp, size);
  double *dx = nf_arena_alloc(&work->tmp, size), *dparam = nf_arena_alloc(&work->tmp, n_param);
  int status = NF_ENOMEM;
  if (moved.data != NULL && dx != NULL && dparam != NULL) {
    memcpy(moved.data, x->data, size * sizeof *x->data);
    status = gradient(b, n_param, x, seed, dx, dparam, work);
  }
  if (status == NF_OK) status = compare(b, NULL, &moved, seed, size, moved.data, dx, error, work);
  nf_arena_release(&work->tmp, mark);
  return status;
}

int nf_verify_gradient_tensor(nf_bijector *b, size_t n_param, const nf_batch *x, const nf_tensor *t,
                              uint64_t seed, double *error, nf_work *work) {
  if (!t->trainable) return NF_EINVAL;
  const nf_arena_mark mark = nf_arena_now(&work->tmp);
  double *dx = nf_arena_alloc(&work->tmp, nf_batch_size(x));
  double *dparam = nf_arena_alloc(&work->tmp, n_param);
  int status = NF_ENOMEM;
  if (dx != NULL && dparam != NULL) status = gradient(b, n_param, x, seed, dx, dparam, work);
  if (status == NF_OK)
    status = compare(b, b, x, seed, nf_tensor_size(t), t->data, dparam + (t->place - b->first),
                     error, work);
  nf_arena_release(&work->tmp, mark);
  return status;
}
