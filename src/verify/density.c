#include "verify/density.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_multimin.h>
#include <gsl/gsl_statistics_double.h>
#include <stdlib.h>

/* --- normalisation: rows of points with a common x_0 ---------------------------------------------
 */

enum { POINTS = 16, MIN_PANELS = 16, MAX_PANELS_1D = 4096, MAX_PANELS_2D = 128 }; /* panels */

typedef struct {
  nf_flow *flow;
  size_t n;           /* nodes per axis */
  double *x, *weight; /* of the nodes; the weight includes dx/dt */
  double *row, *log_p;
} grid;

static void place_nodes(grid *g, const gsl_integration_glfixed_table *rule) {
  const size_t panels = g->n / POINTS;
  for (size_t k = 0; k < g->n; k++) {
    const double width = 2 / (double)panels, from = -1 + width * (double)(k / POINTS);
    double t, w;
    gsl_integration_glfixed_point(from, from + width, k % POINTS, &t, &w, rule);
    const double gap = (1 - t) * (1 + t);
    g->x[k] = t / gap;
    g->weight[k] = w * (1 + t * t) / (gap * gap);
  }
}

/* Σ weight·p over nodes begin … end - 1 of the row; halves it to find the points that fail. */
static double row_sum(grid *g, size_t begin, size_t end, int *status) {
  const size_t d = g->flow->d;
  const int result = nf_flow_log_prob(g->flow, end - begin, g->row + begin * d, g->log_p, NULL);
  double sum = 0;
  if (result == NF_OK) {
    for (size_t k = begin; k < end; k++) sum += g->weight[k] * exp(g->log_p[k - begin]);
  } else if (result != NF_EDOM && result != NF_ENONFINITE) {
    *status = result;
  } else if (end - begin > 1) {
    const size_t middle = (begin + end) / 2;
    sum = row_sum(g, begin, middle, status) + row_sum(g, middle, end, status);
  }
  return sum;
}

static double integrate(grid *g, int *status) {
  const size_t d = g->flow->d, rows = d == 1 ? 1 : g->n;
  double sum = 0;
  for (size_t i = 0; i < rows && *status == NF_OK; i++) {
    for (size_t k = 0; k < g->n; k++) {
      g->row[d * k] = g->x[i];
      g->row[d * k + d - 1] = g->x[k];
    }
    sum += (d == 1 ? 1 : g->weight[i]) * row_sum(g, 0, g->n, status);
  }
  return sum;
}

int nf_verify_integral(nf_flow *flow, double tolerance, double *integral, double *error) {
  if (flow->d != 1 && flow->d != 2) return NF_ESHAPE;
  const size_t max = flow->d == 1 ? MAX_PANELS_1D : MAX_PANELS_2D, n = max * POINTS;
  gsl_integration_glfixed_table *rule = gsl_integration_glfixed_table_alloc(POINTS);
  double *memory = malloc(5 * n * sizeof *memory);
  grid g = {flow, 0, memory, memory + n, memory + 2 * n, memory + 4 * n};
  int status = memory == NULL || rule == NULL ? NF_ENOMEM : NF_OK;
  double value = 0, change = INFINITY;
  for (size_t panels = MIN_PANELS; panels <= max && status == NF_OK && change > tolerance;
       panels *= 2) {
    g.n = panels * POINTS;
    place_nodes(&g, rule);
    const double finer = integrate(&g, &status);
    if (panels > MIN_PANELS) change = fabs(finer - value);
    value = finer;
  }
  if (status == NF_OK) {
    *integral = value;
    *error = change;
  }
  if (rule != NULL) gsl_integration_glfixed_table_free(rule);
  free(memory);
  return status;
}

/* --- samples -------------------------------------------------------------------------------------
 */

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

/* --- the smallest loss, by BFGS ------------------------------------------------------------------
 */

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
