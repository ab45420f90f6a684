#include "nets/made.h"

#include <string.h>

#include "core/gemm.h"

enum { WEIGHT_0, BIAS_0, WEIGHT_2, BIAS_2, WEIGHT_4, BIAS_4 };

nf_net *nf_made_new(nf_shape in, size_t n_raw, size_t width, nf_error *e) {
  return nf_mlp_new(in, nf_point(n_raw * nf_shape_size(in)), width, e);
}

/* --- degrees of hidden units --------------------------------------------------------------------
 */

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

/* --- masks --------------------------------------------------------------------------------------
 */

static void mask(const nf_net *net, const size_t *degree, nf_real *w0, nf_real *w2, nf_real *w4) {
  const size_t d = nf_shape_size(net->in), out = nf_shape_size(net->out), width = net->width;
  for (size_t k = 0; k < width; k++) {
    const size_t m = degree_of(net, k), from = units_below(net, m + 1);
    for (size_t j = 0; j < d; j++)
      if (degree[j] > m) w0[k * d + j] = 0;
    memset(w2 + k * width + from, 0, (width - from) * sizeof *w2);
  }
  for (size_t k = 0; k < out; k++) {
    const size_t from = units_below(net, degree[k % d]);
    memset(w4 + k * width + from, 0, (width - from) * sizeof *w4);
  }
}

void nf_made_mask(nf_net *net, const size_t *degree) {
  const nf_tensor *t = net->tensor;
  mask(net, degree, t[WEIGHT_0].data, t[WEIGHT_2].data, t[WEIGHT_4].data);
}

void nf_made_mask_gradient(const nf_net *net, const size_t *degree, nf_real *dparam) {
  const nf_tensor *t = net->tensor;
  mask(net, degree, dparam + t[WEIGHT_0].layer_offset, dparam + t[WEIGHT_2].layer_offset,
       dparam + t[WEIGHT_4].layer_offset);
}

/* --- one step -----------------------------------------------------------------------------------
 */

/* Units first … end-1 of a layer of `in` inputs, of which the first `from` are not masked. */
static void run_units(size_t n, size_t first, size_t end, size_t in, size_t from, size_t width,
                      const nf_real *x, const nf_tensor *weight, const nf_tensor *bias,
                      nf_real *y) {
  const size_t count = end - first;
  for (size_t s = 0; s < n; s++)
    memcpy(y + s * width + first, bias->data + first, count * sizeof *y);
  nf_gemm(false, true, n, count, from, x, in, weight->data + first * in, in, true, y + first,
          width);
  for (size_t s = 0; s < n; s++)
    for (size_t k = s * width + first; k < s * width + end; k++) y[k] = y[k] > 0 ? y[k] : 0;
}

void nf_made_step(const nf_net *net, const size_t *degree, size_t i, size_t n, const nf_real *x,
                  nf_real *hidden, nf_real *y) {
  const size_t d = nf_shape_size(net->in), width = net->width, m = degree[i];
  const size_t n_raw = nf_shape_size(net->out) / d, end = units_below(net, m);
  const size_t first = m > 1 ? units_below(net, m - 1) : 0;
  const nf_tensor *t = net->tensor;
  nf_real *h1 = hidden, *h2 = hidden + n * width;
  if (end > first) {
    run_units(n, first, end, d, d, width, x, &t[WEIGHT_0], &t[BIAS_0], h1);
    run_units(n, first, end, width, end, width, h1, &t[WEIGHT_2], &t[BIAS_2], h2);
  }
  for (size_t s = 0; s < n; s++)
    for (size_t k = 0; k < n_raw; k++) y[s * n_raw + k] = t[BIAS_4].data[k * d + i];
  if (end > 0) /* row k of W₄ for value i is k·d + i */
    nf_gemm(false, true, n, n_raw, end, h2, width, t[WEIGHT_4].data + i * width, d * width, true, y,
            n_raw);
}
