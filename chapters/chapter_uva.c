#include "chapter_uva.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "chapter.h"

enum { SIDE = UVA_SIDE, D = UVA_D, BLOCKS = 3, WIDTH = 32 };
static const double ALPHA = 1e-5, NOISE = 0.5;

static const nf_safetensors *dict;
static uva_wiring now;

const double *uva_tensor(const nf_safetensors *state_dict, size_t k, const char *name) {
  static double *values[1024]; /* as numbers, when they were asked for */
  char path[128];
  snprintf(path, sizeof path, "flows.%zu.%s", k, name);
  const nf_safetensor *t = nf_safetensors_find(state_dict, path);
  if (t == NULL) chapter_fail("there is no tensor '%s'", path);
  double **v = &values[t - state_dict->tensor];
  if (*v == NULL) {
    *v = chapter_alloc(t->size);
    chapter_need_ok(nf_safetensor_values(t, *v), path);
  }
  return *v;
}

static const double *tensor(size_t k, const char *name) { return uva_tensor(dict, k, name); }

static const double *block_tensor(size_t k, size_t module, const char *name) {
  char path[64];
  snprintf(path, sizeof path, "network.nn.%zu.%s", module, name);
  return tensor(k, path);
}

/* --- the network ----------------------------------------------------------------------------- */

/* Images lie channels first, in a frame of zeros, so that a 3×3 convolution has no edges. */
typedef double plane[SIDE + 2][SIDE + 2];

/* y[o] = bias[o] + Σ weight[o][c]·x[c]: weight (out, in, side, side), side 3 or 1 */
static void conv(size_t in, size_t out, size_t side, const double *weight, const double *bias,
                 plane *x, plane *y) {
  const size_t from = side == 3 ? 0 : 1;
  for (size_t o = 0; o < out; o++) {
    memset(y[o], 0, sizeof y[o]);
    for (size_t i = 1; i <= SIDE; i++)
      for (size_t j = 1; j <= SIDE; j++) y[o][i][j] = bias[o];
    for (size_t c = 0; c < in; c++)
      for (size_t a = 0; a < side; a++)
        for (size_t b = 0; b < side; b++, weight++)
          for (size_t i = 0; i < SIDE; i++)
            for (size_t j = 0; j < SIDE; j++)
              y[o][i + 1][j + 1] += *weight * x[c][i + a + from][j + b + from];
  }
}

static double elu(double v) { return v > 0 ? v : expm1(v); }

/* [ELU(x), ELU(-x)]; the frame stays 0 */
static void celu(plane *x, plane *y) {
  const double *v = &x[0][0][0];
  double *first = &y[0][0][0], *second = &y[WIDTH][0][0];
  for (size_t i = 0; i < WIDTH * sizeof *x / sizeof *v; i++) {
    first[i] = elu(v[i]);
    second[i] = elu(-v[i]);
  }
}

/* h ← h + a·σ(b) */
static void gate(plane *ab, plane *h) {
  for (size_t c = 0; c < WIDTH; c++)
    for (size_t i = 1; i <= SIDE; i++)
      for (size_t j = 1; j <= SIDE; j++) {
        const double first = ab[c][i][j], second = ab[WIDTH + c][i][j];
        h[c][i][j] +=
            now == UVA_EXCHANGED ? second / (1 + exp(-first)) : first / (1 + exp(-second));
      }
}

static void layer_norm(const double *gamma, const double *beta, plane *h) {
  for (size_t i = 1; i <= SIDE; i++)
    for (size_t j = 1; j <= SIDE; j++) {
      double mean = 0, square = 0;
      for (size_t c = 0; c < WIDTH; c++) mean += h[c][i][j] / WIDTH;
      for (size_t c = 0; c < WIDTH; c++) square += (h[c][i][j] - mean) * (h[c][i][j] - mean);
      const double variance = square / (now == UVA_UNBIASED ? WIDTH - 1 : WIDTH);
      for (size_t c = 0; c < WIDTH; c++)
        h[c][i][j] = (h[c][i][j] - mean) / sqrt(variance + 1e-5) * gamma[c] + beta[c];
    }
}

/* (s̃, t) of coupling k */
static void network(size_t k, plane *masked, plane st[2]) {
  static plane h[WIDTH], m[WIDTH], wide[2 * WIDTH], ab[2 * WIDTH];
  conv(1, WIDTH, 3, tensor(k, "network.nn.0.weight"), tensor(k, "network.nn.0.bias"), masked, h);
  for (size_t l = 1; l < 2 * BLOCKS; l += 2) {
    celu(h, wide);
    conv(2 * WIDTH, WIDTH, 3, block_tensor(k, l, "net.1.weight"), block_tensor(k, l, "net.1.bias"),
         wide, m);
    celu(m, wide);
    conv(2 * WIDTH, 2 * WIDTH, 1, block_tensor(k, l, "net.3.weight"),
         block_tensor(k, l, "net.3.bias"), wide, ab);
    gate(ab, h);
    layer_norm(block_tensor(k, l + 1, "gamma"), block_tensor(k, l + 1, "beta"), h);
  }
  celu(h, wide);
  conv(2 * WIDTH, 2, 3, tensor(k, "network.nn.8.weight"), tensor(k, "network.nn.8.bias"), wide, st);
}

/* --- the flow ------------------------------------------------------------------------ */

static double coupling(size_t k, double z[D]) {
  static plane masked, st[2];
  const double f = exp(tensor(k, "scaling_factor")[0]);
  const size_t first =
      now == UVA_PARITY ? k + 1 : k; /* flows.1 changes where row + column is even */
  double sum = 0;
  for (size_t p = 0; p < D; p++)
    masked[p / SIDE + 1][p % SIDE + 1] = (p / SIDE + p % SIDE + first) % 2 == 0 ? z[p] : 0;
  network(k, &masked, st);
  for (size_t p = 0; p < D; p++) {
    if ((p / SIDE + p % SIDE + first) % 2 == 0) continue;
    const double raw = st[0][p / SIDE + 1][p % SIDE + 1], t = st[1][p / SIDE + 1][p % SIDE + 1];
    const double s = now == UVA_UNDIVIDED ? f * tanh(raw) : f * tanh(raw / f);
    z[p] = now == UVA_SHIFT_LAST ? z[p] * exp(s) + t : (z[p] + t) * exp(s);
    sum += s;
  }
  return sum;
}

void uva_by_hand(const nf_safetensors *state_dict, const unsigned char pixel[D], uva_wiring wiring,
                 uva_answer *a) {
  dict = state_dict;
  now = wiring;
  double *z = a->z;
  a->part[0] = -D * log(256);
  a->part[1] = D * log(1 - ALPHA);
  for (size_t p = 0; p < D; p++) {
    const double x =
        (1 - ALPHA) * (pixel[p] + NOISE) / 256 + (now == UVA_SQUASH ? ALPHA : ALPHA / 2);
    a->part[1] -= log(x) + log(1 - x);
    z[p] = log(x) - log(1 - x);
  }
  for (size_t k = 1; k <= UVA_COUPLINGS; k++) a->part[1 + k] = coupling(k, z);
  a->part[UVA_STAGES - 1] = chapter_log_normal(D, z);
  a->log_p = 0;
  for (size_t i = 0; i < UVA_STAGES; i++) a->log_p += a->part[i];
}
