/* Composition: f = f_n ∘ … ∘ f_1 is again a bijector, and the log-dets add (NOTES 5):
 *
 *   log|det J_f(x)| = Σ_i log|det J_{f_i}(x_{i-1})|
 *
 * Here, and only here, a watcher is shown what passes between the layers. */
#include <stdlib.h>

#include "layers/bijectors.h"
#include "layers/build.h"

static int forward(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work) {
  const nf_watch *watch = work->watch;
  for (size_t i = 0; i < b->n_child; i++) {
    nf_bijector *layer = b->child[i];
    int status = NF_OK;
    if (watch != NULL && watch->before != NULL) status = watch->before(watch->user, layer, x);
    if (status == NF_OK) status = layer->type->forward(layer, x, log_det, work);
    if (status == NF_OK && watch != NULL && watch->after != NULL)
      status = watch->after(watch->user, layer, x, log_det);
    if (status != NF_OK) return status;
  }
  return NF_OK;
}

static int inverse(const nf_bijector *b, nf_batch *z, double *log_det, nf_work *work) {
  for (size_t i = b->n_child; i-- > 0;) {
    const nf_bijector *layer = b->child[i];
    const int status = layer->type->inverse(layer, z, log_det, work);
    if (status != NF_OK) return status;
  }
  return NF_OK;
}

static int backward(const nf_bijector *b, nf_batch *z, nf_batch *dz, const double *dlog_det,
                    nf_real *dparam, nf_work *work) {
  if (work->crew != NULL) return nf_backward_by_stages(b->n_child, b->child, z, dz, dlog_det, work);
  for (size_t i = b->n_child; i-- > 0;) {
    const nf_bijector *layer = b->child[i];
    const bool in_turn = work->turns != NULL && layer->n_child == 0;
    if (in_turn && !nf_turns_wait(work->turns, layer->number, work->turn)) return NF_EINVAL;
    nf_real *dlayer = layer->n_param > 0 ? dparam + (layer->first - b->first) : NULL;
    const int status = layer->type->backward(layer, z, dz, dlog_det, dlayer, work);
    if (status != NF_OK) return status;
    if (in_turn) nf_turns_done(work->turns, layer->number, work->turn);
  }
  return NF_OK;
}

static const nf_bijector_type type = {
    .name = "chain", .forward = forward, .inverse = inverse, .backward = backward};

nf_bijector *nf_chain_new(nf_shape in, int *status) {
  return nf_bijector_new(&type, sizeof(nf_bijector), in, in, status);
}

void nf_chain_add(nf_bijector *chain, nf_bijector *b, int *status) {
  if (*status == NF_OK && (chain == NULL || b == NULL)) *status = NF_EINVAL;
  if (*status == NF_OK && !nf_shape_equal(b->in, chain->out)) *status = NF_ESHAPE;
  if (*status == NF_OK) {
    nf_bijector **child = realloc(chain->child, (chain->n_child + 1) * sizeof(nf_bijector *));
    if (child != NULL) {
      chain->child = child;
      child[chain->n_child++] = b;
      chain->out = b->out;
      return;
    }
    *status = NF_ENOMEM;
  }
  nf_bijector_free(b);
}
