/* Chapter 12 (NOTES (12.1)-(12.13)). Flows that are the solution of an ODE,
 *
 *   dz/dt = v(z, t),  z(0) = x, z = z(1):     log p_X(x) = log p_Z(z) + ∫₀¹ tr ∂v/∂z dt
 *
 * (a) a linear field, where all is a matrix exponential, and Hutchinson's estimate of its trace;
 * (b) a field on the line with a solution in closed form, by Euler and by Runge and Kutta; (c) its
 * gradient, by the derivative of the steps and by the adjoint ODE; (d) a network in the plane,
 * against two adaptive solvers; (e) flow matching, where the field of least loss is known in closed
 * form; (f) a residual block, whose log-det is a power series (chapter_residual.c). */
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_math.h>
#include <math.h>
#include <stdio.h>

#include "chapter.h"
#include "chapter_field.h"
#include "chapter_hutchinson.h"
#include "chapter_matching.h"
#include "chapter_ode.h"
#include "chapter_residual.h"
#include "chapter_tanh.h"
#include "flow/flow.h"
#include "verify/jacobian.h"

static nf_error e; /* of all calls of the library; chapter_need ends the program when it is set */

static const double x_hand[2] = {0.5, -1};

/* --- (a) v = A z: z = exp(A) x, log-det = tr A (12.3) ----------------------------------------- */

static double A[4] = {-0.5, 0.3, 0.1, 0.2};
static double trace_of_A(void) { return A[0] + A[3]; }

static int linear(void *user, double t, const double *z, double *v, double *trace) {
  (void)user, (void)t;
  for (int i = 0; i < 2; i++) v[i] = A[2 * i] * z[0] + A[2 * i + 1] * z[1];
  if (trace != NULL) *trace = trace_of_A();
  return NF_OK;
}

/* Σ log det(I + hA) over N steps of size h = 1/N, whose limit is tr A (12.2) */
static double euler_log_det(double n) {
  const double h = 1 / n;
  return n * log((1 + h * A[0]) * (1 + h * A[3]) - h * h * A[1] * A[2]);
}

static void linear_section(void) {
  enum { STEPS = 256 };
  double exponential[4], z[2] = {x_hand[0], x_hand[1]}, log_det;
  gsl_matrix_view a = gsl_matrix_view_array(A, 2, 2), ea = gsl_matrix_view_array(exponential, 2, 2);
  gsl_linalg_exponential_ss(&a.matrix, &ea.matrix, GSL_PREC_DOUBLE);
  ode_by_steps(linear, NULL, 1, 2, 0, 1, STEPS, z, &log_det);
  chapter_section("(a) dz/dt = A z,  A = [[-0.5, 0.3], [0.1, 0.2]],  x = (0.5, -1)");
  for (int i = 0; i < 2; i++) {
    const double *row = exponential + 2 * i, exact = row[0] * x_hand[0] + row[1] * x_hand[1];
    chapter_value(chapter_name("linear_z%d", i + 1), z[i], i == 0 ? "z = exp(A) x" : NULL);
    chapter_claim("GSL: exp(A) x", exact, 1e-12);
  }
  chapter_value("linear_log_det", log_det, "tr A");
  chapter_claim("log|det exp(A)| by LU", nf_verify_log_abs_det(2, exponential), 1e-12);
  chapter_value("linear_log_p", chapter_log_normal(2, z) + log_det, "log p_Z(z) + tr A");
  chapter_text("\n  For small steps: a step of Euler's method is a flow with the Jacobian I + hA.");
  chapter_table("steps", 2, (const char *const[]){"Σ log det(I+hA)", "minus tr A"});
  for (int n = 1; n <= 1000; n *= 10) {
    chapter_row("%d", n);
    chapter_cell(chapter_name("linear_euler_%d", n), euler_log_det(n));
    chapter_cell_unrecorded(euler_log_det(n) - trace_of_A());
  }
}

/* --- estimates of tr A (12.4)-(12.6) ---------------------------------------------------------- */

static void hutchinson_section(void) {
  enum { DRAWS = 40000 };
  const double off_diagonal = fabs(A[1] + A[2]);
  chapter_section("Hutchinson: tr A = E εᵀAε for any noise of covariance I");
  chapter_value("hutchinson_mean", trace_of_A(), "E εᵀAε = tr A");
  chapter_claim("of 40,000 draws of ε = ±1", probe_sample_mean(2, A, PROBE_SIGNS, DRAWS), 0.002);
  chapter_claim("of 40,000 normal draws", probe_sample_mean(2, A, PROBE_NORMAL, DRAWS), 0.0043);
  chapter_value("rademacher_low", trace_of_A() - off_diagonal, "ε = ±1: tr A - |a₁₂ + a₂₁|");
  chapter_value("rademacher_high", trace_of_A() + off_diagonal, "or      tr A + |a₁₂ + a₂₁|");
  chapter_value("rademacher_variance", probe_variance(2, A, PROBE_SIGNS),
                "2 Σ_{i≠j} S_ij², S = (A + Aᵀ)/2");
  chapter_claim("of 40,000 draws", probe_sample_variance(2, A, PROBE_SIGNS, DRAWS), 0.002);
  chapter_value("normal_variance", probe_variance(2, A, PROBE_NORMAL), "ε ~ N(0, I): 2 Σ S_ij²");
  chapter_claim("of 40,000 draws", probe_sample_variance(2, A, PROBE_NORMAL, DRAWS), 0.05);
}

/* --- (b) z' = a tanh z, by steps (12.7) ------------------------------------------------------- */

static void tanh_section(void) {
  const double log_det = tanh_log_det(TANH_A, TANH_X);
  chapter_section("(b) z' = a tanh z on the line, a = 1, x = 0.5: solvers against the solution");
  chapter_value("tanh_z", tanh_z(TANH_A, TANH_X), "arsinh(eᵃ sinh x)");
  chapter_value("tanh_log_det", log_det, "a + log cosh x - log cosh z");
  chapter_value("tanh_log_p", tanh_log_p(TANH_A, TANH_X), "log p_Z(z) + log-det");
  chapter_table("Euler, steps", 2, (const char *const[]){"Σ log(1 + h v')", "off by"});
  for (size_t n = 1; n <= 1000; n *= 10) {
    const double sum = tanh_by_euler(n);
    chapter_row("%zu", n);
    chapter_cell(chapter_name("tanh_euler_%zu", n), sum);
    chapter_cell_unrecorded(sum - log_det);
  }
  chapter_text(
      "  Runge and Kutta's order 4. Its log-det, ∫tr, is not quite the log-slope of its own\n"
      "  map, and its inverse does not quite lead back; both differences fall as N⁻⁴ or faster.");
  chapter_table("steps", 4, (const char *const[]){"z", "∫ tr", "slope - ∫tr", "round trip"});
  for (size_t n = 1; n <= 16; n *= 2) {
    const tanh_steps s = tanh_by_steps(n);
    chapter_row("%zu", n);
    chapter_cell(chapter_name("tanh_rk4_z_%zu", n), s.z);
    chapter_cell(chapter_name("tanh_rk4_log_det_%zu", n), s.log_det);
    chapter_cell(chapter_name("tanh_rk4_gap_%zu", n), s.slope - s.log_det);
    chapter_cell(chapter_name("tanh_rk4_trip_%zu", n), s.trip);
  }
}

/* --- (c) its gradient (12.8) ------------------------------------------------------------------ */

static double log_p_of_a(double a, void *unused) {
  (void)unused;
  return tanh_log_p(a, TANH_X);
}
static double log_p_of_x(double x, void *unused) {
  (void)unused;
  return tanh_log_p(TANH_A, x);
}

static void gradient_section(void) {
  const double z = tanh_z(TANH_A, TANH_X), y = tanh(z), dz = cosh(TANH_X) * exp(TANH_A) / cosh(z);
  chapter_section("(c) The gradient of log p: derivative of the steps, and adjoint ODE");
  chapter_value("tanh_dlogp_da", 1 - y * y - z * y, "1 - tanh²z - z tanh z");
  chapter_claim("GSL: differences", chapter_slope(log_p_of_a, NULL, TANH_A, 1e-2), 1e-9);
  chapter_value("tanh_dlogp_dx", tanh(TANH_X) - dz * (y + z), "tanh x - (∂z/∂x)(tanh z + z)");
  chapter_claim("GSL: differences", chapter_slope(log_p_of_x, NULL, TANH_X, 1e-2), 1e-9);
  chapter_text(
      "\n  By N steps of order 4, ∂log p/∂a. The derivative of the steps is that of what is\n"
      "  computed, at any N; the adjoint comes within the error of the solver.");
  chapter_table("steps", 4,
                (const char *const[]){"of the steps", "minus GSL's", "adjoint", "steps - adj."});
  for (size_t n = 1; n <= 16; n *= 2) {
    const double da = tanh_steps_da(n), adjoint = tanh_adjoint_da(n);
    const double difference = tanh_differences_da(n);
    chapter_row("%zu", n);
    chapter_cell(chapter_name("steps_da_%zu", n), da);
    chapter_claim("GSL: differences of the same steps", difference, 1e-9);
    chapter_cell_unrecorded(da - difference);
    chapter_cell(chapter_name("adjoint_da_%zu", n), adjoint);
    chapter_cell_unrecorded(da - adjoint);
  }
}

/* --- (d) a network in the plane --------------------------------------------------------------- */

static void network_section(void) {
  static const char *const name[] = {"network_z1", "network_z2", "network_log_det"};
  double own[3] = {x_hand[0], x_hand[1], 0}, gsl[3] = {x_hand[0], x_hand[1], 0};
  nf_flow *flow = field_flow(1);
  nf_net *net = flow->bijector->net;
  const size_t evaluations = ode_adaptive(field_derivative, net, 3, 0, 1, 1e-10, own);
  const size_t by_gsl = ode_by_gsl(field_derivative, net, 3, 0, 1, 1e-12, gsl);
  nf_flow_free(flow);
  chapter_section("(d) A network [3, 16, 16, 16, 2], x = (0.5, -1): adaptive and fixed steps");
  for (int k = 0; k < 3; k++) {
    chapter_value(name[k], own[k], k == 0 ? "Dormand and Prince, tolerance 10⁻¹⁰" : NULL);
    chapter_claim("GSL: gsl_odeiv2, order 8", gsl[k], 1e-8);
  }
  chapter_text(
      "\n  Evaluations of the field: %zu by Dormand and Prince, %zu by GSL, 4N by the layer.",
      evaluations, by_gsl);
  chapter_table("layer, steps", 3, (const char *const[]){"log-det", "off by", "z off by"});
  for (size_t n = 2; n <= 64; n *= 2) {
    double z[2], log_det;
    flow = field_flow(n);
    nf_flow_forward(flow, 1, x_hand, z, &log_det, &e);
    chapter_need(&e);
    nf_flow_free(flow);
    chapter_row("%zu", n);
    chapter_cell(chapter_name("network_log_det_%zu", n), log_det);
    if (n == 64) chapter_claim("Dormand and Prince", own[2], 1e-7);
    chapter_cell_unrecorded(log_det - own[2]);
    chapter_cell_unrecorded(hypot(z[0] - own[0], z[1] - own[1]));
  }
}

/* --- (e) flow matching (12.9)-(12.12) --------------------------------------------------------- */

static void one_gaussian(void) {
  const double half = 0.5, x = 1.25, s = matching_one.sd;
  double v;
  chapter_text("  N(1, ¼): v = -1 + (t - (1-t)/4)/(t² + (1-t)²/4)·(x - (1-t)), 0 ≤ t ≤ 1.\n");
  nf_mixture_velocity(&matching_one, 0.75, &half, &v, NULL);
  chapter_value("fm_one_v", v, "v(½, ¾) = -26/37");
  chapter_claim("-26/37", -26. / 37, 1e-15);
  chapter_value("fm_one_half_way", matching_adaptive(&matching_one, 0, 0.5, x, NULL),
                "from x = 5/4, at t = ½");
  chapter_value("fm_one_z", matching_adaptive(&matching_one, 0, 1, x, NULL), "at t = 1: (x - 1)/s");
  chapter_claim("(x - 1)/s", (x - 1) / s, 1e-10);
  chapter_value("fm_one_least_loss", s * M_PI / 2, "sπ/2, and not 0");
  chapter_claim("GSL: ∫ s²/σ² dt", matching_least_loss_one(), 1e-9);
}

static void two_gaussians(void) {
  const double half = 0.5;
  double v, log_slope;
  chapter_text(
      "\n  ½N(-1, ¼) + ½N(1, ¼). On the line the flow is the one increasing map, z = Φ⁻¹(F(x)).\n");
  nf_mixture_velocity(&matching_two, 0.75, &half, &v, NULL);
  chapter_value("fm_two_v", v, "v(½, ¾)");
  const double x = matching_adaptive(&matching_two, 1, 0, half, &log_slope);
  chapter_value("fm_two_x", x, "from z = ½ back to t = 0");
  chapter_claim("GSL: F⁻¹(Φ(½))", matching_quantile(half), 1e-9);
  chapter_value("fm_two_log_slope", log_slope, "log dx/dz");
  chapter_claim("log φ(z) - log p(x)",
                chapter_log_normal(1, &half) - nf_mixture_log_density(&matching_two, &x), 1e-9);
  chapter_value("fm_two_x_rk4_8", matching_by_steps(&matching_two, 1, 0, 8, half),
                "by 8 steps of order 4");
}

static void eight_gaussians(void) {
  const nf_mixture eight = nf_mixture_gaussians();
  double v[2];
  nf_mixture_velocity(&eight, 0.5, x_hand, v, NULL);
  chapter_text("\n  8 Gaussians, the density `gaussians` of the library:\n");
  chapter_value("fm_eight_v1", v[0], "v((½, -1), ½)");
  chapter_value("fm_eight_v2", v[1], NULL);
  chapter_value("fm_eight_log_p", nf_mixture_log_density(&eight, x_hand), "log p(½, -1)");
  chapter_claim("library: toy gaussians", nf_toy_find("gaussians", &e)->log_density(x_hand), 1e-12);
  chapter_value("fm_eight_least_loss", matching_least_loss_eight(), "6.125 - E‖v‖², 100,000 draws");
}

static void matching_section(void) {
  chapter_section("(e) Flow matching: the field of least loss E‖v(x_t, t) - (z - x)‖²");
  one_gaussian();
  two_gaussians();
  eight_gaussians();
  chapter_section("The error of log p against the step");
  chapter_text(
      "  Mean of log p - log p_N over %d points of the 8 Gaussians. The field is exact, so a\n"
      "  mean below 0 is no divergence: p_N of a discretised flow has an integral above 1.",
      MATCHING_POINTS);
  chapter_table("steps", 2, (const char *const[]){"mean", "± s.e."});
  for (size_t n = 5; n <= 40; n *= 2) {
    double error;
    chapter_row("%zu", n);
    chapter_cell(chapter_name("gap_%zu", n), matching_gap(n, MATCHING_POINTS, &error));
    chapter_cell_unrecorded(chapter_rounded(error));
  }
}

/* --- the program ------------------------------------------------------------------------------ */

/* N, then what N steps are off: the log-det of (b) by Euler and by order 4, its round trip, the
 * mean of log p of the 8 Gaussians */
static void plot_steps(void) {
  const double exact = tanh_log_det(TANH_A, TANH_X);
  for (size_t n = 1; n <= 64; n *= 2) {
    const tanh_steps s = tanh_by_steps(n);
    printf("%zu %.4g %.4g %.4g %.4g\n", n, fabs(tanh_by_euler(n) - exact), fabs(s.log_det - exact),
           fabs(s.trip), fabs(matching_gap(n, 2000, NULL)));
  }
}

static void trace(void) {
  nf_flow *flow = field_flow(64);
  chapter_trace("The network of (d), by 64 steps", flow, 0, x_hand);
  nf_flow_free(flow);
}

int main(int argc, char **argv) {
  const chapter_plot plots[] = {
      {"trajectories", "t, x₁, x₂ of a point on its way to the 8 Gaussians; a block a point",
       matching_plot_trajectories},
      {"density", "x₁, x₂, p_t at t = 1, ¾, ½, ¼, 0; a block a time", matching_plot_density},
      {"line_density", "t, x, p_t of the flow to two Gaussians on the line",
       matching_plot_line_density},
      {"line", "t, x_t of the flow to two Gaussians on the line; a block a point",
       matching_plot_line},
      {"steps", "steps, errors of the log-det by Euler and order 4, of x, of log p", plot_steps},
      {"hutchinson", "trace, deviations; then estimates with signs, and with normal noise",
       hutchinson_plot},
      {0}};
  chapter_begin(
      argc, argv,
      &(chapter){.number = 12,
                 .title = "Continuous flows and flow matching",
                 .notes = "(12.1)-(12.13)",
                 .about = "Flows that are solutions of an ODE: exact examples, solvers and\n"
                          "their errors, gradients by two ways, and flow matching.",
                 .plots = plots,
                 .trace = trace});
  linear_section();
  hutchinson_section();
  tanh_section();
  gradient_section();
  network_section();
  matching_section();
  residual_section(x_hand);
  return chapter_end();
}
