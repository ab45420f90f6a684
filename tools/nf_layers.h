/* A flow as a list: every layer in the order in which data pass, chains and splits before what
 * they contain. */
#ifndef NF_TOOLS_LAYERS_H
#define NF_TOOLS_LAYERS_H

#include "flow/flow.h"

typedef struct {
  nf_bijector *layer;
  char path[64];    /* as in the names of its tensors: "3.inner.0" */
  size_t parameter; /* its own and its net's */
  double log_det;   /* mean, nats; of what it contains too */
} nf_layer;

/* To be freed; NULL: no memory. */
nf_layer *nf_layers_list(nf_bijector *root, size_t *n);

/* Their mean log-dets on a batch.   errors  those of nf_bijector_forward */
int nf_layers_measure(nf_flow *flow, const nf_batch *x, size_t n, nf_layer *row);

/* The layer whose matrix is singular, or in which a sample of x stops being finite, or NULL. */
const nf_layer *nf_layers_culprit(nf_flow *flow, const nf_batch *x, size_t n, const nf_layer *row);

#endif
