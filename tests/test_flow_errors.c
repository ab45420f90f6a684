/* A flow that fails names the sample and the layer, and leaves its outputs as they were. */
#include <pthread.h>

#include "fixture.h"

static void the_message_names_sample_and_layer(void **state) {
  (void)state;
  nf_error e = {0};
  nf_bijector *chain = nf_chain_new(nf_point(4), &e);
  nf_chain_add(chain, nf_reverse_new(nf_point(4), &e), &e);
  nf_chain_add(chain, nf_actnorm_new(nf_point(4), &e), &e);
  nf_chain_add(chain, nf_reverse_new(nf_point(4), &e), &e);
  nf_flow *f = nf_flow_new(chain, SEED, &e);
  check_no_error(&e);
  double x[8] = {1, 2, 3, 4, 5, 6, 7, 8}, log_p[2];
  check_ok(nf_flow_log_prob(f, 2, x, log_p, NULL));
  log_p[0] = log_p[1] = 42;
  chain->child[1]->tensor[0].data[2] = 800; /* log_scale: e⁸⁰⁰ is no double */
  nf_flow_log_prob(f, 2, x, log_p, &e);
  check_failed(&e, NF_ENONFINITE, "not finite, sample 0, layer 1 (actnorm): its value 2 is inf");
  assert_true(log_p[0] == 42 && log_p[1] == 42);
  chain->child[1]->tensor[0].data[2] = 0;
  x[6] = NAN;
  nf_flow_log_prob(f, 2, x, log_p, &e);
  check_failed(&e, NF_ENONFINITE, "not finite, sample 1: its value 2 is nan");
  x[6] = -INFINITY;
  nf_flow_log_prob(f, 2, x, log_p, &e);
  check_failed(&e, NF_ENONFINITE, "not finite, sample 1: its value 2 is -inf");
  x[6] = 7;
  for (int k = 0; k < 4; k++) chain->child[1]->tensor[0].data[k] = k < 2 ? -1e308 : 0;
  nf_flow_log_prob(f, 2, x, log_p, &e);
  check_failed(&e, NF_ENONFINITE, "not finite, sample 0, layer 1 (actnorm): its log-det is -inf");
  nf_flow_free(f);
}

/* Also of a layer that fails itself, and of log p alone, which is no layer's. Samples that are
 * drawn have their own numbers, others those of their place. */
static void the_message_names_what_failed(void **state) {
  (void)state;
  nf_error e = {0};
  nf_bijector *chain = nf_chain_new(nf_point(2), &e);
  nf_chain_add(chain, nf_actnorm_new(nf_point(2), &e), &e);
  nf_chain_add(chain, nf_logit_new(nf_point(2), 0, &e), &e);
  nf_flow *f = nf_flow_new(chain, SEED, &e);
  double x[6] = {0.5, 0.5, 0.5, 0.5, 0.5, 1.5}, to[6], log_p[3];
  nf_batch batch = nf_flow_batch(f, 3, x);
  batch.first = 100;
  nf_flow_log_prob_batch(f, &batch, log_p, &e);
  check_failed(&e, NF_EDOM, "sample 2, layer 1 (logit)");
  nf_flow_free(f);
  f = nf_flow_new(nf_actnorm_new(nf_point(2), &e), SEED, &e);
  x[3] = 1e200; /* its square is inf */
  nf_flow_log_prob(f, 3, x, log_p, &e);
  assert_string_equal(e.message, "value not finite, sample 1");
  check_failed(&e, NF_ENONFINITE, "sample 1");
  f->param[0] = -800;
  nf_flow_sample_from(f, 70, 3, SEED, 1, to, &e);
  check_failed(&e, NF_ENONFINITE, "sample 70, layer actnorm: its value 0 is ");
  nf_flow_sample(f, 3, SEED, INFINITY, to, &e);
  check_failed(&e, NF_EINVAL, "temperature: inf");
  nf_flow_sample(f, 3, SEED, NAN, to, &e);
  check_failed(&e, NF_EINVAL, "temperature");
  nf_flow_free(f);
}

static void a_failed_call_leaves_its_outputs_unchanged(void **state) {
  (void)state;
  enum { N = 60 };
  nf_flow *f = small_glow();
  double x[MAX_VALUES], before[MAX_VALUES], to[MAX_VALUES], log_p[N], loss = 42;
  double *gradient = calloc(f->n_param, sizeof *gradient); /* undefined after an error */
  assert_non_null(gradient);
  for (size_t k = 0; k < MAX_VALUES; k++) to[k] = before[k] = (double)k;
  memcpy(log_p, before, sizeof log_p);
  normal_samples(f, N, x);
  x[(N - 1) * f->d + 3] = NAN; /* many chunks succeed before this one */
  const nf_batch wrong = {.n = N, .shape = {4, 2, 4}, .data = x};
  for (int t = 1; t <= 2; t++) {
    check_ok(nf_flow_set_threads(f, t, NULL));
    check_status(nf_flow_log_prob(f, N, x, log_p, NULL), NF_ENONFINITE);
    check_status(nf_flow_forward(f, N, x, to, log_p, NULL), NF_ENONFINITE);
    check_status(nf_flow_inverse(f, N, x, to, log_p, NULL), NF_ENONFINITE);
    check_status(nf_flow_gradient(f, N, x, &loss, gradient, NULL), NF_ENONFINITE);
    check_status(nf_flow_sample(f, N, 1, -1, to, NULL), NF_EINVAL);
    check_status(nf_flow_log_prob_batch(f, &wrong, log_p, NULL), NF_ESHAPE);
    check_status(nf_flow_forward_batch(f, &wrong, to, log_p, NULL), NF_ESHAPE);
    check_status(nf_flow_gradient_batch(f, &wrong, &loss, gradient, NULL), NF_ESHAPE);
    check_status(nf_flow_init_from_batch(f, &wrong, NULL), NF_ESHAPE);
    check_status(nf_flow_log_prob(f, N, NULL, log_p, NULL), NF_EINVAL);
    check_status(nf_flow_gradient(f, 0, x, &loss, gradient, NULL), NF_EINVAL);
    assert_true(bits_equal(MAX_VALUES, to, before) && bits_equal(N, log_p, before) && loss == 42);
  }
  nf_error e = {0};
  assert_null(nf_flow_new(NULL, SEED, &e));
  check_failed(&e, NF_EINVAL, "layer is NULL");
  nf_flow_set_threads(f, 0, &e);
  check_failed(&e, NF_EINVAL, "0");
  nf_flow_set_threads(f, 1025, &e);
  check_failed(&e, NF_EINVAL, "1025|1024");
  assert_int_equal(f->threads, 2);
  free(gradient);
  nf_flow_free(f);
}

/* Actnorm can be initialised, the logit after it then gets values outside of [0, 1]. */
static void a_failed_initialisation_changes_nothing(void **state) {
  (void)state;
  nf_error e = {0};
  nf_bijector *chain = nf_chain_new(nf_point(2), &e);
  nf_chain_add(chain, nf_actnorm_new(nf_point(2), &e), &e);
  nf_chain_add(chain, nf_logit_new(nf_point(2), 0.05, &e), &e);
  nf_flow *f = nf_flow_new(chain, SEED, &e);
  check_no_error(&e);
  const double x[8] = {1, 2, 3, 5, 5, 9, 8, 17};
  nf_flow_init_from_data(f, 4, x, &e);
  check_failed(&e, NF_EDOM, "initialisation from data|outside the domain|layer 1 (logit)");
  for (size_t k = 0; k < f->n_param; k++) assert_true(f->param[k] == 0);
  for (size_t k = 0; k < f->n_constant; k++) assert_true(f->constant[k] == 0);
  nf_flow_free(f);
}

static void no_samples_give_no_values(void **state) {
  (void)state;
  nf_flow *f = small_glow();
  double to[1] = {42}, log_p[1] = {42};
  for (int threads = 1; threads <= 2; threads++) {
    check_ok(nf_flow_set_threads(f, threads, NULL));
    check_ok(nf_flow_log_prob(f, 0, NULL, log_p, NULL));
    check_ok(nf_flow_forward(f, 0, NULL, to, log_p, NULL));
    check_ok(nf_flow_inverse(f, 0, NULL, to, log_p, NULL));
    check_ok(nf_flow_sample(f, 0, SEED, 1, to, NULL));
    check_status(nf_flow_init_from_data(f, 0, NULL, NULL), NF_EINVAL);
  }
  assert_true(to[0] == 42 && log_p[0] == 42);
  nf_flow_free(f);
}

/* More than memory has addresses for */
static void too_many_samples_are_refused(void **state) {
  (void)state;
  nf_flow *f = small_glow();
  nf_error e = {0};
  double x[1] = {42}, loss = 42, gradient[1] = {42};
  const size_t many[] = {SIZE_MAX, SIZE_MAX / 2, SIZE_MAX / sizeof(nf_real) + 1,
                         SIZE_MAX / 32 / sizeof(nf_real) + 1};
  for (size_t i = 0; i < sizeof many / sizeof *many; i++) {
    nf_flow_log_prob(f, many[i], x, &loss, &e);
    check_failed(&e, NF_ENOMEM, "out of memory|samples");
    check_status(nf_flow_forward(f, many[i], x, x, &loss, NULL), NF_ENOMEM);
    check_status(nf_flow_inverse(f, many[i], x, x, &loss, NULL), NF_ENOMEM);
    check_status(nf_flow_sample(f, many[i], SEED, 1, x, NULL), NF_ENOMEM);
    check_status(nf_flow_gradient(f, many[i], x, &loss, gradient, NULL), NF_ENOMEM);
    check_status(nf_flow_init_from_data(f, many[i], x, NULL), NF_ENOMEM);
  }
  assert_true(x[0] == 42 && loss == 42 && gradient[0] == 42);
  nf_flow_free(f);
}

/* --- the fused gradient --------------------------------------------------------------------- */

/* Receives the gradients of layers, and fails at the n-th. */
typedef struct {
  pthread_mutex_t lock;
  size_t calls, fail_at;
  bool first_layers; /* the stage with parameter 0, which is the last to be complete */
} receiver;

static int receive(void *user, size_t layer, size_t first, size_t count, const nf_real *gradient) {
  (void)layer, (void)count, (void)gradient;
  receiver *r = user;
  pthread_mutex_lock(&r->lock);
  r->first_layers = r->first_layers || first == 0;
  const int status = ++r->calls >= r->fail_at ? NF_EIO : NF_OK;
  pthread_mutex_unlock(&r->lock);
  return status;
}

/* Stages above that one are complete, none below it; the loss is as it was. */
static void an_error_of_the_receiver_ends_the_fused_gradient(void **state) {
  (void)state;
  nf_flow *f = small_glow();
  double x[MAX_VALUES], other_loss, *gradient = calloc(f->n_param, sizeof *gradient);
  assert_non_null(gradient);
  normal_samples(f, 20, x);
  const nf_batch batch = nf_flow_batch(f, 20, x);
  f->chunk = 3;
  for (int threads = 1; threads <= 3; threads++) {
    check_ok(nf_flow_set_threads(f, threads, NULL));
    for (size_t fail_at = 1; fail_at <= 3; fail_at++) {
      receiver r = {.lock = PTHREAD_MUTEX_INITIALIZER, .fail_at = fail_at};
      double loss = -5;
      check_status(nf_gradient_fused(f, &batch, &loss, receive, &r, NULL), NF_EIO);
      assert_true(loss == -5 && r.calls >= fail_at && r.calls < fail_at + (size_t)threads);
      assert_false(r.first_layers);
    }
    receiver all = {.lock = PTHREAD_MUTEX_INITIALIZER, .fail_at = SIZE_MAX};
    double loss = -5;
    check_ok(nf_gradient_fused(f, &batch, &loss, receive, &all, NULL)); /* and then it works */
    check_ok(nf_flow_gradient(f, 20, x, &other_loss, gradient, NULL));
    assert_true(loss == other_loss && all.first_layers);
  }
  free(gradient);
  nf_flow_free(f);
}

static void when_forward_fails_no_gradient_is_complete(void **state) {
  (void)state;
  nf_flow *f = small_glow();
  nf_error e = {0};
  double x[MAX_VALUES], loss = -5;
  receiver r = {.lock = PTHREAD_MUTEX_INITIALIZER, .fail_at = SIZE_MAX};
  normal_samples(f, 20, x);
  nf_batch batch = nf_flow_batch(f, 20, x);
  x[19 * 32 + 5] = NAN;
  nf_gradient_fused(f, &batch, &loss, receive, &r, &e);
  check_failed(&e, NF_ENONFINITE, "sample 19");
  batch.shape = nf_point(32);
  nf_gradient_fused(f, &batch, &loss, receive, &r, &e);
  check_failed(&e, NF_ESHAPE, "(1, 1, 32)|(4, 4, 2)");
  batch.shape = f->bijector->in;
  batch.n = 0;
  nf_gradient_fused(f, &batch, &loss, receive, &r, &e);
  check_failed(&e, NF_EINVAL, "no samples");
  assert_true(loss == -5 && r.calls == 0);
  nf_flow_free(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_message_names_sample_and_layer),
      cmocka_unit_test(the_message_names_what_failed),
      cmocka_unit_test(a_failed_call_leaves_its_outputs_unchanged),
      cmocka_unit_test(a_failed_initialisation_changes_nothing),
      cmocka_unit_test(no_samples_give_no_values),
      cmocka_unit_test(too_many_samples_are_refused),
      cmocka_unit_test(an_error_of_the_receiver_ends_the_fused_gradient),
      cmocka_unit_test(when_forward_fails_no_gradient_is_complete),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
