/* Hidden units rise in degree, so the weights between them that remain are a lower triangle of
 * blocks. Products leave out what is above it:
 *
 *   h₂ = ReLU(W₂ h₁ + b₂)    row by row of blocks, each from the units that it may see
 *   dW₂ = dh₂ᵀ·h₁            the same
 *   dh₁ = dh₂·W₂             column by column of blocks, each from the units that see it */
#include "nets/made.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/gemm.h"
#include "nets/dense.h"

enum { WEIGHT_0, BIAS_0, WEIGHT_2, BIAS_2, WEIGHT_4, BIAS_4 };
/* Units of a block: products of fewer columns are slow, of more compute more zeros. What would be
 * less than half a block belongs to the one before it. */
enum { BLOCK = 32, LONGEST = BLOCK + BLOCK / 2 };

typedef struct {
  nf_net net;
  size_t degree[]; /* of the inputs */
} made;

/* --- degrees of hidden units ---------------------------------------------------------------- */

static size_t largest_degree(const nf_net *net) {
  const size_t d = nf_shape_size(net->in);
  return d > 1 ? d - 1 : 1;
}

static size_t degree_of(const nf_net *net, size_t unit) {
  return 1 + unit * largest_degree(net) / net->width;
}

/* Units of a degree below m: unit·largest < (m-1)·width */
static size_t units_below(const nf_net *net, size_t m) {
  const size_t largest = largest_degree(net);
  return m > largest ? net->width : ((m - 1) * net->width + largest - 1) / largest;
}

/* How many of the hidden units of the layer before it a hidden unit sees, the first ones, … */
static size_t seen_by(const nf_net *net, size_t unit) {
  return units_below(net, degree_of(net, unit) + 1);
}

/* … and an output. */
static size_t seen_by_output(const nf_net *net, size_t output) {
  return units_below(net, ((const made *)net)->degree[output % nf_shape_size(net->in)]);
}

static size_t end_of_block(const nf_net *net, size_t begin) {
  return net->width - begin < LONGEST ? net->width : begin + BLOCK;
}

/* --- masks ---------------------------------------------------------------------------------- */

void nf_made_mask(nf_net *net, const size_t *degree) {
  const size_t d = nf_shape_size(net->in), out = nf_shape_size(net->out), width = net->width;
  nf_real *w0 = net->tensor[WEIGHT_0].data, *w2 = net->tensor[WEIGHT_2].data;
  nf_real *w4 = net->tensor[WEIGHT_4].data;
  memcpy(((made *)net)->degree, degree, d * sizeof *degree);
  for (size_t k = 0; k < width; k++) {
    const size_t m = degree_of(net, k), from = seen_by(net, k);
    for (size_t j = 0; j < d; j++)
      if (degree[j] > m) w0[k * d + j] = 0;
    memset(w2 + k * width + from, 0, (width - from) * sizeof *w2);
  }
  for (size_t k = 0; k < out; k++) {
    const size_t from = seen_by_output(net, k);
    memset(w4 + k * width + from, 0, (width - from) * sizeof *w4);
  }
}

/* --- forward -------------------------------------------------------------------------------- */

/* Units first … end-1 of a layer with `in` inputs, of which they see the first `seen`. */
static void run_units(const nf_net *net, size_t n, size_t first, size_t end, size_t in, size_t seen,
                      const nf_real *x, size_t weight, nf_real *y) {
  const nf_tensor *t = net->tensor;
  nf_gemm_bias_of(n, end - first, seen, x, in, t[weight].data + first * in, in,
                  t[weight + 1].data + first, true, y + first, net->width);
}

static int forward(const nf_net *net, size_t n, const nf_real *x, nf_real *y, nf_real *hidden,
                   nf_arena *tmp) {
  (void)tmp;
  const size_t d = nf_shape_size(net->in), width = net->width;
  const nf_tensor *t = net->tensor;
  nf_real *h1 = hidden, *h2 = hidden + n * width;
  run_units(net, n, 0, width, d, d, x, WEIGHT_0, h1);
  for (size_t k = 0, end; k < width; k = end) {
    end = end_of_block(net, k);
    run_units(net, n, k, end, width, seen_by(net, end - 1), h1, WEIGHT_2, h2);
  }
  nf_dense_forward(n, width, nf_shape_size(net->out), h2, t[WEIGHT_4].data, t[BIAS_4].data, false,
                   y);
  return NF_OK;
}

void nf_made_step(const nf_net *net, size_t i, size_t n, const nf_real *x, nf_real *hidden,
                  nf_real *y) {
  const size_t d = nf_shape_size(net->in), width = net->width, m = ((const made *)net)->degree[i];
  const size_t n_raw = nf_shape_size(net->out) / d, end = units_below(net, m);
  const size_t first = m > 1 ? units_below(net, m - 1) : 0;
  const nf_tensor *t = net->tensor;
  nf_real *h1 = hidden, *h2 = hidden + n * width;
  if (end > first) {
    run_units(net, n, first, end, d, d, x, WEIGHT_0, h1);
    run_units(net, n, first, end, width, end, h1, WEIGHT_2, h2);
  }
  for (size_t s = 0; s < n; s++)
    for (size_t k = 0; k < n_raw; k++) y[s * n_raw + k] = t[BIAS_4].data[k * d + i];
  if (end > 0) /* row k of W₄ for value i is k·d + i */
    nf_gemm(false, true, n, n_raw, end, h2, width, t[WEIGHT_4].data + i * width, d * width, true, y,
            n_raw);
}

/* --- backward ------------------------------------------------------------------------------- */

static void add(size_t count, const nf_real *from, nf_real *to) {
  for (size_t i = 0; i < count; i++) to[i] += from[i];
}

/* A gradient of weights is computed in dw, with some entries that the masks exclude, and added
 * without these. */
static void last_layer(const nf_net *net, size_t n, const nf_real *h2, const nf_real *dy,
                       nf_real *dh2, nf_real *dw, nf_real *dparam) {
  const size_t out = nf_shape_size(net->out), width = net->width;
  const nf_tensor *w = &net->tensor[WEIGHT_4];
  memset(dw, 0, out * width * sizeof *dw);
  nf_dense_backward(n, width, out, h2, w->data, dy, dh2, dw,
                    dparam + net->tensor[BIAS_4].layer_offset);
  for (size_t k = 0; k < out; k++)
    add(seen_by_output(net, k), dw + k * width, dparam + w->layer_offset + k * width);
  nf_relu_bias_backward(n, width, h2, dh2, dparam + net->tensor[BIAS_2].layer_offset);
}

static void middle_layer(const nf_net *net, size_t n, const nf_real *h1, const nf_real *dh2,
                         nf_real *dh1, nf_real *dw, nf_real *dparam) {
  const size_t width = net->width;
  const nf_tensor *w = &net->tensor[WEIGHT_2];
  for (size_t k = 0, end; k < width; k = end) {
    end = end_of_block(net, k);
    const size_t from = units_below(net, degree_of(net, k)); /* the first that sees unit k */
    nf_gemm(true, false, end - k, seen_by(net, end - 1), n, dh2 + k, width, h1, width, false, dw,
            width);
    for (size_t q = k; q < end; q++)
      add(seen_by(net, q), dw + (q - k) * width, dparam + w->layer_offset + q * width);
    nf_gemm(false, false, n, end - k, width - from, dh2 + from, width, w->data + from * width + k,
            width, false, dh1 + k, width);
  }
  nf_relu_bias_backward(n, width, h1, dh1, dparam + net->tensor[BIAS_0].layer_offset);
}

static void first_layer(const nf_net *net, size_t n, const nf_real *x, const nf_real *dh1,
                        nf_real *dx, nf_real *dw, nf_real *dparam) {
  const size_t d = nf_shape_size(net->in), width = net->width;
  const nf_tensor *w = &net->tensor[WEIGHT_0];
  memset(dw, 0, width * d * sizeof *dw);
  nf_dense_backward(n, d, width, x, w->data, dh1, dx, dw, NULL);
  for (size_t k = 0; k < width; k++)
    for (size_t j = 0; j < d; j++)
      if (((const made *)net)->degree[j] <= degree_of(net, k))
        dparam[w->layer_offset + k * d + j] += dw[k * d + j];
}

static int backward(const nf_net *net, size_t n, const nf_real *x, const nf_real *hidden,
                    const nf_real *dy, nf_real *dx, nf_real *dparam, nf_arena *tmp) {
  const size_t width = net->width, out = nf_shape_size(net->out);
  const nf_real *h1 = hidden, *h2 = hidden + n * width;
  const nf_arena_mark mark = nf_arena_now(tmp);
  nf_real *dh1 = nf_arena_alloc(tmp, n * width), *dh2 = nf_arena_alloc(tmp, n * width);
  nf_real *dw = nf_arena_alloc(tmp, (out > LONGEST ? out : LONGEST) * width); /* d ≤ out */
  const bool there = dh1 != NULL && dh2 != NULL && dw != NULL;
  if (there) {
    last_layer(net, n, h2, dy, dh2, dw, dparam);
    middle_layer(net, n, h1, dh2, dh1, dw, dparam);
    first_layer(net, n, x, dh1, dx, dw, dparam);
  }
  nf_arena_release(tmp, mark);
  return there ? NF_OK : NF_ENOMEM;
}

/* --- construction --------------------------------------------------------------------------- */

static void init(nf_net *net, nf_random *r) {
  nf_he_init(&net->tensor[WEIGHT_0], nf_shape_size(net->in), r);
  nf_he_init(&net->tensor[WEIGHT_2], net->width, r);
}

static const nf_net_type type = {
    .name = "made", .forward = forward, .backward = backward, .init = init};

nf_net *nf_made_new(nf_shape in, size_t n_raw, size_t width, nf_error *e) {
  nf_net *net = nf_mlp_new(in, nf_point(n_raw * nf_shape_size(in)), width, e);
  if (net == NULL) return NULL;
  made *m = realloc(net, sizeof *m + nf_shape_size(in) * sizeof *m->degree);
  if (m == NULL) {
    nf_fail(e, NF_ENOMEM, "made: out of memory");
    nf_net_free(net);
    return NULL;
  }
  m->net.type = &type;
  for (size_t i = 0; i < nf_shape_size(in); i++) m->degree[i] = i + 1;
  return &m->net;
}
