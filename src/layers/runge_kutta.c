/* A step and its derivative. With z̄ for the derivative of a loss by z after the step, and k̄_s, ū_s
 * for those by the step's velocities and their places,
 *
 *   k̄_s = h b_s z̄ + c_{s+1} h ū_{s+1}        (c_5 = 0)
 *   ū_s = (∂v/∂u)ᵀ k̄_s + h b_s ℓ̄ ∂τ/∂u       at u_s
 *   z̄  ← z̄ + Σ_s ū_s
 *
 * from the last stage to the first. */
#include "layers/runge_kutta.h"

#include <string.h>

#include "core/real.h"

enum { STAGES = 4 };
static const double node[STAGES + 1] = {0, 0.5, 0.5, 1, 0}, /* c_s; c_5 = 0 */
    weight[STAGES] = {1. / 6, 1. / 3, 1. / 3, 1. / 6};      /* b_s */

static double step_size(const nf_ode *ode) { return (ode->to - ode->from) / (double)ode->steps; }
static double time_of(const nf_ode *ode, size_t step, int stage) {
  return ode->from + ((double)step + node[stage]) * step_size(ode);
}

int nf_ode_solve(const nf_ode *ode, nf_real *z, double *log_det, nf_real *stages, nf_arena *tmp) {
  const size_t count = ode->n * ode->d;
  const double h = step_size(ode);
  nf_real *v = nf_arena_alloc(tmp, count), *sum = nf_arena_alloc(tmp, count);
  nf_real *own = nf_arena_alloc(tmp, count);
  double *trace = nf_arena_alloc_double(tmp, ode->n);
  if (v == NULL || sum == NULL || own == NULL || trace == NULL) return NF_ENOMEM;
  for (size_t k = 0; k < ode->steps; k++) {
    memset(sum, 0, count * sizeof *sum);
    for (int s = 0; s < STAGES; s++) {
      nf_real *u = stages != NULL ? stages + (STAGES * k + (size_t)s) * count : own;
      const nf_real reach = NF_R(node[s] * h), share = NF_R(weight[s] * h);
      for (size_t i = 0; i < count; i++) u[i] = s == 0 ? z[i] : z[i] + reach * v[i];
      const int status =
          ode->velocity(ode->user, time_of(ode, k, s), u, v, log_det != NULL ? trace : NULL);
      if (status != NF_OK) return status;
      for (size_t i = 0; i < count; i++) sum[i] += share * v[i];
      for (size_t i = 0; log_det != NULL && i < ode->n; i++) log_det[i] += weight[s] * h * trace[i];
    }
    for (size_t i = 0; i < count; i++) z[i] += sum[i];
  }
  return NF_OK;
}

int nf_ode_backward(const nf_ode *ode, const nf_real *stages, nf_real *dz, nf_arena *tmp) {
  const size_t count = ode->n * ode->d;
  const double h = step_size(ode);
  nf_real *dv = nf_arena_alloc(tmp, count), *du = nf_arena_alloc(tmp, count);
  nf_real *sum = nf_arena_alloc(tmp, count);
  if (dv == NULL || du == NULL || sum == NULL) return NF_ENOMEM;
  for (size_t k = ode->steps; k-- > 0;) {
    memset(sum, 0, count * sizeof *sum);
    memset(du, 0, count * sizeof *du);
    for (int s = STAGES; s-- > 0;) {
      const nf_real *u = stages + (STAGES * k + (size_t)s) * count;
      const nf_real reach = NF_R(node[s + 1] * h), share = NF_R(weight[s] * h);
      for (size_t i = 0; i < count; i++) dv[i] = share * dz[i] + reach * du[i];
      const int status = ode->backward(ode->user, time_of(ode, k, s), u, dv, weight[s] * h, du);
      if (status != NF_OK) return status;
      for (size_t i = 0; i < count; i++) sum[i] += du[i];
    }
    for (size_t i = 0; i < count; i++) dz[i] += sum[i];
  }
  return NF_OK;
}
