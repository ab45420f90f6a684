/* The autoregressive layer over any transform; nf/layer.h has that over the affine one. */
#ifndef NF_LAYERS_AUTOREGRESSIVE_H
#define NF_LAYERS_AUTOREGRESSIVE_H

#include "layers/transform.h"
#include "nf/layer.h"

/* As nf_autoregressive_new; takes the transform. */
nf_bijector *nf_autoregressive_of(nf_shape shape, const size_t *order,
                                  const nf_transform *transform, size_t width, nf_error *e);

#endif
