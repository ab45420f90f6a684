/* Chapter 10 (NOTES (10.1)-(10.12)). Autoregressive flows: value i is transformed by functions of
 * the values before it, so that the Jacobian is triangular,
 *
 *   MAF   z_i = (x_i - μ_i(x_1 … x_{i-1}))·exp(-α_i(x_1 … x_{i-1}))     log|det J| = -Σ α_i
 *   IAF   the same with functions of z_1 … z_{i-1}
 *
 * Both by hand; MADE, whose masks give all μ and α in one pass; the Knothe-Rosenblatt map of a
 * known density, a triangular map that no network approximates; and what the inverse costs. Beside
 * them stand the library's layer, differences with an LU determinant, and quadrature by GSL. */
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "chapter.h"
#include "chapter_kr.h"
#include "chapter_made.h"
#include "chapter_masked.h"
#include "flow/flow.h"
#include "verify/density.h"
#include "verify/jacobian.h"

static nf_error e; /* of all calls of the library; chapter_need ends the program when it is set */

static const double x[3] = {0.5, -1, 0.25}; /* in the plane its first two values */

/* --- MAF in the plane (10.6)-(10.8), and IAF (10.11) ------------------------------------------ */

static const double mu_1 = 0.1, alpha_1 = 0.2;
static double mu(double first) { return 0.5 * first - 0.3; }
static double alpha(double first) { return 0.25 * first; }

static void maf(const double *in, double *z) {
  z[0] = (in[0] - mu_1) * exp(-alpha_1);
  z[1] = (in[1] - mu(in[0])) * exp(-alpha(in[0]));
}

static void iaf(const double *in, double *z) {
  z[0] = (in[0] - mu_1) * exp(-alpha_1);
  z[1] = (in[1] - mu(z[0])) * exp(-alpha(z[0]));
}

static void iaf_inverse(const double *z, double *out) { /* one pass: all arguments are known */
  out[0] = z[0] * exp(alpha_1) + mu_1;
  out[1] = z[1] * exp(alpha(z[0])) + mu(z[0]);
}

/* The library's layer with one hidden path, x₁ where that is positive. It has α = 3·tanh(a/3) of
 * the net's a, here with the α of the example at x₁ = 0.5. */
static nf_flow *library(void) {
  nf_flow *flow = nf_flow_new(nf_autoregressive_new(nf_point(2), NULL, 1, &e), 0, &e);
  chapter_need(&e);
  const double a_1 = 3 * atanh(alpha_1 / 3), a_2 = 3 * atanh(alpha(x[0]) / 3);
  const double parameters[] = {1, 0, 0, 1, 0, 0, 0.5, 0, a_2 / x[0], mu_1, -0.3, a_1, 0};
  memcpy(nf_flow_param(flow), parameters, sizeof parameters);
  return flow;
}

static void masked_autoregressive(void) {
  nf_flow *flow = library();
  double lib_z[2], lib_log_det, lib_log_p, lib_x[2], integral, change, z[2];
  nf_flow_forward(flow, 1, x, lib_z, &lib_log_det, &e);
  nf_flow_log_prob(flow, 1, x, &lib_log_p, &e);
  nf_flow_inverse(flow, 1, lib_z, lib_x, NULL, &e);
  chapter_need(&e);
  chapter_need_ok(nf_verify_integral(flow, 1e-9, &integral, &change), "nf_verify_integral");
  nf_flow_free(flow);

  chapter_section("1. MAF in the plane: z_i = (x_i - μ_i)·exp(-α_i),  μ_i, α_i of x_1 … x_{i-1}");
  chapter_text("  x = (0.5, -1),  μ = (0.1, 0.5 x₁ - 0.3),  α = (0.2, 0.25 x₁)\n");
  maf(x, z);
  chapter_value("maf_z_1", z[0], "(x₁ - 0.1)·e^-0.2");
  chapter_claim("library: nf_autoregressive", lib_z[0], 1e-14);
  chapter_value("maf_z_2", z[1], "(x₂ + 0.05)·e^-0.125");
  chapter_claim("library: nf_autoregressive", lib_z[1], 1e-14);
  const double log_det = -alpha_1 - alpha(x[0]);
  chapter_value("maf_log_det", log_det, "-α₁ - α₂");
  chapter_claim("library: nf_autoregressive", lib_log_det, 1e-14);
  chapter_claim("GSL: differences, then LU", chapter_log_det(maf, 2, x, 1e-3), 1e-9);
  chapter_value("maf_log_p_z", chapter_log_normal(2, z), "-log 2π - ‖z‖²/2");
  chapter_value("maf_log_p", chapter_log_normal(2, z) + log_det, "log p_Z(z) + log|det J|");
  chapter_claim("library: nf_flow_log_prob", lib_log_p, 1e-14);
  chapter_claim("GSL: N(μ₁, e²ᵅ¹)·N(μ₂, e²ᵅ²)",
                log(gsl_ran_gaussian_pdf(x[0] - mu_1, exp(alpha_1))) +
                    log(gsl_ran_gaussian_pdf(x[1] - mu(x[0]), exp(alpha(x[0])))),
                1e-14);
  chapter_unrecorded("integral", integral, "∫∫ p of the library's layer over the plane");
  chapter_claim("a density", 1, 1e-8);

  chapter_section("2. Its inverse: one value after another, or Jacobi iteration from 0");
  double jacobi[2] = {0, 0};
  for (int pass = 1; pass <= 2; pass++) {
    const double first = jacobi[0];
    jacobi[0] = z[0] * exp(alpha_1) + mu_1;
    jacobi[1] = z[1] * exp(alpha(first)) + mu(first);
    if (pass == 1) chapter_value("jacobi_1_x_2", jacobi[1], "z₂·e^α₂(0) + μ₂(0): x₁ was still 0");
  }
  chapter_unrecorded("x_2", jacobi[1], "the same with x₁ = 0.5: exact after d = 2 passes");
  chapter_claim("where we started", x[1], 1e-14);
  chapter_claim("library: nf_flow_inverse", lib_x[1], 1e-14);
}

static void inverse_autoregressive(void) {
  double z[2], back[2];
  iaf(x, z);
  iaf_inverse(z, back);
  chapter_section("3. IAF: the same functions, of z_1 … z_{i-1}");
  chapter_value("iaf_z_2", z[1], "(x₂ - μ₂(z₁))·exp(-α₂(z₁));  z₁ as before");
  chapter_unrecorded("iaf_x_2", back[1], "z₂·exp α₂(z₁) + μ₂(z₁)");
  chapter_claim("where we started", x[1], 1e-14);
  const double log_det = -alpha_1 - alpha(z[0]);
  chapter_value("iaf_log_det", log_det, "-0.2 - 0.25 z₁");
  chapter_claim("GSL: differences, then LU", chapter_log_det(iaf, 2, x, 1e-3), 1e-9);
  chapter_claim("of the inverse, with the other sign", -chapter_log_det(iaf_inverse, 2, z, 1e-3),
                1e-9);
  chapter_value("iaf_log_p", chapter_log_normal(2, z) + log_det, "log p_Z(z) + log|det J|");
}

/* --- a coupling is an autoregressive layer of two blocks (10.9) ------------------------------- */

static void coupling_as_two_blocks(void) {
  nf_net *net = nf_linear_new(nf_point(1), nf_point(2), &e);
  nf_flow *flow =
      nf_flow_new(nf_coupling_new(nf_point(2), NF_CHANNEL, NF_SCALE_EXP, net, &e), 0, &e);
  chapter_need(&e);
  memcpy(nf_flow_param(flow), (const double[]){0.5, 0.2, 0, 0}, 4 * sizeof(double));
  double y[2], log_det;
  nf_flow_forward(flow, 1, x, y, &log_det, &e);
  chapter_need(&e);
  nf_flow_free(flow);
  const double s = 0.5 * x[0], t = 0.2 * x[0];
  chapter_section(
      "4. The coupling of chapter 3:  μ₁ = α₁ = 0,  α₂ = -s(x₁),  μ₂ = -t(x₁)·e^-s(x₁)");
  chapter_value("coupling_z_2", (x[1] + t * exp(-s)) * exp(s), "(x₂ - μ₂)·e^-α₂");
  chapter_claim("library: nf_coupling", y[1], 1e-14);
  chapter_value("coupling_log_det", s, "-α₁ - α₂");
  chapter_claim("library: nf_coupling", log_det, 1e-14);
}

/* --- MADE, 3-4-3 (10.10) ---------------------------------------------------------------------- */

static void masked_autoencoder(void) {
  enum { D = CHAPTER_MADE_IN };
  double h[CHAPTER_MADE_HIDDEN], out[2 * D], z[D];
  chapter_made(x, h, out);
  chapter_made_layer(x, z);
  chapter_section("5. MADE: d = 3, four tanh units of the degrees 1, 1, 2, 2");
  for (int k = 0; k < 2 * D; k++)
    chapter_value(chapter_name("made_%s_%d", k < D ? "mu" : "alpha", k % D + 1), out[k],
                  k % D == 0 ? "no path leads here: the bias" : NULL);
  for (int i = 0; i < D; i++) chapter_value(chapter_name("made_z_%d", i + 1), z[i], NULL);
  const double log_det = -out[3] - out[4] - out[5];
  chapter_value("made_log_det", log_det, "-Σ α_i");
  chapter_claim("GSL: differences, then LU", chapter_log_det(chapter_made_layer, D, x, 1e-3), 1e-9);
  chapter_value("made_log_p", chapter_log_normal(D, z) + log_det, "log p_Z(z) + log|det J|");
  chapter_text(
      "\n  The product of the masks counts the paths from input j to the outputs of value i;");
  chapter_text("  where there is none and i ≠ j, ∂z_i/∂x_j is 0.");
  chapter_table("i, j", 2, (const char *const[]){"paths", "∂z_i/∂x_j"});
  for (int i = 0; i < D; i++)
    for (int j = 0; j < D; j++) {
      int paths = 0;
      for (int k = 0; k < CHAPTER_MADE_HIDDEN; k++)
        paths += chapter_made_first(k, j) * chapter_made_second(i, k);
      chapter_row("%d, %d", i + 1, j + 1);
      chapter_cell(chapter_name("paths_%d%d", i + 1, j + 1), paths);
      chapter_cell(chapter_name("made_j_%d%d", i + 1, j + 1), chapter_made_slope(x, i, j));
      chapter_claim("GSL: differences",
                    chapter_entry(chapter_made_layer, D, x, (size_t)i, (size_t)j, 1e-3),
                    paths > 0 || i == j ? 1e-10 : 0);
    }
}

/* --- any order, d = 6 ------------------------------------------------------------------------- */

static void any_order(void) {
  double paths[CHAPTER_SIX][CHAPTER_SIX], j[CHAPTER_SIX][CHAPTER_SIX], log_det;
  chapter_six_values(paths, j, &log_det);
  int zeros = 0, without_path = 0, wrong = 0;
  for (size_t i = 0; i < CHAPTER_SIX; i++)
    for (size_t k = 0; k < CHAPTER_SIX; k++) {
      const size_t row = chapter_six_order[i], column = chapter_six_order[k];
      zeros += k > i && j[row][column] == 0;
      without_path += k > i && paths[row][column] == 0;
      wrong += row != column && (paths[row][column] == 0) != (j[row][column] == 0);
    }
  chapter_section("6. The library's layer in the order x_4, x_1, x_5, x_2, x_6, x_3");
  chapter_value("zeros_above", zeros, "of J above the diagonal, rows and columns in the order");
  chapter_claim("pairs without a path", without_path, 0);
  chapter_claim("d(d - 1)/2", CHAPTER_SIX * (CHAPTER_SIX - 1) / 2, 0);
  chapter_unrecorded("wrong", wrong, "entries that are 0 with a path, or not 0 without one");
  chapter_claim("none", 0, 0);
  chapter_unrecorded("log_det_six", log_det, "-Σ α_i");
  chapter_claim("GSL LU of J", nf_verify_log_abs_det(CHAPTER_SIX, j[0]), 1e-9);
}

static void plot_masks(void) {
  double paths[CHAPTER_SIX][CHAPTER_SIX], j[CHAPTER_SIX][CHAPTER_SIX], log_det;
  chapter_six_values(paths, j, &log_det);
  for (size_t i = 0; i < CHAPTER_SIX; i++)
    for (size_t k = 0; k < CHAPTER_SIX; k++)
      printf("%zu %zu %g %g\n", i, k, paths[chapter_six_order[i]][chapter_six_order[k]],
             fabs(j[chapter_six_order[i]][chapter_six_order[k]]));
}

/* --- the map of Knothe and Rosenblatt (10.3)-(10.5) ------------------------------------------- */

static void one_point(const char *label, const double *at) {
  double z[2], back[2], F[2];
  chapter_kr(at, z);
  chapter_kr_inverse(z, back);
  chapter_kr_by_quadrature(at, F);
  chapter_value(chapter_name("kr_%s_F_1", label), gsl_cdf_ugaussian_P(z[0]), "P(X₁ ≤ x₁)");
  chapter_claim("GSL: ∫ of the marginal", F[0], 1e-9);
  chapter_value(chapter_name("kr_%s_F_2", label), gsl_cdf_ugaussian_P(z[1]), "P(X₂ ≤ x₂ | x₁)");
  chapter_claim("GSL: ∫ along x₂, over the whole", F[1], 1e-9);
  chapter_value(chapter_name("kr_%s_z_1", label), z[0], "Φ⁻¹(F₁)");
  chapter_value(chapter_name("kr_%s_z_2", label), z[1], "Φ⁻¹(F₂)");
  const double log_det = chapter_kr_log_p(at) - chapter_log_normal(2, z);
  chapter_value(chapter_name("kr_%s_log_det", label), log_det, "log p(x) - log φ(z)");
  chapter_claim("GSL: differences, then LU", chapter_log_det(chapter_kr, 2, at, 1e-3), 1e-6);
  chapter_value(chapter_name("kr_%s_log_p", label), chapter_log_normal(2, z) + log_det,
                "log φ(z) + log|det J|");
  chapter_unrecorded("x_2", back[1], "back from z, by bisection");
  chapter_claim("where we started", at[1], 1e-11);
}

static void knothe_rosenblatt(void) {
  chapter_section(
      "7. Knothe and Rosenblatt: z_i = Φ⁻¹(F_i(x_i | x_1 … x_{i-1})) of eight Gaussians");
  chapter_text("  One triangular map carries this density to the normal one, exactly.\n");
  chapter_text("  x = (1.5, 1.25), between two of them");
  one_point("a", (const double[]){1.5, 1.25});
  chapter_text("\n  x = (0.5, -1), where hardly any data are");
  one_point("b", x);
}

/* --- the cost of the inverse (10.7) ----------------------------------------------------------- */

static void the_cost_of_the_inverse(void) {
  chapter_section("8. The inverse of one layer of width 64: d passes, Jacobi's, or d parts of one");
  chapter_table("d", 3, (const char *const[]){"passes", "Jacobi, 1e-12", "steps, in passes"});
  for (size_t d = 2; d <= CHAPTER_MAX_D; d *= 2) {
    const chapter_costs c = chapter_cost_of_inverse(d);
    chapter_row("%zu", d);
    chapter_cell_unrecorded((double)d);
    chapter_bound("d passes: the library's x", c.sequential, 1e-10);
    chapter_cell(chapter_name("jacobi_passes_%zu", d), (double)c.jacobi);
    chapter_cell(chapter_name("steps_%zu", d), c.steps / c.pass);
    chapter_bound("f(f⁻¹(z)) is z", c.back, 1e-10);
  }
}

static void plot_cost(void) {
  for (size_t d = 2; d <= CHAPTER_MAX_D; d *= 2) {
    const chapter_costs c = chapter_cost_of_inverse(d);
    printf("%zu %zu %zu %g\n", d, d, c.jacobi, c.steps / c.pass);
  }
}

static void trace(void) {
  nf_flow *flow = library();
  chapter_trace("x = (0.5, -1) through one autoregressive layer", flow, 0, x);
  nf_flow_free(flow);
}

int main(int argc, char **argv) {
  static const chapter_plot plots[] = {
      {"masks", "row, column, paths, |J|: six values in their order", plot_masks},
      {"kr", "z_1 z_2 x_1 x_2 log p(x) along lines of a grid of z", chapter_kr_plot},
      {"cost", "d, passes of the inverse: in turn, by Jacobi, of the library", plot_cost},
      {0}};
  chapter_begin(argc, argv,
                &(chapter){.number = 10,
                           .title = "Autoregressive flows",
                           .notes = "(10.1)-(10.12)",
                           .about = "A point through MAF, IAF, MADE and an exact triangular map,\n"
                                    "and the cost of the way back.",
                           .plots = plots,
                           .trace = trace});
  masked_autoregressive();
  inverse_autoregressive();
  coupling_as_two_blocks();
  masked_autoencoder();
  any_order();
  knothe_rosenblatt();
  the_cost_of_the_inverse();
  return chapter_end();
}
