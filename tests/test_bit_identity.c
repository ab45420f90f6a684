/* The same bits, whatever the number of threads, the memory for saved activations, and whether Adam
 * runs fused with backward: every row of a table (rows.h) is trained once in the simplest way, on
 * one thread that saves all activations and collects the gradient, and then in every other way,
 *
 *   threads 1 … 4  ×  activations saved: none, of some layers, all  ×  plain, fused
 *
 * and all weights, moments, averages and stats are compared. After one step m = (1-β₁)·g, so that
 * is a comparison of gradients, too. The size of a chunk does change the order of sums, and so the
 * bits; rows differ in it. */
#include <pthread.h>
#include <stdio.h>

#include "rows.h"

enum { MAX_THREADS = 4 };

/* --- a training, in one way ----------------------------------------------------------------- */

typedef struct {
  int threads;
  size_t activation_budget;
  bool fused;
} way;

static nf_trainer *trained(const row *r, way w, nf_train_stats *stats) {
  nf_train_settings set = nf_train_default();
  nf_error e = {0};
  nf_flow *f = r->make();
  set.adam.rule = r->rule;
  set.ema = r->ema;
  set.clip = r->clip;
  set.fused = w.fused;
  set.schedule = (nf_schedule){NF_PLATEAU, 0.01, 5, 0, 0.01, 0.5, 2};
  if (r->chunk > 0) f->chunk = r->chunk;
  f->activation_budget = w.activation_budget;
  nf_flow_set_threads(f, w.threads, &e);
  nf_trainer *t = nf_trainer_new(f, &set, &e);
  check_no_error(&e);
  for (int step = 0; step < r->steps; step++) {
    const nf_batch x = batch_of(r, f, (uint64_t)step);
    nf_train_step_batch(t, &x, stats, &e);
    check_no_error(&e);
    if (step % 4 == 3) nf_trainer_report(t, stats->loss);
  }
  return t;
}

static void test_training(void **state) {
  const row *r = *state;
  nf_train_stats expected, stats;
  nf_trainer *reference = trained(r, (way){1, SIZE_MAX, false}, &expected);
  const size_t chunk = reference->flow->chunk, d = reference->flow->d;
  const size_t budget[] = {0, chunk * 40 * sizeof(nf_real) * d, SIZE_MAX};
  for (int threads = 1; threads <= MAX_THREADS; threads++)
    for (int b = 0; b < 3; b++)
      for (int fused = 0; fused <= (r->clip == 0); fused++) {
        nf_trainer *t = trained(r, (way){threads, budget[b], fused == 1}, &stats);
        const char *what = training_difference(reference, t);
        if (what == NULL && stats.loss != expected.loss) what = "losses";
        if (what == NULL && stats.rate != expected.rate) what = "rates";
        if (what != NULL)
          fail_msg("%s: %d threads, activations %d of 2, %s: different %s", r->name, threads, b,
                   fused ? "fused" : "plain", what);
        check_close("norm", stats.norm, expected.norm, 0, fused ? 1e-14 : 0);
        trainer_free(t);
      }
  trainer_free(reference);
}

/* --- values --------------------------------------------------------------------------------- */

typedef struct {
  nf_real z[2 * MAX_VALUES], x[2 * MAX_VALUES], drawn[2 * MAX_VALUES];
  double log_det[256], log_p[256], inverse_log_det[256];
} values;

static void fill_values(nf_flow *f, const nf_batch *x, values *v) {
  nf_error e = {0};
  memset(v, 0, sizeof *v);
  nf_flow_forward_batch(f, x, v->z, v->log_det, &e);
  nf_flow_log_prob_batch(f, x, v->log_p, &e);
  nf_flow_inverse(f, x->n, v->z, v->x, v->inverse_log_det, &e);
  nf_flow_sample(f, x->n, 1, 1, v->drawn, &e);
  check_no_error(&e);
}

static void test_values(void **state) {
  const row *r = *state;
  static values expected, v;
  nf_flow *f = r->make();
  if (r->chunk > 0) f->chunk = r->chunk;
  const nf_batch x = batch_of(r, f, 0);
  assert_true(r->n <= 256);
  fill_values(f, &x, &expected);
  const size_t last = r->n * f->d - 1;
  assert_true(expected.z[last] != 0 && expected.drawn[last] != 0); /* the last chunk was run */
  for (int threads = 2; threads <= MAX_THREADS; threads++) {
    check_ok(nf_flow_set_threads(f, threads, NULL));
    fill_values(f, &x, &v);
    assert_memory_equal(&v, &expected, sizeof v);
  }
  nf_flow_free(f);
}

/* --- gradients ------------------------------------------------------------------------------ */

/* Receives each parameter's gradient from the fused step. */
typedef struct {
  pthread_mutex_t lock;
  const nf_flow *flow;
  nf_real *gradient;
  bool *received;
  bool wrong; /* cmocka's assertions belong to the first thread */
} receiver;

static int receive(void *user, size_t layer, size_t first, size_t count, const nf_real *gradient) {
  receiver *r = user;
  pthread_mutex_lock(&r->lock);
  const bool fits = count > 0 && first + count <= r->flow->n_param;
  if (!fits || layer >= r->flow->n_layer) r->wrong = true;
  for (size_t i = 0; fits && i < count; i++) {
    if (r->received[first + i]) r->wrong = true;
    r->received[first + i] = true;
    r->gradient[first + i] = gradient[i];
  }
  pthread_mutex_unlock(&r->lock);
  return NF_OK;
}

/* Each parameter's gradient once, with the bits of nf_flow_gradient; twice, since the second run
 * finds the scratch memory of the first. */
static void check_fused_gradient(nf_flow *f, const nf_batch *x, double loss, const nf_real *g) {
  for (int run = 0; run < 2; run++) {
    receiver r = {.lock = PTHREAD_MUTEX_INITIALIZER, .flow = f};
    double fused_loss = NAN;
    r.gradient = calloc(f->n_param + 1, sizeof *r.gradient);
    r.received = calloc(f->n_param + 1, sizeof *r.received);
    assert_true(r.gradient != NULL && r.received != NULL);
    check_ok(nf_gradient_fused(f, x, &fused_loss, receive, &r, NULL));
    assert_true(fused_loss == loss && bits_equal(f->n_param, r.gradient, g));
    assert_false(r.wrong);
    for (size_t i = 0; i < f->n_param; i++) assert_true(r.received[i]);
    free(r.gradient);
    free(r.received);
  }
}

static void test_gradient(void **state) {
  const row *r = *state;
  nf_flow *f = r->make();
  if (r->chunk > 0) f->chunk = r->chunk;
  const nf_batch x = batch_of(r, f, 0);
  const size_t n = f->n_param;
  const size_t budget[] = {SIZE_MAX, f->chunk * 40 * sizeof(nf_real) * f->d, 0};
  nf_real *expected = calloc(2 * n + 1, sizeof *expected), *g = expected + n;
  double loss, other_loss, log_p[256], mean = 0;
  assert_non_null(expected);
  check_ok(nf_flow_gradient_batch(f, &x, &loss, expected, NULL));
  check_ok(nf_flow_log_prob_batch(f, &x, log_p, NULL));
  for (size_t i = 0; i < r->n; i++) mean -= log_p[i] / (double)r->n;
  check_close("loss", loss, mean, 0, 1e-13);
  for (int threads = 1; threads <= MAX_THREADS; threads++)
    for (int b = 0; b < 3; b++) {
      f->activation_budget = budget[b];
      check_ok(nf_flow_set_threads(f, threads, NULL));
      check_ok(nf_flow_gradient_batch(f, &x, &other_loss, g, NULL));
      assert_true(loss == other_loss && bits_equal(n, g, expected));
      check_fused_gradient(f, &x, loss, expected);
    }
  free(expected);
  nf_flow_free(f);
}

int main(void) {
  static const struct {
    const char *name;
    CMUnitTestFunction run;
  } property[] = {
      {"values", test_values}, {"gradient", test_gradient}, {"training", test_training}};
  enum { PROPERTIES = sizeof property / sizeof *property, TESTS = ROWS * PROPERTIES };
  static char name[TESTS][100];
  struct CMUnitTest tests[TESTS];
  for (int k = 0; k < TESTS; k++) {
    const int p = k % PROPERTIES;
    const row *r = &rows[k / PROPERTIES];
    snprintf(name[k], sizeof *name, "%s: %s", r->name, property[p].name);
    tests[k] = (struct CMUnitTest){name[k], property[p].run, NULL, NULL, (void *)(uintptr_t)r};
  }
  return cmocka_run_group_tests_name("bit_identity", tests, NULL, NULL) > 0;
}
