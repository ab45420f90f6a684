/* Flow matching: its loss against expectations in closed form, its gradient against differences of
 * the loss, the same bits on any number of threads, and a flow that it trains. */
#include <stdio.h>

#include "fixture.h"

enum { N = 20000, WIDTH = 8 };

static nf_bijector *layer_of(size_t d) {
  return nf_continuous_new(nf_point(d), 8, nf_field_new(nf_point(d), WIDTH, NULL), NULL);
}

/* n points of N(mean, sd²) on the line */
static void draw(size_t n, double mean, double sd, nf_real *x) {
  for (size_t i = 0; i < n; i++) x[i] = mean + sd * nf_random_normal(11, 0, i);
}

static double loss_of(nf_flow *f, uint64_t seed, size_t n, const nf_real *x) {
  nf_real *gradient = calloc(f->n_param + 1, sizeof *gradient);
  const nf_batch batch = nf_flow_batch(f, n, x);
  double loss = NAN;
  check_ok(nf_matching_gradient(f, seed, &batch, &loss, gradient, NULL));
  free(gradient);
  return loss;
}

/* v(x, t) = αx + βt + γ up to 1e-6, by the linear part of tanh. */
static nf_flow *linear_field(double alpha, double beta, double gamma) {
  const double small = 1e-4;
  nf_flow *f = nf_flow_new(layer_of(1), 1, NULL);
  const nf_tensor *t = f->bijector->net->tensor;
  memset(f->param, 0, f->n_param * sizeof *f->param);
  t[0].data[0] = small * alpha, t[0].data[1] = small * beta;
  t[2].data[0] = t[4].data[0] = 1;
  t[6].data[0] = 1 / small;
  t[7].data[0] = gamma;
  return f;
}

/* x ~ N(μ, s²), z ~ N(0, 1), t uniform:  E (α((1-t)x + tz) + βt + γ - (z - x))², γ = 0
 *   = (α²/3 + α + 1)(μ² + s²) + 2μβ(α/6 + 1/2) + β²/3 + α²/3 - α + 1 */
static void the_loss_has_the_expectation_of_a_linear_field(void **state) {
  (void)state;
  static const double field[][2] = {{0, 0}, {0.7, 0}, {-1.3, 0.4}, {1.5, -2}};
  static double x[N];
  const double mu = 1, s = 0.5;
  draw(N, mu, s, x);
  for (size_t k = 0; k < sizeof field / sizeof *field; k++) {
    const double a = field[k][0], b = field[k][1], third = a * a / 3;
    const double expected = (third + a + 1) * (mu * mu + s * s) + 2 * mu * b * (a / 6 + 0.5) +
                            b * b / 3 + third - a + 1;
    nf_flow *f = linear_field(a, b, 0);
    char name[64];
    snprintf(name, sizeof name, "loss of %gx + %gt", a, b);
    check_close(name, loss_of(f, 5, N, x), expected, 0, 0.05);
    nf_flow_free(f);
  }
}

/* E(v - (z - x))² falls by (E(z - x))² when v is that mean, -1 here. */
static void the_loss_is_about_z_minus_x(void **state) {
  (void)state;
  static double x[N];
  draw(N, 1, 0.5, x);
  nf_flow *f = linear_field(0, 0, -1);
  check_close("loss of -1", loss_of(f, 5, N, x), 1.25, 0, 0.05);
  nf_flow_free(f);
}

static void latents_and_times_follow_the_seed(void **state) {
  (void)state;
  double x[64];
  draw(64, 1, 0.5, x);
  nf_flow *f = linear_field(1, 1, 0);
  const double first = loss_of(f, 5, 64, x);
  assert_true(first == loss_of(f, 5, 64, x));
  assert_true(fabs(first - loss_of(f, 6, 64, x)) > 1e-3);
  nf_batch later = nf_flow_batch(f, 64, x);
  later.first = 64;
  double loss, *gradient = calloc(f->n_param, sizeof *gradient);
  check_ok(nf_matching_gradient(f, 5, &later, &loss, gradient, NULL));
  assert_true(fabs(first - loss) > 1e-3);
  later.first = 0, later.draw = 1;
  check_ok(nf_matching_gradient(f, 5, &later, &loss, gradient, NULL));
  assert_true(fabs(first - loss) > 1e-3);
  free(gradient);
  nf_flow_free(f);
}

/* The mean of the samples' losses, each at its place in the batch, and in several chunks. */
static void a_batch_is_its_samples(void **state) {
  (void)state;
  enum { SOME = 10 };
  double x[SOME], mean = 0, loss, *gradient;
  draw(SOME, 1, 0.5, x);
  nf_flow *f = linear_field(0.7, 1, 0);
  f->chunk = 3;
  const nf_batch all = nf_flow_batch(f, SOME, x);
  gradient = calloc(f->n_param, sizeof *gradient);
  for (size_t i = 0; i < SOME; i++) {
    const nf_batch one = nf_batch_part(&all, i, 1);
    check_ok(nf_matching_gradient(f, 5, &one, &loss, gradient, NULL));
    mean += loss / SOME;
  }
  check_ok(nf_matching_gradient(f, 5, &all, &loss, gradient, NULL));
  check_close("loss", loss, mean, 1e-14, 1e-14);
  free(gradient);
  nf_flow_free(f);
}

/* --- the gradient --------------------------------------------------------------------------- */

/* Layers before the continuous one prepare the data, and are not trained. */
static nf_flow *two_layers(void) {
  nf_bijector *chain = nf_chain_new(nf_point(2), NULL);
  nf_chain_add(chain, nf_affine_new(nf_point(2), NULL), NULL);
  nf_chain_add(chain, layer_of(2), NULL);
  return moved_flow(chain, 1);
}

/* The loss of [affine, field] at x is that of the field alone at the affine map's output. */
static void the_paths_begin_behind_the_layers_before(void **state) {
  (void)state;
  enum { POINTS = 50 };
  nf_flow *f = two_layers(), *alone = nf_flow_new(layer_of(2), 1, NULL);
  double x[2 * POINTS], y[2 * POINTS];
  for (size_t k = 0; k < 2 * POINTS; k++) x[k] = nf_random_normal(3, 0, k);
  memcpy(alone->param, f->param + f->layer[2].layer->first, alone->n_param * sizeof *alone->param);
  memcpy(y, x, sizeof y);
  nf_batch batch = nf_flow_batch(f, POINTS, y);
  double log_det[POINTS] = {0};
  nf_work work = {0};
  check_ok(nf_flow_prepare(f, NULL));
  check_ok(nf_bijector_forward(f->bijector->child[0], &batch, log_det, &work));
  const double loss = loss_of(f, 5, POINTS, x);
  check_close("loss", loss, loss_of(alone, 5, POINTS, y), 0, 1e-14);
  assert_true(fabs(loss - loss_of(alone, 5, POINTS, x)) > 1e-2);
  nf_work_free(&work);
  nf_flow_free(f);
  nf_flow_free(alone);
}

static void the_gradient_is_that_of_the_loss(void **state) {
  (void)state;
  enum { POINTS = 300 };
  nf_flow *f = two_layers();
  f->chunk = 128;
  double x[2 * POINTS], loss, h = 1e-4;
  for (size_t k = 0; k < 2 * POINTS; k++) x[k] = nf_random_normal(3, 0, k);
  const nf_batch batch = nf_flow_batch(f, POINTS, x);
  double *gradient = calloc(f->n_param, sizeof *gradient);
  check_ok(nf_matching_gradient(f, 5, &batch, &loss, gradient, NULL));
  const size_t first = f->layer[2].layer->first;
  for (size_t k = 0; k < first; k++) assert_true(gradient[k] == 0);
  double slope = 0, moved[4];
  static const double offset[] = {1, -1, 2, -2}, weight[] = {8, -8, -1, 1};
  double *start = malloc(f->n_param * sizeof *start), difference = 0;
  memcpy(start, f->param, f->n_param * sizeof *start);
  for (int s = 0; s < 4; s++) {
    for (size_t k = first; k < f->n_param; k++)
      f->param[k] = start[k] + offset[s] * h * nf_random_normal(9, 0, k);
    moved[s] = loss_of(f, 5, POINTS, x);
    difference += weight[s] * moved[s] / (12 * h);
  }
  for (size_t k = first; k < f->n_param; k++) slope += gradient[k] * nf_random_normal(9, 0, k);
  check_close("slope", slope, difference, 0, 1e-7);
  free(start), free(gradient);
  nf_flow_free(f);
}

static void the_bits_are_those_of_one_thread(void **state) {
  (void)state;
  enum { POINTS = 1000 };
  static double x[2 * POINTS];
  double loss[2], *gradient[2];
  for (size_t k = 0; k < 2 * POINTS; k++) x[k] = nf_random_normal(3, 0, k);
  size_t n_param = 0;
  for (int k = 0; k < 2; k++) {
    nf_flow *f = two_layers();
    n_param = f->n_param;
    f->chunk = 64;
    check_ok(nf_flow_set_threads(f, k == 0 ? 1 : 3, NULL));
    gradient[k] = calloc(n_param, sizeof **gradient);
    const nf_batch batch = nf_flow_batch(f, POINTS, x);
    check_ok(nf_matching_gradient(f, 5, &batch, &loss[k], gradient[k], NULL));
    nf_flow_free(f);
  }
  assert_true(bits_equal(1, &loss[0], &loss[1]));
  assert_true(bits_equal(n_param, gradient[0], gradient[1]));
  free(gradient[0]), free(gradient[1]);
}

/* --- training ------------------------------------------------------------------------------- */

/* N(1, 1/4): the least loss is sπ/2 = π/4, and then log p is that of the data. */
static void training_reaches_the_least_loss(void **state) {
  (void)state;
  enum { STEPS = 1000, BATCH = 256 };
  static double x[N], log_p[N];
  nf_train_settings set = nf_train_default();
  set.matching = true;
  set.schedule = (nf_schedule){NF_COSINE, 0.01, 10, STEPS, 0.01, 0, 0};
  nf_flow *f = nf_flow_new(layer_of(1), 1, NULL);
  nf_trainer *t = nf_trainer_new(f, &set, NULL);
  draw(N, 1, 0.5, x);
  for (int step = 0; step < STEPS; step++)
    check_ok(nf_train_step(t, BATCH, x + step * BATCH % (N - BATCH), NULL, NULL));
  check_close("loss", loss_of(f, 77, N, x), acos(-1) / 4, 0.04, 0);
  check_ok(nf_flow_log_prob(f, N, x, log_p, NULL));
  double kl = 0;
  for (size_t i = 0; i < N; i++) {
    const double e = (x[i] - 1) / 0.5;
    kl += (-0.5 * (e * e + log(2 * acos(-1))) - log(0.5) - log_p[i]) / N;
  }
  check_close("KL", kl, 0, 0.01, 0);
  nf_trainer_free(t);
  nf_flow_free(f);
}

static void what_does_not_fit_is_refused(void **state) {
  (void)state;
  nf_error e = {0};
  nf_train_settings set = nf_train_default();
  set.matching = true;
  nf_flow *f = nf_flow_new(nf_affine_new(nf_point(2), NULL), 1, NULL);
  assert_null(nf_trainer_new(f, &set, &e));
  check_failed(&e, NF_EINVAL, "flow matching|last layer|continuous");
  nf_flow_free(f);
  f = two_layers();
  set.fused = true;
  assert_null(nf_trainer_new(f, &set, &e));
  check_failed(&e, NF_EINVAL, "fused|flow matching");
  set.fused = false;
  nf_trainer *t = nf_trainer_new(f, &set, &e);
  double x[] = {0, 0, NAN, 1};
  nf_train_step(t, 2, x, NULL, &e);
  check_failed(&e, NF_ENONFINITE, "sample 1");
  check_status(nf_train_step(t, 0, x, NULL, NULL), NF_EINVAL);
  nf_trainer_free(t);
  nf_flow_free(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_loss_has_the_expectation_of_a_linear_field),
      cmocka_unit_test(the_loss_is_about_z_minus_x),
      cmocka_unit_test(latents_and_times_follow_the_seed),
      cmocka_unit_test(a_batch_is_its_samples),
      cmocka_unit_test(the_paths_begin_behind_the_layers_before),
      cmocka_unit_test(the_gradient_is_that_of_the_loss),
      cmocka_unit_test(the_bits_are_those_of_one_thread),
      cmocka_unit_test(training_reaches_the_least_loss),
      cmocka_unit_test(what_does_not_fit_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
