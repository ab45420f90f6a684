/* Splines with random knots and slopes, of 2 to 64 bins: their inverse, their slope against GSL's
 * differences, their gradient, and that they join the identity at ±B. */
#include <float.h>
#include <gsl/gsl_deriv.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "layers/spline.h"
#include "layers/transform.h"
#include "nf/layer.h"

enum { COUNT = 77, MOST = 3 * NF_SPLINE_MAX_BINS }; /* not a multiple of a block */
static const struct {
  size_t bins;
  double bound;
} sizes[] = {{2, 0.7}, {3, 2}, {8, 3}, {16, 5}, {64, 20}};
enum { SIZES = sizeof sizes / sizeof *sizes };

typedef struct {
  const nf_transform *t;
  double bound;
  double raw[MOST * COUNT], prepared[MOST * COUNT], x[COUNT];
} random_splines;

/* COUNT splines with raw ~ N(0, 1), and values from the middle to the tails. */
static random_splines random_of(size_t size, double sigma) {
  nf_error e = {0};
  random_splines r = {.bound = sizes[size].bound};
  r.t = nf_transform_spline_new(sizes[size].bins, r.bound, &e);
  check_no_error(&e);
  for (size_t k = 0; k < r.t->n_raw * COUNT; k++) r.raw[k] = sigma * nf_random_normal(size, 0, k);
  for (size_t i = 0; i < COUNT; i++) r.x[i] = 0.7 * r.bound * nf_random_normal(size, 1, i);
  memcpy(r.prepared, r.raw, sizeof r.raw);
  r.t->prepare(r.t, COUNT, r.prepared);
  return r;
}

static void raw_0_is_the_identity(void **state) {
  (void)state;
  for (size_t size = 0; size < SIZES; size++) {
    random_splines r = random_of(size, 0);
    double z[COUNT], log_slope[COUNT];
    memcpy(z, r.x, sizeof z);
    r.t->forward(r.t, COUNT, r.prepared, z, log_slope);
    for (size_t i = 0; i < COUNT; i++) {
      check_close("f(x)", z[i], r.x[i], 4 * r.bound * DBL_EPSILON, 0);
      check_close("log-slope", log_slope[i], 0, 1e-13, 0);
    }
    r.t->inverse(r.t, COUNT, r.prepared, z, log_slope);
    check_array("x", z, r.x, COUNT, 8 * r.bound * DBL_EPSILON, 0);
    free(r.t->memory);
  }
}

static void the_inverse_is_one(void **state) {
  (void)state;
  for (size_t size = 0; size < SIZES; size++) {
    random_splines r = random_of(size, 1);
    double z[COUNT], forward[COUNT], inverse[COUNT];
    memcpy(z, r.x, sizeof z);
    r.t->forward(r.t, COUNT, r.prepared, z, forward);
    r.t->inverse(r.t, COUNT, r.prepared, z, inverse);
    check_array("x", z, r.x, COUNT, 1e-12, 0);
    for (size_t i = 0; i < COUNT; i++) check_close("log-slopes", inverse[i], -forward[i], 1e-9, 0);
    free(r.t->memory);
  }
}

typedef struct {
  const nf_transform *t;
  const double *raw;
} one;

static double value_of(double x, void *user) {
  const one *o = user;
  double log_slope;
  o->t->forward(o->t, 1, o->raw, &x, &log_slope);
  return x;
}

static void the_slope_is_that_of_gsl(void **state) {
  (void)state;
  for (size_t size = 0; size < SIZES; size++) {
    random_splines r = random_of(size, 1);
    for (size_t i = 0; i < COUNT; i++) {
      double raw[MOST], log_slope, slope, error, x = r.x[i];
      for (size_t k = 0; k < r.t->n_raw; k++) raw[k] = r.prepared[k * COUNT + i];
      one o = {r.t, raw};
      gsl_deriv_central(&(gsl_function){value_of, &o}, x, 1e-5 * r.bound, &slope, &error);
      r.t->forward(r.t, 1, raw, &x, &log_slope);
      check_close("slope", exp(log_slope), slope, fmax(1e-8, error), 1e-6);
    }
    free(r.t->memory);
  }
}

/* L = Σ a_i z_i + c_i log-slope_i: backward against differences by x and by every raw number. */
static double loss(const random_splines *r) {
  static double raw[MOST * COUNT], log_slope[COUNT];
  double z[COUNT], sum = 0;
  memcpy(raw, r->raw, sizeof raw);
  memcpy(z, r->x, sizeof z);
  r->t->prepare(r->t, COUNT, raw);
  r->t->forward(r->t, COUNT, raw, z, log_slope);
  for (size_t i = 0; i < COUNT; i++) sum += cos((double)i) * z[i] + sin((double)i) * log_slope[i];
  return sum;
}

static double difference(const random_splines *r, double *at) {
  const double h = 1e-5, before = *at;
  double d = 0;
  for (int side = -1; side <= 1; side += 2) {
    *at = before + side * h;
    d += 8 * side * loss(r);
    *at = before + 2 * side * h;
    d -= side * loss(r);
  }
  *at = before;
  return d / (12 * h);
}

static void backward_is_the_gradient(void **state) {
  (void)state;
  for (size_t size = 0; size < 3; size++) {
    static random_splines r;
    double z[COUNT], dz[COUNT], dlog_slope[COUNT], *draw = r.prepared;
    r = random_of(size, 1);
    memcpy(z, r.x, sizeof z);
    r.t->forward(r.t, COUNT, r.prepared, z, dlog_slope);
    for (size_t i = 0; i < COUNT; i++) dz[i] = cos((double)i), dlog_slope[i] = sin((double)i);
    r.t->backward(r.t, COUNT, r.prepared, z, dz, dlog_slope);
    check_array("x", z, r.x, COUNT, 1e-12, 0);
    for (size_t i = 0; i < COUNT; i++)
      check_close("∂L/∂x", dz[i], difference(&r, &r.x[i]), 1e-7, 1e-7);
    for (size_t k = 0; k < r.t->n_raw * COUNT; k++)
      check_close("∂L/∂raw", draw[k], difference(&r, &r.raw[k]), 1e-7, 1e-7);
    free(r.t->memory);
  }
}

static void outside_it_is_the_identity(void **state) {
  (void)state;
  for (size_t size = 0; size < SIZES; size++) {
    random_splines r = random_of(size, 3);
    const double out[] = {r.bound, -r.bound, 1.001 * r.bound, -4 * r.bound, 1e300, -1e300};
    for (size_t i = 0; i < 6; i++) r.x[i] = out[i];
    double z[COUNT], log_slope[COUNT], dz[COUNT], dlog_slope[COUNT];
    memcpy(z, r.x, sizeof z);
    r.t->forward(r.t, COUNT, r.prepared, z, log_slope);
    for (size_t i = 0; i < 6; i++) assert_true(z[i] == out[i] && log_slope[i] == 0);
    for (size_t i = 0; i < COUNT; i++)
      assert_true(isfinite(z[i]) && fabs(z[i]) <= fmax(r.bound, fabs(r.x[i])));
    r.t->inverse(r.t, COUNT, r.prepared, z, log_slope);
    for (size_t i = 0; i < 6; i++) assert_true(z[i] == out[i] && log_slope[i] == 0);
    for (size_t i = 0; i < COUNT; i++) dz[i] = 1 + (double)i, dlog_slope[i] = -3;
    memcpy(z, r.x, sizeof z);
    r.t->forward(r.t, COUNT, r.prepared, z, log_slope);
    r.t->backward(r.t, COUNT, r.prepared, z, dz, dlog_slope);
    for (size_t i = 0; i < 6; i++) assert_true(z[i] == out[i] && dz[i] == 1 + (double)i);
    for (size_t k = 0; k < r.t->n_raw; k++)
      for (size_t i = 0; i < COUNT; i++) {
        assert_true(isfinite(r.prepared[k * COUNT + i]));
        if (i < 6) assert_true(r.prepared[k * COUNT + i] == 0);
      }
    free(r.t->memory);
  }
}

/* ±B is mapped to itself, with slope 1 from within, too. */
static void the_ends_join_the_identity(void **state) {
  (void)state;
  for (size_t size = 0; size < SIZES; size++) {
    random_splines r = random_of(size, 1);
    double z[COUNT], log_slope[COUNT];
    for (size_t i = 0; i < COUNT; i++) z[i] = (i % 2 ? 1 : -1) * r.bound * (1 - 1e-12);
    r.t->forward(r.t, COUNT, r.prepared, z, log_slope);
    for (size_t i = 0; i < COUNT; i++) {
      check_close("|f|", fabs(z[i]), r.bound, 2e-12 * r.bound, 0);
      check_close("log-slope", log_slope[i], 0, 1e-6, 0);
    }
    free(r.t->memory);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(raw_0_is_the_identity),      cmocka_unit_test(the_inverse_is_one),
      cmocka_unit_test(the_slope_is_that_of_gsl),   cmocka_unit_test(backward_is_the_gradient),
      cmocka_unit_test(outside_it_is_the_identity), cmocka_unit_test(the_ends_join_the_identity),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
