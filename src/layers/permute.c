/* A permutation of the channels: z_i = x_{order[i]}, log|det J| = log 1 = 0. Between two coupling
 * layers it decides which channels change next. */
#include <stdlib.h>
#include <string.h>

#include "layers/layer.h"

typedef struct {
  nf_bijector base;
  bool random;   /* `init` draws the order; otherwise it was given */
  size_t *order; /* c */
  bool valid;    /* `order` is a permutation */
} permute;

static int move(const nf_bijector *b, nf_batch *x, bool forward, nf_work *work) {
  const size_t *order = ((const permute *)b)->order;
  const size_t c = b->in.c;
  nf_real *copy = nf_arena_alloc(&work->arena, c);
  if (copy == NULL) return NF_ENOMEM;
  nf_real *row = x->data;
  for (size_t i = 0; i < nf_batch_rows(x); i++, row += c) {
    memcpy(copy, row, c * sizeof *copy);
    for (size_t k = 0; k < c; k++) {
      if (forward)
        row[k] = copy[order[k]];
      else
        row[order[k]] = copy[k];
    }
  }
  return NF_OK;
}

static int forward(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work) {
  (void)log_det;
  return move(b, x, true, work);
}

static int inverse(const nf_bijector *b, nf_batch *z, double *log_det, nf_work *work) {
  (void)log_det;
  return move(b, z, false, work);
}

static void init(nf_bijector *b, nf_random *r) {
  permute *p = (permute *)b;
  if (p->random) nf_random_permutation(r, b->in.c, p->order);
  for (size_t i = 0; i < b->in.c; i++) b->tensor[0].data[i] = (nf_real)p->order[i];
}

static int prepare(nf_bijector *b) {
  permute *p = (permute *)b;
  for (size_t i = 0; p->valid && i < b->in.c; i++)
    p->valid = b->tensor[0].data[i] == (nf_real)p->order[i];
  if (p->valid) return NF_OK;
  const int status = nf_read_permutation(&b->tensor[0], p->order);
  p->valid = status == NF_OK;
  return status;
}

static void release(nf_bijector *b) { free(((permute *)b)->order); }

static const nf_bijector_type type = {.name = "permute",
                                      .forward = forward,
                                      .inverse = inverse,
                                      .backward = nf_rearranged_backward,
                                      .init = init,
                                      .prepare = prepare,
                                      .free = release};

static permute *new_permute(nf_shape shape, nf_error *e) {
  permute *p = nf_bijector_new(&type, sizeof *p, shape, shape, e);
  if (p == NULL) return NULL;
  nf_bijector_add_constant(&p->base, "permutation", shape.c, e);
  p->order = calloc(shape.c, sizeof *p->order);
  if (p->order != NULL) return p;
  nf_fail(e, NF_ENOMEM, "permute: out of memory");
  nf_bijector_free(&p->base);
  return NULL;
}

nf_bijector *nf_permute_new(nf_shape shape, const size_t *order, nf_error *e) {
  permute *p = new_permute(shape, e);
  if (p == NULL) return NULL;
  p->random = order == NULL;
  if (order != NULL) memcpy(p->order, order, shape.c * sizeof *order);
  return &p->base;
}

nf_bijector *nf_reverse_new(nf_shape shape, nf_error *e) {
  permute *p = new_permute(shape, e);
  if (p == NULL) return NULL;
  for (size_t i = 0; i < shape.c; i++) p->order[i] = shape.c - 1 - i;
  return &p->base;
}
