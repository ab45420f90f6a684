/* Chapter 11 (NOTES (11.1)-(11.13)). Monotone rational-quadratic splines: between two knots, with t
 * from 0 to 1, u = 1 - t and s the slope of the chord,
 *
 *   y = y_0 + (y_1 - y_0)·(s t² + δ_0 t u)/(s (t² + u²) + (δ_0 + δ_1) t u)
 *
 * Three bins by hand (chapter_spline.c): value and slope; the inverse by both forms of the root,
 * and what rounding does to them; knots from raw numbers; the derivatives by the six numbers of a
 * bin; the spline in a coupling layer. Beside them stand the library's layer, differences, a
 * bracketing root finder and quadrature by GSL. */
#include <gsl/gsl_deriv.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_roots.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "chapter.h"
#include "chapter_spline.h"
#include "flow/flow.h"

static nf_error e; /* of all calls of the library; chapter_need ends the program when it is set */

static const spline example = {{-2, -1, 0.5, 2}, {-2, -0.5, 0.8, 2}, {1, 0.6, 1.5, 1}};

/* --- the library ------------------------------------------------------------------------------ */

/* A coupling layer of R² whose net is constant: x_1 passes, x_2 is mapped by the spline of raw. */
static nf_flow *library(const double *raw) {
  const nf_shape plane = nf_point(2);
  nf_net *net = nf_linear_new(nf_coupling_net_in(plane, NF_CHANNEL),
                              nf_spline_coupling_net_out(plane, NF_CHANNEL, SPLINE_BINS), &e);
  nf_flow *flow = nf_flow_new(
      nf_spline_coupling_new(plane, NF_CHANNEL, SPLINE_BINS, SPLINE_BOUND, net, &e), 0, &e);
  chapter_need(&e);
  memset(nf_flow_param(flow), 0, SPLINE_RAW * sizeof(double)); /* the weights; then the biases */
  memcpy(nf_flow_param(flow) + SPLINE_RAW, raw, SPLINE_RAW * sizeof(double));
  return flow;
}

static nf_flow *library_of_example(void) {
  double raw[SPLINE_RAW];
  spline_to_raw(&example, raw);
  return library(raw);
}

/* x_2 of (0, x) through it, and its log-slope */
static double through(nf_flow *flow, double x, double *log_slope) {
  const double in[2] = {0, x};
  double out[2];
  nf_flow_forward(flow, 1, in, out, log_slope, &e);
  chapter_need(&e);
  return out[1];
}

/* --- values and slopes (11.2), (11.3) --------------------------------------------------------- */

/* f(x) - y, for GSL */
static double above(double x, void *y) { return spline_value(&example, x) - *(double *)y; }

static void three_bins(nf_flow *flow) {
  static const double x[] = {-1.5, -1, 0.2, 1.2, 2.5};
  chapter_section(
      "1. Three bins: knots x (-2, -1, 0.5, 2), y (-2, -0.5, 0.8, 2), slopes (1, 0.6, 1.5, 1)");
  chapter_text("  Each y beside that of the library's layer, each slope beside GSL's differences.");
  chapter_table("x", 3, (const char *const[]){"y", "dy/dx", "log dy/dx"});
  for (int i = 0; i < 5; i++) {
    const bool is_knot = x[i] == -1, is_tail = x[i] > SPLINE_BOUND;
    double log_slope, slope, error, zero = 0;
    const double y = through(flow, x[i], &log_slope);
    const gsl_function f = {above, &zero};
    /* a knot from the right, where the formula of its bin holds */
    (is_knot ? gsl_deriv_forward : gsl_deriv_central)(&f, x[i], 1e-4, &slope, &error);
    chapter_row(is_knot ? "%g, a knot" : is_tail ? "%g, a tail" : "%g", x[i]);
    chapter_cell(chapter_name("y_%d", i + 1), spline_value(&example, x[i]));
    chapter_claim("library", y, 1e-14);
    chapter_cell(chapter_name("slope_%d", i + 1), spline_slope(&example, x[i]));
    chapter_claim("GSL", slope, is_knot ? 1e-6 : 1e-9);
    chapter_cell(chapter_name("log_slope_%d", i + 1), log(spline_slope(&example, x[i])));
    chapter_claim("library", log_slope, 1e-14);
  }
}

/* --- the inverse (11.4), (11.5) --------------------------------------------------------------- */

/* x with f(x) = y, by GSL */
static double bracketed(double y) {
  gsl_function g = {above, &y};
  gsl_root_fsolver *s = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);
  gsl_root_fsolver_set(s, &g, -SPLINE_BOUND, SPLINE_BOUND);
  for (int i = 0; i < 100; i++) gsl_root_fsolver_iterate(s);
  const double root = gsl_root_fsolver_root(s);
  gsl_root_fsolver_free(s);
  return root;
}

static void inverse(nf_flow *flow) {
  const double x = 0.2, y = spline_value(&example, x);
  const spline_bin k = spline_bin_at(&example, x);
  const double h = k.y1 - k.y0, w = k.x1 - k.x0, s = h / w, eta = (y - k.y0) / h;
  const double excess = k.d0 + k.d1 - 2 * s;
  const double a = s - k.d0 + eta * excess, b = k.d0 - eta * excess, c = -s * eta;
  const double root = sqrt(b * b - 4 * a * c), gamma = k.d0 * (1 - eta) - k.d1 * eta;
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
  chapter_claim("(δ_0 (1-η) - δ_1 η)² + 4s² η (1-η)", gamma * gamma + 4 * s * s * eta * (1 - eta),
                1e-14);
  chapter_value("t", 2 * c / (-b - root), "2c/(-b - √)");
  chapter_claim("(-b + √)/2a", (-b + root) / (2 * a), 1e-14);
  chapter_claim("(x - x_0)/(x_1 - x_0)", (x - k.x0) / w, 1e-14);
  chapter_value("other_root", (-b - root) / (2 * a), "(-b - √)/2a, which is outside [0, 1]");
  chapter_value("x", k.x0 + w * 2 * c / (-b - root), "x_0 + (x_1 - x_0) t");
  chapter_claim("library: nf_flow_inverse", back[1], 1e-14);
  chapter_claim("GSL: Brent's bracketing", bracketed(y), 1e-12);
}

/* (11.4), (11.6) and (11.7) with all lengths multiplied by h: rise is h η, left is h ρ. */
static void rounding(void) {
  const float w = 0.008131708018481731F, h = 4.781192302703857F, d0 = 0.0010706480825319886F,
              d1 = 0.001969277625903487F, rise = 4.781191825866699F, s = h / w;
  const float excess = d0 + d1 - 2 * s;
  const float a = h * (s - d0) + rise * excess, b = h * d0 - rise * excess, c = -s * rise;
  const float left = h - rise, gamma = d0 * left - d1 * rise;
  const float sum = gamma * gamma + 4 * s * s * rise * left;
  const float q = fabsf(gamma) + sqrtf(sum);
  const double H = h, R = rise, L = H - R, S = H / w, G = d0 * L - d1 * R; /* in double */
  const double exact_sum = G * G + 4 * S * S * R * L, Q = fabs(G) + sqrt(exact_sum);
  chapter_section("3. The same in float, near the end of a steep bin (nflows, issue 87)");
  chapter_value("float_width", (double)w, "x_1 - x_0");
  chapter_value("float_height", (double)h, "y_1 - y_0");
  chapter_value("float_slope_0", (double)d0, "δ_0");
  chapter_value("float_slope_1", (double)d1, "δ_1");
  chapter_value("float_rise", (double)rise, "y - y_0");
  chapter_value("float_b2_4ac", (double)(b * b - 4 * a * c), "b² - 4ac: its root is no number");
  chapter_value("exact_b2_4ac", exact_sum, "the same float numbers, in double");
  chapter_value("float_squares", (double)sum, "(δ_0 ρ - δ_1 η)² + 4s² η ρ, as heights");
  chapter_claim("in double", exact_sum, 3e-6);
  chapter_value("float_t", (double)(q / (q + 2 * s * left)),
                "q/(q + 2sρ),  q = |δ_0 ρ - δ_1 η| + √");
  chapter_claim("in double", Q / (Q + 2 * S * L), 1e-7);
  chapter_claim("with 30 digits", 0.999685965336, 1e-7);
}

/* --- knots from raw numbers (11.8), (11.9) ---------------------------------------------------- */

static void raw_numbers(void) {
  static const double raw[SPLINE_RAW] = {0, 0.3, -0.2, 0.2, 0, -0.1, 0.5, -0.5};
  const double x = 0.5;
  double log_slope;
  spline f;
  spline_of_raw(raw, &f);
  nf_flow *flow = library(raw);
  chapter_section(
      "4. Knots from raw numbers: widths (0, 0.3, -0.2), heights (0.2, 0, -0.1), slopes (0.5, "
      "-0.5)");
  chapter_text("  B = 2, m = 0.001");
  chapter_table("inner knot", 3, (const char *const[]){"x", "y", "slope"});
  for (int k = 1; k < SPLINE_BINS; k++) {
    const double y = through(flow, f.x[k], &log_slope);
    chapter_row("%d", k);
    chapter_cell(chapter_name("knot_x_%d", k), f.x[k]);
    chapter_cell(chapter_name("knot_y_%d", k), f.y[k]);
    chapter_claim("library", y, 1e-14);
    chapter_cell(chapter_name("knot_slope_%d", k), f.slope[k]);
    chapter_claim("library", exp(log_slope), 1e-13);
  }
  const double y = through(flow, x, &log_slope);
  nf_flow_free(flow);
  chapter_value("raw_y", spline_value(&f, x), "f(0.5)");
  chapter_claim("library: nf_spline_coupling", y, 1e-14);
  chapter_value("raw_log_slope", log(spline_slope(&f, x)), "log f'(0.5)");
  chapter_claim("library: nf_spline_coupling", log_slope, 1e-14);
}

/* --- derivatives by the six numbers of a bin (11.10)-(11.12) ---------------------------------- */

static const double at_x = 0.2;

/* y or log y' at x, as a function of one of the six numbers */
typedef struct {
  spline_bin bin;
  int number;
  bool of_log;
} moved;

static double along(double v, void *user) {
  moved m = *(moved *)user;
  double *const number[SPLINE_NUMBERS] = {&m.bin.x0, &m.bin.x1, &m.bin.y0,
                                          &m.bin.y1, &m.bin.d0, &m.bin.d1};
  *number[m.number] = v;
  return m.of_log ? log(spline_slope_in(m.bin, at_x)) : spline_value_in(m.bin, at_x);
}

static void six_derivatives(void) {
  static const char *const label[SPLINE_NUMBERS] = {"x_0", "x_1", "y_0", "y_1", "δ_0", "δ_1"};
  const spline_bin b = spline_bin_at(&example, at_x);
  const double number[SPLINE_NUMBERS] = {b.x0, b.x1, b.y0, b.y1, b.d0, b.d1};
  double dy[SPLINE_NUMBERS], dlog[SPLINE_NUMBERS];
  spline_derivatives(b, at_x, dy, dlog);
  chapter_section(
      "5. Derivatives at x = 0.2, by the numbers of its bin; each beside GSL's differences");
  chapter_table("by", 2, (const char *const[]){"∂y", "∂log y'"});
  for (int k = 0; k < SPLINE_NUMBERS; k++) {
    chapter_row("%s", label[k]);
    chapter_cell(chapter_name("dy_%d", k + 1), dy[k]);
    chapter_claim("GSL", chapter_slope(along, &(moved){b, k, false}, number[k], 1e-3), 1e-9);
    chapter_cell(chapter_name("dlog_%d", k + 1), dlog[k]);
    chapter_claim("GSL", chapter_slope(along, &(moved){b, k, true}, number[k], 1e-3), 1e-9);
  }
}

/* --- a coupling layer (11.13) ----------------------------------------------------------------- */

/* The library's density of x_2 */
static double density(double x, void *flow) {
  const double at[2] = {0, x};
  double log_p;
  nf_flow_log_prob(flow, 1, at, &log_p, &e);
  return exp(log_p + LN_2PI / 2);
}

static const double point[2] = {0.5, -1.5};

static void coupling(nf_flow *flow) {
  double log_p, integral, error, ends[] = {-9, -2, -1, 0.5, 2, 9}; /* it has kinks at knots */
  nf_flow_log_prob(flow, 1, point, &log_p, &e);
  chapter_need(&e);
  gsl_integration_workspace *work = gsl_integration_workspace_alloc(100);
  const gsl_function p = {density, flow};
  gsl_integration_qagp(&p, ends, 6, 1e-12, 0, 100, work, &integral, &error);
  gsl_integration_workspace_free(work);
  const double z = spline_value(&example, point[1]), slope = spline_slope(&example, point[1]);
  chapter_section(
      "6. A coupling layer: x = (0.5, -1.5), z_1 = x_1, z_2 = f(x_2) with the three bins");
  chapter_value("log_p", -LN_2PI - (point[0] * point[0] + z * z) / 2 + log(slope),
                "-log 2π - ‖z‖²/2 + log f'(x_2)");
  chapter_claim("library: nf_flow_log_prob", log_p, 1e-14);
  chapter_claim("GSL: φ(x_1)·φ(z_2)·f'",
                log(gsl_ran_ugaussian_pdf(point[0]) * gsl_ran_ugaussian_pdf(z) * slope), 1e-14);
  chapter_unrecorded("integral", integral, "∫ p of x_2 by GSL, from knot to knot");
  chapter_claim("a density", 1, 1e-12);
}

/* --- columns for figures ---------------------------------------------------------------------- */

static void plot_map(void) {
  for (int i = 0; i <= 600; i++) {
    const double x = -3 + i / 100.0, y = spline_value(&example, x),
                 slope = spline_slope(&example, x);
    printf("%.3f %.6g %.6g %.6g %.6g\n", x, y, slope, gsl_ran_ugaussian_pdf(y) * slope,
           gsl_ran_ugaussian_pdf(x));
  }
}

static void plot_knots(void) {
  for (int k = 0; k <= SPLINE_BINS; k++)
    printf("%g %g %g\n", example.x[k], example.y[k], example.slope[k]);
}

static void trace(void) {
  nf_flow *flow = library_of_example();
  chapter_trace("x = (0.5, -1.5) through a coupling layer of splines", flow, 0, point);
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
  nf_flow *flow = library_of_example();
  three_bins(flow);
  inverse(flow);
  rounding();
  raw_numbers();
  six_derivatives();
  coupling(flow);
  nf_flow_free(flow);
  return chapter_end();
}
