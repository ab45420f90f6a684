/* Columns in units of their own become columns of mean 0 and variance 1:
 *
 *   z = (x - mean)/sd,    log|det J| = -h·w·Σ log sd
 *
 * Mean and sd are those of the first data. They are constants: training leaves them alone, and
 * since they are a layer of the flow, log p and samples are in the units of x. */
#include "core/real.h"
#include "layers/layer.h"

enum { MEAN, LOG_SD, INITIALISED };

/* -sign·h·w·Σ log sd */
static void add_log_det(const nf_bijector *b, size_t n, double sign, double *log_det) {
  double sum = 0;
  for (size_t k = 0; k < b->in.c; k++) sum += (double)b->tensor[LOG_SD].data[k];
  for (size_t i = 0; i < n; i++) log_det[i] -= sign * (double)nf_shape_pixels(b->in) * sum;
}

/* sd, from scratch memory */
static nf_real *sd_of(const nf_bijector *b, nf_work *work) {
  nf_real *sd = nf_arena_alloc(&work->arena, b->in.c);
  for (size_t k = 0; sd != NULL && k < b->in.c; k++) sd[k] = exp(b->tensor[LOG_SD].data[k]);
  return sd;
}

static int forward(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work) {
  const size_t c = b->in.c;
  const nf_real *sd = sd_of(b, work), *mean = b->tensor[MEAN].data;
  if (sd == NULL) return NF_ENOMEM;
  for (size_t i = 0; i < nf_batch_rows(x); i++)
    for (size_t k = 0; k < c; k++) x->data[i * c + k] = (x->data[i * c + k] - mean[k]) / sd[k];
  add_log_det(b, x->n, 1, log_det);
  return NF_OK;
}

static int inverse(const nf_bijector *b, nf_batch *z, double *log_det, nf_work *work) {
  const size_t c = b->in.c;
  const nf_real *sd = sd_of(b, work), *mean = b->tensor[MEAN].data;
  if (sd == NULL) return NF_ENOMEM;
  for (size_t i = 0; i < nf_batch_rows(z); i++)
    for (size_t k = 0; k < c; k++) z->data[i * c + k] = z->data[i * c + k] * sd[k] + mean[k];
  add_log_det(b, z->n, -1, log_det);
  return NF_OK;
}

/* ∂z/∂x = 1/sd, and the log-det is the same for every x */
static int backward(const nf_bijector *b, nf_batch *z, nf_batch *dz, const double *dlog_det,
                    nf_real *dparam, nf_work *work) {
  (void)dlog_det, (void)dparam;
  const size_t c = b->in.c;
  const nf_real *sd = sd_of(b, work), *mean = b->tensor[MEAN].data;
  if (sd == NULL) return NF_ENOMEM;
  for (size_t i = 0; i < nf_batch_rows(z); i++)
    for (size_t k = 0; k < c; k++) {
      z->data[i * c + k] = z->data[i * c + k] * sd[k] + mean[k];
      dz->data[i * c + k] /= sd[k];
    }
  return NF_OK;
}

static int init_from_data(nf_bijector *b, const nf_batch *x) {
  if (b->tensor[INITIALISED].data[0] != 0) return NF_OK;
  if (nf_batch_rows(x) == 0) return NF_EINVAL;
  for (size_t k = 0; k < b->in.c; k++) {
    double mean, variance;
    nf_channel_moments(x, k, &mean, &variance);
    b->tensor[MEAN].data[k] = NF_R(mean);
    b->tensor[LOG_SD].data[k] = variance > 0 ? NF_R(0.5 * log(variance)) : 0;
  }
  b->tensor[INITIALISED].data[0] = 1;
  return NF_OK;
}

static const nf_bijector_type type = {.name = "standardise",
                                      .forward = forward,
                                      .inverse = inverse,
                                      .backward = backward,
                                      .init_from_data = init_from_data};

nf_bijector *nf_standardise_new(nf_shape shape, nf_error *e) {
  nf_bijector *b = nf_bijector_new(&type, sizeof *b, shape, shape, e);
  nf_bijector_add_constant(b, "mean", shape.c, e);
  nf_bijector_add_constant(b, "log_sd", shape.c, e);
  nf_bijector_add_constant(b, "initialised", 1, e);
  return b;
}
