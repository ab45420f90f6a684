/* There and back, and the largest difference. */
#include "verify/round_trip.h"

#include <string.h>

/* NaN counts as the largest difference of all. */
static double largest(double a, double b) { return a >= b || isnan(a) ? a : b; }

static double distance(size_t n, const double *a, const double *x) {
  double worst = 0;
  for (size_t i = 0; i < n; i++) worst = largest(worst, fabs(a[i] - x[i]) / fmax(1, fabs(x[i])));
  return worst;
}

int nf_verify_round_trip(const nf_bijector *b, const nf_batch *x, double *round_trip,
                         double *cancellation, nf_work *work) {
  const size_t size = nf_batch_size(x);
  const nf_arena_mark mark = nf_arena_now(&work->tmp);
  nf_batch z = *x;
  z.data = nf_arena_alloc(&work->tmp, size);
  double *log_det = nf_arena_alloc_double(&work->tmp, x->n);
  int status = NF_ENOMEM;
  if (z.data != NULL && log_det != NULL) {
    memcpy(z.data, x->data, size * sizeof *x->data);
    memset(log_det, 0, x->n * sizeof *log_det);
    status = nf_bijector_forward(b, &z, log_det, work);
    if (status == NF_OK && !nf_shape_equal(z.shape, b->out)) status = NF_ESHAPE;
    if (status == NF_OK) status = nf_bijector_inverse(b, &z, log_det, work);
    if (status == NF_OK && !nf_shape_equal(z.shape, b->in)) status = NF_ESHAPE;
  }
  if (status == NF_OK) {
    *round_trip = distance(size, z.data, x->data);
    *cancellation = 0;
    for (size_t i = 0; i < x->n; i++) *cancellation = largest(*cancellation, fabs(log_det[i]));
  }
  nf_arena_release(&work->tmp, mark);
  return status;
}

int nf_verify_reconstruction(const nf_bijector *b, size_t n_param, const nf_batch *x,
                             double *reconstruction, nf_work *work) {
  const size_t size = nf_batch_size(x);
  const nf_arena_mark mark = nf_arena_now(&work->tmp);
  nf_batch z = {x->n, b->out, nf_arena_alloc(&work->tmp, size), x->first, x->draw}, dz = z;
  dz.data = nf_arena_alloc(&work->tmp, size);
  double *dlog_det = nf_arena_alloc_double(&work->tmp, x->n);
  double *dparam = nf_arena_alloc(&work->tmp, n_param);
  int status = NF_ENOMEM;
  if (z.data != NULL && dz.data != NULL && dlog_det != NULL && dparam != NULL) {
    memset(dz.data, 0, size * sizeof *dz.data);
    memset(dlog_det, 0, x->n * sizeof *dlog_det);
    memset(dparam, 0, n_param * sizeof *dparam);
    status = nf_verify_forward(b, x, z.data, NULL, work);
    if (status == NF_OK) status = nf_bijector_backward(b, &z, &dz, dlog_det, dparam, work);
    if (status == NF_OK && !(nf_shape_equal(z.shape, b->in) && nf_shape_equal(dz.shape, b->in)))
      status = NF_ESHAPE;
  }
  if (status == NF_OK) *reconstruction = distance(size, z.data, x->data);
  nf_arena_release(&work->tmp, mark);
  return status;
}
