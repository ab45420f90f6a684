/* Multi-scale by recursion. The first half of the channels goes through `inner`, a flow at its own
 * shape; the second half passes:
 *
 *   z = [inner(x_a), x_b],    log|det J| = log|det J_inner|       (Dinh et al. 2017, 3.6) */
#include <string.h>

#include "layers/layer.h"

typedef struct {
  size_t size_a, size_b; /* values of a sample */
  nf_batch a;            /* what inner works on */
  nf_real *b;            /* what passes */
} parts;

static int allocate(const nf_bijector *split, const nf_batch *x, nf_shape shape_a, parts *p,
                    nf_work *work) {
  const nf_shape s = split->in;
  p->size_a = nf_shape_pixels(s) * (s.c / 2);
  p->size_b = nf_shape_size(s) - p->size_a;
  p->a = *x;
  p->a.shape = shape_a;
  p->a.data = nf_arena_alloc(&work->arena, x->n * p->size_a);
  p->b = nf_arena_alloc(&work->arena, x->n * p->size_b);
  return p->a.data == NULL || p->b == NULL ? NF_ENOMEM : NF_OK;
}

/* Every row of `data` holds count_a values of a, then count_b of b: to a and b, or back. */
static void move(bool apart, nf_real *data, size_t rows, size_t count_a, size_t count_b, nf_real *a,
                 nf_real *b) {
  for (size_t i = 0; i < rows; i++, data += count_a + count_b, a += count_a, b += count_b) {
    nf_real *b_of_row = data + count_a;
    memcpy(apart ? a : data, apart ? data : a, count_a * sizeof *a);
    memcpy(apart ? b : b_of_row, apart ? b_of_row : b, count_b * sizeof *b);
  }
}

/* x is parted in every pixel, the latent z = [inner(x_a), x_b] in every sample. */
static void x_to_parts(const nf_bijector *split, const nf_batch *x, parts *p) {
  const nf_shape s = split->in;
  move(true, x->data, x->n * nf_shape_pixels(s), s.c / 2, s.c - s.c / 2, p->a.data, p->b);
}

static void parts_to_x(const nf_bijector *split, const parts *p, nf_batch *x) {
  const nf_shape s = split->in;
  move(false, x->data, x->n * nf_shape_pixels(s), s.c / 2, s.c - s.c / 2, p->a.data, p->b);
  x->shape = s;
}

static void z_to_parts(const nf_batch *z, parts *p) {
  move(true, z->data, z->n, p->size_a, p->size_b, p->a.data, p->b);
}

static int forward(const nf_bijector *split, nf_batch *x, double *log_det, nf_work *work) {
  const nf_bijector *inner = split->child[0];
  parts p;
  int status = allocate(split, x, inner->in, &p, work);
  if (status != NF_OK) return status;
  x_to_parts(split, x, &p);
  status = nf_layer_forward(inner, &p.a, log_det, work);
  if (status != NF_OK) return status;
  move(false, x->data, x->n, p.size_a, p.size_b, p.a.data, p.b);
  x->shape = split->out;
  return NF_OK;
}

static int inverse(const nf_bijector *split, nf_batch *z, double *log_det, nf_work *work) {
  const nf_bijector *inner = split->child[0];
  parts p;
  int status = allocate(split, z, inner->out, &p, work);
  if (status != NF_OK) return status;
  z_to_parts(z, &p);
  status = nf_layer_inverse(inner, &p.a, log_det, work);
  if (status == NF_OK) parts_to_x(split, &p, z);
  return status;
}

static int backward(const nf_bijector *split, nf_batch *z, nf_batch *dz, const double *dlog_det,
                    nf_real *dparam, nf_work *work) {
  const nf_bijector *inner = split->child[0];
  parts p, dp;
  int status = allocate(split, z, inner->out, &p, work);
  if (status == NF_OK) status = allocate(split, dz, inner->out, &dp, work);
  if (status != NF_OK) return status;
  z_to_parts(z, &p);
  z_to_parts(dz, &dp);
  status = nf_layer_backward(inner, &p.a, &dp.a, dlog_det, dparam, work);
  if (status != NF_OK) return status;
  parts_to_x(split, &p, z);
  parts_to_x(split, &dp, dz);
  return NF_OK;
}

const nf_bijector_type nf_split_type = {.name = "split",
                                        .forward = forward,
                                        .inverse = inverse,
                                        .backward = backward,
                                        .child = "inner"};

nf_bijector *nf_split_new(nf_shape shape, nf_bijector *inner, nf_error *e) {
  const nf_shape half = {shape.h, shape.w, shape.c / 2};
  if (inner == NULL)
    nf_fail(e, NF_EINVAL, "split: no inner flow");
  else if (!nf_shape_equal(inner->in, half))
    nf_fail(e, NF_ESHAPE, "split: inner takes " NF_SHAPE ", half of the channels are " NF_SHAPE,
            NF_SHAPE_ARGS(inner->in), NF_SHAPE_ARGS(half));
  const bool fits = inner != NULL && nf_shape_equal(inner->in, half);
  nf_bijector *b =
      !fits ? NULL
            : nf_bijector_new(&nf_split_type, sizeof *b, shape, nf_point(nf_shape_size(shape)), e);
  return nf_bijector_adopt(b, inner, e);
}
