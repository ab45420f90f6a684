/* The same bits, whatever the number of threads, the memory for saved activations, and whether Adam
 * runs fused with backward: every row of a table is trained once in the simplest way, on one thread
 * that saves all activations and collects the gradient, and then in every other way,
 *
 *   threads 1 … 4  ×  activations saved: none, of some layers, all  ×  plain, fused
 *
 * and all weights, moments, averages and stats are compared. After one step m = (1-β₁)·g, so that
 * is a comparison of gradients, too. The size of a chunk does change the order of sums, and so the
 * bits; rows differ in it. */
#include "fixture.h"

#include <stdio.h>

#include "data/toy.h"

enum { MAX_THREADS = 4 };

/* --- flows ------------------------------------------------------------------------------------ */

static nf_flow *glow_of_images(void) { return small_glow(); }

static nf_flow *glow_of_pixels(void) {
  nf_model m = nf_model_default(NF_GLOW, (nf_shape){8, 8, 1});
  m.levels = 2;
  m.steps = 3;
  m.width = 6;
  int status = NF_OK;
  return moved_flow(nf_model_new(&m, &status), 0.1);
}

static nf_flow *glow_of_points(void) {
  nf_model m = nf_model_default(NF_GLOW, nf_point(2));
  m.width = 8;
  m.steps = 3;
  int status = NF_OK;
  return moved_flow(nf_model_new(&m, &status), 0.1);
}

static nf_bijector *coupling(nf_shape shape, int *status) {
  nf_net *net = nf_mlp_new(nf_coupling_net_in(shape, NF_CHANNEL),
                           nf_coupling_net_out(shape, NF_CHANNEL, NF_SCALE_TANH), 4, status);
  return nf_coupling_new(shape, NF_CHANNEL, NF_SCALE_TANH, net, status);
}

static nf_flow *one_coupling(void) {
  int status = NF_OK;
  return moved_flow(coupling(nf_point(6), &status), 0.1);
}

static nf_flow *split_of_a_coupling(void) {
  int status = NF_OK;
  return moved_flow(nf_split_new(nf_point(6), coupling(nf_point(3), &status), &status), 0.1);
}

static nf_flow *chains_in_a_chain(void) {
  const nf_shape shape = nf_point(6);
  int status = NF_OK;
  nf_bijector *b = nf_chain_new(shape, &status);
  for (int i = 0; i < 3; i++) { /* the first one is empty */
    nf_bijector *inner = nf_chain_new(shape, &status);
    for (int k = 0; k < i; k++) {
      nf_chain_add(inner, nf_actnorm_new(shape, &status), &status);
      nf_chain_add(inner, coupling(shape, &status), &status);
    }
    nf_chain_add(b, inner, &status);
    nf_chain_add(b, nf_reverse_new(shape, &status), &status);
  }
  return moved_flow(b, 0.1);
}

static nf_flow *no_parameters(void) {
  int status = NF_OK;
  return moved_flow(nf_reverse_new(nf_point(6), &status), 0.1);
}

/* --- the table -------------------------------------------------------------------------------- */

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
    {"one coupling", one_coupling, NORMAL_SAMPLES, 8, 3, 2, NF_ADAM, 0, 0},
    {"split of a coupling", split_of_a_coupling, NORMAL_SAMPLES, 8, 3, 2, NF_ADAM, 0, 0},
    {"chains in a chain", chains_in_a_chain, NORMAL_SAMPLES, 8, 3, 2, NF_ADAM, 0, 0},
    {"no parameters", no_parameters, NORMAL_SAMPLES, 8, 3, 2, NF_ADAM, 0, 0},
    {"glow of points, adam", glow_of_points, MOONS, 150, 4, 40, NF_ADAM, 0, 0},
    {"glow of points, adam, ema", glow_of_points, MOONS, 150, 4, 40, NF_ADAM, 0.9, 0},
    {"glow of points, adamax", glow_of_points, MOONS, 150, 4, 40, NF_ADAMAX, 0, 0},
    {"glow of points, adamax, ema", glow_of_points, MOONS, 150, 4, 40, NF_ADAMAX, 0.9, 0},
    {"glow of points, ema, clip", glow_of_points, MOONS, 150, 4, 100, NF_ADAM, 0.9, 1},
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
  return (nf_batch){r->n, f->bijector->in, x, 11 + number * r->n, 2};
}

/* --- a training, in one way --------------------------------------------------------------------
 */

typedef struct {
  int threads;
  size_t activation_budget;
  bool fused;
} way;

static nf_trainer *trained(const row *r, way w, nf_train_stats *stats) {
  nf_train_settings set = nf_train_default();
  nf_trainer *t = NULL;
  nf_flow *f = r->make();
  set.adam.rule = r->rule;
  set.ema = r->ema;
  set.clip = r->clip;
  set.fused = w.fused;
  set.schedule = (nf_schedule){NF_PLATEAU, 0.01, 5, 0, 0.01, 0.5, 2};
  if (r->chunk > 0) f->chunk = r->chunk;
  f->keep_bytes = w.activation_budget;
  check_ok(nf_flow_set_threads(f, w.threads));
  check_ok(nf_trainer_new(&t, f, &set));
  for (int step = 0; step < r->steps; step++) {
    const nf_batch x = batch_of(r, f, (uint64_t)step);
    check_ok(nf_train_step(t, &x, stats));
    if (step % 4 == 3) nf_plateau_report(&t->set.schedule, &t->plateau, stats->loss);
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
        moons_free(t);
      }
  moons_free(reference);
}

/* --- values ------------------------------------------------------------------------------------
 */

typedef struct {
  nf_real z[2 * MAX_VALUES], x[2 * MAX_VALUES], drawn[2 * MAX_VALUES];
  double log_det[256], log_p[256], inverse_log_det[256];
} values;

static void fill_values(nf_flow *f, const nf_batch *x, values *v) {
  memset(v, 0, sizeof *v);
  check_ok(nf_flow_forward(f, x, v->z, v->log_det));
  check_ok(nf_flow_log_prob(f, x, v->log_p));
  check_ok(nf_flow_inverse(f, &(nf_batch){x->n, f->bijector->out, v->z, 0, 0}, v->x,
                           v->inverse_log_det));
  check_ok(nf_flow_sample(f, 1, 0, x->n, 1, v->drawn));
}

static void test_values(void **state) {
  const row *r = *state;
  static values expected, v;
  nf_flow *f = r->make();
  double loss, mean = 0, *gradient = calloc(f->n_param + 1, sizeof *gradient);
  assert_non_null(gradient);
  if (r->chunk > 0) f->chunk = r->chunk;
  const nf_batch x = batch_of(r, f, 0);
  assert_true(r->n <= 256);
  fill_values(f, &x, &expected);
  const size_t last = r->n * f->d - 1;
  assert_true(expected.z[last] != 0 && expected.drawn[last] != 0); /* the last chunk was run */
  for (int threads = 2; threads <= MAX_THREADS; threads++) {
    check_ok(nf_flow_set_threads(f, threads));
    fill_values(f, &x, &v);
    assert_memory_equal(&v, &expected, sizeof v);
  }
  check_ok(nf_flow_gradient(f, &x, &loss, gradient));
  for (size_t i = 0; i < r->n; i++) mean -= v.log_p[i] / (double)r->n;
  check_close("loss", loss, mean, 0, 1e-13);
  free(gradient);
  nf_flow_free(f);
}

int main(void) {
  static char name[2 * ROWS][100];
  struct CMUnitTest tests[2 * ROWS];
  for (int i = 0; i < ROWS; i++) {
    snprintf(name[2 * i], sizeof *name, "training: %s", table[i].name);
    snprintf(name[2 * i + 1], sizeof *name, "values: %s", table[i].name);
    void *const state = (void *)(uintptr_t)&table[i];
    tests[2 * i] = (struct CMUnitTest){name[2 * i], test_training, NULL, NULL, state};
    tests[2 * i + 1] = (struct CMUnitTest){name[2 * i + 1], test_values, NULL, NULL, state};
  }
  return cmocka_run_group_tests_name("bit_identity", tests, NULL, NULL) > 0;
}
