/* The set itself: its memory, and its two ways between bytes and a batch of reals. */
#include "data/images.h"

#include <stdlib.h>

int nf_images_new(size_t n, nf_shape shape, unsigned levels, bool labelled, nf_images *out) {
  if (!nf_shape_valid(shape)) return NF_ESHAPE;
  if (n == 0 || levels < 2 || levels > 256) return NF_EINVAL;
  if (n > SIZE_MAX / nf_shape_size(shape)) return NF_ENOMEM;
  nf_images images = {n, shape, levels, malloc(n * nf_shape_size(shape)),
                      labelled ? malloc(n) : NULL};
  if (images.pixel == NULL || (labelled && images.label == NULL)) {
    nf_images_free(&images);
    return NF_ENOMEM;
  }
  *out = images;
  return NF_OK;
}

void nf_images_free(nf_images *images) {
  if (images == NULL) return;
  free(images->pixel);
  free(images->label);
  *images = (nf_images){0};
}

int nf_images_batch(const nf_images *images, size_t first, size_t n, nf_batch *out) {
  if (first > images->n || n > images->n - first) return NF_EINVAL;
  const size_t d = nf_shape_size(images->shape);
  const uint8_t *pixel = images->pixel + first * d;
  for (size_t i = 0; i < n * d; i++) out->data[i] = pixel[i];
  out->n = n;
  out->shape = images->shape;
  out->first = first;
  return NF_OK;
}

int nf_images_from_batch(const nf_batch *batch, unsigned levels, nf_images *out) {
  nf_images images;
  const int status = nf_images_new(batch->n, batch->shape, levels, false, &images);
  if (status != NF_OK) return status;
  const nf_real top = NF_R(levels - 1);
  for (size_t i = 0; i < nf_batch_size(batch); i++) {
    const nf_real v = round(batch->data[i]);
    if (!isfinite(v)) {
      nf_images_free(&images);
      return NF_ENONFINITE;
    }
    images.pixel[i] = (uint8_t)(v < 0 ? 0 : v > top ? top : v);
  }
  *out = images;
  return NF_OK;
}
