/* How fast is an image flow? A Glow on 32×32×3: actnorm, 1×1 convolution as P·L·U, affine
 * coupling with a 3×3 → 1×1 → 3×3 ConvNet, learned split prior. Rates are images a second, and
 * fractions of the peak (bench.h). A training step is forward, backward and Adam. */
#include "bench.h"
#include "flow/flow.h" /* chunk and activation_budget */

/* Multiplications and additions of one image forward: those of matrix products, no others. */
static double useful_flops(size_t levels, size_t steps, size_t width) {
  double flops = 0;
  size_t side = 32, c = 3;
  for (size_t level = 0; level < levels; level++) {
    side /= 2, c *= 4;
    const double pixels = (double)(side * side), ca = (double)(c / 2), w = (double)width;
    const double conditioner = 9 * ca * w + w * w + 9 * w * 2 * ca;
    flops += 2 * pixels * (double)steps * ((double)(c * c) + conditioner);
    if (level + 1 < levels) flops += 2 * pixels * 9 * ca * 2 * ca;
    c /= 2;
  }
  return flops;
}

int main(int argc, char **argv) {
  enum { LEVELS, STEPS, WIDTH, BATCH, THREADS, BUDGET, CHUNK, FUSED };
  bench_option o[] = {
      {"levels", 3, 1, "scales"},
      {"steps", 8, 1, "steps of flow per scale"},
      {"width", 512, 1, "channels of the conditioners"},
      {"batch", 16, 1, "images"},
      {"threads", 2, 1, "threads"},
      {"budget", 48, 0,
       "MiB of activations a thread saves for backward; the others it computes again"},
      {"chunk", 4, 1, "images that go through the layers together"},
      {"fused", 0, 0, "1: Adam within backward, stage by stage"},
      {0}};
  bench_options(argc, argv,
                "A Glow on 32x32x3: images a second, and which part of the peak that is.", o);
  nf_model m = nf_model_default(NF_GLOW, nf_image(32, 32, 3));
  m.levels = (size_t)o[LEVELS].value;
  m.steps = (size_t)o[STEPS].value;
  m.width = (size_t)o[WIDTH].value;
  const size_t n = (size_t)o[BATCH].value;
  bench_workload w = {.n = n, .batch = n};
  w.flow = nf_flow_from_model(&m, &w.e);
  nf_flow_set_threads(w.flow, (int)o[THREADS].value, &w.e);
  bench_allocate(&w);
  w.flow->activation_budget = (size_t)o[BUDGET].value << 20;
  w.flow->chunk = (size_t)o[CHUNK].value;
  for (size_t i = 0; i < n * nf_flow_dim(w.flow); i++)
    w.x[i] = (nf_real)(nf_random_bits(2, 0, i) % 256);
  nf_flow_init_from_data(w.flow, n, w.x, &w.e);
  bench_start_training(&w, 0.1 / (double)m.width, o[FUSED].value > 0);

  const double log_prob_rate = (double)n / bench_seconds(bench_log_prob, &w, 3);
  const double sample_rate = (double)n / bench_seconds(bench_sample, &w, 3);
  const double train_rate = (double)n / bench_seconds(bench_train, &w, 3);
  bench_need(&w.e);
  const double peak = bench_peak_rss_mib(); /* without the matrices of SGEMM */
  bench_print("log_prob_img_s", log_prob_rate, "1/s");
  bench_print("sample_img_s", sample_rate, "1/s");
  bench_print("train_img_s", train_rate, "1/s");
  bench_fractions(useful_flops(m.levels, m.steps, m.width), log_prob_rate, sample_rate, train_rate,
                  (int)o[THREADS].value);
  bench_print("peak_rss_mib", peak, "MiB");
  bench_print("parameters", (double)nf_flow_n_param(w.flow), "1");
  bench_workload_free(&w);
  return 0;
}
