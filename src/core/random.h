/* Random numbers from a counter (Philox4x32-10, Salmon et al. 2011). The value is a pure
 * function of (seed, stream, index): no state, so it is the same in any order, on any
 * thread. A sequence is just a key with a running index. */
#ifndef NF_CORE_RANDOM_H
#define NF_CORE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#include "core/real.h"

/* 64 random bits for (seed, stream, index). */
uint64_t nf_random_bits(uint64_t seed, uint64_t stream, uint64_t index);

/* Uniform on (0, 1): the midpoints of 2^52 equal cells, so never 0 and never 1. */
double nf_random_uniform(uint64_t seed, uint64_t stream, uint64_t index);

/* N(0, 1) by Box and Muller from one counter; |value| < 8.6. */
double nf_random_normal(uint64_t seed, uint64_t stream, uint64_t index);

/* A sequence for initialisations: start from {seed, stream, 0}. */
typedef struct {
  uint64_t seed, stream, index;
} nf_random;
static inline double nf_random_next_uniform(nf_random *r) {
  return nf_random_uniform(r->seed, r->stream, r->index++);
}
static inline double nf_random_next_normal(nf_random *r) {
  return nf_random_normal(r->seed, r->stream, r->index++);
}

/* out[0..n) becomes a permutation of 0..n-1 (Fisher and Yates). */
void nf_random_permutation(nf_random *r, size_t n, size_t *out);

#endif
