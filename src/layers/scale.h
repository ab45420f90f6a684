/* How a conditioner's output s becomes the log-scale of a coupling layer, log g(s):
 *
 *   exp      log g = s                 notes 9.2
 *   tanh     log g = γ·tanh(s)         RealNVP: bounded by the learned γ
 *   sigmoid  log g = log σ(s + 2)      Glow: g < 1, near 1 at birth
 *   none     log g = 0                 NICE */
#ifndef NF_LAYERS_SCALE_H
#define NF_LAYERS_SCALE_H

#include "layers/bijectors.h"

/* log_g[i] = log g(s[i]) */
void nf_scale_forward(nf_scale scale, nf_real gamma, size_t count, const nf_real *s,
                      nf_real *log_g);
/* ds[i] = dlog_g[i]·∂log g/∂s; returns Σ dlog_g[i]·∂log g/∂γ. ds may be s. Not for none, which has
 * no s. */
double nf_scale_backward(nf_scale scale, nf_real gamma, size_t count, const nf_real *s,
                         const nf_real *dlog_g, nf_real *ds);

#endif
