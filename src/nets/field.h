/* The network of a continuous flow, a velocity field v(z, t), with the trace of its Jacobian and
 * the derivative of both:
 *
 *   v = net(z, t),    τ = tr ∂v/∂z = Σ_j ∂v_j/∂z_j          (NOTES (12.2))
 *
 * The trace is exact: the derivative of the network along each of the d unit vectors, carried
 * forward with its values, so that it costs d further passes. */
#ifndef NF_NETS_FIELD_H
#define NF_NETS_FIELD_H

#include "nf/net.h"

extern const nf_net_type nf_field_type; /* compare with net->type */

/* x (n, d+1) holds (z, t), v (n, d), trace (n), hidden (1 + d)·n·n_hidden values, for backward.
 * trace NULL: v alone, as the network's own forward; then hidden is n·n_hidden values. */
void nf_field_forward(const nf_net *net, size_t n, const nf_real *x, nf_real *v, double *trace,
                      nf_real *hidden);

/* Of L(v, τ): dx (n, d+1) = ∂L/∂(z, t), overwritten; dparam is added to, as by the network's own
 * backward. dtrace (n) = ∂L/∂τ; NULL: v alone.   errors  NF_ENOMEM */
int nf_field_backward(const nf_net *net, size_t n, const nf_real *x, const nf_real *hidden,
                      const nf_real *dv, const nf_real *dtrace, nf_real *dx, nf_real *dparam,
                      nf_arena *tmp);

/* The backward of a field takes long, its few parameters little memory: a chunk sums its gradient,
 * from 0, in an array of its own (NULL: memory is out), and adds that to dparam in the end. */
nf_real *nf_field_gradient(const nf_net *net, nf_arena *tmp);
void nf_field_add(const nf_net *net, const nf_real *sum, const nf_turn *turn);

#endif
