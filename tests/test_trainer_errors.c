/* A step of training that fails leaves flow and trainer as they were, and settings out of their
 * range make no trainer. */
#include "fixture.h"

static void a_failed_step_changes_nothing(void **state) {
  (void)state;
  const nf_train_settings set = moons_settings();
  nf_error e = {0};
  nf_trainer *t = moons_trainer(1, &set), *before = moons_trainer(1, &set);
  moons_train(t, 10);
  copy_training(before, t);

  double x[6] = {0.1, 0.2, 0.3, NAN, 0.5, 0.6};
  nf_batch batch = {.n = 3, .shape = nf_point(2), .data = x};
  nf_train_step(t, 3, x, NULL, &e);
  check_failed(&e, NF_ENONFINITE, "not finite|sample 1");
  check_same_training(t, before);
  x[3] = INFINITY;
  check_status(nf_train_step(t, 3, x, NULL, NULL), NF_ENONFINITE);
  check_same_training(t, before);
  x[3] = 0.4;
  batch.shape = nf_point(3);
  nf_train_step_batch(t, &batch, NULL, &e);
  check_failed(&e, NF_ESHAPE, "(1, 1, 3)|(1, 1, 2)");
  check_same_training(t, before);
  check_status(nf_train_step(t, 0, x, NULL, NULL), NF_EINVAL);
  check_same_training(t, before);

  const double bad[] = {NAN, INFINITY, -INFINITY, 1e200}; /* the last one's square overflows */
  for (size_t i = 0; i < 4; i++) {
    memset(t->gradient, 0, t->flow->n_param * sizeof *t->gradient);
    t->gradient[1] = bad[i];
    nf_train_update(t, 1, NULL, &e);
    check_failed(&e, NF_ENONFINITE, i < 3 ? "gradient|not finite|layer 0" : "gradient");
    check_same_training(t, before);
  }
  t->gradient[1] = 1;
  for (size_t i = 0; i < 3; i++) {
    nf_train_update(t, bad[i], NULL, &e);
    check_failed(&e, NF_ENONFINITE, "loss");
  }
  nf_train_settings wrong = set;
  wrong.adam.beta1 = 1;
  nf_trainer_set(t, &wrong, &e);
  check_failed(&e, NF_EINVAL, "beta1");
  assert_true(t->settings.adam.beta1 < 1);
  check_same_training(t, before);

  check_ok(nf_train_step(t, 3, x, NULL, NULL)); /* and then it trains on */
  assert_int_equal(nf_trainer_steps(t), 11);
  trainer_free(t);
  trainer_free(before);
}

/* Fused, too, while it is forward that fails. */
static void a_failed_fused_step_changes_nothing(void **state) {
  (void)state;
  nf_train_settings set = moons_settings();
  nf_error e = {0};
  set.clip = 0;
  set.fused = true;
  nf_trainer *t = moons_trainer(2, &set), *before = moons_trainer(1, &set);
  moons_train(t, 10);
  copy_training(before, t);
  double x[6] = {0.1, 0.2, 0.3, NAN, 0.5, 0.6};
  nf_train_step(t, 3, x, NULL, &e);
  check_failed(&e, NF_ENONFINITE, "not finite|sample 1");
  check_same_training(t, before);
  nf_train_update(t, 1, NULL, &e);
  check_failed(&e, NF_EINVAL, "no gradient");
  nf_train_settings wrong = set;
  wrong.clip = 1;
  nf_trainer_set(t, &wrong, &e);
  check_failed(&e, NF_EINVAL, "fused|clip");
  wrong.clip = 0;
  wrong.fused = false;
  nf_trainer_set(t, &wrong, &e);
  check_failed(&e, NF_EINVAL, "fused|cannot change");
  assert_true(t->settings.fused && t->settings.clip == 0);
  check_same_training(t, before);

  x[3] = 0.4;
  for (size_t i = 0; i < 6; i++) x[i] *= 1e120; /* a finite loss, a gradient whose square is not */
  double log_p[3];
  check_ok(nf_flow_log_prob(t->flow, 3, x, log_p, NULL));
  check_status(nf_train_step(t, 3, x, NULL, NULL), NF_ENONFINITE);
  trainer_free(t);
  trainer_free(before);
}

/* z = 1e-200·x through two couplings: the upper one has changed when the gradient of 1e-200 proves
 * to be too large to square. */
static void a_fused_step_counts_when_it_has_changed_parameters(void **state) {
  (void)state;
  nf_error e = {0};
  nf_bijector *chain = nf_chain_new(nf_point(2), &e);
  nf_chain_add(chain, nf_affine_new(nf_point(2), &e), &e);
  for (int k = 0; k < 2; k++) {
    nf_net *net = nf_linear_new(nf_point(1), nf_point(2), &e);
    const nf_mask mask = k == 0 ? NF_CHANNEL : NF_CHANNEL_SWAPPED;
    nf_chain_add(chain, nf_coupling_new(nf_point(2), mask, NF_SCALE_EXP, net, &e), &e);
  }
  nf_flow *f = nf_flow_new(chain, SEED, &e);
  nf_train_settings set = nf_train_default();
  set.fused = true;
  nf_trainer *t = nf_trainer_new(f, &set, &e);
  check_no_error(&e);
  f->param[0] = f->param[3] = 1e-200;
  const nf_real upper = f->param[f->n_param - 1], x[2] = {0.7e200, -0.4e200};
  nf_train_step(t, 1, x, NULL, &e);
  check_failed(&e, NF_ENONFINITE, "");
  assert_true(f->param[0] == 1e-200 && f->param[f->n_param - 1] != upper);
  assert_int_equal(nf_trainer_steps(t), 1);
  trainer_free(t);
}

static void the_message_names_the_layer_that_overflows(void **state) {
  (void)state;
  const nf_train_settings set = moons_settings();
  nf_error e = {0};
  nf_trainer *t = moons_trainer(1, &set);
  const double x[2] = {0.7, -0.4};
  nf_flow_init_from_data(t->flow, 1, x, &e);
  check_no_error(&e);
  nf_bijector *fourth = t->flow->bijector->child[3];
  assert_string_equal(fourth->type->name, "actnorm");
  fourth->tensor[0].data[0] = 800;
  nf_train_step(t, 1, x, NULL, &e);
  check_failed(&e, NF_ENONFINITE, "sample 0|layer 3 (actnorm)");
  trainer_free(t);
}

static void the_default_is_adam_at_a_constant_rate(void **state) {
  (void)state;
  const nf_train_settings set = nf_train_default();
  const nf_schedule *s = &set.schedule;
  const nf_plateau plateau = nf_plateau_start();
  assert_true(set.adam.rule == NF_ADAM && set.adam.beta1 == 0.9 && set.adam.beta2 == 0.999);
  assert_true(set.adam.epsilon == 1e-8 && set.clip == 0 && set.ema == 0 && !set.fused);
  assert_true(nf_schedule_rate(s, &plateau, 1) == 1e-3);
  assert_true(nf_schedule_rate(s, &plateau, 100000) == 1e-3);
}

static void settings_at_the_ends_of_their_range_are_fine(void **state) {
  (void)state;
  nf_train_settings set = moons_settings();
  nf_error e = {0};
  nf_trainer *good = moons_trainer(1, &set);
  set.schedule.floor = 1;
  set.adam.beta1 = set.adam.beta2 = set.ema = set.clip = 0;
  nf_trainer *t = nf_trainer_new(good->flow, &set, &e);
  check_no_error(&e);
  nf_trainer_free(t);
  trainer_free(good);
}

static void settings_out_of_range_are_refused(void **state) {
  (void)state;
  const nf_train_settings adamax = {.adam = nf_adam_default(NF_ADAMAX),
                                    .schedule = {NF_COSINE, 1, 3, 4, 0, 0, 0}};
  nf_trainer *good = moons_trainer(1, &adamax);
  nf_error e = {0};
  struct {
    nf_train_settings set;
    const char *words;
  } bad[14];
  for (size_t i = 0; i < 14; i++) bad[i].set = moons_settings();
  bad[0].set.adam.beta1 = 1, bad[0].words = "beta1";
  bad[1].set.adam.beta1 = -0.1, bad[1].words = "beta1";
  bad[2].set.adam.beta2 = NAN, bad[2].words = "beta2";
  bad[3].set.adam.epsilon = 0, bad[3].words = "epsilon";
  bad[4].set.schedule.rate = 0, bad[4].words = "rate";
  bad[5].set.schedule.rate = INFINITY, bad[5].words = "rate";
  bad[6].set.schedule.floor = 1.5, bad[6].words = "floor";
  bad[7].set.schedule.factor = 1, bad[7].words = "factor";
  bad[8].set.schedule.factor = 0, bad[8].words = "factor";
  bad[9].set.clip = -1, bad[9].words = "clip";
  bad[10].set.ema = 1, bad[10].words = "ema";
  bad[11].set.schedule = (nf_schedule){NF_COSINE, 1, 4, 4, 0, 0, 0}, bad[11].words = "cosine";
  bad[12].set.clip = NAN, bad[12].words = "clip";
  bad[13].set.fused = true, bad[13].words = "fused|clip";
  for (size_t i = 0; i < 14; i++) {
    assert_null(nf_trainer_new(good->flow, &bad[i].set, &e));
    check_failed(&e, NF_EINVAL, bad[i].words);
  }
  const nf_train_settings fine = moons_settings();
  assert_null(nf_trainer_new(NULL, &fine, &e));
  check_failed(&e, NF_EINVAL, "flow is NULL");
  nf_trainer_free(NULL);
  trainer_free(good);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_failed_step_changes_nothing),
      cmocka_unit_test(a_failed_fused_step_changes_nothing),
      cmocka_unit_test(a_fused_step_counts_when_it_has_changed_parameters),
      cmocka_unit_test(the_message_names_the_layer_that_overflows),
      cmocka_unit_test(the_default_is_adam_at_a_constant_rate),
      cmocka_unit_test(settings_at_the_ends_of_their_range_are_fine),
      cmocka_unit_test(settings_out_of_range_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
