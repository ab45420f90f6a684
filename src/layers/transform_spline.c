/* The rational-quadratic spline as a transform: K bins on [-B, B], the identity outside. Of the
 * 3K - 1 raw numbers of a value, K are widths, K heights and K - 1 slopes at the inner knots,
 *
 *   w_k = 2B (m + (1 - Km) softmax(raw)_k),   δ_k = m + softplus(raw_k + log(e^{1-m} - 1))
 *
 * with m the least share and slope; the slopes at the end knots are 1. At 0 all bins are squares
 * and all slopes are 1, which is the identity. The first knot is -B and the last one B, not the sum
 * of the widths; a knot belongs to the bin on its right, by one comparison with the knots as
 * rounded; outside [-B, B] the formulas run at the nearer end, and what they give is not used
 * (NOTES (11.8), (11.9)). */
#include <stdlib.h>

#include "core/block.h"
#include "core/real.h"
#include "core/vector.h"
#include "layers/spline.h"
#include "layers/transform.h"

enum { BLOCK = NF_SPLINE_BLOCK, MAX_BINS = NF_SPLINE_MAX_BINS };
#define LEAST 1e-3 /* m */

typedef struct {
  nf_transform base;
  size_t bins;
  nf_real bound, spread; /* B, 2B (1 - Km) */
  nf_real shift;         /* log(e^{1-m} - 1) */
} spline;

/* Of a block of n values */
typedef struct {
  size_t n;
  nf_real at[BLOCK];          /* the value, clamped to [-B, B] */
  uint32_t bin[BLOCK];        /* its bin, 0 … K-1 */
  nf_spline_bins of;          /* and that bin's numbers */
  nf_real sigmoid[2 * BLOCK]; /* log ∂δ/∂raw at its left and right knot, of inner knots */
  nf_real log_slope[BLOCK], grad[BLOCK];
} block;

/* --- from raw numbers to bins --------------------------------------------------------------- */

/* Widths and heights become shares, p = softmax(raw). */
static void prepare(const nf_transform *t, size_t count, nf_real *raw) {
  const size_t bins = ((const spline *)t)->bins;
  nf_vector_softmax(bins, count, count, raw);
  nf_vector_softmax(bins, count, count, raw + bins * count);
}

/* One of the two axes: share k of value i at share[k·stride + i], and the knots of its bin */
typedef struct {
  const nf_real *share;
  nf_real *left, *right;
} axis;

static inline nf_real next_knot(const spline *t, nf_real knot, nf_real share) {
  const nf_real least = NF_R(2 * LEAST) * t->bound;
  return knot + least + t->spread * share;
}

/* The bin is as many inner knots as are at or below the value, unless it is known from the other
 * axis. */
NF_BLOCKED find_knots(size_t n, bool known, const spline *t, size_t stride, axis a, block *b) {
  const nf_real *share = a.share;
  nf_real knot[BLOCK], left[BLOCK], of_bin[BLOCK];
  for (size_t i = 0; i < n; i++) {
    if (!known) b->bin[i] = 0;
    left[i] = knot[i] = -t->bound;
    of_bin[i] = share[i];
  }
  for (uint32_t k = 1; k < t->bins; k++, share += stride) {
    NF_INDEPENDENT
    for (size_t i = 0; i < n; i++) {
      const nf_real here = share[i], next = share[stride + i];
      knot[i] = next_knot(t, knot[i], here);
      const bool beyond = known ? b->bin[i] >= k : b->at[i] >= knot[i];
      if (!known) b->bin[i] += beyond;
      left[i] = beyond ? knot[i] : left[i];
      of_bin[i] = beyond ? next : of_bin[i];
    }
  }
  for (size_t i = 0; i < n; i++) {
    a.left[i] = left[i];
    a.right[i] = b->bin[i] + 1 == t->bins ? t->bound : next_knot(t, left[i], of_bin[i]);
  }
}

/* δ = m + softplus(v) and ∂δ/∂v = σ(v), from
 * log σ(-v) = -softplus(v) and log σ(v) = v - softplus(v) */
NF_BLOCKED find_slopes(size_t n, const spline *t, size_t stride, const nf_real *raw, block *b) {
  nf_real v[2 * BLOCK], softplus[2 * BLOCK] = {0};
  for (size_t i = 0; i < n; i++) {
    const size_t k = b->bin[i];
    v[i] = k > 0 ? raw[(k - 1) * stride + i] + t->shift : 0;
    v[n + i] = k + 1 < t->bins ? raw[k * stride + i] + t->shift : 0;
  }
  for (size_t i = 0; i < 2 * n; i++) softplus[i] = -v[i];
  nf_vector_log_sigmoid(2 * n, softplus, softplus);
  for (size_t i = 0; i < 2 * n; i++) b->sigmoid[i] = v[i] + softplus[i];
  for (size_t i = 0; i < n; i++) {
    const bool first = b->bin[i] == 0, last = b->bin[i] + 1 == t->bins;
    b->of.slope0[i] = first ? 1 : NF_R(LEAST) - softplus[i];
    b->of.slope1[i] = last ? 1 : NF_R(LEAST) - softplus[n + i];
  }
}

/* The bins of n values, found among the knots of x, or of y for the inverse. */
NF_BLOCKED find_bins(size_t n, const spline *t, bool inverse, size_t stride,
                     const nf_real *parameters, const nf_real *value, block *b) {
  const nf_real *height = parameters + t->bins * stride;
  const axis x = {parameters, b->of.x0, b->of.x1};
  const axis y = {height, b->of.y0, b->of.y1};
  b->n = n;
  for (size_t i = 0; i < n; i++) {
    const nf_real below = value[i] < t->bound ? value[i] : t->bound;
    b->at[i] = below > -t->bound ? below : -t->bound;
  }
  find_knots(n, false, t, stride, inverse ? y : x, b);
  find_knots(n, true, t, stride, inverse ? x : y, b);
  find_slopes(n, t, stride, height + t->bins * stride, b);
}

/* Most blocks are full: loops of a length that is known need no tests on their way. */
static void find(const spline *t, bool inverse, size_t n, size_t stride, const nf_real *parameters,
                 const nf_real *value, block *b) {
  if (n == BLOCK)
    find_bins(BLOCK, t, inverse, stride, parameters, value, b);
  else
    find_bins(n, t, inverse, stride, parameters, value, b);
}

static inline bool inside(const spline *t, nf_real x) { return x > -t->bound && x < t->bound; }

/* --- the map -------------------------------------------------------------------------------- */

static void map(const nf_transform *base, bool inverse, size_t count, const nf_real *raw,
                nf_real *x, nf_real *log_slope) {
  const spline *t = (const spline *)base;
  block b;
  for (size_t i = 0; i < count; i += BLOCK) {
    const size_t n = nf_min_size(BLOCK, count - i);
    find(t, inverse, n, count, raw + i, x + i, &b);
    (inverse ? nf_spline_inverse : nf_spline_forward)(n, &b.of, b.at, b.log_slope);
    for (size_t k = 0; k < n; k++) {
      const bool in = inside(t, x[i + k]);
      x[i + k] = in ? b.at[k] : x[i + k];
      log_slope[i + k] = in ? b.log_slope[k] : 0;
    }
  }
}

static void forward(const nf_transform *t, size_t count, const nf_real *raw, nf_real *x,
                    nf_real *log_slope) {
  map(t, false, count, raw, x, log_slope);
}

static void inverse(const nf_transform *t, size_t count, const nf_real *raw, nf_real *z,
                    nf_real *log_slope) {
  map(t, true, count, raw, z, log_slope);
}

/* --- gradients ------------------------------------------------------------------------------ */

/* Knot j is -B + Σ_{k<j} w_k. So with the derivatives by the two knots of a value's bin,
 *
 *   G_k = 2B (1 - Km) (∂L/∂left·[k < bin] + ∂L/∂right·[k ≤ bin])
 *   draw_k = p_k (G_k - Σ_j p_j G_j)
 *
 * in which ∂L/∂right of the last bin, whose right knot is fixed, drops out. p becomes draw. */
static inline nf_real by_knots(uint32_t k, uint32_t bin, nf_real dleft, nf_real dright) {
  return (k < bin ? dleft : 0) + (k <= bin ? dright : 0);
}

static void softmax_backward(const spline *t, const block *b, size_t stride, const nf_real *dleft,
                             const nf_real *dright, nf_real *p) {
  nf_real mean[BLOCK] = {0};
  for (uint32_t k = 0; k < t->bins; k++)
    for (size_t i = 0; i < b->n; i++)
      mean[i] += p[k * stride + i] * by_knots(k, b->bin[i], dleft[i], dright[i]);
  for (uint32_t k = 0; k < t->bins; k++)
    for (size_t i = 0; i < b->n; i++)
      p[k * stride + i] *= t->spread * (by_knots(k, b->bin[i], dleft[i], dright[i]) - mean[i]);
}

static void slopes_backward(const spline *t, block *b, size_t stride, const nf_spline_bins *db,
                            nf_real *draw) {
  const size_t n = b->n;
  nf_vector_exp(2 * n, b->sigmoid, b->sigmoid);
  for (uint32_t k = 0; k + 1 < t->bins; k++) /* inner knot k + 1 */
    for (size_t i = 0; i < n; i++)
      draw[k * stride + i] = (b->bin[i] == k + 1 ? db->slope0[i] * b->sigmoid[i] : 0) +
                             (b->bin[i] == k ? db->slope1[i] * b->sigmoid[n + i] : 0);
}

static void backward(const nf_transform *base, size_t count, nf_real *raw, nf_real *z, nf_real *dz,
                     const nf_real *dlog_slope) {
  const spline *t = (const spline *)base;
  block b;
  nf_spline_bins db;
  for (size_t i = 0; i < count; i += BLOCK) {
    const size_t n = nf_min_size(BLOCK, count - i);
    find(t, true, n, count, raw + i, z + i, &b);
    nf_spline_inverse(n, &b.of, b.at, b.log_slope);
    for (size_t k = 0; k < n; k++) { /* outside, nothing depends on the spline */
      const bool in = inside(t, z[i + k]);
      b.grad[k] = in ? dz[i + k] : 0;
      b.log_slope[k] = in ? dlog_slope[i + k] : 0;
    }
    nf_spline_backward(n, &b.of, b.at, b.grad, b.log_slope, &db);
    for (size_t k = 0; k < n; k++) {
      const bool in = inside(t, z[i + k]);
      dz[i + k] = in ? b.grad[k] : dz[i + k];
      z[i + k] = in ? b.at[k] : z[i + k];
    }
    nf_real *draw = raw + i;
    softmax_backward(t, &b, count, db.x0, db.x1, draw);
    softmax_backward(t, &b, count, db.y0, db.y1, draw + t->bins * count);
    slopes_backward(t, &b, count, &db, draw + 2 * t->bins * count);
  }
}

const nf_transform *nf_transform_spline_new(size_t bins, double bound, nf_error *e) {
  if (bins < 2 || bins > MAX_BINS) {
    nf_fail(e, NF_EINVAL, "spline: bins is %zu; it can be 2 to %d", bins, MAX_BINS);
    return NULL;
  }
  if (!(bound > 0 && bound <= 1e6)) {
    nf_fail(e, NF_EINVAL, "spline: bound is %g; it can be above 0 and up to 1e6", bound);
    return NULL;
  }
  spline *t = malloc(sizeof *t);
  if (t == NULL) {
    nf_fail(e, NF_ENOMEM, "spline: out of memory");
    return NULL;
  }
  *t = (spline){.base = {"spline", 3 * bins - 1, prepare, forward, inverse, backward, t},
                .bins = bins,
                .bound = NF_R(bound),
                .spread = NF_R(2 * bound * (1 - (double)bins * LEAST)),
                .shift = NF_R(log(expm1(1 - LEAST)))};
  return &t->base;
}
