/* Matrix products by tiles of C (tile.h), panel by panel of B.
 *
 * The rows of a panel of B must be full vectors: where they are, B is read in place, otherwise the
 * panel is packed first. A may have any two strides, so its transpose costs nothing, or any rows
 * and steps, so that the patches of an image need not be written down. On the shapes of a
 * conditioner, whose one side is narrow, this is faster than OpenBLAS, which packs both operands
 * (bench/LOG.md); and it is plain C. */
#include "core/gemm.h"

#include <string.h>

#include "core/tile.h"
#include "core/transpose.h"

enum {
  NARROW = 4,
  STRIP = 64 / sizeof(nf_real) /* a line of the cache */
};

static inline void skip_rows(size_t rows, product *p) {
  p->a += rows * p->row, p->start += rows * p->ld_start, p->c += rows * p->ldc;
  if (p->rows != NULL) p->rows += rows;
}

/* All m rows of one panel, the last by two tiles of about as many, since those of one or two rows
 * are slow; p is behind them then. By address, since a copy of a product that was just written
 * waits for its stores. */
static void multiply_panel(size_t m, int vectors, product *p) {
  const size_t most = most_rows(vectors);
  for (size_t rows; m > 0; m -= rows, skip_rows(rows, p)) {
    rows = m > 2 * most ? most : m > most ? (m + 1) / 2 : m;
    if (p->start == p->c && m >= 2 * rows) /* of what is added to, the next tile's is on its way */
      for (size_t i = rows; i < 2 * rows; i++)
        for (int j = 0; j < vectors; j++)
          __builtin_prefetch(p->c + i * p->ldc + (size_t)j * LANES, 1);
    tile_by_rows[rows](vectors, p);
  }
}

/* The same for columns that do not fill their vectors. Where C has no other columns and is not
 * added to, what is stored beyond a row's end is overwritten by the next row; other rows go by a
 * tile. */
static void multiply_edge(size_t m, size_t columns, int vectors, bool overwrite, product p) {
  const size_t size = m * columns, width = (size_t)vectors * LANES;
  const size_t free_rows = overwrite && size >= width ? (size - width) / columns + 1 : 0;
  product q = p;
  multiply_panel(free_rows, vectors, &q);
  for (size_t i = free_rows, rows; i < m; i += rows) {
    nf_real c[6 * COLUMNS];
    q = p;
    skip_rows(i, &q);
    rows = nf_min_size(m - i, 6);
    q.start = q.c = c, q.ld_start = q.ldc = width;
    memset(c, 0, rows * width * sizeof *c);
    for (size_t r = 0; r < rows; r++)
      for (size_t j = 0; j < columns; j++)
        c[r * width + j] = p.start[(i + r) * p.ld_start + (p.one_a_row ? 0 : j)];
    q.one_a_row = false;
    multiply_panel(rows, vectors, &q);
    for (size_t r = 0; r < rows; r++)
      for (size_t j = 0; j < columns; j++) p.c[(i + r) * p.ldc + j] = c[r * width + j];
  }
}

/* panel (k, full vectors) = op(B), with zeros beyond its n columns. Transposed, it is written
 * strip by strip, each as wide as a line of the cache, while the rows of the next strip are on
 * their way, of the next panel's, too: `all` columns are still to come. */
static void pack(bool transpose, size_t k, size_t n, size_t all, size_t columns, const nf_real *b,
                 size_t ldb, nf_real *panel) {
  if (n < columns) memset(panel, 0, k * columns * sizeof *panel);
  if (!transpose)
    for (size_t l = 0; l < k; l++) memcpy(panel + l * columns, b + l * ldb, n * sizeof *panel);
  else
    for (size_t j = 0; j < n; j += STRIP) {
      const size_t end = nf_min_size(n, j + STRIP), by_4 = (end - j) % 4 == 0 ? k - k % 4 : 0;
      for (size_t l = 0; l < by_4; l += 4) {
        if (l % STRIP == 0)
          for (size_t q = end; q < all && q < end + STRIP; q++) __builtin_prefetch(b + q * ldb + l);
        for (size_t q = j; q < end; q += 4)
          nf_transpose_4x4(b + q * ldb + l, ldb, panel + l * columns + q, columns);
      }
      for (size_t l = by_4; l < k; l++)
        for (size_t q = j; q < end; q++) panel[l * columns + q] = b[q * ldb + l];
    }
}

/* C panel by panel, each of full vectors. The last columns fill theirs together with columns before
 * them, which are computed once more, if there are any and they are not added to. */
static void multiply(size_t m, size_t n, bool transpose_b, const product *all) {
  /* of each thread, but not on its stack, of which musl gives a thread 128 KiB */
  static _Thread_local _Alignas(64) nf_real panel[DEPTH * COLUMNS];
  nf_real first[2 * COLUMNS] = {0};
  const bool few = m <= FEW && !transpose_b;
  size_t steps[DEPTH];
  for (size_t l = 0; l < nf_min_size(all->k, DEPTH); l++) steps[l] = l * all->step;
  for (size_t l = 0; l == 0 || l < all->k; l += DEPTH) {
    const bool adds = l > 0 || all->start == all->c;
    for (size_t j = 0, columns; j < n; j += columns) {
      columns = few && n - j >= 2 * COLUMNS ? 2 * COLUMNS : nf_min_size(n - j, COLUMNS);
      const size_t missing = (COLUMNS - columns) % LANES;
      const bool overwrite = !adds && all->ldc == columns;
      if (!adds && columns + missing <= n)
        j -= missing, columns += missing;
      else if (columns > LANES && !overwrite)
        columns -= columns % LANES;
      const size_t width = (columns + LANES - 1) / LANES * LANES;
      product p = *all;
      p.k = nf_min_size(all->k - l, DEPTH);
      p.relu = all->relu && l + p.k == all->k;
      p.a += l * p.step, p.c += j;
      p.steps = p.steps != NULL ? p.steps + l : steps;
      p.b += transpose_b ? j * p.ldb + l : l * p.ldb + j;
      if (transpose_b || columns < width) {
        pack(transpose_b, p.k, columns, n - j, width, p.b, p.ldb, panel);
        p.b = panel, p.ldb = width;
      }
      if (adds) {
        p.start = p.c, p.ld_start = p.ldc, p.one_a_row = false;
      } else if (!p.one_a_row) {
        if (all->start != NULL) memcpy(first, all->start + j, columns * sizeof *first);
        p.start = first, p.ld_start = 0;
      }
      const int vectors = (int)(width / LANES);
      if (columns < width)
        multiply_edge(m, columns, vectors, overwrite, p);
      else
        multiply_panel(m, vectors, &p);
    }
  }
}

/* n ≤ 4 and A not transposed: its rows are contiguous, and the numbers of C are scalar products,
 * each in 8 sums side by side, DOT_DEPTH numbers at a time, on every machine. */
enum { SIDE = 8, DOT_DEPTH = 256 };
typedef nf_real side
    __attribute__((vector_size(SIDE * sizeof(nf_real)), aligned(sizeof(nf_real)), may_alias));

static inline nf_real total(const side *p) {
  const side s = *p;
  const nf_quad q =
      __builtin_shufflevector(s, s, 0, 1, 2, 3) + __builtin_shufflevector(s, s, 4, 5, 6, 7);
  return (q[0] + q[2]) + (q[1] + q[3]);
}

/* n is a literal, and b has op(B)'s columns in its rows. */
static inline __attribute__((always_inline)) void dots(size_t n, size_t m, product p) {
  for (size_t i = 0; i < m; i++, skip_rows(1, &p)) {
    side sum[NARROW] = {0};
    nf_real rest[NARROW] = {0};
    size_t l = 0;
    for (; l + SIDE <= p.k; l += SIDE)
      for (size_t j = 0; j < n; j++)
        sum[j] += *(const side *)(p.a + l) * *(const side *)(p.b + j * p.ldb + l);
    for (; l < p.k; l++)
      for (size_t j = 0; j < n; j++) rest[j] += p.a[l] * p.b[j * p.ldb + l];
    for (size_t j = 0; j < n; j++) {
      const nf_real y = p.start[j] + (total(&sum[j]) + rest[j]);
      p.c[j] = p.relu && y < 0 ? 0 : y; /* NaN stays */
    }
  }
}

static void multiply_by_dots(size_t m, size_t n, bool transpose_b, product all) {
  nf_real columns[NARROW * DOT_DEPTH];
  static const nf_real zero[NARROW] = {0};
  for (size_t l = 0; l == 0 || l < all.k; l += DOT_DEPTH) {
    product p = all;
    p.k = nf_min_size(all.k - l, DOT_DEPTH);
    p.relu = all.relu && l + p.k == all.k;
    p.a += l;
    p.b += transpose_b ? l : l * p.ldb;
    if (!transpose_b) {
      for (size_t q = 0; q < p.k; q++)
        for (size_t j = 0; j < n; j++) columns[j * DOT_DEPTH + q] = p.b[q * p.ldb + j];
      p.b = columns, p.ldb = DOT_DEPTH;
    }
    if (l > 0 || all.start == all.c)
      p.start = p.c, p.ld_start = p.ldc;
    else
      p.start = all.start == NULL ? zero : all.start, p.ld_start = 0;
    if (n == 1) dots(1, m, p);
    if (n == 2) dots(2, m, p);
    if (n == 3) dots(3, m, p);
    if (n == 4) dots(4, m, p);
  }
}

/* n ≤ 4 and A transposed: Cᵀ = op(B)ᵀ·A has full vectors. */
static void multiply_transposed(size_t m, size_t n, bool transpose_b, product p) {
  nf_real ct[NARROW * COLUMNS];
  for (size_t i = 0; i < m; i += COLUMNS) {
    const size_t rows = nf_min_size(m - i, COLUMNS);
    for (size_t r = 0; r < rows; r++)
      for (size_t j = 0; j < n; j++)
        ct[j * rows + r] =
            p.start == NULL ? 0 : p.start[(p.start == p.c ? (i + r) * p.ldc : 0) + j];
    multiply(n, rows, false,
             &(product){.k = p.k,
                        .a = p.b,
                        .row = transpose_b ? p.ldb : 1,
                        .step = transpose_b ? 1 : p.ldb,
                        .b = p.a + i,
                        .ldb = p.step,
                        .start = ct,
                        .ld_start = rows,
                        .relu = p.relu,
                        .c = ct,
                        .ldc = rows});
    for (size_t r = 0; r < rows; r++)
      for (size_t j = 0; j < n; j++) p.c[(i + r) * p.ldc + j] = ct[j * rows + r];
  }
}

static void choose(size_t m, size_t n, bool transpose_a, bool transpose_b, product p) {
  if (n > NARROW)
    multiply(m, n, transpose_b, &p);
  else if (transpose_a)
    multiply_transposed(m, n, transpose_b, p);
  else
    multiply_by_dots(m, n, transpose_b, p);
}

/* op(A), B and C by the distances of their rows; C from 0 */
static product product_of(bool transpose_a, size_t k, const nf_real *a, size_t lda,
                          const nf_real *b, size_t ldb, nf_real *c, size_t ldc) {
  return (product){.k = k,
                   .a = a,
                   .row = transpose_a ? 1 : lda,
                   .step = transpose_a ? lda : 1,
                   .b = b,
                   .ldb = ldb,
                   .c = c,
                   .ldc = ldc};
}

void nf_gemm(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, const nf_real *a,
             size_t lda, const nf_real *b, size_t ldb, bool add, nf_real *c, size_t ldc) {
  product p = product_of(transpose_a, k, a, lda, b, ldb, c, ldc);
  if (add) p.start = c;
  choose(m, n, transpose_a, transpose_b, p);
}

void nf_gemm_bias(size_t m, size_t n, size_t k, const nf_real *x, const nf_real *w,
                  const nf_real *bias, bool relu, nf_real *y) {
  product p = product_of(false, k, x, k, w, k, y, n);
  p.start = bias, p.relu = relu;
  choose(m, n, false, true, p);
}

void nf_gemm_windows(bool transpose_b, size_t m, size_t n, size_t k, const nf_windows *a,
                     const nf_real *b, const nf_real *start, bool relu, nf_real *c) {
  product p = product_of(false, k, a->x, 0, b, transpose_b ? k : n, c, n);
  p.rows = a->row, p.step = 0, p.steps = a->step;
  p.start = start, p.relu = relu;
  multiply(m, n, transpose_b, &p);
}

void nf_gemm_columns(bool transpose_w, size_t m, size_t n, size_t k, const nf_real *w, size_t ldw,
                     const nf_real *x, size_t ldx, const nf_real *bias, bool relu, nf_real *y,
                     size_t ldy) {
  product p = product_of(transpose_w, k, w, ldw, x, ldx, y, ldy);
  p.start = bias, p.ld_start = 1, p.one_a_row = bias != NULL, p.relu = relu;
  multiply(m, n, false, &p);
}
