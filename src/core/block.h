/* Short runs of numbers, such as the channels of a pixel, in blocks of 16, 8 or 4 that become
 * vector instructions: the last block of a run ends where the run ends, and overlaps the one
 * before. So a block must give the same numbers when it is computed twice. */
#ifndef NF_CORE_BLOCK_H
#define NF_CORE_BLOCK_H

#include <string.h>

#include "core/real.h"

enum { NF_BLOCK_MAX = 16 };

/* f(block, …) for runs of n ≥ 1 numbers, with `block` a literal */
#define NF_BY_BLOCK(n, f, ...) \
  do {                         \
    if ((n) >= 16)             \
      f(16, __VA_ARGS__);      \
    else if ((n) >= 8)         \
      f(8, __VA_ARGS__);       \
    else if ((n) >= 4)         \
      f(4, __VA_ARGS__);       \
    else                       \
      f(1, __VA_ARGS__);       \
  } while (0)

/* f(width, k, …) for strips k … k + width - 1 of n numbers, which do not overlap: for sums */
#define NF_BY_STRIP(n, f, ...)                               \
  do {                                                       \
    size_t k_ = 0;                                           \
    for (; k_ + 16 <= (n); k_ += 16) f(16, k_, __VA_ARGS__); \
    if (k_ + 8 <= (n)) f(8, k_, __VA_ARGS__), k_ += 8;       \
    if (k_ + 4 <= (n)) f(4, k_, __VA_ARGS__), k_ += 4;       \
    for (; k_ < (n); k_++) f(1, k_, __VA_ARGS__);            \
  } while (0)

/* For such functions, into which the literal must go */
#define NF_BLOCKED static inline __attribute__((always_inline)) void

/* Where the block after the one at `begin` begins; n: there is none */
static inline size_t nf_next_block(size_t block, size_t n, size_t begin) {
  const size_t next = begin + block;
  return next >= n ? n : nf_min_size(next, n - block);
}

NF_BLOCKED nf_copy_run(size_t block, size_t n, const nf_real *from, nf_real *to) {
  for (size_t i = 0; i < n; i = nf_next_block(block, n, i))
    memcpy(to + i, from + i, block * sizeof *to);
}

#endif
