/* What every layer has in common: birth, death, and the checked way to run one. */
#include "layers/bijector.h"

#include <stdlib.h>
#include <string.h>

#include "layers/build.h"

void *nf_bijector_new(const nf_bijector_type *type, size_t size, nf_shape in, nf_shape out,
                      int *status) {
  if (*status != NF_OK) return NULL;
  if (!nf_shape_valid(in) || !nf_shape_valid(out)) {
    *status = NF_ESHAPE;
    return NULL;
  }
  nf_bijector *b = calloc(1, size);
  if (b == NULL) {
    *status = NF_ENOMEM;
    return NULL;
  }
  b->type = type;
  b->in = in;
  b->out = out;
  return b;
}

void nf_bijector_add(nf_bijector *b, nf_tensor t) { b->tensor[b->n_tensor++] = t; }

void nf_bijector_free(nf_bijector *b) {
  if (b == NULL) return;
  if (b->type->free != NULL) b->type->free(b);
  nf_net_free(b->net);
  for (size_t i = 0; i < b->n_child; i++) nf_bijector_free(b->child[i]);
  free(b->child);
  free(b);
}

nf_shape nf_bijector_out(const nf_bijector *b) { return b != NULL ? b->out : (nf_shape){0, 0, 0}; }

/* --- running, with a way back ----------------------------------------------------------- */

static bool all_finite(const nf_batch *x) {
  const size_t size = nf_batch_size(x);
  for (size_t i = 0; i < size; i++)
    if (!isfinite(x->data[i])) return false;
  return true;
}

/* A copy to return to when a layer fails half-way; both halves of a batch that can change. */
typedef struct {
  nf_batch *live, before;
} saved;

static int save(saved *s, nf_batch *x, nf_work *work) {
  s->live = x;
  s->before = *x;
  s->before.data = nf_arena_alloc(&work->tmp, nf_batch_size(x));
  if (s->before.data == NULL) return NF_ENOMEM;
  memcpy(s->before.data, x->data, nf_batch_size(x) * sizeof *x->data);
  return NF_OK;
}

static void restore(const saved *s) {
  memcpy(s->live->data, s->before.data, nf_batch_size(&s->before) * sizeof(nf_real));
  s->live->shape = s->before.shape;
}

typedef int direction(const nf_bijector *, nf_batch *, double *, nf_work *);

static int run(direction *go, nf_shape from, const nf_bijector *b, nf_batch *x, double *log_det,
               nf_work *work) {
  if (!nf_shape_equal(x->shape, from)) return NF_ESHAPE;
  if (!all_finite(x)) return NF_ENONFINITE;
  const nf_arena_mark mark = nf_arena_now(&work->tmp);
  saved s;
  double *added = nf_arena_alloc_double(&work->tmp, x->n);
  int status = added == NULL ? NF_ENOMEM : save(&s, x, work);
  if (status == NF_OK) {
    memset(added, 0, x->n * sizeof *added);
    status = go(b, x, added, work);
    for (size_t i = 0; i < x->n; i++)
      if (status == NF_OK && !isfinite(added[i])) status = NF_ENONFINITE;
    if (status == NF_OK && !all_finite(x)) status = NF_ENONFINITE;
    if (status != NF_OK)
      restore(&s);
    else
      for (size_t i = 0; i < x->n; i++) log_det[i] += added[i];
  }
  nf_arena_release(&work->tmp, mark);
  return status;
}

int nf_bijector_forward(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work) {
  return run(b->type->forward, b->in, b, x, log_det, work);
}

int nf_bijector_inverse(const nf_bijector *b, nf_batch *z, double *log_det, nf_work *work) {
  return run(b->type->inverse, b->out, b, z, log_det, work);
}

int nf_bijector_backward(const nf_bijector *b, nf_batch *z, nf_batch *dz, const double *dlog_det,
                         nf_real *dparam, nf_work *work) {
  if (!nf_shape_equal(z->shape, b->out) || !nf_shape_equal(dz->shape, b->out) || z->n != dz->n)
    return NF_ESHAPE;
  if (!all_finite(z) || !all_finite(dz)) return NF_ENONFINITE;
  const nf_arena_mark mark = nf_arena_now(&work->tmp);
  saved sz, sd;
  nf_real *sum = nf_arena_alloc(&work->tmp, b->n_param);
  int status = sum == NULL ? NF_ENOMEM : save(&sz, z, work);
  if (status == NF_OK) status = save(&sd, dz, work);
  if (status == NF_OK) {
    if (b->n_param > 0) memcpy(sum, dparam, b->n_param * sizeof *sum);
    status = b->type->backward(b, z, dz, dlog_det, dparam, work);
    if (status == NF_OK && !(all_finite(z) && all_finite(dz))) status = NF_ENONFINITE;
    if (status != NF_OK) {
      restore(&sz);
      restore(&sd);
      if (b->n_param > 0) memcpy(dparam, sum, b->n_param * sizeof *sum);
    }
  }
  nf_arena_release(&work->tmp, mark);
  return status;
}

/* --- helpers for layers that move values ------------------------------------------------ */

int nf_rearranged_backward(const nf_bijector *b, nf_batch *z, nf_batch *dz, const double *dlog_det,
                           nf_real *dparam, nf_work *work) {
  (void)dlog_det, (void)dparam;
  const int status = b->type->inverse(b, z, NULL, work);
  return status != NF_OK ? status : b->type->inverse(b, dz, NULL, work);
}

int nf_read_permutation(const nf_tensor *constant, size_t *order) {
  const size_t n = constant->dim[0];
  for (size_t i = 0; i < n; i++) {
    const nf_real v = constant->data[i];
    if (!(v >= 0 && v < (nf_real)n) || v != floor(v)) return NF_EFORMAT;
    order[i] = (size_t)v;
    for (size_t j = 0; j < i; j++)
      if (order[j] == order[i]) return NF_EFORMAT;
  }
  return NF_OK;
}
