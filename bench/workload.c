/* A flow at work: its samples, its trainer, and what is timed of it. */
#include <stdlib.h>

#include "bench.h"

void bench_allocate(bench_workload *w) {
  bench_need(&w->e);
  const size_t d = nf_flow_dim(w->flow);
  const size_t size = d * (w->n > w->batch ? w->n : w->batch);
  w->x = bench_alloc(size, sizeof *w->x);
  for (size_t i = 0; i < size; i++) w->x[i] = (nf_real)nf_random_normal(2, 0, i);
  w->sample = bench_alloc(d * w->n, sizeof *w->sample);
  w->log_p = bench_alloc(w->n, sizeof *w->log_p);
}

void bench_start_training(bench_workload *w, double scale, bool fused) {
  nf_real *param = nf_flow_param(w->flow);
  for (size_t i = 0; i < nf_flow_n_param(w->flow); i++)
    param[i] += (nf_real)(scale * nf_random_normal(3, 0, i));
  nf_train_settings set = nf_train_default();
  set.schedule.rate = 1e-6;
  set.fused = fused;
  w->trainer = nf_trainer_new(w->flow, &set, &w->e);
  bench_need(&w->e);
}

void bench_workload_free(bench_workload *w) {
  nf_trainer_free(w->trainer);
  nf_flow_free(w->flow);
  free(w->x), free(w->sample), free(w->log_p);
}

void bench_log_prob(void *workload) {
  bench_workload *w = workload;
  nf_flow_log_prob(w->flow, w->n, w->x, w->log_p, &w->e);
}

void bench_sample(void *workload) {
  bench_workload *w = workload;
  nf_flow_sample(w->flow, w->n, 1, 1, w->sample, &w->e);
}

void bench_train(void *workload) {
  bench_workload *w = workload;
  nf_train_step(w->trainer, w->batch, w->x, NULL, &w->e);
}
