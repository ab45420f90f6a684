/* Training: what a long run rests on. The same weights at any number of threads, after a resume the
 * same as without, no trace of a step that failed, and maxima that are known are reached. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "flow/models.h"
#include "io/toy.h"
#include "train/shuffle.h"
#include "train/trainer.h"
#include "verify/jacobian.h"
#include "verify/likelihood.h"

/* --- a trainer and its flow
 * ----------------------------------------------------------------------- */

enum { POINTS = 2000, BATCH = 150 };

static nf_train_settings settings(void) {
  nf_train_settings set = nf_train_default();
  set.schedule = (nf_schedule){NF_PLATEAU, 0.01, 5, 0, 0.01, 0.5, 2};
  set.clip = 1;
  set.ema = 0.9;
  return set;
}

static nf_trainer *start(int threads, const nf_train_settings *set) {
  int status = NF_OK;
  nf_flow *flow = NULL;
  nf_trainer *trainer = NULL;
  nf_model model = nf_model_default(NF_GLOW, nf_point(2));
  model.width = 8;
  model.steps = 3;
  check_ok(nf_flow_new(&flow, nf_model_new(&model, &status), 7));
  check_ok(nf_flow_set_threads(flow, threads));
  flow->chunk = 4;
  check_ok(nf_trainer_new(&trainer, flow, set));
  return trainer;
}

static void stop(nf_trainer *t) {
  nf_flow *flow = t->flow;
  nf_trainer_free(t);
  nf_flow_free(flow);
}

/* Steps t->step … until - 1 on moons, with a validation loss of the trainer's own every 4. */
static void train(nf_trainer *t, uint64_t until) {
  static double x[2 * POINTS], batch[2 * BATCH];
  size_t index[BATCH];
  nf_train_stats stats = {0};
  nf_toy_sample(&nf_toys[0], 1, 0, POINTS, x);
  const nf_batch b = {.n = BATCH, .shape = nf_point(2), .data = batch};
  while (t->step < until) {
    nf_shuffled_batch(1, t->step, POINTS, BATCH, index);
    for (size_t i = 0; i < 2 * BATCH; i++) batch[i] = x[2 * index[i / 2] + i % 2];
    if (t->step == 0) check_ok(nf_flow_observe(t->flow, &b));
    check_ok(nf_train_step(t, &b, &stats));
    if (t->step % 4 == 0) nf_plateau_report(&t->set.schedule, &t->plateau, stats.loss);
  }
}

static void expect_same(const nf_trainer *a, const nf_trainer *b) {
  const size_t bytes = a->flow->n_param * sizeof(nf_real);
  assert_memory_equal(a->flow->param, b->flow->param, bytes);
  assert_memory_equal(a->flow->constant, b->flow->constant, a->flow->n_constant * sizeof(nf_real));
  assert_memory_equal(a->m, b->m, bytes);
  assert_memory_equal(a->v, b->v, bytes);
  assert_memory_equal(a->average, b->average, bytes);
  assert_int_equal(a->step, b->step);
  check_close("plateau scale", a->plateau.scale, b->plateau.scale, 0, 0);
  check_close("plateau best", a->plateau.best, b->plateau.best, 0, 0);
  assert_int_equal(a->plateau.waited, b->plateau.waited);
}

/* What a checkpoint does, in memory. */
static void copy_state(nf_trainer *to, const nf_trainer *from) {
  const size_t bytes = from->flow->n_param * sizeof(nf_real);
  memcpy(to->flow->param, from->flow->param, bytes);
  memcpy(to->flow->constant, from->flow->constant, from->flow->n_constant * sizeof(nf_real));
  memcpy(to->m, from->m, bytes);
  memcpy(to->v, from->v, bytes);
  memcpy(to->average, from->average, bytes);
  to->step = from->step;
  to->plateau = from->plateau;
}

static void threads_do_not_matter(void **state) {
  (void)state;
  const nf_train_settings set = settings();
  nf_trainer *one = start(1, &set), *two = start(2, &set), *three = start(3, &set);
  train(one, 100);
  train(two, 100);
  train(three, 100);
  expect_same(one, two);
  expect_same(one, three);
  stop(one);
  stop(two);
  stop(three);
}

static void a_resumed_run_is_the_same_run(void **state) {
  (void)state;
  const nf_train_settings set = settings();
  nf_trainer *whole = start(1, &set), *first = start(1, &set), *second = start(1, &set);
  train(whole, 60);
  assert_true(whole->plateau.scale < 1); /* a state that is worth saving */
  train(first, 37);
  copy_state(second, first);
  stop(first);
  train(second, 60);
  expect_same(whole, second);
  stop(whole);
  stop(second);
}

static void the_average_follows_its_formula(void **state) {
  (void)state;
  nf_train_settings set = settings();
  nf_trainer *t = start(1, &set);
  const size_t n = t->flow->n_param;
  double *expected = malloc(n * sizeof *expected), *weights = malloc(n * sizeof *weights);
  check_array("at first", t->average, t->flow->param, n, 0, 0);
  train(t, 1);
  memcpy(expected, t->average, n * sizeof *expected);
  for (uint64_t step = 2; step <= 120; step++) { /* (1+t)/(10+t) reaches 0.9 at t = 80 */
    train(t, step);
    const double d = step < 80 ? (1.0 + (double)step) / (10.0 + (double)step) : 0.9;
    for (size_t i = 0; i < n; i++) expected[i] = d * expected[i] + (1 - d) * t->flow->param[i];
    check_array("average", t->average, expected, n, 1e-13, 1e-13);
  }
  memcpy(weights, t->flow->param, n * sizeof *weights);
  nf_trainer_swap_average(t);
  check_array("swapped", t->flow->param, expected, n, 1e-13, 1e-13);
  check_array("kept", t->average, weights, n, 0, 0);
  nf_trainer_swap_average(t);
  check_array("back", t->flow->param, weights, n, 0, 0);
  free(expected);
  free(weights);
  stop(t);
}

/* Without averaging the average is the weights. */
static void no_average_is_the_weights(void **state) {
  (void)state;
  const nf_train_settings set = nf_train_default();
  nf_trainer *t = start(1, &set);
  train(t, 3);
  check_array("average", t->average, t->flow->param, t->flow->n_param, 1e-15, 1e-15);
  stop(t);
}

/* After one step m = (1-β₁)·g: so m tells which gradient was taken. */
static void clipping_keeps_the_direction(void **state) {
  (void)state;
  nf_train_settings set = nf_train_default();
  set.clip = 0.25;
  nf_trainer *t = start(1, &set);
  const size_t n = t->flow->n_param;
  double *g = malloc(n * sizeof *g), norm = 0;
  for (size_t i = 0; i < n; i++) {
    g[i] = t->gradient[i] = nf_random_normal(2, 0, i);
    norm += g[i] * g[i];
  }
  norm = sqrt(norm);
  check_close("norm", nf_gradient_norm(n, g), norm, 0, 1e-14);
  nf_train_stats stats;
  check_ok(nf_train_update(t, 1, &stats));
  check_close("reported norm", stats.norm, norm, 0, 1e-14);
  for (size_t i = 0; i < n; i++) g[i] *= 0.1 * 0.25 / norm;
  check_array("m", t->m, g, n, 0, 1e-14);

  t->set.clip = 0.25 * 1.000001; /* and one that is short enough stays as it is */
  double *before = malloc(n * sizeof *before);
  for (size_t i = 0; i < n; i++) before[i] = 0.9 * t->m[i] + 0.1 * t->gradient[i];
  check_ok(nf_train_update(t, 1, &stats));
  check_array("m", t->m, before, n, 1e-18, 1e-14);
  free(before);
  free(g);
  stop(t);
}

/* --- failure
 * --------------------------------------------------------------------------------------- */

static void a_failed_step_leaves_no_trace(void **state) {
  (void)state;
  const nf_train_settings set = settings();
  nf_trainer *t = start(1, &set), *as_it_was = start(1, &set);
  train(t, 10);
  copy_state(as_it_was, t);

  double x[6] = {0.1, 0.2, 0.3, NAN, 0.5, 0.6};
  nf_batch batch = {.n = 3, .shape = nf_point(2), .data = x};
  check_status(nf_train_step(t, &batch, NULL), NF_ENONFINITE);
  expect_same(t, as_it_was);
  x[3] = INFINITY;
  check_status(nf_train_step(t, &batch, NULL), NF_ENONFINITE);
  expect_same(t, as_it_was);
  x[3] = 0.4;
  batch.shape = nf_point(3);
  check_status(nf_train_step(t, &batch, NULL), NF_ESHAPE);
  expect_same(t, as_it_was);

  const double bad[] = {NAN, INFINITY, -INFINITY, 1e200}; /* the last one's square overflows */
  for (size_t i = 0; i < 4; i++) {
    memset(t->gradient, 0, t->flow->n_param * sizeof *t->gradient);
    t->gradient[1] = bad[i];
    check_status(nf_train_update(t, 1, NULL), NF_ENONFINITE);
    expect_same(t, as_it_was);
  }
  t->gradient[1] = 1;
  for (size_t i = 0; i < 3; i++) check_status(nf_train_update(t, bad[i], NULL), NF_ENONFINITE);
  t->set.adam.beta1 = 1;
  check_status(nf_train_update(t, 1, NULL), NF_EINVAL);
  expect_same(t, as_it_was);

  t->set.adam.beta1 = 0.9; /* and then it trains on */
  batch.shape = nf_point(2);
  check_ok(nf_train_step(t, &batch, NULL));
  assert_int_equal(t->step, 11);
  stop(t);
  stop(as_it_was);
}

static void the_layer_that_overflows_has_a_name(void **state) {
  (void)state;
  const nf_train_settings set = settings();
  nf_trainer *t = start(1, &set);
  double x[2] = {0.7, -0.4};
  const nf_batch batch = {.n = 1, .shape = nf_point(2), .data = x};
  check_ok(nf_flow_observe(t->flow, &batch));
  nf_bijector *fourth = t->flow->bijector->child[3]; /* an actnorm; 0 and 1 alike before it */
  assert_string_equal(fourth->type->name, "actnorm");
  fourth->tensor[0].data[0] = 800;
  check_status(nf_train_step(t, &batch, NULL), NF_ENONFINITE);
  assert_ptr_equal(nf_flow_culprit(t->flow, &batch), fourth);
  stop(t);
}

static void settings_out_of_range_are_refused(void **state) {
  (void)state;
  nf_trainer *good = start(
      1, &(nf_train_settings){nf_adam_default(NF_ADAMAX), {NF_COSINE, 1, 3, 4, 0, 0, 0}, 0, 0});
  nf_train_settings bad[13];
  for (size_t i = 0; i < 13; i++) bad[i] = settings();
  bad[0].adam.beta1 = 1;
  bad[1].adam.beta1 = -0.1;
  bad[2].adam.beta2 = NAN;
  bad[3].adam.epsilon = 0;
  bad[4].schedule.rate = 0;
  bad[5].schedule.rate = INFINITY;
  bad[6].schedule.least = 1.5;
  bad[7].schedule.factor = 1;
  bad[8].schedule.factor = 0;
  bad[9].clip = -1;
  bad[10].ema = 1;
  bad[11].schedule = (nf_schedule){NF_COSINE, 1, 4, 4, 0, 0, 0};
  bad[12].clip = NAN;
  for (size_t i = 0; i < 13; i++) {
    nf_trainer *t = NULL;
    check_status(nf_trainer_new(&t, good->flow, &bad[i]), NF_EINVAL);
    assert_null(t);
  }
  nf_trainer *t = NULL;
  const nf_train_settings fine = settings();
  check_status(nf_trainer_new(&t, NULL, &fine), NF_EINVAL);
  nf_trainer_free(NULL);
  stop(good);
}

/* --- maximum likelihood
 * ------------------------------------------------------------------------------ */

/* The affine flow whitens: min L = (D + D log 2π + log|Σ̂|)/2. */
static void affine_reaches_the_closed_form(void **state) {
  (void)state;
  enum { D = 5, N = 300 };
  double x[N * D] = {0}, mean[D] = {0}, covariance[D * D] = {0}, by_bfgs;
  for (size_t i = 0; i < N; i++)
    for (size_t j = 0; j < D; j++) {
      for (size_t k = 0; k <= j; k++)
        x[i * D + j] += nf_random_normal(4, i, k) * (k == j ? 0.6 + 0.3 * (double)j : 0.4);
      mean[j] += x[i * D + j] / N;
    }
  for (size_t i = 0; i < N; i++)
    for (size_t j = 0; j < D * D; j++)
      covariance[j] += (x[i * D + j / D] - mean[j / D]) * (x[i * D + j % D] - mean[j % D]) / N;
  const double least = 0.5 * (D * (1 + NF_LN_2PI) + nf_verify_log_abs_det(D, covariance));

  const nf_batch batch = {.n = N, .shape = nf_point(D), .data = x};
  for (int rule = NF_ADAM; rule <= NF_ADAMAX; rule++) {
    int status = NF_OK;
    nf_flow *flow = NULL;
    nf_trainer *t = NULL;
    nf_train_stats stats = {0};
    nf_train_settings set = nf_train_default();
    set.adam.rule = (nf_rule)rule;
    set.schedule = (nf_schedule){NF_COSINE, 0.05, 20, 800, 0.001, 0, 0};
    check_ok(nf_flow_new(&flow, nf_affine_new(nf_point(D), &status), 1));
    check_ok(nf_trainer_new(&t, flow, &set));
    for (int i = 0; i < 800; i++) check_ok(nf_train_step(t, &batch, &stats));
    check_close("loss", stats.loss, least, 1e-8, 0);
    stop(t);
  }
  int status = NF_OK;
  nf_flow *flow = NULL;
  check_ok(nf_flow_new(&flow, nf_affine_new(nf_point(D), &status), 1));
  check_ok(nf_verify_least_loss(flow, &batch, 1e-6, &by_bfgs));
  check_close("BFGS", by_bfgs, least, 1e-10, 0);
  nf_flow_free(flow);
}

/* KL(N(μ, s²I)‖N(0, I)) = ‖μ‖²/2 + Σ (s² - 1)/2 - log s; and the entropy is log 2πe + 2 log s. */
static double log_gaussian(const double *x) {
  const double u = (x[0] - 0.8) / 0.7, v = (x[1] + 0.3) / 0.7;
  return -NF_LN_2PI - (u * u + v * v) / 2 - 2 * log(0.7);
}
static void a_distance_in_closed_form(void **state) {
  (void)state;
  enum { N = 20000 };
  double *x = malloc(2 * N * sizeof *x), on_grid;
  for (size_t i = 0; i < N; i++) {
    x[2 * i] = 0.8 + 0.7 * nf_random_normal(6, i, 0);
    x[2 * i + 1] = -0.3 + 0.7 * nf_random_normal(6, i, 1);
  }
  int status = NF_OK;
  nf_flow *flow = NULL;
  check_ok(nf_flow_new(&flow, nf_actnorm_new(nf_point(2), &status), 1)); /* the identity */
  const nf_batch batch = {.n = N, .shape = nf_point(2), .data = x};
  const double kl = (0.64 + 0.09) / 2 + 0.49 - 1 - 2 * log(0.7);
  nf_divergence d;
  check_ok(nf_verify_divergence(flow, log_gaussian, &batch, &d));
  check_ok(nf_verify_divergence_grid(flow, log_gaussian, 8, 160, &on_grid));
  check_close("on a grid", on_grid, kl, 1e-10, 0);
  check_close("from samples", d.kl, kl, 4 * d.error, 0); /* false alarms: 6e-5 */
  check_close("its error", d.error, sqrt((0.49 * 0.73 + 0.51 * 0.51) / N), 0, 0.03);
  check_close("entropy", d.entropy, 1 + NF_LN_2PI + 2 * log(0.7), 4 / sqrt(N), 0);
  free(x);
  nf_flow_free(flow);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(threads_do_not_matter),
      cmocka_unit_test(a_resumed_run_is_the_same_run),
      cmocka_unit_test(the_average_follows_its_formula),
      cmocka_unit_test(no_average_is_the_weights),
      cmocka_unit_test(clipping_keeps_the_direction),
      cmocka_unit_test(a_failed_step_leaves_no_trace),
      cmocka_unit_test(the_layer_that_overflows_has_a_name),
      cmocka_unit_test(settings_out_of_range_are_refused),
      cmocka_unit_test(affine_reaches_the_closed_form),
      cmocka_unit_test(a_distance_in_closed_form),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
