/* A thin wall between the suite and CBLAS, so that one file knows which library it is. */
#include "core/gemm.h"

#ifdef NF_PLAIN_GEMM

void nf_gemm(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, nf_real alpha,
             const nf_real *a, size_t lda, const nf_real *b, size_t ldb, nf_real beta, nf_real *c,
             size_t ldc) {
  for (size_t i = 0; i < m; i++) {
    for (size_t j = 0; j < n; j++) {
      nf_real sum = 0;
      for (size_t l = 0; l < k; l++)
        sum += (transpose_a ? a[l * lda + i] : a[i * lda + l]) *
               (transpose_b ? b[j * ldb + l] : b[l * ldb + j]);
      c[i * ldc + j] = alpha * sum + (beta == 0 ? 0 : beta * c[i * ldc + j]);
    }
  }
}

void nf_gemm_single_thread(void) {}

#else
#include <cblas.h>

#ifdef NF_FLOAT
#define GEMM cblas_sgemm
#else
#define GEMM cblas_dgemm
#endif

/* OpenBLAS has this function, other CBLAS libraries lack it: a weak reference fits both. */
extern void openblas_set_num_threads(int) __attribute__((weak));

void nf_gemm(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, nf_real alpha,
             const nf_real *a, size_t lda, const nf_real *b, size_t ldb, nf_real beta, nf_real *c,
             size_t ldc) {
  if (m == 0 || n == 0) return;
  GEMM(CblasRowMajor, transpose_a ? CblasTrans : CblasNoTrans,
       transpose_b ? CblasTrans : CblasNoTrans, (int)m, (int)n, (int)k, alpha, a, (int)lda, b,
       (int)ldb, beta, c, (int)ldc);
}

void nf_gemm_single_thread(void) {
  if (openblas_set_num_threads != 0) openblas_set_num_threads(1);
}

#endif
