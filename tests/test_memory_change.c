/* What changes a flow, while memory runs out (memory.h): it is changed, or it stays. */
#include "memory.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "flow/models.h"
#include "train/gaussian.h"
#include "train/trainer.h"

enum { N = 5, D = 32 };
static const nf_model model = {.family = NF_GLOW,
                               .shape = {4, 4, 2},
                               .levels = 2,
                               .steps = 1,
                               .width = 3,
                               .scale = NF_SCALE_SIGMOID,
                               .plu = true,
                               .learned_prior = true,
                               .pixel_levels = 256,
                               .alpha = 0.05};

typedef struct {
  nf_flow *flow;
  nf_batch x;
  double *before; /* param, then constant */
} change;

static void copy_state(const nf_flow *f, double *to) {
  memcpy(to, f->param, f->n_param * sizeof *to);
  memcpy(to + f->n_param, f->constant, f->n_constant * sizeof *to);
}
static void restore_state(nf_flow *f, const double *from) {
  memcpy(f->param, from, f->n_param * sizeof *from);
  memcpy(f->constant, from + f->n_param, f->n_constant * sizeof *from);
  check_ok(nf_bijector_prepare(f->bijector));
}
static bool same_state(const nf_flow *f, const double *as) {
  return memcmp(f->param, as, f->n_param * sizeof *as) == 0 &&
         memcmp(f->constant, as + f->n_param, f->n_constant * sizeof *as) == 0;
}

static change change_new(void) {
  static double data[N * D];
  change c = {.x = {N, model.shape, data, 0, 0}};
  for (size_t k = 0; k < N * D; k++) data[k] = (double)(37 * k % 256);
  int status = NF_OK;
  check_ok(nf_flow_new(&c.flow, nf_model_new(&model, &status), 1));
  c.before = calloc(c.flow->n_param + c.flow->n_constant, sizeof *c.before);
  assert_non_null(c.before);
  copy_state(c.flow, c.before);
  return c;
}
static void change_free(change *c) {
  nf_flow_free(c->flow);
  free(c->before);
}

static bool observe_once(void *subject, size_t k) {
  change *c = subject;
  restore_state(c->flow, c->before);
  check_ok(nf_flow_set_threads(c->flow, 1));
  memory_fail_at(k);
  const int status = nf_flow_observe(c->flow, &c->x);
  const bool failed = memory_failed();
  if (memory_went_well("observe", k, status, failed) == same_state(c->flow, c->before))
    fail_msg("observe: allocation %zu fails, status %d, and the weights are %s", k, status,
             status == NF_OK ? "as they were" : "others");
  check_ok(nf_flow_set_threads(c->flow, 1));
  return failed;
}

static bool set_threads_once(void *subject, size_t k) {
  change *c = subject;
  memory_fail_at(k);
  const int status = nf_flow_set_threads(c->flow, 2);
  const bool failed = memory_failed();
  assert_int_equal(c->flow->threads, memory_went_well("set_threads", k, status, failed) ? 2 : 1);
  check_ok(nf_flow_set_threads(c->flow, 1));
  return failed;
}

static bool train_once(void *subject, size_t k) {
  change *c = subject;
  const nf_train_settings set = nf_train_default();
  nf_trainer *t = NULL;
  restore_state(c->flow, c->before);
  check_ok(nf_flow_set_threads(c->flow, 1));
  memory_fail_at(k);
  int status = nf_trainer_new(&t, c->flow, &set);
  if (status == NF_OK) status = nf_train_step(t, &c->x, NULL);
  const bool failed = memory_failed();
  if (memory_went_well("a training step", k, status, failed) == same_state(c->flow, c->before))
    fail_msg("a training step: allocation %zu fails, status %d", k, status);
  if (t != NULL) assert_int_equal(t->step, status == NF_OK);
  nf_trainer_free(t);
  check_ok(nf_flow_set_threads(c->flow, 1));
  return failed;
}

/* It has no status: without memory it names nobody. */
static bool culprit_once(void *subject, size_t k) {
  change *c = subject;
  nf_batch x = c->x;
  double wrong[D] = {-1};
  x.data = wrong;
  memory_fail_at(k);
  const nf_bijector *culprit = nf_flow_culprit(c->flow, &x);
  const bool failed = memory_failed();
  assert_null(culprit); /* a pixel of -1 is refused before a layer can go astray */
  return failed;
}

static bool fit_once(void *subject, size_t k) {
  (void)subject;
  double to[7], y[8] = {1.5, -0.3, 0.7, 2.2, -1.1, 0.4, 0.9, -0.8};
  memory_fill(to, 7);
  memory_fail_at(k);
  const int status = nf_gaussian_fit(4, 2, y, to, to + 4, to + 6);
  const bool failed = memory_failed();
  if (!memory_went_well("a Gaussian", k, status, failed)) memory_is_kept("a Gaussian", to, 7);
  return failed;
}

static void flows_change_or_stay(void **state) {
  (void)state;
  change c = change_new();
  memory_exhaust("observe", observe_once, &c);
  memory_exhaust("set_threads", set_threads_once, &c);
  memory_exhaust("a training step", train_once, &c);
  memory_exhaust("culprit", culprit_once, &c);
  memory_exhaust("a Gaussian", fit_once, NULL);
  change_free(&c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(flows_change_or_stay),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
