/* The trainer: an update is Adam on the parameters, the average and the clipping follow their
 * formulas, and a resumed training is the same training. (Threads and fused steps:
 * test_bit_identity.c.) */
#include "core/vector.h"
#include "fixture.h"

/* So many parameters that each thread has several slices of them: as Adam alone, on all at once. */
static void an_update_in_slices_is_adam_on_all_parameters(void **state) {
  (void)state;
  const nf_train_settings set = moons_settings();
  nf_real *expected = NULL;
  for (int threads = 1; threads <= 3; threads++) {
    nf_error e = {0};
    nf_model model = nf_model_default(NF_REALNVP, nf_point(2));
    model.width = 512;
    nf_flow *flow = nf_flow_from_model(&model, &e);
    nf_flow_set_threads(flow, threads, &e);
    nf_trainer *t = nf_trainer_new(flow, &set, &e);
    check_no_error(&e);
    const size_t n = flow->n_param;
    assert_true(n > 1000000);
    for (size_t i = 0; i < n; i++) t->gradient[i] = 1e-4 * nf_random_normal(2, 0, i);
    if (threads == 1) { /* ‖g‖ is about 0.1: it is not clipped */
      nf_real *m = calloc(n, sizeof *m), *v = calloc(n, sizeof *v);
      expected = malloc(n * sizeof *expected);
      assert_true(m != NULL && v != NULL && expected != NULL);
      memcpy(expected, flow->param, n * sizeof *expected);
      const double rate = nf_schedule_rate(&set.schedule, &t->plateau, 1);
      nf_adam_step(&set.adam, 1, rate, n, t->gradient, m, v, expected);
      free(m);
      free(v);
    }
    nf_train_stats stats;
    check_ok(nf_train_update(t, 1, &stats, NULL));
    check_close("norm", stats.norm, sqrt(nf_vector_square(n, t->gradient)), 0, 1e-14);
    assert_true(bits_equal(n, flow->param, expected));
    trainer_free(t);
  }
  free(expected);
}

static void a_resumed_training_is_the_same_training(void **state) {
  (void)state;
  const nf_train_settings set = moons_settings();
  nf_trainer *all = moons_trainer(1, &set), *first = moons_trainer(1, &set),
             *second = moons_trainer(1, &set);
  moons_train(all, 60);
  assert_true(all->plateau.scale < 1); /* the schedule has changed the rate */
  moons_train(first, 37);
  copy_training(second, first);
  trainer_free(first);
  moons_train(second, 60);
  check_same_training(all, second);
  trainer_free(all);
  trainer_free(second);
}

static void the_average_follows_its_formula(void **state) {
  (void)state;
  const nf_train_settings set = moons_settings();
  nf_trainer *t = moons_trainer(1, &set);
  const size_t n = t->flow->n_param;
  double *expected = malloc(n * sizeof *expected), *weights = malloc(n * sizeof *weights);
  assert_true(expected != NULL && weights != NULL);
  check_array("at first", t->ema, t->flow->param, n, 0, 0);
  moons_train(t, 1);
  memcpy(expected, t->ema, n * sizeof *expected);
  for (uint64_t step = 2; step <= 120; step++) { /* (1+t)/(10+t) reaches 0.9 at t = 80 */
    moons_train(t, step);
    const double d = step < 80 ? (1.0 + (double)step) / (10.0 + (double)step) : 0.9;
    for (size_t i = 0; i < n; i++) expected[i] = d * expected[i] + (1 - d) * t->flow->param[i];
    check_array("average", t->ema, expected, n, 1e-13, 1e-13);
  }
  memcpy(weights, t->flow->param, n * sizeof *weights);
  nf_trainer_swap_ema(t);
  check_array("swapped", t->flow->param, expected, n, 1e-13, 1e-13);
  check_array("weights", t->ema, weights, n, 0, 0);
  nf_trainer_swap_ema(t);
  check_array("swapped back", t->flow->param, weights, n, 0, 0);
  free(expected);
  free(weights);
  trainer_free(t);
}

/* Without an average there is nothing to swap, and it cannot start later. */
static void without_an_average_the_weights_stay(void **state) {
  (void)state;
  nf_train_settings set = nf_train_default();
  nf_trainer *t = moons_trainer(1, &set);
  const size_t n = t->flow->n_param;
  nf_error e = {0};
  nf_real *weights = malloc(n * sizeof *weights);
  assert_non_null(weights);
  moons_train(t, 3);
  memcpy(weights, t->flow->param, n * sizeof *weights);
  nf_trainer_swap_ema(t);
  assert_true(bits_equal(n, weights, t->flow->param));
  set.ema = 0.9;
  nf_trainer_set(t, &set, &e);
  check_failed(&e, NF_EINVAL, "without an average");
  assert_true(nf_trainer_steps(t) == 3 && t->settings.ema == 0);
  free(weights);
  trainer_free(t);
}

/* After one step m = (1-β₁)·g, which shows the gradient that was used. */
static void clipping_keeps_the_direction(void **state) {
  (void)state;
  nf_train_settings set = nf_train_default();
  set.clip = 0.25;
  nf_trainer *t = moons_trainer(1, &set);
  const size_t n = t->flow->n_param;
  double *g = malloc(2 * n * sizeof *g), *expected = g + n, norm = 0;
  assert_non_null(g);
  for (size_t i = 0; i < n; i++) {
    g[i] = t->gradient[i] = nf_random_normal(2, 0, i);
    norm += g[i] * g[i];
  }
  norm = sqrt(norm);
  check_close("norm", sqrt(nf_vector_square(n, g)), norm, 0, 1e-14);
  nf_train_stats stats;
  check_ok(nf_train_update(t, 1, &stats, NULL));
  check_close("reported norm", stats.norm, norm, 0, 1e-14);
  for (size_t i = 0; i < n; i++) g[i] *= 0.1 * 0.25 / norm;
  check_array("m", t->m, g, n, 0, 1e-14);

  set.clip = 0.25 * 1.000001; /* longer than the gradient is now */
  check_ok(nf_trainer_set(t, &set, NULL));
  for (size_t i = 0; i < n; i++) expected[i] = 0.9 * t->m[i] + 0.1 * t->gradient[i];
  check_ok(nf_train_update(t, 1, &stats, NULL));
  check_array("m", t->m, expected, n, 1e-18, 1e-14);
  free(g);
  trainer_free(t);
}

/* The noise of step t is that of samples n·t … n·t + n - 1. */
static void every_step_draws_its_own_noise(void **state) {
  (void)state;
  nf_flow *f = new_flow(&image);
  nf_trainer *t = new_trainer(f);
  const nf_real *x = samples(&image, 0);
  nf_batch batch = nf_flow_batch(f, SAMPLES, x);
  double log_p[SAMPLES];
  for (uint64_t step = 0; step < 3; step++) {
    batch.first = SAMPLES * step;
    check_ok(nf_flow_log_prob_batch(f, &batch, log_p, NULL));
    double loss = 0;
    for (size_t i = 0; i < SAMPLES; i++) loss -= log_p[i] / SAMPLES;
    nf_train_stats stats;
    check_ok(nf_train_step(t, SAMPLES, x, &stats, NULL));
    check_close("loss", stats.loss, loss, 0, 1e-12);
  }
  trainer_free(t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_update_in_slices_is_adam_on_all_parameters),
      cmocka_unit_test(a_resumed_training_is_the_same_training),
      cmocka_unit_test(the_average_follows_its_formula),
      cmocka_unit_test(without_an_average_the_weights_stay),
      cmocka_unit_test(clipping_keeps_the_direction),
      cmocka_unit_test(every_step_draws_its_own_noise),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
