/* Chapter 11 (NOTES (11.1)-(11.13)). Monotone rational-quadratic splines: between two knots, with t
 * from 0 to 1, u = 1 - t and s the slope of the chord,
 *
 *   y = y_0 + (y_1 - y_0)·(s t² + δ_0 t u)/(s (t² + u²) + (δ_0 + δ_1) t u)
 *
 * Three bins by hand: value, slope, the derivatives by the bin's six numbers; knots from raw
 * numbers; both forms of the root, and what rounding does to them; the spline in a coupling layer.
 * Beside them stand the library's layer, differences, a bracketing root finder and quadrature by
 * GSL. */
#include <gsl/gsl_deriv.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_roots.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "chapter.h"
#include "flow/flow.h"

static nf_error e; /* of all calls of the library; chapter_need ends the program when it is set */

enum { BINS = 3, RAW = 3 * BINS - 1 };
#define BOUND 2.0
#define LEAST 1e-3 /* m, the least share of width and height, and the least slope */

/* --- a spline, by hand ------------------------------------------------------------------------ */

typedef struct {
  double x[BINS + 1], y[BINS + 1], slope[BINS + 1];
} spline;
static const spline example = {{-2, -1, 0.5, 2}, {-2, -0.5, 0.8, 2}, {1, 0.6, 1.5, 1}};

typedef struct {
  double x0, x1, y0, y1, d0, d1;
} bin;

static bin bin_of(const spline *f, double x) {
  int k = 0;
  while (k + 1 < BINS && x >= f->x[k + 1]) k++;
  return (bin){f->x[k], f->x[k + 1], f->y[k], f->y[k + 1], f->slope[k], f->slope[k + 1]};
}

static double value_in(bin b, double x) {
  const double s = (b.y1 - b.y0) / (b.x1 - b.x0), t = (x - b.x0) / (b.x1 - b.x0), u = 1 - t;
  return b.y0 +
         (b.y1 - b.y0) * (s * t * t + b.d0 * t * u) / (s * (t * t + u * u) + (b.d0 + b.d1) * t * u);
}

static double slope_in(bin b, double x) {
  const double s = (b.y1 - b.y0) / (b.x1 - b.x0), t = (x - b.x0) / (b.x1 - b.x0), u = 1 - t;
  const double beta = s * (t * t + u * u) + (b.d0 + b.d1) * t * u;
  return s * s * (b.d1 * t * t + 2 * s * t * u + b.d0 * u * u) / (beta * beta);
}

static double value_of(const spline *f, double x) {
  return fabs(x) < BOUND ? value_in(bin_of(f, x), x) : x;
}
static double slope_of(const spline *f, double x) {
  return fabs(x) < BOUND ? slope_in(bin_of(f, x), x) : 1;
}

static double value_at(double x, void *f) { return value_of(f, x); }

/* --- the library's ---------------------------------------------------------------------------- */

/* A coupling layer of R² whose net is constant: x_1 passes, x_2 is mapped by the spline of raw. */
static nf_flow *library(const double *raw) {
  const nf_shape plane = nf_point(2);
  nf_net *net = nf_linear_new(nf_coupling_net_in(plane, NF_CHANNEL),
                              nf_spline_coupling_net_out(plane, NF_CHANNEL, BINS), &e);
  nf_flow *flow =
      nf_flow_new(nf_spline_coupling_new(plane, NF_CHANNEL, BINS, BOUND, net, &e), 0, &e);
  chapter_need(&e);
  memset(nf_flow_param(flow), 0, RAW * sizeof(double)); /* the weights; then the biases */
  memcpy(nf_flow_param(flow) + RAW, raw, RAW * sizeof(double));
  return flow;
}

/* Raw numbers with these knots and slopes: softmax of log share, softplus of log(e^v - 1). */
static void raw_of(const spline *f, double raw[RAW]) {
  for (int k = 0; k < BINS; k++) {
    raw[k] = log((f->x[k + 1] - f->x[k]) / (2 * BOUND) - LEAST);
    raw[BINS + k] = log((f->y[k + 1] - f->y[k]) / (2 * BOUND) - LEAST);
    if (k > 0) raw[2 * BINS + k - 1] = log(expm1(f->slope[k] - LEAST)) - log(expm1(1 - LEAST));
  }
}

static void spline_of(const double raw[RAW], spline *f) {
  double *const knot[] = {f->x, f->y};
  for (int side = 0; side < 2; side++) {
    const double *r = raw + side * BINS;
    double sum = 0;
    for (int k = 0; k < BINS; k++) sum += exp(r[k]);
    knot[side][0] = -BOUND;
    for (int k = 0; k + 1 < BINS; k++)
      knot[side][k + 1] =
          knot[side][k] + 2 * BOUND * (LEAST + (1 - BINS * LEAST) * exp(r[k]) / sum);
    knot[side][BINS] = BOUND;
  }
  f->slope[0] = f->slope[BINS] = 1;
  for (int k = 1; k < BINS; k++)
    f->slope[k] = LEAST + log1p(exp(raw[2 * BINS + k - 1]) * expm1(1 - LEAST));
}

/* --- sections --------------------------------------------------------------------------------- */

static void three_bins(nf_flow *flow) {
  static const double x[] = {-1.5, -1, 0.2, 1.2, 2.5};
  static const char *const head[] = {"y", "dy/dx", "log dy/dx"};
  chapter_section(
      "1. Three bins: knots x (-2, -1, 0.5, 2), y (-2, -0.5, 0.8, 2), slopes (1, 0.6, 1.5, 1)");
  chapter_text("  each beside the library's layer, and the slope beside GSL's differences");
  chapter_table("x", 3, head);
  for (int i = 0; i < 5; i++) {
    const double in[2] = {0, x[i]};
    double out[2], log_det, slope, error;
    char name[16];
    nf_flow_forward(flow, 1, in, out, &log_det, &e);
    chapter_need(&e);
    /* a knot from the right, where the formula of its bin holds */
    const gsl_function f = {value_at, (void *)(uintptr_t)&example};
    (i == 1 ? gsl_deriv_forward : gsl_deriv_central)(&f, x[i], 1e-4, &slope, &error);
    chapter_row(i == 1 ? "%g, a knot" : i == 4 ? "%g, a tail" : "%g", x[i]);
    snprintf(name, sizeof name, "y_%d", i + 1);
    chapter_cell(name, value_of(&example, x[i]));
    chapter_claim("library", out[1], 1e-14);
    snprintf(name, sizeof name, "slope_%d", i + 1);
    chapter_cell(name, slope_of(&example, x[i]));
    chapter_claim("GSL", slope, i == 1 ? 1e-6 : 1e-9);
    snprintf(name, sizeof name, "log_slope_%d", i + 1);
    chapter_cell(name, log(slope_of(&example, x[i])));
    chapter_claim("library", log_det, 1e-14);
  }
}

typedef struct {
  const spline *f;
  double y;
} target;
static double beyond(double x, void *user) {
  const target *t = user;
  return value_of(t->f, x) - t->y;
}

static double bracketed(const spline *f, double y) {
  target user = {f, y};
  gsl_function g = {beyond, &user};
  gsl_root_fsolver *s = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);
  double root = NAN;
  gsl_root_fsolver_set(s, &g, -BOUND, BOUND);
  for (int i = 0; i < 100; i++) {
    gsl_root_fsolver_iterate(s);
    root = gsl_root_fsolver_root(s);
  }
  gsl_root_fsolver_free(s);
  return root;
}

static void inverse(nf_flow *flow) {
  const double x = 0.2, y = value_of(&example, x);
  const bin k = bin_of(&example, x);
  const double h = k.y1 - k.y0, w = k.x1 - k.x0, s = h / w, eta = (y - k.y0) / h;
  const double excess = k.d0 + k.d1 - 2 * s;
  const double a = s - k.d0 + eta * excess, b = k.d0 - eta * excess, c = -s * eta;
  const double root = sqrt(b * b - 4 * a * c), e_ = k.d0 * (1 - eta) - k.d1 * eta;
  const double z[2] = {0, y};
  double back[2];
  nf_flow_inverse(flow, 1, z, back, NULL, &e);
  chapter_need(&e);

  chapter_section("2. The inverse of y(0.2): a t² + b t + c = 0");
  chapter_value("eta", eta, "η = (y - y_0)/(y_1 - y_0)");
  chapter_value("a", a, "s - δ_0 + η (δ_0 + δ_1 - 2s)");
  chapter_value("b", b, "δ_0 - η (δ_0 + δ_1 - 2s)");
  chapter_value("c", c, "-s η");
  chapter_value("discriminant", b * b - 4 * a * c, "b² - 4ac");
  chapter_claim("(δ_0 (1-η) - δ_1 η)² + 4s² η (1-η)", e_ * e_ + 4 * s * s * eta * (1 - eta), 1e-14);
  chapter_value("t", 2 * c / (-b - root), "2c/(-b - √)");
  chapter_claim("(-b + √)/2a", (-b + root) / (2 * a), 1e-14);
  chapter_claim("(x - x_0)/(x_1 - x_0)", (x - k.x0) / w, 1e-14);
  chapter_value("other_root", (-b - root) / (2 * a), "(-b - √)/2a, which is outside [0, 1]");
  chapter_value("x", k.x0 + w * 2 * c / (-b - root), "x_0 + (x_1 - x_0) t");
  chapter_claim("library: nf_flow_inverse", back[1], 1e-14);
  chapter_claim("GSL: Brent's bracketing", bracketed(&example, y), 1e-12);
}

static void rounding(void) {
  const float w = 0.008131708018481731F, h = 4.781192302703857F, d0 = 0.0010706480825319886F,
              d1 = 0.001969277625903487F, rise = 4.781191825866699F, s = h / w;
  const float excess = d0 + d1 - 2 * s;
  const float a = h * (s - d0) + rise * excess, b = h * d0 - rise * excess, c = -s * rise;
  const float left = h - rise, rest = d0 * left - d1 * rise;
  const float sum = rest * rest + 4 * s * s * rise * left;
  const float q = fabsf(rest) + sqrtf(sum);

  chapter_section("3. The same in float, near the end of a steep bin (nflows, issue 87)");
  chapter_value("float_width", (double)w, "x_1 - x_0");
  chapter_value("float_height", (double)h, "y_1 - y_0");
  chapter_value("float_slope_0", (double)d0, "δ_0");
  chapter_value("float_slope_1", (double)d1, "δ_1");
  chapter_value("float_rise", (double)rise, "y - y_0");
  chapter_value("float_b2_4ac", (double)(b * b - 4 * a * c), "b² - 4ac: its root is no number");
  const double D = h, R = rise, S = D / w, E = d0 * (D - R) - d1 * R;
  chapter_value("exact_b2_4ac", E * E + 4 * S * S * R * (D - R),
                "the same float numbers, in double");
  chapter_value("float_squares", (double)sum, "(δ_0 ρ - δ_1 η)² + 4s² η ρ, as heights");
  chapter_claim("in double", E * E + 4 * S * S * R * (D - R), 3e-6);
  chapter_value("float_t", (double)(q / (q + 2 * s * left)),
                "q/(q + 2sρ),  q = |δ_0 ρ - δ_1 η| + √");
  const double Q = fabs(E) + sqrt(E * E + 4 * S * S * R * (D - R));
  chapter_claim("in double", Q / (Q + 2 * S * (D - R)), 1e-7);
  chapter_claim("with 30 digits", 0.999685965336, 1e-7);
}

static void raw_numbers(void) {
  static const double raw[RAW] = {0, 0.3, -0.2, 0.2, 0, -0.1, 0.5, -0.5};
  static const char *const head[] = {"x", "y", "slope"};
  spline f;
  spline_of(raw, &f);
  nf_flow *flow = library(raw);
  chapter_section(
      "4. Knots from raw numbers: widths (0, 0.3, -0.2), heights (0.2, 0, -0.1), slopes (0.5, "
      "-0.5)");
  chapter_text("  B = 2, m = 0.001");
  chapter_table("inner knot", 3, head);
  for (int k = 1; k < BINS; k++) {
    const double in[2] = {0, f.x[k]};
    double out[2], log_det;
    char name[16];
    nf_flow_forward(flow, 1, in, out, &log_det, &e);
    chapter_need(&e);
    chapter_row("%d", k);
    snprintf(name, sizeof name, "knot_x_%d", k);
    chapter_cell(name, f.x[k]);
    snprintf(name, sizeof name, "knot_y_%d", k);
    chapter_cell(name, f.y[k]);
    chapter_claim("library", out[1], 1e-14);
    snprintf(name, sizeof name, "knot_slope_%d", k);
    chapter_cell(name, f.slope[k]);
    chapter_claim("library", exp(log_det), 1e-13);
  }
  const double in[2] = {0, 0.5};
  double out[2], log_det;
  nf_flow_forward(flow, 1, in, out, &log_det, &e);
  chapter_need(&e);
  nf_flow_free(flow);
  chapter_value("raw_y", value_of(&f, 0.5), "f(0.5)");
  chapter_claim("library: nf_spline_coupling", out[1], 1e-14);
  chapter_value("raw_log_slope", log(slope_of(&f, 0.5)), "log f'(0.5)");
  chapter_claim("library: nf_spline_coupling", log_det, 1e-14);
}

/* --- derivatives by the six numbers of a bin ---------------------------------------------------
 */

enum { SIX = 6 };

/* ∂y and ∂log y' at x (NOTES (11.10)-(11.12)). */
static void derivatives(bin b, double x, double dy[SIX], double dlog[SIX]) {
  const double w = b.x1 - b.x0, h = b.y1 - b.y0, s = h / w, t = (x - b.x0) / w, u = 1 - t;
  const double p = t * u, q = t * t + u * u, beta = s * q + (b.d0 + b.d1) * p;
  const double share = (s * t * t + b.d0 * p) / beta;
  const double alpha = b.d1 * t * t + 2 * s * p + b.d0 * u * u;
  const double y_t = slope_in(b, x) * w, y_s = h * (t * t - share * q) / beta;
  const double log_t =
      2 * (b.d1 * t + s * (u - t) - b.d0 * u) / alpha - 2 * (b.d0 + b.d1 - 2 * s) * (u - t) / beta;
  const double log_s = 2 / s + 2 * p / alpha - 2 * q / beta;
  const double y[SIX] = {(s * y_s - u * y_t) / w,    (-s * y_s - t * y_t) / w,
                         1 - share - y_s / w,        share + y_s / w,
                         h * p * (1 - share) / beta, -h * p * share / beta};
  const double l[SIX] = {
      (s * log_s - u * log_t) / w,  (-s * log_s - t * log_t) / w, -log_s / w, log_s / w,
      u * u / alpha - 2 * p / beta, t * t / alpha - 2 * p / beta};
  memcpy(dy, y, sizeof y);
  memcpy(dlog, l, sizeof l);
}

typedef struct {
  bin at;
  int number; /* of the six */
  int of_log;
} moved;

static double along(double v, void *user) {
  const moved *m = user;
  bin b = m->at;
  double *const number[SIX] = {&b.x0, &b.x1, &b.y0, &b.y1, &b.d0, &b.d1};
  *number[m->number] = v;
  return m->of_log ? log(slope_in(b, 0.2)) : value_in(b, 0.2);
}

static void six_derivatives(void) {
  static const char *const label[SIX] = {"x_0", "x_1", "y_0", "y_1", "δ_0", "δ_1"};
  static const char *const head[] = {"∂y", "∂log y'"};
  static const char *const kind[] = {"dy", "dlog"};
  const bin b = bin_of(&example, 0.2);
  const double at[SIX] = {b.x0, b.x1, b.y0, b.y1, b.d0, b.d1};
  double d[2][SIX];
  derivatives(b, 0.2, d[0], d[1]);
  chapter_section(
      "5. Derivatives at x = 0.2, by the numbers of its bin; each beside GSL's differences");
  chapter_table("by", 2, head);
  for (int k = 0; k < SIX; k++) {
    chapter_row("%s", label[k]);
    for (int of_log = 0; of_log < 2; of_log++) {
      moved m = {b, k, of_log};
      const gsl_function f = {along, &m};
      char name[16];
      double slope, error;
      gsl_deriv_central(&f, at[k], 1e-3, &slope, &error);
      snprintf(name, sizeof name, "%s_%d", kind[of_log], k + 1);
      chapter_cell(name, d[of_log][k]);
      chapter_claim("GSL", slope, 1e-9);
    }
  }
}

/* The library's density of x_2 */
static double density(double x, void *flow) {
  const double at[2] = {0, x};
  double log_p;
  nf_flow_log_prob(flow, 1, at, &log_p, &e);
  return exp(log_p + LN_2PI / 2);
}

static void coupling(nf_flow *flow) {
  const double x[2] = {0.5, -1.5};
  double log_p, integral, error, ends[] = {-9, -2, -1, 0.5, 2, 9}; /* it has kinks at knots */
  nf_flow_log_prob(flow, 1, x, &log_p, &e);
  chapter_need(&e);
  gsl_integration_workspace *work = gsl_integration_workspace_alloc(100);
  const gsl_function p = {density, flow};
  gsl_integration_qagp(&p, ends, 6, 1e-12, 0, 100, work, &integral, &error);
  gsl_integration_workspace_free(work);
  const double z = value_of(&example, x[1]);
  chapter_section(
      "6. A coupling layer: x = (0.5, -1.5), z_1 = x_1, z_2 = f(x_2) with the three bins");
  chapter_value("log_p", -LN_2PI - (x[0] * x[0] + z * z) / 2 + log(slope_of(&example, x[1])),
                "-log 2π - ‖z‖²/2 + log f'(x_2)");
  chapter_claim("library: nf_flow_log_prob", log_p, 1e-14);
  chapter_claim(
      "GSL: φ(x_1)·φ(z_2)·f'",
      log(gsl_ran_ugaussian_pdf(x[0]) * gsl_ran_ugaussian_pdf(z) * slope_of(&example, x[1])),
      1e-14);
  chapter_unrecorded("integral", integral, "∫ p of x_2 by GSL, from knot to knot");
  chapter_claim("a density", 1, 1e-12);
}

/* --- columns for figures ---------------------------------------------------------------------- */

static void plot_map(void) {
  for (int i = 0; i <= 600; i++) {
    const double x = -3 + i / 100.0, y = value_of(&example, x), slope = slope_of(&example, x);
    printf("%.3f %.6g %.6g %.6g %.6g\n", x, y, slope, gsl_ran_ugaussian_pdf(y) * slope,
           gsl_ran_ugaussian_pdf(x));
  }
}

static void plot_knots(void) {
  for (int k = 0; k <= BINS; k++)
    printf("%g %g %g\n", example.x[k], example.y[k], example.slope[k]);
}

static void trace(void) {
  static const double x[2] = {0.5, -1.5};
  double raw[RAW];
  raw_of(&example, raw);
  nf_flow *flow = library(raw);
  chapter_trace("x = (0.5, -1.5) through a coupling layer of splines", flow, 0, x);
  nf_flow_free(flow);
}

int main(int argc, char **argv) {
  static const chapter_plot plots[] = {
      {"map", "x, y, dy/dx, density of x, base density, on the line", plot_map},
      {"knots", "x, y and slope of the four knots", plot_knots},
      {0}};
  gsl_set_error_handler_off();
  chapter_begin(argc, argv,
                &(chapter){.number = 11,
                           .title = "Splines",
                           .notes = "(11.1)-(11.13)",
                           .about = "A monotone rational-quadratic spline of three bins: value, "
                                    "slope, inverse, derivatives,\nknots from raw numbers, what "
                                    "rounding does to its inverse, and the coupling layer.",
                           .plots = plots,
                           .trace = trace});
  double raw[RAW];
  raw_of(&example, raw);
  nf_flow *flow = library(raw);
  three_bins(flow);
  inverse(flow);
  rounding();
  raw_numbers();
  six_derivatives();
  coupling(flow);
  nf_flow_free(flow);
  return chapter_end();
}
