/* What the layers share to be born and to run; not for callers. */
#ifndef NF_LAYERS_BUILD_H
#define NF_LAYERS_BUILD_H

#include "layers/bijector.h"

/* A zeroed layer of `size` bytes whose first member is the nf_bijector, or NULL with *status
 * set: by an error that was there, by a shape that is no shape, by memory. */
void *nf_bijector_new(const nf_bijector_type *type, size_t size, nf_shape in, nf_shape out,
                      int *status);
void nf_bijector_add(nf_bijector *b, nf_tensor t);

/* backward of a layer that only moves values: undo the move on z and on dz. */
int nf_rearranged_backward(const nf_bijector *b, nf_batch *z, nf_batch *dz, const double *dlog_det,
                           nf_real *dparam, nf_work *work);

/* backward of layers in a row, from the last to the first, for the whole batch and with work->crew;
 * their gradient goes to crew->complete. */
int nf_backward_by_stages(size_t n_layer, nf_bijector *const *layer, nf_batch *z, nf_batch *dz,
                          const double *dlog_det, nf_work *work);

/* order[i] = constant[i] if that is a permutation of 0 … n-1, else NF_EFORMAT. */
int nf_read_permutation(const nf_tensor *constant, size_t *order);

#endif
