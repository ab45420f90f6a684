/* Conditional flows (NOTES (8.5)): for every y a density that integrates to 1, the same as that of
 * a flow without y whose biases have taken it in; and what is refused. (That a conditional layer is
 * differentiated and inverted correctly: test_catalogue.c.) */
#include "fixture.h"

enum { C = 3 };
static const double given[2][C] = {{1, 0, 0}, {0.5, -1, 2}};

/* Two couplings in the plane that swap halves, smooth in x and y. */
static nf_bijector *couplings(size_t condition, nf_error *e) {
  nf_bijector *chain = nf_chain_new(nf_point(2), e);
  for (int i = 0; i < 2; i++) {
    const nf_mask mask = i == 0 ? NF_CHANNEL : NF_CHANNEL_SWAPPED;
    nf_net *net = nf_linear_new(nf_point(1 + condition), nf_point(2), e);
    net = nf_net_given(net, condition, e);
    nf_chain_add(chain, nf_coupling_new(nf_point(2), mask, NF_SCALE_TANH, net, e), e);
  }
  return chain;
}

static void every_condition_has_a_density(void **state) {
  (void)state;
  enum { SIDE = 800 };
  const double step = 80.0 / SIDE;
  nf_flow *f = moved_flow(couplings(C, NULL), 0.5);
  assert_int_equal(nf_flow_condition(f), C);
  for (size_t k = 0; k < 2; k++) {
    double sum = 0, x[SIDE * 2], y[SIDE * C], log_p[SIDE];
    for (size_t i = 0; i < SIDE; i++) memcpy(y + C * i, given[k], sizeof given[k]);
    for (size_t i = 0; i < SIDE; i++) {
      for (size_t j = 0; j < SIDE; j++) {
        x[2 * j] = -40 + step * (double)i;
        x[2 * j + 1] = -40 + step * (double)j;
      }
      check_ok(nf_flow_log_prob_given(f, SIDE, x, y, log_p, NULL));
      for (size_t j = 0; j < SIDE; j++) sum += exp(log_p[j]) * step * step;
    }
    check_close("integral of p(x | y)", sum, 1, 1e-9, 0);
  }
  nf_flow_free(f);
}

/* The same, of splines of 4 bins. */
static nf_bijector *splines(size_t condition, nf_error *e) {
  const nf_shape plane = nf_point(2);
  nf_bijector *chain = nf_chain_new(plane, e);
  for (int i = 0; i < 2; i++) {
    const nf_mask mask = i == 0 ? NF_CHANNEL : NF_CHANNEL_SWAPPED;
    nf_net *net =
        nf_linear_new(nf_point(1 + condition), nf_spline_coupling_net_out(plane, mask, 4), e);
    net = nf_net_given(net, condition, e);
    nf_chain_add(chain, nf_spline_coupling_new(plane, mask, 4, 3, net, e), e);
  }
  return chain;
}

/* W [x_a, y] + b is W_a x_a + b' with b' = b + W_y y. */
static void check_that_y_is_a_bias(nf_bijector *of(size_t condition, nf_error *e), size_t gammas,
                                   size_t rows) {
  enum { N = 7 };
  nf_flow *f = moved_flow(of(C, NULL), 0.5), *g = moved_flow(of(0, NULL), 0.5);
  double x[2 * N], y[C * N], log_p[N], expected[N], sample[2 * N], same[2 * N];
  normal_samples(g, N, x);
  for (size_t i = 0; i < N; i++) memcpy(y + C * i, given[1], sizeof given[1]);
  const double *from = nf_flow_param(f);
  double *to = nf_flow_param(g);
  for (int layer = 0; layer < 2; layer++) { /* gamma, weight (rows, 1 + C), bias (rows) */
    for (size_t k = 0; k < gammas; k++) *to++ = *from++;
    for (size_t row = 0; row < rows; row++) {
      const double *weight = from + row * (1 + C);
      to[row] = weight[0];
      to[rows + row] = from[rows * (1 + C) + row];
      for (size_t k = 0; k < C; k++) to[rows + row] += weight[1 + k] * given[1][k];
    }
    from += rows * (1 + C) + rows, to += 2 * rows;
  }
  check_ok(nf_flow_log_prob_given(f, N, x, y, log_p, NULL));
  check_ok(nf_flow_log_prob(g, N, x, expected, NULL));
  check_array("log p(x | y)", log_p, expected, N, 1e-13, 0);
  check_ok(nf_flow_sample_given(f, N, y, SEED, 1, sample, NULL));
  check_ok(nf_flow_sample(g, N, SEED, 1, same, NULL));
  check_array("sample", sample, same, 2 * N, 1e-12, 0);
  nf_flow_free(f);
  nf_flow_free(g);
}

static void y_is_what_a_bias_could_be(void **state) {
  (void)state;
  check_that_y_is_a_bias(couplings, 1, 2);
  check_that_y_is_a_bias(splines, 0, 11);
}

/* p(x | y) of a Gaussian whose mean is y is learned, from one batch. */
static void training_uses_the_condition(void **state) {
  (void)state;
  enum { N = 256, STEPS = 300 };
  nf_error e = {0};
  nf_net *net = nf_net_given(nf_linear_new(nf_point(2), nf_point(2), &e), 1, &e);
  nf_flow *f =
      nf_flow_new(nf_coupling_new(nf_point(2), NF_CHANNEL, NF_SCALE_EXP, net, &e), SEED, &e);
  double x[2 * N], y[N];
  for (size_t i = 0; i < N; i++) {
    y[i] = i % 2 == 0 ? -2 : 2;
    x[2 * i] = nf_random_normal(SEED, 0, i);
    x[2 * i + 1] = y[i] + 0.5 * nf_random_normal(SEED, 1, i);
  }
  nf_train_settings set = nf_train_default();
  set.schedule.rate = 0.02;
  nf_trainer *t = nf_trainer_new(f, &set, &e);
  nf_train_stats stats;
  for (int i = 0; i < STEPS; i++) nf_train_step_given(t, N, x, y, &stats, &e);
  check_no_error(&e);
  /* log 2πe + log 0.5 nats, and what 256 samples differ from it */
  check_close("loss", stats.loss, 2.8378770664 - 0.6931471806, 0.1, 0);
  nf_trainer_free(t);
  nf_flow_free(f);
}

/* Also of those in later chunks, each with its own y. */
static void the_gradient_is_the_mean_of_the_samples(void **state) {
  (void)state;
  enum { N = 10, CHUNK = 3 };
  nf_flow *f = moved_flow(couplings(C, NULL), 0.5);
  const size_t n_param = nf_flow_n_param(f);
  double x[2 * N], y[C * N], loss, one, mean = 0;
  double *all = calloc(3 * n_param, sizeof *all), *alone = all + n_param, *sum = alone + n_param;
  normal_samples(f, N, x);
  for (size_t i = 0; i < C * N; i++) y[i] = nf_random_normal(SEED, 3, i);
  f->chunk = CHUNK;
  const nf_batch batch = nf_flow_batch_given(f, N, x, y);
  check_ok(nf_flow_gradient_batch(f, &batch, &loss, all, NULL));
  for (size_t i = 0; i < N; i++) {
    const nf_batch sample = nf_batch_part(&batch, i, 1);
    check_ok(nf_flow_gradient_batch(f, &sample, &one, alone, NULL));
    mean += one / N;
    for (size_t k = 0; k < n_param; k++) sum[k] += alone[k] / N;
  }
  check_close("loss", loss, mean, 1e-14, 1e-14);
  check_array("gradient", all, sum, n_param, 1e-14, 1e-13);
  free(all);
  nf_flow_free(f);
}

static void results_do_not_depend_on_threads(void **state) {
  (void)state;
  enum { N = 1000 };
  nf_flow *f = moved_flow(couplings(C, NULL), 0.5);
  double x[2 * N], y[C * N], one[N], four[N], sample[2 * N], again[2 * N];
  normal_samples(f, N, x);
  for (size_t i = 0; i < C * N; i++) y[i] = nf_random_normal(SEED, 3, i);
  check_ok(nf_flow_log_prob_given(f, N, x, y, one, NULL));
  check_ok(nf_flow_sample_given(f, N, y, SEED, 1, sample, NULL));
  check_ok(nf_flow_set_threads(f, 4, NULL));
  check_ok(nf_flow_log_prob_given(f, N, x, y, four, NULL));
  check_ok(nf_flow_sample_given(f, N, y, SEED, 1, again, NULL));
  assert_true(bits_equal(N, one, four) && bits_equal(2 * N, sample, again));
  nf_flow_free(f);
}

static void a_condition_is_given_where_it_is_needed_and_only_there(void **state) {
  (void)state;
  nf_error e = {0};
  nf_flow *f = moved_flow(couplings(C, NULL), 0.5), *g = moved_flow(couplings(0, NULL), 0.5);
  assert_null(nf_net_given(nf_linear_new(nf_point(2), nf_point(2), &e), 2, &e));
  check_failed(&e, NF_ESHAPE, "2 channels of 2");
  const double x[2] = {1, 2}, bad[C] = {0, NAN, 0};
  double log_p[1] = {-7}, sample[2] = {-7, -7};
  nf_flow_log_prob(f, 1, x, log_p, &e);
  check_failed(&e, NF_EINVAL, "conditional on 3 values|none");
  nf_flow_sample(f, 1, SEED, 1, sample, &e);
  check_failed(&e, NF_EINVAL, "conditional on 3 values|none");
  nf_flow_init_from_data(f, 1, x, &e);
  check_failed(&e, NF_EINVAL, "conditional on 3 values|none");
  nf_flow_log_prob_given(f, 1, x, bad, log_p, &e);
  check_failed(&e, NF_ENONFINITE, "the condition of sample 0");
  nf_flow_log_prob_given(g, 1, x, given[0], log_p, &e);
  check_failed(&e, NF_ESHAPE, "the flow's has 0");
  nf_batch two = nf_flow_batch_given(f, 1, x, given[0]);
  two.y_shape = nf_point(2);
  nf_flow_log_prob_batch(f, &two, log_p, &e);
  check_failed(&e, NF_ESHAPE, "a condition of 2 values is given, the flow's has 3");
  assert_true(log_p[0] == -7 && sample[0] == -7);
  nf_flow_free(f);
  nf_flow_free(g);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_condition_has_a_density),
      cmocka_unit_test(y_is_what_a_bias_could_be),
      cmocka_unit_test(training_uses_the_condition),
      cmocka_unit_test(the_gradient_is_the_mean_of_the_samples),
      cmocka_unit_test(results_do_not_depend_on_threads),
      cmocka_unit_test(a_condition_is_given_where_it_is_needed_and_only_there),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
