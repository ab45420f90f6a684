/* The multilayer perceptron of the notes (11.4), [in, width, width, out]:
 *
 *   h₁ = ReLU(W₀ x + b₀)    h₂ = ReLU(W₂ h₁ + b₂)    y = W₄ h₂ + b₄
 *
 * The numbers are PyTorch's: in nn.Sequential the ReLUs are modules 1 and 3. */
#include "nets/build.h"
#include "nets/dense.h"

enum { WEIGHT_0, BIAS_0, WEIGHT_2, BIAS_2, WEIGHT_4, BIAS_4 };

static int forward(const nf_net *net, size_t n, const nf_real *x, nf_real *y, nf_real *hidden,
                   nf_work *work) {
  (void)work;
  const size_t in = nf_shape_size(net->in), out = nf_shape_size(net->out), width = net->width;
  const nf_tensor *t = net->tensor;
  nf_real *h1 = hidden, *h2 = hidden + n * width;
  nf_dense_forward(n, in, width, x, t[WEIGHT_0].data, t[BIAS_0].data, true, h1);
  nf_dense_forward(n, width, width, h1, t[WEIGHT_2].data, t[BIAS_2].data, true, h2);
  nf_dense_forward(n, width, out, h2, t[WEIGHT_4].data, t[BIAS_4].data, false, y);
  return NF_OK;
}

static int backward(const nf_net *net, size_t n, const nf_real *x, const nf_real *hidden,
                    const nf_real *dy, nf_real *dx, nf_real *dparam, nf_work *work) {
  const size_t in = nf_shape_size(net->in), out = nf_shape_size(net->out), width = net->width;
  const nf_tensor *t = net->tensor;
  const nf_real *h1 = hidden, *h2 = hidden + n * width;
  const nf_arena_mark mark = nf_arena_now(&work->tmp);
  nf_real *dh1 = nf_arena_alloc(&work->tmp, n * width);
  nf_real *dh2 = nf_arena_alloc(&work->tmp, n * width);
  if (dh1 == NULL || dh2 == NULL) {
    nf_arena_release(&work->tmp, mark);
    return NF_ENOMEM;
  }
  nf_dense_backward(n, width, out, h2, t[WEIGHT_4].data, dy, dh2, dparam + t[WEIGHT_4].offset,
                    dparam + t[BIAS_4].offset);
  nf_relu_backward(n * width, h2, dh2);
  nf_dense_backward(n, width, width, h1, t[WEIGHT_2].data, dh2, dh1, dparam + t[WEIGHT_2].offset,
                    dparam + t[BIAS_2].offset);
  nf_relu_backward(n * width, h1, dh1);
  nf_dense_backward(n, in, width, x, t[WEIGHT_0].data, dh1, dx, dparam + t[WEIGHT_0].offset,
                    dparam + t[BIAS_0].offset);
  nf_arena_release(&work->tmp, mark);
  return NF_OK;
}

static void init(nf_net *net, nf_random *r) {
  nf_he_init(&net->tensor[WEIGHT_0], nf_shape_size(net->in), r);
  nf_he_init(&net->tensor[WEIGHT_2], net->width, r);
}

static const nf_net_type type = {"mlp", forward, backward, init};

nf_net *nf_mlp_new(nf_shape in, nf_shape out, size_t width, int *status) {
  if (*status == NF_OK && width == 0) *status = NF_EINVAL;
  nf_net *net = nf_net_new(&type, in, out, width, status);
  if (net == NULL) return NULL;
  net->n_hidden = 2 * width;
  nf_net_add(net, "0.weight", width, nf_shape_size(in), 0, 0);
  nf_net_add(net, "0.bias", width, 0, 0, 0);
  nf_net_add(net, "2.weight", width, width, 0, 0);
  nf_net_add(net, "2.bias", width, 0, 0, 0);
  nf_net_add(net, "4.weight", nf_shape_size(out), width, 0, 0);
  nf_net_add(net, "4.bias", nf_shape_size(out), 0, 0, 0);
  return net;
}
