/* The trainer: what a long run rests on. The same weights at any number of threads, after a resume
 * the same as without; the average and the clipping by their formulas. */
#include <math.h>

#include "fixture.h"

/* So many parameters that each thread has several slices of them: as Adam alone, on all at once. */
static void slices_do_not_matter(void **state) {
  (void)state;
  nf_train_settings set = moons_settings();
  nf_real *expected = NULL;
  for (int threads = 1; threads <= 3; threads++) {
    int status = NF_OK;
    nf_flow *flow = NULL;
    nf_trainer *t = NULL;
    nf_model model = nf_model_default(NF_REALNVP, nf_point(2));
    model.width = 512;
    check_ok(nf_flow_new(&flow, nf_model_new(&model, &status), 1));
    check_ok(nf_flow_set_threads(flow, threads));
    check_ok(nf_trainer_new(&t, flow, &set));
    const size_t n = flow->n_param;
    assert_true(n > 1000000);
    for (size_t i = 0; i < n; i++) t->gradient[i] = 1e-4 * nf_random_normal(2, 0, i);
    if (threads == 1) { /* ‖g‖ is about 0.1: it is not clipped */
      nf_real *m = calloc(n, sizeof *m), *v = calloc(n, sizeof *v);
      expected = malloc(n * sizeof *expected);
      memcpy(expected, flow->param, n * sizeof *expected);
      const double rate = nf_schedule_rate(&set.schedule, &t->plateau, 1);
      nf_adam_step(&set.adam, 1, rate, n, t->gradient, m, v, expected);
      free(m);
      free(v);
    }
    nf_train_stats stats;
    check_ok(nf_train_update(t, 1, &stats));
    check_close("norm", stats.norm, sqrt(nf_gradient_square(n, t->gradient)), 0, 1e-14);
    assert_memory_equal(flow->param, expected, n * sizeof *expected);
    moons_free(t);
  }
  free(expected);
}

static void a_resumed_run_is_the_same_run(void **state) {
  (void)state;
  const nf_train_settings set = moons_settings();
  nf_trainer *whole = moons_trainer(1, &set), *first = moons_trainer(1, &set),
             *second = moons_trainer(1, &set);
  moons_train(whole, 60);
  assert_true(whole->plateau.scale < 1); /* a state that is worth saving */
  moons_train(first, 37);
  copy_training(second, first);
  moons_free(first);
  moons_train(second, 60);
  check_same_training(whole, second);
  moons_free(whole);
  moons_free(second);
}

static void the_average_follows_its_formula(void **state) {
  (void)state;
  nf_train_settings set = moons_settings();
  nf_trainer *t = moons_trainer(1, &set);
  const size_t n = t->flow->n_param;
  double *expected = malloc(n * sizeof *expected), *weights = malloc(n * sizeof *weights);
  check_array("at first", t->average, t->flow->param, n, 0, 0);
  moons_train(t, 1);
  memcpy(expected, t->average, n * sizeof *expected);
  for (uint64_t step = 2; step <= 120; step++) { /* (1+t)/(10+t) reaches 0.9 at t = 80 */
    moons_train(t, step);
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
  moons_free(t);
}

/* Without averaging the average is the weights. */
static void no_average_is_the_weights(void **state) {
  (void)state;
  const nf_train_settings set = nf_train_default();
  nf_trainer *t = moons_trainer(1, &set);
  moons_train(t, 3);
  check_array("average", t->average, t->flow->param, t->flow->n_param, 0, 0);
  t->set.ema = 0.9; /* too late */
  check_status(nf_train_update(t, 1, NULL), NF_EINVAL);
  assert_int_equal(t->step, 3);
  moons_free(t);
}

/* After one step m = (1-β₁)·g: so m tells which gradient was taken. */
static void clipping_keeps_the_direction(void **state) {
  (void)state;
  nf_train_settings set = nf_train_default();
  set.clip = 0.25;
  nf_trainer *t = moons_trainer(1, &set);
  const size_t n = t->flow->n_param;
  double *g = malloc(n * sizeof *g), norm = 0;
  for (size_t i = 0; i < n; i++) {
    g[i] = t->gradient[i] = nf_random_normal(2, 0, i);
    norm += g[i] * g[i];
  }
  norm = sqrt(norm);
  check_close("norm", sqrt(nf_gradient_square(n, g)), norm, 0, 1e-14);
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
  moons_free(t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(slices_do_not_matter),
      cmocka_unit_test(a_resumed_run_is_the_same_run),
      cmocka_unit_test(the_average_follows_its_formula),
      cmocka_unit_test(no_average_is_the_weights),
      cmocka_unit_test(clipping_keeps_the_direction),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
