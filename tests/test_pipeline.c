/* nf train, which calculates in float, step by step against what it is to do, in double and from
 * the formulas alone: which samples it trains on, initialises with and holds out, and which noise
 * each of them gets. Of n samples, m of them held out, B in a batch, s the seed:
 *
 *   order     o(i) = first + shuffled(s, 2⁶⁴-1, n, i), of which o(0) … o(m-1) are held out
 *   start     min(n-m, max(32, min(1024, 65536/D))) samples o(m), … for the layers that need data
 *   step t    of epoch e = ⌊t/k⌋, k = ⌊(n-m)/B⌋; its sample i is
 *             o(m + shuffled(s, e, n-m, (t mod k)·B + i)), with the noise of number t·B + i, draw 0
 *   average   θ̄ ← d θ̄ + (1-d) θ,  d = min(ema, (1+t)/(10+t));  validated with draw 1 */
#include <math.h>

#include "flow/flow.h"
#include "folder.h"
#include "nf/nf.h"

enum { STEPS = 60 };
typedef struct {
  const char *words; /* of the command line */
  nf_model model;
  size_t first, n, held, batch, start, every, steps, warmup;
  double rate, ema, clip;
  bool adamax, constant;
  bool endless; /* a toy density: behind its set are the points of the steps */
} plan;

typedef struct {
  const plan *p;
  nf_flow *flow;
  const nf_real *set; /* all samples */
  size_t d, n_param;
  nf_real *gradient, *m, *v, *average;
} run;

/* A row of the log. */
typedef struct {
  double step, epoch, loss, norm, rate, validation; /* NAN: none */
} row;

static size_t held_or_trained(const plan *p, size_t i) {
  return p->first + nf_shuffled(p->model.seed, UINT64_MAX, p->n, i);
}

static nf_batch new_batch(const run *r, size_t n) {
  nf_batch x = {.n = n, .shape = r->p->model.shape, .data = malloc(n * r->d * sizeof *x.data)};
  assert_non_null(x.data);
  return x;
}
static void put(const run *r, nf_batch *x, size_t i, size_t sample) {
  memcpy(x->data + i * r->d, r->set + sample * r->d, r->d * sizeof *x->data);
}

static void start(run *r) {
  nf_batch x = new_batch(r, r->p->start);
  for (size_t i = 0; i < x.n; i++) put(r, &x, i, held_or_trained(r->p, r->p->held + i));
  check_ok(nf_flow_init_from_data(r->flow, x.n, x.data, NULL));
  memcpy(r->average, r->flow->param, r->n_param * sizeof *r->average);
  free(x.data);
}

static double rate_of(const plan *p, size_t t) { /* cosine, from 1 to 0.01 */
  const double done = ((double)t - (double)p->warmup) / (double)(p->steps - p->warmup);
  const double cosine = 0.01 + 0.99 * (1 + cos(acos(-1) * fmax(done, 0))) / 2;
  return p->rate * fmin(1, (double)t / (double)p->warmup) * (p->constant ? 1 : cosine);
}

static void update(run *r, double t, double rate, double norm) {
  const plan *p = r->p;
  const double shrink = p->clip > 0 && norm > p->clip ? p->clip / norm : 1;
  const double d = fmin(p->ema, (1 + t) / (10 + t));
  nf_real *param = r->flow->param;
  for (size_t i = 0; i < r->n_param; i++) {
    const double g = r->gradient[i] * shrink;
    r->m[i] = 0.9 * r->m[i] + 0.1 * g;
    r->v[i] = p->adamax ? fmax(0.999 * r->v[i], fabs(g)) : 0.999 * r->v[i] + 0.001 * g * g;
    const double size = p->adamax ? r->v[i] : sqrt(r->v[i] / (1 - pow(0.999, t)));
    param[i] -= rate * r->m[i] / (1 - pow(0.9, t)) / (size + 1e-8);
    r->average[i] = d * r->average[i] + (1 - d) * param[i];
  }
}

static row step(run *r, size_t t) {
  const plan *p = r->p;
  const size_t trained = p->n - p->held, per_epoch = trained / p->batch, epoch = t / per_epoch;
  nf_batch x = new_batch(r, p->batch);
  for (size_t i = 0; i < x.n; i++) {
    const size_t at = nf_shuffled(p->model.seed, epoch, trained, t % per_epoch * p->batch + i);
    put(r, &x, i, p->endless ? p->n + t * p->batch + i : held_or_trained(p, p->held + at));
  }
  x.first = t * p->batch;
  row w = {(double)t + 1, (double)epoch, 0, 0, rate_of(p, t + 1), NAN};
  check_ok(nf_flow_gradient_batch(r->flow, &x, &w.loss, r->gradient, NULL));
  for (size_t i = 0; i < r->n_param; i++) w.norm += r->gradient[i] * r->gradient[i];
  w.norm = sqrt(w.norm);
  update(r, w.step, w.rate, w.norm);
  free(x.data);
  return w;
}

/* With the weights given, of what is held out. */
static double mean_loss(const run *r, const nf_real *weights) {
  const size_t size = r->n_param * sizeof *weights;
  nf_real *before = malloc(size);
  nf_batch x = new_batch(r, r->p->held);
  double *log_p = malloc(x.n * sizeof *log_p), sum = 0;
  for (size_t i = 0; i < x.n; i++) put(r, &x, i, held_or_trained(r->p, i));
  x.draw = 1;
  memcpy(before, r->flow->param, size);
  memmove(r->flow->param, weights, size);
  check_ok(nf_flow_log_prob_batch(r->flow, &x, log_p, NULL));
  memcpy(r->flow->param, before, size);
  for (size_t i = 0; i < x.n; i++) sum -= log_p[i] / (double)x.n;
  free(before), free(x.data), free(log_p);
  return sum;
}

static void train(run *r, row rows[STEPS]) {
  start(r);
  for (size_t t = 0; t < r->p->steps; t++) {
    rows[t] = step(r, t);
    if ((t + 1) % r->p->every == 0 || t + 1 == r->p->steps)
      rows[t].validation = mean_loss(r, r->average);
  }
}

/* --- what nf does, and the comparison ------------------------------------------------------- */

static void nf_train(const plan *p) {
  char command[1000];
  const char *b = getenv("B");
  snprintf(command, sizeof command, "'%s/nf' train %s --out '%s' > '%s'", b != NULL ? b : "build",
           p->words, folder_path("m.safetensors"), folder_path("printed"));
  assert_int_equal(system(command), 0);
}

static void check_row(const char *line, const row *w, double unit) {
  char validation[32] = "";
  row got;
  if (sscanf(line, "%lf,%lf,%*f,%lf,%lf,%lf,%31s", &got.step, &got.epoch, &got.loss, &got.norm,
             &got.rate, validation) < 5)
    fail_msg("no row of a log: %s", line);
  check_close("step", got.step, w->step, 0, 0);
  check_close("epoch", got.epoch, w->epoch, 0, 0);
  check_close("loss", got.loss, w->loss / unit, 3e-4, 0);
  check_close("gradient norm", got.norm, w->norm, 0, 3e-3);
  check_close("rate", got.rate, w->rate, 0, 1e-5);
  assert_int_equal(validation[0] == 0, isnan(w->validation));
  if (validation[0] != 0)
    check_close("validation", atof(validation), w->validation / unit, 3e-4, 0);
}

static nf_flow *load(const char *name) {
  nf_flow *flow = nf_load(folder_path(name), NULL);
  assert_non_null(flow);
  return flow;
}

/* The log; the weights of the best validation; those of the end. */
static void compare(const plan *p, const nf_real *set) {
  row rows[STEPS];
  run r = {.p = p, .flow = nf_flow_from_model(&p->model, NULL), .set = set};
  r.d = nf_flow_dim(r.flow), r.n_param = nf_flow_n_param(r.flow);
  nf_real *memory = calloc(4 * r.n_param, sizeof *memory);
  assert_non_null(memory);
  r.gradient = memory, r.m = memory + r.n_param, r.v = memory + 2 * r.n_param;
  r.average = memory + 3 * r.n_param;
  train(&r, rows);
  nf_train(p);

  const double unit = p->model.bins > 0 ? (double)r.d * log(2) : 1;
  char line[256];
  FILE *f = fopen(folder_path("m.log.csv"), "r");
  assert_non_null(f);
  assert_non_null(fgets(line, sizeof line, f));
  double best = INFINITY;
  for (size_t t = 0; t < p->steps; t++) {
    assert_non_null(fgets(line, sizeof line, f));
    check_row(line, &rows[t], unit);
    best = fmin(best, isnan(rows[t].validation) ? best : rows[t].validation);
  }
  assert_null(fgets(line, sizeof line, f));
  fclose(f);

  nf_flow *saved = load("m.safetensors"), *last = load("m.last.safetensors");
  check_close("best", mean_loss(&r, saved->param) / unit, best / unit, 3e-4, 0);
  check_close("last", mean_loss(&r, last->param) / unit, mean_loss(&r, r.flow->param) / unit, 3e-4,
              0);
  nf_flow_free(saved);
  nf_flow_free(last);
  nf_flow_free(r.flow);
  free(memory);
  folder_remove_path(folder_path("m.safetensors"));
  folder_remove_path(folder_path("m.last.safetensors"));
  folder_remove_path(folder_path("m.log.csv"));
}

static void compare_images(plan *p, int (*load_set)(nf_images *, nf_error *)) {
  nf_images set = {0};
  check_ok(load_set(&set, NULL));
  const size_t size = set.n * nf_shape_size(set.shape);
  nf_real *value = malloc(size * sizeof *value);
  for (size_t i = 0; i < size; i++) value[i] = set.pixel[i];
  p->model.bins = set.bins;
  compare(p, value);
  free(value);
  nf_images_free(&set);
}

/* With the defaults that do not depend on the number of samples or steps. */
static plan new_plan(const char *words, nf_family family, nf_shape shape, size_t n, size_t steps) {
  return (plan){.words = words,
                .model = nf_model_default(family, shape),
                .n = n,
                .batch = 64,
                .start = 1024,
                .steps = steps,
                .rate = 0.001,
                .ema = 0.999};
}

/* All settings, and a range of 800 samples from 100. */
static void digits_of_a_range(void **state) {
  (void)state;
  plan p = new_plan(
      "--data digits --range 100:900 --levels 2 --depth 1 --width 6 --batch 24 "
      "--holdout 70 --every 7 --steps 60 --seed 3 --warmup 5 --rate 0.002 --ema 0.8 "
      "--clip 30 --alpha 0.1 --threads 2",
      NF_GLOW, nf_image(8, 8, 1), 800, 60);
  p.first = 100, p.held = 70, p.batch = 24, p.start = 730, p.every = 7, p.warmup = 5;
  p.rate = 0.002, p.ema = 0.8, p.clip = 30;
  p.model.levels = 2, p.model.steps = 1, p.model.width = 6, p.model.seed = 3, p.model.alpha = 0.1;
  compare_images(&p, nf_images_digits);
}

/* Every default but the length; an epoch has 25 batches. */
static void digits_by_default(void **state) {
  (void)state;
  plan p = new_plan("--data digits --steps 27", NF_GLOW, nf_image(8, 8, 1), 1797, 27);
  p.held = 179, p.every = 25, p.warmup = 2;
  compare_images(&p, nf_images_digits);
}

/* 3072 values: the layers start with 32 samples. */
static void icons_start_with_32(void **state) {
  (void)state;
  plan p = new_plan(
      "--data icons --levels 1 --depth 1 --width 4 --batch 4 --every 2 --steps 8 "
      "--rate 0.05 --decay constant --warmup 1 --ema 0",
      NF_GLOW, nf_image(32, 32, 3), 214, 8);
  p.held = 21, p.batch = 4, p.start = 32, p.every = 2, p.warmup = 1;
  p.rate = 0.05, p.ema = 0, p.constant = true;
  p.model.levels = 1, p.model.steps = 1, p.model.width = 4;
  compare_images(&p, nf_images_icons);
}

/* 20000 points: 1000 are held out, 1024 initialise the layers, and each step takes the next 64. */
static void points_by_default(void **state) {
  (void)state;
  enum { N = 20000 + 40 * 64 };
  nf_error e = {0};
  nf_real *x = malloc(2 * N * sizeof *x);
  nf_toy_sample(nf_toy_find("rings", &e), 1, 0, N, x);
  for (size_t i = 0; i < 2 * N; i++) x[i] = (nf_real)(float)x[i];
  plan p = new_plan("--data toy:rings --steps 40 --optimiser adamax", NF_REALNVP, nf_point(2),
                    20000, 40);
  p.held = 1000, p.every = 296, p.warmup = 4, p.adamax = true, p.endless = true;
  compare(&p, x);
  free(x);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(digits_of_a_range),
      cmocka_unit_test(digits_by_default),
      cmocka_unit_test(icons_start_with_32),
      cmocka_unit_test(points_by_default),
  };
  return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
