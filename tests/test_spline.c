/* The spline: its formula at points that are worked by hand, its knots and bins, and its coupling
 * layer. Numbers with 12 decimals were computed with 30 digits, by derivatives and a root finder
 * and not by the formulas of the library. */
#include <gsl/gsl_math.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "core/real.h"
#include "layers/spline.h"
#include "layers/transform.h"
#include "nf/flow.h"
#include "nf/layer.h"

#define LEAST 1e-3

static const nf_transform *spline(size_t bins, double bound) {
  nf_error e = {0};
  const nf_transform *t = nf_transform_spline_new(bins, bound, &e);
  check_no_error(&e);
  return t;
}

/* --- the three bins of the notes ------------------------------------------------------------ */
static const double X[] = {-2, -1, 0.5, 2}, Y[] = {-2, -0.5, 0.8, 2}, SLOPE[] = {1, 0.6, 1.5, 1};
static const struct {
  double x, y, slope, log_slope;
} point[] = {{-1.5, -1.184782608696, 1.956521739130, 0.671168273841},
             {-1, -0.5, 0.6, -0.510825623766},
             {0.2, 0.414121037464, 1.106464909877, 0.101170167287},
             {1.2, 1.441666666667, 0.636393229167, -0.451938621848},
             {2.5, 2.5, 1, 0},
             {-7, -7, 1, 0}};
enum { POINTS = sizeof point / sizeof *point };

/* The raw numbers that have these knots and slopes, of one value: the inverses of softmax and
 * softplus. */
static void raw_of(size_t bins, double bound, const double *x, const double *y, const double *slope,
                   double *raw) {
  for (size_t k = 0; k < bins; k++) {
    const double spread = 2 * bound * (1 - (double)bins * LEAST);
    raw[k] = log((x[k + 1] - x[k] - 2 * bound * LEAST) / spread);
    raw[bins + k] = log((y[k + 1] - y[k] - 2 * bound * LEAST) / spread);
  }
  for (size_t k = 1; k < bins; k++)
    raw[2 * bins + k - 1] = log(expm1(slope[k] - LEAST)) - log(expm1(1 - LEAST));
}

static void three_bins_by_hand(void **state) {
  (void)state;
  const nf_transform *t = spline(3, 2);
  assert_int_equal(t->n_raw, 8);
  double raw[8], log_slope;
  raw_of(3, 2, X, Y, SLOPE, raw);
  t->prepare(t, 1, raw);
  for (size_t i = 0; i < POINTS; i++) {
    double v = point[i].x;
    t->forward(t, 1, raw, &v, &log_slope);
    check_close("y", v, point[i].y, 6e-13, 0);
    check_close("log y'", log_slope, point[i].log_slope, 6e-13, 0);
    check_close("y'", exp(log_slope), point[i].slope, 2e-12, 0);
    t->inverse(t, 1, raw, &v, &log_slope);
    check_close("x", v, point[i].x, 1e-14, 0);
    check_close("log of the inverse's slope", log_slope, -point[i].log_slope, 6e-13, 0);
  }
  free(t->memory);
}

static void raw_numbers_by_hand(void **state) {
  (void)state;
  const nf_transform *t = spline(3, 2);
  double raw[] = {0, 0.3, -0.2, 0.2, 0, -0.1, 0.5, -0.5}, v = 0.5, log_slope;
  t->prepare(t, 1, raw);
  t->forward(t, 1, raw, &v, &log_slope);
  check_close("f(0.5)", v, 0.547639563490, 6e-13, 0);
  check_close("log f'(0.5)", log_slope, -0.527274165100, 6e-13, 0);
  const double x[] = {-0.737395840748, 0.965542068869}, y[] = {-0.437912992920, 0.841740755748};
  const double slope[] = {1.343470038773, 0.714215808653};
  for (int k = 0; k < 2; k++) {
    v = x[k];
    t->forward(t, 1, raw, &v, &log_slope);
    check_close("y of a knot", v, y[k], 2e-12, 0);
    check_close("its slope", exp(log_slope), slope[k], 2e-11, 0);
  }
  free(t->memory);
}

/* At x = 0.2, by x_k, x_{k+1}, y_k, y_{k+1}, δ_k, δ_{k+1}. */
static void derivatives_of_one_bin(void **state) {
  (void)state;
  static const double dy[] = {-0.089920742359, -1.016544167518, 0.145246617778,
                              0.854753382222,  0.066722587182,  -0.158061274490};
  static const double dlog[] = {0.448938144937, -1.357907200143, -0.727767641513,
                                0.727767641513, -0.314108852076, 0.161578251519};
  const nf_spline_bins b = {.x0 = {-1}, {0.5}, {-0.5}, {0.8}, {0.6}, {1.5}};
  const double x = 0.2, gradient[][2] = {{1, 0}, {0, 1}}, dx[] = {1.106464909877, 0.908969055206};
  for (int of = 0; of < 2; of++) {
    nf_spline_bins db;
    double d = gradient[of][0];
    nf_spline_backward(1, &b, &x, &d, &gradient[of][1], &db);
    const double by[] = {db.x0[0], db.x1[0], db.y0[0], db.y1[0], db.slope0[0], db.slope1[0]};
    check_array(of ? "∂log y'" : "∂y", by, of ? dlog : dy, 6, 2e-12, 0);
    check_close("by x", d, dx[of], 2e-12, 0);
  }
}

/* --- knots, ends and tails ------------------------------------------------------------------ */
static void a_knot_is_in_one_bin(void **state) {
  (void)state;
  const nf_transform *t = spline(3, 2);
  double raw[8] = {0.7, 0.3, -0.2, 0.2, 0, -0.1, 0.5, -0.5};
  double left = -2, share[3], sum = 0, log_slope, v;
  for (int k = 0; k < 3; k++) sum += exp(raw[k] - raw[0]);
  for (int k = 0; k < 3; k++) share[k] = exp(raw[k] - raw[0]) / sum;
  t->prepare(t, 1, raw);
  for (int k = 0; k < 2; k++) { /* either side of a knot: the same y and slope */
    left += 4 * LEAST + 4 * (1 - 3 * LEAST) * share[k];
    double y[3], slope[3];
    for (int side = -1; side <= 1; side++) {
      v = left + 1e-12 * side;
      t->forward(t, 1, raw, &v, &log_slope);
      y[side + 1] = v, slope[side + 1] = log_slope;
      t->inverse(t, 1, raw, &v, &log_slope);
      check_close("x at a knot", v, left + 1e-12 * side, 2e-15, 0);
    }
    check_close("y below", y[0], y[1], 1e-11, 0);
    check_close("y above", y[2], y[1], 1e-11, 0);
    assert_true(y[0] < y[1] && y[1] < y[2]);
    check_close("slope", exp(slope[1]), LEAST + log1p(exp(raw[6 + k]) * expm1(1 - LEAST)), 1e-14,
                0);
    check_close("slope below", slope[0], slope[1], 1e-10, 0);
    check_close("slope above", slope[2], slope[1], 1e-10, 0);
  }
  free(t->memory);
}

/* All the width in one bin, and all the height in another: the least width and slope are left. */
static void no_bin_is_empty(void **state) {
  (void)state;
  enum { K = 4 };
  const nf_transform *t = spline(K, 1);
  double raw[3 * K - 1] = {500, -500, -500, -500, -500, -500, 500, -500, -80, -900, -900};
  const double w = 2 * LEAST;
  double v = 1 - 2.5 * w, x = v, log_slope,
         inverse; /* in the middle of the bin before the last's */
  t->prepare(t, 1, raw);
  t->forward(t, 1, raw, &v, &log_slope);
  assert_true(isfinite(v) && isfinite(log_slope));
  check_close("y", v, -1 + 1.5 * w, 1e-3, 0);
  v = x = 1 - 1.5 * w; /* the bin with all the height: from (1 - 2w, -1 + 2w) to (1 - w, 1 - w) */
  t->forward(t, 1, raw, &v, &log_slope);
  check_close("y", v, w / 2, 1e-3, 0);
  t->inverse(t, 1, raw, &v, &inverse);
  check_close("x", v, x, 1e-14, 0);
  check_close("log-slope", inverse, -log_slope, 1e-9, 0);
  free(t->memory);
}

/* e^1000 is no double; softmax has it in any place. */
static void raw_numbers_may_be_large(void **state) {
  (void)state;
  enum { K = 4 };
  const nf_transform *t = spline(K, 1);
  for (size_t large = 0; large < 3 * K - 1; large++) {
    for (int sign = -1; sign <= 1; sign += 2) {
      double raw[3 * K - 1] = {0}, v = 0.3, log_slope, back;
      raw[large] = sign * 1000;
      t->prepare(t, 1, raw);
      t->forward(t, 1, raw, &v, &log_slope);
      assert_true(v > -1 && v < 1 && isfinite(log_slope));
      t->inverse(t, 1, raw, &v, &back);
      check_close("x", v, 0.3, 1e-9, 0);
    }
  }
  free(t->memory);
}

static void sizes_are_checked(void **state) {
  (void)state;
  nf_error e = {0};
  assert_null(nf_transform_spline_new(1, 1, &e));
  check_failed(&e, NF_EINVAL, "spline: bins is 1|2 to 64");
  assert_null(nf_transform_spline_new(65, 1, &e));
  check_failed(&e, NF_EINVAL, "spline: bins is 65");
  free(spline(64, 1e6)->memory);
  const double wrong[] = {0, -1, NAN, INFINITY, 1.001e6};
  for (int i = 0; i < 5; i++) {
    assert_null(nf_transform_spline_new(8, wrong[i], &e));
    check_failed(&e, NF_EINVAL, "spline: bound is");
  }
}

/* --- the coupling layer --------------------------------------------------------------------- */

/* The three bins on x_2, and their mirror image on x_3, whatever x_1. */
static void coupling_by_hand(void **state) {
  (void)state;
  enum { D = 3, RAW = 8 };
  const nf_shape shape = nf_point(D);
  nf_error e = {0};
  nf_net *net = nf_linear_new(nf_coupling_net_in(shape, NF_CHANNEL),
                              nf_spline_coupling_net_out(shape, NF_CHANNEL, 3), &e);
  nf_flow *f = nf_flow_new(nf_spline_coupling_new(shape, NF_CHANNEL, 3, 2, net, &e), 1, &e);
  check_no_error(&e);
  double raw[2][RAW], mirror[3][4], z[D], log_det, log_p;
  for (int k = 0; k < 4; k++)
    mirror[0][k] = -X[3 - k], mirror[1][k] = -Y[3 - k], mirror[2][k] = SLOPE[3 - k];
  raw_of(3, 2, X, Y, SLOPE, raw[0]);
  raw_of(3, 2, mirror[0], mirror[1], mirror[2], raw[1]);
  memset(net->tensor[0].data, 0, 2 * RAW * sizeof(double)); /* weight; then bias */
  for (int k = 0; k < RAW; k++)
    for (int value = 0; value < 2; value++) net->tensor[1].data[2 * k + value] = raw[value][k];
  const double x[] = {0.5, point[0].x, -point[2].x};
  const double right[] = {0.5, point[0].y, -point[2].y};
  check_ok(nf_flow_forward(f, 1, x, z, &log_det, &e));
  check_array("z", z, right, D, 6e-13, 0);
  check_close("log-det", log_det, point[0].log_slope + point[2].log_slope, 1e-12, 0);
  check_ok(nf_flow_log_prob(f, 1, x, &log_p, &e));
  check_close("log p of x_1, x_2", log_p - point[2].log_slope + right[2] * right[2] / 2,
              -1.993563707502 - log(2 * M_PI) / 2, 2e-12, 0);
  nf_flow_free(f);
}

static void a_coupling_checks_its_net(void **state) {
  (void)state;
  const nf_shape shape = nf_point(4);
  const nf_shape in = nf_coupling_net_in(shape, NF_CHANNEL);
  nf_error e = {0};
  assert_null(nf_spline_coupling_new(shape, NF_CHANNEL, 3, 2, NULL, &e));
  check_failed(&e, NF_ESHAPE, "net is NULL");
  nf_net *net = nf_linear_new(in, nf_spline_coupling_net_out(shape, NF_CHANNEL, 4), &e);
  assert_null(nf_spline_coupling_new(shape, NF_CHANNEL, 3, 2, net, &e));
  check_failed(&e, NF_ESHAPE, "it must map (1, 1, 2) to (1, 1, 16)");
  net = nf_linear_new(in, nf_point(4), &e);
  assert_null(nf_spline_coupling_new(shape, NF_CHANNEL, 1, 2, net, &e));
  check_failed(&e, NF_EINVAL, "spline: bins is 1");
  net = nf_linear_new(nf_point(1), nf_point(16), &e);
  assert_null(nf_spline_coupling_new(nf_point(1), NF_CHANNEL, 3, 2, net, &e));
  check_failed(&e, NF_ESHAPE, "no two channels");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(three_bins_by_hand),        cmocka_unit_test(raw_numbers_by_hand),
      cmocka_unit_test(derivatives_of_one_bin),    cmocka_unit_test(a_knot_is_in_one_bin),
      cmocka_unit_test(no_bin_is_empty),           cmocka_unit_test(raw_numbers_may_be_large),
      cmocka_unit_test(sizes_are_checked),         cmocka_unit_test(coupling_by_hand),
      cmocka_unit_test(a_coupling_checks_its_net),
  };
  return cmocka_run_group_tests_name("spline", tests, NULL, NULL);
}
