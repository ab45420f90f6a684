/* The same numbers in the same order under another shape: NICE takes an image as one long
 * point. The Jacobian is the identity. */
#include "layers/bijectors.h"
#include "layers/build.h"

static int forward(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work) {
  (void)log_det, (void)work;
  x->shape = b->out;
  return NF_OK;
}

static int inverse(const nf_bijector *b, nf_batch *z, double *log_det, nf_work *work) {
  (void)log_det, (void)work;
  z->shape = b->in;
  return NF_OK;
}

static const nf_bijector_type type = {
    .name = "reshape", .forward = forward, .inverse = inverse, .backward = nf_rearranged_backward};

nf_bijector *nf_reshape_new(nf_shape in, nf_shape out, int *status) {
  if (*status == NF_OK && nf_shape_valid(in) && nf_shape_valid(out) &&
      nf_shape_size(in) != nf_shape_size(out))
    *status = NF_ESHAPE;
  return nf_bijector_new(&type, sizeof(nf_bijector), in, out, status);
}
