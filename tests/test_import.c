/* A flow of another program, read by its table, and once more in plain loops, from the formulas
 * that its authors give and the arrays as PyTorch has them, channels first: no matrix product, no
 * vector function, no layer and no name of the library. So this is also the reference of the gated
 * network, of the clamped coupling and of the single-scale model. (Tables and files that do not
 * fit: test_import_errors.c.) */
#include <math.h>

#include "import_dict.h"

#define ALPHA 0.03

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

/* The noise u of the library's dequantisation is its own; x' = (k + u)/17 goes to both. */
static void an_imported_flow_is_its_formulas(void **state) {
  (void)state;
  nf_error e = {0};
  write_table(table_settings, table_lines);
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

static void a_line_can_name_one_tensor_alone(void **state) {
  (void)state;
  nf_error e = {0};
  write_dict(TENSORS, dict);
  write_table(table_settings, table_lines);
  nf_flow *f = import(&e);
  write_table(table_settings, with_line(0,
                                        "2.log_f <- flows.1.scaling_factor\n"
                                        "3.log_f <- flows.2.scaling_factor\n"
                                        "4.log_f <- flows.3.scaling_factor 0\n"));
  nf_flow *g = import(&e);
  check_no_error(&e);
  check_array("parameters", nf_flow_param(g), nf_flow_param(f), nf_flow_n_param(f), 0, 0);
  nf_flow_free(f);
  nf_flow_free(g);
}

/* alpha is a real number, of the table and then of the checkpoint. */
static void a_table_is_the_same_under_a_comma_locale(void **state) {
  (void)state;
  nf_error e = {0};
  write_dict(TENSORS, dict);
  write_table(table_settings, table_lines);
  folder_comma_locale();
  nf_flow *f = import(&e);
  setlocale(LC_NUMERIC, "C");
  check_no_error(&e);
  check_close("alpha", nf_flow_model(f)->alpha, ALPHA / 2, 0, 0);
  nf_flow_free(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_imported_flow_is_its_formulas),
      cmocka_unit_test(a_line_can_name_one_tensor_alone),
      cmocka_unit_test(a_table_is_the_same_under_a_comma_locale),
  };
  return cmocka_run_group_tests_name("import", tests, make_dict, folder_remove);
}
