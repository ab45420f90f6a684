#include "verify/density.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_multimin.h>
#include <gsl/gsl_statistics_double.h>
#include <stdlib.h>

/* --- normalisation -------------------------------------------------------------------------- */

/* An axis is cut into panels, and a panel into halves where their sum differs from it. */

enum { POINTS = 8, PANELS = 16, MAX_HALVINGS = 12 };

typedef struct {
  double value, error;
} estimate;

typedef struct {
  nf_flow *flow;
  const gsl_integration_glfixed_table *rule;
  double tolerance[2]; /* of a panel, by axis */
  double x_0;          /* in the plane, of the row along which axis 1 is integrated */
  int status;
} integrand;

/* The nodes x of POINTS values of t from `from` to `to`, and their weights, which include dx/dt. */
static void place_nodes(const integrand *p, double from, double to, double x[POINTS],
                        double weight[POINTS]) {
  for (size_t k = 0; k < POINTS; k++) {
    double t, w;
    gsl_integration_glfixed_point(from, to, k, &t, &w, p->rule);
    const double gap = (1 - t) * (1 + t);
    x[k] = t / gap;
    weight[k] = w * (1 + t * t) / (gap * gap);
  }
}

/* p at n nodes along the last axis; halves them to find the points that fail, where it is 0. */
static void densities(integrand *p, size_t n, const double *x, double *density) {
  const size_t d = p->flow->d;
  double point[2 * 2 * POINTS] = {0};
  for (size_t k = 0; k < n; k++) {
    point[d * k] = p->x_0;
    point[d * k + d - 1] = x[k];
  }
  const int result = nf_flow_log_prob(p->flow, n, point, density, NULL);
  if (result == NF_OK) {
    for (size_t k = 0; k < n; k++) density[k] = exp(density[k]);
  } else if (result != NF_EDOM && result != NF_ENONFINITE) {
    p->status = result;
  } else if (n > 1) {
    densities(p, n / 2, x, density);
    densities(p, n - n / 2, x + n / 2, density + n / 2);
  } else {
    density[0] = 0;
  }
}

static estimate integrate(integrand *p, size_t axis);

/* The two halves of a panel: of p along the last axis, of the rows' integrals along the first. */
static void halves(integrand *p, size_t axis, double from, double to, estimate half[2]) {
  double x[2 * POINTS], weight[2 * POINTS], value[2 * POINTS];
  const double middle = (from + to) / 2;
  place_nodes(p, from, middle, x, weight);
  place_nodes(p, middle, to, x + POINTS, weight + POINTS);
  half[0] = half[1] = (estimate){0, 0};
  if (axis == p->flow->d - 1) densities(p, 2 * POINTS, x, value);
  for (size_t k = 0; k < 2 * POINTS && p->status == NF_OK; k++) {
    estimate row = {value[k], 0};
    if (axis < p->flow->d - 1) {
      p->x_0 = x[k];
      row = integrate(p, axis + 1);
    }
    half[k / POINTS].value += weight[k] * row.value;
    half[k / POINTS].error += weight[k] * row.error;
  }
}

static estimate refined(integrand *p, size_t axis, double from, double to, double coarse,
                        int halvings) {
  estimate half[2];
  halves(p, axis, from, to, half);
  estimate sum = {half[0].value + half[1].value, half[0].error + half[1].error};
  const double change = fabs(sum.value - coarse), middle = (from + to) / 2;
  sum.error += change;
  if (change <= p->tolerance[axis] || halvings == MAX_HALVINGS || p->status != NF_OK) return sum;
  const estimate left = refined(p, axis, from, middle, half[0].value, halvings + 1);
  const estimate right = refined(p, axis, middle, to, half[1].value, halvings + 1);
  return (estimate){left.value + right.value, left.error + right.error};
}

static estimate integrate(integrand *p, size_t axis) {
  estimate sum = {0, 0}, half[2];
  for (int k = 0; k < PANELS && p->status == NF_OK; k += 2) {
    const double from = -1 + 2. * k / PANELS, width = 2. / PANELS;
    halves(p, axis, from, from + 2 * width, half);
    for (int i = 0; i < 2; i++) {
      const double start = from + i * width;
      const estimate panel = refined(p, axis, start, start + width, half[i].value, 0);
      sum.value += panel.value;
      sum.error += panel.error;
    }
  }
  return sum;
}

int nf_verify_integral(nf_flow *flow, double tolerance, double *integral, double *error) {
  if (flow->d != 1 && flow->d != 2) return NF_ESHAPE;
  gsl_integration_glfixed_table *rule = gsl_integration_glfixed_table_alloc(POINTS);
  if (rule == NULL) return NF_ENOMEM;
  integrand p = {.flow = flow, .rule = rule, .tolerance = {tolerance / 10, tolerance / 100}};
  const estimate sum = integrate(&p, 0);
  gsl_integration_glfixed_table_free(rule);
  if (p.status == NF_OK) {
    *integral = sum.value;
    *error = sum.error;
  }
  return p.status;
}

/* --- samples -------------------------------------------------------------------------------- */

enum { CELLS = 32, MIN_SAMPLES = 5 * CELLS };

double nf_verify_counts(size_t cells, const double *count, const double *expected) {
  double chi_squared = 0;
  for (size_t i = 0; i < cells; i++) {
    const double gap = count[i] - expected[i];
    chi_squared += gap * gap / expected[i];
  }
  return gsl_cdf_chisq_Q(chi_squared, (double)cells - 1);
}

static double uniformity(size_t n, const double *u) {
  double count[CELLS] = {0}, expected[CELLS];
  for (size_t i = 0; i < n; i++) {
    const size_t cell = (size_t)(u[i] * CELLS);
    count[cell < CELLS ? cell : CELLS - 1]++;
  }
  for (size_t i = 0; i < CELLS; i++) expected[i] = (double)n / CELLS;
  return nf_verify_counts(CELLS, count, expected);
}

int nf_verify_samples(nf_flow *flow, size_t n, const double *x, double temperature, double *p,
                      size_t *where) {
  const size_t d = flow->d;
  if (n < MIN_SAMPLES || !(temperature > 0)) return NF_EINVAL;
  double *z = malloc(n * d * sizeof *z), *u = malloc(n * sizeof *u);
  double *norm_squared = calloc(n, sizeof *norm_squared);
  int status = z == NULL || u == NULL || norm_squared == NULL ? NF_ENOMEM : NF_OK;
  if (status == NF_OK) status = nf_flow_forward(flow, n, x, z, NULL, NULL);
  double min = INFINITY;
  for (size_t k = 0; k <= d && status == NF_OK; k++) {
    for (size_t i = 0; i < n; i++) {
      const double w = k < d ? z[i * d + k] / temperature : 0;
      norm_squared[i] += w * w;
      u[i] = k < d ? gsl_cdf_ugaussian_P(w) : gsl_cdf_chisq_P(norm_squared[i], (double)d);
    }
    const double value = uniformity(n, u);
    if (value < min) {
      min = value;
      *where = k;
    }
  }
  if (status == NF_OK) *p = fmin(1, min * (double)(d + 1));
  free(z);
  free(u);
  free(norm_squared);
  return status;
}

/* --- the smallest loss, by BFGS ------------------------------------------------------------- */

typedef struct {
  nf_flow *flow;
  size_t n;
  const double *x;
  double *gradient;
} problem;

/* A point where the flow fails has no loss: the line search then comes back. */
static void loss_and_gradient(const gsl_vector *param, void *user, double *loss, gsl_vector *g) {
  const problem *p = user;
  const size_t n = p->flow->n_param;
  for (size_t i = 0; i < n; i++) p->flow->param[i] = gsl_vector_get(param, i);
  if (nf_flow_gradient(p->flow, p->n, p->x, loss, p->gradient, NULL) != NF_OK) *loss = NAN;
  for (size_t i = 0; g != NULL && i < n; i++) gsl_vector_set(g, i, p->gradient[i]);
}

static double loss_alone(const gsl_vector *param, void *user) {
  double loss;
  loss_and_gradient(param, user, &loss, NULL);
  return loss;
}

static void gradient_alone(const gsl_vector *param, void *user, gsl_vector *g) {
  double loss;
  loss_and_gradient(param, user, &loss, g);
}

static int minimise(gsl_multimin_fdfminimizer *m, double tolerance) {
  for (int i = 0; i < 1000; i++) {
    if (gsl_multimin_test_gradient(m->gradient, tolerance) == GSL_SUCCESS) return NF_OK;
    if (gsl_multimin_fdfminimizer_iterate(m) != GSL_SUCCESS) break;
  }
  return gsl_multimin_test_gradient(m->gradient, tolerance) == GSL_SUCCESS ? NF_OK : NF_EINVAL;
}

int nf_verify_min_loss(nf_flow *flow, size_t n, const double *x, double tolerance, double *loss) {
  const size_t n_param = flow->n_param;
  gsl_error_handler_t *handler = gsl_set_error_handler_off();
  problem p = {flow, n, x, calloc(n_param + 1, sizeof *p.gradient)};
  gsl_multimin_function_fdf f = {loss_alone, gradient_alone, loss_and_gradient, n_param, &p};
  gsl_vector *start = gsl_vector_alloc(n_param);
  gsl_multimin_fdfminimizer *m =
      gsl_multimin_fdfminimizer_alloc(gsl_multimin_fdfminimizer_vector_bfgs2, n_param);
  int status = p.gradient == NULL || start == NULL || m == NULL ? NF_ENOMEM : NF_OK;
  if (status == NF_OK) {
    for (size_t i = 0; i < n_param; i++) gsl_vector_set(start, i, flow->param[i]);
    gsl_multimin_fdfminimizer_set(m, &f, start, 0.01, 0.1);
    status = minimise(m, tolerance);
    for (size_t i = 0; i < n_param; i++) flow->param[i] = gsl_vector_get(m->x, i);
    *loss = m->f;
  }
  if (m != NULL) gsl_multimin_fdfminimizer_free(m);
  if (start != NULL) gsl_vector_free(start);
  free(p.gradient);
  gsl_set_error_handler(handler);
  return status;
}

/* --- Kullback and Leibler --------------------------------------------------------------------- */

int nf_verify_divergence(nf_flow *flow, size_t n, const double *x, const double *log_p,
                         nf_divergence *d) {
  double *gap = malloc((n + 1) * sizeof *gap);
  int status = gap == NULL ? NF_ENOMEM : nf_flow_log_prob(flow, n, x, gap, NULL);
  if (status == NF_OK) {
    double entropy = 0;
    for (size_t i = 0; i < n; i++) {
      entropy -= log_p[i] / (double)n;
      gap[i] = log_p[i] - gap[i];
    }
    *d = (nf_divergence){entropy, gsl_stats_mean(gap, 1, n),
                         gsl_stats_sd(gap, 1, n) / sqrt((double)n)};
  }
  free(gap);
  return status;
}

int nf_verify_divergence_grid(nf_flow *flow, nf_log_density *log_p, double r, size_t n,
                              double *kl) {
  double *x = calloc(2 * n * n + 1, sizeof *x), *log_q = malloc((n * n + 1) * sizeof *log_q);
  int status = x == NULL || log_q == NULL ? NF_ENOMEM : NF_OK;
  if (status == NF_OK) {
    const double side = 2 * r / (double)n;
    for (size_t i = 0; i < n * n; i++) {
      x[2 * i] = side * ((double)(i % n) + 0.5) - r;
      x[2 * i + 1] = side * ((double)(i / n) + 0.5) - r;
    }
    status = nf_flow_log_prob(flow, n * n, x, log_q, NULL);
    double sum = 0;
    for (size_t i = 0; status == NF_OK && i < n * n; i++) {
      const double log_data = log_p(x + 2 * i);
      if (log_data > -INFINITY) sum += exp(log_data) * (log_data - log_q[i]) * side * side;
    }
    if (status == NF_OK) *kl = sum;
  }
  free(x);
  free(log_q);
  return status;
}
