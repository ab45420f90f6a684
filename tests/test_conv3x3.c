/* Both forms of the 3×3 convolution against its formula in plain loops,
 *
 *   y[i,j,o] = b[o] + Σ_{dy,dx,k} W(dy,dx,o,k)·x[i+dy-1, j+dx-1, k]
 *
 * and their backward against the three derivatives of Σ dy·y, at every way in which runs of
 * channels are cut into blocks (core/block.h). */
#include <string.h>

#include "check.h"
#include "core/arena.h"
#include "nets/conv3x3.h"

enum { N = 2, H = 3, W = 4, PIXELS = N * H * W, MAX = 40 };
typedef struct {
  double x[PIXELS * MAX], y[PIXELS * MAX], weight[9 * MAX * MAX], bias[MAX];
} values;

/* Where the weight of neighbour d, output o and input k stands. */
static size_t weight_at(bool gathers, nf_conv_size s, size_t d, size_t o, size_t k) {
  return gathers ? (o * 9 + d) * s.in + k : (d * s.out + o) * s.in + k;
}

/* The formula forward into v->y, and with dy the derivatives. */
static void plain(bool gathers, nf_conv_size s, values *v, const double *dy, values *dv) {
  for (size_t p = 0; p < PIXELS; p++)
    for (size_t o = 0; o < s.out; o++) {
      double *y = &v->y[p * s.out + o];
      const double g = dy[p * s.out + o];
      *y = v->bias[o];
      dv->bias[o] += g;
      for (size_t d = 0; d < 9; d++) {
        const size_t i = p / W % H + d / 3 - 1, j = p % W + d % 3 - 1;
        if (i >= H || j >= W) continue; /* -1 wraps to the largest number */
        const size_t q = (p / (H * W) * H + i) * W + j;
        for (size_t k = 0; k < s.in; k++) {
          const size_t w = weight_at(gathers, s, d, o, k);
          *y += v->weight[w] * v->x[q * s.in + k];
          dv->weight[w] += g * v->x[q * s.in + k];
          dv->x[q * s.in + k] += g * v->weight[w];
        }
      }
    }
}

static void one(bool gathers, bool relu, size_t in, size_t out) {
  static values v, expected, got;
  static double y[PIXELS * MAX], dy[PIXELS * MAX];
  const nf_conv_size s = {N, H, W, in, out};
  nf_arena arena = {0};
  for (size_t i = 0; i < PIXELS * MAX; i++) {
    v.x[i] = nf_random_normal(2, 0, i);
    dy[i] = nf_random_normal(2, 1, i);
  }
  for (size_t i = 0; i < 9 * MAX * MAX; i++) {
    v.weight[i] = nf_random_normal(2, 2, i);
    got.weight[i] = expected.weight[i] = nf_random_normal(2, 3, i); /* added to */
  }
  for (size_t i = 0; i < MAX; i++) {
    v.bias[i] = nf_random_normal(2, 4, i);
    got.bias[i] = expected.bias[i] = nf_random_normal(2, 5, i);
  }
  memset(expected.x, 0, sizeof expected.x);
  for (size_t i = 0; i < PIXELS * MAX; i++) y[i] = got.x[i] = -7;
  plain(gathers, s, &v, dy, &expected);
  for (size_t i = 0; relu && i < PIXELS * out; i++) v.y[i] = v.y[i] > 0 ? v.y[i] : 0;
  for (size_t i = PIXELS * out; i < PIXELS * MAX; i++) v.y[i] = -7;
  for (size_t i = PIXELS * in; i < PIXELS * MAX; i++) expected.x[i] = -7; /* what lies behind */
  check_ok(gathers ? nf_conv_gather_forward(s, v.x, v.weight, v.bias, relu, y, &arena)
                   : nf_conv_scatter_forward(s, v.x, v.weight, v.bias, y, &arena));
  check_array("y", y, v.y, PIXELS * MAX, 1e-11, 0);
  check_ok((gathers ? nf_conv_gather_backward : nf_conv_scatter_backward)(
      s, v.x, v.weight, dy, got.x, got.weight, got.bias, &arena));
  check_array("dx", got.x, expected.x, PIXELS * MAX, 1e-11, 0);
  check_array("dweight", got.weight, expected.weight, 9 * MAX * MAX, 1e-11, 0);
  check_array("dbias", got.bias, expected.bias, MAX, 1e-11, 0);
  nf_arena_free(&arena);
}

static const size_t channels[] = {1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 15, 16, 17, 24, 33, 40};
enum { CHANNELS = sizeof channels / sizeof *channels };

static void gather_form_is_the_formula(void **state) {
  (void)state;
  for (int i = 0; i < CHANNELS; i++)
    for (int o = 0; o < CHANNELS; o++) one(true, o % 2, channels[i], channels[o]);
}

static void scatter_form_is_the_formula(void **state) {
  (void)state;
  for (int i = 0; i < CHANNELS; i++)
    for (int o = 0; o < CHANNELS; o++) one(false, false, channels[i], channels[o]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(gather_form_is_the_formula),
      cmocka_unit_test(scatter_form_is_the_formula),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
