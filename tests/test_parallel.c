/* How a flow divides a batch (flow/parallel.h): chunks cover it, the first that fails is named in
 * whatever order they end, none waits for one that failed, or meets another in a layer; stages are
 * the layers' backward; and the memory of threads is given back. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "fixture.h"
#include "flow/parallel.h"

/* --- flags that threads wait for ------------------------------------------------------------- */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool flag;

static void set_flag(bool value) {
  pthread_mutex_lock(&lock);
  flag = value;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
}

static void wait_for_flag(void) {
  pthread_mutex_lock(&lock);
  while (!flag) pthread_cond_wait(&changed, &lock);
  pthread_mutex_unlock(&lock);
}

/* --- chunks ---------------------------------------------------------------------------------- */
enum { N = 23 };
typedef struct {
  int seen[N];
  size_t chunk;
} counts;

static int count(void *user, nf_flow *f, size_t begin, size_t n, nf_work *work) {
  counts *c = user;
  (void)f, (void)work;
  if (n == 0 || n > c->chunk) return NF_EINVAL;
  for (size_t i = 0; i < n; i++) c->seen[begin + i]++;
  return NF_OK;
}

static void chunks_cover_a_batch(void **state) {
  (void)state;
  nf_flow *f = small_glow();
  for (int threads = 1; threads <= 3; threads++) {
    check_ok(nf_flow_set_threads(f, threads, NULL));
    for (size_t chunk = 1; chunk <= N + 1; chunk++) {
      for (size_t n = 0; n <= N; n++) {
        counts c = {.chunk = chunk};
        size_t failed;
        check_ok(nf_parallel_chunks(f, n, chunk, false, count, &c, &failed));
        for (size_t i = 0; i < N; i++) assert_int_equal(c.seen[i], i < n);
      }
    }
  }
  nf_flow_free(f);
}

/* Chunks 1 and 2 fail, each after the other has begun; 2 (or 1, where `user` says so) a little
 * later. */
static int fails(void *user, nf_flow *f, size_t begin, size_t n, nf_work *work) {
  (void)f, (void)n, (void)work;
  const size_t late = *(const size_t *)user;
  if (begin == 0) return NF_OK;
  if (begin != late) {
    wait_for_flag();
    return begin == 4 ? NF_EDOM : NF_ENONFINITE;
  }
  set_flag(true);
  for (int i = 0; i < 1000; i++) sched_yield();
  return begin == 4 ? NF_EDOM : NF_ENONFINITE;
}

static void the_first_chunk_that_fails_is_named(void **state) {
  (void)state;
  nf_flow *f = small_glow();
  check_ok(nf_flow_set_threads(f, 2, NULL));
  alarm(60); /* of a chunk that waits for ever */
  for (int i = 0; i < 10; i++) {
    for (size_t late = 4; late <= 8; late += 4) {
      size_t failed = SIZE_MAX;
      set_flag(false);
      check_status(nf_parallel_chunks(f, 12, 4, false, fails, &late, &failed), NF_EDOM);
      assert_int_equal(failed, 4);
    }
  }
  alarm(0);
  nf_flow_free(f);
}

/* --- backward in turn ------------------------------------------------------------------------ */

/* Sample 0 fails when sample 1 is on its way back, to this layer's gradient. */
static int forward(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work) {
  (void)b, (void)log_det, (void)work;
  if (x->first == 0) {
    wait_for_flag();
    return NF_EDOM;
  }
  set_flag(true);
  return NF_OK;
}
static int backward(const nf_bijector *b, nf_batch *z, nf_batch *dz, const double *dlog_det,
                    nf_real *dparam, nf_work *work) {
  (void)b, (void)z, (void)dz, (void)dlog_det, (void)dparam, (void)work;
  return NF_OK;
}
static const nf_bijector_type type = {.name = "mine", .forward = forward, .backward = backward};

/* A flow of one layer on R, whose samples are chunks */
static nf_flow *flow_of(const nf_bijector_type *of, int threads) {
  nf_bijector *b = nf_bijector_new(of, sizeof *b, nf_point(1), nf_point(1), NULL);
  nf_flow *f = nf_flow_new(b, SEED, NULL);
  check_ok(nf_flow_set_threads(f, threads, NULL));
  f->chunk = 1;
  return f;
}

static void no_chunk_waits_for_one_that_failed(void **state) {
  (void)state;
  nf_error e = {0};
  nf_flow *f = flow_of(&type, 2);
  const double x[2] = {1, 2};
  double loss = 42, gradient[1];
  alarm(60);
  for (int i = 0; i < 20; i++) {
    set_flag(false);
    nf_flow_gradient(f, 2, x, &loss, gradient, &e);
    check_failed(&e, NF_EDOM, "sample 0, layer mine");
  }
  alarm(0);
  assert_true(loss == 42);
  nf_flow_free(f);
}

/* Sample 1 fails while sample 0 is in this layer's backward, where sample 2 wants to go. */
static atomic_int inside, met;
static void sleep_ms(long ms) { nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL); }
static int forward_of_three(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work) {
  (void)b, (void)log_det, (void)work;
  if (x->first == 2) set_flag(true);
  if (x->first != 1) return NF_OK;
  wait_for_flag();
  sleep_ms(2);
  return NF_EDOM;
}
static int backward_alone(const nf_bijector *b, nf_batch *z, nf_batch *dz, const double *dlog_det,
                          nf_real *dparam, nf_work *work) {
  (void)b, (void)dz, (void)dlog_det, (void)dparam, (void)work;
  if (atomic_fetch_add(&inside, 1) > 0) atomic_store(&met, 1);
  if (z->first == 0) sleep_ms(20);
  atomic_fetch_sub(&inside, 1);
  return NF_OK;
}
static const nf_bijector_type alone = {
    .name = "mine", .forward = forward_of_three, .backward = backward_alone};

static void no_chunk_meets_another_in_a_layer(void **state) {
  (void)state;
  nf_error e = {0};
  nf_flow *f = flow_of(&alone, 3);
  const double x[3] = {1, 2, 3};
  double loss, gradient[1];
  alarm(60);
  for (int i = 0; i < 5; i++) {
    set_flag(false);
    nf_flow_gradient(f, 3, x, &loss, gradient, &e);
    check_failed(&e, NF_EDOM, "sample 1, layer mine");
  }
  alarm(0);
  assert_int_equal(atomic_load(&met), 0);
  nf_flow_free(f);
}

/* --- the chunks of a gradient ---------------------------------------------------------------- */

static void a_small_batch_is_for_several_threads(void **state) {
  (void)state;
  nf_flow *f = new_flow(&point);
  for (size_t n = 1; n <= 256; n++) assert_int_equal(nf_gradient_chunk(f, n), 64);
  assert_int_equal(nf_gradient_chunk(f, 257), 65);
  assert_int_equal(nf_gradient_chunk(f, 5000), f->chunk);
  nf_flow_free(f);
}

/* --- stages ---------------------------------------------------------------------------------- */

static int keep(void *user, size_t layer, size_t first, size_t n, const nf_real *gradient) {
  (void)layer;
  memcpy((nf_real *)user + first, gradient, n * sizeof *gradient);
  return NF_OK;
}

/* Whatever dz and dlog_det, each sample with its own. */
static void stages_are_the_backward_of_the_layers(void **state) {
  (void)state;
  enum { SOME = 20, D = 32 };
  nf_flow *f = small_glow();
  double x[SOME * D], z[2][SOME * D], dz[2][SOME * D], dlog_det[SOME], loss;
  double *gradient[2] = {calloc(f->n_param, sizeof(double)), calloc(f->n_param, sizeof(double))};
  normal_samples(f, SOME, x);
  check_ok(nf_flow_forward(f, SOME, x, z[0], NULL, NULL));
  memcpy(z[1], z[0], sizeof z[0]);
  for (size_t k = 0; k < SOME * D; k++) dz[0][k] = dz[1][k] = nf_random_normal(SEED, 1, k);
  for (size_t i = 0; i < SOME; i++) dlog_det[i] = nf_random_normal(SEED, 2, i);
  nf_batch batch[2], d[2], from = nf_flow_batch(f, SOME, x);
  for (int k = 0; k < 2; k++) {
    batch[k] = (nf_batch){.n = SOME, .shape = f->bijector->out, .data = z[k]};
    d[k] = (nf_batch){.n = SOME, .shape = f->bijector->out, .data = dz[k]};
  }
  f->chunk = 3;
  check_ok(nf_flow_set_threads(f, 2, NULL));
  check_ok(nf_gradient_fused(f, &from, &loss, keep, gradient[0], NULL)); /* makes the memory */
  check_ok(nf_parallel_stages(f, &batch[0], &d[0], dlog_det, keep, gradient[0]));
  nf_work work = {0};
  check_ok(nf_layer_backward(f->bijector, &batch[1], &d[1], dlog_det, gradient[1], &work));
  assert_true(bits_equal(SOME * D, z[0], z[1]) && bits_equal(SOME * D, dz[0], dz[1]));
  check_array("gradient", gradient[0], gradient[1], f->n_param, 1e-12, 1e-12);
  for (int k = 0; k < 2; k++)
    assert_true(nf_shape_equal(batch[k].shape, f->bijector->in) &&
                nf_shape_equal(d[k].shape, f->bijector->in));
  nf_work_free(&work);
  free(gradient[0]), free(gradient[1]);
  nf_flow_free(f);
}

static void a_fused_gradient_has_the_same_bits(void **state) {
  (void)state;
  enum { SOME = 300 };
  nf_flow *f = new_flow(&point);
  double x[SOME * 3], loss[2];
  double *gradient[2] = {calloc(f->n_param, sizeof(double)), calloc(f->n_param, sizeof(double))};
  normal_samples(f, SOME, x);
  const nf_batch batch = nf_flow_batch(f, SOME, x);
  check_ok(nf_flow_gradient(f, SOME, x, &loss[0], gradient[0], NULL));
  check_ok(nf_gradient_fused(f, &batch, &loss[1], keep, gradient[1], NULL));
  assert_true(loss[0] == loss[1] && bits_equal(f->n_param, gradient[0], gradient[1]));
  free(gradient[0]), free(gradient[1]);
  nf_flow_free(f);
}

/* --- memory ---------------------------------------------------------------------------------- */

static void check_given_back(const nf_flow *f) {
  for (int t = 0; t < f->threads; t++) {
    assert_true(f->work[t].hooks == NULL && f->work[t].activations == NULL);
    assert_int_equal(f->work[t].arena.used, 0);
    assert_int_equal(f->work[t].depth, 0);
  }
  for (size_t k = 0; k < f->n_activations; k++)
    assert_true(f->activations[k].top == NULL && f->activations[k].memory.used == 0);
}

/* Also after an error */
static void memory_is_given_back(void **state) {
  (void)state;
  enum { SAMPLES_OF_IT = 40 };
  nf_flow *f = small_glow();
  double x[MAX_VALUES], to[MAX_VALUES], log_p[SAMPLES_OF_IT], loss;
  double *gradient = calloc(f->n_param, sizeof *gradient);
  normal_samples(f, SAMPLES_OF_IT, x);
  for (int threads = 1; threads <= 2; threads++) {
    check_ok(nf_flow_set_threads(f, threads, NULL));
    for (int bad = 0; bad < 2; bad++) {
      double *last = x + SAMPLES_OF_IT * f->d - 1, was = *last;
      if (bad) *last = NAN;
      const int status = bad ? NF_ENONFINITE : NF_OK;
      const nf_batch batch = nf_flow_batch(f, SAMPLES_OF_IT, x);
      check_status(nf_flow_log_prob(f, SAMPLES_OF_IT, x, log_p, NULL), status);
      check_given_back(f);
      check_status(nf_flow_inverse(f, SAMPLES_OF_IT, x, to, NULL, NULL), status);
      check_given_back(f);
      check_status(nf_flow_gradient(f, SAMPLES_OF_IT, x, &loss, gradient, NULL), status);
      check_given_back(f);
      check_status(nf_gradient_fused(f, &batch, &loss, keep, gradient, NULL), status);
      check_given_back(f);
      *last = was;
    }
  }
  free(gradient);
  nf_flow_free(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(chunks_cover_a_batch),
      cmocka_unit_test(the_first_chunk_that_fails_is_named),
      cmocka_unit_test(no_chunk_waits_for_one_that_failed),
      cmocka_unit_test(no_chunk_meets_another_in_a_layer),
      cmocka_unit_test(a_small_batch_is_for_several_threads),
      cmocka_unit_test(stages_are_the_backward_of_the_layers),
      cmocka_unit_test(a_fused_gradient_has_the_same_bits),
      cmocka_unit_test(memory_is_given_back),
  };
  return cmocka_run_group_tests_name("parallel", tests, NULL, NULL);
}
