/* A number that is NaN in any layer of the catalogue is never hidden: either log p does not depend
 * on it, or the call fails. A ReLU that gives 0 for NaN would make log p finite, and wrong. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "flow/flow.h"
#include "oracles.h"

enum { N = SAMPLES };

typedef struct {
  const catalogue_entry *entry;
  nf_batch x;
  double log_p[N]; /* of the numbers as they are */
} given;

static given draw(const catalogue_entry *e) {
  given g = {.entry = e};
  check_ok(e->status);
  g.x = catalogue_draw(e, N, reals(N * e->flow->d));
  check_ok(nf_flow_log_prob_batch(e->flow, &g.x, g.log_p, NULL));
  return g;
}

/* Whether actnorm has got its data: 0 is no, all else yes */
static bool is_a_flag(const nf_tensor *t) { return strcmp(t->name, "initialised") == 0; }

/* About 16 numbers of a large tensor */
static int each_number(void *user, const char *path, nf_tensor *t) {
  given *g = user;
  const size_t size = nf_tensor_size(t);
  for (size_t k = size - 1; k < size; k -= size / 16 + 1) { /* until it wraps */
    const double was = t->data[k];
    double log_p[N] = {0};
    t->data[k] = (double)NAN;
    const int status = nf_flow_log_prob_batch(g->entry->flow, &g->x, log_p, NULL);
    if (status == NF_OK && memcmp(log_p, g->log_p, sizeof log_p) != 0)
      fail_msg("%s: number %zu of %s is NaN, but log p is %g, and without it %g", g->entry->name, k,
               path, log_p[0], g->log_p[0]);
    t->data[k] = was;
  }
  return NF_OK;
}

static void visit_tensors(const catalogue *c, int (*visit)(void *, const char *, nf_tensor *)) {
  for (size_t k = 0; k < c->n; k++) {
    given g = draw(&c->entry[k]);
    nf_flow_tensors(c->entry[k].flow, visit, &g);
    free(g.x.data);
  }
}

static void every_number(void **state) { visit_tensors(*state, each_number); }

static int each_tensor(void *user, const char *path, nf_tensor *t) {
  given *g = user;
  nf_flow *f = g->entry->flow;
  double log_p[N], loss;
  if (is_a_flag(t)) return NF_OK;
  const size_t size = nf_tensor_size(t);
  double *was = reals(size), *gradient = reals(f->n_param), *to = reals(N * f->d);
  memcpy(was, t->data, size * sizeof *was);
  for (size_t k = 0; k < size; k++) t->data[k] = (double)NAN;
  const int status[] = {nf_flow_log_prob_batch(f, &g->x, log_p, NULL),
                        nf_flow_gradient_batch(f, &g->x, &loss, gradient, NULL),
                        g->x.y != NULL ? NF_ENONFINITE : nf_flow_sample(f, N, 1, 1, to, NULL)};
  for (int k = 0; k < 3; k++)
    if (status[k] == NF_OK)
      fail_msg("%s: all of %s is NaN, but %s is finite", g->entry->name, path,
               k == 0   ? "log p"
               : k == 1 ? "the loss"
                        : "a sample");
  memcpy(t->data, was, size * sizeof *was);
  free(was), free(gradient), free(to);
  return NF_OK;
}

static void every_tensor(void **state) { visit_tensors(*state, each_tensor); }

static void every_input(void **state) {
  const catalogue *c = *state;
  for (size_t k = 0; k < c->n; k++) {
    const given g = draw(&c->entry[k]);
    double log_p[N];
    for (size_t i = 0; i < nf_batch_size(&g.x); i++) {
      const double was = g.x.data[i];
      g.x.data[i] = (double)NAN;
      check_status(nf_flow_log_prob_batch(c->entry[k].flow, &g.x, log_p, NULL), NF_ENONFINITE);
      g.x.data[i] = was;
    }
    free(g.x.data);
  }
}

int main(void) {
  catalogue c = catalogue_new();
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_prestate(every_number, &c),
      cmocka_unit_test_prestate(every_tensor, &c),
      cmocka_unit_test_prestate(every_input, &c),
  };
  const int result = cmocka_run_group_tests_name("nan", tests, NULL, NULL);
  catalogue_free(&c);
  return result;
}
