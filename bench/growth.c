/* How do time and memory grow? Steps of Glow (actnorm, 1×1 convolution, affine coupling with a
 * ConvNet) on images of d values, s×s×12 with s² = d/12, a batch at a time. Each of d, batch, depth
 * and width is varied alone, and growth ∝ sizeᵖ is read off as the slope p of a line through the
 * logarithms, by least squares. A full Jacobian would have p = 3 in d for its determinant.
 *
 * Names are SWEEP_SIZE_WHAT: log_prob_ms, train_ms (forward, backward, Adam), ideal_ms and
 * memory_kib, the sum over threads of their largest scratch memory. The ideal is the time of the
 * multiply-adds of log_prob's matrix products at the peak (bench.h); a training step has 3 times as
 * many. Of d, batch and depth it is a line of slope 1; of the width W it is a + b·W + c·W². The
 * sweep "depth" lets backward compute the conditioners' activations again; "saved" is the same
 * sweep when forward saves them all. */
#include <gsl/gsl_fit.h>
#include <math.h>
#include <stdio.h>

#include "bench.h"
#include "flow/flow.h" /* activation_budget, and the peaks of scratch memory */

enum { CHANNELS = 12 };
typedef struct {
  size_t d, steps, width, batch;
  int threads;
  double peak_gflops;
  bool save; /* all activations for backward */
} size;

typedef struct {
  double log_prob_ms, train_ms, ideal_ms, memory_kib;
} cost;

static nf_bijector *steps_of_glow(const size *s, nf_shape shape, nf_error *e) {
  nf_bijector *chain = nf_chain_new(shape, e);
  for (size_t k = 0; k < s->steps; k++) {
    nf_chain_add(chain, nf_actnorm_new(shape, e), e);
    nf_chain_add(chain, nf_conv1x1_new(shape, true, e), e);
    nf_net *net =
        nf_convnet_new(nf_coupling_net_in(shape, NF_CHANNEL),
                       nf_coupling_net_out(shape, NF_CHANNEL, NF_SCALE_SIGMOID), s->width, e);
    nf_chain_add(chain, nf_coupling_new(shape, NF_CHANNEL, NF_SCALE_SIGMOID, net, e), e);
  }
  return chain;
}

/* Of the matrix products of log_prob, 2 a multiply-add, one pair of 3×3, 1×1 and 3×3 a coupling. */
static double flops(const size *s) {
  const double w = (double)s->width, half = CHANNELS / 2.0, pixels = (double)s->d / CHANNELS;
  const double step = CHANNELS * CHANNELS + 9 * half * w + w * w + 9 * w * 2 * half;
  return 2 * (double)(s->batch * s->steps) * pixels * step;
}

static cost measure(const size *s) {
  const size_t side = (size_t)lround(sqrt((double)s->d / CHANNELS));
  const nf_shape shape = {side, side, CHANNELS};
  bench_workload w = {.n = s->batch, .batch = s->batch};
  w.flow = nf_flow_new(steps_of_glow(s, shape, &w.e), 1, &w.e);
  nf_flow_set_threads(w.flow, s->threads, &w.e);
  bench_allocate(&w);
  w.flow->activation_budget = s->save ? SIZE_MAX / 2 : 0;
  bench_start_training(&w, 0.1 / (double)s->width, false);

  cost c = {.log_prob_ms = 1e3 * bench_seconds(bench_log_prob, &w, 0.3),
            .train_ms = 1e3 * bench_seconds(bench_train, &w, 0.3),
            .ideal_ms = 1e-6 * flops(s) / s->peak_gflops};
  bench_need(&w.e);
  for (int i = 0; i < s->threads; i++) c.memory_kib += (double)w.flow->work[i].arena.peak / 1024;
  for (size_t i = 0; i < w.flow->n_activations; i++)
    c.memory_kib += (double)w.flow->activations[i].memory.peak / 1024;
  bench_workload_free(&w);
  return c;
}

static void print(const char *sweep, const char *point, const char *what, double value,
                  const char *unit) {
  char name[64];
  snprintf(name, sizeof name, "%s_%s_%s", sweep, point, what);
  bench_print(name, value, unit);
}

/* log y = a + p·log x: p and its standard error */
static void print_slope(const char *sweep, const char *what, size_t n, const double *x,
                        const double *y) {
  double a, p, var_a, cov, var_p, residual;
  gsl_fit_linear(x, 1, y, 1, n, &a, &p, &var_a, &cov, &var_p, &residual);
  print(sweep, "slope", what, p, "1");
  print(sweep, "slope_error", what, sqrt(var_p), "1");
}

/* Measures at the sizes first, first·times, … up to last, written to *vary, a member of *s. */
static void sweep(const char *name, size *s, size_t *vary, size_t first, size_t times,
                  size_t last) {
  enum { MOST = 10 };
  const size_t base = *vary;
  double x[MOST], log_prob_ms[MOST], train_ms[MOST], memory_kib[MOST];
  size_t n = 0;
  for (*vary = first; *vary <= last && n < MOST; *vary *= times, n++) {
    char point[24];
    snprintf(point, sizeof point, "%zu", *vary);
    const cost c = measure(s);
    print(name, point, "log_prob_ms", c.log_prob_ms, "ms");
    print(name, point, "train_ms", c.train_ms, "ms");
    print(name, point, "ideal_ms", c.ideal_ms, "ms");
    print(name, point, "memory_kib", c.memory_kib, "KiB");
    x[n] = log((double)*vary);
    log_prob_ms[n] = log(c.log_prob_ms);
    train_ms[n] = log(c.train_ms);
    memory_kib[n] = log(c.memory_kib);
  }
  *vary = base;
  print_slope(name, "log_prob", n, x, log_prob_ms);
  print_slope(name, "train", n, x, train_ms);
  print_slope(name, "memory", n, x, memory_kib);
}

int main(int argc, char **argv) {
  enum { STEPS, WIDTH, BATCH, THREADS };
  bench_option o[] = {{"steps", 4, 1, "steps of flow, where they are not varied"},
                      {"width", 64, 1, "channels of the conditioners, where they are not varied"},
                      {"batch", 32, 1, "images, where they are not varied"},
                      {"threads", 2, 1, "threads"},
                      {0}};
  bench_options(argc, argv,
                "Growth of time and memory with d, batch, depth and width, with its slopes.", o);
  size s = {.d = 3072,
            .steps = (size_t)o[STEPS].value,
            .width = (size_t)o[WIDTH].value,
            .batch = (size_t)o[BATCH].value,
            .threads = (int)o[THREADS].value};
  s.peak_gflops = bench_fma_peak_gflops(s.threads);
  bench_print("fma_peak_gflops", s.peak_gflops, "GFLOP/s");
  sweep("d", &s, &s.d, 12, 4, 12288);
  sweep("batch", &s, &s.batch, 8, 2, 512);
  sweep("depth", &s, &s.steps, 4, 2, 256);
  sweep("width", &s, &s.width, 32, 2, 2048);
  s.save = true;
  sweep("saved", &s, &s.steps, 4, 2, 256);
  bench_print("peak_rss_mib", bench_peak_rss_mib(), "MiB");
  return 0;
}
