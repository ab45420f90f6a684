/* Builders: whole published architectures from a few numbers, for any (h, w, c) that
 * divides. Points are (1, 1, d) and get an MLP conditioner; images get a ConvNet. */
#ifndef NF_FLOW_MODELS_H
#define NF_FLOW_MODELS_H

#include "layers/bijectors.h"

typedef enum { NF_NICE, NF_REALNVP, NF_GLOW } nf_family;

typedef struct {
  nf_family family;
  nf_shape shape;
  size_t levels;         /* scales of the multi-scale structure; 1 on points */
  size_t steps;          /* K: coupling layers (nice, points) or steps of flow per level (glow) */
  size_t width;          /* hidden units or channels of every conditioner */
  nf_scale scale;        /* realnvp and glow; nice has none */
  bool plu;              /* glow: 1×1 convolution as P·L·U */
  bool learned_prior;    /* glow: a coupling before each split, x_b given x_a */
  unsigned pixel_levels; /* 2 … 256: dequantise and logit first; 0: data are continuous */
  double alpha;          /* of the logit */
  uint64_t seed;         /* of the dequantisation noise */
} nf_model;

/* Usual settings for a family and a shape: start here and change what you mean to. */
nf_model nf_model_default(nf_family family, nf_shape shape);

/* nice     NICE (Dinh et al. 2015, 5): flattened, additive couplings with an MLP that swap
 *          halves, then one learned diagonal scale.
 * realnvp  (Dinh et al. 2017, 3.6) per scale: checkerboard ×3, squeeze, channel ×3, split;
 *          the last scale checkerboard ×4. On points: `steps` couplings that swap halves.
 * glow     (Kingma & Dhariwal 2018, 3) per level: squeeze, steps × (actnorm, 1×1 convolution,
 *          coupling), split. On points: no squeeze and no split.
 * Returns NULL and sets *status: NF_ESHAPE when the sides do not divide, NF_EINVAL. */
nf_bijector *nf_model_new(const nf_model *m, int *status);

#endif
