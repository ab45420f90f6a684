/* Multi-scale is recursion. The first half of the channels goes through `inner`, a whole flow
 * at its own shape; the second half is done and passes:
 *
 *   z = [inner(x_a), x_b],    log|det J| = log|det J_inner|
 *
 * Nothing is thrown away and nothing else needs to know about scales (Dinh et al. 2017, 3.6). */
#include <stdlib.h>
#include <string.h>

#include "layers/bijectors.h"
#include "layers/build.h"

/* Between an image's channels and the two parts: a for inner, b to pass. */
static void part(const nf_batch *x, nf_shape shape, nf_real *a, nf_real *b, bool apart) {
  const size_t ca = shape.c / 2, cb = shape.c - ca;
  nf_real *row = x->data;
  for (size_t i = 0; i < x->n * nf_shape_pixels(shape); i++, row += shape.c, a += ca, b += cb) {
    memcpy(apart ? a : row, apart ? row : a, ca * sizeof *row);
    memcpy(apart ? b : row + ca, apart ? row + ca : b, cb * sizeof *row);
  }
}

/* Between the latent [inner(x_a), x_b], sample by sample, and its two parts. */
static void stack(const nf_batch *z, size_t size_a, size_t size_b, nf_real *a, nf_real *b,
                  bool apart) {
  nf_real *row = z->data;
  for (size_t i = 0; i < z->n; i++, row += size_a + size_b, a += size_a, b += size_b) {
    memcpy(apart ? a : row, apart ? row : a, size_a * sizeof *row);
    memcpy(apart ? b : row + size_a, apart ? row + size_a : b, size_b * sizeof *row);
  }
}

typedef struct {
  size_t size_a, size_b;
  nf_batch a; /* what inner works on */
  nf_real *b; /* what passes */
} two;

static int two_parts(const nf_bijector *split, const nf_batch *x, nf_shape shape_a, two *t,
                     nf_work *work) {
  const nf_shape s = split->in;
  t->size_a = nf_shape_pixels(s) * (s.c / 2);
  t->size_b = nf_shape_size(s) - t->size_a;
  t->a = *x;
  t->a.shape = shape_a;
  t->a.data = nf_arena_alloc(&work->tmp, x->n * t->size_a);
  t->b = nf_arena_alloc(&work->tmp, x->n * t->size_b);
  return t->a.data == NULL || t->b == NULL ? NF_ENOMEM : NF_OK;
}

static int forward(const nf_bijector *split, nf_batch *x, double *log_det, nf_work *work) {
  const nf_bijector *inner = split->child[0];
  const nf_arena_mark mark = nf_arena_now(&work->tmp);
  two t;
  int status = two_parts(split, x, inner->in, &t, work);
  if (status == NF_OK) {
    part(x, split->in, t.a.data, t.b, true);
    status = inner->type->forward(inner, &t.a, log_det, work);
  }
  if (status == NF_OK) {
    stack(x, t.size_a, t.size_b, t.a.data, t.b, false);
    x->shape = split->out;
  }
  nf_arena_release(&work->tmp, mark);
  return status;
}

static int inverse(const nf_bijector *split, nf_batch *z, double *log_det, nf_work *work) {
  const nf_bijector *inner = split->child[0];
  const nf_arena_mark mark = nf_arena_now(&work->tmp);
  two t;
  int status = two_parts(split, z, inner->out, &t, work);
  if (status == NF_OK) {
    stack(z, t.size_a, t.size_b, t.a.data, t.b, true);
    status = inner->type->inverse(inner, &t.a, log_det, work);
  }
  if (status == NF_OK) {
    part(z, split->in, t.a.data, t.b, false);
    z->shape = split->in;
  }
  nf_arena_release(&work->tmp, mark);
  return status;
}

static int backward(const nf_bijector *split, nf_batch *z, nf_batch *dz, const double *dlog_det,
                    nf_real *dparam, nf_work *work) {
  const nf_bijector *inner = split->child[0];
  const nf_arena_mark mark = nf_arena_now(&work->tmp);
  two t, dt;
  int status = two_parts(split, z, inner->out, &t, work);
  if (status == NF_OK) status = two_parts(split, dz, inner->out, &dt, work);
  if (status == NF_OK) {
    stack(z, t.size_a, t.size_b, t.a.data, t.b, true);
    stack(dz, t.size_a, t.size_b, dt.a.data, dt.b, true);
    if (work->crew != NULL)
      status = nf_backward_by_stages(1, split->child, &t.a, &dt.a, dlog_det, work);
    else
      status = inner->type->backward(inner, &t.a, &dt.a, dlog_det, dparam, work);
  }
  if (status == NF_OK) {
    part(z, split->in, t.a.data, t.b, false);
    part(dz, split->in, dt.a.data, dt.b, false);
    z->shape = dz->shape = split->in;
  }
  nf_arena_release(&work->tmp, mark);
  return status;
}

static const nf_bijector_type type = {.name = "split",
                                      .forward = forward,
                                      .inverse = inverse,
                                      .backward = backward,
                                      .child = "inner"};

nf_bijector *nf_split_new(nf_shape shape, nf_bijector *inner, int *status) {
  const nf_shape half = {shape.h, shape.w, shape.c / 2};
  if (*status == NF_OK && !(inner != NULL && nf_shape_equal(inner->in, half))) *status = NF_ESHAPE;
  nf_bijector *b = nf_bijector_new(&type, sizeof *b, shape, nf_point(nf_shape_size(shape)), status);
  if (b != NULL && (b->child = malloc(sizeof *b->child)) == NULL) {
    *status = NF_ENOMEM;
    nf_bijector_free(b);
    b = NULL;
  }
  if (b == NULL) {
    nf_bijector_free(inner);
    return NULL;
  }
  b->child[0] = inner;
  b->n_child = 1;
  return b;
}
