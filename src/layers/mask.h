/* Masks: which values of a sample a coupling layer leaves alone (a) and which it transforms (b).
 * Channel halves divide every pixel; a checkerboard divides the pixels. */
#ifndef NF_LAYERS_MASK_H
#define NF_LAYERS_MASK_H

#include "layers/bijectors.h"

typedef struct {
  size_t a, count_a, b, count_b; /* first channel and number of channels, of a and of b */
} nf_parts;

nf_parts nf_mask_parts(nf_shape shape, nf_mask mask);
bool nf_mask_is_channel(nf_mask mask);
/* Does pixel number p of a sample (row-major) hold values of b? */
bool nf_mask_transforms(nf_mask mask, size_t p, size_t width);

/* xa (n·h·w, count_a) from x; zeros where a checkerboard has b. */
void nf_mask_gather(nf_mask mask, const nf_batch *x, nf_real *xa);
/* x's part a += xa */
void nf_mask_add(nf_mask mask, const nf_real *xa, nf_batch *x);

#endif
