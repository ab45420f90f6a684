/* How a coupling layer scales, log g(s), and its derivative:
 *
 *   none     0
 *   exp      s                  ∂log g/∂s = 1
 *   tanh     γ·tanh s           γ·(1 - tanh² s)
 *   sigmoid  log σ(s + 2)       1 - σ(s + 2)
 *   clamp    f·tanh(s/f)        1 - tanh²(s/f),   f = e^log_f
 *
 * Values lie by pixel, then channel; a channel has an f of its own. `own` is the layer's tensor,
 * gamma (1) or log_f (c_b), which the other forms do not read. */
#ifndef NF_LAYERS_SCALE_H
#define NF_LAYERS_SCALE_H

#include "nf/layer.h"

void nf_scale_forward(nf_scale scale, const nf_tensor *own, size_t count, const nf_real *s,
                      nf_real *log_g);

/* dlog_g[i] = ∂L/∂log g; s becomes ∂L/∂s, and down, as long as own, ∂L/∂own. memory has count
 * values. */
void nf_scale_backward(nf_scale scale, const nf_tensor *own, size_t count, const nf_real *dlog_g,
                       nf_real *s, nf_real *memory, nf_real *down);

#endif
