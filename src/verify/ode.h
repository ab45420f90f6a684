/* A second way to solve dy/dt = f(y, t), which shares no code with src/layers/runge_kutta.c: the
 * method of Dormand and Prince (1980), of order 5, which picks its own steps. Its last stage is the
 * first of the next step; a formula of order 4 from the same stages tells the error,
 *
 *   e = h Σ_s (b_s - b*_s) k_s,     err = √((1/n) Σ_i (e_i/(τ(1 + max|y_i|)))²)
 *
 * A step is taken when err ≤ 1, and the next has h·min(5, max(0.2, 0.9·err^(-1/5))). Source:
 * Hairer, Nørsett & Wanner 1993, II.4. */
#ifndef NF_VERIFY_ODE_H
#define NF_VERIFY_ODE_H

#include "nf/core.h"

typedef void nf_derivative(void *user, double t, const double *y, double *dy);

/* y (n) from one time to the other, forward or backward, with tolerance τ a step. *evaluations of f
 * are added to; may be NULL.   errors  NF_ENOMEM; NF_ENONFINITE; NF_EINVAL after 100000 steps */
int nf_verify_ode(nf_derivative *f, void *user, size_t n, double from, double to, double tolerance,
                  double *y, size_t *evaluations);

#endif
