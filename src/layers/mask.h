/* The mask of a coupling layer: which values of a sample are part a, which the layer passes, and
 * which are part b. A part is a list of indices, so that a layer works on dense arrays (n, size) of
 * its values, whatever the mask:
 *
 *   gather   dense[i, k] = from[i, index[k]]
 *   scatter  to[i, index[k]] = dense[i, k] */
#ifndef NF_LAYERS_MASK_H
#define NF_LAYERS_MASK_H

#include "layers/layer.h"

/* Value k of the part is x[in_x[k]] of a sample, and input[in_net[k]] of the network for part a.
 * For part b, with c_b channels in the part, output[in_net[k] + j·c_b] is the network's number j
 * for it.
 */
typedef struct {
  size_t size;
  uint32_t *in_x, *in_net;
} nf_part;

/* The values of part a, or of b, in the order pixel, channel, beside a network of net_c channels;
 * false when memory is out. Free it in either case. */
bool nf_part_list(nf_shape shape, nf_mask mask, bool b, size_t net_c, nf_part *p);
void nf_part_free(nf_part *p);

/* channel halves, not a checkerboard */
bool nf_mask_is_channel(nf_mask mask);
/* c_a or c_b: the channels of a part at the pixels where it has any */
size_t nf_mask_channels(nf_shape shape, nf_mask mask, bool b);

/* Of n rows of `row` values each. */
void nf_gather(size_t n, size_t size, const uint32_t *index, size_t row, const nf_real *from,
               nf_real *dense);
void nf_scatter(size_t n, size_t size, const uint32_t *index, size_t row, const nf_real *dense,
                nf_real *to);

#endif
