/* The dense affine map and the invertible 1×1 convolution with a full W:
 *
 *   z = W x + b,    log|det J| = h·w·log|det W|,    ∂ log|det W|/∂W = W⁻ᵀ
 *
 * at every pixel. At h = w = 1 it is NOTES (2.1); with b = 0 it is Glow's mixing of channels. */

#include "core/real.h"
#include "layers/matrix.h"

enum { WEIGHT, BIAS };

static void add_bias(const nf_bijector *b, nf_batch *x, nf_real sign) {
  const size_t c = b->in.c, rows = nf_batch_rows(x);
  const nf_real *bias = b->tensor[BIAS].data;
  for (size_t i = 0; i < rows; i++)
    for (size_t k = 0; k < c; k++) x->data[i * c + k] += sign * bias[k];
}

static int affine_forward(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work) {
  const int status = nf_matrix_forward(b, x, log_det, work);
  if (status == NF_OK) add_bias(b, x, 1);
  return status;
}

static int affine_inverse(const nf_bijector *b, nf_batch *z, double *log_det, nf_work *work) {
  add_bias(b, z, -1);
  return nf_matrix_inverse(b, z, log_det, work);
}

static int backward(const nf_bijector *b, nf_batch *z, nf_batch *dz, const double *dlog_det,
                    nf_real *dparam, nf_work *work) {
  const nf_matrix *m = (const nf_matrix *)b;
  const size_t c = b->in.c;
  nf_real *dw = dparam + b->tensor[WEIGHT].layer_offset;
  const nf_real dlog_abs_det = NF_R(nf_matrix_dlog_abs_det(m, z->n, dlog_det));
  const int status = nf_matrix_backward(m, z, dz, dw, work);
  if (status != NF_OK) return status;
  for (size_t i = 0; i < c; i++)
    for (size_t j = 0; j < c; j++) dw[i * c + j] += dlog_abs_det * m->inverse[j * c + i];
  return NF_OK;
}

static int affine_backward(const nf_bijector *b, nf_batch *z, nf_batch *dz, const double *dlog_det,
                           nf_real *dparam, nf_work *work) {
  const size_t c = b->in.c, rows = nf_batch_rows(z);
  nf_real *dbias = dparam + b->tensor[BIAS].layer_offset;
  for (size_t i = 0; i < rows; i++)
    for (size_t k = 0; k < c; k++) dbias[k] += dz->data[i * c + k];
  add_bias(b, z, -1);
  return backward(b, z, dz, dlog_det, dparam, work);
}

static int set_w(nf_matrix *m, double *scratch) {
  (void)scratch;
  const size_t c = m->base.in.c;
  for (size_t i = 0; i < c * c; i++) m->w[i] = (double)m->base.tensor[WEIGHT].data[i];
  return NF_OK;
}

static int prepare(nf_bijector *b) { return nf_matrix_prepare((nf_matrix *)b, 1, set_w); }

static void init_identity(nf_bijector *b, nf_random *r) {
  (void)r;
  for (size_t i = 0; i < b->in.c; i++) b->tensor[WEIGHT].data[i * b->in.c + i] = 1;
}

static void init_rotation(nf_bijector *b, nf_random *r) {
  nf_matrix *m = (nf_matrix *)b;
  nf_random_rotation(b->in.c, m->w, r);
  for (size_t i = 0; i < b->in.c * b->in.c; i++) b->tensor[WEIGHT].data[i] = NF_R(m->w[i]);
}

static const nf_bijector_type affine_type = {.name = "affine",
                                             .forward = affine_forward,
                                             .inverse = affine_inverse,
                                             .backward = affine_backward,
                                             .init = init_identity,
                                             .prepare = prepare,
                                             .free = nf_matrix_release};
static const nf_bijector_type conv1x1_type = {.name = "conv1x1",
                                              .forward = nf_matrix_forward,
                                              .inverse = nf_matrix_inverse,
                                              .backward = backward,
                                              .init = init_rotation,
                                              .prepare = prepare,
                                              .free = nf_matrix_release};

nf_bijector *nf_affine_new(nf_shape shape, nf_error *e) {
  nf_bijector *b = nf_matrix_new(&affine_type, sizeof(nf_matrix), shape, e);
  nf_bijector_add_param(b, "weight", shape.c, shape.c, 0, 0, e);
  nf_bijector_add_param(b, "bias", shape.c, 0, 0, 0, e);
  return b;
}

nf_bijector *nf_conv1x1_new(nf_shape shape, bool plu, nf_error *e) {
  if (plu) return nf_plu_new(shape, e);
  nf_bijector *b = nf_matrix_new(&conv1x1_type, sizeof(nf_matrix), shape, e);
  nf_bijector_add_param(b, "weight", shape.c, shape.c, 0, 0, e);
  return b;
}
