/* Training as the page does it: points (n, 2), mini-batches from the shuffled order of nf/train.h,
 * Adam with the norm of the gradient clipped. The native program that the page is compared with
 * calls the same functions (web/native.c). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nf/data.h"
#include "nf/train.h"
#include "page.h"

/* --- the toy densities: by their place in the list; NULL at the end --------------------------- */

const char *EXPORT(page_toy)(int i) { return i < NF_TOYS ? nf_toys[i].name : NULL; }
void EXPORT(page_toy_points)(int i, unsigned seed, int n, nf_real *x) {
  nf_toy_sample(&nf_toys[i], seed, 0, (size_t)n, x);
}
/* h(p) = -E log p over n points, nats (NOTES (5.2)) */
double EXPORT(page_toy_entropy)(int i, int n) {
  double sum = 0;
  for (int k = 0; k < n; k++) {
    nf_real x[2];
    nf_toy_sample(&nf_toys[i], 2, (uint64_t)k, 1, x);
    sum -= nf_toys[i].log_density((const double[]){(double)x[0], (double)x[1]});
  }
  return sum / n;
}

/* --- a trainer with its batches ------------------------------------------------------------- */

typedef struct {
  nf_trainer *trainer;
  uint64_t seed, step;
  size_t batch;
  nf_real *x;
  const nf_flow *flow;
  size_t index[];
} page_trainer;

static nf_train_settings at_rate(const nf_flow *f, double rate) {
  nf_train_settings settings = nf_train_default();
  settings.matching = nf_flow_model(f)->family == NF_FM;
  settings.schedule.rate = rate;
  settings.clip = 10;
  return settings;
}

page_trainer *EXPORT(page_trainer_new)(nf_flow *f, double rate, int batch, unsigned seed) {
  const nf_train_settings settings = at_rate(f, rate);
  page_e = (nf_error){0};
  page_trainer *t = calloc(1, sizeof *t + (size_t)batch * sizeof *t->index);
  if (t == NULL) return NULL;
  t->trainer = nf_trainer_new(f, &settings, &page_e);
  t->flow = f, t->seed = seed, t->batch = (size_t)batch;
  t->x = malloc((size_t)batch * 2 * sizeof *t->x);
  return t;
}
void EXPORT(page_trainer_free)(page_trainer *t) {
  nf_trainer_free(t->trainer);
  free(t->x);
  free(t);
}

/* From the next step on. */
int EXPORT(page_trainer_rate)(page_trainer *t, double rate) {
  const nf_train_settings settings = at_rate(t->flow, rate);
  page_e = (nf_error){0};
  return nf_trainer_set(t->trainer, &settings, &page_e);
}

/* `steps` steps on points x (n, 2), n ≥ batch; loss[k] is that before step k, nats. Returns the
 * steps done: fewer when one failed. */
int EXPORT(page_train)(page_trainer *t, int n, const nf_real *x, int steps, double *loss) {
  page_e = (nf_error){0};
  for (int k = 0; k < steps; k++) {
    nf_train_stats stats = {0};
    nf_shuffled_batch(t->seed, t->step, (size_t)n, t->batch, t->index);
    for (size_t i = 0; i < t->batch; i++) memcpy(t->x + 2 * i, x + 2 * t->index[i], 2 * sizeof *x);
    if (nf_train_step(t->trainer, t->batch, t->x, &stats, &page_e) != NF_OK) return k;
    t->step++;
    loss[k] = stats.loss;
  }
  return steps;
}
