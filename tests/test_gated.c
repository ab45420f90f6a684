/* The gated network, written once more in plain loops from the formulas that its authors give: no
 * matrix product, no vector function and no code of the library, and PyTorch's order of everything,
 * channels first. */
#include <math.h>
#include <string.h>

#include "catalogue.h"
#include "check.h"
#include "flow/flow.h"

enum { H = 3, W = 4, IN = 2, OUT = 3, WIDTH = 5, BLOCKS = 3, PIXELS = H * W };

/* y[o][i][j] = bias[o] + Σ weight[o][c][a][b]·x[c][i + a - n/2][j + b - n/2], n×n, zeros outside;
 * weight is that of the library, of out, row, column, in, or of row, column, out, in. */
static void conv(size_t in, size_t out, int n, bool out_first, const double *weight,
                 const double *bias, double x[][H][W], double y[][H][W]) {
  for (size_t o = 0; o < out; o++)
    for (int i = 0; i < H; i++)
      for (int j = 0; j < W; j++) {
        y[o][i][j] = bias[o];
        for (int a = 0; a < n; a++)
          for (int b = 0; b < n; b++) {
            const int row = i + a - n / 2, column = j + b - n / 2;
            if (row < 0 || row >= H || column < 0 || column >= W) continue;
            const size_t at = (size_t)(a * n + b);
            for (size_t c = 0; c < in; c++)
              y[o][i][j] += weight[out_first ? (o * (size_t)(n * n) + at) * in + c
                                             : (at * out + o) * in + c] *
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

static void gate(double h[WIDTH][H][W], double ab[2 * WIDTH][H][W]) {
  for (size_t c = 0; c < WIDTH; c++)
    for (size_t i = 0; i < H; i++)
      for (size_t j = 0; j < W; j++) h[c][i][j] += ab[c][i][j] / (1 + exp(-ab[WIDTH + c][i][j]));
}

static void layer_norm(const double *gamma, const double *beta, double h[WIDTH][H][W]) {
  for (size_t i = 0; i < H; i++)
    for (size_t j = 0; j < W; j++) {
      double mean = 0, variance = 0;
      for (size_t c = 0; c < WIDTH; c++) mean += h[c][i][j] / WIDTH;
      for (size_t c = 0; c < WIDTH; c++) variance += pow(h[c][i][j] - mean, 2) / WIDTH;
      for (size_t c = 0; c < WIDTH; c++)
        h[c][i][j] = (h[c][i][j] - mean) / sqrt(variance + 1e-5) * gamma[c] + beta[c];
    }
}

static const double *tensor(const nf_net *net, const char *name) {
  for (size_t i = 0; i < net->n_tensor; i++)
    if (strcmp(net->tensor[i].name, name) == 0) return net->tensor[i].data;
  fail_msg("there is no tensor %s", name);
  return NULL;
}

static void by_loops(const nf_net *net, double x[IN][H][W], double y[OUT][H][W]) {
  static double h[WIDTH][H][W], m[WIDTH][H][W], e[2 * WIDTH][H][W], ab[2 * WIDTH][H][W];
  conv(IN, WIDTH, 3, true, tensor(net, "in.weight"), tensor(net, "in.bias"), x, h);
  for (size_t l = 0; l < BLOCKS; l++) {
    celu(h, e);
    conv(2 * WIDTH, WIDTH, 3, true, tensor(net, "conv.weight") + l * WIDTH * 9 * 2 * WIDTH,
         tensor(net, "conv.bias") + l * WIDTH, e, m);
    celu(m, e);
    conv(2 * WIDTH, 2 * WIDTH, 1, true, tensor(net, "gate.weight") + l * 4 * WIDTH * WIDTH,
         tensor(net, "gate.bias") + l * 2 * WIDTH, e, ab);
    gate(h, ab);
    layer_norm(tensor(net, "norm.gamma") + l * WIDTH, tensor(net, "norm.beta") + l * WIDTH, h);
  }
  celu(h, e);
  conv(2 * WIDTH, OUT, 3, false, tensor(net, "out.weight"), tensor(net, "out.bias"), e, y);
}

/* The net alone, as the conditioner of a coupling that only shifts: then z_b = t where x_b = 0. */
static void the_net_is_its_formulas(void **state) {
  (void)state;
  nf_error e = {0};
  const nf_shape shape = {H, W, IN + OUT};
  nf_net *net =
      nf_gated_new(nf_coupling_net_in(shape, NF_CHANNEL),
                   nf_coupling_net_out(shape, NF_CHANNEL, NF_SCALE_NONE), WIDTH, BLOCKS, &e);
  nf_flow *f = nf_flow_new(nf_coupling_new(shape, NF_CHANNEL, NF_SCALE_NONE, net, &e), 3, &e);
  check_no_error(&e);
  check_ok(move_weights(f, 0.7, 5));
  double x[IN][H][W], y[OUT][H][W], sample[PIXELS * (IN + OUT)] = {0}, z[PIXELS * (IN + OUT)];
  for (uint64_t k = 0; k < IN * PIXELS; k++) {
    const size_t c = k / PIXELS, i = k % PIXELS;
    x[c][i / W][i % W] = sample[i * (IN + OUT) + c] = 2 * nf_random_normal(7, 1, k);
  }
  by_loops(net, x, y);
  nf_flow_forward(f, 1, sample, z, NULL, &e);
  check_no_error(&e);
  for (size_t i = 0; i < PIXELS; i++)
    for (size_t c = 0; c < OUT; c++)
      check_close("t", z[i * (IN + OUT) + IN + c], y[c][i / W][i % W], 1e-12, 0);
  nf_flow_free(f);
}

/* A new net gives 0, so that the coupling starts as the identity; and it is not constant in its
 * parameters: it has no more and no less than its formulas. */
static void a_new_net_gives_0(void **state) {
  (void)state;
  nf_error e = {0};
  const nf_shape shape = {H, W, 1};
  nf_net *net = nf_gated_new(shape, nf_coupling_net_out(shape, NF_CHECKERBOARD, NF_SCALE_CLAMP),
                             WIDTH, BLOCKS, &e);
  nf_flow *f = nf_flow_new(nf_coupling_new(shape, NF_CHECKERBOARD, NF_SCALE_CLAMP, net, &e), 3, &e);
  check_no_error(&e);
  double x[PIXELS], z[PIXELS], log_det = NAN;
  for (size_t k = 0; k < PIXELS; k++) x[k] = nf_random_normal(8, 1, k);
  nf_flow_forward(f, 1, x, z, &log_det, &e);
  check_no_error(&e);
  check_array("z", z, x, PIXELS, 0, 0);
  check_close("log-det", log_det, 0, 0, 0);
  const size_t w = WIDTH, block = 9 * 2 * w * w + w + 4 * w * w + 2 * w + 2 * w;
  assert_int_equal(nf_flow_n_param(f), 1 + 9 * w + w + BLOCKS * block + 9 * 2 * 2 * w + 2);
  nf_flow_free(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_net_is_its_formulas),
      cmocka_unit_test(a_new_net_gives_0),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
