/* Learns the density of points, prints it on a grid, draws samples, saves the flow and loads it.
 *
 *   cc $(pkg-config --cflags nf) moons.c $(pkg-config --libs nf) -o moons && ./moons moons.csv */
#include <math.h>
#include <nf/nf.h>
#include <stdio.h>

enum { STEPS = 1000, ROWS = 21, COLUMNS = 61, GRID = ROWS * COLUMNS, SAMPLES = 4 };

int main(int argc, char **argv) {
  nf_error e = {0}; /* the first error stays, and then every call does nothing */
  nf_points data = {0};
  nf_points_read_csv(argc > 1 ? argv[1] : "moons.csv", &data, &e);
  if (data.d != 2) nf_fail(&e, NF_ESHAPE, "a point has %zu values, not 2", data.d);

  nf_model model = nf_model_default(NF_REALNVP, nf_point(2));
  model.width = 16; /* hidden units: few, as there are few points */
  nf_flow *flow = nf_flow_from_model(&model, &e);
  nf_flow_init_from_data(flow, data.n, data.x, &e);
  nf_train_settings settings = nf_train_default();
  nf_trainer *trainer = nf_trainer_new(flow, &settings, &e);
  nf_train_stats stats = {0};
  for (int t = 0; t < STEPS; t++) nf_train_step(trainer, data.n, data.x, &stats, &e);
  static nf_real grid[2 * GRID], sample[2 * SAMPLES];
  static double log_p[GRID], again[GRID];
  for (int i = 0; i < GRID; i++) {
    grid[2 * i] = (nf_real)(-2 + i % COLUMNS * 4. / (COLUMNS - 1));
    grid[2 * i + 1] = (nf_real)(1.25 - i / COLUMNS * 2.5 / (ROWS - 1));
  }
  nf_flow_log_prob(flow, GRID, grid, log_p, &e);
  nf_flow_sample(flow, SAMPLES, 1, 1.0, sample, &e);
  nf_save("moons.safetensors", flow, trainer, &e);
  nf_flow *loaded = nf_load("moons.safetensors", &e);
  nf_flow_log_prob(loaded, GRID, grid, again, &e);
  if (e.status != NF_OK) {
    fprintf(stderr, "moons: %s\n", e.message);
    return 2;
  }
  int same = 0;
  for (int i = 0; i < GRID; i++) {
    same += log_p[i] == again[i];
    printf("%c%s", " .:-=+*#"[(int)fmin(15 * exp(log_p[i]), 7)], (i + 1) % COLUMNS ? "" : "\n");
  }
  for (int i = 0; i < SAMPLES; i++) printf("sample%8.3f%8.3f\n", sample[2 * i], sample[2 * i + 1]);
  printf("loss %.3f nats; as loaded, log p is the same at %d of %d\n", stats.loss, same, GRID);
  nf_trainer_free(trainer);
  nf_flow_free(flow);
  nf_flow_free(loaded);
  nf_points_free(&data);
}
