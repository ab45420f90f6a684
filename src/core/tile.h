/* The kernel of the matrix products: a tile of C, a few rows by a few vectors, stays in registers
 * while k runs:
 *
 *   C[i][j] += A[i][l]·B[l][j]      one number of A and one row of B meet in each step
 *
 * Included by gemm.c, which is compiled for several processors. */
#ifndef NF_CORE_TILE_H
#define NF_CORE_TILE_H

#include "core/lanes.h"

/* A tile has as many sums as the registers hold beside the operands, at most SUMS or one row: full
 * panels are VECTORS wide, those of products with FEW rows or less twice as wide. A panel of B that
 * is DEPTH long fits into the first cache, or else the second. SSE2 has no load that fills a vector
 * with one number of A, and its multiplication overwrites an operand: one row by many vectors needs
 * the fewest fills and copies, but so many loads that A's steps had better not be loaded, too
 * (BY_STRIDE). */
#ifdef __AVX512F__
enum { VECTORS = 4, SUMS = 24, DEPTH = 512, BY_STRIDE = 0 };
#elif defined __AVX__
enum { VECTORS = 2, SUMS = 12, DEPTH = 512, BY_STRIDE = 0 };
#elif defined __SSE2__
enum { VECTORS = 12, SUMS = 10, DEPTH = 128, BY_STRIDE = 1 };
#else
enum { VECTORS = 2, SUMS = 12, DEPTH = 512, BY_STRIDE = 0 };
#endif
enum { COLUMNS = VECTORS * LANES, ROWS = 8, FEW = 4 * VECTORS <= SUMS ? 2 : 0 };

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

/* Without the first, gcc adds a sum to its product in SSE2, and moves it back; without the second
 * it reads B again for every row of A where a tile has few of them. */
#if defined __SSE2__ && !defined __AVX__ && !defined __clang__
#define NEEDED_LATER(v) __asm__ volatile("" : : "x"(v))
#else
#define NEEDED_LATER(v) (void)(v)
#endif
#if defined __AVX__ && !defined __clang__
#define IN_REGISTER(v) __asm__("" : "+v"(v))
#else
#define IN_REGISTER(v) (void)(v)
#endif

/* rows, vectors and by_stride are literals wherever this is called, so that the sums live in
 * registers. */
static inline __attribute__((always_inline)) void tile(int rows, int vectors, bool by_stride,
                                                       product p) {
  vector sum[ROWS][2 * VECTORS], b[2 * VECTORS];
  const nf_real *a[ROWS];
  NF_UNROLLED(8)
  for (int i = 0; i < rows; i++) a[i] = p.a + (p.rows != NULL ? p.rows[i] : (size_t)i * p.row);
  NF_UNROLLED(8)
  for (int i = 0; i < rows; i++) {
    NF_UNROLLED(12)
    for (int j = 0; j < vectors; j++)
      if (p.one_a_row)
        sum[i][j] = (vector){0} + p.start[i];
      else
        sum[i][j] = *(const vector *)(p.start + (size_t)i * p.ld_start + j * LANES);
  }
  NF_ROLLED
  for (size_t l = 0; l < p.k; l++) {
    NF_UNROLLED(12)
    for (int j = 0; j < vectors; j++) {
      b[j] = *(const vector *)(p.b + l * p.ldb + j * LANES);
      IN_REGISTER(b[j]);
    }
    const size_t step = by_stride ? l * p.step : p.steps[l];
    NF_UNROLLED(8)
    for (int i = 0; i < rows; i++) {
      NF_UNROLLED(12)
      for (int j = 0; j < vectors; j++) {
        const vector y = a[i][step] * b[j];
        sum[i][j] += y;
        NEEDED_LATER(y);
      }
    }
  }
  NF_UNROLLED(8)
  for (int i = 0; i < rows; i++) {
    NF_UNROLLED(12)
    for (int j = 0; j < vectors; j++) {
      const vector y = sum[i][j];
      *(vector *)(p.c + (size_t)i * p.ldc + j * LANES) =
          p.relu ? (vector)(~(mask)(y < 0) & (mask)y) : y; /* NaN stays */
    }
  }
}

static inline __attribute__((always_inline)) void tile_of(int rows, int vectors, product p) {
#define TILE_OF(v)                                                                               \
  if (v <= (rows <= FEW ? 2 : 1) * VECTORS && (rows == 1 || v * rows <= SUMS) && vectors == v) { \
    if (BY_STRIDE && p.rows == NULL)                                                             \
      tile(rows, v, true, p);                                                                    \
    else                                                                                         \
      tile(rows, v, false, p);                                                                   \
  }
  TILE_OF(1)
  TILE_OF(2)
  TILE_OF(3)
  TILE_OF(4)
  TILE_OF(5)
  TILE_OF(6)
  TILE_OF(7)
  TILE_OF(8)
  TILE_OF(9)
  TILE_OF(10)
  TILE_OF(11)
  TILE_OF(12)
#undef TILE_OF
}
#define ROWS_OF_TILE(rows) \
  static void tile_of_##rows(int vectors, const product *p) { tile_of(rows, vectors, *p); }
ROWS_OF_TILE(1)
ROWS_OF_TILE(2)
ROWS_OF_TILE(3)
ROWS_OF_TILE(4)
ROWS_OF_TILE(5)
ROWS_OF_TILE(6)
ROWS_OF_TILE(7)
ROWS_OF_TILE(8)
#undef ROWS_OF_TILE
static void (*const tile_by_rows[])(int vectors, const product *p) = {
    NULL, tile_of_1, tile_of_2, tile_of_3, tile_of_4, tile_of_5, tile_of_6, tile_of_7, tile_of_8};

/* The most rows of a tile */
static inline size_t most_rows(int vectors) {
  return ROWS * vectors <= SUMS ? ROWS
         : 6 * vectors <= SUMS  ? 6
         : vectors < SUMS       ? (size_t)(SUMS / vectors)
                                : 1;
}

#endif
