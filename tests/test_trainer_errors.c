/* A step of training that fails leaves no trace, and settings that make no sense make no trainer.
 */
#include <math.h>

#include "fixture.h"

static void a_failed_step_leaves_no_trace(void **state) {
  (void)state;
  const nf_train_settings set = moons_settings();
  nf_trainer *t = moons_trainer(1, &set), *as_it_was = moons_trainer(1, &set);
  moons_train(t, 10);
  copy_training(as_it_was, t);

  double x[6] = {0.1, 0.2, 0.3, NAN, 0.5, 0.6};
  nf_batch batch = {.n = 3, .shape = nf_point(2), .data = x};
  check_status(nf_train_step(t, &batch, NULL), NF_ENONFINITE);
  check_same_training(t, as_it_was);
  x[3] = INFINITY;
  check_status(nf_train_step(t, &batch, NULL), NF_ENONFINITE);
  check_same_training(t, as_it_was);
  x[3] = 0.4;
  batch.shape = nf_point(3);
  check_status(nf_train_step(t, &batch, NULL), NF_ESHAPE);
  check_same_training(t, as_it_was);

  const double bad[] = {NAN, INFINITY, -INFINITY, 1e200}; /* the last one's square overflows */
  for (size_t i = 0; i < 4; i++) {
    memset(t->gradient, 0, t->flow->n_param * sizeof *t->gradient);
    t->gradient[1] = bad[i];
    check_status(nf_train_update(t, 1, NULL), NF_ENONFINITE);
    check_same_training(t, as_it_was);
  }
  t->gradient[1] = 1;
  for (size_t i = 0; i < 3; i++) check_status(nf_train_update(t, bad[i], NULL), NF_ENONFINITE);
  t->set.adam.beta1 = 1;
  check_status(nf_train_update(t, 1, NULL), NF_EINVAL);
  check_same_training(t, as_it_was);

  t->set.adam.beta1 = 0.9; /* and then it trains on */
  batch.shape = nf_point(2);
  check_ok(nf_train_step(t, &batch, NULL));
  assert_int_equal(t->step, 11);
  moons_free(t);
  moons_free(as_it_was);
}

/* Fused, too, while it is forward that fails. */
static void a_fused_step_that_fails(void **state) {
  (void)state;
  nf_train_settings set = moons_settings();
  set.clip = 0;
  set.fused = true;
  nf_trainer *t = moons_trainer(2, &set), *as_it_was = moons_trainer(1, &set);
  moons_train(t, 10);
  copy_training(as_it_was, t);
  double x[6] = {0.1, 0.2, 0.3, NAN, 0.5, 0.6};
  nf_batch batch = {.n = 3, .shape = nf_point(2), .data = x};
  check_status(nf_train_step(t, &batch, NULL), NF_ENONFINITE);
  check_same_training(t, as_it_was);
  check_status(nf_train_update(t, 1, NULL), NF_EINVAL); /* there is no gradient */
  x[3] = 0.4;
  t->set.clip = 1; /* not with fused */
  check_status(nf_train_step(t, &batch, NULL), NF_EINVAL);
  t->set.clip = 0;
  t->set.fused = false; /* too late */
  check_status(nf_train_step(t, &batch, NULL), NF_EINVAL);
  t->set.fused = true;
  check_same_training(t, as_it_was);

  for (size_t i = 0; i < 6; i++) x[i] *= 1e120; /* a finite loss, a gradient whose square is not */
  double log_p[3];
  check_ok(nf_flow_log_prob(t->flow, &batch, log_p));
  check_status(nf_train_step(t, &batch, NULL), NF_ENONFINITE);
  moons_free(t);
  moons_free(as_it_was);
}

static void the_layer_that_overflows_has_a_name(void **state) {
  (void)state;
  const nf_train_settings set = moons_settings();
  nf_trainer *t = moons_trainer(1, &set);
  double x[2] = {0.7, -0.4};
  const nf_batch batch = {.n = 1, .shape = nf_point(2), .data = x};
  check_ok(nf_flow_observe(t->flow, &batch));
  nf_bijector *fourth = t->flow->bijector->child[3]; /* an actnorm; 0 and 1 alike before it */
  assert_string_equal(fourth->type->name, "actnorm");
  fourth->tensor[0].data[0] = 800;
  check_status(nf_train_step(t, &batch, NULL), NF_ENONFINITE);
  assert_ptr_equal(nf_flow_culprit(t->flow, &batch), fourth);
  moons_free(t);
}

static void settings_out_of_range_are_refused(void **state) {
  (void)state;
  nf_trainer *good = moons_trainer(
      1,
      &(nf_train_settings){nf_adam_default(NF_ADAMAX), {NF_COSINE, 1, 3, 4, 0, 0, 0}, 0, false, 0});
  nf_train_settings bad[14];
  for (size_t i = 0; i < 14; i++) bad[i] = moons_settings();
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
  bad[13].fused = true; /* and clipped */
  for (size_t i = 0; i < 14; i++) {
    nf_trainer *t = NULL;
    check_status(nf_trainer_new(&t, good->flow, &bad[i]), NF_EINVAL);
    assert_null(t);
  }
  nf_trainer *t = NULL;
  const nf_train_settings fine = moons_settings();
  check_status(nf_trainer_new(&t, NULL, &fine), NF_EINVAL);
  nf_trainer_free(NULL);
  moons_free(good);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_failed_step_leaves_no_trace),
      cmocka_unit_test(a_fused_step_that_fails),
      cmocka_unit_test(the_layer_that_overflows_has_a_name),
      cmocka_unit_test(settings_out_of_range_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
