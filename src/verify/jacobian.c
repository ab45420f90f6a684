#include "verify/jacobian.h"

#include <gsl/gsl_deriv.h>
#include <gsl/gsl_linalg.h>
#include <stdlib.h>
#include <string.h>

/* P A = L U,  log|det A| = Σ log|u_ii| */
double nf_verify_log_abs_det(size_t n, double *a) {
  gsl_permutation p = {n, malloc(n * sizeof(size_t))};
  if (p.data == NULL) return NAN;
  gsl_permutation_init(&p);
  gsl_matrix_view m = gsl_matrix_view_array(a, n, n);
  int sign;
  gsl_linalg_LU_decomp(&m.matrix, &p, &sign);
  free(p.data);
  return gsl_linalg_LU_lndet(&m.matrix);
}

static const double ENTRY_STEP = 0x1p-14, SMALLEST_STEP = 0x1p-34;
enum { COLUMNS = 16, ROWS = 64 }; /* of one batch */

/* --- entry by entry ------------------------------------------------------------------------- */
typedef struct {
  const nf_bijector *b;
  nf_batch point; /* x, with one coordinate moved */
  size_t row, column;
  double *z;
  nf_work *work;
  int status; /* the first error met */
} entry;

static double entry_value(double moved, void *user) {
  entry *e = user;
  const double x = e->point.data[e->column];
  e->point.data[e->column] = moved;
  const int status = nf_verify_forward(e->b, &e->point, e->z, NULL, e->work);
  e->point.data[e->column] = x;
  if (e->status == NF_OK) e->status = status;
  return e->z[e->row];
}

int nf_verify_jacobian(const nf_bijector *b, const nf_batch *x, double *j, nf_work *work) {
  if (x->n != 1) return NF_ESHAPE;
  const size_t d = nf_shape_size(x->shape);
  const nf_arena_mark mark = nf_arena_now(&work->arena);
  entry e = {b, *x, 0, 0, nf_arena_alloc(&work->arena, d), work, NF_OK};
  e.point.data = nf_arena_alloc(&work->arena, d);
  if (e.z == NULL || e.point.data == NULL) {
    e.status = NF_ENOMEM;
  } else {
    memcpy(e.point.data, x->data, d * sizeof *x->data);
    const gsl_function f = {entry_value, &e};
    for (size_t k = 0; k < d * d && e.status == NF_OK; k++) {
      e.row = k / d;
      e.column = k % d;
      const double at = x->data[e.column];
      double error;
      gsl_deriv_central(&f, at, ENTRY_STEP * fmax(1, fabs(at)), &j[k], &error);
    }
  }
  nf_arena_release(&work->arena, mark);
  return e.status;
}

/* The condition of its first sample for all n. */
static int repeat_condition(nf_batch *x, nf_work *work) {
  const size_t size = nf_shape_size(x->y_shape);
  if (x->y == NULL) return NF_OK;
  double *y = nf_arena_alloc(&work->arena, x->n * size);
  if (y == NULL) return NF_ENOMEM;
  for (size_t i = 0; i < x->n; i++) memcpy(y + i * size, x->y, size * sizeof *y);
  x->y = y;
  return NF_OK;
}

/* --- column by column ----------------------------------------------------------------------- */
static int columns(const nf_bijector *b, const nf_batch *x, size_t first, size_t count, double step,
                   double *j, nf_work *work) {
  const size_t d = nf_shape_size(x->shape), n = NF_STENCIL * count;
  const nf_arena_mark mark = nf_arena_now(&work->arena);
  nf_batch points = *x;
  points.n = n;
  points.data = nf_arena_alloc(&work->arena, n * d);
  double *z = nf_arena_alloc(&work->arena, n * d);
  int status = repeat_condition(&points, work);
  if (points.data == NULL || z == NULL) status = NF_ENOMEM;
  if (status == NF_OK) {
    for (size_t k = 0; k < n; k++) {
      const size_t column = first + k / NF_STENCIL;
      double *point = nf_batch_sample(&points, k);
      memcpy(point, x->data, d * sizeof *point);
      point[column] += nf_stencil_offset[k % NF_STENCIL] * step * fmax(1, fabs(point[column]));
    }
    status = nf_verify_forward(b, &points, z, NULL, work);
  }
  for (size_t c = first; c < first + count && status == NF_OK; c++) {
    const double h = step * fmax(1, fabs(x->data[c]));
    for (size_t row = 0; row < d; row++) {
      double sum = 0;
      for (size_t k = 0; k < NF_STENCIL; k++)
        sum += nf_stencil_weight[k] * z[(NF_STENCIL * (c - first) + k) * d + row];
      j[row * d + c] = sum / (12 * h);
    }
  }
  nf_arena_release(&work->arena, mark);
  if (status != NF_EDOM || step < SMALLEST_STEP) return status;
  /* Some point left the domain: find its column, and shorten the step there alone. */
  if (count == 1) return columns(b, x, first, 1, step / 2, j, work);
  const size_t half = count / 2;
  status = columns(b, x, first, half, step, j, work);
  return status ? status : columns(b, x, first + half, count - half, step, j, work);
}

int nf_verify_jacobian_columns(const nf_bijector *b, const nf_batch *x, double step, double *j,
                               nf_work *work) {
  if (x->n != 1) return NF_ESHAPE;
  const size_t d = nf_shape_size(x->shape);
  int status = NF_OK;
  for (size_t first = 0; first < d && status == NF_OK; first += COLUMNS)
    status = columns(b, x, first, nf_min_size(COLUMNS, d - first), step, j, work);
  return status;
}

int nf_verify_jacobian_pixels(const nf_bijector *b, const nf_batch *x, double *j, nf_work *work) {
  if (x->n != 1) return NF_ESHAPE;
  const size_t d = nf_shape_size(x->shape);
  const nf_arena_mark mark = nf_arena_now(&work->arena);
  double *z = nf_arena_alloc(&work->arena, d), *moved = nf_arena_alloc(&work->arena, d);
  nf_batch point = *x;
  point.data = nf_arena_alloc(&work->arena, d);
  int status = NF_ENOMEM;
  if (z != NULL && moved != NULL && point.data != NULL) {
    memcpy(point.data, x->data, d * sizeof *z);
    status = nf_verify_forward(b, x, z, NULL, work);
  }
  for (size_t column = 0; column < d && status == NF_OK; column++) {
    double step = 1;
    point.data[column] = x->data[column] + step;
    status = nf_verify_forward(b, &point, moved, NULL, work);
    if (status == NF_EDOM) {
      step = -1;
      point.data[column] = x->data[column] + step;
      status = nf_verify_forward(b, &point, moved, NULL, work);
    }
    for (size_t row = 0; row < d && status == NF_OK; row++)
      j[row * d + column] = (moved[row] - z[row]) / step;
    point.data[column] = x->data[column];
  }
  nf_arena_release(&work->arena, mark);
  return status;
}

/* --- row by row ----------------------------------------------------------------------------- */
int nf_verify_jacobian_backward(const nf_bijector *b, size_t n_param, const nf_batch *x, double *j,
                                nf_work *work) {
  if (x->n != 1) return NF_ESHAPE;
  const size_t d = nf_shape_size(x->shape);
  const nf_arena_mark mark = nf_arena_now(&work->arena);
  double *z = nf_arena_alloc(&work->arena, d), *copies = nf_arena_alloc(&work->arena, ROWS * d);
  double *dz = nf_arena_alloc(&work->arena, ROWS * d),
         *dparam = nf_arena_alloc(&work->arena, n_param);
  const double dlog_det[ROWS] = {0};
  int status = NF_ENOMEM;
  if (z != NULL && copies != NULL && dz != NULL && dparam != NULL)
    status = nf_verify_forward(b, x, z, NULL, work);
  for (size_t first = 0; first < d && status == NF_OK; first += ROWS) {
    const size_t n = nf_min_size(ROWS, d - first);
    nf_batch output = nf_verify_output(b, x, copies), gradient;
    output.n = n;
    status = repeat_condition(&output, work);
    gradient = output;
    gradient.data = dz;
    memset(dz, 0, n * d * sizeof *dz);
    memset(dparam, 0, n_param * sizeof *dparam);
    for (size_t i = 0; i < n; i++) {
      memcpy(copies + i * d, z, d * sizeof *z);
      dz[i * d + first + i] = 1;
    }
    if (status == NF_OK)
      status = nf_bijector_backward(b, &output, &gradient, dlog_det, dparam, work);
    if (status == NF_OK) memcpy(j + first * d, dz, n * d * sizeof *dz);
  }
  nf_arena_release(&work->arena, mark);
  return status;
}
