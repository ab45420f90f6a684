/* The numbers here are arbitrary, but for what their comments say. */
#include "fixture.h"

#include "data/toy.h"
#include "train/shuffle.h"

bool bits_equal(size_t n, const nf_real *a, const nf_real *b) {
  return memcmp(a, b, n * sizeof *a) == 0;
}

/* --- flows that are not the identity ------------------------------------------------------- */

nf_flow *moved_flow(nf_bijector *b, double amount) {
  nf_flow *f = NULL;
  check_ok(nf_flow_new(&f, b, SEED));
  check_ok(move_weights(f->bijector, amount, SEED));
  return f;
}

nf_flow *small_glow(void) {
  const nf_model m = {.family = NF_GLOW,
                      .shape = {4, 4, 2},
                      .levels = 2,
                      .steps = 2,
                      .width = 5,
                      .scale = NF_SCALE_SIGMOID,
                      .plu = true,
                      .learned_prior = true};
  int status = NF_OK;
  nf_bijector *b = nf_model_new(&m, &status);
  check_ok(status);
  return moved_flow(b, 0.1);
}

nf_batch normal_samples(const nf_flow *f, size_t n, nf_real *x) {
  assert_true(n * f->d <= MAX_VALUES);
  for (size_t k = 0; k < n * f->d; k++) x[k] = NF_R(1 + 2 * nf_random_normal(SEED, 3, k));
  return (nf_batch){n, f->bijector->in, x, 0, 0};
}

/* --- models, with samples and a training of each ------------------------------------------- */

const nf_model image = {.family = NF_GLOW,
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
const nf_model point = {.family = NF_REALNVP,
                        .shape = {1, 1, 3},
                        .levels = 1,
                        .steps = 3,
                        .width = 7,
                        .scale = NF_SCALE_TANH,
                        .alpha = 0.1 + 0.2, /* takes 17 digits */
                        .seed = 5};

nf_batch samples(const nf_model *m, uint64_t draw) {
  static nf_real value[SAMPLES * 16];
  nf_batch x = {.n = SAMPLES, .shape = m->shape, .data = value, .first = SAMPLES * draw};
  for (size_t i = 0; i < nf_batch_size(&x); i++) {
    const double u = nf_random_uniform(3, draw, i);
    value[i] = NF_R(m->pixel_levels > 0 ? floor(u * m->pixel_levels) : 4 * u - 2);
  }
  return x;
}

nf_flow *new_flow(const nf_model *m) {
  nf_flow *flow = NULL;
  int status = NF_OK;
  check_ok(nf_flow_new(&flow, nf_model_new(m, &status), 9));
  const nf_batch x = samples(m, 0);
  check_ok(nf_flow_observe(flow, &x));
  return flow;
}

nf_train_settings settings(void) {
  nf_train_settings set = nf_train_default();
  set.ema = 0.9;
  set.clip = 50;
  set.schedule = (nf_schedule){NF_PLATEAU, 0.01, 3, 0, 0.1, 0.5, 1};
  return set;
}

nf_trainer *new_trainer(nf_flow *flow) {
  nf_trainer *t = NULL;
  const nf_train_settings set = settings();
  check_ok(nf_trainer_new(&t, flow, &set));
  return t;
}

void train(nf_trainer *t, const nf_model *m, int steps) {
  for (int i = 0; i < steps; i++) {
    const nf_batch x = samples(m, t->step);
    check_ok(nf_train_step(t, &x, NULL));
    nf_plateau_report(&t->set.schedule, &t->plateau, 0.1 + 0.2 * (double)(1 + t->step % 3));
  }
}

/* --- a training on two moons ---------------------------------------------------------------- */

enum { POINTS = 2000, BATCH = 150 };

nf_train_settings moons_settings(void) {
  nf_train_settings set = nf_train_default();
  set.schedule = (nf_schedule){NF_PLATEAU, 0.01, 5, 0, 0.01, 0.5, 2};
  set.clip = 1;
  set.ema = 0.9;
  return set;
}

nf_trainer *moons_trainer(int threads, const nf_train_settings *set) {
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

void moons_free(nf_trainer *t) {
  nf_flow *flow = t->flow;
  nf_trainer_free(t);
  nf_flow_free(flow);
}

void moons_train(nf_trainer *t, uint64_t until) {
  static nf_real x[2 * POINTS], batch[2 * BATCH];
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

const char *training_difference(const nf_trainer *a, const nf_trainer *b) {
  const size_t n = a->flow->n_param;
  const nf_plateau *p = &a->plateau, *q = &b->plateau;
  if (a->step != b->step) return "steps";
  if (!bits_equal(n, a->flow->param, b->flow->param)) return "parameters";
  if (!bits_equal(a->flow->n_constant, a->flow->constant, b->flow->constant)) return "constants";
  if (!bits_equal(n, a->m, b->m)) return "m";
  if (!bits_equal(n, a->v, b->v)) return "v";
  if (!bits_equal(n, a->average, b->average)) return "averages";
  if (!(p->best == q->best && p->scale == q->scale && p->waited == q->waited)) return "plateaus";
  return NULL;
}

void check_same_training(const nf_trainer *a, const nf_trainer *b) {
  const char *what = training_difference(a, b);
  if (what != NULL) fail_msg("different %s", what);
}

void copy_training(nf_trainer *to, const nf_trainer *from) {
  const size_t bytes = from->flow->n_param * sizeof(nf_real);
  memcpy(to->flow->param, from->flow->param, bytes);
  memcpy(to->flow->constant, from->flow->constant, from->flow->n_constant * sizeof(nf_real));
  memcpy(to->m, from->m, bytes);
  memcpy(to->v, from->v, bytes);
  memcpy(to->average, from->average, bytes);
  to->step = from->step;
  to->plateau = from->plateau;
}
