/* Chapter 6 (NOTES (6.1)-(6.12)). From a pixel k = 0 … 255 to the real line, in three invertible
 * steps:
 *
 *   r = (k + u)/256         w = α + (1-2α)r         y = logit w = log w - log(1-w)
 *   log-det   -log 256      +      log(1-2α)        +      softplus(y) + softplus(-y)
 *
 * with u = 1/2 here, so that every number can be done by hand. Then the effect of a missing term in
 * bits per dimension, and of α + (1-α)r, which is another map; the bounds by one and more draws of
 * u and of a latent variable, and noise that is learned. */
#include <gsl/gsl_math.h>
#include <math.h>
#include <stdio.h>

#include "chapter.h"
#include "chapter_bounds.h"
#include "chapter_latent.h"

static nf_error e; /* of all calls of the library; chapter_need ends the program when it is set */

enum { D = 6 };
static const int pixel[D] = {0, 1, 127, 128, 254, 255};
static const double u = 0.5, ALPHA = 0.05;

static double squash(double alpha, double x) { return alpha + (1 - 2 * alpha) * x; }
static double logit(double p) { return log(p) - log1p(-p); }
static double softplus(double y) { return (y > 0 ? y : 0) + log1p(exp(-fabs(y))); }
static double spread(double y) { return softplus(y) + softplus(-y); } /* log 1/(w(1-w)) */
static double log_normal(double y) { return -(y * y + log(2 * M_PI)) / 2; }
static double bits(double log_p) { return -log_p / (D * log(2)); }

/* --- GSL: the slope of the composed map k + u → y by differences ------------------------------ */

static double composed_map(double k_plus_u, void *alpha) {
  return logit(squash(*(double *)alpha, k_plus_u / 256));
}
static double log_slope(int k, double alpha) {
  return log(chapter_slope(composed_map, &alpha, k + u, 1e-2));
}

/* --- the library: six samples of one dimension ------------------------------------------------ */

typedef struct {
  double y[D], log_det[D], log_p[D], k[D];
} answer;

/* The logit, with dequantisation before it or without. */
static nf_flow *preprocessing(nf_shape shape, bool dequantise, double alpha) {
  nf_bijector *chain = nf_chain_new(shape, &e);
  if (dequantise) nf_chain_add(chain, nf_dequantise_new(shape, 256, 0, &e), &e);
  nf_chain_add(chain, nf_logit_new(shape, alpha, &e), &e);
  nf_flow *flow = nf_flow_new(chain, 0, &e);
  chapter_need(&e);
  return flow;
}

static answer library(double alpha) {
  answer a;
  double x[D];
  const nf_shape one = nf_point(1);
  nf_flow *flow = preprocessing(one, false, alpha), *both = preprocessing(one, true, alpha);
  for (int i = 0; i < D; i++) x[i] = (pixel[i] + u) / 256;
  nf_flow_forward(flow, D, x, a.y, a.log_det, &e);
  nf_flow_log_prob(flow, D, x, a.log_p, &e);
  nf_flow_inverse(both, D, a.y, a.k, NULL, &e);
  chapter_need(&e);
  nf_flow_free(flow);
  nf_flow_free(both);
  return a;
}

/* --- pixels by hand (6.4)-(6.9) --------------------------------------------------------------- */

static void one_pixel(void) {
  const double alpha = ALPHA, x = (128 + u) / 256, p = squash(alpha, x), y = logit(p);
  const answer lib = library(alpha);
  chapter_section("One pixel, by hand: k = 128, u = 1/2, α = 0.05");
  chapter_value("x", x, "r = (128 + 1/2)/256, in (0, 1)");
  chapter_value("p", p, "α + (1-2α)r, in (α, 1-α)");
  chapter_value("y", y, "log w - log(1-w), on the real line");
  chapter_exact(1e-14);
  chapter_claim("library: nf_logit", lib.y[3], 1e-14);
  chapter_value("log_det_dequantise", -log(256), "-log 256");
  chapter_value("log_det_squash", log(1 - 2 * alpha), "log(1-2α)");
  chapter_value("log_det_spread", spread(y), "softplus(y) + softplus(-y) = -log w(1-w)");
  const double log_det_logit = log(1 - 2 * alpha) + spread(y);
  chapter_value("log_det_logit", log_det_logit, "log(1-2α) + softplus(y) + softplus(-y)");
  chapter_exact(1e-14);
  chapter_claim("library: nf_logit", lib.log_det[3], 1e-14);
  chapter_value("log_det", log_det_logit - log(256), "all three: log|dy/dk|");
  chapter_exact(1e-14);
  chapter_claim("GSL: slope of k + u → y", log_slope(128, alpha), 1e-9);
  chapter_value("k", floor(256 * (1 / (1 + exp(-y)) - alpha) / (1 - 2 * alpha)),
                "back: ⌊256·(σ(y) - α)/(1-2α)⌋");
  chapter_claim("library: the inverse of both", lib.k[3], 0);
}

static void all_pixels(double alpha, const char *tag, const char *heading) {
  const answer lib = library(alpha);
  chapter_section(heading);
  chapter_text(
      "  softplus± = softplus(y) + softplus(-y);  log-det = softplus± + log(1-2α) - log 256.");
  chapter_table("pixel", 5, (const char *[]){"r", "y", "softplus±", "log-det", "k again"});
  for (int i = 0; i < D; i++) {
    const double x = (pixel[i] + u) / 256, y = logit(squash(alpha, x));
    const double log_det = spread(y) + log1p(-2 * alpha) - log(256);
    chapter_row("%d", pixel[i]);
    chapter_cell_unrecorded(x);
    chapter_cell(chapter_name("y_%d_%s", pixel[i], tag), y);
    chapter_claim("the library", lib.y[i], 1e-12);
    chapter_cell(chapter_name("spread_%d_%s", pixel[i], tag), spread(y));
    chapter_claim("the library", lib.log_det[i] - log1p(-2 * alpha), 1e-12);
    chapter_cell(chapter_name("log_det_%d_%s", pixel[i], tag), log_det);
    chapter_claim("GSL differences", log_slope(pixel[i], alpha), 1e-6);
    chapter_cell(chapter_name("k_%d_%s", pixel[i], tag), lib.k[i]);
    chapter_claim("the pixel", pixel[i], 0);
  }
}

/* --- bits per dimension (6.10), and another squash (6.11) ------------------------------------- */

/* The six pixels as one small image under N(0, I), and without one term each */
static void forgotten(void) {
  const double alpha = ALPHA;
  const answer lib = library(alpha);
  double log_n = 0, spreads = 0, lib_log_p = 0;
  for (int i = 0; i < D; i++) {
    const double y = logit(squash(alpha, (pixel[i] + u) / 256));
    log_n += log_normal(y);
    spreads += spread(y);
    lib_log_p += lib.log_p[i] - log(256);
  }
  const double dequantise = -D * log(256), squashed = D * log(1 - 2 * alpha);
  const double right = bits(log_n + spreads + squashed + dequantise);
  chapter_section("A missing term: the six pixels as one image, bits/dim = -log p/(D log 2)");
  chapter_value("bits_per_dim", right, "all terms, α = 0.05, latent N(0, I)");
  chapter_exact(1e-13);
  chapter_claim("library: nf_flow_log_prob", bits(lib_log_p), 1e-13);
  chapter_value("without_256", bits(log_n + spreads + squashed) - right,
                "no -log 256: too good by log₂ 256");
  chapter_claim("log₂ 256", -8, 1e-13);
  chapter_value("without_squash", bits(log_n + spreads + dequantise) - right,
                "no log(1-2α): too good by -log₂ 0.9");
  chapter_claim("log₂ 0.9", log2(0.9), 1e-13);
  chapter_value("without_spread", bits(log_n + squashed + dequantise) - right,
                "no softplus terms: not even the same for every image");
}

static void other_map(void) {
  const double alpha = ALPHA;
  double log_p = -D * log(256); /* but for the constant of the map */
  for (int i = 0; i < D; i++) {
    const double y = logit(alpha + (1 - alpha) * (pixel[i] + u) / 256);
    log_p += log_normal(y) + spread(y);
  }
  chapter_section("Another squash: α + (1-α)r instead of α + (1-2α)r");
  chapter_text("  It takes (0, 1) to (α, 1): only the lower end is kept away from infinity.\n");
  chapter_unrecorded("y_notes_at_1", logit(squash(alpha, 1)), "logit(α + (1-2α)·1) = logit 0.95");
  chapter_unrecorded("y_other_at_1", logit(alpha + (1 - alpha) * 1),
                     "logit(α + (1-α)·1) = logit 1");
  chapter_text(
      "\n  Its constant is log(1-α). With the constant log(1-2α) instead it is no density:\n");
  const double own = bits(log_p + D * log(1 - alpha));
  chapter_value("other_bits_per_dim", own, "the same six pixels, constant log(1-α)");
  chapter_exact(1e-13);
  const double mixed = bits(log_p + D * log(1 - 2 * alpha)) - own;
  chapter_value("mixed", mixed, "constant log(1-2α): too many, on every image");
  chapter_exact(1e-13);
  chapter_claim("log₂((1-α)/(1-2α))", log2((1 - alpha) / (1 - 2 * alpha)), 1e-13);
}

/* --- the bounds of a cell in which p(k + u) = 2u (6.1), (6.3) --------------------------------- */

static void bounds(void) {
  chapter_section("The bound of log Pr(k) with M draws: p(k + u) = 2u, so log Pr(k) = 0");
  for (int m = 1; m <= 8; m *= 2) {
    chapter_value(chapter_name("bound_%d", m), bound_of_draws(m), "E log (1/M)Σ 2u_j, uniform u_j");
    chapter_exact(1e-11);
    chapter_claim("GSL: by the density of the sum", bound_of_draws_by_density(m), 1e-9);
    if (m == 1) chapter_claim("log 2 - 1", log(2) - 1, 1e-9);
    if (m == 2) chapter_claim("2 log 2 - 3/2", 2 * log(2) - 1.5, 1e-9);
  }
  const double noise = log(4. / 3) - 1. / 3;
  chapter_value("bound_noise", noise, "one draw, noise of density (3/2)√u");
  chapter_exact(1e-14);
  chapter_claim("GSL: ∫ q log(p/q)", bound_of_noise_by_gsl(0.5), 1e-9);
}

/* --- noise that is learned (6.2), (6.12) ------------------------------------------------------ */

/* log q(u | k) at u of the library's layer, for u = σ(v), v = 0.7ε - 0.2 */
static const double sd = 0.7, mean = -0.2;

static double layer_log_q(double at) {
  nf_bijector *affine = nf_affine_new(nf_point(1), &e);
  nf_bijector *layer = nf_variational_dequantise_new(nf_point(1), 256, 0, affine, &e);
  nf_flow *flow = nf_flow_new(layer, 0, &e);
  chapter_need(&e);
  nf_flow_param(flow)[0] = sd;
  nf_flow_param(flow)[1] = mean;
  const double z = (128 + at) / 256;
  double log_det;
  nf_flow_inverse(flow, 1, &z, NULL, &log_det, &e);
  chapter_need(&e);
  nf_flow_free(flow);
  return log_det - log(256);
}

static void learned_noise(void) {
  chapter_section("Noise that is learned: one draw, of density (a + 1) u^a in the same cell");
  static const struct {
    const char *name, *formula;
    double a;
  } noise[] = {{"noise_0", "a = 0", 0},
               {"noise_half", "a = 0.5", 0.5},
               {"noise_1", "a = 1", 1},
               {"noise_2", "a = 2", 2}};
  for (int i = 0; i < 4; i++) {
    chapter_value(noise[i].name, bound_of_noise(noise[i].a), noise[i].formula);
    chapter_claim("GSL: ∫ q log(p/q)", bound_of_noise_by_gsl(noise[i].a), 1e-9);
  }
  double a = 0; /* d/da of the bound is (1 - a)/(a + 1)² */
  for (int step = 0; step < 2000; step++) a += 0.1 * (1 - a) / ((a + 1) * (a + 1));
  chapter_unrecorded("noise_learned", a, "a after 2000 steps of gradient ascent from 0");
  chapter_claim("1: the noise has the shape of p", 1, 1e-12);
  const double at = 0.3, epsilon = (logit(at) - mean) / sd;
  chapter_text("\n  As a layer: u = σ(v), v = 0.7ε - 0.2, at u = 0.3.\n");
  chapter_value("noise_log_q", log_normal(epsilon) - log(sd) - log(at * (1 - at)),
                "log N(ε) - log 0.7 - log u(1-u)");
  chapter_claim("library: the layer", layer_log_q(at), 1e-11);
}

/* --- pictures --------------------------------------------------------------------------------- */

/* r, then y for α = 0.05 and 1e-6, then their log-dets. */
static void plot_logit(void) {
  for (int i = 0; i <= 1000; i++) {
    const double x = i / 1000.0, y = logit(squash(ALPHA, x)), v = logit(squash(1e-6, x));
    printf("%.10g %.10g %.10g %.10g %.10g\n", x, y, v, spread(y) + log(0.9),
           spread(v) + log1p(-2e-6));
  }
}

static void trace(void) {
  double k[D];
  nf_flow *flow = preprocessing(nf_point(D), true, ALPHA);
  for (int i = 0; i < D; i++) k[i] = pixel[i];
  chapter_trace("The six pixels, u drawn by the library, α = 0.05", flow, 0, k);
  nf_flow_free(flow);
}

int main(int argc, char **argv) {
  const chapter_plot plots[] = {{"logit", "r, y for α = 0.05 and 1e-6, their log-dets", plot_logit},
                                {0}};
  chapter_begin(
      argc, argv,
      &(chapter){
          .number = 6,
          .title = "From pixels to the line: dequantise and logit",
          .notes = "(6.1)-(6.12)",
          .about = "Six pixels through dequantisation and logit, and what each term is worth.",
          .plots = plots,
          .trace = trace});
  one_pixel();
  all_pixels(ALPHA, "a05", "Six pixels, α = 0.05");
  all_pixels(1e-6, "a1e6", "The same, α = 0.000001");
  forgotten();
  other_map();
  bounds();
  learned_noise();
  latent_section();
  return chapter_end();
}
