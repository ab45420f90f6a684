/* Checks of a flow as a density.
 *
 * Normalised?  ∫ exp(log p(x)) dx = 1 over R or R². Each axis is mapped from t in (-1, 1) by
 * x = t/(1 - t²), dx = (1 + t²)/(1 - t²)² dt, and cut into 16 panels with GSL's 8-point
 * Gauss-Legendre rule in each. A panel is halved, at most 12 times, until its halves agree with it:
 * the density of splines has kinks at the knots, which are at other x_1 in each row of the plane,
 * and only there the panels become small. A log-det of the wrong sign or size shows as an integral
 * that is not 1, and so does a map that is not onto: its integral is the base probability of its
 * range.
 *
 * Do samples come from it? A sample is x = f⁻¹(T·z) with z ~ N(0, I); so for w = f(x)/T
 *
 *   Φ(w_k) is uniform on (0, 1), for each dimension k        w_k ~ N(0, 1)
 *   F(‖w‖²) is uniform on (0, 1), F the cdf of χ²_D          w ~ N(0, I)
 *
 * The second sees dependent latents, which no single dimension shows. Each of these D + 1
 * hypotheses is put to Pearson's χ² test in 32 equal cells, with GSL's cdfs.
 *
 * Has maximum likelihood (NOTES (5.1)) converged? By two routes that share no code with src/train:
 * the same loss L(θ) = -(1/n) Σ_i log p(x_i; θ), minimised by GSL's quasi-Newton method BFGS; and,
 * when the data's own density is known, the KL divergence to it, from samples or on a grid,
 *
 *   KL(data‖flow) = E[log p_data(x) - log p_flow(x)] = ∫ p_data·(log p_data - log p_flow) dx */
#ifndef NF_VERIFY_DENSITY_H
#define NF_VERIFY_DENSITY_H

#include "core/real.h"
#include "flow/flow.h"

/* error: the sum over all panels of their differences from the two halves, of which the integral is
 * made; it is above the integral's own error. A panel is halved while it differs by more than a
 * tenth of `tolerance`, and a hundredth along x_1 of the plane. Where log p has no finite value
 * (outside the domain, or so far out that the flow overflows) the density counts as 0: a flow that
 * fails at an ordinary point loses mass. errors  NF_ESHAPE when D is neither 1 nor 2; those of
 * log_prob that are about neither the point nor its value */
int nf_verify_integral(nf_flow *flow, double tolerance, double *integral, double *error);

/* P(χ² ≥ Σ (count_i - expected_i)²/expected_i), χ² of cells - 1 degrees of freedom. Each expected
 * count should be 5 or more. */
double nf_verify_counts(size_t cells, const double *count, const double *expected);

/* *p: the smallest of the D + 1 p-values, times D + 1 (Bonferroni). Samples of this flow at this
 * temperature have p < α with probability at most α: demanding p ≥ α is a test whose false-alarm
 * rate is α. *where: the dimension with that smallest value, or D for the norm. x (n, D), at least
 * 160 samples.   errors  as nf_flow_forward; NF_EINVAL (n, temperature) */
int nf_verify_samples(nf_flow *flow, size_t n, const double *x, double temperature, double *p,
                      size_t *where);

/* Starts from the flow's parameters and leaves it at those of the smallest loss.
 * errors  NF_ENOMEM; NF_EINVAL when ‖gradient‖ ≤ tolerance is not reached in 1000 iterations */
int nf_verify_min_loss(nf_flow *flow, size_t n, const double *x, double tolerance, double *loss);

/* The log-density of a point, nats; -∞ where there are no data. */
typedef double nf_log_density(const double *x);

typedef struct {
  double entropy;   /* -E log p_data, nats */
  double kl, error; /* KL(data‖flow) and its standard error */
} nf_divergence;

/* From samples x (n, D) of the data's density, which the flow has not been trained on, and the
 * density's logarithm at each. */
int nf_verify_divergence(nf_flow *flow, size_t n, const double *x, const double *log_p,
                         nf_divergence *d);

/* In the plane, by the midpoint rule on n×n cells of [-r, r]², for data that live inside. */
int nf_verify_divergence_grid(nf_flow *flow, nf_log_density *log_p, double r, size_t n, double *kl);

#endif
