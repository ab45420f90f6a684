/* The functions of a flow and of a trainer, for test_allocation. */
#include "allocation.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/flow.h"
#include "train/trainer.h"

enum { N = 5, VALUES = 16384 };

const nf_model allocation_model[ALLOCATION_MODELS] = {
    {.family = NF_GLOW,
     .shape = {4, 4, 2},
     .levels = 2,
     .steps = 1,
     .width = 3,
     .scale = NF_SCALE_SIGMOID,
     .plu = true,
     .learned_prior = true,
     .bins = 256,
     .alpha = 0.05,
     .seed = 1},
    {.family = NF_GLOW,
     .shape = {1, 1, 4},
     .levels = 1,
     .steps = 2,
     .width = 3,
     .scale = NF_SCALE_EXP},
    {.family = NF_REALNVP,
     .shape = {4, 4, 1},
     .levels = 2,
     .steps = 1,
     .width = 3,
     .scale = NF_SCALE_TANH,
     .bins = 17,
     .variational = true,
     .alpha = 0.05,
     .seed = 1},
    {.family = NF_NICE, .shape = {2, 2, 1}, .levels = 1, .steps = 2, .width = 3, .seed = 1},
    {.family = NF_MAF, .shape = {1, 1, 4}, .levels = 1, .steps = 2, .width = 3, .seed = 1},
    {.family = NF_SINGLE_SCALE,
     .shape = {3, 3, 1},
     .levels = 1,
     .steps = 2,
     .width = 2,
     .scale = NF_SCALE_CLAMP,
     .seed = 1,
     .net = NF_NET_GATED,
     .blocks = 1},
    {.family = NF_FM,
     .shape = {1, 1, 4},
     .levels = 1,
     .steps = 2,
     .width = 3,
     .seed = 1,
     .standardise = true},
};
const char *const allocation_model_name[] = {
    "glow of images", "glow of points", "realnvp", "nice", "maf", "gated", "fm"};

size_t allocation_put(char *to, size_t at, const void *from, size_t size) {
  memcpy(to + at, from, size);
  return at + size;
}

/* --- the functions of a flow ---------------------------------------------------------------- */

typedef struct {
  nf_flow *flow;
  int function, threads;
  nf_real x[VALUES], z[VALUES]; /* inputs */
  nf_real array[VALUES];        /* output: a value a dimension or a parameter */
  double few[N];                /* and a value a sample */
} flow_call;

enum { LOG_PROB, FORWARD, INVERSE, SAMPLE, GRADIENT, SMALL_GRADIENT, FUSED_GRADIENT };
static const char *const function_name[] = {
    "log_prob",      "forward", "inverse", "sample", "gradient", "gradient, no activations saved",
    "fused gradient"};
enum { FUNCTIONS = sizeof function_name / sizeof *function_name };

static int take(void *user, size_t layer, size_t first, size_t count, const nf_real *gradient) {
  (void)layer;
  memcpy((nf_real *)user + first, gradient, count * sizeof *gradient);
  return NF_OK;
}

static void flow_start(void *subject) {
  flow_call *c = subject;
  check_ok(nf_flow_set_threads(c->flow, c->threads, NULL)); /* with empty scratch memory */
  for (size_t k = 0; k < VALUES; k++) c->array[k] = 42;
  for (size_t i = 0; i < N; i++) c->few[i] = 42;
}

static void flow_run(void *subject, nf_error *e) {
  flow_call *c = subject;
  nf_flow *f = c->flow;
  nf_real gradient[VALUES] = {0}; /* undefined after an error */
  const nf_batch x = nf_flow_batch(f, N, c->x);
  f->activation_budget = c->function == FUSED_GRADIENT   ? 1 << 13
                         : c->function == SMALL_GRADIENT ? 0
                                                         : 1 << 20;
  switch (c->function) {
    case LOG_PROB:
      nf_flow_log_prob(f, N, c->x, c->few, e);
      return;
    case FORWARD:
      nf_flow_forward(f, N, c->x, c->array, c->few, e);
      return;
    case INVERSE:
      nf_flow_inverse(f, N, c->z, c->array, c->few, e);
      return;
    case SAMPLE:
      nf_flow_sample(f, N, 1, 1, c->array, e);
      return;
    case FUSED_GRADIENT:
      nf_gradient_fused(f, &x, c->few, take, gradient, e);
      break;
    default:
      nf_flow_gradient(f, N, c->x, c->few, gradient, e);
  }
  if (e->status == NF_OK) memcpy(c->array, gradient, sizeof gradient);
}

static size_t flow_state(void *subject, char *to) {
  const flow_call *c = subject;
  return allocation_put(to, allocation_put(to, 0, c->array, sizeof c->array), c->few,
                        sizeof c->few);
}

static void flow_end(void *subject) {
  check_ok(nf_flow_set_threads(((flow_call *)subject)->flow, 1, NULL));
}

static void flow_call_new(flow_call *c, const nf_model *m) {
  c->flow = nf_flow_from_model(m, NULL);
  assert_non_null(c->flow);
  check_ok(move_weights(c->flow, 0.1, 1));
  c->flow->chunk = 3;
  assert_true(c->flow->n_param <= VALUES && N * c->flow->d <= VALUES);
  for (size_t k = 0; k < N * c->flow->d; k++) {
    const double u = nf_random_uniform(1, 0, k);
    c->z[k] = nf_random_normal(1, 1, k);
    c->x[k] = m->bins > 0 ? floor(u * m->bins) : u;
  }
}

static void test_flow(void **state) {
  const allocation_row *row = *state;
  static flow_call c;
  c = (flow_call){.function = row->b, .threads = row->c};
  flow_call_new(&c, &allocation_model[row->a]);
  memory_check(&(memory_call){row->name, &c, flow_start, flow_run, flow_state, flow_end});
  nf_flow_free(c.flow);
}

/* --- what changes a flow: it is changed, or as it was --------------------------------------- */

typedef enum {
  INIT_FROM_DATA,
  SET_THREADS,
  TRAINER_NEW,
  STEP,
  FUSED_STEP,
  MATCHING_STEP,
  EXPLAIN
} change;
static const char *const change_name[] = {"init_from_data",
                                          "set_threads",
                                          "trainer_new",
                                          "train_step",
                                          "fused train_step",
                                          "train_step of fm",
                                          "the message of a failed log_prob"};
enum { CHANGES = sizeof change_name / sizeof *change_name };

typedef struct {
  change what;
  nf_flow *flow;
  nf_trainer *trainer;
  nf_real x[VALUES];
  nf_real *param; /* to start from: parameters and constants */
} change_call;

static void change_start(void *subject) {
  change_call *c = subject;
  nf_flow *f = c->flow;
  nf_error e = {0};
  nf_train_settings set = nf_train_default();
  memcpy(f->param, c->param, f->n_param * sizeof *f->param);
  memcpy(f->constant, c->param + f->n_param, f->n_constant * sizeof *f->constant);
  nf_flow_prepare(f, &e);
  nf_flow_set_threads(f, 1, &e);
  set.ema = 0.9;
  set.fused = c->what == FUSED_STEP;
  set.matching = c->what == MATCHING_STEP;
  if (c->what >= STEP && c->what <= MATCHING_STEP) c->trainer = nf_trainer_new(f, &set, &e);
  check_no_error(&e);
}

static void change_run(void *subject, nf_error *e) {
  change_call *c = subject;
  const nf_train_settings set = nf_train_default();
  const nf_real not_pixels[VALUES] = {-1};
  double log_p[N];
  switch (c->what) {
    case INIT_FROM_DATA:
      nf_flow_init_from_data(c->flow, N, c->x, e);
      break;
    case SET_THREADS:
      nf_flow_set_threads(c->flow, 2, e);
      break;
    case TRAINER_NEW:
      c->trainer = nf_trainer_new(c->flow, &set, e);
      break;
    case EXPLAIN: /* an error of its own, or that memory is out */
      nf_flow_log_prob(c->flow, N, not_pixels, log_p, e);
      if (e->status == NF_EDOM) *e = (nf_error){0};
      break;
    default:
      nf_train_step(c->trainer, N, c->x, NULL, e);
  }
}

/* A fused step that runs out of memory within backward has changed some layers. */
static size_t change_state(void *subject, char *to) {
  const change_call *c = subject;
  if (c->what == FUSED_STEP) return 0;
  const nf_flow *f = c->flow;
  const nf_trainer *t = c->trainer;
  size_t at = allocation_put(to, 0, f->param, f->n_param * sizeof *f->param);
  at = allocation_put(to, at, f->constant, f->n_constant * sizeof *f->constant);
  at = allocation_put(to, at, &f->threads, sizeof f->threads);
  if (t == NULL) return at;
  at = allocation_put(to, at, &t->step, sizeof t->step);
  at = allocation_put(to, at, t->m, f->n_param * sizeof *t->m);
  at = allocation_put(to, at, t->v, f->n_param * sizeof *t->v);
  if (!t->has_ema) return at;
  return allocation_put(to, at, t->ema, f->n_param * sizeof *t->ema);
}

static void change_end(void *subject) {
  change_call *c = subject;
  nf_trainer_free(c->trainer);
  c->trainer = NULL;
  check_ok(nf_flow_set_threads(c->flow, 1, NULL));
}

static void test_change(void **state) {
  const allocation_row *row = *state;
  static change_call c;
  c = (change_call){.what = (change)row->a};
  const int model = c.what == MATCHING_STEP ? ALLOCATION_MODELS - 1 : 0; /* fm, the last */
  nf_flow *f = c.flow = nf_flow_from_model(&allocation_model[model], NULL);
  assert_non_null(f);
  for (size_t k = 0; k < N * f->d; k++) c.x[k] = (nf_real)(37 * k % 256);
  c.param = calloc(f->n_param + f->n_constant, sizeof *c.param);
  assert_non_null(c.param);
  memcpy(c.param, f->param, f->n_param * sizeof *f->param);
  memcpy(c.param + f->n_param, f->constant, f->n_constant * sizeof *f->constant);
  memory_check(&(memory_call){row->name, &c, change_start, change_run, change_state, change_end});
  nf_flow_free(f);
  free(c.param);
}

/* --- the best Gaussian ---------------------------------------------------------------------- */

static void fit_start(void *subject) {
  for (int k = 0; k < 7; k++) ((double *)subject)[k] = 42;
}
static void fit_run(void *subject, nf_error *e) {
  const double y[8] = {1.5, -0.3, 0.7, 2.2, -1.1, 0.4, 0.9, -0.8};
  double *to = subject;
  nf_gaussian_fit(4, 2, y, to, to + 4, to + 6, e);
}
static size_t fit_state(void *subject, char *to) {
  return allocation_put(to, 0, subject, 7 * sizeof(double));
}

static void test_fit(void **state) {
  const allocation_row *row = *state;
  double to[7];
  memory_check(&(memory_call){row->name, to, fit_start, fit_run, fit_state, NULL});
}

void allocation_add_flows(void) {
  char name[160];
  for (int m = 0; m < ALLOCATION_MODELS; m++)
    for (int f = 0; f < FUNCTIONS; f++)
      for (int threads = 1; threads <= 2; threads++) {
        snprintf(name, sizeof name, "%s, %d threads: %s", allocation_model_name[m], threads,
                 function_name[f]);
        allocation_add(name, test_flow, m, f, threads);
      }
  for (int i = 0; i < CHANGES; i++) allocation_add(change_name[i], test_change, i, 0, 0);
  allocation_add("gaussian_fit", test_fit, 0, 0, 0);
}
