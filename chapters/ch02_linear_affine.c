/* Chapter 2 (NOTES (2.1)-(2.5)). The linear flow z = A x + b in the plane, first as a student would
 * do it with a pencil:
 *
 *   det A = a₁₁a₂₂ - a₁₂a₂₁      log p_X(x) = log p_Z(z) + log|det A|
 *
 * Then the same by the library's affine layer, and by GSL in two ways that do not use the formula:
 * a Jacobian by differences with an LU determinant, and the density of x itself, which is Gaussian
 * with mean -A⁻¹b and covariance (AᵀA)⁻¹. And a bound of the rounding error of log p_X. */
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdio.h>

#include "chapter.h"
#include "chapter_rounding.h"

static nf_error e; /* of all calls of the library; chapter_need ends the program when it is set */

static const double A[2][2] = {{2, 0.5}, {0.1, 1.5}}, b[2] = {0.3, -0.2}, x[2] = {0.5, -1};

static void map(const double *in, double *z) {
  z[0] = A[0][0] * in[0] + A[0][1] * in[1] + b[0];
  z[1] = A[1][0] * in[0] + A[1][1] * in[1] + b[1];
}

/* --- the library ---------------------------------------------------------------------------- */

static nf_flow *linear_flow(void) {
  nf_flow *flow = nf_flow_new(nf_affine_new(nf_point(2), &e), 0, &e);
  chapter_need(&e);
  const double weight_and_bias[6] = {A[0][0], A[0][1], A[1][0], A[1][1], b[0], b[1]};
  for (int i = 0; i < 6; i++) nf_flow_param(flow)[i] = weight_and_bias[i];
  return flow;
}

static void library(double z[2], double back[2], double *log_abs_det, double *log_p) {
  nf_flow *flow = linear_flow();
  nf_flow_log_prob(flow, 1, x, log_p, &e);
  nf_flow_forward(flow, 1, x, z, log_abs_det, &e);
  nf_flow_inverse(flow, 1, z, back, NULL, &e);
  chapter_need(&e);
  nf_flow_free(flow);
}

/* --- GSL ------------------------------------------------------------------------------------ */

/* log N(x; -A⁻¹b, C),  C = (AᵀA)⁻¹ = A⁻¹A⁻ᵀ */
static double gaussian(void) {
  const double det = A[0][0] * A[1][1] - A[0][1] * A[1][0];
  const double inv[2][2] = {{A[1][1] / det, -A[0][1] / det}, {-A[1][0] / det, A[0][0] / det}};
  const double off_1 = x[0] + inv[0][0] * b[0] + inv[0][1] * b[1];
  const double off_2 = x[1] + inv[1][0] * b[0] + inv[1][1] * b[1];
  const double sigma_1 = hypot(inv[0][0], inv[0][1]), sigma_2 = hypot(inv[1][0], inv[1][1]);
  const double c_12 = inv[0][0] * inv[1][0] + inv[0][1] * inv[1][1];
  return log(
      gsl_ran_bivariate_gaussian_pdf(off_1, off_2, sigma_1, sigma_2, c_12 / (sigma_1 * sigma_2)));
}

/* --- the same operations with a bound of their roundings (chapter_rounding.h) -------------- */

/* a₁x₁ + a₂x₂ + b of numbers in tenths */
static rounded row(double u, double a1, double a2, double b_tenths) {
  const rounded x1 = rounded_ratio(u, 5, 10), x2 = rounded_ratio(u, -10, 10);
  return rounded_add(rounded_add(rounded_mul(rounded_ratio(u, a1, 10), x1),
                                 rounded_mul(rounded_ratio(u, a2, 10), x2)),
                     rounded_ratio(u, b_tenths, 10));
}

static rounded rounded_log_p(double u) {
  const rounded z1 = row(u, 20, 5, 3), z2 = row(u, 1, 15, -2);
  const rounded det = rounded_sub(rounded_mul(rounded_ratio(u, 20, 10), rounded_ratio(u, 15, 10)),
                                  rounded_mul(rounded_ratio(u, 5, 10), rounded_ratio(u, 1, 10)));
  const rounded norm_sq = rounded_add(rounded_mul(z1, z1), rounded_mul(z2, z2));
  const rounded minus_log_p_z = rounded_add(rounded_log_2pi(u), rounded_half(norm_sq));
  return rounded_sub(rounded_log(det), minus_log_p_z);
}

/* --- pictures ------------------------------------------------------------------------------- */

static void plot_point(double x1, double x2) {
  const double in[2] = {x1, x2};
  double z[2];
  map(in, z);
  printf("%.10g %.10g %.10g %.10g\n", x1, x2, z[0], z[1]);
}

/* The unit square's corners, then lines inside it, and what becomes of them: x_1 x_2 z_1 z_2. */
static void plot_square(void) {
  for (int i = 0; i < 5; i++) plot_point(i == 1 || i == 2, i == 2 || i == 3);
  printf("\n\n");
  for (int i = 0; i <= 4; i++) {
    plot_point(i / 4.0, 0), plot_point(i / 4.0, 1), putchar('\n');
    plot_point(0, i / 4.0), plot_point(1, i / 4.0), putchar('\n');
  }
}

static void trace(void) {
  nf_flow *flow = linear_flow();
  chapter_trace("x = (0.5, -1) through one affine layer", flow, 0, x);
  nf_flow_free(flow);
}

int main(int argc, char **argv) {
  const chapter_plot plots[] = {{"square", "the unit square and its image", plot_square}, {0}};
  chapter_begin(
      argc, argv,
      &(chapter){.number = 2,
                 .title = "The linear flow z = A x + b",
                 .notes = "(2.1)-(2.5)",
                 .about = "A point of the plane through an affine map: z, det A and log p.",
                 .plots = plots,
                 .trace = trace});
  double lib_z[2], lib_back[2], lib_log_det, lib_log_p;
  library(lib_z, lib_back, &lib_log_det, &lib_log_p);

  chapter_section("The point, by hand");
  chapter_text("  A = [ 2    0.5 ]    b = [  0.3 ]    x = [  0.5 ]");
  chapter_text("      [ 0.1  1.5 ]        [ -0.2 ]        [ -1   ]\n");
  double z[2];
  map(x, z);
  chapter_value("z_1", z[0], "a₁₁x₁ + a₁₂x₂ + b₁");
  chapter_claim("library: nf_affine", lib_z[0], 1e-14);
  chapter_value("z_2", z[1], "a₂₁x₁ + a₂₂x₂ + b₂");
  chapter_claim("library: nf_affine", lib_z[1], 1e-14);

  chapter_section("How much the map stretches area");
  const double det = A[0][0] * A[1][1] - A[0][1] * A[1][0];
  chapter_value("det_A", det, "a₁₁a₂₂ - a₁₂a₂₁");
  const double log_abs_det = log(fabs(det));
  chapter_value("log_abs_det", log_abs_det, "log|det A|");
  chapter_exact(1e-14);
  chapter_claim("library: nf_affine, by LU", lib_log_det, 1e-14);
  chapter_claim("GSL: differences, then LU", chapter_log_det(map, 2, x, 1e-2), 1e-10);

  chapter_section("The density");
  const double norm_sq = z[0] * z[0] + z[1] * z[1];
  chapter_value("z_norm_sq", norm_sq, "z₁² + z₂²");
  const double log_p_z = -log(2 * M_PI) - norm_sq / 2;
  chapter_value("log_p_z", log_p_z, "-log 2π - ‖z‖²/2");
  const double log_p_x = log_p_z + log_abs_det;
  chapter_value("log_p_x", log_p_x, "log p_Z(z) + log|det A|");
  chapter_exact(1e-14);
  chapter_claim("library: nf_flow_log_prob", lib_log_p, 1e-14);
  chapter_claim("GSL: x is N(-A⁻¹b, (AᵀA)⁻¹)", gaussian(), 1e-13);

  chapter_rounding("ch02_log_p_x", log_p_x, rounded_log_p);

  chapter_section("The inverse: solve A x = z - b");
  chapter_text("  Eliminate x₁ from r = z - b, then put x₂ in.\n");
  const double r[2] = {z[0] - b[0], z[1] - b[1]};
  const double back_2 = (r[1] - A[1][0] / A[0][0] * r[0]) / (det / A[0][0]);
  chapter_unrecorded("x_2", back_2, "(r₂ - a₂₁r₁/a₁₁) / (det A/a₁₁)");
  chapter_claim("where we started", x[1], 1e-14);
  chapter_unrecorded("x_1", (r[0] - A[0][1] * back_2) / A[0][0], "(r₁ - a₁₂x₂) / a₁₁");
  chapter_claim("where we started", x[0], 1e-14);
  chapter_claim("library: nf_flow_inverse", lib_back[0], 1e-14);
  return chapter_end();
}
