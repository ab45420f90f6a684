/* The gradient stage by stage: each parameter's is handed over once, with the bits of
 * nf_flow_gradient, at any number of threads and whatever is kept; an error of whoever takes it
 * ends the walk. */
#include <pthread.h>
#include <stdlib.h>

#include "flow/flow.h"
#include "small_glow.h"

/* Takes gradients from many threads into one array, until it has had enough. */
typedef struct {
  pthread_mutex_t lock;
  nf_flow *flow;
  double *gradient;
  bool *seen;
  size_t stages, enough;
  bool wrong; /* cmocka's assertions belong to the first thread */
} taker;

static int take(void *user, size_t layer, size_t first, size_t count, const nf_real *gradient) {
  taker *t = user;
  pthread_mutex_lock(&t->lock);
  const bool fits = count > 0 && first + count <= t->flow->n_param;
  if (!fits || layer >= t->flow->n_layer) t->wrong = true;
  for (size_t i = 0; fits && i < count; i++) {
    if (t->seen[first + i]) t->wrong = true;
    t->seen[first + i] = true;
    t->gradient[first + i] = gradient[i];
  }
  const int status = ++t->stages >= t->enough ? NF_EIO : NF_OK;
  pthread_mutex_unlock(&t->lock);
  return status;
}

static taker taker_of(nf_flow *f) {
  taker t = {.flow = f, .enough = SIZE_MAX};
  pthread_mutex_init(&t.lock, NULL);
  t.gradient = calloc(f->n_param + 1, sizeof *t.gradient);
  t.seen = calloc(f->n_param + 1, sizeof *t.seen);
  assert_true(t.gradient != NULL && t.seen != NULL);
  return t;
}

static void let_go(taker *t) {
  pthread_mutex_destroy(&t->lock);
  free(t->gradient);
  free(t->seen);
}

/* n samples of data, in chunks of 3, beside nf_flow_gradient on one thread that keeps all */
static void compare(nf_flow *f, size_t n, double *data) {
  const nf_batch x = {n, f->bijector->in, data, 11, 2};
  const size_t keeps[] = {0, 3 * 40 * sizeof(nf_real) * f->d, SIZE_MAX};
  double loss, *g = calloc(f->n_param + 1, sizeof *g);
  assert_non_null(g);
  f->chunk = 3;
  f->keep_bytes = SIZE_MAX;
  check_ok(nf_flow_set_threads(f, 1));
  check_ok(nf_flow_gradient(f, &x, &loss, g));
  for (int threads = 1; threads <= 4; threads++) {
    check_ok(nf_flow_set_threads(f, threads));
    for (size_t k = 0; k < 3; k++)
      for (int again = 0; again < 2; again++) {
        taker t = taker_of(f);
        double other = NAN;
        f->keep_bytes = keeps[k];
        check_ok(nf_flow_gradient_by_stages(f, &x, &other, take, &t));
        assert_true(other == loss && same(f->n_param, t.gradient, g));
        assert_false(t.wrong);
        for (size_t i = 0; i < f->n_param; i++) assert_true(t.seen[i]);
        let_go(&t);
      }
  }
  free(g);
}

static nf_flow *flow_of(nf_bijector *b, int status) {
  nf_flow *f = NULL;
  check_ok(status);
  check_ok(nf_flow_new(&f, b, SEED));
  check_ok(move_weights(f->bijector, AMOUNT, SEED));
  return f;
}

static void glow_by_stages(void **state) {
  (void)state;
  nf_flow *f = glow();
  double data[MOST];
  (void)draw(f, 20, data);
  const size_t sizes[] = {1, 3, 8, 20}; /* one short chunk; one; three; seven, the last short */
  for (size_t i = 0; i < 4; i++) compare(f, sizes[i], data);
  nf_flow_free(f);
}

static void pixels_by_stages(void **state) {
  (void)state;
  nf_model m = nf_model_default(NF_GLOW, (nf_shape){8, 8, 1});
  m.levels = 2;
  m.steps = 3;
  m.width = 6;
  int status = NF_OK;
  nf_bijector *b = nf_model_new(&m, &status);
  nf_flow *f = flow_of(b, status);
  double data[10 * 64];
  for (size_t k = 0; k < 10 * 64; k++) data[k] = floor(256 * nf_random_uniform(SEED, 4, k));
  compare(f, 10, data);
  nf_flow_free(f);
}

static nf_bijector *coupling(nf_shape shape, int *status) {
  nf_net *net = nf_mlp_new(nf_coupling_net_in(shape, NF_CHANNEL),
                           nf_coupling_net_out(shape, NF_CHANNEL, NF_SCALE_TANH), 4, status);
  return nf_coupling_new(shape, NF_CHANNEL, NF_SCALE_TANH, net, status);
}

/* A lone layer; a split at the root, of a lone layer; chains in a chain, one of them empty. */
static void odd_trees_by_stages(void **state) {
  (void)state;
  const nf_shape shape = nf_point(6);
  for (int tree = 0; tree < 3; tree++) {
    int status = NF_OK;
    nf_bijector *b;
    if (tree == 0) {
      b = coupling(shape, &status);
    } else if (tree == 1) {
      b = nf_split_new(shape, coupling(nf_point(3), &status), &status);
    } else {
      b = nf_chain_new(shape, &status);
      for (int i = 0; i < 3; i++) {
        nf_bijector *inner = nf_chain_new(shape, &status);
        for (int k = 0; k < i; k++) {
          nf_chain_add(inner, nf_actnorm_new(shape, &status), &status);
          nf_chain_add(inner, coupling(shape, &status), &status);
        }
        nf_chain_add(b, inner, &status);
        nf_chain_add(b, nf_reverse_new(shape, &status), &status);
      }
    }
    nf_flow *f = flow_of(b, status);
    double data[8 * 6];
    (void)draw(f, 8, data);
    compare(f, 8, data);
    nf_flow_free(f);
  }
}

/* Stages above the place are taken, none below it; the loss is as it was; then it works again. */
static void an_error_ends_the_walk(void **state) {
  (void)state;
  nf_flow *f = glow();
  double data[MOST];
  const nf_batch x = draw(f, 20, data);
  f->chunk = 3;
  for (int threads = 1; threads <= 3; threads++) {
    check_ok(nf_flow_set_threads(f, threads));
    for (size_t enough = 1; enough <= 3; enough++) {
      taker t = taker_of(f);
      double loss = -5;
      t.enough = enough;
      check_status(nf_flow_gradient_by_stages(f, &x, &loss, take, &t), NF_EIO);
      assert_true(loss == -5 && t.stages >= enough && t.stages < enough + (size_t)threads);
      assert_false(t.seen[0]); /* the lowest stage */
      let_go(&t);
    }
  }
  compare(f, 20, data);
  nf_flow_free(f);
}

static void what_does_not_go_forward_completes_nothing(void **state) {
  (void)state;
  nf_flow *f = glow();
  double data[MOST], loss = -5;
  nf_batch x = draw(f, 20, data);
  taker t = taker_of(f);
  data[19 * 32 + 5] = NAN;
  check_status(nf_flow_gradient_by_stages(f, &x, &loss, take, &t), NF_ENONFINITE);
  x.shape = nf_point(32);
  check_status(nf_flow_gradient_by_stages(f, &x, &loss, take, &t), NF_ESHAPE);
  x.shape = f->bijector->in;
  x.n = 0;
  check_status(nf_flow_gradient_by_stages(f, &x, &loss, take, &t), NF_EINVAL);
  assert_true(loss == -5 && t.stages == 0);
  let_go(&t);
  nf_flow_free(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(glow_by_stages),
      cmocka_unit_test(pixels_by_stages),
      cmocka_unit_test(odd_trees_by_stages),
      cmocka_unit_test(an_error_ends_the_walk),
      cmocka_unit_test(what_does_not_go_forward_completes_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
