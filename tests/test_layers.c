/* What the oracles of the catalogue cannot see: conventions. (x + t)·eˢ is as good a bijection as
 * x·eˢ + t, and a squeeze in another order as good a squeeze; so each layer has an example here
 * that can be done by hand. */
#include <math.h>
#include <string.h>

#include "check.h"
#include "core/real.h"
#include "flow/flow.h"

/* A layer as a flow of its own. */
typedef struct {
  nf_flow *flow;
  nf_bijector *layer;
} alone;

static alone hold(nf_bijector *b) {
  nf_error e = {0};
  alone a = {nf_flow_new(b, 1, &e), b};
  check_no_error(&e);
  return a;
}
static void set(nf_tensor *t, const double *values) {
  memcpy(t->data, values, nf_tensor_size(t) * sizeof *values);
}
#define SET(tensor, ...) set(&(tensor), (const double[]){__VA_ARGS__})

/* f(x) is z and its log-det is log_det; f⁻¹(z) is x. Ends the layer. */
static void maps(alone a, const double *x, const double *z, double log_det) {
  const size_t d = a.flow->d;
  double out[32], back[32], forward, inverse;
  assert_true(d <= 32);
  const nf_batch from = {.n = 1, .shape = a.flow->bijector->in, .data = (double *)(uintptr_t)x};
  const nf_batch to = {.n = 1, .shape = a.flow->bijector->out, .data = out};
  check_ok(nf_flow_forward_batch(a.flow, &from, out, &forward, NULL));
  check_array("z", out, z, d, 1e-15, 1e-15);
  check_close("log_det", forward, log_det, 1e-15, 1e-15);
  check_ok(nf_flow_inverse(a.flow, to.n, to.data, back, &inverse, NULL));
  check_array("x", back, x, d, 1e-14, 1e-14);
  check_close("log_det of the inverse", inverse, -log_det, 1e-15, 1e-15);
  nf_flow_free(a.flow);
}

static nf_error s; /* of the constructors */

/* --- matrices, scales, orders ---------------------------------------------------------------- */
static void affine(void **state) {
  (void)state;
  alone a = hold(nf_affine_new((nf_shape){1, 2, 2}, &s));
  SET(a.layer->tensor[0], 1, 2, 3, 4); /* |det| = 2, at each of two pixels */
  SET(a.layer->tensor[1], 0.5, -0.5);
  const double x[] = {5, 6, 1, -1}, z[] = {17.5, 38.5, -0.5, -1.5};
  maps(a, x, z, 2 * log(2));
}

/* Glow's matrix is initialised to a rotation: it preserves lengths and volume, full or as P·L·U. */
static void conv1x1_is_initialised_to_a_rotation(void **state) {
  (void)state;
  const double x[] = {1, -2, 3, sqrt(2), 0.5};
  const nf_batch batch = {.n = 1, .shape = nf_point(5), .data = (double *)(uintptr_t)x};
  double z[2][5], log_det;
  for (int plu = 0; plu < 2; plu++) {
    alone a = hold(nf_conv1x1_new(nf_point(5), plu, &s));
    check_ok(nf_flow_forward_batch(a.flow, &batch, z[plu], &log_det, NULL));
    double norm_squared = 0;
    for (int k = 0; k < 5; k++) norm_squared += z[plu][k] * z[plu][k];
    check_close("‖Wx‖²", norm_squared, 16.25, 0, 1e-14);
    check_close("log|det W|", log_det, 0, 1e-14, 0);
    nf_flow_free(a.flow);
  }
  check_array("the same W", z[1], z[0], 5, 1e-14, 0);
  assert_false(check_is_close(z[0][0], x[0], 1e-3, 0));
}

static void actnorm_scales_and_then_shifts(void **state) {
  (void)state;
  alone a = hold(nf_actnorm_new((nf_shape){1, 2, 2}, &s));
  SET(a.layer->tensor[0], log(2), log(3));
  SET(a.layer->tensor[1], 0.5, -1);
  const double x[] = {5, 6, 1, -1}, z[] = {10.5, 17, 2.5, -4};
  maps(a, x, z, 2 * log(6));
}

static void standardise_centres_and_then_scales(void **state) {
  (void)state;
  alone a = hold(nf_standardise_new((nf_shape){1, 2, 2}, &s));
  SET(a.layer->tensor[0], 1, -2);
  SET(a.layer->tensor[1], log(2), log(5));
  const double x[] = {5, 3, 2, -7}, z[] = {2, 1, 0.5, -1};
  maps(a, x, z, -2 * log(10));
}

/* Mean 4 and sd 3 of the first data, once; a constant column is only centred, rounding or not. */
static void standardise_takes_mean_and_sd_of_the_first_data(void **state) {
  (void)state;
  nf_flow *f = nf_flow_new(nf_standardise_new(nf_point(3), &s), 1, &s);
  const double first[] = {1, 5, 0.1, 7, 5, 0.1, 1, 5, 0.1, 7, 5, 0.1};
  const double other[] = {9, 9, 9, 8, 8, 8}, right[] = {-1, 0, 0, 1, 0, 0, -1, 0, 0, 1, 0, 0};
  double z[12], log_det[4];
  check_ok(nf_flow_init_from_data(f, 4, first, &s));
  check_ok(nf_flow_init_from_data(f, 2, other, &s));
  check_ok(nf_flow_forward(f, 4, first, z, log_det, &s));
  check_array("z", z, right, 12, 1e-15, 0);
  check_close("log-det", log_det[2], -log(3), 1e-15, 0);
  assert_int_equal(nf_flow_n_param(f), 0);
  nf_flow_free(f);
}

static void permute_takes_from(void **state) {
  (void)state;
  const size_t order[] = {2, 0, 1};
  const double x[] = {1, 2, 3, 4, 5, 6}, z[] = {3, 1, 2, 6, 4, 5}, r[] = {3, 2, 1, 6, 5, 4};
  maps(hold(nf_permute_new((nf_shape){2, 1, 3}, order, &s)), x, z, 0);
  maps(hold(nf_reverse_new((nf_shape){2, 1, 3}, &s)), x, r, 0);
}

static void a_chain_begins_with_its_first_layer(void **state) {
  (void)state;
  nf_bijector *c = nf_chain_new(nf_point(1), &s);
  nf_chain_add(c, nf_actnorm_new(nf_point(1), &s), &s);
  nf_chain_add(c, nf_actnorm_new(nf_point(1), &s), &s);
  alone a = hold(c);
  SET(c->child[0]->tensor[0], log(2));
  SET(c->child[1]->tensor[1], 1);
  maps(a, (const double[]){5}, (const double[]){11}, log(2));
}

/* --- coupling -------------------------------------------------------------------------------- */
/* s = (x_1/2, x_2/4), t = (x_1/5, -x_2/10): chapter 3's conditioner on two dimensions. */
static alone coupling(nf_mask mask, nf_scale scale) {
  const nf_shape shape = nf_point(4);
  nf_net *net =
      nf_linear_new(nf_coupling_net_in(shape, mask), nf_coupling_net_out(shape, mask, scale), &s);
  alone a = hold(nf_coupling_new(shape, mask, scale, net, &s));
  if (scale == NF_SCALE_NONE)
    SET(net->tensor[0], 0.2, 0, 0, -0.1);
  else
    SET(net->tensor[0], 0.5, 0, 0, 0.25, 0.2, 0, 0, -0.1);
  if (scale == NF_SCALE_TANH) SET(a.layer->tensor[0], 0.7);
  if (scale == NF_SCALE_CLAMP) SET(a.layer->tensor[0], log(0.4), log(0.9));
  return a;
}

static void coupling_scales_and_then_shifts(void **state) {
  (void)state;
  const double x[] = {1, 2, 3, 4};
  for (int scale = NF_SCALE_NONE; scale <= NF_SCALE_SIGMOID; scale++) {
    const double log_g[] = {0, 0.5, 0.7 * tanh(0.5), -log1p(exp(-2.5))}; /* both s are 1/2 */
    const double g = exp(log_g[scale]), z[] = {1, 2, 3 * g + 0.2, 4 * g - 0.2};
    maps(coupling(NF_CHANNEL, (nf_scale)scale), x, z, 2 * log_g[scale]);
  }
  const double swapped[] = {3, 4, 1, 2}, e = exp(0.5), z[] = {3 * e + 0.2, 4 * e - 0.2, 1, 2};
  maps(coupling(NF_CHANNEL_SWAPPED, NF_SCALE_EXP), swapped, z, 1);
}

/* Every shift is 10, 20, …: what stays tells which part is a. */
static void shifted(nf_shape shape, nf_mask mask, const double *z) {
  const double x[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  const nf_shape out = nf_coupling_net_out(shape, mask, NF_SCALE_NONE);
  nf_net *net = nf_linear_new(nf_coupling_net_in(shape, mask), out, &s);
  alone a = hold(nf_coupling_new(shape, mask, NF_SCALE_NONE, net, &s));
  for (size_t k = 0; k < nf_shape_size(out); k++) net->tensor[1].data[k] = 10 * (double)(k + 1);
  maps(a, x, z, 0);
}

/* f·tanh(s/f), with an f for each channel of b, and (x + t)·g */
static void a_clamped_coupling_shifts_first(void **state) {
  (void)state;
  const double x[] = {1, 2, 3, 4}, log_g[] = {0.4 * tanh(0.5 / 0.4), 0.9 * tanh(0.5 / 0.9)};
  const double z[] = {1, 2, (3 + 0.2) * exp(log_g[0]), (4 - 0.2) * exp(log_g[1])};
  maps(coupling(NF_CHANNEL, NF_SCALE_CLAMP), x, z, log_g[0] + log_g[1]);
}

static void masks_leave_the_first_half_or_the_even_pixels_alone(void **state) {
  (void)state;
  shifted(nf_point(5), NF_CHANNEL, (const double[]){1, 2, 13, 24, 35});
  shifted(nf_point(5), NF_CHANNEL_SWAPPED, (const double[]){11, 22, 3, 4, 5});
  const nf_shape square = {3, 3, 1};
  shifted(square, NF_CHECKERBOARD, (const double[]){1, 22, 3, 44, 5, 66, 7, 88, 9});
  shifted(square, NF_CHECKERBOARD_SWAPPED, (const double[]){11, 2, 33, 4, 55, 6, 77, 8, 99});
}

/* --- shapes ---------------------------------------------------------------------------------- */
static void squeeze_is_space_to_depth_channels_last(void **state) {
  (void)state;
  double x[32], z[32];
  for (int row = 0; row < 4; row++)
    for (int column = 0; column < 4; column++)
      for (int c = 0; c < 2; c++) {
        const int block_number = row / 2 * 2 + column / 2, inside = row % 2 * 2 + column % 2;
        x[(row * 4 + column) * 2 + c] = 100 * row + 10 * column + c;
        z[block_number * 8 + inside * 2 + c] = 100 * row + 10 * column + c;
      }
  maps(hold(nf_squeeze_new((nf_shape){4, 4, 2}, &s)), x, z, 0);
  maps(hold(nf_unsqueeze_new((nf_shape){2, 2, 8}, &s)), z, x, 0);
}

static void reshape_keeps_the_order(void **state) {
  (void)state;
  const double x[] = {1, 2, 3, 4, 5, 6};
  maps(hold(nf_reshape_new((nf_shape){1, 2, 3}, (nf_shape){3, 2, 1}, &s)), x, x, 0);
}

static void split_sends_the_first_channels_through_inner(void **state) {
  (void)state;
  alone a = hold(nf_split_new((nf_shape){1, 2, 5}, nf_actnorm_new((nf_shape){1, 2, 2}, &s), &s));
  SET(a.layer->child[0]->tensor[0], log(2), log(3));
  const double x[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, z[] = {2, 6, 12, 21, 3, 4, 5, 8, 9, 10};
  maps(a, x, z, 2 * log(6));
}

/* --- preprocessing --------------------------------------------------------------------------- */
static void logit_of_pixel_128(void **state) {
  (void)state;
  alone a = hold(nf_logit_new(nf_point(1), 0.05, &s));
  const double x = 128.5 / 256, p = 0.05 + 0.9 * x;
  double z, log_det;
  const nf_batch batch = {.n = 1, .shape = nf_point(1), .data = (double *)(uintptr_t)&x};
  check_ok(nf_flow_forward_batch(a.flow, &batch, &z, &log_det, NULL));
  check_close("y of the notes, 11.1", z, 0.0070312790, 5e-11, 0);
  check_close("its log-det", log_det, 1.2809462052, 5e-11, 0);
  maps(a, &x, &(double){log(p / (1 - p))}, log(0.9 / (p * (1 - p))));
  const double ends[] = {0, 1}, y = log(19); /* ±logit(α) */
  maps(hold(nf_logit_new(nf_point(2), 0.05, &s)), ends, (const double[]){-y, y},
       2 * log(0.9 / (0.05 * 0.95)));
}

/* A matrix is computed again when any of the tensors that it is made of has changed. */
static void a_1x1_convolution_sees_every_change(void **state) {
  (void)state;
  nf_error e = {0};
  nf_flow *f = nf_flow_new(nf_conv1x1_new(nf_point(4), true, &e), 3, &e);
  check_no_error(&e);
  const nf_bijector *b = f->bijector;
  double x[4] = {0.3, -1.1, 0.7, 1.9}, before[4], after[4];
  const nf_batch batch = {.n = 1, .shape = nf_point(4), .data = x};
  nf_real *sign = b->tensor[2].data, *order = b->tensor[1].data, *lu = b->tensor[0].data;
  for (int change = 0; change < 3; change++) {
    check_ok(nf_flow_forward_batch(f, &batch, before, NULL, NULL));
    const nf_real first = order[0];
    if (change == 0) sign[3] = -sign[3];
    if (change == 1) order[0] = order[2], order[2] = first;
    if (change == 2) lu[2] += 0.5;
    check_ok(nf_flow_forward_batch(f, &batch, after, NULL, NULL));
    double moved = 0;
    for (int k = 0; k < 4; k++) moved = fmax(moved, fabs(after[k] - before[k]));
    assert_true(moved > 1e-3);
  }
  nf_flow_free(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(affine),
      cmocka_unit_test(conv1x1_is_initialised_to_a_rotation),
      cmocka_unit_test(actnorm_scales_and_then_shifts),
      cmocka_unit_test(standardise_centres_and_then_scales),
      cmocka_unit_test(standardise_takes_mean_and_sd_of_the_first_data),
      cmocka_unit_test(permute_takes_from),
      cmocka_unit_test(a_chain_begins_with_its_first_layer),
      cmocka_unit_test(coupling_scales_and_then_shifts),
      cmocka_unit_test(a_clamped_coupling_shifts_first),
      cmocka_unit_test(masks_leave_the_first_half_or_the_even_pixels_alone),
      cmocka_unit_test(squeeze_is_space_to_depth_channels_last),
      cmocka_unit_test(reshape_keeps_the_order),
      cmocka_unit_test(split_sends_the_first_channels_through_inner),
      cmocka_unit_test(logit_of_pixel_128),
      cmocka_unit_test(a_1x1_convolution_sees_every_change),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
