/* A flow is born and asked while memory runs out (memory.h). */
#include "memory.h"

#include <stdlib.h>
#include <string.h>

#include "catalogue.h"
#include "check.h"
#include "flow/flow.h"
#include "flow/models.h"

/* --- birth ------------------------------------------------------------------------------------ */
static const nf_model model[] = {
    {NF_GLOW, {4, 4, 2}, 2, 1, 3, NF_SCALE_SIGMOID, true, true, 256, 0.05, 1},
    {NF_GLOW, {1, 1, 4}, 1, 2, 3, NF_SCALE_EXP, false, false, 0, 0.05, 1},
    {NF_REALNVP, {4, 4, 1}, 2, 1, 3, NF_SCALE_TANH, false, false, 17, 0.05, 1},
    {NF_NICE, {2, 2, 1}, 1, 2, 3, NF_SCALE_NONE, false, false, 0, 0.05, 1},
};
enum { MODELS = sizeof model / sizeof *model };

static nf_bijector *built(const nf_model *m) {
  int status = NF_OK;
  nf_bijector *b = nf_model_new(m, &status);
  check_ok(status);
  return b;
}

static bool build_model(void *subject, size_t k) {
  nf_flow *f = NULL;
  int status = NF_OK;
  memory_fail_at(k);
  nf_bijector *b = nf_model_new(subject, &status);
  if (status == NF_OK) status = nf_flow_new(&f, b, 1);
  const bool failed = memory_failed();
  if (memory_went_well("building", k, status, failed) != (f != NULL))
    fail_msg("a flow after an error");
  nf_flow_free(f);
  return failed;
}

/* The layers that no model has. */
static bool build_others(void *subject, size_t k) {
  (void)subject;
  const nf_shape s = {2, 2, 4};
  int status = NF_OK;
  memory_fail_at(k);
  nf_bijector *chain = nf_chain_new(s, &status);
  nf_chain_add(chain, nf_permute_new(s, NULL, &status), &status);
  nf_chain_add(chain, nf_reverse_new(s, &status), &status);
  nf_chain_add(chain, nf_affine_new(s, &status), &status);
  nf_net *net = nf_linear_new(nf_coupling_net_in(s, NF_CHANNEL),
                              nf_coupling_net_out(s, NF_CHANNEL, NF_SCALE_EXP), &status);
  nf_chain_add(chain, nf_coupling_new(s, NF_CHANNEL, NF_SCALE_EXP, net, &status), &status);
  nf_chain_add(chain, nf_unsqueeze_new(s, &status), &status);
  const bool failed = memory_failed();
  memory_went_well("building", k, status, failed);
  nf_bijector_free(chain);
  return failed;
}

/* A lone layer, which the flow puts into a chain. */
static bool build_lone(void *subject, size_t k) {
  (void)subject;
  nf_flow *f = NULL;
  int status = NF_OK;
  nf_bijector *b = nf_actnorm_new(nf_point(2), &status);
  check_ok(status);
  memory_fail_at(k);
  status = nf_flow_new(&f, b, 1);
  const bool failed = memory_failed();
  if (memory_went_well("a lone layer", k, status, failed) != (f != NULL))
    fail_msg("a flow after an error");
  nf_flow_free(f);
  return failed;
}

static void flows_are_built(void **state) {
  (void)state;
  for (int i = 0; i < MODELS; i++) {
    nf_model m = model[i];
    memory_exhaust("a model", build_model, &m);
  }
  memory_exhaust("other layers", build_others, NULL);
  memory_exhaust("a lone layer", build_lone, NULL);
}

/* --- what a flow is asked --------------------------------------------------------------------- */
enum { N = 5, OUT = 4096 };
typedef enum {
  LOG_PROB,
  FORWARD,
  INVERSE,
  SAMPLE,
  GRADIENT,
  GRADIENT_LEAN,
  STAGES,
  QUESTIONS
} question;
static const char *const question_name[QUESTIONS] = {
    "log_prob", "forward", "inverse", "sample", "gradient", "lean gradient", "gradient by stages"};
typedef struct {
  double many[OUT], few[N]; /* a value a dimension or a parameter, a value a sample */
} answer;

typedef struct {
  nf_flow *flow;
  question what;
  int threads;
  double data[OUT], latent[OUT];
  nf_batch x, z;
  answer right;
} conversation;

static int take(void *user, size_t layer, size_t first, size_t count, const nf_real *gradient) {
  (void)layer;
  memcpy((double *)user + first, gradient, count * sizeof *gradient);
  return NF_OK;
}

static int ask(const conversation *c, answer *a) {
  nf_flow *f = c->flow;
  switch (c->what) {
    case LOG_PROB:
      return nf_flow_log_prob(f, &c->x, a->few);
    case FORWARD:
      return nf_flow_forward(f, &c->x, a->many, a->few);
    case INVERSE:
      return nf_flow_inverse(f, &c->z, a->many, a->few);
    case SAMPLE:
      return nf_flow_sample(f, 1, 0, N, 1, a->many);
    case STAGES:
      f->keep_bytes = 1 << 13; /* for some chunks enough */
      return nf_flow_gradient_by_stages(f, &c->x, a->few, take, a->many);
    default: /* nothing kept for backward: it computes all again */
      f->keep_bytes = c->what == GRADIENT_LEAN ? 0 : (size_t)1 << 20;
      return nf_flow_gradient(f, &c->x, a->few, a->many);
  }
}

/* With new threads, whose memory is empty; then again, with what the failed call left behind. */
static bool ask_once(void *subject, size_t k) {
  const conversation *c = subject;
  static answer a;
  check_ok(nf_flow_set_threads(c->flow, c->threads));
  memory_fill(a.many, OUT), memory_fill(a.few, N);
  memory_fail_at(k);
  const int status = ask(c, &a);
  const bool failed = memory_failed();
  if (!memory_went_well(question_name[c->what], k, status, failed)) {
    memory_is_kept(question_name[c->what], a.few, N);
    if (c->what < GRADIENT) memory_is_kept(question_name[c->what], a.many, OUT);
    check_ok(ask(c, &a));
  }
  assert_memory_equal(&a, &c->right, sizeof a);
  check_ok(nf_flow_set_threads(c->flow, 1));
  return failed;
}

static void flows_answer(void **state) {
  (void)state;
  static conversation c;
  for (int i = 0; i < MODELS; i++) {
    check_ok(nf_flow_new(&c.flow, built(&model[i]), 1));
    check_ok(move_weights(c.flow->bijector, 0.1, 1));
    c.flow->chunk = 3;
    assert_true(c.flow->n_param <= OUT && N * c.flow->d <= OUT);
    c.x = (nf_batch){N, c.flow->bijector->in, c.data, 0, 0};
    c.z = (nf_batch){N, c.flow->bijector->out, c.latent, 0, 0};
    for (size_t k = 0; k < nf_batch_size(&c.x); k++) {
      const double u = nf_random_uniform(1, 0, k);
      c.latent[k] = nf_random_normal(1, 1, k);
      c.data[k] = model[i].pixel_levels > 0 ? floor(u * model[i].pixel_levels) : u;
    }
    for (int q = 0; q < QUESTIONS; q++) {
      c.what = (question)q;
      memory_fill(c.right.many, OUT), memory_fill(c.right.few, N);
      check_ok(ask(&c, &c.right));
      check_ok(nf_flow_set_threads(c.flow, 1));
      for (c.threads = 1; c.threads <= 2; c.threads++)
        memory_exhaust(question_name[q], ask_once, &c);
    }
    nf_flow_free(c.flow);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(flows_are_built),
      cmocka_unit_test(flows_answer),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
