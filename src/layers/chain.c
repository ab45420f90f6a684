/* Composition: f = f_n ∘ … ∘ f_1 is again a bijector, and the log-dets add (NOTES (1.12)):
 *
 *   log|det J_f(x)| = Σ_i log|det J_{f_i}(x_{i-1})| */
#include <stdlib.h>

#include "layers/layer.h"

static int forward(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work) {
  int status = NF_OK;
  for (size_t i = 0; status == NF_OK && i < b->n_child; i++)
    status = nf_layer_forward(b->child[i], x, log_det, work);
  return status;
}

static int inverse(const nf_bijector *b, nf_batch *z, double *log_det, nf_work *work) {
  int status = NF_OK;
  for (size_t i = b->n_child; status == NF_OK && i-- > 0;)
    status = nf_layer_inverse(b->child[i], z, log_det, work);
  return status;
}

static int backward(const nf_bijector *b, nf_batch *z, nf_batch *dz, const double *dlog_det,
                    nf_real *dparam, nf_work *work) {
  int status = NF_OK;
  for (size_t i = b->n_child; status == NF_OK && i-- > 0;) {
    const nf_bijector *layer = b->child[i];
    nf_real *dlayer = layer->n_param > 0 ? dparam + (layer->first - b->first) : NULL;
    status = nf_layer_backward(layer, z, dz, dlog_det, dlayer, work);
  }
  return status;
}

const nf_bijector_type nf_chain_type = {
    .name = "chain", .forward = forward, .inverse = inverse, .backward = backward};

nf_bijector *nf_chain_new(nf_shape in, nf_error *e) {
  return nf_bijector_new(&nf_chain_type, sizeof(nf_bijector), in, in, e);
}

void nf_chain_add(nf_bijector *chain, nf_bijector *b, nf_error *e) {
  if (chain == NULL || b == NULL || chain->type != &nf_chain_type) {
    nf_fail(e, NF_EINVAL, "chain: %s", b == NULL ? "the layer to add is NULL" : "this is no chain");
  } else if (!nf_shape_equal(b->in, chain->out)) {
    nf_fail(e, NF_ESHAPE, "chain: %s takes " NF_SHAPE ", the layer before it gives " NF_SHAPE,
            b->type->name, NF_SHAPE_ARGS(b->in), NF_SHAPE_ARGS(chain->out));
  } else if (nf_status_of(e) == NF_OK) {
    nf_bijector **child = realloc(chain->child, (chain->n_child + 1) * sizeof(nf_bijector *));
    if (child != NULL) {
      chain->child = child;
      child[chain->n_child++] = b;
      chain->out = b->out;
      return;
    }
    nf_fail(e, NF_ENOMEM, "chain: out of memory");
  }
  nf_bijector_free(b);
}
