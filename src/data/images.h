/* Image sets: n images of one shape (h, w, c), bytes 0 … levels-1, channels last, as the
 * flows want them, whatever the order in the file they came from.
 *
 *   digits                 embedded: 1797 UCI digits, (8, 8, 1), 17 levels
 *   icons                  embedded: 214 icons over white, (32, 32, 3), 256 levels
 *   cifar10:PATH           CIFAR-10, binary version: data_batch_*.bin of a folder, or one file
 *   cifar10-test:PATH      the same, test_batch.bin of the folder
 *   idx:IMAGES[,LABELS]    MNIST's format, plain or gzipped
 *   png:FOLDER             all *.png of a folder, in the order of their names; one size
 *
 * Every function here that takes `message` writes it when it fails, and only then; outputs
 * then stay as they were. */
#ifndef NF_IO_IMAGES_H
#define NF_IO_IMAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "core/batch.h"
#include "core/message.h"

typedef struct {
  size_t n;        /* images, at least 1 */
  nf_shape shape;  /* of one */
  unsigned levels; /* pixels are 0 … levels-1; 2 … 256 */
  uint8_t *pixel;  /* n · h · w · c */
  uint8_t *label;  /* n, or NULL */
} nf_images;

enum { NF_IMAGE_KINDS = 6 };
extern const char *const nf_image_kinds[NF_IMAGE_KINDS]; /* the names above, without paths */

/* Any of the sets above, by name.   errors  NF_EINVAL (no such set), and those below */
int nf_images_load(const char *name, nf_images *out, char message[NF_MESSAGE]);

/* errors  NF_ENOMEM */
int nf_images_digits(nf_images *out, char message[NF_MESSAGE]);
int nf_images_icons(nf_images *out, char message[NF_MESSAGE]);

/* path is a folder, whose batches are read in the order of their numbers, or one batch. A
 * batch is any number of whole records of 3073 bytes: a label 0 … 9, then 32×32 red, green
 * and blue values.   errors  NF_EIO, NF_EFORMAT, NF_ENOMEM */
int nf_images_cifar10(const char *path, bool test, nf_images *out, char message[NF_MESSAGE]);

/* images: IDX of unsigned bytes, rank 3, becomes (h, w, 1). labels: rank 1, as many, or NULL.
 * errors  NF_EIO, NF_EFORMAT, NF_ENOMEM */
int nf_images_idx(const char *images, const char *labels, nf_images *out, char message[NF_MESSAGE]);

/* 256 levels, (h, w, 1) when every image is gray, else (h, w, 3); transparent parts over white.
 * errors  NF_EIO (no folder, or no *.png in it), NF_EFORMAT (sizes differ), NF_ENOMEM */
int nf_images_png(const char *path, nf_images *out, char message[NF_MESSAGE]);

/* An uninitialised set.   errors  NF_ESHAPE, NF_EINVAL (n or levels), NF_ENOMEM */
int nf_images_new(size_t n, nf_shape shape, unsigned levels, bool labelled, nf_images *out);
void nf_images_free(nf_images *images); /* leaves {0}; NULL and {0} are fine */

/* Images first … first+n-1 as a batch of pixel values: fills the n · D reals at out->data,
 * which the caller owns, and sets out->n, shape and first.
 * errors  NF_EINVAL when the set does not hold them */
int nf_images_batch(const nf_images *images, size_t first, size_t n, nf_batch *out);

/* The way back, for samples: rounds to the nearest pixel and clamps to 0 … levels-1. No labels.
 * errors  NF_ENONFINITE; those of nf_images_new */
int nf_images_from_batch(const nf_batch *batch, unsigned levels, nf_images *out);

#endif
