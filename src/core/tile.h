/* The kernel of the matrix products: a tile of C, 6 rows by a few vectors, stays in registers while
 * k runs:
 *
 *   C[i][j] += A[i][l]·B[l][j]      one number of A and one row of B meet in each step
 *
 * Included by gemm.c, which is compiled for several processors. */
#ifndef NF_CORE_TILE_H
#define NF_CORE_TILE_H

#include "core/real.h"

/* A tile has as many sums as the registers hold beside the operands: 6×4 of 32, 6×2 of 16. In SSE2
 * each number of A takes two instructions to fill a vector, so that fewer rows are faster: 2×5. */
#ifdef __AVX512F__
enum { VECTOR_BYTES = 64, VECTORS = 4, ROWS = 6 };
#elif defined __AVX__
enum { VECTOR_BYTES = 32, VECTORS = 2, ROWS = 6 };
#elif defined __SSE2__
enum { VECTOR_BYTES = 16, VECTORS = 5, ROWS = 2 };
#else
enum { VECTOR_BYTES = 16, VECTORS = 2, ROWS = 6 };
#endif
enum { LANES = VECTOR_BYTES / sizeof(nf_real), COLUMNS = VECTORS * LANES };

typedef nf_real vector
    __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(nf_real)), may_alias));
#ifdef NF_FLOAT
typedef int32_t mask __attribute__((vector_size(VECTOR_BYTES)));
#else
typedef int64_t mask __attribute__((vector_size(VECTOR_BYTES)));
#endif

typedef struct {
  size_t k;
  const nf_real *a; /* element (i, l) at a[i·row + l·step], or at a[rows[i] + steps[l]] */
  size_t row, step;
  const size_t *rows, *steps;
  const nf_real *b; /* element (l, j) at b[l·ldb + j] */
  size_t ldb;
  const nf_real *start; /* row i of what the sums begin with at start + i·ld_start */
  size_t ld_start;
  bool one_a_row; /* one number a row, start[i], in place of n */
  bool relu;
  nf_real *c;
  size_t ldc;
} product;

/* rows and vectors are literals wherever this is called, so that the sums live in registers. */
static inline __attribute__((always_inline)) void tile(int rows, int vectors, product p) {
  vector sum[ROWS][VECTORS], b[VECTORS];
  const nf_real *a[ROWS];
  NF_UNROLLED(6)
  for (int i = 0; i < rows; i++) a[i] = p.a + (p.rows != NULL ? p.rows[i] : (size_t)i * p.row);
  NF_UNROLLED(6)
  for (int i = 0; i < rows; i++) {
    NF_UNROLLED(5)
    for (int j = 0; j < vectors; j++)
      if (p.one_a_row)
        sum[i][j] = (vector){0} + p.start[i];
      else
        sum[i][j] = *(const vector *)(p.start + (size_t)i * p.ld_start + j * LANES);
  }
  NF_ROLLED
  for (size_t l = 0; l < p.k; l++) {
    NF_UNROLLED(5)
    for (int j = 0; j < vectors; j++) b[j] = *(const vector *)(p.b + l * p.ldb + j * LANES);
    const size_t step = p.steps[l];
    NF_UNROLLED(6)
    for (int i = 0; i < rows; i++) {
      NF_UNROLLED(5)
      for (int j = 0; j < vectors; j++) sum[i][j] += a[i][step] * b[j];
    }
  }
  NF_UNROLLED(6)
  for (int i = 0; i < rows; i++) {
    NF_UNROLLED(5)
    for (int j = 0; j < vectors; j++) {
      const vector y = sum[i][j];
      *(vector *)(p.c + (size_t)i * p.ldc + j * LANES) =
          p.relu ? (vector)((mask)(y > 0) & (mask)y) : y;
    }
  }
}

static inline __attribute__((always_inline)) void tile_of(int rows, int vectors, product p) {
  if (vectors == 1) tile(rows, 1, p);
  if (vectors == 2) tile(rows, 2, p);
  if (VECTORS >= 3 && vectors == 3) tile(rows, 3, p);
  if (VECTORS >= 4 && vectors == 4) tile(rows, 4, p);
  if (VECTORS >= 5 && vectors == 5) tile(rows, 5, p);
}
static void tile_of_6(int vectors, product p) { tile_of(6, vectors, p); }
static void tile_of_4(int vectors, product p) { tile_of(4, vectors, p); }
static void tile_of_2(int vectors, product p) { tile_of(2, vectors, p); }
static void tile_of_1(int vectors, product p) { tile_of(1, vectors, p); }

#endif
