/* Two small flows, of images and of points, with data and a short training: for the tests of
 * checkpoints. */
#ifndef NF_TESTS_SMALL_FLOW_H
#define NF_TESTS_SMALL_FLOW_H

#include "check.h"
#include "flow/models.h"
#include "train/trainer.h"

static const nf_model image = {.family = NF_GLOW,
                               .shape = {4, 4, 1},
                               .levels = 2,
                               .steps = 2,
                               .width = 5,
                               .scale = NF_SCALE_SIGMOID,
                               .plu = true,
                               .learned_prior = true,
                               .pixel_levels = 17,
                               .alpha = 0.05,
                               .seed = 18446744073709551615u};
static const nf_model point = {.family = NF_REALNVP,
                               .shape = {1, 1, 3},
                               .levels = 1,
                               .steps = 3,
                               .width = 7,
                               .scale = NF_SCALE_TANH,
                               .alpha = 0.1 + 0.2, /* takes 17 digits */
                               .seed = 5};

/* 16 samples that fit the model, different for each `turn`. */
static inline nf_batch samples(const nf_model *m, uint64_t turn) {
  static nf_real value[16 * 16];
  nf_batch x = {.n = 16, .shape = m->shape, .data = value, .first = 16 * turn};
  for (size_t i = 0; i < nf_batch_size(&x); i++) {
    const double u = nf_random_uniform(3, turn, i);
    value[i] = m->pixel_levels > 0 ? floor(u * m->pixel_levels) : 4 * u - 2;
  }
  return x;
}

static inline nf_flow *new_flow(const nf_model *m) {
  nf_flow *flow = NULL;
  int status = NF_OK;
  check_ok(nf_flow_new(&flow, nf_model_new(m, &status), 9));
  const nf_batch x = samples(m, 0);
  check_ok(nf_flow_observe(flow, &x));
  return flow;
}

static inline nf_train_settings settings(void) {
  nf_train_settings set = nf_train_default();
  set.ema = 0.9;
  set.clip = 50;
  set.schedule = (nf_schedule){NF_PLATEAU, 0.01, 3, 0, 0.1, 0.5, 1};
  return set;
}

static inline void train(nf_trainer *t, const nf_model *m, int steps) {
  for (int i = 0; i < steps; i++) {
    const nf_batch x = samples(m, t->step);
    check_ok(nf_train_step(t, &x, NULL));
    nf_plateau_report(&t->set.schedule, &t->plateau, 0.1 + 0.2 * (double)(1 + t->step % 3));
  }
}

static inline nf_trainer *new_trainer(nf_flow *flow) {
  nf_trainer *t = NULL;
  const nf_train_settings set = settings();
  check_ok(nf_trainer_new(&t, flow, &set));
  return t;
}

#endif
