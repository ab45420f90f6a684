/* The conditioner of a coupling layer, run with its activations saved or not. Backward needs them;
 * what forward did not save it computes again from the saved input, with the same bits. */
#ifndef NF_LAYERS_CONDITIONER_H
#define NF_LAYERS_CONDITIONER_H

#include "layers/layer.h"

/* Of n samples, one a row, or one a column if the net's type says so. */
typedef struct {
  nf_real *input, *hidden, *output;
  bool fresh;   /* output is the net's, just computed; what was saved is as the layer left it */
  size_t slice; /* samples in `hidden`: all n, or fewer when backward won't need it */
} nf_activation;

/* What the layers saved in forward; a stack, since backward meets them in the opposite order. */
typedef struct nf_saved nf_saved;
typedef struct nf_activations {
  nf_arena memory;
  nf_saved *top;
  size_t budget;  /* bytes left for hidden and output; the input is always saved */
} nf_activations; /* start from {0} */
/* Drops all that a failed forward or backward left. */
void nf_activations_clear(nf_activations *a);
void nf_activations_free(nf_activations *a);

/* Memory for a conditioner's activations, with work->activations among what is saved. The caller
 * fills a->input. need_hidden: backward follows at once. */
int nf_conditioner_reserve(const nf_bijector *b, size_t n, bool need_hidden, nf_activation *a,
                           nf_work *work);
/* output = net(input), and hidden */
int nf_conditioner_run(const nf_bijector *b, size_t n, nf_activation *a, nf_work *work);

/* A layer whose inverse is inexact or slow keeps its input instead of activations: forward saves a
 * copy of x, and backward finds it, or NULL when nothing was saved. nf_conditioner_drop ends it. */
int nf_input_save(const nf_bijector *b, const nf_batch *x, nf_work *work);
const nf_real *nf_input_saved(const nf_bijector *b, const nf_work *work);

/* For backward: the activations of b's forward, complete; a->input is NULL when none were saved. */
int nf_conditioner_restore(const nf_bijector *b, size_t n, nf_activation *a, nf_work *work);
/* After backward. */
void nf_conditioner_drop(const nf_bijector *b, nf_work *work);

#endif
