/* Options, clock, and what the machine can do at most. */
#include "bench.h"

#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "core/gemm.h"
#include "core/real.h"
#include "core/threads.h"
#include "peak.h"

static void usage(const char *program, const char *about, const bench_option *options) {
  printf("usage: %s [--NAME VALUE]…\n%s\n\n", program, about);
  for (const bench_option *o = options; o->name != NULL; o++)
    if (o->min == BENCH_WORD)
      printf("  --%-10s %s\n", o->name, o->help);
    else
      printf("  --%-10s %s [%ld]\n", o->name, o->help, o->value);
}

/* The number of a word in "a|b|c", or -1 */
static long number_of_word(const char *words, const char *word) {
  const size_t length = strlen(word);
  for (long k = 0;; k++) {
    const size_t next = strcspn(words, "|");
    if (next == length && strncmp(words, word, length) == 0) return k;
    if (words[next] == '\0') return -1;
    words += next + 1;
  }
}

/* The option's value of this text, or -1 */
static long value_of(const bench_option *o, const char *text) {
  if (o->min == BENCH_WORD) return number_of_word(o->help, text);
  char *end;
  const long number = strtol(text, &end, 10);
  return end != text && *end == '\0' && number >= o->min && number <= 1000000 ? number : -1;
}

void bench_options(int argc, char **argv, const char *about, bench_option *options) {
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--help") == 0) {
      usage(argv[0], about, options);
      exit(0);
    }
    bench_option *o = options;
    const char *value = NULL;
    for (; o->name != NULL; o++) {
      const size_t length = strlen(o->name);
      if (strncmp(argv[i], "--", 2) != 0 || strncmp(argv[i] + 2, o->name, length) != 0) continue;
      if (argv[i][2 + length] == '=') value = argv[i] + 3 + length;
      if (argv[i][2 + length] == '\0') value = i + 1 < argc ? argv[++i] : "";
      if (value != NULL) break;
    }
    const long number = value != NULL ? value_of(o, value) : -1;
    if (number < 0) {
      fprintf(stderr, "%s: %s: --help lists the options and their values\n", argv[0], argv[i]);
      exit(2);
    }
    o->value = number;
  }
}

void bench_print(const char *name, double value, const char *unit) {
  printf("%s,%.8g,%s\n", name, value, unit);
  fflush(stdout);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double bench_seconds(void (*work)(void *user), void *user, double budget) {
  double best = 0;
  work(user);
  const double start = now();
  for (int run = 0; run < 3 || now() - start < budget; run++) {
    const double begin = now();
    work(user);
    const double took = now() - begin;
    if (run == 0 || took < best) best = took;
  }
  return best;
}

void bench_need(const nf_error *e) {
  if (e->status == NF_OK) return;
  fprintf(stderr, "bench: %s\n", e->message);
  exit(2);
}

static _Noreturn void out_of_memory(void) {
  fputs("bench: out of memory\n", stderr);
  exit(2);
}

void *bench_alloc(size_t count, size_t size) {
  void *p = calloc(count, size);
  if (p == NULL) out_of_memory();
  return p;
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
  product p = {nf_threads_new(threads), (size_t)threads, all, all + size, all + 2 * size, true};
  if (p.pool == NULL) out_of_memory();
  double seconds = bench_seconds(multiply, &p, 1);
  p.blas = false;
  seconds = fmin(seconds, bench_seconds(multiply, &p, 1));
  nf_threads_free(p.pool);
  free(all);
  return 2e-9 * SIDE * SIDE * SIDE / seconds;
}

/* --- the peak --------------------------------------------------------------------------------- */

typedef struct {
  nf_threads *pool;
  int threads;
} group;

static void multiply_and_add(void *user, int t) {
  (void)user, (void)t;
  nf_peak_run();
}

static void all_multiply_and_add(void *user) {
  const group *c = user;
  nf_threads_run(c->pool, c->threads, multiply_and_add, NULL);
}

double bench_fma_peak_gflops(int threads) {
  group c = {nf_threads_new(threads), threads};
  if (c.pool == NULL) out_of_memory();
  const double seconds = bench_seconds(all_multiply_and_add, &c, 0.5);
  nf_threads_free(c.pool);
  return 1e-9 * nf_peak_run() * threads / seconds;
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

double bench_peak_rss_mib(void) {
  struct rusage use;
  getrusage(RUSAGE_SELF, &use);
  return (double)use.ru_maxrss / 1024;
}

void bench_perturb(nf_flow *flow, double scale) {
  nf_real *param = nf_flow_param(flow);
  for (size_t i = 0; i < nf_flow_n_param(flow); i++)
    param[i] += (nf_real)(scale * nf_random_normal(3, 0, i));
}
