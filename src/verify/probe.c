/* One copy, one call. */
#include "verify/probe.h"

#include <string.h>

int nf_verify_forward(const nf_bijector *b, const nf_batch *x, double *z, double *log_det,
                      nf_work *work) {
  const nf_arena_mark mark = nf_arena_now(&work->tmp);
  if (log_det == NULL) log_det = nf_arena_alloc_double(&work->tmp, x->n);
  int status = NF_ENOMEM;
  if (log_det != NULL) {
    memcpy(z, x->data, nf_batch_size(x) * sizeof *z);
    memset(log_det, 0, x->n * sizeof *log_det);
    nf_batch copy = *x;
    copy.data = z;
    status = nf_bijector_forward(b, &copy, log_det, work);
  }
  nf_arena_release(&work->tmp, mark);
  return status;
}
