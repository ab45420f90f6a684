/* The classical Runge-Kutta method of order 4 (Kutta 1901) for dz/dt = v(z, t), in N steps of equal
 * size h, with the integral of the trace along:
 *
 *   k_1 = v(u_1, t),  k_s = v(u_s, t + c_s h),   u_1 = z,  u_s = z + c_s h k_{s-1},  c = 0, ½, ½, 1
 *   z ← z + h Σ_s b_s k_s,     ℓ ← ℓ + h Σ_s b_s τ(u_s, t + c_s h),     b = 1/6, 1/3, 1/3, 1/6
 *
 * (NOTES (12.7).) The number of steps is fixed, so the result is a differentiable function of z and
 * of the field's parameters, the same bits each time; its derivative is computed, and not an
 * approximation of it. */
#ifndef NF_LAYERS_RUNGE_KUTTA_H
#define NF_LAYERS_RUNGE_KUTTA_H

#include "nf/core.h"

/* v = v(u, t) of n samples of d values, and trace (n) = tr ∂v/∂u unless it is NULL. */
typedef int nf_velocity(void *user, double t, const nf_real *u, nf_real *v, double *trace);
/* du = (∂v/∂u)ᵀ dv + weight·dlog_det·∂τ/∂u, overwritten, and the parameters' gradients. */
typedef int nf_velocity_backward(void *user, double t, const nf_real *u, const nf_real *dv,
                                 double weight, nf_real *du);

typedef struct {
  size_t n, d, steps;
  double from, to; /* times */
  void *user;
  nf_velocity *velocity;
  nf_velocity_backward *backward;
} nf_ode;

/* z (n, d) from one time to the other. log_det (n) is added to; NULL: not wanted. stages,
 * 4·steps·n·d values: every u_s, for backward; or NULL.   errors  NF_ENOMEM, those of velocity */
int nf_ode_solve(const nf_ode *ode, nf_real *z, double *log_det, nf_real *stages, nf_arena *tmp);
/* dz = ∂L/∂z at `to` becomes that at `from`. */
int nf_ode_backward(const nf_ode *ode, const nf_real *stages, nf_real *dz, nf_arena *tmp);

#endif
