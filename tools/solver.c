/* The error that the steps of its solver leave in log p of a continuous flow (NOTES 12.3). The
 * steps give a density that is not normalised, and maximum likelihood can exploit this. A flow of
 * the same weights and twice the steps has, by (12.7), a sixteenth of the error, so that
 *
 *   δ = (1/n) Σ_i (log p_N(x_i) - log p_2N(x_i))     nats
 *
 * is nearly all of it: positive when the samples look more probable than they are. */
#include <math.h>
#include <string.h>

#include "cli.h"
#include "flow/flow.h"
#include "flow/models.h"

enum { SAMPLES = 1000, MOST_STEPS = 4096 }; /* the most that are evaluated; that a model can have */

/* NULL on failure. */
static nf_flow *with_twice_the_steps(const nf_flow *flow, nf_error *e) {
  nf_model m = flow->model;
  m.steps *= 2;
  nf_flow *twice = nf_flow_from_model(&m, e);
  if (twice == NULL) return NULL;
  memcpy(twice->param, flow->param, flow->n_param * sizeof *flow->param);
  memcpy(twice->constant, flow->constant, flow->n_constant * sizeof *flow->constant);
  if (nf_flow_set_threads(twice, flow->threads, e) == NF_OK) return twice;
  nf_flow_free(twice);
  return NULL;
}

static double mean_log_p(nf_flow *flow, const nf_batch *x, double *log_p, nf_error *e) {
  double mean = 0;
  if (nf_flow_log_prob_batch(flow, x, log_p, e) != NF_OK) return NAN;
  for (size_t i = 0; i < x->n; i++) mean += log_p[i] / (double)x->n;
  return mean;
}

int cli_solver_error(nf_flow *flow, const char *path, const cli_data *data, size_t n,
                     const size_t *index, double *difference, nf_error *e) {
  const nf_model *m = nf_flow_model(flow);
  *difference = NAN;
  if (!nf_architecture_of(m->family)->continuous || 2 * m->steps > MOST_STEPS) return NF_OK;
  double log_p[SAMPLES];
  nf_batch x;
  nf_error own = {0};
  nf_flow *twice = with_twice_the_steps(flow, e);
  if (twice != NULL && cli_batch_new(flow, SAMPLES, &x, e) == NF_OK) {
    cli_batch_gather(data, n < SAMPLES ? n : SAMPLES, index, &x);
    *difference = mean_log_p(flow, &x, log_p, e) - mean_log_p(twice, &x, log_p, &own);
    if (own.status == NF_ENONFINITE)
      *difference = INFINITY;
    else if (own.status != NF_OK)
      nf_fail(e, own.status, "%s", own.message);
    cli_batch_free(&x);
  }
  nf_flow_free(twice);
  if (nf_status_of(e) == NF_OK && !(fabs(*difference) <= CLI_SOLVER_TOLERANCE))
    cli_note(
        "warning: %s: log p by %zu and by %zu steps of the solver differs by %.2g nats, more "
        "than %g; train with a larger --depth",
        path, m->steps, 2 * m->steps, *difference, CLI_SOLVER_TOLERANCE);
  return nf_status_of(e);
}
