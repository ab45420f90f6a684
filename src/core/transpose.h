/* 4×4 numbers, transposed by shuffles of vectors: faster than loads and stores one by one. */
#ifndef NF_CORE_TRANSPOSE_H
#define NF_CORE_TRANSPOSE_H

#include "nf/core.h"

typedef nf_real nf_quad
    __attribute__((vector_size(4 * sizeof(nf_real)), aligned(sizeof(nf_real)), may_alias));

/* to[j·to_row + i] = from[i·from_row + j] */
static inline void nf_transpose_4x4(const nf_real *from, size_t from_row, nf_real *to,
                                    size_t to_row) {
  const nf_quad r0 = *(const nf_quad *)from, r1 = *(const nf_quad *)(from + from_row);
  const nf_quad r2 = *(const nf_quad *)(from + 2 * from_row);
  const nf_quad r3 = *(const nf_quad *)(from + 3 * from_row);
  const nf_quad low01 = __builtin_shufflevector(r0, r1, 0, 4, 1, 5);
  const nf_quad low23 = __builtin_shufflevector(r2, r3, 0, 4, 1, 5);
  const nf_quad top01 = __builtin_shufflevector(r0, r1, 2, 6, 3, 7);
  const nf_quad top23 = __builtin_shufflevector(r2, r3, 2, 6, 3, 7);
  *(nf_quad *)to = __builtin_shufflevector(low01, low23, 0, 1, 4, 5);
  *(nf_quad *)(to + to_row) = __builtin_shufflevector(low01, low23, 2, 3, 6, 7);
  *(nf_quad *)(to + 2 * to_row) = __builtin_shufflevector(top01, top23, 0, 1, 4, 5);
  *(nf_quad *)(to + 3 * to_row) = __builtin_shufflevector(top01, top23, 2, 3, 6, 7);
}

/* B (columns, rows) = Aᵀ; the rows of A lie lda apart, those of B ldb. */
void nf_transpose(size_t rows, size_t columns, const nf_real *a, size_t lda, nf_real *b,
                  size_t ldb);

#endif
