/* The 3×3 convolution by patches and Winograd's against the formula in plain loops,
 *
 *   y[i,j,o] = b[o] + Σ_{dy,dx,k} W(dy,dx,o,k)·x[i+dy-1, j+dx-1, k]
 *
 * and their backward against the three derivatives of Σ dy·y: at every way in which runs of
 * channels are cut into blocks (core/block.h), images are cut into tiles of 4×4 and tiles and
 * channels into parts of 64. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "core/arena.h"
#include "nets/conv3x3.h"
#include "nets/winograd.h"

typedef enum { PATCHES, KERNELS, TAPS_FIRST } form; /* the last two are Winograd's */
typedef struct {
  size_t pixels, nx, ny, nw; /* numbers */
  double *x, *y, *weight, *bias;
} values;

static double *numbers(size_t n, unsigned stream) {
  double *v = malloc((n + 1) * sizeof *v); /* what lies behind must stay */
  assert_non_null(v);
  for (size_t i = 0; i <= n; i++) v[i] = nf_random_normal(2, stream, i);
  return v;
}

static values values_of(nf_conv_size s, unsigned stream) {
  values v = {.pixels = s.n * s.h * s.w, .nw = 9 * s.in * s.out};
  v.nx = v.pixels * s.in, v.ny = v.pixels * s.out;
  v.x = numbers(v.nx, stream), v.y = numbers(v.ny, stream + 1);
  v.weight = numbers(v.nw, stream + 2), v.bias = numbers(s.out, stream + 3);
  return v;
}

static void values_free(values *v) { free(v->x), free(v->y), free(v->weight), free(v->bias); }

/* Where the weight of neighbour d, output o and input k stands. */
static size_t weight_at(form f, nf_conv_size s, size_t d, size_t o, size_t k) {
  return f == TAPS_FIRST ? (d * s.out + o) * s.in + k : (o * 9 + d) * s.in + k;
}

/* The formula forward into v->y, and with dy the derivatives. */
static void plain(form f, nf_conv_size s, values *v, const double *dy, values *dv) {
  memset(dv->x, 0, dv->nx * sizeof *dv->x);
  for (size_t p = 0; p < v->pixels; p++)
    for (size_t o = 0; o < s.out; o++) {
      double *y = &v->y[p * s.out + o];
      const double g = dy[p * s.out + o];
      *y = v->bias[o];
      dv->bias[o] += g;
      for (size_t d = 0; d < 9; d++) {
        const size_t i = p / s.w % s.h + d / 3 - 1, j = p % s.w + d % 3 - 1;
        if (i >= s.h || j >= s.w) continue; /* -1 wraps to the largest number */
        const size_t q = (p / (s.h * s.w) * s.h + i) * s.w + j;
        for (size_t k = 0; k < s.in; k++) {
          const size_t w = weight_at(f, s, d, o, k);
          *y += v->weight[w] * v->x[q * s.in + k];
          dv->weight[w] += g * v->x[q * s.in + k];
          dv->x[q * s.in + k] += g * v->weight[w];
        }
      }
    }
}

static int forward(form f, nf_conv_size s, const values *v, bool relu, double *y, nf_arena *tmp) {
  if (f == PATCHES) return nf_conv_forward(s, v->x, v->weight, v->bias, relu, y, tmp);
  return nf_winograd_forward(s, f == TAPS_FIRST, v->x, v->weight, v->bias, y, tmp);
}

static int backward(form f, nf_conv_size s, const values *v, const double *dy, values *dv,
                    nf_arena *tmp) {
  const bool taps_first = f == TAPS_FIRST;
  int status = f == PATCHES ? nf_conv_input_backward(s, v->weight, dy, dv->x, tmp)
                            : nf_winograd_input_backward(s, taps_first, v->weight, dy, dv->x, tmp);
  if (status != NF_OK) return status;
  return f == PATCHES
             ? nf_conv_weight_backward(s, v->x, dy, dv->weight, dv->bias, tmp)
             : nf_winograd_weight_backward(s, taps_first, v->x, dy, dv->weight, dv->bias, tmp);
}

/* Gradients are added to what is there: the same numbers on both sides. */
static void one(form f, bool relu, nf_conv_size s) {
  values v = values_of(s, 0), expected = values_of(s, 4), got = values_of(s, 4);
  double *dy = numbers(v.ny, 8), *y = numbers(v.ny, 1);
  nf_arena arena = {0};
  plain(f, s, &v, dy, &expected);
  for (size_t i = 0; relu && i < v.ny; i++) v.y[i] = v.y[i] > 0 ? v.y[i] : 0;
  check_ok(forward(f, s, &v, relu, y, &arena));
  check_array("y", y, v.y, v.ny + 1, 1e-10, 0);
  check_ok(backward(f, s, &v, dy, &got, &arena));
  check_array("dx", got.x, expected.x, v.nx + 1, 1e-10, 0);
  check_array("dweight", got.weight, expected.weight, v.nw + 1, 1e-10, 0);
  check_array("dbias", got.bias, expected.bias, s.out + 1, 1e-10, 0);
  nf_arena_free(&arena);
  values_free(&v), values_free(&expected), values_free(&got);
  free(dy), free(y);
}

static const size_t channels[] = {1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 15, 16, 17, 24, 33, 40};
enum { COUNT = sizeof channels / sizeof *channels };

/* Images of fewer than 16 pixels do without Winograd. */
static void all_channels(form f, size_t w) {
  for (int i = 0; i < COUNT; i++)
    for (int o = 0; o < COUNT; o++)
      one(f, f == PATCHES && o % 2, (nf_conv_size){2, 3, w, channels[i], channels[o]});
}

static void by_patches(void **state) {
  (void)state;
  all_channels(PATCHES, 4);
}

static void by_winograd(void **state) {
  (void)state;
  for (size_t w = 4; w <= 6; w += 2) all_channels(KERNELS, w), all_channels(TAPS_FIRST, w);
}

static void on_images_of_any_size(void **state) {
  (void)state;
  for (size_t h = 1; h <= 9; h++)
    for (size_t w = 1; w <= 9; w++) one(TAPS_FIRST, false, (nf_conv_size){3, h, w, 3, 2});
}

static void by_winograd_in_parts(void **state) {
  (void)state;
  one(TAPS_FIRST, false, (nf_conv_size){5, 16, 16, 3, 2}); /* 80 tiles */
  one(KERNELS, false, (nf_conv_size){2, 33, 32, 2, 3});    /* 144 */
  for (int f = KERNELS; f <= TAPS_FIRST; f++) {
    one((form)f, false, (nf_conv_size){1, 5, 5, 64, 65});
    one((form)f, false, (nf_conv_size){1, 5, 5, 130, 3});
    one((form)f, false, (nf_conv_size){1, 5, 5, 3, 130});
    one((form)f, false, (nf_conv_size){5, 14, 14, 70, 67}); /* 80 tiles, and 2 × 2 parts */
    one((form)f, false, (nf_conv_size){3, 4, 4, 66, 70});
    one((form)f, false, (nf_conv_size){3, 4, 4, 90, 85}); /* its kernel is too large */
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(by_patches),
      cmocka_unit_test(by_winograd),
      cmocka_unit_test(on_images_of_any_size),
      cmocka_unit_test(by_winograd_in_parts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
