/* What holds of a set of images after an attempt to read it, for the targets that do. */
#ifndef NF_TESTS_FUZZ_IMAGES_H
#define NF_TESTS_FUZZ_IMAGES_H

#include "fuzz.h"
#include "nf/core.h"
#include "nf/data.h"

/* All of it is there, or there is nothing of it but one line that says why. Frees it. */
static inline void fuzz_images(int status, nf_images *s, const nf_error *e) {
  if (status != NF_OK) {
    fuzz_require(fuzz_is_line(e->message) && s->pixel == NULL && s->label == NULL && s->n == 0);
    return;
  }
  fuzz_require(s->n > 0 && nf_shape_valid(s->shape) && s->bins >= 2 && s->bins <= 256);
  unsigned sum = 0; /* so that every label is read */
  for (size_t i = 0; s->label != NULL && i < s->n; i++) sum += s->label[i];
  fuzz_require(sum <= 255 * s->n);
  for (size_t i = 0; i < s->n * nf_shape_size(s->shape); i++) fuzz_require(s->pixel[i] < s->bins);
  nf_images_free(s);
}

#endif
