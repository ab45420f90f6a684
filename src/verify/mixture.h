/* The velocity field of least flow-matching loss, in closed form, for data from a mixture of K
 * round Gaussians of the same weight, (1/K) Σ_k N(m_k, s²I). On the path x_t = (1 - t)x + tz
 * component k is N((1 - t)m_k, σ²I), σ² = (1 - t)²s² + t². With the posterior r_k ∝ N(x; (1 -
 * t)m_k, σ²I) and the means m̄ = Σ_k r_k m_k,
 *
 *   v(x, t) = E[z - x | x_t] = c x - (1 + (1 - t)c) m̄,     c = (t - (1 - t)s²)/σ²
 *   tr ∂v/∂x = d c - (1 + (1 - t)c)(1 - t)/σ² · Σ_k r_k ‖m_k - m̄‖²
 *
 * (NOTES (12.11).) */
#ifndef NF_VERIFY_MIXTURE_H
#define NF_VERIFY_MIXTURE_H

#include "nf/core.h"

enum { NF_MIXTURE_MAX = 8, NF_MIXTURE_MAX_D = 2 };
typedef struct {
  size_t d, components; /* at most NF_MIXTURE_MAX_D and NF_MIXTURE_MAX */
  double mean[NF_MIXTURE_MAX][NF_MIXTURE_MAX_D], sd;
} nf_mixture;

/* That of the toy density `gaussians`: 8 on a circle of radius 2, s = ¼. */
nf_mixture nf_mixture_gaussians(void);

/* v (d) at x (d); trace may be NULL. */
void nf_mixture_velocity(const nf_mixture *m, double t, const double *x, double *v, double *trace);
/* log-density of the data, nats */
double nf_mixture_log_density(const nf_mixture *m, const double *x);

#endif
