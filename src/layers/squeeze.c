/* Space to depth. A 2×2 block of pixels becomes one pixel with four times the channels, in
 * the order (dy, dx, c), c fastest:
 *
 *   z[i, j, (2·dy + dx)·c + k] = x[2i + dy, 2j + dx, k],    log|det J| = 0
 *
 * The order differs between codebases; this one is TensorFlow's space_to_depth. */
#include <string.h>

#include "layers/bijectors.h"
#include "layers/build.h"

/* Between (h, w, c) and (h/2, w/2, 4c); the two pixels of a block's row are neighbours in both. */
static int move(nf_batch *x, nf_shape big, bool squeeze, nf_work *work) {
  const nf_arena_mark mark = nf_arena_now(&work->tmp);
  nf_real *was = nf_arena_alloc(&work->tmp, nf_batch_size(x));
  if (was == NULL) return NF_ENOMEM;
  memcpy(was, x->data, nf_batch_size(x) * sizeof *was);
  const size_t run = 2 * big.c;
  nf_real *deep = squeeze ? x->data : was, *wide = squeeze ? was : x->data;
  for (size_t sample = 0; sample < x->n; sample++)
    for (size_t i = 0; i < big.h; i += 2)
      for (size_t j = 0; j < big.w; j += 2)
        for (size_t dy = 0; dy < 2; dy++, deep += run) {
          nf_real *row = wide + ((sample * big.h + i + dy) * big.w + j) * big.c;
          if (squeeze)
            memcpy(deep, row, run * sizeof *row);
          else
            memcpy(row, deep, run * sizeof *row);
        }
  x->shape = squeeze ? (nf_shape){big.h / 2, big.w / 2, 4 * big.c} : big;
  nf_arena_release(&work->tmp, mark);
  return NF_OK;
}

static int squeeze(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work) {
  (void)log_det;
  return move(x, b->in.h > b->out.h ? b->in : b->out, true, work);
}

static int unsqueeze(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work) {
  (void)log_det;
  return move(x, b->in.h > b->out.h ? b->in : b->out, false, work);
}

static const nf_bijector_type squeeze_type = {.name = "squeeze",
                                              .forward = squeeze,
                                              .inverse = unsqueeze,
                                              .backward = nf_rearranged_backward};
static const nf_bijector_type unsqueeze_type = {.name = "unsqueeze",
                                                .forward = unsqueeze,
                                                .inverse = squeeze,
                                                .backward = nf_rearranged_backward};

nf_bijector *nf_squeeze_new(nf_shape shape, int *status) {
  if (*status == NF_OK && (shape.h % 2 != 0 || shape.w % 2 != 0)) *status = NF_ESHAPE;
  const nf_shape deep = {shape.h / 2, shape.w / 2, 4 * shape.c};
  return nf_bijector_new(&squeeze_type, sizeof(nf_bijector), shape, deep, status);
}

nf_bijector *nf_unsqueeze_new(nf_shape shape, int *status) {
  if (*status == NF_OK && shape.c % 4 != 0) *status = NF_ESHAPE;
  const nf_shape wide = {2 * shape.h, 2 * shape.w, shape.c / 4};
  return nf_bijector_new(&unsqueeze_type, sizeof(nf_bijector), shape, wide, status);
}
