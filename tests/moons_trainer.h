/* A trainer of a small Glow on two moons, with all that a run carries along. */
#ifndef NF_TESTS_MOONS_TRAINER_H
#define NF_TESTS_MOONS_TRAINER_H

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "data/toy.h"
#include "flow/models.h"
#include "train/shuffle.h"
#include "train/trainer.h"

enum { POINTS = 2000, BATCH = 150 };

static inline nf_train_settings settings(void) {
  nf_train_settings set = nf_train_default();
  set.schedule = (nf_schedule){NF_PLATEAU, 0.01, 5, 0, 0.01, 0.5, 2};
  set.clip = 1;
  set.ema = 0.9;
  return set;
}

static inline nf_trainer *start(int threads, const nf_train_settings *set) {
  int status = NF_OK;
  nf_flow *flow = NULL;
  nf_trainer *trainer = NULL;
  nf_model model = nf_model_default(NF_GLOW, nf_point(2));
  model.width = 8;
  model.steps = 3;
  check_ok(nf_flow_new(&flow, nf_model_new(&model, &status), 7));
  check_ok(nf_flow_set_threads(flow, threads));
  flow->chunk = 4;
  check_ok(nf_trainer_new(&trainer, flow, set));
  return trainer;
}

static inline void stop(nf_trainer *t) {
  nf_flow *flow = t->flow;
  nf_trainer_free(t);
  nf_flow_free(flow);
}

/* Steps t->step … until - 1 on moons, with a validation loss of the trainer's own every 4. */
static inline void train(nf_trainer *t, uint64_t until) {
  static double x[2 * POINTS], batch[2 * BATCH];
  size_t index[BATCH];
  nf_train_stats stats = {0};
  nf_toy_sample(&nf_toys[0], 1, 0, POINTS, x);
  const nf_batch b = {.n = BATCH, .shape = nf_point(2), .data = batch};
  while (t->step < until) {
    nf_shuffled_batch(1, t->step, POINTS, BATCH, index);
    for (size_t i = 0; i < 2 * BATCH; i++) batch[i] = x[2 * index[i / 2] + i % 2];
    if (t->step == 0) check_ok(nf_flow_observe(t->flow, &b));
    check_ok(nf_train_step(t, &b, &stats));
    if (t->step % 4 == 0) nf_plateau_report(&t->set.schedule, &t->plateau, stats.loss);
  }
}

static inline void expect_same(const nf_trainer *a, const nf_trainer *b) {
  const size_t bytes = a->flow->n_param * sizeof(nf_real);
  assert_memory_equal(a->flow->param, b->flow->param, bytes);
  assert_memory_equal(a->flow->constant, b->flow->constant, a->flow->n_constant * sizeof(nf_real));
  assert_memory_equal(a->m, b->m, bytes);
  assert_memory_equal(a->v, b->v, bytes);
  assert_memory_equal(a->average, b->average, bytes);
  assert_int_equal(a->step, b->step);
  check_close("plateau scale", a->plateau.scale, b->plateau.scale, 0, 0);
  check_close("plateau best", a->plateau.best, b->plateau.best, 0, 0);
  assert_int_equal(a->plateau.waited, b->plateau.waited);
}

/* What a checkpoint does, in memory. */
static inline void copy_state(nf_trainer *to, const nf_trainer *from) {
  const size_t bytes = from->flow->n_param * sizeof(nf_real);
  memcpy(to->flow->param, from->flow->param, bytes);
  memcpy(to->flow->constant, from->flow->constant, from->flow->n_constant * sizeof(nf_real));
  memcpy(to->m, from->m, bytes);
  memcpy(to->v, from->v, bytes);
  memcpy(to->average, from->average, bytes);
  to->step = from->step;
  to->plateau = from->plateau;
}

#endif
