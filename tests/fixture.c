/* The numbers here are arbitrary, but for what their comments say. */
#include "fixture.h"

bool bits_equal(size_t n, const nf_real *a, const nf_real *b) {
  return memcmp(a, b, n * sizeof *a) == 0;
}

/* --- flows that are not the identity -------------------------------------------------------- */

nf_flow *moved_flow(nf_bijector *b, double amount) {
  nf_error e = {0};
  nf_flow *f = nf_flow_new(b, SEED, &e);
  check_no_error(&e);
  check_ok(move_weights(f, amount, SEED));
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
  return moved_flow(nf_bijector_from_model(&m, NULL), 0.1);
}

void normal_samples(const nf_flow *f, size_t n, nf_real *x) {
  assert_true(n * nf_flow_dim(f) <= MAX_VALUES);
  for (size_t k = 0; k < n * nf_flow_dim(f); k++) x[k] = 1 + 2 * nf_random_normal(SEED, 3, k);
}

/* --- models, with samples and a training of each -------------------------------------------- */

const nf_model image = {.family = NF_GLOW,
                        .shape = {4, 4, 1},
                        .levels = 2,
                        .steps = 2,
                        .width = 5,
                        .scale = NF_SCALE_SIGMOID,
                        .plu = true,
                        .learned_prior = true,
                        .bins = 17,
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

const nf_model gated = {.family = NF_SINGLE_SCALE,
                        .shape = {3, 5, 1},
                        .levels = 1,
                        .steps = 2,
                        .width = 3,
                        .scale = NF_SCALE_CLAMP,
                        .bins = 17,
                        .alpha = 0.01,
                        .seed = 6,
                        .net = NF_NET_GATED,
                        .blocks = 2};

const nf_real *samples(const nf_model *m, uint64_t draw) {
  static nf_real value[SAMPLES * 16];
  for (size_t i = 0; i < SAMPLES * nf_shape_size(m->shape); i++) {
    const double u = nf_random_uniform(3, draw, i);
    value[i] = m->bins > 0 ? floor(u * m->bins) : 4 * u - 2;
  }
  return value;
}

nf_flow *new_flow(const nf_model *m) {
  nf_error e = {0};
  nf_flow *flow = nf_flow_from_model(m, &e);
  nf_flow_init_from_data(flow, SAMPLES, samples(m, 0), &e);
  check_no_error(&e);
  return flow;
}

nf_train_settings settings(void) {
  nf_train_settings set = nf_train_default();
  set.ema = 0.9;
  set.clip = 50;
  set.schedule = (nf_schedule){NF_PLATEAU, 0.01, 3, 0, 0.1, 0.5, 1};
  return set;
}

static nf_trainer *trainer_of(nf_flow *flow, const nf_train_settings *set) {
  nf_error e = {0};
  nf_trainer *t = nf_trainer_new(flow, set, &e);
  check_no_error(&e);
  return t;
}

nf_trainer *new_trainer(nf_flow *flow) {
  const nf_train_settings set = settings();
  return trainer_of(flow, &set);
}

void train(nf_trainer *t, const nf_model *m, int steps) {
  for (int i = 0; i < steps; i++) {
    nf_error e = {0};
    nf_train_step(t, SAMPLES, samples(m, nf_trainer_steps(t)), NULL, &e);
    check_no_error(&e);
    nf_trainer_report(t, 0.1 + 0.2 * (double)(1 + nf_trainer_steps(t) % 3));
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
  nf_error e = {0};
  nf_model model = nf_model_default(NF_GLOW, nf_point(2));
  model.width = 8;
  model.steps = 3;
  model.seed = 7;
  nf_flow *flow = nf_flow_from_model(&model, &e);
  nf_flow_set_threads(flow, threads, &e);
  check_no_error(&e);
  flow->chunk = 4;
  return trainer_of(flow, set);
}

void moons_train(nf_trainer *t, uint64_t until) {
  static nf_real x[2 * POINTS], batch[2 * BATCH];
  size_t index[BATCH];
  nf_train_stats stats = {0};
  nf_error e = {0};
  nf_toy_sample(&nf_toys[0], 1, 0, POINTS, x);
  while (nf_trainer_steps(t) < until) {
    nf_shuffled_batch(1, nf_trainer_steps(t), POINTS, BATCH, index);
    for (size_t i = 0; i < 2 * BATCH; i++) batch[i] = x[2 * index[i / 2] + i % 2];
    if (nf_trainer_steps(t) == 0) nf_flow_init_from_data(t->flow, BATCH, batch, &e);
    nf_train_step(t, BATCH, batch, &stats, &e);
    check_no_error(&e);
    if (nf_trainer_steps(t) % 4 == 0) nf_trainer_report(t, stats.loss);
  }
}

void trainer_free(nf_trainer *t) {
  nf_flow *flow = t->flow;
  nf_trainer_free(t);
  nf_flow_free(flow);
}

const char *training_difference(const nf_trainer *a, const nf_trainer *b) {
  const size_t n = a->flow->n_param;
  const nf_plateau *p = &a->plateau, *q = &b->plateau;
  if (a->step != b->step) return "steps";
  if (!bits_equal(n, a->flow->param, b->flow->param)) return "parameters";
  if (!bits_equal(a->flow->n_constant, a->flow->constant, b->flow->constant)) return "constants";
  if (!bits_equal(n, a->m, b->m)) return "m";
  if (!bits_equal(n, a->v, b->v)) return "v";
  if (a->has_ema != b->has_ema || (a->has_ema && !bits_equal(n, a->ema, b->ema))) return "averages";
  if (p->best != q->best || p->scale != q->scale || p->bad_reports != q->bad_reports)
    return "plateaus";
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
  if (from->has_ema) memcpy(to->ema, from->ema, bytes);
  to->step = from->step;
  to->plateau = from->plateau;
}
