/* What a step consists of: the two optimisers against the equations of the paper, learning rates at
 * pinned steps, and the shuffle: a permutation, another one each epoch, and uniform. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "train/optim.h"

/* --- Adam and Adamax ------------------------------------------------------------------------ */

/* ∂/∂θ of Σ a_i (θ_i - c_i)²/2, with curvatures and minima that have nothing in common. */
static const double curvature[4] = {0.5, 3, 17, 0.01}, minimum[4] = {1.25, -0.3, 0.7, 2};

static void quadratic(const double *param, double *gradient) {
  for (int i = 0; i < 4; i++) gradient[i] = curvature[i] * (param[i] - minimum[i]);
}

/* One parameter by the equations of the paper: the moments are sums over all steps so far. */
static double by_the_paper(nf_rule rule, int i, double param, double rate, int steps) {
  const double beta1 = 0.8, beta2 = 0.95, epsilon = 1e-3;
  double history[40];
  for (int t = 1; t <= steps; t++) {
    history[t - 1] = curvature[i] * (param - minimum[i]);
    double first = 0, second = 0, largest = 0;
    for (int s = 1; s <= t; s++) {
      const double g = history[s - 1];
      first += (1 - beta1) * pow(beta1, t - s) * g;
      second += (1 - beta2) * pow(beta2, t - s) * g * g;
      largest = fmax(largest, pow(beta2, t - s) * fabs(g));
    }
    first /= 1 - pow(beta1, t);
    second /= 1 - pow(beta2, t);
    param -= rate * first / ((rule == NF_ADAM ? sqrt(second) : largest) + epsilon);
  }
  return param;
}

static void an_optimiser_follows_the_paper(void **state) {
  const nf_rule rule = *(nf_rule *)*state;
  const nf_adam a = {rule, 0.8, 0.95, 1e-3};
  const double start[4] = {-1.1, 0.4, 0.9, -3.7};
  double param[4], m[4] = {0}, v[4] = {0}, g[4], expected[4];
  memcpy(param, start, sizeof param);
  for (int t = 1; t <= 30; t++) {
    quadratic(param, g);
    nf_adam_step(&a, (uint64_t)t, 0.07, 4, g, m, v, param);
    for (int i = 0; i < 4; i++) expected[i] = by_the_paper(rule, i, start[i], 0.07, t);
    check_array("param", param, expected, 4, 1e-13, 1e-13);
  }
}

/* Without the bias of m = v = 0 the first step is rate·sign(g), whatever the size of g. */
static void the_first_step_is_the_rate(void **state) {
  const nf_rule rule = *(nf_rule *)*state;
  const nf_adam a = nf_adam_default(rule);
  const double g[3] = {1e-3, -7, 4e5}, expected[3] = {-0.01, 0.01, -0.01};
  double param[3] = {0}, m[3] = {0}, v[3] = {0};
  nf_adam_step(&a, 1, 0.01, 3, g, m, v, param);
  check_array("first step", param, expected, 3, 0, 2e-5);
}

/* --- schedules ------------------------------------------------------------------------------ */

static void warm_up_and_cosine_at_pinned_steps(void **state) {
  (void)state;
  const nf_plateau p = nf_plateau_start();
  const nf_schedule constant = {.decay = NF_CONSTANT, .rate = 0.2, .warmup = 10};
  const nf_schedule none = {.decay = NF_CONSTANT, .rate = 0.2};
  const nf_schedule cosine = {NF_COSINE, 0.2, 10, 110, 0.1, 0, 0};
  check_close("no warm-up", nf_schedule_rate(&none, &p, 1), 0.2, 0, 0);
  check_close("warm-up 1", nf_schedule_rate(&constant, &p, 1), 0.02, 1e-16, 0);
  check_close("warm-up 5", nf_schedule_rate(&constant, &p, 5), 0.1, 1e-16, 0);
  check_close("warm-up 10", nf_schedule_rate(&constant, &p, 10), 0.2, 0, 0);
  check_close("constant", nf_schedule_rate(&constant, &p, 100000), 0.2, 0, 0);
  check_close("cosine, warming", nf_schedule_rate(&cosine, &p, 5), 0.1, 1e-16, 0);
  check_close("cosine, top", nf_schedule_rate(&cosine, &p, 10), 0.2, 0, 0);
  check_close("cosine, third", nf_schedule_rate(&cosine, &p, 35),
              0.2 * (0.1 + 0.9 * (2 + sqrt(2)) / 4), 1e-15, 0);
  check_close("cosine, half", nf_schedule_rate(&cosine, &p, 60), 0.2 * 0.55, 1e-15, 0);
  check_close("cosine, end", nf_schedule_rate(&cosine, &p, 110), 0.02, 1e-16, 0);
  check_close("cosine, beyond", nf_schedule_rate(&cosine, &p, 500), 0.02, 1e-16, 0);
}

static void a_plateau_decays_after_its_patience(void **state) {
  (void)state;
  const nf_schedule s = {NF_PLATEAU, 0.4, 0, 0, 0.1, 0.5, 3};
  const double loss[] = {5,        4, 4.5, 4, NAN, 3.9, 6, 6, 6, 6, 6,
                         INFINITY, 3, 7,   7, 2,   7,   7, 7, 7, 7, 7};
  const double rate[] = {.4,  .4,  .4,  .4,  .2,  .2,  .2,  .2,  .1,  .1,  .1,
                         .05, .05, .05, .05, .05, .05, .05, .04, .04, .04, .04};
  const bool best[] = {1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0};
  nf_plateau p = nf_plateau_start();
  for (size_t i = 0; i < sizeof loss / sizeof *loss; i++) {
    assert_int_equal(nf_plateau_report(&s, &p, loss[i]), best[i]);
    check_close("rate", nf_schedule_rate(&s, &p, 1000 + i), rate[i], 1e-16, 0);
  }
  const nf_schedule warm = {NF_PLATEAU, 0.4, 10, 0, 0.1, 0.5, 3}; /* 0.1 of the rate is left */
  for (uint64_t t = 1; t <= 12; t++)
    check_close("warm-up", nf_schedule_rate(&warm, &p, t), 0.04 * fmin(1, (double)t / 10), 1e-16,
                0);
}

/* --- shuffle -------------------------------------------------------------------------------- */

static void an_epoch_is_a_permutation(void **state) {
  (void)state;
  static const size_t size[] = {1, 2, 3, 4, 5, 16, 17, 64, 65, 1000, 4096, 4097};
  for (size_t k = 0; k < sizeof size / sizeof *size; k++) {
    const size_t n = size[k];
    for (uint64_t epoch = 0; epoch < 5; epoch++) {
      unsigned char *seen = calloc(n, 1);
      size_t fixed = 0, same = 0;
      for (size_t i = 0; i < n; i++) {
        const size_t j = nf_shuffled(3, epoch, n, i);
        assert_true(j < n && !seen[j]);
        seen[j] = 1;
        fixed += j == i;
        same += j == nf_shuffled(3, epoch + 1, n, i) || j == nf_shuffled(4, epoch, n, i);
      }
      if (n >= 64) assert_true(fixed < 10 && same < 16); /* means 1 and 2: chance below 1e-6 each */
      free(seen);
    }
  }
}

/* Over many epochs every sample stands in every place equally often, and so do pairs of samples:
 * χ² of 7·6 cells with 41 degrees of freedom, at a false-alarm rate of 1e-4 (seed fixed). */
static void a_shuffle_is_uniform(void **state) {
  (void)state;
  enum { ITEMS = 7, EPOCHS = 42000 };
  double count[ITEMS][ITEMS] = {{0}}, chi2 = 0;
  for (uint64_t epoch = 0; epoch < EPOCHS; epoch++)
    count[nf_shuffled(1, epoch, ITEMS, 2)][nf_shuffled(1, epoch, ITEMS, 5)]++;
  for (int i = 0; i < ITEMS; i++)
    for (int j = 0; j < ITEMS; j++)
      if (i != j) chi2 += pow(count[i][j] - EPOCHS / 42, 2) / (EPOCHS / 42);
  check_close("chi2", chi2, 41, 41, 0); /* P(χ²_41 > 82) = 1.6e-4 */
}

static void batches_divide_an_epoch(void **state) {
  (void)state;
  enum { SAMPLES = 23, BATCH = 5, PER_EPOCH = 4 };
  size_t index[BATCH];
  for (uint64_t epoch = 0; epoch < 6; epoch++) {
    int seen[SAMPLES] = {0}, total = 0;
    for (uint64_t b = 0; b < PER_EPOCH; b++) {
      assert_int_equal(nf_shuffled_batch(9, epoch * PER_EPOCH + b, SAMPLES, BATCH, index), epoch);
      for (int i = 0; i < BATCH; i++) total += ++seen[index[i]] == 1;
    }
    assert_int_equal(total, PER_EPOCH * BATCH);
  }
}

int main(void) {
  nf_rule adam = NF_ADAM, adamax = NF_ADAMAX;
  const struct CMUnitTest tests[] = {
      {"Adam follows the paper", an_optimiser_follows_the_paper, NULL, NULL, &adam},
      {"Adamax follows the paper", an_optimiser_follows_the_paper, NULL, NULL, &adamax},
      {"the first step of Adam is the rate", the_first_step_is_the_rate, NULL, NULL, &adam},
      {"the first step of Adamax is the rate", the_first_step_is_the_rate, NULL, NULL, &adamax},
      cmocka_unit_test(warm_up_and_cosine_at_pinned_steps),
      cmocka_unit_test(a_plateau_decays_after_its_patience),
      cmocka_unit_test(an_epoch_is_a_permutation),
      cmocka_unit_test(a_shuffle_is_uniform),
      cmocka_unit_test(batches_divide_an_epoch),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
