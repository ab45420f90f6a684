/* The dense affine map and the invertible 1×1 convolution are one thing: a c×c matrix at
 * every pixel.
 *
 *   z = W x + b,    log|det J| = h·w·log|det W|
 *
 * At h = w = 1 this is chapter 10.1 of the notes; with b = 0 it is Glow's mixing of
 * channels. W is stored whole, or as P·L·(U + diag(s)), whose log-det is a sum. Either way
 * `prepare` computes W, W⁻¹ and log|det W| once per change of parameters, in double. */
#include <stdlib.h>
#include <string.h>

#include "core/gemm.h"
#include "core/lu.h"
#include "layers/bijectors.h"
#include "layers/build.h"

typedef struct {
  nf_bijector base;
  bool plu, bias;
  double log_abs_det;        /* of W */
  double *w;                 /* W */
  size_t *row;               /* c: the permutation of P·L·U */
  nf_real *weight, *inverse; /* W and W⁻¹ in the build's precision */
  nf_real *seen;             /* the tensors for which all this holds */
  bool prepared;             /* it does */
} affine;

enum { WEIGHT, SECOND, SIGN }; /* SECOND is the bias, or for plu the permutation */

static const affine *self(const nf_bijector *b) { return (const affine *)(const void *)b; }
static size_t rows(const nf_batch *x) { return x->n * nf_shape_pixels(x->shape); }

/* x ← x·Mᵀ at every pixel */
static int multiply(nf_batch *x, const nf_real *matrix, nf_work *work) {
  const size_t c = x->shape.c;
  const nf_arena_mark mark = nf_arena_now(&work->tmp);
  nf_real *y = nf_arena_alloc(&work->tmp, nf_batch_size(x));
  if (y == NULL) return NF_ENOMEM;
  nf_gemm(false, true, rows(x), c, c, x->data, c, matrix, c, false, y, c);
  memcpy(x->data, y, nf_batch_size(x) * sizeof *y);
  nf_arena_release(&work->tmp, mark);
  return NF_OK;
}

static void add_bias(const affine *a, nf_batch *x, nf_real sign) {
  if (!a->bias) return;
  const nf_real *bias = a->base.tensor[SECOND].data;
  for (size_t i = 0; i < rows(x); i++)
    for (size_t k = 0; k < x->shape.c; k++) x->data[i * x->shape.c + k] += sign * bias[k];
}

static void add_log_det(const affine *a, const nf_batch *x, double sign, double *log_det) {
  const double per_sample = (double)nf_shape_pixels(a->base.in) * a->log_abs_det;
  for (size_t i = 0; i < x->n; i++) log_det[i] += sign * per_sample;
}

static int forward(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work) {
  const affine *a = self(b);
  const int status = multiply(x, a->weight, work);
  if (status != NF_OK) return status;
  add_bias(a, x, 1);
  add_log_det(a, x, 1, log_det);
  return NF_OK;
}

static int inverse(const nf_bijector *b, nf_batch *z, double *log_det, nf_work *work) {
  const affine *a = self(b);
  add_bias(a, z, -1);
  const int status = multiply(z, a->inverse, work);
  if (status != NF_OK) return status;
  add_log_det(a, z, -1, log_det);
  return NF_OK;
}

/* L and U + diag(s) */
static void factors(const affine *a, double *lower, double *upper) {
  const size_t c = a->base.in.c;
  const nf_real *lu = a->base.tensor[WEIGHT].data, *sign = a->base.tensor[SIGN].data;
  for (size_t i = 0; i < c; i++)
    for (size_t j = 0; j < c; j++) {
      const double v = lu[i * c + j];
      lower[i * c + j] = j < i ? v : j == i ? 1 : 0;
      upper[i * c + j] = j > i ? v : j == i ? (double)sign[i] * exp(v) : 0;
    }
}

/* From dW to the gradient of L, U and log|s|: with M = L·(U + diag(s)) and W its rows permuted,
 * dL = dM·(U + diag(s))ᵀ below the diagonal, dU = Lᵀ·dM above it, d log|s_i| = s_i dU_ii. */
static int plu_gradient(const affine *a, const nf_real *dw, double dlog_abs_det, nf_real *dlu,
                        nf_work *work) {
  const size_t c = a->base.in.c;
  double *exact = nf_arena_alloc_double(&work->tmp, 2 * c * c);
  nf_real *lower = nf_arena_alloc(&work->tmp, 5 * c * c), *upper = lower + c * c;
  nf_real *dm = upper + c * c, *dl = dm + c * c, *du = dl + c * c;
  if (exact == NULL || lower == NULL) return NF_ENOMEM;
  factors(a, exact, exact + c * c);
  for (size_t i = 0; i < 2 * c * c; i++) lower[i] = NF_R(exact[i]);
  for (size_t i = 0; i < c; i++) memcpy(dm + i * c, dw + a->row[i] * c, c * sizeof *dm);
  nf_gemm(false, true, c, c, c, dm, c, upper, c, false, dl, c);
  nf_gemm(true, false, c, c, c, lower, c, dm, c, false, du, c);
  for (size_t i = 0; i < c; i++) {
    for (size_t j = 0; j < c; j++) {
      const size_t ij = i * c + j;
      if (j < i) dlu[ij] += dl[ij];
      if (j > i) dlu[ij] += du[ij];
      if (j == i) dlu[ij] += du[ij] * upper[ij] + NF_R(dlog_abs_det);
    }
  }
  return NF_OK;
}

static int backward(const nf_bijector *b, nf_batch *z, nf_batch *dz, const double *dlog_det,
                    nf_real *dparam, nf_work *work) {
  const affine *a = self(b);
  const size_t c = b->in.c;
  double dlog_abs_det = 0; /* ∂L/∂ log|det W| */
  for (size_t i = 0; i < z->n; i++) dlog_abs_det += dlog_det[i];
  dlog_abs_det *= (double)nf_shape_pixels(b->in);

  add_bias(a, z, -1);
  int status = multiply(z, a->inverse, work); /* z is x from here on */
  if (status != NF_OK) return status;
  const nf_arena_mark mark = nf_arena_now(&work->tmp);
  nf_real *dw = dparam + b->tensor[WEIGHT].offset;
  if (a->plu) {
    dw = nf_arena_alloc(&work->tmp, c * c);
    if (dw == NULL) return NF_ENOMEM;
    memset(dw, 0, c * c * sizeof *dw);
  }
  nf_gemm(true, false, c, c, rows(z), dz->data, c, z->data, c, true, dw, c);
  if (a->plu)
    status = plu_gradient(a, dw, dlog_abs_det, dparam + b->tensor[WEIGHT].offset, work);
  else /* d log|det W| = W⁻ᵀ */
    for (size_t i = 0; i < c; i++)
      for (size_t j = 0; j < c; j++) dw[i * c + j] += NF_R(dlog_abs_det) * a->inverse[j * c + i];
  if (status == NF_OK && a->bias) {
    nf_real *dbias = dparam + b->tensor[SECOND].offset;
    for (size_t i = 0; i < rows(dz); i++)
      for (size_t k = 0; k < c; k++) dbias[k] += dz->data[i * c + k];
  }
  if (status == NF_OK) { /* dx = Wᵀ dz */
    nf_real *dx = nf_arena_alloc(&work->tmp, nf_batch_size(dz));
    if (dx == NULL) status = NF_ENOMEM;
    if (dx != NULL) {
      nf_gemm(false, false, rows(dz), c, c, dz->data, c, a->weight, c, false, dx, c);
      memcpy(dz->data, dx, nf_batch_size(dz) * sizeof *dx);
    }
  }
  nf_arena_release(&work->tmp, mark);
  return status;
}

/* --- W, its inverse and its log-det ------------------------------------------------------ */

/* W = P·L·(U + diag(s)) */
static int multiply_plu(affine *a, double *lower, double *upper) {
  const size_t c = a->base.in.c;
  const nf_real *sign = a->base.tensor[SIGN].data;
  const int status = nf_read_permutation(&a->base.tensor[SECOND], a->row);
  if (status != NF_OK) return status;
  for (size_t i = 0; i < c; i++)
    if (fabs(sign[i]) != 1) return NF_EFORMAT;
  factors(a, lower, upper);
  for (size_t i = 0; i < c; i++) {
    double *w = a->w + a->row[i] * c;
    memset(w, 0, c * sizeof *w);
    for (size_t k = 0; k <= i; k++)
      for (size_t j = k; j < c; j++) w[j] += lower[i * c + k] * upper[k * c + j];
  }
  return NF_OK;
}

/* W, its inverse and its log-det, in the memory of lu, inverse and pivot */
static int compute(affine *a, double *lu, double *inverse, size_t *pivot) {
  const size_t c = a->base.in.c;
  const nf_real *weight = a->base.tensor[WEIGHT].data;
  int status = NF_OK;
  if (a->plu)
    status = multiply_plu(a, lu, inverse); /* free until W is known */
  else
    for (size_t i = 0; i < c * c; i++) a->w[i] = (double)weight[i];
  if (status != NF_OK) return status;
  memcpy(lu, a->w, c * c * sizeof *lu);
  status = nf_lu_factor(c, lu, pivot, &a->log_abs_det);
  if (status != NF_OK) return status;
  nf_lu_inverse(c, lu, pivot, inverse);
  if (a->plu) { /* Σ log|s|, no determinant needed */
    a->log_abs_det = 0;
    for (size_t i = 0; i < c; i++) a->log_abs_det += (double)weight[i * c + i];
  }
  for (size_t i = 0; i < c * c; i++) {
    a->weight[i] = NF_R(a->w[i]);
    a->inverse[i] = NF_R(inverse[i]);
  }
  return NF_OK;
}

/* Whether all tensors that W hangs on are those seen last; and takes a look at them. */
static bool look_again(affine *a) {
  const size_t c = a->base.in.c, n_tensor = a->plu ? 3 : 1;
  bool same = a->prepared;
  nf_real *seen = a->seen;
  for (size_t i = 0; i < n_tensor; i++) {
    const size_t bytes = (i == WEIGHT ? c * c : c) * sizeof *seen;
    same = same && memcmp(seen, a->base.tensor[i].data, bytes) == 0;
    memcpy(seen, a->base.tensor[i].data, bytes);
    seen += bytes / sizeof *seen;
  }
  return same;
}

static int prepare(nf_bijector *b) {
  affine *a = (affine *)(void *)b;
  const size_t c = b->in.c;
  if (look_again(a)) return NF_OK;
  a->prepared = false;
  double *scratch = malloc(2 * c * c * sizeof *scratch);
  size_t *pivot = malloc(c * sizeof *pivot);
  int status = scratch == NULL || pivot == NULL ? NF_ENOMEM : NF_OK;
  if (status == NF_OK) status = compute(a, scratch, scratch + c * c, pivot);
  a->prepared = status == NF_OK;
  free(scratch);
  free(pivot);
  return status;
}

/* --- birth and death --------------------------------------------------------------------- */

static void init_identity(nf_bijector *b, nf_random *r) {
  (void)r;
  for (size_t i = 0; i < b->in.c; i++) b->tensor[WEIGHT].data[i * b->in.c + i] = 1;
}

/* Rows of normals, made orthonormal by Gram and Schmidt: a uniformly random rotation. */
static void random_rotation(size_t c, double *q, nf_random *r) {
  for (size_t i = 0; i < c * c; i++) q[i] = nf_random_next_normal(r);
  for (size_t i = 0; i < c; i++) {
    for (int twice = 0; twice < 2; twice++) /* once leaves rounding behind */
      for (size_t k = 0; k < i; k++) {
        double dot = 0;
        for (size_t j = 0; j < c; j++) dot += q[i * c + j] * q[k * c + j];
        for (size_t j = 0; j < c; j++) q[i * c + j] -= dot * q[k * c + j];
      }
    double norm = 0;
    for (size_t j = 0; j < c; j++) norm += q[i * c + j] * q[i * c + j];
    for (size_t j = 0; j < c; j++) q[i * c + j] /= sqrt(norm);
  }
}

static void init_rotation(nf_bijector *b, nf_random *r) {
  affine *a = (affine *)(void *)b;
  const size_t c = b->in.c;
  nf_real *weight = b->tensor[WEIGHT].data;
  random_rotation(c, a->w, r);
  double log_abs_det;
  if (a->plu && nf_lu_factor(c, a->w, a->row, &log_abs_det) != NF_OK) return; /* it is orthogonal */
  for (size_t i = 0; i < c * c; i++) weight[i] = NF_R(a->w[i]);
  if (!a->plu) return;
  for (size_t i = 0; i < c; i++) {
    const double u = a->w[i * c + i];
    weight[i * c + i] = NF_R(log(fabs(u)));
    b->tensor[SECOND].data[i] = (nf_real)a->row[i];
    b->tensor[SIGN].data[i] = u < 0 ? -1 : 1;
  }
}

static void release(nf_bijector *b) {
  affine *a = (affine *)(void *)b;
  free(a->w);
  free(a->row);
  free(a->weight);
  free(a->seen);
}

static const nf_bijector_type affine_type = {"affine", forward, inverse, backward, init_identity,
                                             NULL,     prepare, NULL,    release};
static const nf_bijector_type conv1x1_type = {"conv1x1", forward, inverse, backward, init_rotation,
                                              NULL,      prepare, NULL,    release};

static nf_bijector *new_matrix(const nf_bijector_type *type, nf_shape shape, bool bias, bool plu,
                               int *status) {
  enum { MOST_CHANNELS = 1 << 12 };
  if (*status == NF_OK && shape.c > MOST_CHANNELS) *status = NF_ESHAPE;
  affine *a = nf_bijector_new(type, sizeof *a, shape, shape, status);
  if (a == NULL) return NULL;
  const size_t c = shape.c;
  a->plu = plu;
  a->bias = bias;
  a->w = calloc(c * c, sizeof *a->w);
  a->row = calloc(c, sizeof *a->row);
  a->weight = calloc(2 * c * c, sizeof *a->weight);
  a->seen = calloc(c * c + 2 * c, sizeof *a->seen);
  if (a->w == NULL || a->row == NULL || a->weight == NULL || a->seen == NULL) {
    *status = NF_ENOMEM;
    nf_bijector_free(&a->base);
    return NULL;
  }
  a->inverse = a->weight + c * c;
  return &a->base;
}

nf_bijector *nf_affine_new(nf_shape shape, int *status) {
  nf_bijector *b = new_matrix(&affine_type, shape, true, false, status);
  if (b == NULL) return NULL;
  nf_bijector_add(b, nf_tensor_param("weight", shape.c, shape.c, 0, 0));
  nf_bijector_add(b, nf_tensor_param("bias", shape.c, 0, 0, 0));
  return b;
}

nf_bijector *nf_conv1x1_new(nf_shape shape, bool plu, int *status) {
  nf_bijector *b = new_matrix(&conv1x1_type, shape, false, plu, status);
  if (b == NULL) return NULL;
  nf_bijector_add(b, nf_tensor_param(plu ? "lu" : "weight", shape.c, shape.c, 0, 0));
  if (plu) {
    nf_bijector_add(b, nf_tensor_constant("permutation", shape.c));
    nf_bijector_add(b, nf_tensor_constant("sign", shape.c));
  }
  return b;
}
