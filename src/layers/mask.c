/* Both kinds of mask, in one description: a range of channels, at every pixel or at some. */
#include "layers/mask.h"

bool nf_mask_is_channel(nf_mask mask) { return mask == NF_CHANNEL || mask == NF_CHANNEL_SWAPPED; }

nf_parts nf_mask_parts(nf_shape shape, nf_mask mask) {
  const size_t c = shape.c, first = c / 2, second = c - first;
  if (mask == NF_CHANNEL) return (nf_parts){0, first, first, second};
  if (mask == NF_CHANNEL_SWAPPED) return (nf_parts){first, second, 0, first};
  return (nf_parts){0, c, 0, c};
}

static bool is_even(size_t p, size_t width) { return (p / width + p % width) % 2 == 0; }

bool nf_mask_transforms(nf_mask mask, size_t p, size_t width) {
  return nf_mask_is_channel(mask) || is_even(p, width) == (mask == NF_CHECKERBOARD_SWAPPED);
}

static bool holds_a(nf_mask mask, size_t p, size_t width) {
  return nf_mask_is_channel(mask) || !nf_mask_transforms(mask, p, width);
}

void nf_mask_gather(nf_mask mask, const nf_batch *x, nf_real *xa) {
  const nf_parts part = nf_mask_parts(x->shape, mask);
  const size_t per_sample = nf_shape_pixels(x->shape);
  const nf_real *from = x->data + part.a;
  for (size_t n = 0; n < x->n; n++)
    for (size_t i = 0; i < per_sample; i++, from += x->shape.c, xa += part.count_a) {
      const bool holds = holds_a(mask, i, x->shape.w);
      for (size_t k = 0; k < part.count_a; k++) xa[k] = holds ? from[k] : 0;
    }
}

void nf_mask_add(nf_mask mask, const nf_real *xa, nf_batch *x) {
  const nf_parts part = nf_mask_parts(x->shape, mask);
  const size_t per_sample = nf_shape_pixels(x->shape);
  nf_real *to = x->data + part.a;
  for (size_t n = 0; n < x->n; n++)
    for (size_t i = 0; i < per_sample; i++, to += x->shape.c, xa += part.count_a)
      if (holds_a(mask, i, x->shape.w))
        for (size_t k = 0; k < part.count_a; k++) to[k] += xa[k];
}
