/* A flow on disk comes back bit for bit, and its training resumes with the same bits. (Files that
 * are refused are in test_checkpoint_faults.c, the names of models in test_checkpoint_model.c.) */
#include "fixture.h"
#include "folder.h"
#include "io/checkpoint.h"
#include "nf/checkpoint.h"

static void same_bits(const nf_real *a, const nf_real *b, size_t n) {
  assert_memory_equal(a, b, n * sizeof *a);
}

static void same_file(const char *a, const char *b) {
  static char one[1 << 18], two[1 << 18];
  FILE *f = fopen(a, "rb"), *g = fopen(b, "rb");
  assert_true(f != NULL && g != NULL);
  const size_t n = fread(one, 1, sizeof one, f), m = fread(two, 1, sizeof two, g);
  fclose(f);
  fclose(g);
  assert_true(n > 1000 && n < sizeof one);
  assert_int_equal(n, m);
  assert_memory_equal(one, two, n);
}

/* --- what comes back ---------------------------------------------------------------------- */

static void a_flow_comes_back_bit_for_bit(void **state) {
  (void)state;
  const nf_model *model[] = {&image, &point, &gated};
  for (int k = 0; k < 3; k++) {
    const nf_model *m = model[k];
    nf_flow *flow = new_flow(m);
    nf_trainer *t = new_trainer(flow);
    train(t, m, 3); /* nothing is zero any more */
    const nf_metadata pair = {"origin", "the caller"};
    nf_error e = {0};
    check_ok(nf_checkpoint_save(folder_path("a"), flow, NULL, 1, &pair, &e));
    nf_checkpoint c = {0};
    check_ok(nf_checkpoint_load(folder_path("a"), &c, &e));
    assert_int_equal(c.flow->n_param, flow->n_param);
    same_bits(c.flow->param, flow->param, flow->n_param);
    same_bits(c.flow->constant, flow->constant, flow->n_constant);
    const nf_model *back = nf_flow_model(c.flow);
    assert_true(back->seed == m->seed && back->alpha == m->alpha && back->scale == m->scale);
    assert_true(back->net == m->net && (m->net == NF_NET_USUAL || back->blocks == m->blocks));
    assert_string_equal(nf_safetensors_metadata(&c.file, "origin"), "the caller");

    const nf_real *x = samples(m, 99);
    double log_p[16], again[16];
    check_ok(nf_flow_log_prob(flow, SAMPLES, x, log_p, &e));
    check_ok(nf_flow_init_from_data(c.flow, SAMPLES, x, &e)); /* actnorm is initialised */
    same_bits(c.flow->param, flow->param, flow->n_param);
    check_ok(nf_flow_log_prob(c.flow, SAMPLES, x, again, &e));
    assert_memory_equal(log_p, again, sizeof log_p);

    check_ok(nf_checkpoint_save(folder_path("b"), c.flow, NULL, 1, &pair, &e));
    same_file(folder_path("a"), folder_path("b"));
    nf_checkpoint_resume(&c, "a", t, &e);
    check_failed(&e, NF_EFORMAT, "a: it has no training state");
    nf_checkpoint_free(&c);
    nf_trainer_free(t);
    nf_flow_free(flow);
  }
}

static void resumed_training_has_the_same_bits(void **state) {
  (void)state;
  nf_model standardised = point;
  standardised.standardise = true;
  const nf_model *model[] = {&image, &point, &standardised};
  for (int k = 0; k < 3; k++) {
    const nf_model *m = model[k];
    nf_error e = {0};
    nf_flow *flow = new_flow(m);
    nf_trainer *t = new_trainer(flow);
    train(t, m, 4);
    check_ok(nf_checkpoint_save(folder_path("half"), flow, t, 0, NULL, &e));
    train(t, m, 4);

    nf_checkpoint c = {0};
    check_ok(nf_checkpoint_load(folder_path("half"), &c, &e));
    nf_trainer *u = new_trainer(c.flow);
    check_ok(nf_checkpoint_resume(&c, folder_path("half"), u, &e));
    assert_int_equal(u->step, 4);
    train(u, m, 4);
    assert_true(c.flow->model.standardise == m->standardise);
    same_bits(c.flow->param, flow->param, flow->n_param);
    same_bits(c.flow->constant, flow->constant, flow->n_constant);
    same_bits(u->m, t->m, flow->n_param);
    same_bits(u->v, t->v, flow->n_param);
    same_bits(u->ema, t->ema, flow->n_param);
    assert_true(u->plateau.best == t->plateau.best &&
                u->plateau.bad_reports == t->plateau.bad_reports &&
                u->plateau.scale == t->plateau.scale && t->plateau.scale < 1);
    nf_trainer_free(u);
    nf_checkpoint_free(&c);
    nf_trainer_free(t);
    nf_flow_free(flow);
  }
}

/* A run that averages, gone on with by one that does not: with the weights, not their average. */
static void averaging_may_end(void **state) {
  (void)state;
  nf_error e = {0};
  nf_flow *flow = new_flow(&point);
  nf_trainer *t = new_trainer(flow), *u = NULL;
  train(t, &point, 4);
  check_ok(nf_checkpoint_save(folder_path("averaged"), flow, t, 0, NULL, &e));
  nf_checkpoint c = {0};
  check_ok(nf_checkpoint_load(folder_path("averaged"), &c, &e));
  nf_train_settings set = t->settings;
  set.ema = 0;
  u = nf_trainer_new(c.flow, &set, &e);
  check_ok(nf_checkpoint_resume(&c, folder_path("averaged"), u, &e));
  same_bits(c.flow->param, flow->param, flow->n_param);
  assert_memory_not_equal(t->ema, flow->param, flow->n_param * sizeof(nf_real));
  nf_trainer_free(u);
  nf_checkpoint_free(&c);
  nf_trainer_free(t);
  nf_flow_free(flow);
}

/* alpha and the plateau's values are its real numbers. */
static void a_checkpoint_is_the_same_under_a_comma_locale(void **state) {
  (void)state;
  nf_error e = {0};
  nf_flow *flow = new_flow(&image);
  nf_trainer *t = new_trainer(flow);
  train(t, &image, 4);
  check_ok(nf_save(folder_path("point"), flow, t, &e));
  folder_comma_locale();
  nf_save(folder_path("comma"), flow, t, &e);
  nf_flow *back = nf_load(folder_path("point"), &e);
  check_no_error(&e);
  nf_trainer *u = new_trainer(back);
  nf_load_into(folder_path("point"), back, u, &e);
  setlocale(LC_NUMERIC, "C");
  check_no_error(&e);
  check_close("alpha", nf_flow_model(back)->alpha, image.alpha, 0, 0);
  check_same_training(t, u);
  same_file(folder_path("comma"), folder_path("point"));
  nf_trainer_free(u), nf_flow_free(back);
  nf_trainer_free(t), nf_flow_free(flow);
}

/* --- the public functions ------------------------------------------------------------------- */

static void a_flow_remembers_its_model(void **state) {
  (void)state;
  nf_error e = {0};
  nf_flow *flow = new_flow(&image);
  nf_trainer *t = new_trainer(flow);
  train(t, &image, 3);
  check_ok(nf_save(folder_path("public"), flow, t, &e));
  nf_flow *back = nf_load(folder_path("public"), &e);
  nf_trainer *u = new_trainer(back);
  check_no_error(&e);
  same_bits(back->param, flow->param, flow->n_param);
  check_ok(nf_load_into(folder_path("public"), back, u, &e));
  check_same_training(t, u);
  nf_trainer_free(u), nf_flow_free(back);
  nf_trainer_free(t), nf_flow_free(flow);
}

/* A chain of the caller's own, and the same layers with other values. */
static nf_flow *own_chain(uint64_t seed) {
  nf_error e = {0};
  nf_bijector *chain = nf_chain_new(nf_point(3), &e);
  nf_chain_add(chain, nf_conv1x1_new(nf_point(3), true, &e), &e);
  nf_chain_add(chain, nf_actnorm_new(nf_point(3), &e), &e);
  nf_flow *f = nf_flow_new(chain, seed, &e);
  check_no_error(&e);
  return f;
}

static void a_flow_built_by_hand_is_loaded_into_the_same_layers(void **state) {
  (void)state;
  nf_error e = {0};
  nf_flow *a = own_chain(1), *b = own_chain(2), *other = new_flow(&point);
  check_ok(nf_save(folder_path("hand"), a, NULL, &e));
  assert_memory_not_equal(a->param, b->param, a->n_param * sizeof *a->param);
  check_ok(nf_load_into(folder_path("hand"), b, NULL, &e));
  same_bits(b->param, a->param, a->n_param);
  same_bits(b->constant, a->constant, a->n_constant);

  assert_null(nf_load(folder_path("hand"), &e));
  check_failed(&e, NF_EFORMAT, "hand: |'family'|nf_load_into");
  nf_load_into(folder_path("hand"), other, NULL, &e);
  check_failed(&e, NF_EFORMAT, "hand: tensor |is missing");
  nf_flow_free(a), nf_flow_free(b), nf_flow_free(other);
}

/* All of the flow is fine, and is read before. */
static void a_fault_in_the_training_state_changes_nothing(void **state) {
  (void)state;
  nf_error e = {0};
  nf_trainer *t[3];
  for (int k = 0; k < 3; k++) t[k] = new_trainer(new_flow(&image));
  train(t[0], &image, 3);
  t[0]->ema[t[0]->flow->n_param - 1] = NAN;
  check_ok(nf_save(folder_path("nan"), t[0]->flow, t[0], &e));
  for (int k = 1; k < 3; k++) train(t[k], &image, 2);
  nf_load_into(folder_path("nan"), t[1]->flow, t[1], &e);
  check_failed(&e, NF_EFORMAT, "nan: tensor 'average/|is not finite");
  check_same_training(t[1], t[2]);
  for (int k = 1; k < 3; k++) train(t[k], &image, 1); /* with what the layers derive, too */
  check_same_training(t[1], t[2]);
  for (int k = 0; k < 3; k++) trainer_free(t[k]);
}

static void a_trainer_of_another_flow_is_refused(void **state) {
  (void)state;
  nf_error e = {0};
  nf_flow *flow = new_flow(&image);
  nf_trainer *t = new_trainer(new_flow(&point));
  nf_save(folder_path("other"), flow, t, &e);
  check_failed(&e, NF_EINVAL, "other: the trainer is that of another flow");
  nf_load_into(folder_path("other"), flow, t, &e);
  check_failed(&e, NF_EINVAL, "other: the trainer is that of another flow"); /* and is not read */
  nf_flow_free(flow);
  trainer_free(t);
}

/* The matrix in the file is singular, or there is no training state: nothing changes. */
static void a_failed_load_changes_nothing(void **state) {
  (void)state;
  nf_error e = {0};
  nf_flow *a = own_chain(1), *b = own_chain(2);
  const nf_train_settings set = settings();
  nf_trainer *t = nf_trainer_new(b, &set, &e);
  nf_real before[32];
  assert_true(b->n_param <= 32);
  memcpy(before, b->param, b->n_param * sizeof *before);
  check_ok(nf_save(folder_path("no_training"), a, NULL, &e));
  nf_load_into(folder_path("no_training"), b, t, &e);
  check_failed(&e, NF_EFORMAT, "no_training: it has no training state");
  same_bits(b->param, before, b->n_param);
  a->bijector->child[0]->tensor[0].data[0] = -1e4;
  check_ok(nf_save(folder_path("singular"), a, NULL, &e));
  nf_load_into(folder_path("singular"), b, NULL, &e);
  check_failed(&e, NF_ESINGULAR, "singular: |layer 0 (conv1x1)");
  same_bits(b->param, before, b->n_param);
  nf_trainer_free(t), nf_flow_free(a), nf_flow_free(b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_flow_comes_back_bit_for_bit),
      cmocka_unit_test(resumed_training_has_the_same_bits),
      cmocka_unit_test(averaging_may_end),
      cmocka_unit_test(a_checkpoint_is_the_same_under_a_comma_locale),
      cmocka_unit_test(a_flow_remembers_its_model),
      cmocka_unit_test(a_flow_built_by_hand_is_loaded_into_the_same_layers),
      cmocka_unit_test(a_fault_in_the_training_state_changes_nothing),
      cmocka_unit_test(a_trainer_of_another_flow_is_refused),
      cmocka_unit_test(a_failed_load_changes_nothing),
  };
  return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
