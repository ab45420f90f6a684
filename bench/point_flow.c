/* How fast is a flow on points? Its conditioners are MLPs [in, width, width, out], masked in maf.
 * On the plane their matrix products have so few columns that everything around them counts. A
 * training step is forward, backward and Adam. */
#include <string.h>

#include "bench.h"
#include "flow/flow.h" /* tensors */

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
  bench_workload w = {.n = (size_t)o[POINTS].value, .batch = (size_t)o[BATCH].value};
  w.flow = nf_flow_from_model(&m, &w.e);
  nf_flow_set_threads(w.flow, (int)o[THREADS].value, &w.e);
  bench_allocate(&w);
  bench_start_training(&w, 0.1 / (double)m.width, false);

  const double train_s = bench_seconds(bench_train, &w, 1);
  const double log_prob_s = bench_seconds(bench_log_prob, &w, 1);
  const double sample_s = bench_seconds(bench_sample, &w, 1);
  bench_need(&w.e);
  const double peak = bench_peak_rss_mib(); /* without the matrices of SGEMM */
  bench_print("train_step_ms", 1e3 * train_s, "ms");
  bench_print("log_prob_ms", 1e3 * log_prob_s, "ms");
  bench_print("sample_ms", 1e3 * sample_s, "ms");
  double weights = 0;
  nf_flow_tensors(w.flow, count_weights, &weights);
  bench_fractions(2 * weights, (double)w.n / log_prob_s, (double)w.n / sample_s,
                  (double)w.batch / train_s, (int)o[THREADS].value);
  bench_print("peak_rss_mib", peak, "MiB");
  bench_print("parameters", (double)nf_flow_n_param(w.flow), "1");
  bench_workload_free(&w);
  return 0;
}
