/* Activation normalisation: one scale and one bias per channel.
 *
 *   z = x·exp(log_scale) + bias,    log|det J| = h·w·Σ log_scale
 *
 * Data-dependent initialisation: the first data are brought to mean 0 and variance 1. Whether that
 * has happened is a constant, "initialised", so it is saved and loaded with the rest. */
#include <string.h>

#include "core/block.h"
#include "core/real.h"
#include "layers/layer.h"

enum { LOG_SCALE, BIAS, INITIALISED };

/* sign·h·w·Σ log_scale */
static void add_log_det(const nf_bijector *b, size_t n, double sign, double *log_det) {
  double sum = 0;
  for (size_t k = 0; k < b->in.c; k++) sum += (double)b->tensor[LOG_SCALE].data[k];
  for (size_t i = 0; i < n; i++) log_det[i] += sign * (double)nf_shape_pixels(b->in) * sum;
}

/* exp(sign·log_scale) and bias from scratch memory, both over and over until they fill a row of at
 * least `size` values, so that loops over few channels are long. */
typedef struct {
  size_t size;
  nf_real *scale, *bias;
} row;

static bool row_of(const nf_bijector *b, nf_real sign, size_t size, row *r, nf_work *work) {
  const size_t c = b->in.c;
  r->size = (size + c - 1) / c * c;
  r->scale = nf_arena_alloc(&work->arena, r->size);
  r->bias = nf_arena_alloc(&work->arena, r->size);
  if (r->scale == NULL || r->bias == NULL) return false;
  for (size_t k = 0; k < r->size; k++) {
    r->scale[k] = k < c ? exp(sign * b->tensor[LOG_SCALE].data[k]) : r->scale[k - c];
    r->bias[k] = k < c ? b->tensor[BIAS].data[k] : r->bias[k - c];
  }
  return true;
}

enum { LONG = 64 };

static int forward(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work) {
  row r;
  if (!row_of(b, 1, LONG, &r, work)) return NF_ENOMEM;
  for (size_t i = 0, size = nf_batch_size(x); i < size; i += r.size)
    for (size_t k = 0; k < nf_min_size(r.size, size - i); k++)
      x->data[i + k] = x->data[i + k] * r.scale[k] + r.bias[k];
  add_log_det(b, x->n, 1, log_det);
  return NF_OK;
}

static int inverse(const nf_bijector *b, nf_batch *z, double *log_det, nf_work *work) {
  row r;
  if (!row_of(b, -1, LONG, &r, work)) return NF_ENOMEM;
  for (size_t i = 0, size = nf_batch_size(z); i < size; i += r.size)
    for (size_t k = 0; k < nf_min_size(r.size, size - i); k++)
      z->data[i + k] = (z->data[i + k] - r.bias[k]) * r.scale[k];
  add_log_det(b, z->n, -1, log_det);
  return NF_OK;
}

/* Channels k … k + width - 1, whose sums stay in registers while the rows pass */
NF_BLOCKED backward_strip(size_t width, size_t k, size_t n, size_t c, const nf_real *s,
                          const nf_real *s_inverse, const nf_real *bias, nf_real *z, nf_real *dz,
                          nf_real *dlog_scale, nf_real *dbias) {
  nf_real sum[NF_BLOCK_MAX], sum_scaled[NF_BLOCK_MAX];
  memcpy(sum, dbias + k, width * sizeof *sum);
  memcpy(sum_scaled, dlog_scale + k, width * sizeof *sum);
  for (size_t i = k; i < n * c; i += c) {
    nf_real x[NF_BLOCK_MAX], dx[NF_BLOCK_MAX];
    for (size_t q = 0; q < width; q++) {
      const nf_real scaled = z[i + q] - bias[k + q]; /* x·exp(log_scale) */
      sum[q] += dz[i + q];
      sum_scaled[q] += dz[i + q] * scaled;
      x[q] = scaled * s_inverse[k + q];
      dx[q] = dz[i + q] * s[k + q];
    }
    memcpy(z + i, x, width * sizeof *x);
    memcpy(dz + i, dx, width * sizeof *dx);
  }
  memcpy(dbias + k, sum, width * sizeof *sum);
  memcpy(dlog_scale + k, sum_scaled, width * sizeof *sum);
}

static int backward(const nf_bijector *b, nf_batch *z, nf_batch *dz, const double *dlog_det,
                    nf_real *dparam, nf_work *work) {
  const size_t c = b->in.c;
  row r, of_inverse;
  if (!row_of(b, 1, c, &r, work) || !row_of(b, -1, c, &of_inverse, work)) return NF_ENOMEM;
  nf_real *dlog_scale = dparam + b->tensor[LOG_SCALE].layer_offset;
  NF_BY_STRIP(c, backward_strip, nf_batch_rows(z), c, r.scale, of_inverse.scale, r.bias, z->data,
              dz->data, dlog_scale, dparam + b->tensor[BIAS].layer_offset);
  double sum = 0;
  for (size_t i = 0; i < z->n; i++) sum += dlog_det[i];
  sum *= (double)nf_shape_pixels(b->in);
  for (size_t k = 0; k < c; k++) dlog_scale[k] += NF_R(sum);
  return NF_OK;
}

/* A channel that varies by rounding alone: its standard deviation is below 4 ε of its root mean
 * square. It is only centred. */
static bool is_constant(double variance, double mean) {
  const double epsilon = 4 * NF_REAL_EPSILON;
  return variance <= epsilon * epsilon * (mean * mean + variance);
}

static int init_from_data(nf_bijector *b, const nf_batch *x) {
  if (b->tensor[INITIALISED].data[0] != 0) return NF_OK;
  if (nf_batch_rows(x) == 0) return NF_EINVAL;
  for (size_t k = 0; k < b->in.c; k++) {
    double mean, variance;
    nf_channel_moments(x, k, &mean, &variance);
    const double s = is_constant(variance, mean) ? 1 : 1 / sqrt(variance);
    b->tensor[LOG_SCALE].data[k] = NF_R(log(s));
    b->tensor[BIAS].data[k] = NF_R(-mean * s);
  }
  b->tensor[INITIALISED].data[0] = 1;
  return NF_OK;
}

static const nf_bijector_type type = {.name = "actnorm",
                                      .forward = forward,
                                      .inverse = inverse,
                                      .backward = backward,
                                      .init_from_data = init_from_data};

nf_bijector *nf_actnorm_new(nf_shape shape, nf_error *e) {
  nf_bijector *b = nf_bijector_new(&type, sizeof *b, shape, shape, e);
  nf_bijector_add_param(b, "log_scale", shape.c, 0, 0, 0, e);
  nf_bijector_add_param(b, "bias", shape.c, 0, 0, 0, e);
  nf_bijector_add_constant(b, "initialised", 1, e);
  return b;
}
