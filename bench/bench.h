/* What the benchmarks share. Each prints lines name,value,unit and measures in the same run what
 * the machine can do at most, so that a rate can be read as a fraction of it. */
#ifndef BENCH_H
#define BENCH_H

#include <nf/nf.h>

/* --- the program (bench.c) -------------------------------------------------------------------- */

/* --name N: an integer, with its default and its minimum. With the minimum BENCH_WORD it is one of
 * the words in help, "a|b|c", and value is that word's number, from 0. The table ends with {0}. */
typedef struct {
  const char *name;
  long value, min;
  const char *help;
} bench_option;
enum { BENCH_WORD = -1 };

/* Reads --name VALUE and --name=VALUE; --help explains; anything else is one line and exit
 * status 2. */
void bench_options(int argc, char **argv, const char *about, bench_option *options);

void bench_print(const char *name, double value, const char *unit);

/* Seconds of one call of work(user): the shortest of those that fit in about `budget` seconds,
 * at least three, after one that warms up. */
double bench_seconds(void (*work)(void *user), void *user, double budget);

/* The process's largest resident size so far, MiB. */
double bench_peak_rss_mib(void);

/* Prints the error's line and exits with status 2 when there is one. */
void bench_need(const nf_error *e);

/* calloc that ends the program instead of returning NULL */
void *bench_alloc(size_t count, size_t size);

/* --- the machine (peak.c) --------------------------------------------------------------------- */

/* The peak: GFLOP/s of independent fused multiply-adds in registers, of vectors as wide as this
 * build uses, on so many threads. A build without them multiplies and adds. */
double bench_fma_peak_gflops(int threads);

/* After the three rates of a workload, a second each: the floating-point operations of the matrix
 * products of one unit of it (2 a multiply-add; a training step needs 3 times those of log_prob),
 * the peak, and log_prob, sample and train as fractions of it; and SGEMM's rate as a remark. */
void bench_fractions(double flops, double log_prob, double sample, double train, int threads);

/* GFLOP/s of C = A·B in float, 2048³, with one single-threaded product a thread, each of a part of
 * C's rows: by OpenBLAS or by nf_gemm, whichever is faster. OpenBLAS can be the slower one when
 * OPENBLAS_CORETYPE names an older CPU. */
double bench_sgemm_gflops(int threads);

/* --- a flow at work (workload.c) -------------------------------------------------------------- */

typedef struct {
  nf_flow *flow;
  nf_trainer *trainer;
  size_t n, batch;     /* samples of log_prob and sample; of a training step */
  nf_real *x, *sample; /* max(n, batch) and n samples */
  double *log_p;       /* n */
  nf_error e;
} bench_workload; /* start from {.flow, .n, .batch} */

/* The arrays, x of N(0, 1). */
void bench_allocate(bench_workload *w);
/* The trainer, whose rate is so low that all stays finite; adds scale·N(0, 1) to every parameter
 * before, so that no layer stays at its initial zeros. */
void bench_start_training(bench_workload *w, double scale, bool fused);
void bench_workload_free(bench_workload *w);

/* For bench_seconds, with a workload as user: log p, samples, a training step, which is
 * forward, backward and Adam. */
void bench_log_prob(void *workload);
void bench_sample(void *workload);
void bench_train(void *workload);

#endif
