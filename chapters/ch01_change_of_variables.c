/* Chapter 1 (NOTES (1.1)-(1.12)). One bijection of the line, f(x) = sinh⁻¹ x, worked by hand:
 *
 *   z = log(x + √(1+x²))      dz/dx = 1/√(1+x²)      p_X(x) = p_Z(f(x))·|dz/dx|
 *
 * Where 1 + x² is a square everything is a fraction: x = 3/4 gives z = log 2 and dz/dx = 4/5.
 * Then d such coordinates in log form, by hand and by the library, for which sinh⁻¹ becomes a
 * layer of its own in a dozen lines. */
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_math.h>
#include <math.h>
#include <stdio.h>

#include "chapter.h"

static nf_error e; /* of all calls of the library; chapter_need ends the program when it is set */

static double f(double x) { return log(x + sqrt(1 + x * x)); }
static double slope(double x) { return 1 / sqrt(1 + x * x); }
static double p_z(double z) { return exp(-z * z / 2) / sqrt(2 * M_PI); }
static double p_x(double x, void *unused) {
  (void)unused;
  return p_z(f(x)) * slope(x);
}

/* --- the library: sinh⁻¹ as a layer ----------------------------------------------------------- */

/* z = sinh⁻¹ x in every dimension;   log|det J| = -Σ log(1+x²)/2 */
static int layer_forward(const nf_bijector *self, nf_batch *x, double *log_det, nf_work *work) {
  (void)self, (void)work;
  const size_t d = nf_shape_size(x->shape);
  for (size_t i = 0; i < x->n; i++)
    for (double *v = nf_batch_sample(x, i), *end = v + d; v < end; v++) {
      log_det[i] -= log1p(*v * *v) / 2;
      *v = asinh(*v);
    }
  return NF_OK;
}
static int layer_inverse(const nf_bijector *self, nf_batch *z, double *log_det, nf_work *work) {
  (void)self, (void)work;
  const size_t d = nf_shape_size(z->shape);
  for (size_t i = 0; i < z->n; i++)
    for (double *v = nf_batch_sample(z, i), *end = v + d; v < end; v++) {
      log_det[i] += log(cosh(*v));
      *v = sinh(*v);
    }
  return NF_OK;
}
static const nf_bijector_type sinh_layer = {
    .name = "asinh", .forward = layer_forward, .inverse = layer_inverse};

static nf_flow *library(size_t d) {
  const nf_shape shape = nf_point(d);
  nf_bijector *layer = nf_bijector_new(&sinh_layer, sizeof *layer, shape, shape, &e);
  nf_flow *flow = nf_flow_new(layer, 0, &e);
  chapter_need(&e);
  return flow;
}

/* --- GSL ------------------------------------------------------------------------------------ */

/* P(X ≤ x) = Φ(f(x)), since f is increasing; its slope is p_X. */
static double cdf(double x, void *unused) {
  (void)unused;
  return gsl_cdf_ugaussian_P(f(x));
}

/* ∫ p_X from a to b, or over the whole line when a = b. */
static double mass(double a, double b) {
  gsl_integration_workspace *w = gsl_integration_workspace_alloc(400);
  gsl_function g = {p_x, NULL};
  double sum = NAN, error;
  const int status =
      a < b ? gsl_integration_qag(&g, a, b, 0, 1e-12, 400, GSL_INTEG_GAUSS31, w, &sum, &error)
            : gsl_integration_qagi(&g, 0, 1e-10, 400, w, &sum, &error);
  gsl_integration_workspace_free(w);
  if (status) chapter_fail("quadrature: %s", gsl_strerror(status));
  return sum;
}

/* --- pictures ------------------------------------------------------------------------------- */

/* Strips of equal width in z, with equal areas on both sides: z p_Z x p_X, two blank lines after
 * each strip. */
static void plot_stretch(void) {
  for (int strip = -5; strip < 5; strip++, printf("\n\n"))
    for (int i = 0; i <= 40; i++) {
      const double z = 0.5 * strip + i / 80.0, x = sinh(z);
      printf("%.10g %.10g %.10g %.10g\n", z, p_z(z), x, p_x(x, NULL));
    }
}

static void trace(void) {
  double point[4] = {3.0 / 4, 4.0 / 3, -12.0 / 5, 15.0 / 8};
  nf_flow *flow = library(4);
  chapter_trace("Four coordinates through sinh⁻¹", flow, 0, point);
  nf_flow_free(flow);
}

int main(int argc, char **argv) {
  const chapter_plot plots[] = {
      {"stretch", "z p_Z x p_X in strips of equal width in z", plot_stretch}, {0}};
  chapter_begin(
      argc, argv,
      &(chapter){.number = 1,
                 .title = "Change of variables",
                 .notes = "(1.1)-(1.12)",
                 .about = "z = sinh⁻¹ x by hand: how stretching an axis lowers a density.",
                 .plots = plots,
                 .trace = trace});
  gsl_set_error_handler_off();

  chapter_section("One point, by hand: x = 3/4");
  chapter_text("  Base p_Z = N(0, 1), data to latent z = f(x) = sinh⁻¹ x = log(x + √(1+x²)).");
  chapter_text("  Probability is conserved: p_X(x)·dx = p_Z(z)·dz, so p_X = p_Z·|dz/dx|.\n");
  const double x = 0.75, z = f(x);
  chapter_value("z", z, "log(3/4 + 5/4) = log 2");
  chapter_exact(1e-14);
  chapter_value("dz_dx", slope(x), "1/√(1 + 9/16) = 4/5");
  chapter_value("p_z", p_z(z), "exp(-z²/2)/√2π: the height before");
  chapter_value("p_x", p_x(x, NULL), "4/5 of it: the height after");
  chapter_exact(1e-14);
  chapter_claim("GSL: slope of P(X ≤ x) = Φ(f(x))", chapter_slope(cdf, NULL, x, 1e-3), 1e-10);

  chapter_section("A strip: the height falls where the width grows");
  const double a = 0.75, b = 4.0 / 3, under = (erf(f(b) / M_SQRT2) - erf(f(a) / M_SQRT2)) / 2;
  chapter_value("width_z", f(b) - f(a), "log 3 - log 2");
  chapter_value("width_x", b - a, "4/3 - 3/4: the same strip, wider");
  chapter_value("mass", under, "Φ(log 3) - Φ(log 2): the same on both sides");
  chapter_exact(1e-14);
  chapter_claim("GSL: ∫ p_X from 3/4 to 4/3", mass(a, b), 1e-12);
  chapter_value("mean_height_z", under / (f(b) - f(a)), "mass / width_z");
  chapter_value("mean_height_x", under / (b - a), "mass / width_x: lower");
  const double total = mass(0, 0);
  chapter_unrecorded("integral", total, "∫ p_X over the whole line, GSL quadrature");
  chapter_claim("still a density", 1, 1e-9);
  chapter_exact(1e-9);

  chapter_section("d dimensions, in logs: log p_X(x) = log p_Z(f(x)) + log|det ∂f/∂x|");
  chapter_text("  Four coordinates, each through sinh⁻¹: J is diagonal, so its log-det is a sum.");
  double point[4] = {3.0 / 4, 4.0 / 3, -12.0 / 5, 15.0 / 8};
  const char *const label[4] = {"x₁ = 3/4", "x₂ = 4/3", "x₃ = -12/5", "x₄ = 15/8"};
  const char *const names[4][3] = {{"z_1", "log_slope_1", "log_p_z_1"},
                                   {"z_2", "log_slope_2", "log_p_z_2"},
                                   {"z_3", "log_slope_3", "log_p_z_3"},
                                   {"z_4", "log_slope_4", "log_p_z_4"}};
  chapter_table("coordinate", 3, (const char *[]){"zᵢ", "log dzᵢ/dxᵢ", "log p_Z(zᵢ)"});
  double log_abs_det = 0, log_p_z = 0;
  for (int i = 0; i < 4; i++) {
    const double zi = f(point[i]);
    chapter_row("%s", label[i]);
    chapter_cell(names[i][0], zi);
    chapter_cell(names[i][1], log(slope(point[i])));
    chapter_cell(names[i][2], log(p_z(zi)));
    log_abs_det += log(slope(point[i]));
    log_p_z += log(p_z(zi));
  }
  nf_flow *flow = library(4);
  double lib_log_p, lib_log_det;
  nf_flow_log_prob(flow, 1, point, &lib_log_p, &e);
  nf_flow_forward(flow, 1, point, NULL, &lib_log_det, &e);
  chapter_need(&e);
  chapter_value("log_abs_det", log_abs_det, "log(4/5 · 3/5 · 5/13 · 8/17)");
  chapter_exact(1e-14);
  chapter_claim("library: a layer sinh⁻¹", lib_log_det, 1e-14);
  chapter_value("log_p_z", log_p_z, "-(‖z‖² + 4 log 2π)/2");
  chapter_value("log_p_x", log_p_z + log_abs_det, "log p_Z(z) + log|det J|");
  chapter_exact(1e-14);
  chapter_claim("library: nf_flow_log_prob", lib_log_p, 1e-14);
  nf_flow_free(flow);
  return chapter_end();
}
