/* The convention of nf/core.h, on every public function: with an error in *e it does nothing and
 * returns that error, e may be NULL, inputs are never changed. (That nothing leaks then is for
 * MODE=asan; what each layer refuses: test_constructors.c.) */
#include <stdio.h>
#include <unistd.h>

#include "fixture.h"

enum { N = 6 };
static const nf_shape shape = {2, 2, 4};

/* What the calls below work on; `file` must not come into being. */
typedef struct {
  nf_flow *flow;
  nf_trainer *trainer;
  nf_real x[N * 2], z[N * 2], to[N * 2], gradient[4096];
  double log_p[N];
  nf_points points;
  nf_images images, digits;
  char file[200];
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
  for (size_t k = 0; k < N * 2; k++) s->x[k] = s->z[k] = nf_random_normal(SEED, 5, k);
  snprintf(s->file, sizeof s->file, "/tmp/nf_no_such_file_%ld", (long)getpid());
}

static void subject_free(subject *s) {
  nf_images_free(&s->digits);
  nf_images_free(&s->images);
  nf_points_free(&s->points);
  trainer_free(s->trainer);
}

/* Public function i that returns a status; NULL after the last. */
static const char *call(int i, subject *s, int *status, nf_error *e) {
  const nf_train_settings set = nf_train_default();
  int at = 0;
#define CALL(name, ...)           \
  if (at++ == i) {                \
    *status = name(__VA_ARGS__, e); \
    return #name;                 \
  }
  CALL(nf_flow_log_prob, s->flow, N, s->x, s->log_p)
  CALL(nf_flow_forward, s->flow, N, s->x, s->to, s->log_p)
  CALL(nf_flow_inverse, s->flow, N, s->z, s->to, s->log_p)
  CALL(nf_flow_sample, s->flow, N, 1, 1, s->to)
  CALL(nf_flow_gradient, s->flow, N, s->x, s->log_p, s->gradient)
  CALL(nf_images_values, &s->digits, 0, 0, s->to)
  CALL(nf_gaussian_fit, N, 2, s->x, s->to, s->to + 4, s->log_p)
  CALL(nf_images_from_values, N, nf_point(2), s->x, 17, &s->images)
  CALL(nf_flow_init_from_data, s->flow, N, s->x)
  CALL(nf_train_step, s->trainer, N, s->x, NULL)
  CALL(nf_trainer_set, s->trainer, &set)
  CALL(nf_flow_set_threads, s->flow, 2)
  CALL(nf_images_new, 1, shape, 17, false, &s->images)
  CALL(nf_images_digits, &s->images)
  CALL(nf_images_icons, &s->images)
  CALL(nf_images_load, "digits", &s->images)
  enum { NEED_A_FILE = 1000 };
  if (i >= NEED_A_FILE) at = NEED_A_FILE;
  CALL(nf_images_cifar10, s->file, false, &s->images)
  CALL(nf_images_idx, s->file, NULL, &s->images)
  CALL(nf_images_png, s->file, &s->images)
  CALL(nf_points_read_csv, s->file, &s->points)
  CALL(nf_load_into, s->file, s->flow, s->trainer)
  CALL(nf_save, s->file, s->flow, s->trainer)
#undef CALL
  return NULL;
}
