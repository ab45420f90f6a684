/* The one matrix product of the suite, row-major: C = alpha·op(A)·op(B) + beta·C.
 * op(A) is m×k, op(B) is k×n, C is m×n; op transposes when its flag is true.
 * Runs on CBLAS (OpenBLAS), or on a plain loop under NF_PLAIN_GEMM (WebAssembly). */
#ifndef NF_CORE_GEMM_H
#define NF_CORE_GEMM_H

#include <stdbool.h>
#include <stddef.h>

#include "core/real.h"

void nf_gemm(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, nf_real alpha,
             const nf_real *a, size_t lda, const nf_real *b, size_t ldb, nf_real beta, nf_real *c,
             size_t ldc);

/* Flows spread samples over threads, so each product should stay on its own thread: turns
 * OpenBLAS's threads off for the whole process. */
void nf_gemm_single_thread(void);

#endif
