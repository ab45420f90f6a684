#include "layers/matrix.h"

#include <stdlib.h>
#include <string.h>

#include "core/gemm.h"
#include "core/lu.h"
#include "core/real.h"

enum { MAX_CHANNELS = 1 << 12 };

void *nf_matrix_new(const nf_bijector_type *type, size_t size, nf_shape shape, nf_error *e) {
  if (shape.c > MAX_CHANNELS) {
    nf_fail(e, NF_ESHAPE, "%s: " NF_SHAPE " has %zu channels; a matrix has at most %d", type->name,
            NF_SHAPE_ARGS(shape), shape.c, MAX_CHANNELS);
    return NULL;
  }
  nf_matrix *m = nf_bijector_new(type, size, shape, shape, e);
  if (m == NULL) return NULL;
  const size_t c = shape.c;
  m->w = calloc(c * c, sizeof *m->w);
  m->weight = calloc(2 * c * c, sizeof *m->weight);
  m->cached = calloc(c * c + 2 * c, sizeof *m->cached);
  if (m->w == NULL || m->weight == NULL || m->cached == NULL) {
    nf_fail(e, NF_ENOMEM, "%s: out of memory for matrices %zu×%zu", type->name, c, c);
    nf_bijector_free(&m->base);
    return NULL;
  }
  m->inverse = m->weight + c * c;
  return m;
}

void nf_matrix_release(nf_bijector *b) {
  nf_matrix *m = (nf_matrix *)b;
  free(m->w);
  free(m->weight);
  free(m->cached);
}

/* --- W, its inverse and its log-det --------------------------------------------------------- */

/* Whether the tensors are those in the cache; and puts them there. */
static bool tensors_unchanged(nf_matrix *m, size_t n_tensor) {
  const size_t c = m->base.in.c;
  bool same = m->valid;
  nf_real *cached = m->cached;
  for (size_t i = 0; i < n_tensor; i++) {
    const size_t count = i == 0 ? c * c : c, bytes = count * sizeof *cached;
    same = same && memcmp(cached, m->base.tensor[i].data, bytes) == 0;
    memcpy(cached, m->base.tensor[i].data, bytes);
    cached += count;
  }
  return same;
}

static int factor(nf_matrix *m, double *lu, double *inverse, size_t *pivot) {
  const size_t c = m->base.in.c;
  memcpy(lu, m->w, c * c * sizeof *lu);
  const int status = nf_lu_factor(c, lu, pivot, &m->log_abs_det);
  if (status != NF_OK) return status;
  nf_lu_inverse(c, lu, pivot, inverse);
  for (size_t i = 0; i < c * c; i++) {
    m->weight[i] = NF_R(m->w[i]);
    m->inverse[i] = NF_R(inverse[i]);
  }
  return NF_OK;
}

int nf_matrix_prepare(nf_matrix *m, size_t n_tensor, int (*set_w)(nf_matrix *m, double *scratch)) {
  const size_t c = m->base.in.c;
  if (tensors_unchanged(m, n_tensor)) return NF_OK;
  m->valid = false;
  double *scratch = malloc(2 * c * c * sizeof *scratch);
  size_t *pivot = malloc(c * sizeof *pivot);
  int status = scratch == NULL || pivot == NULL ? NF_ENOMEM : set_w(m, scratch);
  if (status == NF_OK) status = factor(m, scratch, scratch + c * c, pivot);
  m->valid = status == NF_OK;
  free(scratch);
  free(pivot);
  return status;
}

void nf_random_rotation(size_t c, double *w, nf_random *r) {
  for (size_t i = 0; i < c * c; i++) w[i] = nf_random_next_normal(r);
  for (size_t i = 0; i < c; i++) {       /* Gram and Schmidt */
    for (int pass = 0; pass < 2; pass++) /* the second removes the rounding of the first */
      for (size_t k = 0; k < i; k++) {
        double dot = 0;
        for (size_t j = 0; j < c; j++) dot += w[i * c + j] * w[k * c + j];
        for (size_t j = 0; j < c; j++) w[i * c + j] -= dot * w[k * c + j];
      }
    double norm = 0;
    for (size_t j = 0; j < c; j++) norm += w[i * c + j] * w[i * c + j];
    for (size_t j = 0; j < c; j++) w[i * c + j] /= sqrt(norm);
  }
}

/* --- the three directions ------------------------------------------------------------------- */

/* x ← x·op(M) at every pixel, x a row */
static int multiply(nf_batch *x, bool transpose, const nf_real *matrix, nf_work *work) {
  const size_t c = x->shape.c, size = nf_batch_size(x);
  nf_real *y = nf_arena_alloc(&work->arena, size);
  if (y == NULL) return NF_ENOMEM;
  nf_gemm(false, transpose, nf_batch_rows(x), c, c, x->data, c, matrix, c, false, y, c);
  memcpy(x->data, y, size * sizeof *y);
  return NF_OK;
}

static int apply(const nf_matrix *m, nf_batch *x, const nf_real *matrix, double sign,
                 double *log_det, nf_work *work) {
  const int status = multiply(x, true, matrix, work);
  if (status != NF_OK) return status;
  const double per_sample = (double)nf_shape_pixels(x->shape) * m->log_abs_det;
  for (size_t i = 0; i < x->n; i++) log_det[i] += sign * per_sample;
  return NF_OK;
}

int nf_matrix_forward(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work) {
  const nf_matrix *m = (const nf_matrix *)b;
  return apply(m, x, m->weight, 1, log_det, work);
}

int nf_matrix_inverse(const nf_bijector *b, nf_batch *z, double *log_det, nf_work *work) {
  const nf_matrix *m = (const nf_matrix *)b;
  return apply(m, z, m->inverse, -1, log_det, work);
}

int nf_matrix_backward(const nf_matrix *m, nf_batch *z, nf_batch *dz, nf_real *dw, nf_work *work) {
  const size_t c = m->base.in.c;
  const int status = multiply(z, true, m->inverse, work);
  if (status != NF_OK) return status;
  nf_gemm(true, false, c, c, nf_batch_rows(z), dz->data, c, z->data, c, true, dw, c);
  return multiply(dz, false, m->weight, work);
}

double nf_matrix_dlog_abs_det(const nf_matrix *m, size_t n, const double *dlog_det) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += dlog_det[i];
  return sum * (double)nf_shape_pixels(m->base.in);
}
