/* The invertible 1×1 convolution with W = P·L·(U + diag(s)) (Kingma & Dhariwal 2018, eq. 10 and
 * 11):
 *
 *   z = W x at every pixel,    log|det J| = h·w·Σ log|s|
 *
 * One c×c tensor, "lu", holds L below its diagonal, U above it and log|s| on it. */
#include <stdlib.h>
#include <string.h>

#include "core/gemm.h"
#include "core/lu.h"
#include "core/real.h"
#include "layers/matrix.h"

enum { LU, PERMUTATION, SIGN };

typedef struct {
  nf_matrix matrix;
  size_t *row; /* c: row i of L·(U + diag(s)) is row row[i] of W */
} plu;

/* lower = L, upper = U + diag(s), (c, c) each */
static void factors(const nf_bijector *b, double *lower, double *upper) {
  const size_t c = b->in.c;
  const nf_real *lu = b->tensor[LU].data, *sign = b->tensor[SIGN].data;
  for (size_t i = 0; i < c; i++)
    for (size_t j = 0; j < c; j++) {
      const double v = lu[i * c + j];
      lower[i * c + j] = j < i ? v : j == i ? 1 : 0;
      upper[i * c + j] = j > i ? v : j == i ? (double)sign[i] * exp(v) : 0;
    }
}

static int set_w(nf_matrix *m, double *scratch) {
  const size_t c = m->base.in.c, *row = ((plu *)m)->row;
  double *lower = scratch, *upper = scratch + c * c;
  const int status = nf_read_permutation(&m->base.tensor[PERMUTATION], ((plu *)m)->row);
  if (status != NF_OK) return status;
  for (size_t i = 0; i < c; i++)
    if (fabs(m->base.tensor[SIGN].data[i]) != 1) return NF_EFORMAT;
  factors(&m->base, lower, upper);
  for (size_t i = 0; i < c; i++) {
    double *w = m->w + row[i] * c;
    memset(w, 0, c * sizeof *w);
    for (size_t k = 0; k <= i; k++)
      for (size_t j = k; j < c; j++) w[j] += lower[i * c + k] * upper[k * c + j];
  }
  return NF_OK;
}

static int prepare(nf_bijector *b) {
  nf_matrix *m = (nf_matrix *)b;
  const int status = nf_matrix_prepare(m, 3, set_w);
  m->log_abs_det = 0; /* Σ log|s| */
  for (size_t i = 0; i < b->in.c; i++)
    m->log_abs_det += (double)b->tensor[LU].data[i * b->in.c + i];
  return status;
}

/* With M = L·(U + diag(s)), whose rows permuted are W:  dL = dM·(U + diag(s))ᵀ below the diagonal,
 * dU = Lᵀ·dM above it,  d log|s_i| = s_i·dU_ii + ∂L/∂log|det W|. */
static int lu_gradient(const nf_bijector *b, const nf_real *dw, double dlog_abs_det, nf_real *dlu,
                       nf_work *work) {
  const size_t c = b->in.c, *row = ((const plu *)b)->row;
  double *exact = nf_arena_alloc_double(&work->arena, 2 * c * c);
  nf_real *lower = nf_arena_alloc(&work->arena, 5 * c * c);
  if (exact == NULL || lower == NULL) return NF_ENOMEM;
  nf_real *upper = lower + c * c, *dm = upper + c * c, *dl = dm + c * c, *du = dl + c * c;
  factors(b, exact, exact + c * c);
  for (size_t i = 0; i < 2 * c * c; i++) lower[i] = NF_R(exact[i]);
  for (size_t i = 0; i < c; i++) memcpy(dm + i * c, dw + row[i] * c, c * sizeof *dm);
  nf_gemm(false, true, c, c, c, dm, c, upper, c, false, dl, c);
  nf_gemm(true, false, c, c, c, lower, c, dm, c, false, du, c);
  for (size_t i = 0; i < c; i++)
    for (size_t j = 0; j < c; j++) {
      const size_t ij = i * c + j;
      if (j < i) dlu[ij] += dl[ij];
      if (j > i) dlu[ij] += du[ij];
      if (j == i) dlu[ij] += du[ij] * upper[ij] + NF_R(dlog_abs_det);
    }
  return NF_OK;
}

static int backward(const nf_bijector *b, nf_batch *z, nf_batch *dz, const double *dlog_det,
                    nf_real *dparam, nf_work *work) {
  const nf_matrix *m = (const nf_matrix *)b;
  const size_t c = b->in.c;
  const double dlog_abs_det = nf_matrix_dlog_abs_det(m, z->n, dlog_det);
  nf_real *dw = nf_arena_alloc(&work->arena, c * c);
  if (dw == NULL) return NF_ENOMEM;
  memset(dw, 0, c * c * sizeof *dw);
  const int status = nf_matrix_backward(m, z, dz, dw, work);
  if (status != NF_OK) return status;
  return lu_gradient(b, dw, dlog_abs_det, dparam + b->tensor[LU].layer_offset, work);
}

/* A random rotation, factored. */
static void init(nf_bijector *b, nf_random *r) {
  nf_matrix *m = (nf_matrix *)b;
  const size_t c = b->in.c;
  size_t *row = ((plu *)b)->row;
  double log_abs_det;
  nf_random_rotation(c, m->w, r);
  if (nf_lu_factor(c, m->w, row, &log_abs_det) != NF_OK) return; /* it is orthogonal */
  for (size_t i = 0; i < c * c; i++) b->tensor[LU].data[i] = NF_R(m->w[i]);
  for (size_t i = 0; i < c; i++) {
    const double u = m->w[i * c + i];
    b->tensor[LU].data[i * c + i] = NF_R(log(fabs(u)));
    b->tensor[PERMUTATION].data[i] = (nf_real)row[i];
    b->tensor[SIGN].data[i] = u < 0 ? -1 : 1;
  }
}

static void release(nf_bijector *b) {
  nf_matrix_release(b);
  free(((plu *)b)->row);
}

static const nf_bijector_type type = {.name = "conv1x1",
                                      .forward = nf_matrix_forward,
                                      .inverse = nf_matrix_inverse,
                                      .backward = backward,
                                      .init = init,
                                      .prepare = prepare,
                                      .free = release};

nf_bijector *nf_plu_new(nf_shape shape, nf_error *e) {
  plu *p = nf_matrix_new(&type, sizeof *p, shape, e);
  if (p == NULL) return NULL;
  nf_bijector *b = &p->matrix.base;
  nf_bijector_add_param(b, "lu", shape.c, shape.c, 0, 0, e);
  nf_bijector_add_constant(b, "permutation", shape.c, e);
  nf_bijector_add_constant(b, "sign", shape.c, e);
  if ((p->row = calloc(shape.c, sizeof *p->row)) != NULL) return b;
  nf_fail(e, NF_ENOMEM, "conv1x1: out of memory");
  nf_bijector_free(b);
  return NULL;
}
