#include "layers/mask.h"

#include <stdlib.h>

bool nf_mask_is_channel(nf_mask mask) { return mask == NF_CHANNEL || mask == NF_CHANNEL_SWAPPED; }
static bool is_swapped(nf_mask mask) {
  return mask == NF_CHANNEL_SWAPPED || mask == NF_CHECKERBOARD_SWAPPED;
}

size_t nf_mask_channels(nf_shape shape, nf_mask mask, bool b) {
  const size_t half = shape.c / 2;
  return !nf_mask_is_channel(mask) ? shape.c : b != is_swapped(mask) ? shape.c - half : half;
}

bool nf_part_list(nf_shape shape, nf_mask mask, bool b, size_t net_c, nf_part *p) {
  const size_t count = nf_mask_channels(shape, mask, b);
  const size_t first = nf_mask_is_channel(mask) && b != is_swapped(mask) ? shape.c - count : 0;
  *p = (nf_part){0, malloc(nf_shape_size(shape) * sizeof *p->in_x),
                 malloc(nf_shape_size(shape) * sizeof *p->in_net)};
  if (p->in_x == NULL || p->in_net == NULL) return false;
  for (size_t i = 0; i < nf_shape_pixels(shape); i++) {
    const bool odd = (i / shape.w + i % shape.w) % 2 != 0;
    if (!nf_mask_is_channel(mask) && odd != (b != is_swapped(mask))) continue;
    for (size_t k = 0; k < count; k++, p->size++) {
      p->in_x[p->size] = (uint32_t)(i * shape.c + first + k);
      p->in_net[p->size] = (uint32_t)(i * net_c + k);
    }
  }
  return true;
}

void nf_part_free(nf_part *p) {
  free(p->in_x);
  free(p->in_net);
}

void nf_gather(size_t n, size_t size, const uint32_t *index, size_t row, const nf_real *from,
               nf_real *dense) {
  for (size_t i = 0; i < n; i++, from += row, dense += size)
    for (size_t k = 0; k < size; k++) dense[k] = from[index[k]];
}

void nf_scatter(size_t n, size_t size, const uint32_t *index, size_t row, const nf_real *dense,
                nf_real *to) {
  for (size_t i = 0; i < n; i++, to += row, dense += size)
    for (size_t k = 0; k < size; k++) to[index[k]] = dense[k];
}
