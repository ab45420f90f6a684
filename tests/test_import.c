/* A flow of another program, read by its table, and once more in plain loops, from the formulas
 * that its authors give and the arrays as PyTorch has them, channels first: no matrix product, no
 * vector function, no layer and no name of the library. So this is also the reference of the gated
 * network, of the clamped coupling and of the single-scale model. Then tables and files that do not
 * fit. */
#include <math.h>

#include "folder.h"
#include "io/safetensors.h"
#include "nf/nf.h"

enum { H = 3, W = 5, C = 2, PIXELS = H * W, D = PIXELS * C, WIDTH = 3, BLOCKS = 2, COUPLINGS = 3 };
enum { TENSORS = COUPLINGS * (1 + 2 + 6 * BLOCKS + 2), VALUES = 4096 };
enum { IN = 1, BLOCK = 3, OUT = 3 + 6 * BLOCKS }; /* of the tensors of a coupling */
enum { WHOLE = TENSORS / COUPLINGS };
#define ALPHA 0.03

static nf_saved_tensor dict[TENSORS];
static double value[TENSORS][VALUES];
static char name[TENSORS][64];

static void add(size_t at, const char *of, size_t rank, size_t d0, size_t d1, size_t d2, size_t d3,
                double scale) {
  const size_t dim[] = {d0, d1, d2, d3}, k = at / WHOLE;
  size_t size = 1;
  snprintf(name[at], sizeof name[at], "flows.%zu.%s", k + 1, of);
  dict[at] = (nf_saved_tensor){.name = name[at], .rank = rank, .data = value[at]};
  for (size_t i = 0; i < rank; i++) size *= dict[at].dim[i] = dim[i];
  assert_true(size <= VALUES);
  for (size_t i = 0; i < size; i++) value[at][i] = scale * nf_random_normal(11, at, i);
}

static void make_dict(void) {
  char text[48];
  for (size_t k = 0; k < COUPLINGS; k++) {
    const size_t at = k * WHOLE;
    add(at, "scaling_factor", 1, C, 0, 0, 0, 0.5);
    add(at + IN, "nn.0.weight", 4, WIDTH, C, 3, 3, 0.4);
    add(at + IN + 1, "nn.0.bias", 1, WIDTH, 0, 0, 0, 0.4);
    for (size_t l = 0; l < BLOCKS; l++) {
      const size_t b = at + BLOCK + 6 * l;
      static const char *const of[] = {"1.weight", "1.bias", "3.weight", "3.bias"};
      for (size_t i = 0; i < 4; i++) {
        snprintf(text, sizeof text, "nn.%zu.net.%s", 2 * l + 1, of[i]);
        if (i == 0) add(b, text, 4, WIDTH, 2 * WIDTH, 3, 3, 0.4);
        if (i == 2) add(b + 2, text, 4, 2 * WIDTH, 2 * WIDTH, 1, 1, 0.6);
        if (i % 2 == 1) add(b + i, text, 1, i == 1 ? WIDTH : 2 * WIDTH, 0, 0, 0, 0.5);
      }
      snprintf(text, sizeof text, "nn.%zu.gamma", 2 * l + 2);
      add(b + 4, text, 4, 1, WIDTH, 1, 1, 1.5);
      snprintf(text, sizeof text, "nn.%zu.beta", 2 * l + 2);
      add(b + 5, text, 4, 1, WIDTH, 1, 1, 0.5);
    }
    add(at + OUT, "nn.6.weight", 4, 2 * C, 2 * WIDTH, 3, 3, 0.2);
    add(at + OUT + 1, "nn.6.bias", 1, 2 * C, 0, 0, 0, 0.2);
  }
}

/* --- the formulas ------------------------------------------------------------------------------
 */

/* y[o][i][j] = bias[o] + Σ weight[o][c][a][b]·x[c][i + a - n/2][j + b - n/2], n×n, zeros outside */
static void conv(size_t in, size_t out, int n, const double *weight, const double *bias,
                 double x[][H][W], double y[][H][W]) {
  for (size_t o = 0; o < out; o++)
    for (int i = 0; i < H; i++)
      for (int j = 0; j < W; j++) {
        y[o][i][j] = bias[o];
        for (size_t c = 0; c < in; c++)
          for (int a = 0; a < n; a++)
            for (int b = 0; b < n; b++) {
              const int row = i + a - n / 2, column = j + b - n / 2;
              if (row >= 0 && row < H && column >= 0 && column < W)
                y[o][i][j] +=
                    weight[((o * in + c) * (size_t)n + (size_t)a) * (size_t)n + (size_t)b] *
                    x[c][row][column];
            }
      }
}

static double elu(double v) { return v > 0 ? v : expm1(v); }

static void celu(double x[WIDTH][H][W], double y[2 * WIDTH][H][W]) {
  for (size_t c = 0; c < WIDTH; c++)
    for (size_t i = 0; i < H; i++)
      for (size_t j = 0; j < W; j++) {
        y[c][i][j] = elu(x[c][i][j]);
        y[WIDTH + c][i][j] = elu(-x[c][i][j]);
      }
}

static void block(double *const p[6], double h[WIDTH][H][W]) {
  static double e[2 * WIDTH][H][W], m[WIDTH][H][W], ab[2 * WIDTH][H][W];
  celu(h, e);
  conv(2 * WIDTH, WIDTH, 3, p[0], p[1], e, m);
  celu(m, e);
  conv(2 * WIDTH, 2 * WIDTH, 1, p[2], p[3], e, ab);
  for (size_t i = 0; i < H; i++)
    for (size_t j = 0; j < W; j++) {
      double mean = 0, variance = 0;
      for (size_t c = 0; c < WIDTH; c++)
        h[c][i][j] += ab[c][i][j] / (1 + exp(-ab[WIDTH + c][i][j]));
      for (size_t c = 0; c < WIDTH; c++) mean += h[c][i][j] / WIDTH;
      for (size_t c = 0; c < WIDTH; c++) variance += pow(h[c][i][j] - mean, 2) / WIDTH;
      for (size_t c = 0; c < WIDTH; c++)
        h[c][i][j] = (h[c][i][j] - mean) / sqrt(variance + 1e-5) * p[4][c] + p[5][c];
    }
}

/* z ← (z + t)·eˢ where (row + column + k) is even in coupling k = 0, 1, …; returns Σ s */
static double coupling(size_t k, double z[C][H][W]) {
  static double masked[C][H][W], h[WIDTH][H][W], e[2 * WIDTH][H][W], st[2 * C][H][W];
  const size_t at = k * WHOLE;
  double sum = 0;
  for (size_t c = 0; c < C; c++)
    for (size_t i = 0; i < H; i++)
      for (size_t j = 0; j < W; j++) masked[c][i][j] = (i + j + k) % 2 == 0 ? 0 : z[c][i][j];
  conv(C, WIDTH, 3, value[at + IN], value[at + IN + 1], masked, h);
  for (size_t l = 0; l < BLOCKS; l++) {
    double *p[6];
    for (size_t i = 0; i < 6; i++) p[i] = value[at + BLOCK + 6 * l + i];
    block(p, h);
  }
  celu(h, e);
  conv(2 * WIDTH, 2 * C, 3, value[at + OUT], value[at + OUT + 1], e, st);
  for (size_t c = 0; c < C; c++)
    for (size_t i = 0; i < H; i++)
      for (size_t j = 0; j < W; j++) {
        const double f = exp(value[at][c]), s = f * tanh(st[c][i][j] / f);
        if ((i + j + k) % 2 != 0) continue;
        z[c][i][j] = (z[c][i][j] + st[C + c][i][j]) * exp(s);
        sum += s;
      }
  return sum;
}

/* of x in (0, 1): the logit with α, the couplings, the base density */
static double log_p_by_loops(double x[C][H][W]) {
  double log_p = D * log(1 - ALPHA) - D / 2. * log(2 * acos(-1));
  double *v = &x[0][0][0];
  for (size_t i = 0; i < D; i++) {
    v[i] = (1 - ALPHA) * v[i] + ALPHA / 2;
    log_p -= log(v[i]) + log(1 - v[i]);
    v[i] = log(v[i]) - log(1 - v[i]);
  }
  for (size_t k = 0; k < COUPLINGS; k++) log_p += coupling(k, x);
  for (size_t i = 0; i < D; i++) log_p -= v[i] * v[i] / 2;
  return log_p;
}

/* --- the table ---------------------------------------------------------------------------------
 */

static const char settings[] =
    "# any text\n\nfamily = single-scale\nshape = 3,5,2\nlevels = 1\nsteps = 3\nwidth = 3\n"
    "scale = clamp\nprior = standard\npermutation = full\nalpha = 0.015\npixel_levels = 17\n"
    "seed = 0\nnet = gated\nblocks = 2\n";
static const char tensors[] =
    "*.log_f           <- flows.{*-1}.scaling_factor\n"
    "*.net.in.weight   <- flows.{*-1}.nn.0.weight 0,2,3,1\n"
    "*.net.in.bias     <- flows.{*-1}.nn.0.bias\n"
    "*.net.conv.weight <- flows.{*-1}.nn.{1,3}.net.1.weight 0,2,3,1\n"
    "*.net.conv.bias   <- flows.{*-1}.nn.{1,3}.net.1.bias\n"
    "*.net.gate.weight <- flows.{*-1}.nn.{1,3}.net.3.weight\n"
    "*.net.gate.bias   <- flows.{*-1}.nn.{1,3}.net.3.bias\n"
    "*.net.norm.gamma  <- flows.{*-1}.nn.{2,4}.gamma\n"
    "*.net.norm.beta   <- flows.{*-1}.nn.{2,4}.beta\n"
    "*.net.out.weight  <- flows.{*-1}.nn.6.weight 2,3,0,1\n"
    "*.net.out.bias    <- flows.{*-1}.nn.6.bias\n";

static void write_table(const char *first, const char *then) {
  char text[4096];
  const int n = snprintf(text, sizeof text, "%s%s", first, then);
  folder_write("table", text, (size_t)n);
}

static void write_dict(size_t n, const nf_saved_tensor tensor[]) {
  nf_error e = {0};
  check_ok(nf_safetensors_write(folder_path("dict"), n, tensor, 0, NULL, &e));
}

static nf_flow *import(nf_error *e) {
  return nf_import(folder_path("table"), folder_path("dict"), e);
}

/* The noise u of the library's dequantisation is its own; x' = (k + u)/17 goes to both. */
static void an_imported_flow_is_its_formulas(void **state) {
  (void)state;
  nf_error e = {0};
  write_table(settings, tensors);
  write_dict(TENSORS, dict);
  nf_flow *f = import(&e);
  check_no_error(&e);
  nf_model m = *nf_flow_model(f);
  nf_shape shape = nf_flow_shape(f);
  m.bins = 0; /* the couplings alone, behind the logit */
  nf_bijector *chain = nf_chain_new(shape, &e);
  nf_chain_add(chain, nf_logit_new(shape, m.alpha, &e), &e);
  nf_chain_add(chain, nf_bijector_from_model(&m, &e), &e);
  nf_flow *g = nf_flow_new(chain, 1, &e);
  check_no_error(&e);
  assert_int_equal(nf_flow_n_param(g), nf_flow_n_param(f));
  memcpy(nf_flow_param(g), nf_flow_param(f), nf_flow_n_param(f) * sizeof *nf_flow_param(f));
  for (uint64_t sample = 0; sample < 3; sample++) {
    double x[C][H][W], flat[D], log_p = NAN;
    for (size_t i = 0; i < D; i++)
      x[i % C][i / C / W][i / C % W] = flat[i] = nf_random_uniform(5, sample, i);
    check_ok(nf_flow_log_prob(g, 1, flat, &log_p, &e));
    check_close("log p", log_p, log_p_by_loops(x), 1e-11, 1e-13);
  }
  nf_flow_free(f);
  nf_flow_free(g);
}

/* The text of the tensors' lines, one of them replaced by another. */
static const char *with_line(size_t line, const char *other) {
  static char text[4096];
  size_t k = 0, length = 0;
  for (const char *at = tensors; *at != 0; k++) {
    const size_t n = strcspn(at, "\n") + 1;
    length += (size_t)snprintf(text + length, sizeof text - length, "%.*s",
                               k == line ? (int)strlen(other) : (int)n, k == line ? other : at);
    at += n;
  }
  return text;
}

static void a_line_can_name_one_tensor_alone(void **state) {
  (void)state;
  nf_error e = {0};
  write_dict(TENSORS, dict);
  write_table(settings, tensors);
  nf_flow *f = import(&e);
  write_table(settings, with_line(0,
                                  "2.log_f <- flows.1.scaling_factor\n"
                                  "3.log_f <- flows.2.scaling_factor\n"
                                  "4.log_f <- flows.3.scaling_factor 0\n"));
  nf_flow *g = import(&e);
  check_no_error(&e);
  check_array("parameters", nf_flow_param(g), nf_flow_param(f), nf_flow_n_param(f), 0, 0);
  nf_flow_free(f);
  nf_flow_free(g);
}

/* --- what does not fit -------------------------------------------------------------------------
 */

static void refused(const char *words) {
  nf_error e = {0};
  assert_null(import(&e));
  check_failed(&e, NF_EFORMAT, words);
}

static void tables_that_do_not_fit_are_refused(void **state) {
  (void)state;
  char text[4096];
  write_dict(TENSORS, dict);
  write_table("shape = 3,5,2\n", tensors), refused("table: |family = NAME");
  write_table(settings, "nonsense\n"),
      refused("table: line 16: not understood; a line is |NAME [AXES]");
  write_table(settings, "a <- b c d\n"), refused("line 16: not understood");
  write_table(settings, "width = 3\n"), refused("line 16: a setting for the second time");
  write_table(settings, "wdth = 3\n"), refused("'wdth' is no setting of this model");
  write_table(settings, "\xff = 3\n"), refused("line 16: not in UTF-8");
  write_table("family = glowing\n", ""), refused("'family' is 'glowing'; it must be nice or ");
  memset(text, 'a', sizeof text - 1), text[2000] = 0;
  write_table(settings, text), refused("line 16: ");
  write_table(settings, "*.log_f <- flows.{*-1}.scaling_factor\n");
  refused("table: no line for the flow's tensor '2.net.in.weight'");
  snprintf(text, sizeof text, "%sa.b <- c\n", tensors);
  write_table(settings, text), refused("table: line 27: there is no tensor for it");
  snprintf(text, sizeof text, "%sunused <- flows.*.mask\n", tensors);
  write_table(settings, text), refused("table: line 27: there is no tensor for it");
}

static void refused_with(size_t line, const char *other, const char *words) {
  write_table(settings, with_line(line, other));
  refused(words);
}

static void lines_that_do_not_fit_are_refused(void **state) {
  (void)state;
  write_dict(TENSORS, dict);
  refused_with(0, "*.log_f <- flows.{*}.scaling_factor\n",
               "dict: there is no tensor 'flows.4.scaling_factor', which line 16 of |/table names");
  refused_with(1, "*.net.in.weight <- flows.{*-1}.nn.0.weight\n",
               "line 17: 1 × 'flows.1.nn.0.weight'");
  refused_with(1, "*.net.in.weight <- flows.{*-1}.nn.0.weight 0,2,3\n",
               "line 17: axes '0,2,3'; |has 4");
  refused_with(1, "*.net.in.weight <- flows.{*-1}.nn.0.weight 0,2,2,1\n", "line 17: axes");
  refused_with(1, "*.net.in.weight <- flows.{*-1}.nn.0.weight 0,2,3,4\n", "line 17: axes");
  refused_with(1, "*.net.in.weight <- flows.{*-1}.nn.0.weight 0;2,3,1\n", "line 17: axes");
  refused_with(3, "*.net.conv.weight <- flows.{*-1}.nn.1.net.1.weight 0,2,3,1\n",
               "line 19: 1 × |'conv.weight'");
  refused_with(5, "*.net.gate.weight <- flows.{*-1}.nn.{1,3,5}.net.3.weight\n", "line 21: 3 ×");
}

static void files_that_do_not_fit_are_refused(void **state) {
  (void)state;
  nf_saved_tensor more[TENSORS + 1];
  memcpy(more, dict, sizeof dict);
  more[TENSORS] = (nf_saved_tensor){"flows.9.mask", 1, {2}, value[0]};
  write_table(settings, tensors);
  write_dict(TENSORS + 1, more);
  refused("dict: no line of |/table takes tensor 'flows.9.mask'");
  write_dict(TENSORS - 1, dict);
  refused("dict: there is no tensor 'flows.3.nn.6.bias', which line 26 of");
  const double was = value[2][1];
  value[2][1] = NAN;
  write_dict(TENSORS, dict);
  value[2][1] = was;
  refused("dict: tensor 'flows.1.nn.0.bias': value 1 is not finite");
  folder_write("dict", "x", 1);
  refused("dict: ");
  nf_error e = {0};
  assert_null(nf_import(folder_path("none"), folder_path("dict"), &e));
  check_failed(&e, NF_EIO, "none: No such file");
}

static int prepare(void **state) {
  make_dict();
  return folder_make(state);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_imported_flow_is_its_formulas),
      cmocka_unit_test(a_line_can_name_one_tensor_alone),
      cmocka_unit_test(tables_that_do_not_fit_are_refused),
      cmocka_unit_test(lines_that_do_not_fit_are_refused),
      cmocka_unit_test(files_that_do_not_fit_are_refused),
  };
  return cmocka_run_group_tests_name("import", tests, prepare, folder_remove);
}
