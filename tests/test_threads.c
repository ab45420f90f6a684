/* The thread contract of nf/flow.h: one flow serves one caller at a time, different flows are
 * independent, and a child of fork() computes the same bits without the parent's threads. */
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"

/* --- a second caller ------------------------------------------------------------------------ */

/* A layer whose first forward waits until the test releases it. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool entered, released;

/* Sets the flag; returns whether it was set before. */
static bool set_flag(bool *flag) {
  pthread_mutex_lock(&lock);
  const bool before = *flag;
  *flag = true;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
  return before;
}

static void wait_until(const bool *flag) {
  pthread_mutex_lock(&lock);
  while (!*flag) pthread_cond_wait(&changed, &lock);
  pthread_mutex_unlock(&lock);
}

static int wait_forward(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work) {
  (void)b, (void)x, (void)log_det, (void)work;
  if (!set_flag(&entered)) wait_until(&released);
  return NF_OK;
}
static int no_inverse(const nf_bijector *b, nf_batch *z, double *log_det, nf_work *work) {
  (void)b, (void)z, (void)log_det, (void)work;
  return NF_OK;
}

static const nf_bijector_type wait_type = {
    .name = "wait", .forward = wait_forward, .inverse = no_inverse};

typedef struct {
  nf_flow *flow;
  double log_p;
  nf_error e;
} caller;

static const nf_real one_sample[2] = {0.5, -1.5};

static void *call_log_prob(void *user) {
  caller *c = user;
  nf_flow_log_prob(c->flow, 1, one_sample, &c->log_p, &c->e);
  return NULL;
}

static void a_second_caller_gets_ebusy(void **state) {
  (void)state;
  nf_error e = {0};
  nf_bijector *b = nf_bijector_new(&wait_type, sizeof *b, nf_point(2), nf_point(2), &e);
  static caller first;
  first = (caller){.flow = nf_flow_new(b, SEED, &e)};
  nf_flow *f = first.flow;
  const nf_train_settings settings_of_t = nf_train_default();
  nf_trainer *t = nf_trainer_new(f, &settings_of_t, &e);
  check_no_error(&e);
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, call_log_prob, &first), 0);
  wait_until(&entered);

  double value = 42, gradient[1] = {42};
  nf_real out[2] = {42, 42};
  nf_flow_log_prob(f, 1, one_sample, &value, &e);
  check_failed(&e, NF_EBUSY, "the flow is in use");
  check_status(nf_flow_forward(f, 1, one_sample, out, &value, NULL), NF_EBUSY);
  check_status(nf_flow_inverse(f, 1, one_sample, out, &value, NULL), NF_EBUSY);
  check_status(nf_flow_sample(f, 1, SEED, 1, out, NULL), NF_EBUSY);
  check_status(nf_flow_gradient(f, 1, one_sample, &value, gradient, NULL), NF_EBUSY);
  check_status(nf_flow_init_from_data(f, 1, one_sample, NULL), NF_EBUSY);
  check_status(nf_flow_set_threads(f, 2, NULL), NF_EBUSY);
  check_status(nf_train_step(t, 1, one_sample, NULL, NULL), NF_EBUSY);
  assert_true(value == 42 && gradient[0] == 42 && out[0] == 42 && out[1] == 42);
  assert_int_equal(nf_trainer_steps(t), 0);

  set_flag(&released);
  assert_int_equal(pthread_join(thread, NULL), 0);
  check_no_error(&first.e);
  check_close("log p", first.log_p, -(0.25 + 2.25) / 2 - 1.8378770664093454836, 0, 1e-15);
  check_ok(nf_flow_log_prob(f, 1, one_sample, &value, NULL)); /* and then it is free */
  assert_true(value == first.log_p);
  nf_trainer_free(t);
  nf_flow_free(f);
}

/* --- two flows on two threads --------------------------------------------------------------- */

enum { N = 40, CALLS = 20 };

/* All that a flow computes of N samples, with 2 threads of its own. */
typedef struct {
  nf_flow *flow;
  nf_real x[N * 32], z[N * 32], drawn[N * 32], gradient[8192];
  double log_p[N], loss;
  int calls;
  nf_error e;
} computation;

static void *compute(void *user) {
  computation *c = user;
  for (int i = 0; i < c->calls; i++) {
    nf_flow_log_prob(c->flow, N, c->x, c->log_p, &c->e);
    nf_flow_forward(c->flow, N, c->x, c->z, NULL, &c->e);
    nf_flow_sample(c->flow, N, SEED, 1, c->drawn, &c->e);
    nf_flow_gradient(c->flow, N, c->x, &c->loss, c->gradient, &c->e);
  }
  return NULL;
}

static void start_computation(computation *c, int threads, int calls) {
  *c = (computation){.flow = small_glow(), .calls = calls};
  assert_true(nf_flow_n_param(c->flow) <= 8192 && nf_flow_dim(c->flow) == 32);
  normal_samples(c->flow, N, c->x);
  check_ok(nf_flow_set_threads(c->flow, threads, NULL));
}

static bool same_results(const computation *a, const computation *b) {
  return bits_equal(N * 32, a->z, b->z) && bits_equal(N * 32, a->drawn, b->drawn) &&
         bits_equal(8192, a->gradient, b->gradient) && bits_equal(N, a->log_p, b->log_p) &&
         a->loss == b->loss;
}

static void two_flows_run_at_once(void **state) {
  (void)state;
  static computation expected, c[2];
  pthread_t thread[2];
  start_computation(&expected, 1, 1);
  compute(&expected);
  for (int i = 0; i < 2; i++) start_computation(&c[i], 2, CALLS);
  for (int i = 0; i < 2; i++) assert_int_equal(pthread_create(&thread[i], NULL, compute, &c[i]), 0);
  for (int i = 0; i < 2; i++) assert_int_equal(pthread_join(thread[i], NULL), 0);
  for (int i = 0; i < 2; i++) {
    check_no_error(&c[i].e);
    assert_true(same_results(&c[i], &expected));
    nf_flow_free(c[i].flow);
  }
  nf_flow_free(expected.flow);
}

/* --- after fork ----------------------------------------------------------------------------- */

/* In a child; one that hangs is ended by SIGALRM. */
static int run_child(int (*job)(void *user), void *user) {
  fflush(NULL);
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    _exit(job(user));
  }
  int status = 0;
  assert_true(child > 0 && waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int compute_again(void *user) {
  static computation now;
  const computation *before = user;
  memcpy(&now, before, sizeof now);
  memset(now.z, 0, sizeof now.z);
  memset(now.gradient, 0, sizeof now.gradient);
  now.calls = 2;
  compute(&now);
  const bool same = now.e.status == NF_OK && same_results(&now, before);
  const bool settable = nf_flow_set_threads(now.flow, 2, NULL) == NF_OK;
  now.calls = 1;
  compute(&now); /* with threads of the child's own */
  const bool same_again = now.e.status == NF_OK && same_results(&now, before);
  nf_flow_free(now.flow);
  return same && settable && same_again ? 0 : 1;
}

static void a_child_of_fork_computes_the_same_bits_and_exits(void **state) {
  (void)state;
  check_not_emulated();
  static computation c, again;
  for (int threads = 1; threads <= 3; threads++) {
    start_computation(&c, threads, 1);
    compute(&c); /* the threads have started */
    check_no_error(&c.e);
    assert_int_equal(run_child(compute_again, &c), 0);
    memcpy(&again, &c, sizeof again);
    compute(&again); /* and the parent's still run */
    assert_true(same_results(&again, &c));
    nf_flow_free(c.flow);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_second_caller_gets_ebusy),
      cmocka_unit_test(two_flows_run_at_once),
      cmocka_unit_test(a_child_of_fork_computes_the_same_bits_and_exits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
