/* Chapter 12 (NOTES (12.1)-(12.13)). Flows that are the solution of an ODE,
 *
 *   dz/dt = v(z, t),  z(0) = x, z = z(1):     log p_X(x) = log p_Z(z) + ∫₀¹ tr ∂v/∂z dt
 *
 * (a) a linear field, where all is a matrix exponential, and Hutchinson's estimate of its trace;
 * (b) a field on the line with a solution in closed form, by Euler and by Runge and Kutta; (c) its
 * gradient, by the derivative of the steps and by the adjoint ODE; (d) a network in the plane,
 * against two adaptive solvers; (e) flow matching, where the field of least loss is known in closed
 * form; (f) a residual block, whose log-det is a power series. */
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_deriv.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_odeiv2.h>
#include <gsl/gsl_roots.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "chapter.h"
#include "flow/flow.h"
#include "layers/runge_kutta.h"
#include "verify/jacobian.h"
#include "verify/mixture.h"
#include "verify/ode.h"

static nf_error e; /* of all calls of the library; chapter_need ends the program when it is set */

static const double x_hand[2] = {0.5, -1};
static double log_normal(size_t d, const double *z) {
  double sum = 0;
  for (size_t i = 0; i < d; i++) sum += z[i] * z[i];
  return -0.5 * (sum + (double)d * LN_2PI);
}

/* By N steps of the library's solver: z (n, d) in place, log_det (n) or NULL. */
static void solve(nf_velocity *f, void *user, size_t n, size_t d, double from, double to,
                  size_t steps, double *z, double *log_det) {
  const nf_ode ode = {n, d, steps, from, to, user, f, NULL};
  nf_work work = {0};
  for (size_t i = 0; log_det != NULL && i < n; i++) log_det[i] = 0;
  chapter_need_ok(nf_ode_solve(&ode, z, log_det, NULL, &work.arena), "nf_ode_solve");
  nf_work_free(&work);
}

/* --- (a) a linear field -------------------------------------------------------------------------
 */

static double A[4] = {-0.5, 0.3, 0.1, 0.2};

static int linear(void *user, double t, const double *z, double *v, double *trace) {
  (void)user, (void)t;
  for (int i = 0; i < 2; i++) v[i] = A[2 * i] * z[0] + A[2 * i + 1] * z[1];
  if (trace != NULL) *trace = A[0] + A[3];
  return NF_OK;
}

/* Σ log det(I + hA) over N steps of size h = 1/N, whose limit is tr A */
static double euler_log_det(double n) {
  const double h = 1 / n;
  return n * log((1 + h * A[0]) * (1 + h * A[3]) - h * h * A[1] * A[2]);
}

static void linear_section(void) {
  double exponential[4], j[4], z[2] = {x_hand[0], x_hand[1]}, log_det;
  gsl_matrix_view a = gsl_matrix_view_array(A, 2, 2), ea = gsl_matrix_view_array(exponential, 2, 2);
  gsl_linalg_exponential_ss(&a.matrix, &ea.matrix, GSL_PREC_DOUBLE);
  solve(linear, NULL, 1, 2, 0, 1, 256, z, &log_det);
  chapter_section("(a) dz/dt = A z,  A = [[-0.5, 0.3], [0.1, 0.2]],  x = (0.5, -1)");
  for (int i = 0; i < 2; i++) {
    const double *row = exponential + 2 * i, exact = row[0] * x_hand[0] + row[1] * x_hand[1];
    chapter_value(i == 0 ? "linear_z1" : "linear_z2", z[i], i == 0 ? "z = exp(A) x" : NULL);
    chapter_claim("GSL: exp(A) x", exact, 1e-12);
  }
  memcpy(j, exponential, sizeof j);
  chapter_value("linear_log_det", log_det, "tr A");
  chapter_claim("log|det exp(A)| by LU", nf_verify_log_abs_det(2, j), 1e-12);
  chapter_value("linear_log_p", log_normal(2, z) + log_det, "log p_Z(z) + tr A");
  chapter_text(
      "\n  For small steps: each step of Euler's method is a flow with the Jacobian I + hA.");
  chapter_table("steps", 2, (const char *const[]){"Σ log det(I+hA)", "less tr A"});
  for (int n = 1; n <= 1000; n *= 10) {
    char name[40];
    snprintf(name, sizeof name, "linear_euler_%d", n);
    chapter_row("%d", n);
    chapter_cell(name, euler_log_det(n));
    chapter_cell_unrecorded(euler_log_det(n) - (A[0] + A[3]));
  }
}

/* --- Hutchinson's estimate ----------------------------------------------------------------------
 */

typedef double noise(uint64_t stream, uint64_t index);
static double rademacher(uint64_t stream, uint64_t index) {
  return nf_random_uniform(12, stream, index) < 0.5 ? -1 : 1;
}
static double normal(uint64_t stream, uint64_t index) {
  return nf_random_normal(12, stream, index);
}

/* εᵀ J ε */
static double probe(size_t d, const double *j, noise *draw, uint64_t stream) {
  double sum = 0, epsilon[16];
  for (size_t i = 0; i < d; i++) epsilon[i] = draw(stream, i);
  for (size_t i = 0; i < d * d; i++) sum += epsilon[i / d] * j[i] * epsilon[i % d];
  return sum;
}

/* With S the symmetric part: normal 2‖S‖², Rademacher 2 Σ_{i≠j} S_ij² */
static double variance(size_t d, const double *j, bool is_normal) {
  double sum = 0;
  for (size_t r = 0; r < d; r++)
    for (size_t c = 0; c < d; c++)
      if (r != c || is_normal) sum += pow(0.5 * (j[r * d + c] + j[c * d + r]), 2);
  return 2 * sum;
}

static double sample_variance(size_t d, const double *j, noise *draw, size_t n) {
  double mean = 0, square = 0;
  for (size_t k = 0; k < n; k++) {
    const double v = probe(d, j, draw, k);
    mean += v / (double)n, square += v * v / (double)n;
  }
  return square - mean * mean;
}

static void hutchinson_section(void) {
  enum { DRAWS = 40000 };
  chapter_section("Hutchinson: tr A = E εᵀAε for any noise of covariance I");
  chapter_value("rademacher_low", A[0] + A[3] - fabs(A[1] + A[2]), "ε = ±1: tr A - |a₁₂ + a₂₁|");
  chapter_value("rademacher_high", A[0] + A[3] + fabs(A[1] + A[2]), "or      tr A + |a₁₂ + a₂₁|");
  chapter_value("rademacher_variance", variance(2, A, false), "2 Σ_{i≠j} S_ij², S = (A + Aᵀ)/2");
  chapter_claim("of 40,000 draws", sample_variance(2, A, rademacher, DRAWS), 0.002);
  chapter_value("normal_variance", variance(2, A, true), "ε ~ N(0, I): 2 Σ S_ij²");
  chapter_claim("of 40,000 draws", sample_variance(2, A, normal, DRAWS), 0.05);
}

/* --- (b) z' = a tanh z --------------------------------------------------------------------------
 */

static int tanh_field(void *user, double t, const double *z, double *v, double *trace) {
  const double a = *(const double *)user, y = tanh(*z);
  (void)t;
  *v = a * y;
  if (trace != NULL) *trace = a * (1 - y * y);
  return NF_OK;
}

/* sinh z(1) = eᵃ sinh x;   log-det = log(∂z/∂x) = a + log cosh x - log cosh z */
static double tanh_z(double a, double x) { return asinh(exp(a) * sinh(x)); }
static double tanh_log_det(double a, double x) {
  return a + log(cosh(x)) - log(cosh(tanh_z(a, x)));
}
static double tanh_log_p(double a, double x) {
  const double z = tanh_z(a, x);
  return log_normal(1, &z) + tanh_log_det(a, x);
}

static double euler_tanh(int n) {
  double z = 0.5, sum = 0, h = 1. / n;
  for (int k = 0; k < n; k++) {
    const double y = tanh(z);
    sum += log1p(h * (1 - y * y));
    z += h * y;
  }
  return sum;
}

/* By N steps from x: z, ∫ tr, and whether x comes back. */
typedef struct {
  double z, log_det, slope, trip;
} tanh_steps;

static double map_of_steps(double x, void *steps) {
  double a = 1;
  solve(tanh_field, &a, 1, 1, 0, 1, *(size_t *)steps, &x, NULL);
  return x;
}

static tanh_steps by_steps(size_t steps) {
  tanh_steps s = {.z = 0.5};
  double a = 1, slope, error;
  solve(tanh_field, &a, 1, 1, 0, 1, steps, &s.z, &s.log_det);
  gsl_deriv_central(&(gsl_function){map_of_steps, &steps}, 0.5, 1e-2, &slope, &error);
  double back = s.z;
  solve(tanh_field, &a, 1, 1, 1, 0, steps, &back, NULL);
  s.slope = log(slope);
  s.trip = back - 0.5;
  return s;
}

static void cell(const char *what, int n, double value) {
  static char name[40];
  snprintf(name, sizeof name, "%s_%d", what, n);
  chapter_cell(name, value);
}

static void tanh_section(void) {
  const double z = tanh_z(1, 0.5), log_det = tanh_log_det(1, 0.5);
  chapter_section("(b) z' = a tanh z on the line, a = 1, x = 0.5: solvers against the solution");
  chapter_value("tanh_z", z, "arsinh(eᵃ sinh x)");
  chapter_value("tanh_log_det", log_det, "a + log cosh x - log cosh z");
  chapter_value("tanh_log_p", tanh_log_p(1, 0.5), "log p_Z(z) + log-det");
  chapter_table("Euler, steps", 2, (const char *const[]){"Σ log(1 + h v')", "off by"});
  for (int n = 1; n <= 1000; n *= 10) {
    chapter_row("%d", n);
    cell("tanh_euler", n, euler_tanh(n));
    chapter_cell_unrecorded(euler_tanh(n) - log_det);
  }
  chapter_text(
      "  Runge and Kutta's order 4. Its log-det, ∫tr, is not quite the log-slope of its own");
  chapter_text(
      "  map, and its inverse does not quite lead back; both differences fall as N⁻⁴ or faster.");
  chapter_table("steps", 4, (const char *const[]){"z", "∫ tr", "slope - ∫tr", "round trip"});
  for (int n = 1; n <= 16; n *= 2) {
    const tanh_steps s = by_steps((size_t)n);
    chapter_row("%d", n);
    cell("tanh_rk4_z", n, s.z);
    cell("tanh_rk4_log_det", n, s.log_det);
    cell("tanh_rk4_gap", n, s.slope - s.log_det);
    cell("tanh_rk4_trip", n, s.trip);
  }
}

/* --- (c) its gradient ---------------------------------------------------------------------------
 */

/* Of log p: a = θ, dlog_det = 1. v_z = a(1 - y²), v_zz = -2a y(1 - y²), v_a = y, v_za = 1 - y². */
typedef struct {
  double a, da;
} tanh_gradient;

static int tanh_backward(void *user, double t, const double *u, const double *dv, double weight,
                         double *du) {
  tanh_gradient *g = user;
  const double y = tanh(*u), slope = 1 - y * y;
  (void)t;
  g->da += *dv * y + weight * slope;
  *du = *dv * g->a * slope - weight * 2 * g->a * y * slope;
  return NF_OK;
}

/* log p by N steps, differentiated: *dx and *da. */
static void differentiate_steps(size_t steps, double *dx, double *da) {
  tanh_gradient g = {.a = 1};
  double z = 0.5, stages[4 * 64], log_det = 0;
  const nf_ode ode = {1, 1, steps, 0, 1, &g, tanh_field, tanh_backward};
  nf_work work = {0};
  chapter_need_ok(nf_ode_solve(&ode, &z, &log_det, stages, &work.arena), "nf_ode_solve");
  *dx = -z; /* ∂ log p_Z/∂z */
  chapter_need_ok(nf_ode_backward(&ode, stages, dx, &work.arena), "nf_ode_backward");
  nf_work_free(&work);
  *da = g.da;
}

/* The adjoint: y = (z, ā, ∂log p/∂a) backward in time, NOTES (12.8). */
static int adjoint(void *user, double t, const double *y, double *dy, double *trace) {
  const double a = *(const double *)user, s = tanh(y[0]), slope = 1 - s * s;
  (void)t, (void)trace;
  dy[0] = a * s;
  dy[1] = -y[1] * a * slope + 2 * a * s * slope;
  dy[2] = -y[1] * s - slope;
  return NF_OK;
}

static void adjoint_of_steps(size_t steps, double *dx, double *da) {
  double a = 1, y[3] = {0.5, 0, 0};
  solve(tanh_field, &a, 1, 1, 0, 1, steps, y, NULL);
  y[1] = -y[0];
  solve(adjoint, &a, 1, 3, 1, 0, steps, y, NULL);
  *dx = y[1], *da = y[2];
}

static double log_p_of_a(double a, void *unused) {
  (void)unused;
  return tanh_log_p(a, 0.5);
}
static double log_p_of_x(double x, void *unused) {
  (void)unused;
  return tanh_log_p(1, x);
}
static double steps_log_p(double a, void *steps) {
  double z = 0.5, log_det;
  solve(tanh_field, &a, 1, 1, 0, 1, *(size_t *)steps, &z, &log_det);
  return log_normal(1, &z) + log_det;
}
static double slope_of(double (*f)(double, void *), double at, void *user) {
  double slope, error;
  gsl_deriv_central(&(gsl_function){f, user}, at, 1e-2, &slope, &error);
  return slope;
}

static void gradient_section(void) {
  const double z = tanh_z(1, 0.5), y = tanh(z), dz = cosh(0.5) * exp(1) / cosh(z);
  chapter_section("(c) The gradient of log p: derivative of the steps, and adjoint ODE");
  chapter_value("tanh_dlogp_da", 1 - y * y - z * y, "1 - tanh²z - z tanh z");
  chapter_claim("GSL: differences", slope_of(log_p_of_a, 1, NULL), 1e-9);
  chapter_value("tanh_dlogp_dx", tanh(0.5) - dz * (y + z), "tanh x - (∂z/∂x)(tanh z + z)");
  chapter_claim("GSL: differences", slope_of(log_p_of_x, 0.5, NULL), 1e-9);
  chapter_text(
      "\n  By N steps of order 4, ∂log p/∂a. The derivative of the steps is that of what is");
  chapter_text("  computed, at any N; the adjoint comes within the error of the solver.");
  chapter_table("steps", 4,
                (const char *const[]){"of the steps", "less difference", "adjoint", "their gap"});
  for (int n = 1; n <= 16; n *= 2) {
    size_t steps = (size_t)n;
    double dx, da, adjoint_dx, adjoint_da;
    differentiate_steps(steps, &dx, &da);
    adjoint_of_steps(steps, &adjoint_dx, &adjoint_da);
    const double difference = slope_of(steps_log_p, 1, &steps);
    chapter_row("%d", n);
    cell("steps_da", n, da);
    chapter_claim("GSL: differences of the same steps", difference, 1e-9);
    chapter_cell_unrecorded(da - difference);
    cell("adjoint_da", n, adjoint_da);
    chapter_cell_unrecorded(da - adjoint_da);
  }
}

/* --- (d) a network in the plane -----------------------------------------------------------------
 */

enum { WIDTH = 16 };

/* The same weights for any number of steps: 0.8·N(0, 1)/√fan_in. */
static nf_flow *field_flow(size_t steps) {
  nf_net *net = nf_field_new(nf_point(2), WIDTH, &e);
  nf_flow *flow = nf_flow_new(nf_continuous_new(nf_point(2), steps, net, &e), 1, &e);
  chapter_need(&e);
  for (size_t k = 0; k < net->n_tensor; k++) {
    const nf_tensor *t = &net->tensor[k];
    const double sd = t->dim[1] > 0 ? 1.6 / sqrt((double)t->dim[1]) : 0.5;
    for (size_t i = 0; i < nf_tensor_size(t); i++) t->data[i] = sd * nf_random_normal(8, k, i);
  }
  return flow;
}

/* (z, ∫tr) by the network's own forward; the trace by differences */
static void network_derivative(void *user, double t, const double *y, double *dy) {
  static const double offset[] = {1, -1, 2, -2}, weight[] = {8, -8, -1, 1};
  const nf_net *net = user;
  const double h = 1e-3;
  double x[9][3], v[9][2], hidden[9 * 3 * WIDTH];
  for (int k = 0; k < 9; k++) {
    x[k][0] = y[0], x[k][1] = y[1], x[k][2] = t;
    if (k > 0) x[k][(k - 1) / 4] += h * offset[(k - 1) % 4];
  }
  net->type->forward(net, 9, x[0], v[0], hidden, NULL);
  dy[0] = v[0][0], dy[1] = v[0][1], dy[2] = 0;
  for (int k = 1; k < 9; k++) dy[2] += weight[(k - 1) % 4] * v[k][(k - 1) / 4] / (12 * h);
}

typedef struct {
  const nf_net *net;
  size_t evaluations;
} counted;
static int gsl_derivative(double t, const double *y, double *dy, void *user) {
  counted *c = user;
  c->evaluations++;
  network_derivative((void *)(uintptr_t)c->net, t, y, dy);
  return GSL_SUCCESS;
}

static void network_section(void) {
  nf_flow *flow = field_flow(1);
  const nf_net *net = flow->bijector->net;
  double own[3] = {x_hand[0], x_hand[1], 0}, gsl[3] = {x_hand[0], x_hand[1], 0}, t = 0;
  size_t evaluations = 0;
  counted c = {net, 0};
  chapter_need_ok(
      nf_verify_ode(network_derivative, (void *)(uintptr_t)net, 3, 0, 1, 1e-10, own, &evaluations),
      "nf_verify_ode");
  gsl_odeiv2_system system = {gsl_derivative, NULL, 3, &c};
  gsl_odeiv2_driver *driver =
      gsl_odeiv2_driver_alloc_y_new(&system, gsl_odeiv2_step_rk8pd, 1e-2, 1e-12, 1e-12);
  if (gsl_odeiv2_driver_apply(driver, &t, 1, gsl) != GSL_SUCCESS) chapter_fail("gsl_odeiv2");
  gsl_odeiv2_driver_free(driver);
  chapter_section("(d) A network [3, 16, 16, 16, 2], x = (0.5, -1): adaptive and fixed steps");
  static const char *const name[] = {"network_z1", "network_z2", "network_log_det"};
  for (int k = 0; k < 3; k++) {
    chapter_value(name[k], own[k], k == 0 ? "Dormand and Prince, tolerance 10⁻¹⁰" : NULL);
    chapter_claim("GSL: gsl_odeiv2, order 8", gsl[k], 1e-8);
  }
  chapter_text("\n  Fields evaluated: %zu by Dormand and Prince, %zu by GSL, 4N by the layer.",
               evaluations, c.evaluations);
  nf_flow_free(flow);
  chapter_table("layer, steps", 3, (const char *const[]){"log-det", "off by", "z off by"});
  for (int n = 2; n <= 64; n *= 2) {
    double z[2], log_det;
    flow = field_flow((size_t)n);
    nf_flow_forward(flow, 1, x_hand, z, &log_det, &e);
    chapter_need(&e);
    chapter_row("%d", n);
    cell("network_log_det", n, log_det);
    if (n == 64) chapter_claim("Dormand and Prince", own[2], 1e-7);
    chapter_cell_unrecorded(log_det - own[2]);
    chapter_cell_unrecorded(hypot(z[0] - own[0], z[1] - own[1]));
    nf_flow_free(flow);
  }
}

/* --- (e) flow matching --------------------------------------------------------------------------
 */

static const nf_mixture one = {1, 1, {{1}}, 0.5}, two = {1, 2, {{-1}, {1}}, 0.5};

/* Toy `gaussians` */
static nf_mixture eight(void) {
  nf_mixture m = {2, 8, {{0}}, 0.25};
  for (int k = 0; k < 8; k++) {
    m.mean[k][0] = 2 * cos(k * acos(-1) / 4);
    m.mean[k][1] = 2 * sin(k * acos(-1) / 4);
  }
  return m;
}

typedef struct {
  const nf_mixture *m;
  size_t n;
} points;

static int mixture_velocity(void *user, double t, const double *x, double *v, double *trace) {
  const points *p = user;
  for (size_t i = 0; i < p->n; i++)
    nf_mixture_velocity(p->m, t, x + i * p->m->d, v + i * p->m->d,
                        trace != NULL ? trace + i : NULL);
  return NF_OK;
}

static void mixture_derivative(void *user, double t, const double *y, double *dy) {
  const nf_mixture *m = user;
  nf_mixture_velocity(m, t, y, dy, &dy[m->d]);
}

/* y = (x, ∫tr) from one time to the other */
static void adaptively(const nf_mixture *m, double from, double to, double *y) {
  y[m->d] = 0;
  chapter_need_ok(
      nf_verify_ode(mixture_derivative, (void *)(uintptr_t)m, m->d + 1, from, to, 1e-11, y, NULL),
      "nf_verify_ode");
}

/* x with F(x) = Φ(z), F the distribution function of ½N(-1, ¼) + ½N(1, ¼) */
static double quantile_gap(double x, void *z) {
  return 0.5 * (gsl_cdf_ugaussian_P((x + 1) / 0.5) + gsl_cdf_ugaussian_P((x - 1) / 0.5)) -
         gsl_cdf_ugaussian_P(*(double *)z);
}
static double quantile(double z) {
  double low = -5, high = 5;
  for (int k = 0; k < 100; k++) {
    const double middle = 0.5 * (low + high);
    *(quantile_gap(middle, &z) < 0 ? &low : &high) = middle;
  }
  return low;
}

/* Var(z - x | x_t) = 1 + s² - (t - (1-t)s²)²/σ² = s²/σ² for one Gaussian */
static double residual(double t, void *unused) {
  (void)unused;
  return 0.25 / ((1 - t) * (1 - t) * 0.25 + t * t);
}

static void matching_section(void) {
  const double half = 0.5, at[2] = {0.5, -1};
  double v, y[3] = {1.25}, integral, error;
  size_t intervals;
  const nf_mixture toy = eight();
  chapter_section("(e) Flow matching: the field of least loss E‖v(x_t, t) - (z - x)‖²");
  chapter_text("  N(1, ¼): v = -1 + (t - (1-t)/4)/(t² + (1-t)²/4)·(x - (1-t)), 0 ≤ t ≤ 1.\n");
  nf_mixture_velocity(&one, 0.75, &half, &v, NULL);
  chapter_value("fm_one_v", v, "v(½, ¾) = -26/37");
  chapter_claim("-26/37", -26. / 37, 1e-15);
  adaptively(&one, 0, 0.5, y);
  chapter_value("fm_one_half_way", y[0], "from x = 5/4, at t = ½");
  adaptively(&one, 0, 1, (y[0] = 1.25, y));
  chapter_value("fm_one_z", y[0], "at t = 1: (x - 1)/s");
  chapter_claim("(x - 1)/s", 0.5, 1e-10);
  gsl_integration_qng(&(gsl_function){residual, NULL}, 0, 1, 1e-10, 1e-10, &integral, &error,
                      &intervals);
  chapter_value("fm_one_least_loss", acos(-1) / 4, "sπ/2, and not 0");
  chapter_claim("GSL: ∫ s²/σ² dt", integral, 1e-9);

  chapter_text(
      "\n  ½N(-1, ¼) + ½N(1, ¼). On the line the flow is the one increasing map, z = Φ⁻¹(F(x)).\n");
  nf_mixture_velocity(&two, 0.75, &half, &v, NULL);
  chapter_value("fm_two_v", v, "v(½, ¾)");
  y[0] = 0.5;
  adaptively(&two, 1, 0, y);
  chapter_value("fm_two_x", y[0], "from z = ½ back to t = 0");
  chapter_claim("GSL: F⁻¹(Φ(½))", quantile(0.5), 1e-9);
  chapter_value("fm_two_log_slope", y[1], "log dx/dz");
  const double z = 0.5;
  chapter_claim("log φ(z) - log p(x)", log_normal(1, &z) - nf_mixture_log_density(&two, y), 1e-9);
  double x8 = 0.5;
  solve(mixture_velocity, &(points){&two, 1}, 1, 1, 1, 0, 8, &x8, NULL);
  chapter_value("fm_two_x_rk4_8", x8, "by 8 steps of order 4");

  double v2[2], trace;
  nf_mixture_velocity(&toy, 0.5, at, v2, &trace);
  chapter_text("\n  8 Gaussians, the density `gaussians` of the library:\n");
  chapter_value("fm_eight_v1", v2[0], "v((½, -1), ½)");
  chapter_value("fm_eight_v2", v2[1], NULL);
  chapter_value("fm_eight_log_p", nf_mixture_log_density(&toy, at), "log p(½, -1)");
  for (int k = 0; k < NF_TOYS; k++)
    if (strcmp(nf_toys[k].name, "gaussians") == 0)
      chapter_claim("library: toy gaussians", nf_toys[k].log_density(at), 1e-12);
}

/* mean of log p - log p_N over points of the toy, N steps on the exact field */
enum { POINTS = 10000 };
static double gap_of_steps(size_t steps, size_t n, double *error) {
  static double x[2 * POINTS], z[2 * POINTS], log_det[POINTS];
  const nf_mixture toy = eight();
  double mean = 0, square = 0;
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < 2; k++)
      x[2 * i + k] = toy.mean[nf_random_bits(4, i, 2) % 8][k] + toy.sd * nf_random_normal(4, i, k);
  memcpy(z, x, sizeof z);
  solve(mixture_velocity, &(points){&toy, n}, n, 2, 0, 1, steps, z, log_det);
  for (size_t i = 0; i < n; i++) {
    const double gap =
        nf_mixture_log_density(&toy, x + 2 * i) - log_normal(2, z + 2 * i) - log_det[i];
    mean += gap / (double)n, square += gap * gap / (double)n;
  }
  if (error != NULL) *error = sqrt((square - mean * mean) / (double)n);
  return mean;
}

/* E‖z - x‖² - E‖v(x_t, t)‖², by stratified times */
static double least_loss(void) {
  enum { DRAWS = 100000 };
  const nf_mixture toy = eight();
  double sum = 0;
  for (size_t i = 0; i < DRAWS; i++) {
    const double t = ((double)i + 0.5) / DRAWS;
    double x[2], v[2];
    for (size_t k = 0; k < 2; k++) {
      const double data =
          toy.mean[nf_random_bits(5, i, 4) % 8][k] + toy.sd * nf_random_normal(5, i, k);
      x[k] = (1 - t) * data + t * nf_random_normal(5, i, 2 + k);
    }
    nf_mixture_velocity(&toy, t, x, v, NULL);
    sum += (v[0] * v[0] + v[1] * v[1]) / DRAWS;
  }
  return 2 + 4 + 2 * toy.sd * toy.sd - sum;
}

static void step_section(void) {
  chapter_value("fm_eight_least_loss", least_loss(), "6.125 - E‖v‖², 100,000 draws");
  chapter_section("The error of log p against the step");
  chapter_text(
      "  Mean of log p - log p_N over %d points of the 8 Gaussians. The field is exact, so a",
      POINTS);
  chapter_text(
      "  mean below 0 is no divergence: p_N of a discretised flow has an integral above 1.");
  chapter_table("steps", 2, (const char *const[]){"mean", "± s.e."});
  for (int n = 5; n <= 40; n *= 2) {
    double error;
    chapter_row("%d", n);
    cell("gap", n, gap_of_steps((size_t)n, POINTS, &error));
    chapter_cell_unrecorded(error);
  }
}

/* --- (f) a residual block -----------------------------------------------------------------------
 */

/* z = x + Bx: the series cut at a random N, P(N ≥ k) = 2^(1-k), each term over that probability. */
static void roulette(const double *b) {
  enum { LONGEST = 60 };
  const double trace = b[0] + b[3], det = b[0] * b[3] - b[1] * b[2];
  const double log_det = log(1 + trace + det);
  double before = 2, power = trace, value = 0, mean = 0, square = 0; /* tr Bᵏ⁻¹, tr Bᵏ */
  chapter_value("roulette_log_det", log_det, "z = x + Bx: log det(I + B)");
  for (int n = 1; n <= LONGEST; n++) {
    value += (n % 2 == 1 ? 1 : -1) * power / n * pow(2, n - 1);
    mean += pow(2, -n) * value, square += pow(2, -n) * value * value;
    const double next = trace * power - det * before; /* Cayley and Hamilton */
    before = power, power = next;
    char name[40];
    snprintf(name, sizeof name, "roulette_%d", n);
    if (n <= 4) chapter_value(name, value, n == 1 ? "estimate when N = 1, P = ½" : NULL);
  }
  chapter_value("roulette_mean", mean, "Σ 2⁻ⁿ estimate: no bias");
  chapter_claim("log det(I + B)", log_det, 1e-12);
  chapter_value("roulette_deviation", sqrt(square - mean * mean), "of one draw");
}

static void residual_section(void) {
  static const double B[4] = {0.2, 0.1, -0.3, 0.1};
  double z[2], j[4], whole[4], power[4] = {1, 0, 0, 1}, sum = 0, x[2];
  for (int i = 0; i < 2; i++) {
    const double y = tanh(B[2 * i] * x_hand[0] + B[2 * i + 1] * x_hand[1]);
    x[i] = z[i] = x_hand[i] + y;
    for (int k = 0; k < 2; k++) {
      j[2 * i + k] = (1 - y * y) * B[2 * i + k];
      whole[2 * i + k] = (i == k) + j[2 * i + k];
    }
  }
  gsl_matrix_const_view b = gsl_matrix_const_view_array(B, 2, 2);
  double copy[4], right[4], singular[2], unused[2];
  gsl_matrix_view u = gsl_matrix_view_array(copy, 2, 2), r = gsl_matrix_view_array(right, 2, 2);
  gsl_vector_view s = gsl_vector_view_array(singular, 2), w = gsl_vector_view_array(unused, 2);
  gsl_matrix_memcpy(&u.matrix, &b.matrix);
  gsl_linalg_SV_decomp(&u.matrix, &r.matrix, &s.vector, &w.vector);
  chapter_section("(f) A residual block: z = x + tanh(Bx), B = [[0.2, 0.1], [-0.3, 0.1]]");
  chapter_value("residual_sigma", singular[0], "largest singular value of B: below 1, invertible");
  chapter_value("residual_z1", z[0], "x₁ + tanh(0.2x₁ + 0.1x₂)");
  chapter_value("residual_z2", z[1], NULL);
  const double log_det = nf_verify_log_abs_det(2, whole);
  chapter_value("residual_log_det", log_det, "log det(I + J) by LU");
  chapter_claim("of 2×2", log((1 + j[0]) * (1 + j[3]) - j[1] * j[2]), 1e-14);
  chapter_text("\n  log det(I + J) = Σ_k (-1)^(k+1) tr Jᵏ/k; the rest after n terms is at most");
  chapter_text(
      "  d σⁿ⁺¹/((n+1)(1-σ)). The inverse by n iterations of x ← z - tanh(Bx), from x = z.");
  chapter_table("terms", 4, (const char *const[]){"sum", "off by", "at most", "inverse off by"});
  for (int n = 1; n <= 8; n++) {
    double product[4], next[2];
    for (int k = 0; k < 4; k++)
      product[k] = power[k / 2 * 2] * j[k % 2] + power[k / 2 * 2 + 1] * j[2 + k % 2];
    memcpy(power, product, sizeof power);
    sum += (n % 2 == 1 ? 1 : -1) * (power[0] + power[3]) / n;
    for (int i = 0; i < 2; i++) next[i] = z[i] - tanh(B[2 * i] * x[0] + B[2 * i + 1] * x[1]);
    memcpy(x, next, sizeof x);
    if (n != 1 && n != 2 && n != 4 && n != 8) continue;
    const double bound = 2 * pow(singular[0], n + 1) / ((n + 1) * (1 - singular[0]));
    chapter_row("%d", n);
    cell("residual_series", n, sum);
    chapter_claim("log det(I + J), within the bound", log_det, bound);
    chapter_cell_unrecorded(sum - log_det);
    chapter_cell_unrecorded(bound);
    cell("residual_inverse", n, fmax(fabs(x[0] - x_hand[0]), fabs(x[1] - x_hand[1])));
  }
  roulette(B);
}

/* --- pictures -----------------------------------------------------------------------------------
 */

/* Trajectories on the exact field: a block a point, from its latent at t = 1 to the data. */
static void plot_trajectories(void) {
  enum { PATHS = 140, STEPS = 80 };
  const nf_mixture toy = eight();
  for (size_t i = 0; i < PATHS; i++, printf("\n\n")) {
    double z[2] = {nf_random_normal(6, i, 0), nf_random_normal(6, i, 1)};
    for (int k = 0; k <= STEPS; k++) {
      const double t = 1 - (double)k / STEPS;
      printf("%.4f %.5g %.5g\n", t, z[0], z[1]);
      if (k < STEPS)
        solve(mixture_velocity, &(points){&toy, 1}, 1, 2, t, t - 1. / STEPS, 1, z, NULL);
    }
  }
}

/* The density of x_t is that of a mixture, too. */
static nf_mixture at_time(nf_mixture m, double t) {
  for (size_t k = 0; k < m.components; k++)
    for (size_t i = 0; i < m.d; i++) m.mean[k][i] *= 1 - t;
  m.sd = sqrt((1 - t) * (1 - t) * m.sd * m.sd + t * t);
  return m;
}

/* x₁ x₂ p_t: the density of x_t on a grid, at five times */
static void plot_density(void) {
  enum { SIDE = 121 };
  for (int frame = 0; frame < 5; frame++, printf("\n\n")) {
    const nf_mixture m = at_time(eight(), 1 - frame / 4.);
    for (int i = 0; i < SIDE * SIDE; i++) {
      const double at[2] = {(i % SIDE) / 20. - 3, i / SIDE / 20. - 3};
      printf("%.4g %.4g %.4g\n", at[0], at[1], exp(nf_mixture_log_density(&m, at)));
      if (i % SIDE == SIDE - 1) printf("\n");
    }
  }
}

/* t x p_t of the two modes on the line, on a grid */
static void plot_line_density(void) {
  enum { SIDE = 121 };
  for (int i = 0; i < SIDE * SIDE; i++) {
    const double t = 1 - (double)(i % SIDE) / (SIDE - 1), x = i / SIDE / 20. - 3;
    const nf_mixture m = at_time(two, t);
    printf("%.4f %.4g %.4g\n", t, x, exp(nf_mixture_log_density(&m, &x)));
    if (i % SIDE == SIDE - 1) printf("\n");
  }
}

/* The two modes on the line: t, then x_t of quantiles of the base */
static void plot_line(void) {
  enum { PATHS = 41, STEPS = 60 };
  for (int i = 0; i < PATHS; i++, printf("\n\n")) {
    double z = gsl_cdf_ugaussian_Pinv((i + 0.5) / PATHS);
    for (int k = 0; k <= STEPS; k++) {
      const double t = 1 - (double)k / STEPS;
      printf("%.4f %.5g\n", t, z);
      if (k < STEPS)
        solve(mixture_velocity, &(points){&two, 1}, 1, 1, t, t - 1. / STEPS, 1, &z, NULL);
    }
  }
}

/* steps; errors of the log-det of (b) by Euler and by order 4; of its round trip; of log p of the 8
 * Gaussians, absolute mean */
static void plot_steps(void) {
  for (int n = 1; n <= 64; n *= 2) {
    const tanh_steps s = by_steps((size_t)n);
    const double exact = tanh_log_det(1, 0.5);
    printf("%d %.4g %.4g %.4g %.4g\n", n, fabs(euler_tanh(n) - exact), fabs(s.log_det - exact),
           fabs(s.trip), fabs(gap_of_steps((size_t)n, 2000, NULL)));
  }
}

/* A Jacobian of a field of 16 dimensions: two blocks of estimates and, first, the trace and both
 * deviations */
static void plot_hutchinson(void) {
  enum { DIM = 16, DRAWS = 4000 };
  double j[DIM * DIM], trace = 0;
  for (size_t i = 0; i < DIM * DIM; i++)
    j[i] = nf_random_normal(7, 0, i) / 4 - (i / DIM == i % DIM ? 0.6 : 0);
  for (size_t i = 0; i < DIM; i++) trace += j[i * DIM + i];
  printf("%.6g %.6g %.6g\n\n\n", trace, sqrt(variance(DIM, j, false)),
         sqrt(variance(DIM, j, true)));
  for (int k = 0; k < 2; k++, printf("\n\n"))
    for (size_t i = 0; i < DRAWS; i++)
      printf("%.5g\n", probe(DIM, j, k == 0 ? rademacher : normal, i));
}

static void trace(void) {
  nf_flow *flow = field_flow(64);
  chapter_trace("The network of (d), by 64 steps", flow, 0, x_hand);
  nf_flow_free(flow);
}

int main(int argc, char **argv) {
  const chapter_plot plots[] = {
      {"trajectories", "t, x₁, x₂ of a point on its way to the 8 Gaussians; a block a point",
       plot_trajectories},
      {"density", "x₁, x₂, p_t at t = 1, ¾, ½, ¼, 0; a block a time", plot_density},
      {"line_density", "t, x, p_t of the flow to two Gaussians on the line", plot_line_density},
      {"line", "t, x_t of the flow to two Gaussians on the line; a block a point", plot_line},
      {"steps", "steps, errors of the log-det by Euler and order 4, of x, of log p", plot_steps},
      {"hutchinson", "trace, deviations; then estimates with signs, and with normal noise",
       plot_hutchinson},
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
  step_section();
  residual_section();
  return chapter_end();
}
