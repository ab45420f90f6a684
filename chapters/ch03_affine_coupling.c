/* Chapter 3 (NOTES (3.1)-(3.9)). The affine coupling layer in the plane. x₁ is
 * unchanged, and x₂ is scaled and shifted by functions of x₁, here s(x₁) = x₁/2 and t(x₁) = x₁/5:
 *
 *   z₁ = x₁,  z₂ = x₂·exp s(x₁) + t(x₁)        J = [ 1      0     ]     log|det J| = s(x₁)
 *   x₁ = z₁,  x₂ = (z₂ - t(z₁))·exp(-s(z₁))        [ ∂z₂/∂x₁  eˢ ]
 *
 * Then the same by the library's coupling layer with a linear conditioner, by a Jacobian by
 * differences with an LU determinant, and by the density of x₂ given x₁, which is Gaussian. And a
 * bound of the rounding error of log p_X. */
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdio.h>

#include "chapter.h"
#include "chapter_rounding.h"
#include "flow/flow.h"
#include "verify/density.h"
#include "verify/jacobian.h"

static nf_error e; /* of all calls of the library; chapter_need ends the program when it is set */

static const double x[2] = {0.5, -1};

static double s(double x1) { return 0.5 * x1; }
static double t(double x1) { return 0.2 * x1; }

static void forward(const double in[2], double z[2]) {
  z[0] = in[0];
  z[1] = in[1] * exp(s(in[0])) + t(in[0]);
}
static void inverse(const double z[2], double out[2]) {
  out[0] = z[0];
  out[1] = (z[1] - t(z[0])) * exp(-s(z[0]));
}
static double log_p(double x1, double x2) {
  const double in[2] = {x1, x2};
  double z[2];
  forward(in, z);
  return -log(2 * M_PI) - (z[0] * z[0] + z[1] * z[1]) / 2 + s(x1);
}

/* The library's flow: coupling with s and t in one linear map of x₁, rows s, t. */
static nf_flow *library(void) {
  nf_net *net = nf_linear_new(nf_point(1), nf_point(2), &e);
  nf_bijector *layer = nf_coupling_new(nf_point(2), NF_CHANNEL, NF_SCALE_EXP, net, &e);
  nf_flow *flow = nf_flow_new(layer, 0, &e);
  chapter_need(&e);
  const double weight_and_bias[4] = {0.5, 0.2, 0, 0};
  for (int i = 0; i < 4; i++) nf_flow_param(flow)[i] = weight_and_bias[i];
  return flow;
}

/* --- the same operations with a bound of their roundings (chapter_rounding.h) ---------------- */

static rounded rounded_log_p(double u) {
  const rounded x1 = rounded_ratio(u, 1, 2), x2 = rounded_ratio(u, -1, 1);
  const rounded s1 = rounded_mul(rounded_ratio(u, 1, 2), x1);
  const rounded t1 = rounded_mul(rounded_ratio(u, 1, 5), x1);
  const rounded z2 = rounded_add(rounded_mul(x2, rounded_exp(s1)), t1);
  const rounded norm_sq = rounded_add(rounded_mul(x1, x1), rounded_mul(z2, z2));
  return rounded_sub(s1, rounded_add(rounded_log_2pi(u), rounded_half(norm_sq)));
}

/* --- pictures ------------------------------------------------------------------------------- */

/* a b p_X(a, b) p_Z(a, b) on a grid, a blank line after each row. */
static void plot_density(void) {
  const int n = 240;
  for (int i = 0; i <= n; i++) {
    const double x2 = -4 + 8.0 * i / n;
    for (int j = 0; j <= n; j++) {
      const double x1 = -4 + 8.0 * j / n;
      const double p_z = exp(-(x1 * x1 + x2 * x2) / 2) / (2 * M_PI);
      printf("%.6g %.6g %.6g %.6g\n", x1, x2, exp(log_p(x1, x2)), p_z);
    }
    putchar('\n');
  }
}

static void plot_point(double x1, double x2) {
  const double in[2] = {x1, x2};
  double z[2];
  forward(in, z);
  printf("%.10g %.10g %.10g %.10g %.10g\n", x1, x2, z[0], z[1], s(x1));
}

/* Lines of a square grid and their images: x₁ x₂ z₁ z₂ log|det J|, a blank line after each. */
static void plot_grid(void) {
  for (int i = -8; i <= 8; i++, putchar('\n'))
    for (int j = -1; j <= 1; j++) plot_point(i / 4.0, j);
  for (int i = -4; i <= 4; i++, putchar('\n'))
    for (int j = -40; j <= 40; j++) plot_point(j / 20.0, i / 4.0);
}

static void trace(void) {
  nf_flow *flow = library();
  chapter_trace("x = (0.5, -1) through one coupling layer", flow, 0, x);
  nf_flow_free(flow);
}

int main(int argc, char **argv) {
  const chapter_plot plots[] = {{"density", "a b p_X(a, b) p_Z(a, b) on a grid", plot_density},
                                {"grid", "x_1 x_2 z_1 z_2 log|det J| along grid lines", plot_grid},
                                {0}};
  chapter_begin(argc, argv,
                &(chapter){.number = 3,
                           .title = "The affine coupling layer",
                           .notes = "(3.1)-(3.9)",
                           .about = "A point of the plane through one coupling layer, and back.",
                           .plots = plots,
                           .trace = trace});
  nf_flow *flow = library();
  nf_work work = {0};
  double lib_z[2], lib_log_det, lib_log_p, lib_back[2], j[4], integral, change;
  nf_flow_forward(flow, 1, x, lib_z, &lib_log_det, &e);
  nf_flow_log_prob(flow, 1, x, &lib_log_p, &e);
  nf_flow_inverse(flow, 1, lib_z, lib_back, NULL, &e);
  chapter_need(&e);
  const nf_batch point = nf_flow_batch(flow, 1, x);
  chapter_need_ok(nf_verify_jacobian(flow->bijector, &point, j, &work), "nf_verify_jacobian");
  chapter_need_ok(nf_verify_integral(flow, 1e-9, &integral, &change), "nf_verify_integral");

  chapter_section("1. Forward: z₁ = x₁,  z₂ = x₂·exp s(x₁) + t(x₁)");
  chapter_text("  x = (0.5, -1),  s(x₁) = 0.5 x₁ = 0.25,  t(x₁) = 0.2 x₁ = 0.1\n");
  double z[2];
  forward(x, z);
  chapter_value("z_1", z[0], "x₁, unchanged");
  chapter_value("z_2", z[1], "-1·e^0.25 + 0.1");
  chapter_exact(1e-14);
  chapter_claim("library: nf_coupling", lib_z[1], 1e-14);

  chapter_section("2. The Jacobian is triangular");
  chapter_text("  J = [ 1              0  ]");
  chapter_text("      [ x₂eˢ·s′ + t′   eˢ ]\n");
  chapter_unrecorded("dz_1/dx_2", 0, "z₁ does not depend on x₂");
  chapter_claim("GSL: differences", j[1], 1e-12);
  chapter_unrecorded("dz_2/dx_1", x[1] * exp(s(x[0])) * 0.5 + 0.2, "x₂eˢ·0.5 + 0.2: not in det J");
  chapter_claim("GSL: differences", j[2], 1e-10);
  chapter_value("det_J", exp(s(x[0])), "1·e^s(x₁), whatever stands below the diagonal");

  chapter_section("3. The log-determinant is a sum: log|det J| = Σ s");
  chapter_value("log_abs_det", s(x[0]), "s(x₁), a sum of one term");
  chapter_claim("library: nf_coupling", lib_log_det, 1e-14);
  chapter_claim("GSL: differences, then LU", nf_verify_log_abs_det(2, j), 1e-10);

  chapter_section(
      "4. Inverse: x₂ = (z₂ - t(z₁))·exp(-s(z₁)).  Generation runs the layer backwards");
  double back[2];
  inverse(z, back);
  chapter_unrecorded("x_1", back[0], "z₁");
  chapter_claim("where we started", x[0], 0);
  chapter_unrecorded("x_2", back[1], "(z₂ - t(z₁))·exp(-s(z₁)): s and t once more");
  chapter_claim("where we started", x[1], 1e-14);
  chapter_claim("library: nf_flow_inverse", lib_back[1], 1e-14);

  chapter_section("The density");
  const double norm_sq = z[0] * z[0] + z[1] * z[1], log_p_z = -log(2 * M_PI) - norm_sq / 2;
  chapter_value("z_norm_sq", norm_sq, "z₁² + z₂²");
  chapter_value("log_p_z", log_p_z, "-log 2π - ‖z‖²/2");
  chapter_value("log_p_x", log_p_z + s(x[0]), "log p_Z(z) + log|det J|");
  chapter_exact(1e-14);
  chapter_claim("library: nf_flow_log_prob", lib_log_p, 1e-14);
  const double width = exp(-s(x[0])); /* x₂ given x₁ is N(-t·e⁻ˢ, e⁻²ˢ) */
  chapter_claim(
      "GSL: N(0, 1)·N(-t·e⁻ˢ, e⁻²ˢ)",
      log(gsl_ran_ugaussian_pdf(x[0])) + log(gsl_ran_gaussian_pdf(x[1] + t(x[0]) * width, width)),
      1e-14);
  chapter_unrecorded("integral", integral, "∫∫ p_X dx₁dx₂ over the plane, GSL quadrature");
  chapter_claim("a density", 1, 1e-9);
  chapter_exact(1e-9);
  chapter_rounding("ch03_log_p_x", log_p_z + s(x[0]), rounded_log_p);
  nf_work_free(&work);
  nf_flow_free(flow);
  return chapter_end();
}
