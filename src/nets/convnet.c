/* The image conditioner of Glow: 3×3 → ReLU → 1×1 → ReLU → 3×3 at any width, and the single
 * 3×3 convolution of a learned split prior. With few inputs a 3×3 layer multiplies patches
 * (conv3x3.h), with many it is Winograd's (winograd.h). */
#include "core/arena.h"
#include "nets/conv3x3.h"
#include "nets/dense.h"
#include "nets/winograd.h"

enum { WEIGHT_1, BIAS_1, WEIGHT_2, BIAS_2, WEIGHT_3, BIAS_3 };

static nf_conv_size size(const nf_net *net, size_t n, size_t in, size_t out) {
  return (nf_conv_size){n, net->in.h, net->in.w, in, out};
}

static int forward(const nf_net *net, size_t n, const nf_real *x, nf_real *y, nf_real *hidden,
                   nf_arena *tmp) {
  const size_t width = net->width, rows = n * nf_shape_pixels(net->in);
  const nf_tensor *t = net->tensor;
  nf_real *h1 = hidden, *h2 = hidden + rows * width;
  int status = nf_conv_forward(size(net, n, net->in.c, width), x, t[WEIGHT_1].data, t[BIAS_1].data,
                               true, h1, tmp);
  if (status != NF_OK) return status;
  nf_dense_forward(rows, width, width, h1, t[WEIGHT_2].data, t[BIAS_2].data, true, h2);
  return nf_winograd_forward(size(net, n, width, net->out.c), true, h2, t[WEIGHT_3].data,
                             t[BIAS_3].data, y, tmp);
}

static int backward(const nf_net *net, size_t n, const nf_real *x, const nf_real *hidden,
                    const nf_real *dy, nf_real *dx, const nf_turn *turn, nf_arena *tmp) {
  const size_t width = net->width, rows = n * nf_shape_pixels(net->in);
  const nf_conv_size first = size(net, n, net->in.c, width);
  const nf_conv_size last = size(net, n, width, net->out.c);
  const nf_tensor *t = net->tensor;
  const nf_real *h1 = hidden, *h2 = hidden + rows * width;
  const nf_arena_mark mark = nf_arena_now(tmp);
  nf_real *dh1 = nf_arena_alloc(tmp, rows * width);
  nf_real *dh2 = nf_arena_alloc(tmp, rows * width);
  int status = dh1 == NULL || dh2 == NULL ? NF_ENOMEM : NF_OK;
  if (status == NF_OK)
    status = nf_winograd_input_backward(last, true, t[WEIGHT_3].data, dy, dh2, tmp);
  if (status == NF_OK) {
    nf_relu_backward(rows * width, h2, dh2);
    nf_dense_input_backward(rows, width, width, t[WEIGHT_2].data, dh2, dh1);
    nf_relu_backward(rows * width, h1, dh1);
    status = nf_conv_input_backward(first, t[WEIGHT_1].data, dh1, dx, tmp);
  }
  nf_real *dparam = nf_turn_take(turn);
  if (status == NF_OK)
    status = nf_winograd_weight_backward(last, true, h2, dy, dparam + t[WEIGHT_3].layer_offset,
                                         dparam + t[BIAS_3].layer_offset, tmp);
  if (status == NF_OK) {
    nf_dense_weight_backward(rows, width, width, h1, dh2, dparam + t[WEIGHT_2].layer_offset,
                             dparam + t[BIAS_2].layer_offset);
    status = nf_conv_weight_backward(first, x, dh1, dparam + t[WEIGHT_1].layer_offset,
                                     dparam + t[BIAS_1].layer_offset, tmp);
  }
  nf_arena_release(tmp, mark);
  return status;
}

static void init(nf_net *net, nf_random *r) {
  nf_he_init(&net->tensor[WEIGHT_1], 9 * net->in.c, r);
  nf_he_init(&net->tensor[WEIGHT_2], net->width, r);
}

static const nf_net_type convnet = {
    .name = "convnet", .forward = forward, .backward = backward, .init = init};

static int conv_forward(const nf_net *net, size_t n, const nf_real *x, nf_real *y, nf_real *hidden,
                        nf_arena *tmp) {
  (void)hidden;
  return nf_conv_forward(size(net, n, net->in.c, net->out.c), x, net->tensor[WEIGHT_1].data,
                         net->tensor[BIAS_1].data, false, y, tmp);
}

static int conv_backward(const nf_net *net, size_t n, const nf_real *x, const nf_real *hidden,
                         const nf_real *dy, nf_real *dx, const nf_turn *turn, nf_arena *tmp) {
  (void)hidden;
  const nf_conv_size s = size(net, n, net->in.c, net->out.c);
  const nf_tensor *t = net->tensor;
  const int status = nf_conv_input_backward(s, t[WEIGHT_1].data, dy, dx, tmp);
  if (status != NF_OK) return status;
  nf_real *dparam = nf_turn_take(turn);
  return nf_conv_weight_backward(s, x, dy, dparam + t[WEIGHT_1].layer_offset,
                                 dparam + t[BIAS_1].layer_offset, tmp);
}

static const nf_net_type conv = {
    .name = "conv", .forward = conv_forward, .backward = conv_backward};

nf_net *nf_convnet_new(nf_shape in, nf_shape out, size_t width, nf_error *e) {
  if (width == 0) {
    nf_fail(e, NF_EINVAL, "convnet: width 0: must be at least 1");
    return NULL;
  }
  nf_net *net = nf_net_new_on_image(&convnet, in, out, width, e);
  if (net == NULL) return NULL;
  net->n_hidden = 2 * width * nf_shape_pixels(in);
  nf_net_add(net, "conv1.weight", width, 3, 3, in.c, e);
  nf_net_add(net, "conv1.bias", width, 0, 0, 0, e);
  nf_net_add(net, "conv2.weight", width, width, 0, 0, e);
  nf_net_add(net, "conv2.bias", width, 0, 0, 0, e);
  nf_net_add(net, "conv3.weight", 3, 3, out.c, width, e);
  nf_net_add(net, "conv3.bias", out.c, 0, 0, 0, e);
  return net;
}

nf_net *nf_conv_new(nf_shape in, nf_shape out, nf_error *e) {
  nf_net *net = nf_net_new_on_image(&conv, in, out, 0, e);
  nf_net_add(net, "weight", out.c, 3, 3, in.c, e);
  nf_net_add(net, "bias", out.c, 0, 0, 0, e);
  return net;
}
