/* Columns for the figure of the toy densities and of the flows that learned them:
 *
 *   TOY.dat   x₁ x₂, then p of the data and p of each flow on a grid (learn_densities)
 *   kl.dat    the flow's file without its ending, its parameters, KL(data‖flow) in nats on points
 *             that it did not see, and the standard error; the toys one after another
 *
 *   densities FOLDER   reads FOLDER/TOY_MODEL.safetensors and writes the files beside them */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "learn.h"

enum { MODELS = 5, HELD_OUT = 20000, SIDE = 125 };
static const char *const models[MODELS] = {"realnvp", "maf", "nsf", "cnf", "fm"};
static nf_error e;

static nf_flow *load(const char *folder, const char *toy, const char *model) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s_%s.safetensors", folder, toy, model);
  nf_flow *flow = nf_load(path, &e);
  if (flow != NULL) nf_flow_set_threads(flow, 2, &e);
  learn_need(&e);
  return flow;
}

static FILE *columns_of(const char *folder, const char *name) {
  char prefix[4096];
  snprintf(prefix, sizeof prefix, "%s/%s", folder, name);
  return learn_open(prefix, ".dat");
}

static void kl(FILE *f, const nf_toy *toy, const char *model, nf_flow *flow) {
  static nf_real x[2 * HELD_OUT];
  static double log_p[HELD_OUT];
  double mean = 0, square = 0;
  nf_toy_sample(toy, 2, 0, HELD_OUT, x); /* nf train draws with seed 1 */
  nf_flow_log_prob(flow, HELD_OUT, x, log_p, &e);
  learn_need(&e);
  for (int i = 0; i < HELD_OUT; i++) {
    const double d = learn_log_density(toy, x + 2 * i) - log_p[i];
    mean += d / HELD_OUT, square += d * d / HELD_OUT;
  }
  fprintf(f, "%s_%s %zu %.4f %.4f\n", toy->name, model, nf_flow_n_param(flow), mean,
          sqrt((square - mean * mean) / HELD_OUT));
}

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    double extent; /* the grid is of [-extent, extent]² */
  } toys[] = {{"moons", 1.9}, {"gaussians", 2.8}, {"rings", 2.5}, {"banana", 3}};
  if (argc != 2) {
    fprintf(stderr, "densities: usage: densities FOLDER of the flows\n");
    return 2;
  }
  FILE *divergences = columns_of(argv[1], "kl");
  for (size_t t = 0; t < sizeof toys / sizeof *toys; t++) {
    const nf_toy *toy = nf_toy_find(toys[t].name, &e);
    learn_need(&e);
    nf_flow *flow[MODELS];
    for (int k = 0; k < MODELS; k++) {
      flow[k] = load(argv[1], toy->name, models[k]);
      kl(divergences, toy, models[k], flow[k]);
    }
    FILE *f = columns_of(argv[1], toy->name);
    learn_densities(f, toy, toys[t].extent, SIDE, 2, MODELS, flow);
    learn_close(f);
    for (int k = 0; k < MODELS; k++) nf_flow_free(flow[k]);
  }
  learn_close(divergences);
  return 0;
}
