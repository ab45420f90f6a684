/* The layers of each model, as its paper has them, in one line of text: a coupling is named by what
 * it changes, which is measured, not asked for.
 *
 *   coupling/2 of mlp     changes the second half of the channels, /1 the first; by an MLP
 *   additive coupling/2   its log-det is 0
 *   coupling/odd          changes the pixels of odd row + column, /even the others
 *   …|2                   its network is given 2 more values
 *   split{ … }            what is in it runs on the first half of the channels */
#include <stdio.h>

#include "fixture.h"
#include "flow/models.h"

typedef struct {
  char text[2048];
  size_t length;
} line;

static void add(line *to, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(line *to, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  to->length +=
      (size_t)vsnprintf(to->text + to->length, sizeof to->text - to->length, format, arguments);
  va_end(arguments);
  assert_true(to->length < sizeof to->text);
}

/* What of x the layer changes, at weights that are not 0, and its log-det. */
static const char *part_of(const nf_bijector *b, double *log_det) {
  static const char *const name[] = {"1", "2", "even", "odd"};
  const nf_shape s = b->in;
  const size_t d = nf_shape_size(s);
  double x[256], y[16] = {0.5, -1, 2};
  assert_true(d <= 256 && b->n_condition <= 16);
  for (size_t k = 0; k < d; k++) x[k] = 1 + 0.01 * (double)k;
  nf_batch batch = {.n = 1, .shape = s, .data = x, .y = y, .y_shape = nf_point(b->n_condition)};
  nf_work work = {0};
  check_ok(nf_bijector_forward(b, &batch, log_det, &work));
  nf_work_free(&work);
  bool is[4] = {true, true, true, true};
  for (size_t k = 0; k < d; k++) {
    const size_t c = k % s.c, row = k / s.c / s.w, column = k / s.c % s.w;
    const bool changed = x[k] != 1 + 0.01 * (double)k;
    const bool part[] = {c < s.c / 2, c >= s.c / 2, (row + column) % 2 == 0,
                         (row + column) % 2 == 1};
    for (int i = 0; i < 4; i++) is[i] = is[i] && changed == part[i];
  }
  for (int i = 0; i < 4; i++)
    if (is[i]) return name[i];
  return "?";
}

static void describe(const nf_bijector *b, line *to) {
  const char *name = b->type->name;
  double log_det = 0;
  if (strcmp(name, "chain") != 0 && to->length > 0) add(to, " ");
  if (strstr(name, "coupling") != NULL) {
    const char *part = part_of(b, &log_det);
    add(to, "%s%s/%s", log_det == 0 ? "additive " : "", name, part);
  } else if (strcmp(name, "chain") != 0) {
    add(to, "%s", name);
  }
  if (b->net != NULL) add(to, " of %s", b->net->type->name);
  if (b->n_condition > 0) add(to, "|%zu", b->n_condition);
  if (b->n_child > 0 && strcmp(name, "chain") != 0) add(to, "{");
  for (size_t i = 0; i < b->n_child; i++) describe(b->child[i], to);
  if (b->n_child > 0 && strcmp(name, "chain") != 0) add(to, " }");
}

static void check_layers(nf_model m, const char *expected) {
  nf_error e = {0};
  m.width = 4;
  nf_bijector *b = nf_bijector_from_model(&m, &e);
  check_no_error(&e);
  nf_flow *f = moved_flow(b, 0.5);
  line is = {"", 0};
  describe(f->bijector, &is);
  assert_string_equal(is.text, expected);
  nf_flow_free(f);
}

static nf_model of(nf_family family, nf_shape shape, size_t levels, size_t steps) {
  nf_model m = nf_model_default(family, shape);
  m.bins = 0;
  m.levels = levels;
  m.steps = steps;
  return m;
}

/* Dinh et al. 2015: additive couplings that alternate, then a scaling of each value */
static void nice(void **state) {
  (void)state;
  check_layers(
      of(NF_NICE, nf_point(5), 1, 3),
      "additive coupling/2 of mlp additive coupling/1 of mlp additive coupling/2 of mlp actnorm");
  check_layers(of(NF_NICE, nf_image(2, 2, 3), 1, 2),
               "reshape additive coupling/2 of mlp additive coupling/1 of mlp actnorm");
}

/* Dinh et al. 2017, 3.6: three couplings with checkerboards, squeeze, three with channel halves,
 * and half of the channels leave; the last level has four with checkerboards */
static void realnvp(void **state) {
  (void)state;
#define CHECKER "actnorm coupling/odd of convnet actnorm coupling/even of convnet "
#define THREE   CHECKER "actnorm coupling/odd of convnet"
#define FOUR    CHECKER "actnorm coupling/odd of convnet actnorm coupling/even of convnet"
  check_layers(of(NF_REALNVP, nf_image(4, 4, 1), 1, 1), FOUR);
  check_layers(of(NF_REALNVP, nf_image(4, 4, 1), 2, 1), THREE
               " squeeze actnorm coupling/2 of convnet actnorm coupling/1 of convnet"
               " actnorm coupling/2 of convnet split{ " FOUR " }");
  check_layers(of(NF_REALNVP, nf_point(4), 1, 2), "coupling/2 of mlp coupling/1 of mlp");
}

/* Kingma and Dhariwal 2018: squeeze, steps of actnorm, 1×1 convolution and coupling, and half of
 * the channels leave, normalised by what stays where the prior is learned. Durkan et al. 2019, 5.2:
 * the same with splines */
static void glow_and_nsf(void **state) {
  (void)state;
#define STEP(coupling, net) "actnorm conv1x1 " coupling "/2 of " net
  nf_model m = of(NF_GLOW, nf_image(8, 4, 1), 2, 1);
  check_layers(m, "squeeze " STEP("coupling", "convnet") " coupling/2 of conv split{ squeeze " STEP(
                      "coupling", "convnet") " }");
  m.learned_prior = false;
  check_layers(m, "squeeze " STEP("coupling", "convnet") " split{ squeeze " STEP("coupling",
                                                                                 "convnet") " }");
  m.learned_prior = true, m.condition = 3, m.net = NF_NET_GATED;
  check_layers(m,
               "squeeze " STEP("coupling", "gated|3") " coupling/2 of conv|3 split{ squeeze " STEP(
                   "coupling", "gated|3") " }");
  check_layers(of(NF_GLOW, nf_point(4), 1, 2), STEP("coupling", "mlp") " " STEP("coupling", "mlp"));
  check_layers(of(NF_NSF, nf_image(4, 4, 1), 1, 1), "squeeze " STEP("spline coupling", "convnet"));
  m = of(NF_NSF, nf_point(4), 1, 2);
  m.condition = 2;
  check_layers(m, "spline coupling/2 of mlp|2 spline coupling/1 of mlp|2");
}

/* The matrix of a 1×1 convolution is one tensor, or P, L, U and log|s|. */
static void permutations(void **state) {
  (void)state;
  for (int plu = 0; plu < 2; plu++) {
    nf_model m = of(NF_GLOW, nf_point(4), 1, 1);
    m.plu = plu;
    nf_bijector *b = nf_bijector_from_model(&m, NULL);
    assert_int_equal(b->child[1]->n_tensor > 1, plu);
    nf_bijector_free(b);
  }
}

/* Papamakarios et al. 2017; the single-scale model of the University of Amsterdam, whose first
 * coupling changes the even pixels */
static void others(void **state) {
  (void)state;
  check_layers(of(NF_MAF, nf_point(4), 1, 2),
               "actnorm autoregressive of made actnorm autoregressive of made");
  check_layers(of(NF_MAF, nf_image(2, 2, 1), 1, 1), "reshape actnorm autoregressive of made");
  check_layers(of(NF_SINGLE_SCALE, nf_image(3, 4, 1), 1, 2),
               "coupling/even of convnet coupling/odd of convnet");
  check_layers(of(NF_SINGLE_SCALE, nf_point(4), 1, 2), "coupling/1 of mlp coupling/2 of mlp");
  check_layers(of(NF_CNF, nf_point(3), 1, 2), "continuous of field");
  check_layers(of(NF_FM, nf_point(3), 1, 2), "continuous of field");
}

/* Pixels first, columns of a table first; learned noise is given the pixels, and changes all of it
 */
static void what_prepares_data(void **state) {
  (void)state;
  nf_model m = of(NF_SINGLE_SCALE, nf_image(2, 4, 3), 1, 1);
  m.bins = 17;
  nf_bijector *b = nf_bijector_from_model(&m, NULL);
  line is = {"", 0};
  for (size_t i = 0; i < 2; i++) add(&is, "%s ", b->child[i]->type->name);
  assert_string_equal(is.text, "dequantise logit ");
  nf_bijector_free(b);
  m.variational = true;
  nf_flow *f = moved_flow(nf_bijector_from_model(&m, NULL), 0.5);
  const nf_bijector *noise = f->bijector->child[0];
  assert_string_equal(noise->type->name, "variational");
  is = (line){"", 0};
  describe(noise->child[0], &is);
  assert_string_equal(is.text,
                      "coupling/odd of convnet|3 coupling/even of convnet|3 "
                      "coupling/odd of convnet|3 coupling/even of convnet|3");
  for (size_t i = 0; i < 4; i++) assert_int_equal(noise->child[0]->child[i]->net->width, 32);
  nf_flow_free(f);
  m = of(NF_REALNVP, nf_point(3), 1, 1);
  m.standardise = true;
  check_layers(m, "standardise coupling/2 of mlp");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nice),         cmocka_unit_test(realnvp),
      cmocka_unit_test(glow_and_nsf), cmocka_unit_test(permutations),
      cmocka_unit_test(others),       cmocka_unit_test(what_prepares_data),
  };
  return cmocka_run_group_tests_name("architectures", tests, NULL, NULL);
}
