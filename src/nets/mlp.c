/* The multilayer perceptron (NOTES (9.1)), [in, width, width, out]:
 *
 *   h₁ = ReLU(W₀ x + b₀)    h₂ = ReLU(W₂ h₁ + b₂)    y = W₄ h₂ + b₄
 *
 * The numbers are PyTorch's: in nn.Sequential the ReLUs are modules 1 and 3. Before it the linear
 * conditioner, y = W x + b. */
#include "core/arena.h"
#include "core/real.h"
#include "nets/columns.h"
#include "nets/dense.h"

/* --- y = W x + b --------------------------------------------------------------------------- */

enum { WEIGHT, BIAS };

static int linear_forward(const nf_net *net, size_t n, const nf_real *x, nf_real *y,
                          nf_real *hidden, nf_arena *tmp) {
  (void)hidden, (void)tmp;
  nf_dense_forward(n, nf_shape_size(net->in), nf_shape_size(net->out), x, net->tensor[WEIGHT].data,
                   net->tensor[BIAS].data, false, y);
  return NF_OK;
}

static int linear_backward(const nf_net *net, size_t n, const nf_real *x, const nf_real *hidden,
                           const nf_real *dy, nf_real *dx, const nf_turn *turn, nf_arena *tmp) {
  (void)hidden, (void)tmp;
  const nf_tensor *t = net->tensor;
  const size_t in = nf_shape_size(net->in), out = nf_shape_size(net->out);
  nf_dense_input_backward(n, in, out, t[WEIGHT].data, dy, dx);
  nf_real *dparam = nf_turn_take(turn);
  nf_dense_weight_backward(n, in, out, x, dy, dparam + t[WEIGHT].layer_offset,
                           dparam + t[BIAS].layer_offset);
  return NF_OK;
}

static const nf_net_type linear = {
    .name = "linear", .forward = linear_forward, .backward = linear_backward};

nf_net *nf_linear_new(nf_shape in, nf_shape out, nf_error *e) {
  nf_net *net = nf_net_new(&linear, in, out, 0, e);
  nf_net_add(net, "weight", nf_shape_size(out), nf_shape_size(in), 0, 0, e);
  nf_net_add(net, "bias", nf_shape_size(out), 0, 0, 0, e);
  return net;
}

/* --- the MLP ------------------------------------------------------------------------------- */

enum { WEIGHT_0, BIAS_0, WEIGHT_2, BIAS_2, WEIGHT_4, BIAS_4 }; /* a bias follows its weight */

/* A slice of samples after the other; hidden has h₁ and h₂ of the first, of the second, … */
static int mlp_forward(const nf_net *net, size_t n, const nf_real *x, nf_real *y, nf_real *hidden,
                       nf_arena *tmp) {
  (void)tmp;
  const size_t in = nf_shape_size(net->in), out = nf_shape_size(net->out), width = net->width;
  const nf_tensor *t = net->tensor;
  for (size_t i = 0, m; i < n; i += m, x += m, y += m) {
    m = nf_min_size(n - i, NF_COLUMNS_SLICE);
    nf_real *h1 = hidden + 2 * i * width, *h2 = h1 + m * width;
    nf_columns_forward(m, in, width, x, n, t[WEIGHT_0].data, t[BIAS_0].data, true, h1, m);
    nf_columns_forward(m, width, width, h1, m, t[WEIGHT_2].data, t[BIAS_2].data, true, h2, m);
    nf_columns_forward(m, width, out, h2, m, t[WEIGHT_4].data, t[BIAS_4].data, false, y, n);
  }
  return NF_OK;
}

static void add_gradient(size_t m, size_t in, size_t out, const nf_real *x, size_t ldx,
                         const nf_real *dy, size_t ldy, const nf_tensor *weight, nf_real *dparam) {
  const nf_tensor *bias = weight + 1;
  nf_columns_weight_backward(m, in, out, x, ldx, dy, ldy, dparam + weight->layer_offset, in);
  nf_columns_bias_backward(m, out, dy, ldy, dparam + bias->layer_offset);
}

static int mlp_backward(const nf_net *net, size_t n, const nf_real *x, const nf_real *hidden,
                        const nf_real *dy, nf_real *dx, const nf_turn *turn, nf_arena *tmp) {
  const size_t in = nf_shape_size(net->in), out = nf_shape_size(net->out), width = net->width;
  const nf_tensor *t = net->tensor;
  const nf_arena_mark mark = nf_arena_now(tmp);
  nf_real *dh1 = nf_arena_alloc(tmp, nf_min_size(n, NF_COLUMNS_SLICE) * width);
  nf_real *dh2 = nf_arena_alloc(tmp, nf_min_size(n, NF_COLUMNS_SLICE) * width);
  const bool there = dh1 != NULL && dh2 != NULL;
  for (size_t i = 0, m; there && i < n; i += m, x += m, dy += m, dx += m) {
    m = nf_min_size(n - i, NF_COLUMNS_SLICE);
    const nf_real *h1 = hidden + 2 * i * width, *h2 = h1 + m * width;
    nf_columns_input_backward(m, width, out, t[WEIGHT_4].data, dy, n, dh2, m);
    nf_relu_backward(m * width, h2, dh2);
    nf_columns_input_backward(m, width, width, t[WEIGHT_2].data, dh2, m, dh1, m);
    nf_relu_backward(m * width, h1, dh1);
    nf_columns_input_backward(m, in, width, t[WEIGHT_0].data, dh1, m, dx, n);
    nf_real *dparam = nf_turn_take(turn);
    add_gradient(m, width, out, h2, m, dy, n, &t[WEIGHT_4], dparam);
    add_gradient(m, width, width, h1, m, dh2, m, &t[WEIGHT_2], dparam);
    add_gradient(m, in, width, x, n, dh1, m, &t[WEIGHT_0], dparam);
  }
  nf_arena_release(tmp, mark);
  return there ? NF_OK : NF_ENOMEM;
}

static void mlp_init(nf_net *net, nf_random *r) {
  nf_he_init(&net->tensor[WEIGHT_0], nf_shape_size(net->in), r);
  nf_he_init(&net->tensor[WEIGHT_2], net->width, r);
}

static const nf_net_type mlp = {.name = "mlp",
                                .columns = true,
                                .forward = mlp_forward,
                                .backward = mlp_backward,
                                .init = mlp_init};

nf_net *nf_mlp_new(nf_shape in, nf_shape out, size_t width, nf_error *e) {
  if (width == 0) {
    nf_fail(e, NF_EINVAL, "mlp: width 0: must be at least 1");
    return NULL;
  }
  nf_net *net = nf_net_new(&mlp, in, out, width, e);
  if (net == NULL) return NULL;
  net->n_hidden = 2 * width;
  nf_net_add(net, "0.weight", width, nf_shape_size(in), 0, 0, e);
  nf_net_add(net, "0.bias", width, 0, 0, 0, e);
  nf_net_add(net, "2.weight", width, width, 0, 0, e);
  nf_net_add(net, "2.bias", width, 0, 0, 0, e);
  nf_net_add(net, "4.weight", nf_shape_size(out), width, 0, 0, e);
  nf_net_add(net, "4.bias", nf_shape_size(out), 0, 0, 0, e);
  return net;
}
