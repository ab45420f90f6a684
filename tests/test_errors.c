/* The convention of nf/core.h, on every public function: with an error in *e it does nothing and
 * returns that error, e may be NULL, inputs are never changed. (That nothing leaks then is for
 * MODE=asan; what each layer refuses: test_constructors.c.) */
#include "fixture.h"

enum { N = 6 };

/* What the calls below work on. */
typedef struct {
  nf_flow *flow;
  nf_trainer *trainer;
  nf_real x[N * 2], to[N * 2], gradient[4096];
  double log_p[N];
  nf_points points;
  nf_images images, digits;
} subject;

static void subject_new(subject *s) {
  const nf_train_settings set = nf_train_default();
  nf_error e = {0};
  nf_model m = nf_model_default(NF_GLOW, nf_point(2));
  m.width = 4;
  m.steps = 2;
  memset(s, 0, sizeof *s);
  s->flow = nf_flow_from_model(&m, &e);
  s->trainer = nf_trainer_new(s->flow, &set, &e);
  nf_images_digits(&s->digits, &e);
  check_no_error(&e);
  assert_true(nf_flow_n_param(s->flow) <= 4096);
  for (size_t k = 0; k < N * 2; k++) s->x[k] = nf_random_normal(SEED, 5, k);
}

static void subject_free(subject *s) {
  nf_images_free(&s->digits);
  nf_images_free(&s->images);
  nf_points_free(&s->points);
  trainer_free(s->trainer);
}

/* Public function i that returns a status, on good inputs, but for files: there is none. NULL after
 * the last. */
static const char *call(int i, subject *s, int *status, nf_error *e) {
  const nf_train_settings set = nf_train_default();
  const char *file = "/dev/null/no_file";
  int at = 0;
#define CALL(name, ...)             \
  if (at++ == i) {                  \
    *status = name(__VA_ARGS__, e); \
    return #name;                   \
  }
  CALL(nf_flow_log_prob, s->flow, N, s->x, s->log_p)
  CALL(nf_flow_forward, s->flow, N, s->x, s->to, s->log_p)
  CALL(nf_flow_inverse, s->flow, N, s->x, s->to, s->log_p)
  CALL(nf_flow_sample, s->flow, N, 1, 1, s->to)
  CALL(nf_flow_gradient, s->flow, N, s->x, s->log_p, s->gradient)
  CALL(nf_gaussian_fit, N, 2, s->x, s->to, s->to + 4, s->log_p)
  CALL(nf_images_values, &s->digits, 0, 0, s->to)
  CALL(nf_images_from_values, N, nf_point(2), s->x, 17, &s->images)
  CALL(nf_images_new, 1, nf_point(2), 17, false, &s->images)
  CALL(nf_images_digits, &s->images)
  CALL(nf_images_icons, &s->images)
  CALL(nf_images_load, "digits", &s->images)
  CALL(nf_images_cifar10, file, false, &s->images)
  CALL(nf_images_cifar100, file, false, &s->images)
  CALL(nf_images_idx, file, NULL, &s->images)
  CALL(nf_images_png, file, &s->images)
  CALL(nf_images_folder, file, NULL, &s->images)
  CALL(nf_images_reduce, &s->digits, 5)
  CALL(nf_points_read_csv, file, &s->points)
  CALL(nf_load_into, file, s->flow, s->trainer)
  CALL(nf_save, file, s->flow, s->trainer)
  CALL(nf_trainer_set, s->trainer, &set)
  CALL(nf_flow_set_threads, s->flow, 2)
  CALL(nf_flow_init_from_data, s->flow, N, s->x)
  CALL(nf_train_step, s->trainer, N, s->x, NULL)
#undef CALL
  return NULL;
}

/* The same for those that make an object. */
static const char *make(int i, subject *s, const void **made, nf_error *e) {
  const nf_train_settings set = nf_train_default();
  nf_model m = nf_model_default(NF_NICE, nf_point(2));
  int at = 0;
#define MAKE(name, ...)           \
  if (at++ == i) {                \
    *made = name(__VA_ARGS__, e); \
    return #name;                 \
  }
  MAKE(nf_flow_from_model, &m)
  MAKE(nf_bijector_from_model, &m)
  MAKE(nf_trainer_new, s->flow, &set)
  MAKE(nf_load, "/dev/null/no_file")
  MAKE(nf_toy_find, "moons")
#undef MAKE
  return NULL;
}

static void after_an_error_a_call_does_nothing(void **state) {
  (void)state;
  static subject s, before;
  nf_error e = {0}, earlier = {0};
  int status = NF_OK;
  const void *made = NULL;
  subject_new(&s);
  const size_t n = nf_flow_n_param(s.flow);
  nf_real *param = malloc(n * sizeof *param);
  assert_non_null(param);
  memcpy(param, nf_flow_param(s.flow), n * sizeof *param);
  memcpy(&before, &s, sizeof s);
  nf_fail(&e, NF_EDOM, "the first error");
  nf_fail(&earlier, NF_EDOM, "the first error");
  for (int i = 0; call(i, &s, &status, &e) != NULL; i++) {
    check_status(status, NF_EDOM);
    if (memcmp(&s, &before, sizeof s) != 0 || !bits_equal(n, param, nf_flow_param(s.flow)))
      fail_msg("%s changed something", call(i, &s, &status, &e));
  }
  for (int i = 0; make(i, &s, &made, &e) != NULL; i++) assert_null(made);
  assert_memory_equal(&e, &earlier, sizeof e);
  assert_true(s.flow->threads == 1 && nf_trainer_steps(s.trainer) == 0);
  free(param);
  subject_free(&s);
}

static void without_e_a_call_returns_the_same_status(void **state) {
  (void)state;
  static subject s, t;
  int status = NF_OK, status_without = NF_OK;
  subject_new(&s);
  subject_new(&t);
  nf_error e = {0};
  for (int i = 0; call(i, &s, &status, &e) != NULL; i++) {
    call(i, &t, &status_without, NULL);
    assert_int_equal(status, status_without);
    assert_int_equal(status, e.status);
    assert_int_equal(status == NF_OK, e.message[0] == 0);
    e = (nf_error){0};
    nf_images_free(&s.images);
    nf_images_free(&t.images);
  }
  assert_true(bits_equal(N, s.log_p, t.log_p) && bits_equal(2 * N, s.to, t.to));
  check_same_training(s.trainer, t.trainer); /* the last call was a step */
  subject_free(&s);
  subject_free(&t);
}

static void null_objects_are_refused(void **state) {
  (void)state;
  double x[2] = {0.5, 1}, value = 42;
  nf_error e = {0};
  nf_flow_log_prob(NULL, 1, x, &value, &e);
  check_failed(&e, NF_EINVAL, "flow is NULL");
  check_status(nf_flow_forward(NULL, 1, x, x, &value, NULL), NF_EINVAL);
  check_status(nf_flow_inverse(NULL, 1, x, x, &value, NULL), NF_EINVAL);
  check_status(nf_flow_sample(NULL, 1, 1, 1, x, NULL), NF_EINVAL);
  check_status(nf_flow_gradient(NULL, 1, x, &value, x, NULL), NF_EINVAL);
  check_status(nf_flow_init_from_data(NULL, 1, x, NULL), NF_EINVAL);
  check_status(nf_flow_set_threads(NULL, 1, NULL), NF_EINVAL);
  nf_train_step(NULL, 1, x, NULL, &e);
  check_failed(&e, NF_EINVAL, "trainer is NULL");
  assert_true(value == 42 && x[0] == 0.5 && x[1] == 1);
  nf_flow_free(NULL);
  nf_trainer_free(NULL);
  nf_bijector_free(NULL);
  nf_net_free(NULL);
}

/* Calls that succeed, and calls that fail at the last sample. */
static void inputs_are_not_changed(void **state) {
  (void)state;
  enum { M = 40 };
  nf_flow *f = small_glow();
  const nf_train_settings set = nf_train_default();
  nf_trainer *t = nf_trainer_new(f, &set, NULL);
  double x[MAX_VALUES], before[MAX_VALUES], to[MAX_VALUES], log_p[M], loss;
  double *gradient = calloc(f->n_param, sizeof *gradient);
  assert_true(t != NULL && gradient != NULL);
  for (int wrong = 0; wrong <= 1; wrong++) {
    const int expected = wrong ? NF_ENONFINITE : NF_OK;
    normal_samples(f, M, x);
    if (wrong) x[(M - 1) * f->d] = INFINITY;
    memcpy(before, x, M * f->d * sizeof *x);
    for (int threads = 1; threads <= 2; threads++) {
      check_ok(nf_flow_set_threads(f, threads, NULL));
      check_status(nf_flow_log_prob(f, M, x, log_p, NULL), expected);
      check_status(nf_flow_forward(f, M, x, to, log_p, NULL), expected);
      check_status(nf_flow_inverse(f, M, x, to, log_p, NULL), expected);
      check_status(nf_flow_gradient(f, M, x, &loss, gradient, NULL), expected);
      check_status(nf_flow_init_from_data(f, M, x, NULL), expected);
      check_status(nf_train_step(t, M, x, NULL, NULL), expected);
      assert_true(bits_equal(M * f->d, x, before));
    }
  }
  free(gradient);
  trainer_free(t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(after_an_error_a_call_does_nothing),
      cmocka_unit_test(without_e_a_call_returns_the_same_status),
      cmocka_unit_test(null_objects_are_refused),
      cmocka_unit_test(inputs_are_not_changed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
