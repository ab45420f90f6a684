/* The same bits, whatever the number of threads, the memory for saved activations, and whether Adam
 * runs fused with backward: every row of a table is trained once in the simplest way, on one thread
 * that saves all activations and collects the gradient, and then in every other way,
 *
 *   threads 1 … 4  ×  activations saved: none, of some layers, all  ×  plain, fused
 *
 * and all weights, moments, averages and stats are compared. After one step m = (1-β₁)·g, so that
 * is a comparison of gradients, too. The size of a chunk does change the order of sums, and so the
 * bits; rows differ in it. */
#include <pthread.h>
#include <stdio.h>

#include "fixture.h"

enum { MAX_THREADS = 4 };

/* --- flows ---------------------------------------------------------------------------------- */

static nf_flow *glow_of_images(void) { return small_glow(); }

static nf_flow *glow_of_pixels(void) {
  nf_model m = nf_model_default(NF_GLOW, nf_image(8, 8, 1));
  m.levels = 2;
  m.steps = 3;
  m.width = 6;
  return moved_flow(nf_bijector_from_model(&m, NULL), 0.1);
}

static nf_flow *gated_of_pixels(void) {
  nf_model m = nf_model_default(NF_SINGLE_SCALE, nf_image(4, 3, 2));
  m.width = 3;
  m.steps = 3;
  m.net = NF_NET_GATED;
  m.blocks = 2;
  return moved_flow(nf_bijector_from_model(&m, NULL), 0.1);
}

static nf_flow *learned_noise(void) {
  nf_model m = nf_model_default(NF_GLOW, nf_image(4, 4, 1));
  m.levels = m.steps = 1;
  m.width = 6;
  m.variational = true;
  return moved_flow(nf_bijector_from_model(&m, NULL), 0.1);
}

static nf_flow *glow_of_points(void) {
  nf_model m = nf_model_default(NF_GLOW, nf_point(2));
  m.width = 8;
  m.steps = 3;
  return moved_flow(nf_bijector_from_model(&m, NULL), 0.1);
}

static nf_bijector *coupling(nf_shape shape) {
  nf_net *net = nf_mlp_new(nf_coupling_net_in(shape, NF_CHANNEL),
                           nf_coupling_net_out(shape, NF_CHANNEL, NF_SCALE_TANH), 4, NULL);
  return nf_coupling_new(shape, NF_CHANNEL, NF_SCALE_TANH, net, NULL);
}

static nf_flow *one_coupling(void) { return moved_flow(coupling(nf_point(6)), 0.1); }

static nf_flow *autoregressive(void) {
  const nf_shape shape = nf_point(6);
  nf_bijector *b = nf_chain_new(shape, NULL);
  for (int i = 0; i < 3; i++) {
    nf_chain_add(b, nf_actnorm_new(shape, NULL), NULL);
    nf_bijector *layer = nf_autoregressive_new(shape, NULL, 8, NULL);
    nf_chain_add(b, i == 1 ? nf_inverted_new(layer, NULL) : layer, NULL);
    nf_chain_add(b, nf_reverse_new(shape, NULL), NULL);
  }
  return moved_flow(b, 0.1);
}

static nf_flow *split_of_a_coupling(void) {
  return moved_flow(nf_split_new(nf_point(6), coupling(nf_point(3)), NULL), 0.1);
}

static nf_flow *chains_in_a_chain(void) {
  const nf_shape shape = nf_point(6);
  nf_bijector *b = nf_chain_new(shape, NULL);
  for (int i = 0; i < 3; i++) { /* the first one is empty */
    nf_bijector *inner = nf_chain_new(shape, NULL);
    for (int k = 0; k < i; k++) {
      nf_chain_add(inner, nf_actnorm_new(shape, NULL), NULL);
      nf_chain_add(inner, coupling(shape), NULL);
    }
    nf_chain_add(b, inner, NULL);
    nf_chain_add(b, nf_reverse_new(shape, NULL), NULL);
  }
  return moved_flow(b, 0.1);
}

/* Two that keep their inputs. */
static nf_flow *continuous(void) {
  nf_bijector *b = nf_chain_new(nf_point(2), NULL);
  for (int i = 0; i < 2; i++)
    nf_chain_add(b, nf_continuous_new(nf_point(2), 2, nf_field_new(nf_point(2), 6, NULL), NULL),
                 NULL);
  return moved_flow(b, 0.1);
}

static nf_flow *no_parameters(void) { return moved_flow(nf_reverse_new(nf_point(6), NULL), 0.1); }

/* --- the table ------------------------------------------------------------------------------ */

typedef enum { NORMAL_SAMPLES, PIXELS, MOONS } kind;

typedef struct {
  const char *name;
  nf_flow *(*make)(void);
  kind data;
  size_t n, chunk; /* samples of a batch and of a chunk; 0: the flow's own */
  int steps;
  nf_rule rule;
  double ema, clip;
} row;

static const row table[] = {
    {"glow of images, 1 sample", glow_of_images, NORMAL_SAMPLES, 1, 3, 2, NF_ADAM, 0, 0},
    {"glow of images, 1 chunk", glow_of_images, NORMAL_SAMPLES, 3, 3, 2, NF_ADAM, 0, 0},
    {"glow of images, 3 chunks", glow_of_images, NORMAL_SAMPLES, 8, 3, 2, NF_ADAM, 0, 0},
    {"glow of images, 7 chunks", glow_of_images, NORMAL_SAMPLES, 20, 3, 2, NF_ADAM, 0, 0},
    {"glow of images, chunks of 1", glow_of_images, NORMAL_SAMPLES, 6, 1, 2, NF_ADAM, 0, 0},
    {"glow of images, 10 chunks", glow_of_images, NORMAL_SAMPLES, 9 * 16 + 9, 0, 1, NF_ADAM, 0, 0},
    {"glow of images, ema", glow_of_images, NORMAL_SAMPLES, 8, 3, 3, NF_ADAM, 0.9, 0},
    {"glow of images, clip", glow_of_images, NORMAL_SAMPLES, 20, 3, 3, NF_ADAM, 0, 1},
    {"glow of pixels", glow_of_pixels, PIXELS, 10, 3, 2, NF_ADAM, 0, 0},
    {"gated", gated_of_pixels, PIXELS, 10, 3, 2, NF_ADAM, 0, 0},
    {"learned noise", learned_noise, PIXELS, 20, 3, 3, NF_ADAM, 0.9, 0},
    {"one coupling", one_coupling, NORMAL_SAMPLES, 8, 3, 2, NF_ADAM, 0, 0},
    {"autoregressive", autoregressive, NORMAL_SAMPLES, 20, 3, 3, NF_ADAM, 0.9, 1},
    {"split of a coupling", split_of_a_coupling, NORMAL_SAMPLES, 8, 3, 2, NF_ADAM, 0, 0},
    {"chains in a chain", chains_in_a_chain, NORMAL_SAMPLES, 8, 3, 2, NF_ADAM, 0, 0},
    {"continuous", continuous, NORMAL_SAMPLES, 8, 3, 2, NF_ADAM, 0, 0},
    {"no parameters", no_parameters, NORMAL_SAMPLES, 8, 3, 2, NF_ADAM, 0, 0},
    {"glow of points, adam", glow_of_points, MOONS, 150, 4, 12, NF_ADAM, 0, 0},
    {"glow of points, adam, ema", glow_of_points, MOONS, 150, 4, 12, NF_ADAM, 0.9, 0},
    {"glow of points, adamax", glow_of_points, MOONS, 150, 4, 12, NF_ADAMAX, 0, 0},
    {"glow of points, adamax, ema", glow_of_points, MOONS, 150, 4, 12, NF_ADAMAX, 0.9, 0},
    {"glow of points, ema, clip", glow_of_points, MOONS, 150, 4, 60, NF_ADAM, 0.9, 1},
};
enum { ROWS = sizeof table / sizeof *table };

static nf_batch batch_of(const row *r, const nf_flow *f, uint64_t number) {
  static nf_real x[2 * MAX_VALUES];
  const size_t count = r->n * f->d;
  assert_true(count <= 2 * MAX_VALUES);
  if (r->data == MOONS) nf_toy_sample(&nf_toys[0], 1, number * r->n, r->n, x);
  for (size_t k = 0; r->data != MOONS && k < count; k++)
    x[k] = r->data == PIXELS ? floor(256 * nf_random_uniform(SEED, number, k))
                             : 1 + 2 * nf_random_normal(SEED, number, k);
  return (nf_batch){
      .n = r->n, .shape = f->bijector->in, .data = x, .first = 11 + number * r->n, .draw = 2};
}

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
    const row *r = &table[k / PROPERTIES];
    snprintf(name[k], sizeof *name, "%s: %s", r->name, property[p].name);
    tests[k] = (struct CMUnitTest){name[k], property[p].run, NULL, NULL, (void *)(uintptr_t)r};
  }
  return cmocka_run_group_tests_name("bit_identity", tests, NULL, NULL) > 0;
}
