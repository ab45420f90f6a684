/* How fast is a small flow? A 2-D RealNVP whose conditioners are MLPs [1, width, width, 2]: its
 * matrix products are so thin that everything around them counts. A training step is forward,
 * backward and Adam. */
#include <stdlib.h>

#include "bench.h"
#include "flow/flow.h"
#include "nf/nf.h"

typedef struct {
  nf_flow *flow;
  nf_trainer *trainer;
  size_t n, batch; /* points, and how many of them a step takes */
  nf_real *x;
  double *log_p;
  nf_real *sample;
} task;

static void train(void *user) {
  task *t = user;
  bench_need(nf_train_step(t->trainer, t->batch, t->x, NULL, NULL), "train");
}

static void log_prob(void *user) {
  task *t = user;
  bench_need(nf_flow_log_prob(t->flow, t->n, t->x, t->log_p, NULL), "log_prob");
}

static void draw(void *user) {
  task *t = user;
  bench_need(nf_flow_sample(t->flow, t->n, 1, 1, t->sample, NULL), "sample");
}

int main(int argc, char **argv) {
  enum { LAYERS, WIDTH, BATCH, POINTS, THREADS };
  bench_option o[] = {{"layers", 32, 1, "coupling layers"},
                      {"width", 64, 1, "hidden units of the conditioners"},
                      {"batch", 512, 1, "points of a training step"},
                      {"points", 40000, 1, "points of log_prob and sample"},
                      {"threads", 2, 1, "threads"},
                      {0}};
  bench_options(argc, argv, "A 2-D RealNVP: milliseconds of a step, of log_prob and of sampling.",
                o);
  nf_model m = nf_model_default(NF_REALNVP, nf_point(2));
  m.steps = (size_t)o[LAYERS].value;
  m.width = (size_t)o[WIDTH].value;
  const size_t batch = (size_t)o[BATCH].value, points = (size_t)o[POINTS].value;
  const size_t rows = batch > points ? batch : points;
  nf_error e = {0};
  task t = {.flow = nf_flow_from_model(&m, &e), .n = points, .batch = batch};
  bench_need(e.status, "a RealNVP with these --layers and --width");
  bench_need(nf_flow_set_threads(t.flow, (int)o[THREADS].value, &e), "threads");
  t.x = bench_alloc(2 * rows, sizeof *t.x);
  for (size_t i = 0; i < 2 * rows; i++) t.x[i] = (nf_real)(nf_random_normal(2, 0, i));
  t.sample = bench_alloc(2 * points, sizeof *t.sample);
  t.log_p = bench_alloc(points, sizeof *t.log_p);
  bench_stir(t.flow, 0.1 / (double)m.width);
  nf_train_settings set = nf_train_default();
  set.schedule.rate = 1e-6; /* so slow that all stays finite */
  t.trainer = nf_trainer_new(t.flow, &set, &e);
  bench_need(e.status, "trainer");

  const double train_s = bench_seconds(train, &t, 1);
  const double log_prob_s = bench_seconds(log_prob, &t, 1);
  const double sample_s = bench_seconds(draw, &t, 1);
  const double peak = bench_peak_rss_mib(); /* before the yardstick takes its own */
  bench_print("train_step_ms", 1e3 * train_s, "ms");
  bench_print("log_prob_ms", 1e3 * log_prob_s, "ms");
  bench_print("sample_ms", 1e3 * sample_s, "ms");
  bench_print("sgemm_gflops", bench_sgemm_gflops((int)o[THREADS].value), "GFLOP/s");
  bench_print("peak_rss_mib", peak, "MiB");
  bench_print("parameters", (double)t.flow->n_param, "1");
  nf_trainer_free(t.trainer);
  nf_flow_free(t.flow);
  free(t.x), free(t.sample), free(t.log_p);
  return 0;
}
