/* Maximum likelihood on points that are new at every step, so the flow cannot overfit. The rate
 * falls as a half cosine from 0.001 to a hundredth of it; the weights that are returned are the
 * moving average θ̄ of nf/train.h. */
#include "learn.h"

#include <math.h>
#include <stdlib.h>

#include "flow/flow.h"

enum { BATCH = 256 };

void learn_need(const nf_error *e) {
  if (e->status == NF_OK) return;
  fprintf(stderr, "figures: %s\n", e->message);
  exit(2);
}

FILE *learn_open(const char *prefix, const char *name) {
  nf_error e = {0};
  char path[4096];
  snprintf(path, sizeof path, "%s%s", prefix, name);
  FILE *f = fopen(path, "w");
  if (f == NULL) nf_fail(&e, NF_EIO, "%s: cannot be written; the folder must exist", path);
  learn_need(&e);
  return f;
}

void learn_close(FILE *f) {
  nf_error e = {0};
  const int failed = ferror(f);
  if (fclose(f) != 0 || failed) nf_fail(&e, NF_EIO, "the columns could not be written");
  learn_need(&e);
}

nf_flow *learn(const nf_toy *toy, size_t couplings, int steps, learn_report *report, void *user) {
  nf_error e = {0};
  nf_real x[2 * BATCH];
  nf_model model = nf_model_default(NF_REALNVP, nf_point(2));
  nf_train_settings set = nf_train_default();
  model.steps = couplings;
  model.width = 64;
  set.schedule = (nf_schedule){NF_COSINE, 0.001, (uint64_t)steps / 50, (uint64_t)steps, 0.01, 0, 0};
  set.clip = 5;
  set.ema = 0.999;
  nf_flow *flow = nf_flow_from_model(&model, &e);
  nf_trainer *trainer = nf_trainer_new(flow, &set, &e);
  learn_need(&e);
  flow->chunk = BATCH; /* one thread a flow */
  for (int step = 0;; step++) {
    if (report != NULL || step == steps) nf_trainer_swap_ema(trainer);
    if (report != NULL) report(user, step, flow);
    if (step == steps) break;
    if (report != NULL) nf_trainer_swap_ema(trainer);
    nf_toy_sample(toy, 1, (uint64_t)step * BATCH, BATCH, x);
    nf_train_step(trainer, BATCH, x, NULL, &e);
    learn_need(&e);
  }
  nf_trainer_free(trainer);
  return flow;
}

double learn_log_density(const nf_toy *toy, const nf_real x[2]) {
  return toy->log_density((double[2]){(double)x[0], (double)x[1]});
}

void learn_densities(FILE *f, const nf_toy *toy, double extent, int side, int fine, int n,
                     nf_flow *const flow[]) {
  enum { FLOWS = 8, POINTS = 256 * 4 * 4 };
  static nf_real x[2 * POINTS];
  static double log_p[FLOWS][POINTS];
  nf_error e = {0};
  const int of_cell = fine * fine, points = side * of_cell;
  const double cell = 2 * extent / side;
  for (int row = 0; row < side; row++, fputc('\n', f)) {
    for (int i = 0; i < points; i++) {
      x[2 * i] = (nf_real)((i / of_cell + (i % fine + 0.5) / fine) * cell - extent);
      x[2 * i + 1] = (nf_real)((row + (i / fine % fine + 0.5) / fine) * cell - extent);
    }
    for (int k = 0; k < n; k++) nf_flow_log_prob(flow[k], (size_t)points, x, log_p[k], &e);
    learn_need(&e);
    for (int column = 0; column < side; column++, fputc('\n', f)) {
      double p[1 + FLOWS] = {0};
      for (int i = column * of_cell; i < (column + 1) * of_cell; i++) {
        p[0] += exp(learn_log_density(toy, x + 2 * i)) / of_cell;
        for (int k = 0; k < n; k++) p[1 + k] += exp(log_p[k][i]) / of_cell;
      }
      fprintf(f, "%.6g %.6g", (column + 0.5) * cell - extent, (row + 0.5) * cell - extent);
      for (int k = 0; k <= n; k++) fprintf(f, " %.4g", p[k]);
    }
  }
}
