/* What every layer has in common: how it is made, and the one way to run it. */
#include "layers/layer.h"

#include <stdlib.h>
#include <string.h>

#include "core/real.h"

/* --- construction --------------------------------------------------------------------------- */

void *nf_bijector_new(const nf_bijector_type *type, size_t size, nf_shape in, nf_shape out,
                      nf_error *e) {
  if (nf_status_of(e) != NF_OK) return NULL;
  if (!nf_shape_valid(in) || !nf_shape_valid(out)) {
    const nf_shape bad = nf_shape_valid(in) ? out : in;
    nf_fail(e, NF_ESHAPE, "%s: " NF_SHAPE " is no shape; its sides are 1 or more, 2^24 in all",
            type->name, NF_SHAPE_ARGS(bad));
    return NULL;
  }
  nf_bijector *b = calloc(1, size);
  if (b == NULL) {
    nf_fail(e, NF_ENOMEM, "%s: out of memory", type->name);
    return NULL;
  }
  b->type = type;
  b->in = in;
  b->out = out;
  return b;
}

void *nf_bijector_adopt(nf_bijector *b, nf_bijector *inner, nf_error *e) {
  if (b != NULL && (b->child = malloc(sizeof *b->child)) != NULL) {
    b->child[0] = inner;
    b->n_child = 1;
    return b;
  }
  if (b != NULL) nf_fail(e, NF_ENOMEM, "%s: out of memory", b->type->name);
  nf_bijector_free(b);
  nf_bijector_free(inner);
  return NULL;
}

static void add(nf_bijector *b, nf_tensor t, nf_error *e) {
  if (b == NULL || nf_status_of(e) != NF_OK) return;
  if (b->n_tensor == NF_BIJECTOR_TENSORS)
    nf_fail(e, NF_EINVAL, "%s: tensor '%s' is one too many; a layer has at most %d", b->type->name,
            t.name, NF_BIJECTOR_TENSORS);
  else
    b->tensor[b->n_tensor++] = t;
}

void nf_bijector_add_param(nf_bijector *b, const char *name, size_t d0, size_t d1, size_t d2,
                           size_t d3, nf_error *e) {
  add(b, (nf_tensor){.name = name, .dim = {d0, d1, d2, d3}, .trainable = true}, e);
}

void nf_bijector_add_constant(nf_bijector *b, const char *name, size_t d0, nf_error *e) {
  add(b, (nf_tensor){.name = name, .dim = {d0, 0, 0, 0}}, e);
}

void nf_bijector_free(nf_bijector *b) {
  if (b == NULL) return;
  if (b->type->free != NULL) b->type->free(b);
  nf_net_free(b->net);
  for (size_t i = 0; i < b->n_child; i++) nf_bijector_free(b->child[i]);
  free(b->child);
  free(b);
}

nf_shape nf_bijector_out(const nf_bijector *b) { return b != NULL ? b->out : (nf_shape){0, 0, 0}; }

nf_arena *nf_work_arena(nf_work *work) { return &work->arena; }

/* --- the one way to run a layer --------------------------------------------------------------- */

static int run(nf_direction *go, const nf_bijector *b, nf_batch *x, double *log_det,
               nf_work *work) {
  const nf_hooks *hooks = work->hooks;
  const nf_arena_mark mark = nf_arena_now(&work->arena);
  int status = NF_OK;
  if (hooks != NULL && hooks->before != NULL)
    status = hooks->before(hooks->user, b, work->depth, x);
  work->depth++;
  if (status == NF_OK) status = go(b, x, log_det, work);
  work->depth--;
  if (status == NF_OK && hooks != NULL && hooks->after != NULL)
    status = hooks->after(hooks->user, b, work->depth, x, log_det);
  nf_arena_release(&work->arena, mark);
  return status;
}

int nf_layer_forward(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work) {
  return run(b->type->forward, b, x, log_det, work);
}

int nf_layer_inverse(const nf_bijector *b, nf_batch *z, double *log_det, nf_work *work) {
  return run(b->type->inverse, b, z, log_det, work);
}

int nf_layer_backward(const nf_bijector *b, nf_batch *z, nf_batch *dz, const double *dlog_det,
                      nf_real *dparam, nf_work *work) {
  if (b->type->backward == NULL) return NF_EINVAL;
  const nf_hooks *hooks = work->hooks;
  const nf_arena_mark mark = nf_arena_now(&work->arena);
  work->depth++;
  const int status = hooks != NULL && hooks->backward != NULL
                         ? hooks->backward(hooks->user, b, z, dz, dlog_det, dparam, work)
                         : b->type->backward(b, z, dz, dlog_det, dparam, work);
  work->depth--;
  nf_arena_release(&work->arena, mark);
  return status;
}

nf_turn nf_layer_turn(const nf_bijector *b, nf_real *dparam, const nf_work *work) {
  nf_turn turn = {.dparam = dparam, .layer = b->number};
  if (work->hooks != NULL) turn.wait = work->hooks->wait, turn.user = work->hooks->user;
  return turn;
}

int nf_run_inner(nf_direction *go, const nf_bijector *inner, nf_batch *x, double *log_det,
                 nf_work *work) {
  const nf_hooks *hooks = work->hooks;
  work->hooks = NULL;
  const int status = go(inner, x, log_det, work);
  work->hooks = hooks;
  return status;
}

/* --- the same, checked ------------------------------------------------------------------------ */

bool nf_batch_finite(const nf_batch *x) {
  const size_t size = nf_batch_size(x);
  for (size_t i = 0; i < size; i++)
    if (!isfinite(x->data[i])) return false;
  return true;
}

nf_batch nf_batch_part(const nf_batch *x, size_t begin, size_t n) {
  nf_batch part = *x;
  part.n = n;
  if (x->data != NULL) part.data = nf_batch_sample(x, begin);
  part.first += begin;
  if (x->y != NULL) part.y += begin * nf_shape_size(x->y_shape);
  return part;
}

/* A copy of a batch, to go back to when a layer fails half-way. */
typedef struct {
  nf_batch *original, copy;
} saved;

static int save(saved *s, nf_batch *x, nf_work *work) {
  s->original = x;
  s->copy = *x;
  s->copy.data = nf_arena_alloc(&work->arena, nf_batch_size(x));
  if (s->copy.data == NULL) return NF_ENOMEM;
  memcpy(s->copy.data, x->data, nf_batch_size(x) * sizeof *x->data);
  return NF_OK;
}

static void restore(const saved *s) {
  memcpy(s->original->data, s->copy.data, nf_batch_size(&s->copy) * sizeof(nf_real));
  s->original->shape = s->copy.shape;
}

static int run_checked(nf_direction *go, nf_shape from, const nf_bijector *b, nf_batch *x,
                       double *log_det, nf_work *work) {
  if (!nf_shape_equal(x->shape, from)) return NF_ESHAPE;
  if (!nf_batch_finite(x)) return NF_ENONFINITE;
  const nf_arena_mark mark = nf_arena_now(&work->arena);
  saved s;
  double *added = nf_arena_alloc_double(&work->arena, x->n);
  int status = added == NULL ? NF_ENOMEM : save(&s, x, work);
  if (status == NF_OK) {
    memset(added, 0, x->n * sizeof *added);
    status = go(b, x, added, work);
    for (size_t i = 0; i < x->n; i++)
      if (status == NF_OK && !isfinite(added[i])) status = NF_ENONFINITE;
    if (status == NF_OK && !nf_batch_finite(x)) status = NF_ENONFINITE;
    if (status != NF_OK)
      restore(&s);
    else
      for (size_t i = 0; i < x->n; i++) log_det[i] += added[i];
  }
  nf_arena_release(&work->arena, mark);
  return status;
}

int nf_bijector_forward(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work) {
  return run_checked(nf_layer_forward, b->in, b, x, log_det, work);
}

int nf_bijector_inverse(const nf_bijector *b, nf_batch *z, double *log_det, nf_work *work) {
  return run_checked(nf_layer_inverse, b->out, b, z, log_det, work);
}

int nf_bijector_backward(const nf_bijector *b, nf_batch *z, nf_batch *dz, const double *dlog_det,
                         nf_real *dparam, nf_work *work) {
  if (!nf_shape_equal(z->shape, b->out) || !nf_shape_equal(dz->shape, b->out) || z->n != dz->n)
    return NF_ESHAPE;
  if (!nf_batch_finite(z) || !nf_batch_finite(dz)) return NF_ENONFINITE;
  const nf_arena_mark mark = nf_arena_now(&work->arena);
  saved sz, sdz;
  nf_real *sum = nf_arena_alloc(&work->arena, b->n_param);
  int status = sum == NULL ? NF_ENOMEM : save(&sz, z, work);
  if (status == NF_OK) status = save(&sdz, dz, work);
  if (status == NF_OK) {
    if (b->n_param > 0) memcpy(sum, dparam, b->n_param * sizeof *sum);
    status = nf_layer_backward(b, z, dz, dlog_det, dparam, work);
    if (status == NF_OK && !(nf_batch_finite(z) && nf_batch_finite(dz))) status = NF_ENONFINITE;
    if (status != NF_OK) {
      restore(&sz);
      restore(&sdz);
      if (b->n_param > 0) memcpy(dparam, sum, b->n_param * sizeof *sum);
    }
  }
  nf_arena_release(&work->arena, mark);
  return status;
}

/* --- layers that move values ---------------------------------------------------------------- */

int nf_rearranged_backward(const nf_bijector *b, nf_batch *z, nf_batch *dz, const double *dlog_det,
                           nf_real *dparam, nf_work *work) {
  (void)dlog_det, (void)dparam;
  const int status = b->type->inverse(b, z, NULL, work);
  return status != NF_OK ? status : b->type->inverse(b, dz, NULL, work);
}

int nf_read_permutation(const nf_tensor *constant, size_t *order) {
  const size_t n = constant->dim[0];
  bool *taken = calloc(n, sizeof *taken);
  int status = taken == NULL ? NF_ENOMEM : NF_OK;
  for (size_t i = 0; status == NF_OK && i < n; i++) {
    const nf_real v = constant->data[i];
    if (!(v >= 0 && v < (nf_real)n) || v != floor(v) || taken[(size_t)v])
      status = NF_EFORMAT;
    else
      taken[order[i] = (size_t)v] = true;
  }
  free(taken);
  return status;
}

void nf_channel_moments(const nf_batch *x, size_t k, double *mean, double *variance) {
  const size_t c = x->shape.c, count = nf_batch_rows(x);
  const double first = (double)x->data[k]; /* differences from it lose no digits */
  double sum = 0, square = 0;
  for (size_t i = 0; i < count; i++) sum += (double)x->data[i * c + k] - first;
  *mean = first + sum / (double)count;
  for (size_t i = 0; i < count; i++) {
    const double centred = (double)x->data[i * c + k] - *mean;
    square += centred * centred;
  }
  *variance = square / (double)count;
}
