/* PyTorch as an oracle of flows: log p of every sample, and the gradient of the mean
 * negative log-likelihood with respect to every tensor, against golden/pytorch_flows.txt. Its
 * script, golden/pytorch_flows.py, defines the flows and their weights. */
#include "flow/flow.h"
#include "golden.h"
#include "nf/model.h"

enum { MOST_SAMPLES = 5 };

static double rule(size_t k, size_t i) {
  return ((double)((i + 1) * (i + k + 2) * 7919 % 10007) - 5003) / 10007;
}

/* --- weights ------------------------------------------------------------------------------- */

typedef struct {
  double scale;
  size_t k; /* trainable tensors so far */
} filling;

static int fill(void *user, const char *path, nf_tensor *t) {
  filling *f = user;
  const char *dot = strrchr(path, '.');
  const size_t n = nf_tensor_size(t);
  for (size_t i = 0; i < n; i++) {
    if (t->trainable)
      t->data[i] = f->scale * rule(f->k, i);
    else if (strcmp(dot, ".permutation") == 0)
      t->data[i] = (double)((5 * i + 1) % n);
    else if (strcmp(dot, ".sign") == 0)
      t->data[i] = i % 3 == 0 ? -1 : 1;
  }
  f->k += t->trainable;
  return NF_OK;
}

static nf_flow *build(nf_model m, double scale) {
  nf_error e = {0};
  nf_flow *flow = nf_flow_from_model(&m, &e);
  check_no_error(&e);
  check_ok(nf_flow_tensors(flow, fill, &(filling){scale, 0}));
  check_ok(nf_flow_prepare(flow, NULL));
  return flow;
}

/* --- comparison ---------------------------------------------------------------------------- */

typedef struct {
  const char *flow;
  const golden_file *golden;
  const double *gradient;
  size_t k, seen; /* trainable tensors, golden values */
} comparison;

static void compare(comparison *c, const char *name, const char *what, double value) {
  char full[80];
  snprintf(full, sizeof full, "%s_%s%s", c->flow, name, what);
  for (char *p = full; *p; p++)
    if (*p == '.') *p = '_';
  const golden_quantity *q = golden_find(c->golden, full);
  if (!q) fail_msg("%s is not among PyTorch's values", full);
  check_close(full, value, q->value, q->atol, q->rtol);
  c->seen++;
}

static int compare_tensor(void *user, const char *path, nf_tensor *t) {
  comparison *c = user;
  if (!t->trainable) return NF_OK;
  const double *g = c->gradient + t->flat_offset;
  double norm_sq = 0, dot = 0;
  for (size_t i = 0; i < nf_tensor_size(t); i++) {
    norm_sq += g[i] * g[i];
    dot += g[i] * rule(c->k + 1000, i);
  }
  c->k++;
  compare(c, path, "_norm", sqrt(norm_sq));
  compare(c, path, "_dot", dot);
  return NF_OK;
}

static size_t values_of(const golden_file *golden, const char *flow) {
  size_t n = 0;
  for (size_t i = 0; i < golden->n; i++) n += strncmp(golden->q[i].name, flow, strlen(flow)) == 0;
  return n;
}

/* n samples spread·rule(99, i). */
static void check_flow(const char *name, nf_flow *flow, size_t n, double spread) {
  golden_file *golden = golden_read("golden/pytorch_flows.txt");
  comparison c = {.flow = name, .golden = golden};
  double *x = calloc(n * flow->d, sizeof *x), *gradient = calloc(flow->n_param, sizeof *gradient);
  double log_p[MOST_SAMPLES], loss;
  assert_non_null(x);
  assert_non_null(gradient);
  for (size_t i = 0; i < n * flow->d; i++) x[i] = spread * rule(99, i);
  const nf_batch batch = {.n = n, .shape = flow->bijector->in, .data = x};
  check_ok(nf_flow_log_prob_batch(flow, &batch, log_p, NULL));
  check_ok(nf_flow_gradient_batch(flow, &batch, &loss, gradient, NULL));

  char label[32];
  for (size_t i = 0; i < n; i++) {
    snprintf(label, sizeof label, "log_p_%zu", i + 1);
    compare(&c, label, "", log_p[i]);
  }
  compare(&c, "loss", "", loss);
  c.gradient = gradient;
  check_ok(nf_flow_tensors(flow, compare_tensor, &c));
  assert_int_equal(c.seen, values_of(golden, name));
  free(gradient);
  free(x);
  free(golden);
  nf_flow_free(flow);
}

/* --- the flows ----------------------------------------------------------------------------- */

static void test_realnvp(void **state) {
  (void)state;
  nf_model m = nf_model_default(NF_REALNVP, nf_point(2));
  m.steps = 8;
  m.width = 16;
  m.scale = NF_SCALE_TANH;
  m.bins = 0;
  check_flow("realnvp", build(m, 1), 5, 4);
}

static void test_glow(void **state) {
  (void)state;
  nf_model m = nf_model_default(NF_GLOW, (nf_shape){8, 8, 3});
  m.levels = m.steps = 2;
  m.width = 16;
  m.scale = NF_SCALE_SIGMOID;
  m.plu = m.learned_prior = true;
  m.bins = 0;
  check_flow("glow", build(m, 0.3), 3, 4);
}

static void test_maf(void **state) {
  (void)state;
  nf_model m = nf_model_default(NF_MAF, nf_point(5));
  m.steps = 3;
  m.width = 12;
  check_flow("maf", build(m, 1), 5, 4);
}

static void test_nsf(void **state) {
  (void)state;
  nf_model m = nf_model_default(NF_NSF, nf_point(5));
  m.steps = 4;
  m.width = 12;
  check_flow("nsf", build(m, 1), 5, 10); /* some values outside the splines' bound, 4 */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_realnvp),
      cmocka_unit_test(test_glow),
      cmocka_unit_test(test_maf),
      cmocka_unit_test(test_nsf),
  };
  return cmocka_run_group_tests_name("pytorch", tests, NULL, NULL);
}
