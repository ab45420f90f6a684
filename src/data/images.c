/* An image set: its memory, from bytes to values and back, and the sets by their names. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/nearest.h"
#include "core/real.h"
#include "nf/data.h"

int nf_images_new(size_t n, nf_shape shape, unsigned bins, bool labelled, nf_images *out,
                  nf_error *e) {
  if (nf_status_of(e) != NF_OK) return nf_status_of(e);
  if (!nf_shape_valid(shape))
    return nf_fail(e, NF_ESHAPE, "images of %zu×%zu with %zu channels: too large, or a side of 0",
                   shape.h, shape.w, shape.c);
  if (n == 0 || bins < 2 || bins > 256)
    return nf_fail(e, NF_EINVAL,
                   "%zu images with %u bins; it can be 1 image or more, 2 to 256 bins", n, bins);
  nf_images images = {.n = n, .shape = shape, .bins = bins};
  if (n <= SIZE_MAX / nf_shape_size(shape)) images.pixel = malloc(n * nf_shape_size(shape));
  if (labelled && images.pixel != NULL) images.label = malloc(n);
  if (images.pixel == NULL || (labelled && images.label == NULL)) {
    nf_images_free(&images);
    return nf_fail(e, NF_ENOMEM, "no memory for %zu images", n);
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

int nf_images_values(const nf_images *images, size_t first, size_t n, nf_real *x, nf_error *e) {
  if (nf_status_of(e) != NF_OK) return nf_status_of(e);
  if (first > images->n || n > images->n - first)
    return nf_fail(e, NF_EINVAL, "images %zu to %zu of a set of %zu", first, first + n, images->n);
  const size_t d = nf_shape_size(images->shape);
  const uint8_t *pixel = images->pixel + first * d;
  for (size_t i = 0; i < n * d; i++) x[i] = pixel[i];
  return NF_OK;
}

int nf_images_reduce(nf_images *images, unsigned bits, nf_error *e) {
  if (nf_status_of(e) != NF_OK) return nf_status_of(e);
  if (bits < 1 || bits > 8)
    return nf_fail(e, NF_EINVAL, "pixels of %u bits; it must be 1 to 8", bits);
  if (images->bins == 1U << bits) return NF_OK;
  if (images->bins != 256)
    return nf_fail(e, NF_EINVAL, "pixels of %u bins do not reduce to %u bits; those of 256 bins do",
                   images->bins, bits);
  for (size_t i = 0; i < images->n * nf_shape_size(images->shape); i++)
    images->pixel[i] = (uint8_t)(images->pixel[i] >> (8 - bits));
  images->bins = 1U << bits;
  return NF_OK;
}

int nf_images_from_values(size_t n, nf_shape shape, const nf_real *x, unsigned bins, nf_images *out,
                          nf_error *e) {
  nf_images images = {0};
  int status = nf_images_new(n, shape, bins, false, &images, e);
  if (status != NF_OK) return status;
  const nf_real top = NF_R(bins - 1);
  for (size_t i = 0; i < n * nf_shape_size(shape); i++) {
    const nf_real v = round(x[i]);
    if (!isfinite(v)) {
      nf_images_free(&images);
      return nf_fail(e, NF_ENONFINITE, "sample %zu holds a NaN or an infinity",
                     i / nf_shape_size(shape));
    }
    images.pixel[i] = (uint8_t)(v < 0 ? 0 : v > top ? top : v);
  }
  *out = images;
  return NF_OK;
}

/* --- by name: the kind, and for files a colon and a path ------------------------------------ */

enum {
  DIGITS,
  ICONS,
  CIFAR10,
  CIFAR10_TEST,
  CIFAR100,
  CIFAR100_TEST,
  IDX,
  PNG,
  FOLDER,
  KINDS = NF_IMAGE_KINDS
};
const char *const nf_image_kinds[NF_IMAGE_KINDS] = {"digits",       "icons",    "cifar10",
                                                    "cifar10-test", "cifar100", "cifar100-test",
                                                    "idx",          "png",      "images"};

static int load_idx(const char *path, nf_images *out, nf_error *e) {
  const char *comma = strrchr(path, ',');
  if (comma == NULL) return nf_images_idx(path, NULL, out, e);
  char *images = strndup(path, (size_t)(comma - path));
  if (images == NULL) return nf_fail(e, NF_ENOMEM, "%s: out of memory", path);
  const int status = nf_images_idx(images, comma + 1, out, e);
  free(images);
  return status;
}

int nf_images_load(const char *name, nf_images *out, nf_error *e) {
  if (nf_status_of(e) != NF_OK) return nf_status_of(e);
  const size_t length = strcspn(name, ":");
  const char *path = name[length] == ':' ? name + length + 1 : NULL;
  int kind = 0;
  while (kind < KINDS &&
         (strncmp(name, nf_image_kinds[kind], length) != 0 || nf_image_kinds[kind][length] != 0))
    kind++;
  if (kind == KINDS) {
    char word[64], near[NF_NEAREST];
    snprintf(word, sizeof word, "%.*s", (int)(length < 63 ? length : 63), name);
    return nf_fail(e, NF_EINVAL,
                   "%s: no such image set%s; there are digits, icons, "
                   "cifar10:PATH, cifar10-test:PATH, cifar100:PATH, cifar100-test:PATH, "
                   "idx:IMAGES[,LABELS], png:FOLDER and images:FOLDER",
                   name, nf_nearest_text("", nf_nearest(word, KINDS, nf_image_kinds), near));
  }
  if (kind < NF_EMBEDDED_KINDS && path != NULL)
    return nf_fail(e, NF_EINVAL, "%s: '%s' is embedded and takes no path", name,
                   nf_image_kinds[kind]);
  if (kind >= NF_EMBEDDED_KINDS && (path == NULL || *path == 0))
    return nf_fail(e, NF_EINVAL, "%s: the path is missing, as in %s:PATH", name,
                   nf_image_kinds[kind]);
  switch (kind) {
    case DIGITS:
      return nf_images_digits(out, e);
    case ICONS:
      return nf_images_icons(out, e);
    case IDX:
      return load_idx(path, out, e);
    case PNG:
      return nf_images_png(path, out, e);
    case FOLDER:
      return nf_images_folder(path, NULL, out, e);
    case CIFAR100:
    case CIFAR100_TEST:
      return nf_images_cifar100(path, kind == CIFAR100_TEST, out, e);
    default:
      return nf_images_cifar10(path, kind == CIFAR10_TEST, out, e);
  }
}
