/* A velocity field as an MLP [d+1, w, w, w, d] of (z, t), smooth, since the trace of a network with
 * ReLU jumps at every kink:
 *
 *   h₀ = (z, t)     h_l = tanh(W_l h_{l-1} + b_l), l = 1, 2, 3     v = W_4 h₃ + b_4
 *
 * Forward: the derivative along the unit vector e_j of z, written h_l', is carried with the values,
 *
 *   h₀' = e_j       h_l' = (1 - h_l²)·(W_l h_{l-1}')               τ = Σ_j (W_4 h₃')_j
 *
 * Backward of a loss L(v, τ), with x̄ = ∂L/∂x, is the derivative of these formulas in the opposite
 * order. Since h'' = -2h(1 - h²) for h = tanh a, and a' = (W h')= h'/(1 - h²), a layer has
 *
 *   ā' = (1 - h²)·h̄'            for each j
 *   ā  = (1 - h²)·h̄ - 2h·Σ_j h'·h̄'
 *   h̄_{l-1} = Wᵀ ā,   h̄'_{l-1} = Wᵀ ā',   W̄ += ā h_{l-1}ᵀ + Σ_j ā' h'_{l-1}ᵀ,   b̄ += ā
 *
 * and begins with h̄₃ = W_4ᵀ v̄, h̄₃' = τ̄·(row j of W_4). No division by 1 - h², which underflows.
 * Rows 0 … n-1 of a hidden array are values, rows n(1 + j) … n(2 + j) - 1 derivatives along e_j, so
 * one product of matrices serves all. */
#include "nets/field.h"

#include <string.h>

#include "core/arena.h"
#include "core/gemm.h"
#include "core/vector.h"
#include "nets/dense.h"

enum { LAYERS = 3 }; /* hidden; tensor 2l is the weight of layer l, 2l + 1 its bias */

/* The sizes of one call. */
typedef struct {
  size_t n, d, width, j; /* j: directions, d or 0 */
  size_t block;          /* values of one hidden layer of one pass: n·width */
} sizes;

static sizes sizes_of(const nf_net *net, size_t n, bool trace) {
  const size_t d = nf_shape_size(net->out);
  return (sizes){n, d, net->width, trace ? d : 0, n * net->width};
}

/* h and the derivatives behind it, of pre-activations. */
static void activate(const sizes *s, nf_real *h) {
  nf_vector_tanh(s->block, h, h);
  for (size_t j = 1; j <= s->j; j++)
    for (size_t k = 0; k < s->block; k++) h[j * s->block + k] *= 1 - h[k] * h[k];
}

static void forward_first(const nf_net *net, const sizes *s, const nf_real *x, nf_real *h) {
  const size_t in = s->d + 1;
  const nf_real *weight = net->tensor[0].data;
  nf_gemm_bias(s->n, s->width, in, x, weight, net->tensor[1].data, false, h);
  for (size_t j = 0; j < s->j; j++) { /* W e_j */
    nf_real *row = h + (1 + j) * s->block;
    for (size_t i = 0; i < s->n; i++, row += s->width)
      for (size_t k = 0; k < s->width; k++) row[k] = weight[k * in + j];
  }
  activate(s, h);
}

static void forward_hidden(const nf_net *net, const sizes *s, size_t layer, const nf_real *before,
                           nf_real *h) {
  const size_t w = s->width;
  const nf_real *weight = net->tensor[2 * layer].data;
  nf_gemm_bias(s->n, w, w, before, weight, net->tensor[2 * layer + 1].data, false, h);
  if (s->j > 0)
    nf_gemm_bias(s->j * s->n, w, w, before + s->block, weight, NULL, false, h + s->block);
  activate(s, h);
}

static void forward_trace(const nf_net *net, const sizes *s, const nf_real *h, double *trace) {
  for (size_t i = 0; i < s->n; i++) {
    double sum = 0;
    for (size_t j = 0; j < s->j; j++) {
      const nf_real *weight = net->tensor[2 * LAYERS].data + j * s->width;
      const nf_real *row = h + (1 + j) * s->block + i * s->width;
      nf_real dot = 0;
      for (size_t k = 0; k < s->width; k++) dot += weight[k] * row[k];
      sum += (double)dot;
    }
    trace[i] = sum;
  }
}

void nf_field_forward(const nf_net *net, size_t n, const nf_real *x, nf_real *v, double *trace,
                      nf_real *hidden) {
  const sizes s = sizes_of(net, n, trace != NULL);
  const size_t layer = (1 + s.j) * s.block;
  const nf_tensor *last = &net->tensor[2 * LAYERS];
  nf_real *h = hidden;
  forward_first(net, &s, x, h);
  for (size_t l = 1; l < LAYERS; l++, h += layer) forward_hidden(net, &s, l, h, h + layer);
  nf_gemm_bias(n, s.d, s.width, h, last[0].data, last[1].data, false, v);
  if (trace != NULL) forward_trace(net, &s, h, trace);
}

/* --- backward ------------------------------------------------------------------------------- */

/* h̄ and the h̄' behind it become ā and ā'. */
static void activate_backward(const sizes *s, const nf_real *h, nf_real *dh) {
  for (size_t k = 0; k < s->block; k++) {
    const nf_real slope = 1 - h[k] * h[k];
    nf_real sum = 0;
    for (size_t j = 1; j <= s->j; j++) {
      sum += h[j * s->block + k] * dh[j * s->block + k];
      dh[j * s->block + k] *= slope;
    }
    dh[k] = slope * dh[k] - 2 * h[k] * sum;
  }
}

/* h̄₃ = W_4ᵀ v̄ and h̄₃' = τ̄·(row j of W_4) */
static void backward_last(const nf_net *net, const sizes *s, const nf_real *h, const nf_real *dv,
                          const nf_real *dtrace, nf_real *dh, nf_real *dparam) {
  const nf_tensor *last = &net->tensor[2 * LAYERS];
  nf_real *dweight = dparam + last[0].layer_offset;
  nf_dense_weight_backward(s->n, s->width, s->d, h, dv, dweight, dparam + last[1].layer_offset);
  nf_dense_input_backward(s->n, s->width, s->d, last[0].data, dv, dh);
  for (size_t j = 0; j < s->j; j++) {
    const nf_real *weight = last[0].data + j * s->width;
    for (size_t i = 0; i < s->n; i++) {
      const size_t row = (1 + j) * s->block + i * s->width;
      for (size_t k = 0; k < s->width; k++) {
        dh[row + k] = dtrace[i] * weight[k];
        dweight[j * s->width + k] += dtrace[i] * h[row + k];
      }
    }
  }
}

static void backward_hidden(const nf_net *net, const sizes *s, size_t layer, const nf_real *before,
                            const nf_real *da, nf_real *dbefore, nf_real *dparam) {
  const size_t w = s->width, rows = (1 + s->j) * s->n;
  const nf_tensor *t = &net->tensor[2 * layer];
  nf_gemm(true, false, w, w, rows, da, w, before, w, true, dparam + t[0].layer_offset, w);
  nf_bias_backward(s->n, w, da, dparam + t[1].layer_offset);
  nf_gemm(false, false, rows, w, w, da, w, t[0].data, w, false, dbefore, w);
}

static void backward_first(const nf_net *net, const sizes *s, const nf_real *x, const nf_real *da,
                           nf_real *dx, nf_real *dparam) {
  const size_t in = s->d + 1;
  nf_real *dweight = dparam + net->tensor[0].layer_offset;
  nf_dense_weight_backward(s->n, in, s->width, x, da, dweight,
                           dparam + net->tensor[1].layer_offset);
  nf_dense_input_backward(s->n, in, s->width, net->tensor[0].data, da, dx);
  for (size_t j = 0; j < s->j; j++) {
    const nf_real *row = da + (1 + j) * s->block;
    for (size_t i = 0; i < s->n; i++, row += s->width)
      for (size_t k = 0; k < s->width; k++) dweight[k * in + j] += row[k];
  }
}

int nf_field_backward(const nf_net *net, size_t n, const nf_real *x, const nf_real *hidden,
                      const nf_real *dv, const nf_real *dtrace, nf_real *dx, nf_real *dparam,
                      nf_arena *tmp) {
  const sizes s = sizes_of(net, n, dtrace != NULL);
  const size_t layer = (1 + s.j) * s.block;
  const nf_arena_mark mark = nf_arena_now(tmp);
  nf_real *dh = nf_arena_alloc(tmp, layer), *dbefore = nf_arena_alloc(tmp, layer);
  if (dh == NULL || dbefore == NULL) {
    nf_arena_release(tmp, mark);
    return NF_ENOMEM;
  }
  const nf_real *h = hidden + (LAYERS - 1) * layer;
  backward_last(net, &s, h, dv, dtrace, dh, dparam);
  for (size_t l = LAYERS - 1; l > 0; l--, h -= layer) {
    activate_backward(&s, h, dh);
    backward_hidden(net, &s, l, h - layer, dh, dbefore, dparam);
    nf_real *const swap = dh;
    dh = dbefore;
    dbefore = swap;
  }
  activate_backward(&s, h, dh);
  backward_first(net, &s, x, dh, dx, dparam);
  nf_arena_release(tmp, mark);
  return NF_OK;
}

static size_t n_param(const nf_net *net) {
  size_t sum = 0;
  for (size_t i = 0; i < net->n_tensor; i++) sum += nf_tensor_size(&net->tensor[i]);
  return sum;
}

nf_real *nf_field_gradient(const nf_net *net, nf_arena *tmp) {
  const size_t count = n_param(net);
  nf_real *sum = nf_arena_alloc(tmp, count);
  if (sum != NULL) memset(sum, 0, count * sizeof *sum);
  return sum;
}

void nf_field_add(const nf_net *net, const nf_real *sum, const nf_turn *turn) {
  nf_real *dparam = nf_turn_take(turn);
  const size_t count = n_param(net);
  for (size_t k = 0; k < count; k++) dparam[k] += sum[k];
}

/* --- the network ---------------------------------------------------------------------------- */

static int forward(const nf_net *net, size_t n, const nf_real *x, nf_real *y, nf_real *hidden,
                   nf_arena *tmp) {
  (void)tmp;
  nf_field_forward(net, n, x, y, NULL, hidden);
  return NF_OK;
}

static int backward(const nf_net *net, size_t n, const nf_real *x, const nf_real *hidden,
                    const nf_real *dy, nf_real *dx, const nf_turn *turn, nf_arena *tmp) {
  const nf_arena_mark mark = nf_arena_now(tmp);
  nf_real *sum = nf_field_gradient(net, tmp);
  int status = sum == NULL ? NF_ENOMEM : NF_OK;
  if (status == NF_OK) status = nf_field_backward(net, n, x, hidden, dy, NULL, dx, sum, tmp);
  if (status == NF_OK) nf_field_add(net, sum, turn);
  nf_arena_release(tmp, mark);
  return status;
}

static void init(nf_net *net, nf_random *r) {
  nf_he_init(&net->tensor[0], nf_shape_size(net->in), r);
  for (int l = 1; l < LAYERS; l++) nf_he_init(&net->tensor[2 * l], net->width, r);
}

const nf_net_type nf_field_type = {
    .name = "field", .forward = forward, .backward = backward, .init = init};

nf_net *nf_field_new(nf_shape shape, size_t width, nf_error *e) {
  const size_t d = nf_shape_size(shape);
  if (width == 0) {
    nf_fail(e, NF_EINVAL, "field: width 0: must be at least 1");
    return NULL;
  }
  nf_net *net = nf_net_new(&nf_field_type, nf_point(d + 1), nf_point(d), width, e);
  if (net == NULL) return NULL;
  net->n_hidden = LAYERS * width;
  nf_net_add(net, "0.weight", width, d + 1, 0, 0, e);
  nf_net_add(net, "0.bias", width, 0, 0, 0, e);
  nf_net_add(net, "2.weight", width, width, 0, 0, e);
  nf_net_add(net, "2.bias", width, 0, 0, 0, e);
  nf_net_add(net, "4.weight", width, width, 0, 0, e);
  nf_net_add(net, "4.bias", width, 0, 0, 0, e);
  nf_net_add(net, "6.weight", d, width, 0, 0, e);
  nf_net_add(net, "6.bias", d, 0, 0, 0, e);
  return net;
}
