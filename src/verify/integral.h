/* Is it a density? Whatever a flow has learned, its density over the whole space must have
 *
 *   ∫ exp(log p(x)) dx = 1          over R or R²
 *
 * Each axis is mapped from t in (-1, 1) by x = t/(1 - t²), dx = (1 + t²)/(1 - t²)² dt, and cut
 * into panels with GSL's 16-point Gauss-Legendre rule in each; the panels are halved until the
 * integral stays put. A log-det of the wrong sign or size shows as an integral that is not 1,
 * and so does a map that is not onto: it leaves out a part of the latent space, and its integral
 * is the base probability of the rest. */
#ifndef NF_VERIFY_INTEGRAL_H
#define NF_VERIFY_INTEGRAL_H

#include "flow/flow.h"

/* error: the difference of the last two refinements, at most `tolerance` unless the panels
 * became too many. Where log p has no finite value (outside the domain, or so far out that the
 * flow overflows) the density counts as 0: a flow that fails at an ordinary point loses mass.
 * errors  NF_ESHAPE when flow->d is neither 1 nor 2; those of log_prob that are about neither
 *         the point nor its value */
int nf_verify_integral(nf_flow *flow, double tolerance, double *integral, double *error);

#endif
