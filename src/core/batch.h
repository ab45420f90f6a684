/* Shapes and batches. A sample has shape (h, w, c), channels last; a point of R^d is
 * (1, 1, d). A batch is n samples in one row-major array: sample, row, column, channel.
 * `first` and `draw` say which samples these are, so that random noise belongs to the
 * sample (seed, draw, first + i) and never to the chunk or thread that carries it. */
#ifndef NF_CORE_BATCH_H
#define NF_CORE_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/real.h"

typedef struct {
  size_t h, w, c;
} nf_shape;

typedef struct {
  size_t n;       /* samples */
  nf_shape shape; /* of one sample */
  nf_real *data;  /* n · h · w · c values */
  uint64_t first; /* number of the first sample */
  uint64_t draw;  /* which draw of the noise: an epoch, an importance sample, … */
} nf_batch;

/* D = h·w·c */
static inline size_t nf_shape_size(nf_shape s) { return s.h * s.w * s.c; }
static inline size_t nf_shape_pixels(nf_shape s) { return s.h * s.w; }
static inline bool nf_shape_equal(nf_shape a, nf_shape b) {
  return a.h == b.h && a.w == b.w && a.c == b.c;
}
/* Every side at least 1, and D small enough that a few thousand samples fit in memory. */
static inline bool nf_shape_valid(nf_shape s) {
  const size_t most = (size_t)1 << 24;
  return s.h > 0 && s.w > 0 && s.c > 0 && s.h <= most && s.w <= most / s.h &&
         s.c <= most / (s.h * s.w);
}
static inline nf_shape nf_point(size_t d) { return (nf_shape){1, 1, d}; }
static inline size_t nf_batch_size(const nf_batch *b) { return b->n * nf_shape_size(b->shape); }
static inline nf_real *nf_batch_sample(const nf_batch *b, size_t i) {
  return b->data + i * nf_shape_size(b->shape);
}

#endif
