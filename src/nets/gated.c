/* The gated residual network of the University of Amsterdam's MNIST flow, on images:
 *
 *   h₀ = conv3×3(x)                                                       c_in to w channels
 *   h_l = LayerNorm(h_{l-1} + a·σ(b)),   (a, b) = conv1×1(CELU(m))        l = 1 … L blocks
 *                                        m = conv3×3(CELU(h_{l-1}))       2w to w
 *   y = conv3×3(CELU(h_L))                                                2w to c_out
 *
 * CELU is the concatenated ELU, and LayerNorm acts on the channels of each pixel (nets/gate.h). It
 * is NOTES (13.2). Backward keeps h_{l-1}, m and (a, b) of each block, and h_L, 4w·L + w values a
 * pixel; the rest it computes again. */
#include <string.h>

#include "core/arena.h"
#include "nets/conv3x3.h"
#include "nets/dense.h"
#include "nets/gate.h"
#include "nets/winograd.h"

enum {
  IN_WEIGHT,
  IN_BIAS,
  CONV_WEIGHT,
  CONV_BIAS,
  GATE_WEIGHT,
  GATE_BIAS,
  GAMMA,
  BETA,
  OUT_WEIGHT,
  OUT_BIAS,
  TENSORS
};
enum { BLOCKS_MAX = 256 };

/* The tensors of all blocks lie one after the other; p has those of block l, or their gradients. */
typedef struct {
  nf_real *conv_weight, *conv_bias, *gate_weight, *gate_bias, *gamma, *beta;
} block;

static size_t blocks(const nf_net *net) { return net->tensor[GAMMA].dim[0] / net->width; }

static block block_of(size_t l, size_t w, nf_real *const p[TENSORS]) {
  return (block){
      p[CONV_WEIGHT] + l * w * 9 * 2 * w, p[CONV_BIAS] + l * w, p[GATE_WEIGHT] + l * 2 * w * 2 * w,
      p[GATE_BIAS] + l * 2 * w,           p[GAMMA] + l * w,     p[BETA] + l * w};
}

/* Of all tensors: their values, or their places in dparam. */
static void tensors_of(const nf_net *net, nf_real *dparam, nf_real *p[TENSORS]) {
  for (size_t i = 0; i < TENSORS; i++)
    p[i] = dparam != NULL ? dparam + net->tensor[i].layer_offset : net->tensor[i].data;
}

/* What is kept of block l: h (rows, w) before it, m (rows, w), ab (rows, 2w); h of l = L is h_L. */
typedef struct {
  nf_real *h, *m, *ab;
} kept;

static kept kept_of(size_t l, size_t rows, size_t w, const nf_real *hidden) {
  nf_real *h = (nf_real *)(uintptr_t)hidden + l * rows * 4 * w;
  return (kept){h, h + rows * w, h + 2 * rows * w};
}

static nf_conv_size size(const nf_net *net, size_t n, size_t in, size_t out) {
  return (nf_conv_size){n, net->in.h, net->in.w, in, out};
}

static int forward(const nf_net *net, size_t n, const nf_real *x, nf_real *y, nf_real *hidden,
                   nf_arena *tmp) {
  const size_t w = net->width, rows = n * nf_shape_pixels(net->in);
  const nf_arena_mark mark = nf_arena_now(tmp);
  nf_real *p[TENSORS], *e = nf_arena_alloc(tmp, rows * 2 * w);
  tensors_of(net, NULL, p);
  int status = e == NULL ? NF_ENOMEM : NF_OK;
  if (status == NF_OK)
    status = nf_conv_forward(size(net, n, net->in.c, w), x, p[IN_WEIGHT], p[IN_BIAS], false, hidden,
                             tmp);
  for (size_t l = 0; status == NF_OK && l < blocks(net); l++) {
    const block b = block_of(l, w, p);
    const kept k = kept_of(l, rows, w, hidden);
    nf_real *next = kept_of(l + 1, rows, w, hidden).h;
    nf_celu_forward(rows, w, k.h, e);
    status =
        nf_winograd_forward(size(net, n, 2 * w, w), false, e, b.conv_weight, b.conv_bias, k.m, tmp);
    if (status != NF_OK) break;
    nf_celu_forward(rows, w, k.m, e);
    nf_dense_forward(rows, 2 * w, 2 * w, e, b.gate_weight, b.gate_bias, false, k.ab);
    nf_gate_forward(rows, w, k.h, k.ab, next);
    nf_layer_norm_forward(rows, w, next, b.gamma, b.beta, next);
  }
  if (status == NF_OK) {
    nf_celu_forward(rows, w, kept_of(blocks(net), rows, w, hidden).h, e);
    status = nf_winograd_forward(size(net, n, 2 * w, net->out.c), true, e, p[OUT_WEIGHT],
                                 p[OUT_BIAS], y, tmp);
  }
  nf_arena_release(tmp, mark);
  return status;
}

/* Scratch of backward: e and de (rows, 2w), d and r (rows, w). */
typedef struct {
  nf_real *e, *de, *d, *r;
} scratch;

/* s->d = ∂L/∂h_l becomes ∂L/∂h_{l-1}. The two ways to h_{l-1}, past the gate and through the
 * convolutions, add up. */
static int backward_block(const nf_net *net, size_t n, const block *b, const block *db, kept k,
                          const scratch *s, nf_arena *tmp) {
  const size_t w = net->width, rows = n * nf_shape_pixels(net->in);
  nf_gate_forward(rows, w, k.h, k.ab, s->r);
  nf_layer_norm_backward(rows, w, s->r, b->gamma, s->d, db->gamma, db->beta);
  const nf_arena_mark mark = nf_arena_now(tmp);
  nf_real *dab = nf_arena_alloc(tmp, rows * 2 * w);
  if (dab == NULL) return NF_ENOMEM;
  nf_gate_backward(rows, w, k.ab, s->d, dab);
  nf_celu_forward(rows, w, k.m, s->e);
  nf_dense_weight_backward(rows, 2 * w, 2 * w, s->e, dab, db->gate_weight, db->gate_bias);
  nf_dense_input_backward(rows, 2 * w, 2 * w, b->gate_weight, dab, s->de);
  nf_real *dm = s->r;
  memset(dm, 0, rows * w * sizeof *dm);
  nf_celu_backward(rows, w, s->e, s->de, dm);
  nf_celu_forward(rows, w, k.h, s->e);
  const nf_conv_size conv = size(net, n, 2 * w, w);
  int status =
      nf_winograd_weight_backward(conv, false, s->e, dm, db->conv_weight, db->conv_bias, tmp);
  if (status == NF_OK)
    status = nf_winograd_input_backward(conv, false, b->conv_weight, dm, s->de, tmp);
  if (status == NF_OK) nf_celu_backward(rows, w, s->e, s->de, s->d);
  nf_arena_release(tmp, mark);
  return status;
}

static int backward_all(const nf_net *net, size_t n, const nf_real *x, const nf_real *hidden,
                        const nf_real *dy, nf_real *dx, nf_real *dparam, const scratch *s,
                        nf_arena *tmp) {
  const size_t w = net->width, rows = n * nf_shape_pixels(net->in);
  const nf_conv_size first = size(net, n, net->in.c, w), last = size(net, n, 2 * w, net->out.c);
  nf_real *p[TENSORS], *dp[TENSORS];
  tensors_of(net, NULL, p);
  tensors_of(net, dparam, dp);
  nf_celu_forward(rows, w, kept_of(blocks(net), rows, w, hidden).h, s->e);
  int status = nf_winograd_weight_backward(last, true, s->e, dy, dp[OUT_WEIGHT], dp[OUT_BIAS], tmp);
  if (status == NF_OK)
    status = nf_winograd_input_backward(last, true, p[OUT_WEIGHT], dy, s->de, tmp);
  memset(s->d, 0, rows * w * sizeof *s->d);
  if (status == NF_OK) nf_celu_backward(rows, w, s->e, s->de, s->d);
  for (size_t l = blocks(net); status == NF_OK && l-- > 0;) {
    const block b = block_of(l, w, p), db = block_of(l, w, dp);
    status = backward_block(net, n, &b, &db, kept_of(l, rows, w, hidden), s, tmp);
  }
  if (status == NF_OK)
    status = nf_conv_weight_backward(first, x, s->d, dp[IN_WEIGHT], dp[IN_BIAS], tmp);
  return status == NF_OK ? nf_conv_input_backward(first, p[IN_WEIGHT], s->d, dx, tmp) : status;
}

static int backward(const nf_net *net, size_t n, const nf_real *x, const nf_real *hidden,
                    const nf_real *dy, nf_real *dx, const nf_turn *turn, nf_arena *tmp) {
  const size_t w = net->width, rows = n * nf_shape_pixels(net->in);
  const nf_arena_mark mark = nf_arena_now(tmp);
  const scratch s = {nf_arena_alloc(tmp, rows * 2 * w), nf_arena_alloc(tmp, rows * 2 * w),
                     nf_arena_alloc(tmp, rows * w), nf_arena_alloc(tmp, rows * w)};
  const int status = s.e == NULL || s.de == NULL || s.d == NULL || s.r == NULL
                         ? NF_ENOMEM
                         : backward_all(net, n, x, hidden, dy, dx, nf_turn_take(turn), &s, tmp);
  nf_arena_release(tmp, mark);
  return status;
}

static void init(nf_net *net, nf_random *r) {
  nf_he_init(&net->tensor[IN_WEIGHT], 9 * net->in.c, r);
  nf_he_init(&net->tensor[CONV_WEIGHT], 9 * 2 * net->width, r);
  nf_he_init(&net->tensor[GATE_WEIGHT], 2 * net->width, r);
  nf_tensor *gamma = &net->tensor[GAMMA];
  for (size_t i = 0; i < gamma->dim[0]; i++) gamma->data[i] = 1;
}

static const nf_net_type type = {
    .name = "gated", .forward = forward, .backward = backward, .init = init};

nf_net *nf_gated_new(nf_shape in, nf_shape out, size_t width, size_t n_block, nf_error *e) {
  if (width == 0)
    nf_fail(e, NF_EINVAL, "gated: width 0: must be at least 1");
  else if (n_block == 0 || n_block > BLOCKS_MAX)
    nf_fail(e, NF_EINVAL, "gated: %zu blocks: must be 1 to %d", n_block, BLOCKS_MAX);
  if (width == 0 || n_block == 0 || n_block > BLOCKS_MAX) return NULL;
  nf_net *net = nf_net_new_on_image(&type, in, out, width, e);
  if (net == NULL) return NULL;
  const size_t all = n_block * width;
  net->n_hidden = (4 * all + width) * nf_shape_pixels(in);
  nf_net_add(net, "in.weight", width, 3, 3, in.c, e);
  nf_net_add(net, "in.bias", width, 0, 0, 0, e);
  nf_net_add(net, "conv.weight", all, 3, 3, 2 * width, e);
  nf_net_add(net, "conv.bias", all, 0, 0, 0, e);
  nf_net_add(net, "gate.weight", 2 * all, 2 * width, 0, 0, e);
  nf_net_add(net, "gate.bias", 2 * all, 0, 0, 0, e);
  nf_net_add(net, "norm.gamma", all, 0, 0, 0, e);
  nf_net_add(net, "norm.beta", all, 0, 0, 0, e);
  nf_net_add(net, "out.weight", 3, 3, out.c, 2 * width, e);
  nf_net_add(net, "out.bias", out.c, 0, 0, 0, e);
  return net;
}
