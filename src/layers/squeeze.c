/* Layers that keep all values and change the shape.
 *
 * Space to depth: a 2×2 block of pixels becomes one pixel with four times the channels, in the
 * order (dy, dx, c), c fastest, as TensorFlow's space_to_depth has it:
 *
 *   z[i, j, (2·dy + dx)·c + k] = x[2i + dy, 2j + dx, k],    log|det J| = 0
 *
 * Reshape: the same order under another shape; the Jacobian is the identity. */
#include <string.h>

#include "layers/layer.h"

/* --- squeeze, unsqueeze --------------------------------------------------------------------- */

/* Between `wide` (h, w, c) and (h/2, w/2, 4c); the two pixels of a block's row are neighbours in
 * both. */
static int move(nf_batch *x, nf_shape wide, bool squeeze, nf_work *work) {
  nf_real *copy = nf_arena_alloc(&work->arena, nf_batch_size(x));
  if (copy == NULL) return NF_ENOMEM;
  memcpy(copy, x->data, nf_batch_size(x) * sizeof *copy);
  const size_t run = 2 * wide.c;
  nf_real *deep = squeeze ? x->data : copy, *image = squeeze ? copy : x->data;
  for (size_t row = 0; row < x->n * wide.h; row++) /* of all images */
    for (size_t j = 0; j < wide.w; j += 2, image += run) {
      nf_real *half = deep + (row / 2 * wide.w + j + row % 2) * run;
      memcpy(squeeze ? half : image, squeeze ? image : half, run * sizeof *half);
    }
  x->shape = squeeze ? (nf_shape){wide.h / 2, wide.w / 2, 4 * wide.c} : wide;
  return NF_OK;
}

static nf_shape wide_of(const nf_bijector *b) { return b->in.h > b->out.h ? b->in : b->out; }

static int squeeze(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work) {
  (void)log_det;
  return move(x, wide_of(b), true, work);
}

static int unsqueeze(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work) {
  (void)log_det;
  return move(x, wide_of(b), false, work);
}

static const nf_bijector_type squeeze_type = {.name = "squeeze",
                                              .forward = squeeze,
                                              .inverse = unsqueeze,
                                              .backward = nf_rearranged_backward};
static const nf_bijector_type unsqueeze_type = {.name = "unsqueeze",
                                                .forward = unsqueeze,
                                                .inverse = squeeze,
                                                .backward = nf_rearranged_backward};

nf_bijector *nf_squeeze_new(nf_shape shape, nf_error *e) {
  if (shape.h % 2 != 0 || shape.w % 2 != 0) {
    nf_fail(e, NF_ESHAPE, "squeeze: height and width of " NF_SHAPE " are not both even",
            NF_SHAPE_ARGS(shape));
    return NULL;
  }
  const nf_shape deep = {shape.h / 2, shape.w / 2, 4 * shape.c};
  return nf_bijector_new(&squeeze_type, sizeof(nf_bijector), shape, deep, e);
}

nf_bijector *nf_unsqueeze_new(nf_shape shape, nf_error *e) {
  if (shape.c % 4 != 0) {
    nf_fail(e, NF_ESHAPE, "unsqueeze: the channels of " NF_SHAPE " are no multiple of 4",
            NF_SHAPE_ARGS(shape));
    return NULL;
  }
  const nf_shape wide = {2 * shape.h, 2 * shape.w, shape.c / 4};
  return nf_bijector_new(&unsqueeze_type, sizeof(nf_bijector), shape, wide, e);
}

/* --- reshape -------------------------------------------------------------------------------- */

static int to_out(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work) {
  (void)log_det, (void)work;
  x->shape = b->out;
  return NF_OK;
}

static int to_in(const nf_bijector *b, nf_batch *z, double *log_det, nf_work *work) {
  (void)log_det, (void)work;
  z->shape = b->in;
  return NF_OK;
}

static const nf_bijector_type reshape_type = {
    .name = "reshape", .forward = to_out, .inverse = to_in, .backward = nf_rearranged_backward};

nf_bijector *nf_reshape_new(nf_shape in, nf_shape out, nf_error *e) {
  if (nf_shape_valid(in) && nf_shape_valid(out) && nf_shape_size(in) != nf_shape_size(out)) {
    nf_fail(e, NF_ESHAPE, "reshape: " NF_SHAPE " and " NF_SHAPE " hold different numbers of values",
            NF_SHAPE_ARGS(in), NF_SHAPE_ARGS(out));
    return NULL;
  }
  return nf_bijector_new(&reshape_type, sizeof(nf_bijector), in, out, e);
}
