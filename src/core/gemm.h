/* The matrix products, row-major. op(A) is m×k, op(B) is k×n, C is m×n; op transposes
 * when its flag is true. ReLU(NaN) = NaN. The order in which a sum over k is taken does not depend
 * on m, and so not on how a batch is cut. */
#ifndef NF_CORE_GEMM_H
#define NF_CORE_GEMM_H

#include "nf/core.h"

/* C = op(A)·op(B), or C += op(A)·op(B) */
void nf_gemm(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, const nf_real *a,
             size_t lda, const nf_real *b, size_t ldb, bool add, nf_real *c, size_t ldc);

/* Y = X·Wᵀ + b, and ReLU of it if asked: X is (m, k), W is (n, k), b has n numbers or is NULL. */
void nf_gemm_bias(size_t m, size_t n, size_t k, const nf_real *x, const nf_real *w,
                  const nf_real *bias, bool relu, nf_real *y);

/* Y = op(W)·X + b, and ReLU of it if asked, where samples are columns: op(W) is (m, k), X is (k,
 * n), b has one number a row, or is NULL. The order of a sum does not depend on n. */
void nf_gemm_columns(bool transpose_w, size_t m, size_t n, size_t k, const nf_real *w, size_t ldw,
                     const nf_real *x, size_t ldx, const nf_real *bias, bool relu, nf_real *y,
                     size_t ldy);

/* A matrix of which row i, column l is x[row[i] + step[l]], such as the patches of an image; its
 * transpose has row and step in each other's place. */
typedef struct {
  const nf_real *x;
  const size_t *row, *step;
} nf_windows;

/* C = A·op(B) + start, and ReLU of it if asked, without gaps between rows. start has n numbers for
 * every row, or is C, or NULL for 0. */
void nf_gemm_windows(bool transpose_b, size_t m, size_t n, size_t k, const nf_windows *a,
                     const nf_real *b, const nf_real *start, bool relu, nf_real *c);

#endif
