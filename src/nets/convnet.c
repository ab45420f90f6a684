/* The image conditioner of Glow: 3×3 → ReLU → 1×1 → ReLU → 3×3 at any width, and the single
 * 3×3 convolution of a learned split prior. The wide 3×3 layers sit where one side is
 * narrow, so the first gathers and the last scatters (conv3x3.h). */
#include "nets/build.h"
#include "nets/conv3x3.h"
#include "nets/dense.h"

enum { WEIGHT_1, BIAS_1, WEIGHT_2, BIAS_2, WEIGHT_3, BIAS_3 };

static nf_conv_size size(const nf_net *net, size_t n, size_t in, size_t out) {
  return (nf_conv_size){n, net->in.h, net->in.w, in, out};
}

static int forward(const nf_net *net, size_t n, const nf_real *x, nf_real *y, nf_real *hidden,
                   nf_work *work) {
  const size_t width = net->width, rows = n * nf_shape_pixels(net->in);
  const nf_tensor *t = net->tensor;
  nf_real *h1 = hidden, *h2 = hidden + rows * width;
  int status = nf_conv_gather_forward(size(net, n, net->in.c, width), x, t[WEIGHT_1].data,
                                      t[BIAS_1].data, true, h1, work);
  if (status != NF_OK) return status;
  nf_dense_forward(rows, width, width, h1, t[WEIGHT_2].data, t[BIAS_2].data, true, h2);
  return nf_conv_scatter_forward(size(net, n, width, net->out.c), h2, t[WEIGHT_3].data,
                                 t[BIAS_3].data, y, work);
}

static int backward(const nf_net *net, size_t n, const nf_real *x, const nf_real *hidden,
                    const nf_real *dy, nf_real *dx, nf_real *dparam, nf_work *work) {
  const size_t width = net->width, rows = n * nf_shape_pixels(net->in);
  const nf_tensor *t = net->tensor;
  const nf_real *h1 = hidden, *h2 = hidden + rows * width;
  const nf_arena_mark mark = nf_arena_now(&work->tmp);
  nf_real *dh1 = nf_arena_alloc(&work->tmp, rows * width);
  nf_real *dh2 = nf_arena_alloc(&work->tmp, rows * width);
  int status = dh1 == NULL || dh2 == NULL ? NF_ENOMEM : NF_OK;
  if (status == NF_OK)
    status =
        nf_conv_scatter_backward(size(net, n, width, net->out.c), h2, t[WEIGHT_3].data, dy, dh2,
                                 dparam + t[WEIGHT_3].offset, dparam + t[BIAS_3].offset, work);
  if (status == NF_OK) {
    nf_relu_backward(rows * width, h2, dh2);
    nf_dense_backward(rows, width, width, h1, t[WEIGHT_2].data, dh2, dh1,
                      dparam + t[WEIGHT_2].offset, dparam + t[BIAS_2].offset);
    nf_relu_backward(rows * width, h1, dh1);
    status = nf_conv_gather_backward(size(net, n, net->in.c, width), x, t[WEIGHT_1].data, dh1, dx,
                                     dparam + t[WEIGHT_1].offset, dparam + t[BIAS_1].offset, work);
  }
  nf_arena_release(&work->tmp, mark);
  return status;
}

static void init(nf_net *net, nf_random *r) {
  nf_he_init(&net->tensor[WEIGHT_1], 9 * net->in.c, r);
  nf_he_init(&net->tensor[WEIGHT_2], net->width, r);
}

static const nf_net_type convnet = {"convnet", forward, backward, init};

static int conv_forward(const nf_net *net, size_t n, const nf_real *x, nf_real *y, nf_real *hidden,
                        nf_work *work) {
  (void)hidden;
  return nf_conv_gather_forward(size(net, n, net->in.c, net->out.c), x, net->tensor[WEIGHT_1].data,
                                net->tensor[BIAS_1].data, false, y, work);
}

static int conv_backward(const nf_net *net, size_t n, const nf_real *x, const nf_real *hidden,
                         const nf_real *dy, nf_real *dx, nf_real *dparam, nf_work *work) {
  (void)hidden;
  return nf_conv_gather_backward(size(net, n, net->in.c, net->out.c), x, net->tensor[WEIGHT_1].data,
                                 dy, dx, dparam + net->tensor[WEIGHT_1].offset,
                                 dparam + net->tensor[BIAS_1].offset, work);
}

static const nf_net_type conv = {"conv", conv_forward, conv_backward, NULL};

static nf_net *new_on_image(const nf_net_type *type, nf_shape in, nf_shape out, size_t width,
                            int *status) {
  if (*status == NF_OK && (in.h != out.h || in.w != out.w)) *status = NF_ESHAPE;
  return nf_net_new(type, in, out, width, status);
}

nf_net *nf_convnet_new(nf_shape in, nf_shape out, size_t width, int *status) {
  if (*status == NF_OK && width == 0) *status = NF_EINVAL;
  nf_net *net = new_on_image(&convnet, in, out, width, status);
  if (net == NULL) return NULL;
  net->n_hidden = 2 * width * nf_shape_pixels(in);
  nf_net_add(net, "conv1.weight", width, 3, 3, in.c);
  nf_net_add(net, "conv1.bias", width, 0, 0, 0);
  nf_net_add(net, "conv2.weight", width, width, 0, 0);
  nf_net_add(net, "conv2.bias", width, 0, 0, 0);
  nf_net_add(net, "conv3.weight", 3, 3, out.c, width);
  nf_net_add(net, "conv3.bias", out.c, 0, 0, 0);
  return net;
}

nf_net *nf_conv_new(nf_shape in, nf_shape out, int *status) {
  nf_net *net = new_on_image(&conv, in, out, 0, status);
  if (net == NULL) return NULL;
  nf_net_add(net, "weight", out.c, 3, 3, in.c);
  nf_net_add(net, "bias", out.c, 0, 0, 0);
  return net;
}
