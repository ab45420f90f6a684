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
  const size_t pixels = nf_shape_pixels(shape);
  *p = (nf_part){0, count, 0, malloc(pixels * sizeof *p->in_x), malloc(pixels * sizeof *p->in_net)};
  if (p->in_x == NULL || p->in_net == NULL) return false;
  for (size_t i = 0; i < pixels; i++) {
    const bool odd = (i / shape.w + i % shape.w) % 2 != 0;
    if (!nf_mask_is_channel(mask) && odd != (b != is_swapped(mask))) continue;
    p->in_x[p->runs] = (uint32_t)(i * shape.c + first);
    p->in_net[p->runs++] = (uint32_t)(i * net_c);
  }
  p->size = p->runs * count;
  return true;
}

void nf_part_free(nf_part *p) {
  free(p->in_x);
  free(p->in_net);
}

/* A point is one run, often of one value; an image has one at every pixel. */
void nf_gather(size_t n, const nf_part *p, const uint32_t *first, size_t row, const nf_real *from,
               nf_real *dense) {
  if (p->size == 1)
    for (size_t i = 0; i < n; i++) dense[i] = from[i * row + first[0]];
  else
    for (size_t i = 0; i < n; i++, from += row)
      for (size_t r = 0; r < p->runs; r++, dense += p->run)
        for (size_t k = 0; k < p->run; k++) dense[k] = from[first[r] + k];
}

void nf_scatter(size_t n, const nf_part *p, const uint32_t *first, size_t row, const nf_real *dense,
                nf_real *to) {
  if (p->size == 1)
    for (size_t i = 0; i < n; i++) to[i * row + first[0]] = dense[i];
  else
    for (size_t i = 0; i < n; i++, to += row)
      for (size_t r = 0; r < p->runs; r++, dense += p->run)
        for (size_t k = 0; k < p->run; k++) to[first[r] + k] = dense[k];
}
