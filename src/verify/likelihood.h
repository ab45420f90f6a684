/* Has maximum likelihood (NOTES 4) arrived? Two answers that know nothing of src/train:
 *
 *   the same loss L(θ) = -(1/n) Σ_i log p(x_i; θ), minimised by GSL's quasi-Newton method BFGS;
 *   when the data's own density is known, the distance to it, from samples or on a grid,
 *
 *   KL(data‖flow) = E[log p_data(x) - log p_flow(x)] = ∫ p_data·(log p_data - log p_flow) dx  */
#ifndef NF_VERIFY_LIKELIHOOD_H
#define NF_VERIFY_LIKELIHOOD_H

#include "flow/flow.h"

/* Starts from the flow's parameters and leaves it at those of the least loss.
 * errors  NF_ENOMEM; NF_EINVAL when ‖gradient‖ ≤ tolerance is not reached in 1000 iterations */
int nf_verify_least_loss(nf_flow *flow, const nf_batch *x, double tolerance, double *loss);

/* The log-density of a point, nats; -∞ where there are no data. */
typedef double nf_log_density(const double *x);

typedef struct {
  double entropy;   /* -E log p_data, nats */
  double kl, error; /* KL(data‖flow) and its standard error */
} nf_divergence;

/* From samples x of the data's density, which the flow has not been trained on, and the density's
 * logarithm at each. */
int nf_verify_divergence(nf_flow *flow, const nf_batch *x, const double *log_p, nf_divergence *d);

/* In the plane, by the midpoint rule on n×n cells of [-r, r]², for data that live inside. */
int nf_verify_divergence_grid(nf_flow *flow, nf_log_density *log_p, double r, size_t n, double *kl);

#endif
