/* Samples are columns (nets/columns.h), hidden units rise in degree, and inputs up to a degree lie
 * together if their order is the natural one or its reverse. Products leave out what the masks
 * exclude:
 *
 *   H = ReLU(W·X + b)    some units at a time, each from the units that it may see
 *   dX = Wᵀ·dH           some units at a time, each from the units that see it
 *   dW = dH·Xᵀ           some columns at a time, each of the units that see it */
#include "nets/made.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/gemm.h"
#include "core/real.h"
#include "nets/columns.h"
#include "nets/dense.h"
#include "nets/made_degrees.h"

enum { WEIGHT_0, BIAS_0, WEIGHT_2, BIAS_2, WEIGHT_4, BIAS_4 };

/* --- forward -------------------------------------------------------------------------------- */

/* Units first … end-1 of a layer with `in` inputs, of which they see some. */
static void run_units(const nf_net *net, size_t n, size_t first, size_t end, size_t in,
                      nf_made_range seen, const nf_real *x, size_t ldx, size_t weight, nf_real *y) {
  const nf_tensor *t = net->tensor;
  nf_gemm_columns(false, end - first, n, seen.end - seen.first,
                  t[weight].data + first * in + seen.first, in, x + seen.first * ldx, ldx,
                  t[weight + 1].data + first, true, y + first * n, n);
}

static void run_first(const nf_net *net, size_t n, size_t first, size_t end, const nf_real *x,
                      size_t ldx, nf_real *h1) {
  run_units(net, n, first, end, nf_shape_size(net->in),
            ((const nf_made *)net)->input[nf_made_degree_of(net, end - 1)].upto, x, ldx, WEIGHT_0,
            h1);
}

static void run_middle(const nf_net *net, size_t n, size_t first, size_t end, const nf_real *h1,
                       nf_real *h2) {
  run_units(net, n, first, end, net->width, (nf_made_range){0, nf_made_seen_by(net, end - 1)}, h1,
            n, WEIGHT_2, h2);
}

/* The numbers of value i; number k to y + k·ldy. Row k·d + i of W₄ is of it. */
static void run_value(const nf_net *net, size_t n, size_t i, const nf_real *h2, nf_real *y,
                      size_t ldy) {
  enum { ROWS = 24 };
  const size_t d = nf_shape_size(net->in), n_raw = nf_shape_size(net->out) / d;
  const size_t seen = nf_made_seen_by_output(net, i), width = net->width;
  const nf_real *weight = net->tensor[WEIGHT_4].data + i * width;
  const nf_real *from = net->tensor[BIAS_4].data + i;
  nf_real bias[ROWS];
  for (size_t k = 0, rows; k < n_raw; k += rows) {
    rows = nf_min_size(n_raw - k, ROWS);
    for (size_t r = 0; r < rows; r++) bias[r] = from[(k + r) * d];
    nf_gemm_columns(false, rows, n, seen, weight + k * d * width, d * width, h2, n, bias, false,
                    y + k * ldy, ldy);
  }
}

/* All numbers: value by value, or, of a transform with few where neighbouring values see nearly the
 * same units, as many rows at a time as a tile has. */
static void run_values(const nf_net *net, size_t n, const nf_real *h2, nf_real *y, size_t ldy) {
  enum { ROWS = 6, NEAR = 9 };
  const size_t d = nf_shape_size(net->in), out = nf_shape_size(net->out), width = net->width;
  if (out >= ROWS * d || width > NEAR * d) {
    for (size_t i = 0; i < d; i++) run_value(net, n, i, h2, y + i * ldy, d * ldy);
    return;
  }
  for (size_t i = 0, rows; i < out; i += rows) {
    size_t seen = 0;
    rows = nf_min_size(out - i, ROWS);
    for (size_t r = i; r < i + rows; r++) {
      const size_t by_r = nf_made_seen_by_output(net, r);
      seen = by_r > seen ? by_r : seen;
    }
    nf_gemm_columns(false, rows, n, seen, net->tensor[WEIGHT_4].data + i * width, width, h2, n,
                    net->tensor[BIAS_4].data + i, false, y + i * ldy, ldy);
  }
}

/* A slice of samples after the other; hidden has h₁ and h₂ of the first, of the second, … */
static int forward(const nf_net *net, size_t n, const nf_real *x, nf_real *y, nf_real *hidden,
                   nf_arena *tmp) {
  (void)tmp;
  const size_t width = net->width;
  for (size_t s = 0, m; s < n; s += m, x += m, y += m, hidden += 2 * m * width) {
    m = nf_min_size(n - s, NF_COLUMNS_SLICE);
    nf_real *h1 = hidden, *h2 = hidden + m * width;
    for (size_t k = 0, end; k < width; k = end) {
      end = nf_made_end_of_block(net, k);
      run_first(net, m, k, end, x, n, h1);
    }
    for (size_t k = 0, end; k < width; k = end) {
      end = nf_made_end_of_block(net, k);
      run_middle(net, m, k, end, h1, h2);
    }
    run_values(net, m, h2, y, n);
  }
  return NF_OK;
}

void nf_made_step(const nf_net *net, size_t i, size_t n, const nf_real *x, nf_real *hidden,
                  nf_real *y) {
  const size_t width = net->width, degree = ((const nf_made *)net)->input[i].degree;
  const size_t first = degree > 1 ? nf_made_units_below(net, degree - 1) : 0;
  const size_t end = nf_made_units_below(net, degree);
  for (size_t s = 0, m; s < n; s += m, x += m, y += m, hidden += 2 * m * width) {
    m = nf_min_size(n - s, NF_COLUMNS_SLICE);
    nf_real *h1 = hidden, *h2 = hidden + m * width;
    if (end > first) {
      run_first(net, m, first, end, x, n, h1);
      run_middle(net, m, first, end, h1, h2);
    }
    run_value(net, m, i, h2, y, n);
  }
}

/* --- backward ------------------------------------------------------------------------------- */

enum { PANEL = 64, UNITS = 128 }; /* columns and rows of a gradient at a time */

/* Columns that all the same rows see, or half as many */
static size_t end_of_panel(const nf_net *net, size_t k) {
  const bool alike = nf_made_seen_by(net, k) >= k + PANEL;
  return nf_min_size(k + (alike ? PANEL : PANEL / 2), net->width);
}

/* Of m samples: x, dy and dx have rows of n numbers, h₁, h₂ and their gradients of m. */
typedef struct {
  size_t m, n;
  const nf_real *x, *h1, *h2, *dy;
  nf_real *dx, *dh1, *dh2;
} slice;

static void last_input(const nf_net *net, const slice *s) {
  const size_t out = nf_shape_size(net->out), width = net->width;
  const nf_real *w = net->tensor[WEIGHT_4].data;
  for (size_t k = 0, end; k < width; k = end) {
    end = nf_made_end_of_block(net, k);
    const nf_made_outputs o = nf_made_outputs_above(net, nf_made_degree_of(net, k));
    nf_real *dh2 = s->dh2 + k * s->m;
    nf_gemm_columns(true, end - k, s->m, o.count, w + o.first * width + k, width,
                    s->dy + o.first * s->n, s->n, NULL, false, dh2, s->m);
    for (size_t r = o.first + o.apart; r < out; r += o.apart)
      nf_gemm(true, false, end - k, s->m, o.count, w + r * width + k, width, s->dy + r * s->n, s->n,
              true, dh2, s->m);
    nf_relu_backward((end - k) * s->m, s->h2 + k * s->m, dh2);
  }
}

static void middle_input(const nf_net *net, const slice *s) {
  const size_t width = net->width;
  const nf_real *w = net->tensor[WEIGHT_2].data;
  for (size_t k = 0, end; k < width; k = end) {
    end = nf_made_end_of_block(net, k);
    const size_t from = /* the first that sees unit k */
        nf_made_units_below(net, nf_made_degree_of(net, k));
    nf_real *dh1 = s->dh1 + k * s->m;
    nf_gemm_columns(true, end - k, s->m, width - from, w + from * width + k, width,
                    s->dh2 + from * s->m, s->m, NULL, false, dh1, s->m);
    nf_relu_backward((end - k) * s->m, s->h1 + k * s->m, dh1);
  }
}

static void first_input(const nf_net *net, const slice *s) {
  enum { INPUTS = 4 };
  const size_t d = nf_shape_size(net->in), width = net->width;
  const nf_made *m = (const nf_made *)net;
  for (size_t j = 0, end; j < d; j = end) {
    end = nf_min_size(j + INPUTS, d);
    size_t from = width;
    for (size_t i = j; i < end; i++)
      from = nf_min_size(from, nf_made_units_below(net, m->input[i].degree));
    nf_gemm_columns(true, end - j, s->m, width - from, net->tensor[WEIGHT_0].data + from * d + j, d,
                    s->dh1 + from * s->m, s->m, NULL, false, s->dx + j * s->n, s->n);
  }
}

/* A product adds to some entries that the masks exclude, too. They are 0, and become it again: of
 * columns first … end-1 those from `seen` on. */
static void clear_unseen(size_t first, size_t end, size_t seen, nf_real *dw) {
  if (seen < first) seen = first;
  if (seen < end) memset(dw + seen, 0, (end - seen) * sizeof *dw);
}

static void last_weight(const nf_net *net, const slice *s, nf_real *dw) {
  const size_t out = nf_shape_size(net->out), width = net->width;
  for (size_t k = 0, end; k < width; k = end) {
    end = end_of_panel(net, k);
    const nf_made_outputs o = nf_made_outputs_above(net, nf_made_degree_of(net, k));
    for (size_t r = o.first; r < out; r += o.apart) {
      nf_columns_weight_backward(s->m, end - k, o.count, s->h2 + k * s->m, s->m, s->dy + r * s->n,
                                 s->n, dw + r * width + k, width);
      for (size_t q = r; q < r + o.count; q++)
        clear_unseen(k, end, nf_made_seen_by_output(net, q), dw + q * width);
    }
  }
}

static void middle_weight(const nf_net *net, const slice *s, nf_real *dw) {
  const size_t width = net->width;
  for (size_t k = 0, end; k < width; k = end) {
    end = end_of_panel(net, k);
    const size_t from = nf_made_units_below(net, nf_made_degree_of(net, k));
    nf_gemm(false, true, width - from, end - k, s->m, s->dh2 + from * s->m, s->m, s->h1 + k * s->m,
            s->m, true, dw + from * width + k, width);
    for (size_t q = from, seen; q < width && (seen = nf_made_seen_by(net, q)) < end; q++)
      clear_unseen(k, end, seen, dw + q * width);
  }
}

static void first_weight(const nf_net *net, const slice *s, nf_real *dw) {
  const size_t d = nf_shape_size(net->in), width = net->width;
  const nf_made *m = (const nf_made *)net;
  for (size_t k = 0, end; k < width; k = end) {
    end = nf_min_size(k + UNITS, width);
    const nf_made_range in = m->input[nf_made_degree_of(net, end - 1)].upto;
    const size_t inputs = in.end - in.first;
    nf_gemm(false, true, end - k, inputs, s->m, s->dh1 + k * s->m, s->m, s->x + in.first * s->n,
            s->n, true, dw + k * d + in.first, d);
    for (size_t q = k, degree; q < end && (degree = nf_made_degree_of(net, q)) < inputs; q++) {
      const nf_made_range seen = m->input[degree].upto;
      nf_real *row = dw + q * d;
      /* the inputs that it sees lie within these; alone, if the order is natural or reversed */
      memset(row + in.first, 0, (seen.first - in.first) * sizeof *row);
      memset(row + seen.end, 0, (in.end - seen.end) * sizeof *row);
      for (size_t j = seen.first; seen.end - seen.first > degree && j < seen.end; j++)
        if (m->input[j].degree > degree) row[j] = 0;
    }
  }
}

static void add_gradient(const nf_net *net, const slice *s, nf_real *dparam) {
  const nf_tensor *t = net->tensor;
  last_weight(net, s, dparam + t[WEIGHT_4].layer_offset);
  middle_weight(net, s, dparam + t[WEIGHT_2].layer_offset);
  first_weight(net, s, dparam + t[WEIGHT_0].layer_offset);
  nf_columns_bias_backward(s->m, nf_shape_size(net->out), s->dy, s->n,
                           dparam + t[BIAS_4].layer_offset);
  nf_columns_bias_backward(s->m, net->width, s->dh2, s->m, dparam + t[BIAS_2].layer_offset);
  nf_columns_bias_backward(s->m, net->width, s->dh1, s->m, dparam + t[BIAS_0].layer_offset);
}

static int backward(const nf_net *net, size_t n, const nf_real *x, const nf_real *hidden,
                    const nf_real *dy, nf_real *dx, const nf_turn *turn, nf_arena *tmp) {
  const size_t width = net->width, largest = nf_min_size(n, NF_COLUMNS_SLICE);
  const nf_arena_mark mark = nf_arena_now(tmp);
  nf_real *dh1 = nf_arena_alloc(tmp, largest * width);
  nf_real *dh2 = nf_arena_alloc(tmp, largest * width);
  const bool there = dh1 != NULL && dh2 != NULL;
  for (size_t i = 0, m; there && i < n; i += m) {
    m = nf_min_size(n - i, NF_COLUMNS_SLICE);
    const nf_real *h1 = hidden + 2 * i * width;
    const slice s = {m, n, x + i, h1, h1 + m * width, dy + i, dx + i, dh1, dh2};
    last_input(net, &s);
    middle_input(net, &s);
    first_input(net, &s);
    add_gradient(net, &s, nf_turn_take(turn));
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
    .name = "made", .columns = true, .forward = forward, .backward = backward, .init = init};

nf_net *nf_made_new(nf_shape in, size_t n_raw, size_t width, nf_error *e) {
  const size_t d = nf_shape_size(in);
  nf_net *net = nf_mlp_new(in, nf_point(n_raw * d), width, e);
  if (net == NULL) return NULL;
  nf_made *m = realloc(net, sizeof *m + (d + 1) * sizeof *m->input);
  if (m == NULL) {
    nf_fail(e, NF_ENOMEM, "made: out of memory");
    nf_net_free(net);
    return NULL;
  }
  m->net.type = &type;
  return &m->net;
}
