/* What all conditioners share: making one, declaring its parameters, freeing it. */
#include "nf/net.h"

#include <stdlib.h>

enum { WIDTH_MAX = 1 << 16 };

size_t nf_tensor_size(const nf_tensor *t) {
  size_t size = 1;
  for (int i = 0; i < NF_TENSOR_RANK && t->dim[i] > 0; i++) size *= t->dim[i];
  return size;
}

nf_real *nf_turn_take(const nf_turn *turn) {
  if (turn->wait != NULL) turn->wait(turn->user, turn->layer);
  return turn->dparam;
}

static int check(const nf_net_type *type, nf_shape in, nf_shape out, size_t width, nf_error *e) {
  if (nf_status_of(e) != NF_OK) return e->status;
  if (!nf_shape_valid(in) || !nf_shape_valid(out))
    return nf_fail(e, NF_ESHAPE,
                   "%s: from (%zu, %zu, %zu) to (%zu, %zu, %zu): every side must be at least 1 and "
                   "h·w·c at most 2^24",
                   type->name, in.h, in.w, in.c, out.h, out.w, out.c);
  if (width > WIDTH_MAX)
    return nf_fail(e, NF_EINVAL, "%s: width %zu: must be at most %d", type->name, width, WIDTH_MAX);
  if (type->forward == NULL || type->backward == NULL)
    return nf_fail(e, NF_EINVAL, "%s: a network needs forward and backward", type->name);
  return NF_OK;
}

nf_net *nf_net_new(const nf_net_type *type, nf_shape in, nf_shape out, size_t width, nf_error *e) {
  if (check(type, in, out, width, e) != NF_OK) return NULL;
  nf_net *net = calloc(1, sizeof *net);
  if (net == NULL) {
    nf_fail(e, NF_ENOMEM, "%s: out of memory", type->name);
    return NULL;
  }
  net->type = type;
  net->in = in;
  net->out = out;
  net->width = width;
  return net;
}

void nf_net_add(nf_net *net, const char *name, size_t d0, size_t d1, size_t d2, size_t d3,
                nf_error *e) {
  if (net == NULL || nf_status_of(e) != NF_OK) return;
  if (net->n_tensor == NF_NET_TENSORS)
    nf_fail(e, NF_EINVAL, "%s: tensor '%s' is one too many; a network has at most %d",
            net->type->name, name, NF_NET_TENSORS);
  else
    net->tensor[net->n_tensor++] =
        (nf_tensor){.name = name, .dim = {d0, d1, d2, d3}, .trainable = true};
}

nf_net *nf_net_given(nf_net *net, size_t condition, nf_error *e) {
  if (net == NULL) return NULL;
  net->condition = condition;
  if (condition < net->in.c) return net;
  nf_fail(e, NF_ESHAPE, "%s: %zu channels of %zu cannot be its condition; some must be x",
          net->type->name, condition, net->in.c);
  nf_net_free(net);
  return NULL;
}

void nf_net_free(nf_net *net) { free(net); }
