/* Published architectures, from a few settings, for any (h, w, c) that divides. On points, (1, 1,
 * d), conditioners are MLPs; on images convnets.
 *
 * nice     NICE (Dinh et al. 2015, 5): flattened, additive couplings that swap halves, then one
 *          learned diagonal scale.
 * realnvp  (Dinh et al. 2017, 3.6) per scale: checkerboard ×3, squeeze, channel ×3, split; the last
 *          scale checkerboard ×4. On points: `steps` couplings that swap halves.
 * glow     (Kingma & Dhariwal 2018, 3) per level: squeeze, steps × (actnorm, 1×1 convolution,
 *          coupling), split. On points: no squeeze and no split.
 * single-scale  `steps` couplings on alternating checkerboards at the images' own size; first the
 *          odd pixels pass (University of Amsterdam, deep learning tutorial 11, 2020). On points:
 *          halves that swap.
 * maf      the masked autoregressive flow (Papamakarios et al. 2017): flattened, steps × (actnorm,
 *          autoregressive layer), the order reversed in every second. Sampling takes d steps a
 *          layer, one after another.
 * nsf      neural spline flow (Durkan et al. 2019): glow with spline couplings of 16 bins on
 *          [-4, 4]. On points: `steps` such couplings that swap halves.
 * cnf      (Chen et al. 2018, 4): one continuous flow, by `steps` steps of Runge-Kutta; points
 *          alone.   fm: the same, trained by flow matching (Lipman et al. 2023). */
#ifndef NF_MODEL_H
#define NF_MODEL_H

#include "nf/flow.h"

NF_BEGIN_DECLS

typedef enum {
  NF_NICE,
  NF_REALNVP,
  NF_GLOW,
  NF_SINGLE_SCALE,
  NF_MAF,
  NF_NSF,
  NF_CNF,
  NF_FM
} nf_family;

/* The conditioners of an image model: nf_convnet_new or nf_gated_new. */
typedef enum { NF_NET_USUAL, NF_NET_GATED } nf_net_form;

typedef struct {
  nf_family family;
  nf_shape shape;
  size_t levels;  /* scales of the multi-scale structure, 1 … 16; 1 on points, and of a model with
                     a single one */
  size_t steps;   /* K: couplings (nice, single-scale, points), autoregressive layers, steps of flow
                     a level (glow, nsf) or of Runge-Kutta (cnf, fm), 1 … 4096 */
  size_t width;   /* hidden units or channels of every conditioner, 1 … 65536 */
  nf_scale scale; /* realnvp, glow and single-scale; the others have none */
  bool plu;       /* glow, nsf: 1×1 convolution as P·L·U */
  bool learned_prior; /* glow, nsf: an affine coupling before each split, x_b given x_a */
  unsigned bins; /* 2 … 256: pixels 0 … bins-1, dequantise and logit first; 0: values of ℝ */
  double alpha;  /* of the logit, in [0, ½) */
  uint64_t seed; /* of initial parameters and of the dequantisation noise */
  bool standardise; /* values of ℝ: nf_standardise_new first */
  nf_net_form net;  /* gated: on images alone, and not for nice, which flattens them */
  size_t blocks;    /* of gated networks, 1 … 256 */
  bool variational; /* pixels: nf_variational_dequantise_new with a flow of the noise of 4 couplings
                       on alternating checkerboards, with convnets of 32 channels; false: uniform
                       noise */
  size_t condition; /* C: values of y that every conditioner takes; 0: p(x) */
} nf_model;

/* Usual settings for a family and a shape: start here and change what you mean to. Of an image the
 * sides are halved three times where they can be, and from 64×64 on until 4×4 pixels are left, but
 * at most six times. */
nf_model nf_model_default(nf_family family, nf_shape shape);

/* The flow of a model. It remembers the model, so that nf_save writes it and nf_load builds it.
 * Returns NULL and sets *e: NF_ESHAPE when the sides do not divide, NF_EINVAL, NF_ENOMEM. */
nf_flow *nf_flow_from_model(const nf_model *m, nf_error *e);
/* The model of a flow; NULL for a flow that nf_flow_new made. */
const nf_model *nf_flow_model(const nf_flow *f);

/* Its layers alone, to be put into a chain or split of one's own. */
nf_bijector *nf_bijector_from_model(const nf_model *m, nf_error *e);

/* By value, NULL at the end: "nice", …; "none", "exp", …; "usual", "gated". */
extern const char *const nf_family_names[], *const nf_scale_names[], *const nf_net_names[];

NF_END_DECLS

#endif
