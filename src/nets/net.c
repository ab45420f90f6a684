/* Birth and death of a conditioner, and the builders' choice between the two kinds. */
#include "nets/net.h"

#include <stdlib.h>

#include "nets/build.h"

enum { WIDEST = 1 << 16 };

nf_net *nf_net_new(const nf_net_type *type, nf_shape in, nf_shape out, size_t width, int *status) {
  if (*status != NF_OK) return NULL;
  if (!nf_shape_valid(in) || !nf_shape_valid(out)) {
    *status = NF_ESHAPE;
    return NULL;
  }
  if (width > WIDEST) {
    *status = NF_EINVAL;
    return NULL;
  }
  nf_net *net = calloc(1, sizeof *net);
  if (net == NULL) {
    *status = NF_ENOMEM;
    return NULL;
  }
  net->type = type;
  net->in = in;
  net->out = out;
  net->width = width;
  return net;
}

void nf_net_add(nf_net *net, const char *name, size_t d0, size_t d1, size_t d2, size_t d3) {
  net->tensor[net->n_tensor++] = nf_tensor_param(name, d0, d1, d2, d3);
}

nf_net *nf_conditioner_new(nf_shape in, nf_shape out, size_t width, int *status) {
  return nf_shape_pixels(in) == 1 ? nf_mlp_new(in, out, width, status)
                                  : nf_convnet_new(in, out, width, status);
}

void nf_net_free(nf_net *net) { free(net); }
