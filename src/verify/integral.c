/* A row of points with a common x_0 is one batch; the sum over rows is the outer integral. */
#include "verify/integral.h"

#include <gsl/gsl_integration.h>
#include <stdlib.h>

enum { POINTS = 16, FEWEST = 16, MOST_ON_LINE = 4096, MOST_ON_PLANE = 128 }; /* panels */

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
  const nf_batch points = {end - begin, g->flow->bijector->in, g->row + begin * d, 0, 0};
  const int result = nf_flow_log_prob(g->flow, &points, g->log_p);
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
  const size_t most = flow->d == 1 ? MOST_ON_LINE : MOST_ON_PLANE, n = most * POINTS;
  gsl_integration_glfixed_table *rule = gsl_integration_glfixed_table_alloc(POINTS);
  double *memory = malloc(5 * n * sizeof *memory);
  grid g = {flow, 0, memory, memory + n, memory + 2 * n, memory + 4 * n};
  int status = memory == NULL || rule == NULL ? NF_ENOMEM : NF_OK;
  double value = 0, change = INFINITY;
  for (size_t panels = FEWEST; panels <= most && status == NF_OK && change > tolerance;
       panels *= 2) {
    g.n = panels * POINTS;
    place_nodes(&g, rule);
    const double finer = integrate(&g, &status);
    if (panels > FEWEST) change = fabs(finer - value);
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
