/* What the machine can do at most: fused multiply-adds in registers, and as a remark the product of
 * two matrices. */
#include <cblas.h>
#include <math.h>
#include <stdlib.h>

#include "bench.h"
#include "core/gemm.h"
#include "core/real.h"
#include "core/threads.h"

static nf_threads *new_pool(int threads) {
  nf_threads *pool = nf_threads_new(threads);
  nf_error e = {0};
  if (pool == NULL) nf_fail(&e, NF_ENOMEM, "out of memory");
  bench_need(&e);
  return pool;
}

/* --- the matrix product ----------------------------------------------------------------------- */

enum { SIDE = 2048 };
typedef struct {
  nf_threads *pool;
  size_t threads;
  nf_real *a, *b, *c;
  bool blas; /* by OpenBLAS, not nf_gemm */
} product;

static void multiply_rows(void *user, int t) {
  const product *p = user;
  const size_t rows = SIDE / p->threads, begin = (size_t)t * rows;
  const size_t count = (size_t)t + 1 < p->threads ? rows : SIDE - begin;
  const nf_real *a = p->a + begin * SIDE;
  nf_real *c = p->c + begin * SIDE;
  if (p->blas)
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)count, SIDE, SIDE, 1, a, SIDE, p->b,
                SIDE, 0, c, SIDE);
  else
    nf_gemm(false, false, count, SIDE, SIDE, a, SIDE, p->b, SIDE, false, c, SIDE);
}

static void multiply(void *user) {
  product *p = user;
  nf_threads_run(p->pool, (int)p->threads, multiply_rows, p);
}

double bench_sgemm_gflops(int threads) {
  openblas_set_num_threads(1); /* multiply_rows runs on several */
  const size_t size = (size_t)SIDE * SIDE;
  nf_real *all = bench_alloc(3 * size, sizeof *all);
  for (size_t i = 0; i < 2 * size; i++) all[i] = (nf_real)(i % 7) - 3;
  product p = {new_pool(threads), (size_t)threads, all, all + size, all + 2 * size, true};
  double seconds = bench_seconds(multiply, &p, 1);
  p.blas = false;
  seconds = fmin(seconds, bench_seconds(multiply, &p, 1));
  nf_threads_free(p.pool);
  free(all);
  return 2e-9 * SIDE * SIDE * SIDE / seconds;
}

/* --- the peak --------------------------------------------------------------------------------- */

#ifdef __AVX512F__
enum { VECTOR_BYTES = 64 };
#elif defined __AVX__
enum { VECTOR_BYTES = 32 };
#else
enum { VECTOR_BYTES = 16 };
#endif
typedef nf_real vector __attribute__((vector_size(VECTOR_BYTES)));
/* Sums at once, more than the latency of an operation times the units, and rounds of them. */
enum { SUMS = 12, ROUNDS = 1000000 };

static void multiply_and_add(void *user, int t) {
  (void)user, (void)t;
  vector sum[SUMS], x, y;
  for (size_t i = 0; i < VECTOR_BYTES / sizeof(nf_real); i++) x[i] = NF_R(0.5), y[i] = 1;
  __asm__ volatile("" : "+x"(x), "+x"(y)); /* unknown, or all would be computed at compile time */
  NF_UNROLLED(12)
  for (int i = 0; i < SUMS; i++) sum[i] = y * (nf_real)i;
  NF_ROLLED
  for (int k = 0; k < ROUNDS; k++) {
    NF_UNROLLED(12)
    for (int i = 0; i < SUMS; i++) sum[i] = sum[i] * x + y;
  }
  NF_UNROLLED(12)
  for (int i = 0; i < SUMS; i++) __asm__ volatile("" : : "x"(sum[i]));
}

typedef struct {
  nf_threads *pool;
  int threads;
} group;

static void all_multiply_and_add(void *user) {
  const group *c = user;
  nf_threads_run(c->pool, c->threads, multiply_and_add, NULL);
}

double bench_fma_peak_gflops(int threads) {
  group c = {new_pool(threads), threads};
  const double seconds = bench_seconds(all_multiply_and_add, &c, 0.5);
  nf_threads_free(c.pool);
  const double lanes = VECTOR_BYTES / sizeof(nf_real);
  return 2e-9 * lanes * SUMS * ROUNDS * threads / seconds;
}

void bench_fractions(double flops, double log_prob, double sample, double train, int threads) {
  const double peak = bench_fma_peak_gflops(threads), part = 1e-9 * flops / peak;
  bench_print("flop", flops, "1");
  bench_print("fma_peak_gflops", peak, "GFLOP/s");
  bench_print("log_prob_peak_fraction", part * log_prob, "1");
  bench_print("sample_peak_fraction", part * sample, "1");
  bench_print("train_peak_fraction", 3 * part * train, "1");
  bench_print("sgemm_gflops", bench_sgemm_gflops(threads), "GFLOP/s");
}
