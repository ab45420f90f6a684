/* How fast is a flow on points? Its conditioners are MLPs [in, width, width, out], masked in maf.
 * On the plane their matrix products have so few columns that everything around them counts. A
 * training step is forward, backward and Adam. */
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "flow/flow.h" /* tensors */

typedef struct {
  nf_flow *flow;
  nf_trainer *trainer;
  size_t points, batch; /* rows of x for log_prob and sample, and for training */
  nf_real *x, *sample;
  double *log_p;
  nf_error e;
} task;

static void train(void *user) {
  task *t = user;
  nf_train_step(t->trainer, t->batch, t->x, NULL, &t->e);
}

static void log_prob(void *user) {
  task *t = user;
  nf_flow_log_prob(t->flow, t->points, t->x, t->log_p, &t->e);
}

static void draw(void *user) {
  task *t = user;
  nf_flow_sample(t->flow, t->points, 1, 1, t->sample, &t->e);
}

/* Weights that masks have not set to 0: each is a multiply-add a point. */
static int count_weights(void *user, const char *path, nf_tensor *t) {
  const char *dot = strrchr(path, '.');
  for (size_t i = 0; strcmp(dot, ".weight") == 0 && i < nf_tensor_size(t); i++)
    *(double *)user += t->data[i] != 0;
  return NF_OK;
}

int main(int argc, char **argv) {
  enum { MODEL, DIM, LAYERS, WIDTH, BATCH, POINTS, THREADS };
  static const nf_family families[] = {NF_REALNVP, NF_MAF, NF_NSF};
  bench_option o[] = {{"model", 0, BENCH_WORD, "realnvp|maf|nsf"},
                      {"dim", 2, 2, "values of a point"},
                      {"layers", 32, 1, "couplings or autoregressive layers"},
                      {"width", 64, 1, "hidden units of the conditioners"},
                      {"batch", 512, 1, "points of a training step"},
                      {"points", 40000, 1, "points of log_prob and sample"},
                      {"threads", 2, 1, "threads"},
                      {0}};
  bench_options(
      argc, argv,
      "A flow on points: milliseconds of a step, of log_prob and of sampling, and which part of "
      "the peak that is.",
      o);
  nf_model m = nf_model_default(families[o[MODEL].value], nf_point((size_t)o[DIM].value));
  m.steps = (size_t)o[LAYERS].value;
  m.width = (size_t)o[WIDTH].value;
  task t = {.points = (size_t)o[POINTS].value, .batch = (size_t)o[BATCH].value};
  const size_t rows = t.batch > t.points ? t.batch : t.points;
  t.flow = nf_flow_from_model(&m, &t.e);
  nf_flow_set_threads(t.flow, (int)o[THREADS].value, &t.e);
  bench_need(&t.e);
  const size_t d = nf_flow_dim(t.flow);
  t.x = bench_alloc(d * rows, sizeof *t.x);
  for (size_t i = 0; i < d * rows; i++) t.x[i] = (nf_real)nf_random_normal(2, 0, i);
  t.sample = bench_alloc(d * t.points, sizeof *t.sample);
  t.log_p = bench_alloc(t.points, sizeof *t.log_p);
  bench_perturb(t.flow, 0.1 / (double)m.width);
  nf_train_settings set = nf_train_default();
  set.schedule.rate = 1e-6; /* so slow that all stays finite */
  t.trainer = nf_trainer_new(t.flow, &set, &t.e);

  const double train_s = bench_seconds(train, &t, 1);
  const double log_prob_s = bench_seconds(log_prob, &t, 1);
  const double sample_s = bench_seconds(draw, &t, 1);
  bench_need(&t.e);
  const double peak = bench_peak_rss_mib(); /* without the matrices of SGEMM */
  bench_print("train_step_ms", 1e3 * train_s, "ms");
  bench_print("log_prob_ms", 1e3 * log_prob_s, "ms");
  bench_print("sample_ms", 1e3 * sample_s, "ms");
  double weights = 0;
  nf_flow_tensors(t.flow, count_weights, &weights);
  bench_fractions(2 * weights, (double)t.points / log_prob_s, (double)t.points / sample_s,
                  (double)t.batch / train_s, (int)o[THREADS].value);
  bench_print("peak_rss_mib", peak, "MiB");
  bench_print("parameters", (double)nf_flow_n_param(t.flow), "1");
  nf_trainer_free(t.trainer);
  nf_flow_free(t.flow);
  free(t.x), free(t.sample), free(t.log_p);
  return 0;
}
