/* A flow on disk comes back bit for bit, and its training goes on as if never stopped. (Files that
 * are refused are in test_checkpoint_faults.c.) */
#include "folder.h"
#include "io/checkpoint.h"
#include "small_flow.h"

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
  const nf_model *model[] = {&image, &point};
  for (int k = 0; k < 2; k++) {
    const nf_model *m = model[k];
    nf_flow *flow = new_flow(m);
    nf_trainer *t = new_trainer(flow);
    train(t, m, 3); /* nothing is zero any more */
    const nf_metadata note = {"note", "of the caller"};
    char message[NF_MESSAGE] = "";
    check_ok(nf_checkpoint_save(folder_path("a"), m, flow, NULL, 1, &note, message));
    nf_checkpoint c = {0};
    check_ok(nf_checkpoint_load(folder_path("a"), &c, message));
    assert_int_equal(c.flow->n_param, flow->n_param);
    same_bits(c.flow->param, flow->param, flow->n_param);
    same_bits(c.flow->constant, flow->constant, flow->n_constant);
    assert_true(c.model.seed == m->seed && c.model.alpha == m->alpha && c.model.scale == m->scale);
    assert_string_equal(nf_safetensors_metadata(&c.file, "note"), "of the caller");

    const nf_batch x = samples(m, 99);
    double log_p[16], again[16];
    check_ok(nf_flow_log_prob(flow, &x, log_p));
    check_ok(nf_flow_observe(c.flow, &x)); /* actnorm has been born already */
    same_bits(c.flow->param, flow->param, flow->n_param);
    check_ok(nf_flow_log_prob(c.flow, &x, again));
    assert_memory_equal(log_p, again, sizeof log_p);

    check_ok(nf_checkpoint_save(folder_path("b"), &c.model, c.flow, NULL, 1, &note, message));
    same_file(folder_path("a"), folder_path("b"));
    check_status(nf_checkpoint_resume(&c, "a", t, message), NF_EFORMAT); /* no training in it */
    nf_checkpoint_free(&c);
    nf_trainer_free(t);
    nf_flow_free(flow);
  }
}

static void training_goes_on_as_if_never_stopped(void **state) {
  (void)state;
  const nf_model *model[] = {&image, &point};
  for (int k = 0; k < 2; k++) {
    const nf_model *m = model[k];
    char message[NF_MESSAGE] = "";
    nf_flow *flow = new_flow(m);
    nf_trainer *t = new_trainer(flow);
    train(t, m, 4);
    check_ok(nf_checkpoint_save(folder_path("half"), m, flow, t, 0, NULL, message));
    train(t, m, 4);

    nf_checkpoint c = {0};
    check_ok(nf_checkpoint_load(folder_path("half"), &c, message));
    nf_trainer *u = new_trainer(c.flow);
    check_ok(nf_checkpoint_resume(&c, folder_path("half"), u, message));
    assert_int_equal(u->step, 4);
    train(u, m, 4);
    same_bits(c.flow->param, flow->param, flow->n_param);
    same_bits(u->m, t->m, flow->n_param);
    same_bits(u->v, t->v, flow->n_param);
    same_bits(u->average, t->average, flow->n_param);
    assert_true(u->plateau.best == t->plateau.best && u->plateau.waited == t->plateau.waited &&
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
  char message[NF_MESSAGE] = "";
  nf_flow *flow = new_flow(&point);
  nf_trainer *t = new_trainer(flow), *u = NULL;
  train(t, &point, 4);
  check_ok(nf_checkpoint_save(folder_path("averaged"), &point, flow, t, 0, NULL, message));
  nf_checkpoint c = {0};
  check_ok(nf_checkpoint_load(folder_path("averaged"), &c, message));
  nf_train_settings set = t->set;
  set.ema = 0;
  check_ok(nf_trainer_new(&u, c.flow, &set));
  check_ok(nf_checkpoint_resume(&c, folder_path("averaged"), u, message));
  same_bits(c.flow->param, flow->param, flow->n_param);
  assert_memory_not_equal(t->average, flow->param, flow->n_param * sizeof(nf_real));
  nf_trainer_free(u);
  nf_checkpoint_free(&c);
  nf_trainer_free(t);
  nf_flow_free(flow);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_flow_comes_back_bit_for_bit),
      cmocka_unit_test(training_goes_on_as_if_never_stopped),
      cmocka_unit_test(averaging_may_end),
  };
  return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
