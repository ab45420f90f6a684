/* See likelihood.h. */
#include "verify/likelihood.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_multimin.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

/* --- BFGS ------------------------------------------------------------------------------------- */

typedef struct {
  nf_flow *flow;
  const nf_batch *x;
  double *gradient;
} problem;

/* A point where the flow fails has no loss: the line search then comes back. */
static void loss_and_gradient(const gsl_vector *param, void *user, double *loss, gsl_vector *g) {
  const problem *p = user;
  const size_t n = p->flow->n_param;
  for (size_t i = 0; i < n; i++) p->flow->param[i] = gsl_vector_get(param, i);
  if (nf_flow_gradient(p->flow, p->x, loss, p->gradient) != NF_OK) *loss = NAN;
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

int nf_verify_least_loss(nf_flow *flow, const nf_batch *x, double tolerance, double *loss) {
  const size_t n = flow->n_param;
  gsl_error_handler_t *handler = gsl_set_error_handler_off();
  problem p = {flow, x, calloc(n + 1, sizeof *p.gradient)};
  gsl_multimin_function_fdf f = {loss_alone, gradient_alone, loss_and_gradient, n, &p};
  gsl_vector *start = gsl_vector_alloc(n);
  gsl_multimin_fdfminimizer *m =
      gsl_multimin_fdfminimizer_alloc(gsl_multimin_fdfminimizer_vector_bfgs2, n);
  int status = p.gradient == NULL || start == NULL || m == NULL ? NF_ENOMEM : NF_OK;
  if (status == NF_OK) {
    for (size_t i = 0; i < n; i++) gsl_vector_set(start, i, flow->param[i]);
    gsl_multimin_fdfminimizer_set(m, &f, start, 0.01, 0.1);
    status = minimise(m, tolerance);
    for (size_t i = 0; i < n; i++) flow->param[i] = gsl_vector_get(m->x, i);
    *loss = m->f;
  }
  if (m != NULL) gsl_multimin_fdfminimizer_free(m);
  if (start != NULL) gsl_vector_free(start);
  free(p.gradient);
  gsl_set_error_handler(handler);
  return status;
}

/* --- Kullback and Leibler ----------------------------------------------------------------------
 */

int nf_verify_divergence(nf_flow *flow, const nf_batch *x, const double *log_p, nf_divergence *d) {
  double *gap = malloc((x->n + 1) * sizeof *gap);
  int status = gap == NULL ? NF_ENOMEM : nf_flow_log_prob(flow, x, gap);
  if (status == NF_OK) {
    double entropy = 0;
    for (size_t i = 0; i < x->n; i++) {
      entropy -= log_p[i] / (double)x->n;
      gap[i] = log_p[i] - gap[i];
    }
    *d = (nf_divergence){entropy, gsl_stats_mean(gap, 1, x->n),
                         gsl_stats_sd(gap, 1, x->n) / sqrt((double)x->n)};
  }
  free(gap);
  return status;
}

int nf_verify_divergence_grid(nf_flow *flow, nf_log_density *log_p, double r, size_t n,
                              double *kl) {
  double *x = malloc((2 * n * n + 1) * sizeof *x), *log_q = malloc((n * n + 1) * sizeof *log_q);
  int status = x == NULL || log_q == NULL ? NF_ENOMEM : NF_OK;
  if (status == NF_OK) {
    const double side = 2 * r / (double)n;
    const nf_batch grid = {.n = n * n, .shape = nf_point(2), .data = x};
    for (size_t i = 0; i < n * n; i++) {
      x[2 * i] = side * ((double)(i % n) + 0.5) - r;
      x[2 * i + 1] = side * ((double)(i / n) + 0.5) - r;
    }
    status = nf_flow_log_prob(flow, &grid, log_q);
    double sum = 0;
    for (size_t i = 0; status == NF_OK && i < n * n; i++) {
      const double truth = log_p(x + 2 * i);
      if (truth > -INFINITY) sum += exp(truth) * (truth - log_q[i]) * side * side;
    }
    if (status == NF_OK) *kl = sum;
  }
  free(x);
  free(log_q);
  return status;
}
