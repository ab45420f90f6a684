#include "core/transpose.h"

#include "core/real.h"

/* A line of the cache of each row of A after another, and of these 4×4 numbers at a time */
enum { STRIP = 64 / sizeof(nf_real) };

void nf_transpose(size_t rows, size_t columns, const nf_real *a, size_t lda, nf_real *b,
                  size_t ldb) {
  if (columns == 1) { /* often: points of two values */
    for (size_t i = 0; i < rows; i++) b[i] = a[i * lda];
    return;
  }
  if (rows == 1) {
    for (size_t j = 0; j < columns; j++) b[j * ldb] = a[j];
    return;
  }
  if (columns == 2 && lda == 2) { /* points of two values: loops that become vector code */
    for (size_t i = 0; i < rows; i++) b[i] = a[2 * i], b[ldb + i] = a[2 * i + 1];
    return;
  }
  if (rows == 2 && ldb == 2) {
    for (size_t j = 0; j < columns; j++) b[2 * j] = a[j], b[2 * j + 1] = a[lda + j];
    return;
  }
  const size_t rows_by_4 = rows - rows % 4;
  for (size_t j = 0, end; j < columns; j = end) {
    end = nf_min_size(columns, j + STRIP);
    const size_t by_4 = end - (end - j) % 4;
    for (size_t i = 0; i < rows_by_4; i += 4)
      for (size_t k = j; k < by_4; k += 4)
        nf_transpose_4x4(a + i * lda + k, lda, b + k * ldb + i, ldb);
    for (size_t k = j; k < end; k++)
      for (size_t i = k < by_4 ? rows_by_4 : 0; i < rows; i++) b[k * ldb + i] = a[i * lda + k];
  }
}
