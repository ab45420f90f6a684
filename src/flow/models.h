/* The architectures of nf/model.h, one row each (models.c). */
#ifndef NF_FLOW_MODELS_H
#define NF_FLOW_MODELS_H

#include "nf/model.h"

typedef struct {
  const char *name;
  void (*add)(nf_bijector *chain, const nf_model *m, nf_error *e); /* after what prepares data */
  nf_scale scale; /* usual one of its couplings; none: it has no couplings */
  /* What it reads of nf_model: scale; levels, on images; steps, on images (on points all do); plu;
   * learned_prior; net and blocks, on images; condition. */
  bool affine, levels, steps, plu, prior, net, given;
  bool continuous; /* an ODE: on points alone, of one value too */
  bool matching;   /* trained by flow matching */
} nf_architecture;

/* NULL when there is no such family */
const nf_architecture *nf_architecture_of(nf_family family);

/* Whether its settings go together (model_valid.c).   errors  NF_EINVAL */
bool nf_model_is_valid(const nf_model *m, nf_error *e);

#endif
