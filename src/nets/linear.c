/* The explicit linear conditioner: y = W x + b. Small enough to do by hand, which is what
 * chapter 3 does with s(x₁) = .5x₁ and t(x₁) = .2x₁. */
#include "nets/build.h"
#include "nets/dense.h"

enum { WEIGHT, BIAS };

static int forward(const nf_net *net, size_t n, const nf_real *x, nf_real *y, nf_real *hidden,
                   nf_work *work) {
  (void)hidden, (void)work;
  nf_dense_forward(n, nf_shape_size(net->in), nf_shape_size(net->out), x, net->tensor[WEIGHT].data,
                   net->tensor[BIAS].data, false, y);
  return NF_OK;
}

static int backward(const nf_net *net, size_t n, const nf_real *x, const nf_real *hidden,
                    const nf_real *dy, nf_real *dx, nf_real *dparam, nf_work *work) {
  (void)hidden, (void)work;
  nf_dense_backward(n, nf_shape_size(net->in), nf_shape_size(net->out), x, net->tensor[WEIGHT].data,
                    dy, dx, dparam + net->tensor[WEIGHT].offset, dparam + net->tensor[BIAS].offset);
  return NF_OK;
}

static const nf_net_type type = {"linear", forward, backward, NULL};

nf_net *nf_linear_new(nf_shape in, nf_shape out, int *status) {
  nf_net *net = nf_net_new(&type, in, out, 0, status);
  if (net == NULL) return NULL;
  nf_net_add(net, "weight", nf_shape_size(out), nf_shape_size(in), 0, 0);
  nf_net_add(net, "bias", nf_shape_size(out), 0, 0, 0);
  return net;
}
