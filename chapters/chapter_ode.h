/* Chapter 12's three ways to solve dz/dt = v(z, t): by N steps of equal size (NOTES (12.7)), with
 * the trace along; by the method of Dormand and Prince (verify/ode.h), of order 5, and by GSL's of
 * order 8, both of which pick their own steps. */
#ifndef CHAPTER_ODE_H
#define CHAPTER_ODE_H

#include "layers/runge_kutta.h"
#include "verify/ode.h"

/* z (n, d) in place, by the library's nf_ode_solve; log_det (n) is ∫ tr ∂v/∂z dt, or NULL. */
void ode_by_steps(nf_velocity *v, void *user, size_t n, size_t d, double from, double to,
                  size_t steps, double *z, double *log_det);

/* y (n) in place, with dy/dt = f; returns how often f was evaluated. */
size_t ode_adaptive(nf_derivative *f, void *user, size_t n, double from, double to,
                    double tolerance, double *y);
size_t ode_by_gsl(nf_derivative *f, void *user, size_t n, double from, double to, double tolerance,
                  double *y);

#endif
