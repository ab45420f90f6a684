/* A permutation of the channels: z_i = x_{order[i]}, log|det J| = log 1 = 0. It does nothing
 * to a density, but between two coupling layers it decides who changes next. */
#include <stdlib.h>
#include <string.h>

#include "layers/bijectors.h"
#include "layers/build.h"

typedef struct {
  nf_bijector base;
  bool random;   /* drawn at birth; otherwise `order` was given */
  size_t *order; /* c, as the constant says it */
} permute;

static int move(const nf_bijector *b, nf_batch *x, bool forwards, nf_work *work) {
  const size_t *order = ((const permute *)(const void *)b)->order;
  const size_t c = b->in.c;
  const nf_arena_mark mark = nf_arena_now(&work->tmp);
  nf_real *was = nf_arena_alloc(&work->tmp, c);
  if (was == NULL) return NF_ENOMEM;
  nf_real *row = x->data;
  for (size_t i = 0; i < x->n * nf_shape_pixels(x->shape); i++, row += c) {
    memcpy(was, row, c * sizeof *was);
    for (size_t k = 0; k < c; k++) {
      if (forwards)
        row[k] = was[order[k]];
      else
        row[order[k]] = was[k];
    }
  }
  nf_arena_release(&work->tmp, mark);
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
  permute *p = (permute *)(void *)b;
  if (p->random) nf_random_permutation(r, b->in.c, p->order);
  for (size_t i = 0; i < b->in.c; i++) b->tensor[0].data[i] = (nf_real)p->order[i];
}

static int prepare(nf_bijector *b) {
  return nf_read_permutation(&b->tensor[0], ((permute *)(void *)b)->order);
}

static void release(nf_bijector *b) { free(((permute *)(void *)b)->order); }

static const nf_bijector_type type = {.name = "permute",
                                      .forward = forward,
                                      .inverse = inverse,
                                      .backward = nf_rearranged_backward,
                                      .init = init,
                                      .prepare = prepare,
                                      .free = release};

nf_bijector *nf_permute_new(nf_shape shape, const size_t *order, int *status) {
  permute *p = nf_bijector_new(&type, sizeof *p, shape, shape, status);
  if (p == NULL) return NULL;
  nf_bijector_add(&p->base, nf_tensor_constant("permutation", shape.c));
  p->random = order == NULL;
  p->order = calloc(shape.c, sizeof *p->order);
  if (p->order == NULL) {
    *status = NF_ENOMEM;
    nf_bijector_free(&p->base);
    return NULL;
  }
  if (order != NULL) memcpy(p->order, order, shape.c * sizeof *order);
  return &p->base;
}

nf_bijector *nf_reverse_new(nf_shape shape, int *status) {
  if (*status == NF_OK && !nf_shape_valid(shape)) *status = NF_ESHAPE;
  if (*status != NF_OK) return NULL;
  size_t *order = calloc(shape.c, sizeof *order);
  if (order == NULL) {
    *status = NF_ENOMEM;
    return NULL;
  }
  for (size_t i = 0; i < shape.c; i++) order[i] = shape.c - 1 - i;
  nf_bijector *b = nf_permute_new(shape, order, status);
  free(order);
  return b;
}
