/* The scale forms and their derivatives:
 * exp 1,   tanh γ(1 - tanh² s) and ∂/∂γ = tanh s,   sigmoid 1 - σ(s + 2). */
#include "layers/scale.h"

#include <string.h>

#include "core/vector.h"

void nf_scale_forward(nf_scale scale, nf_real gamma, size_t count, const nf_real *s,
                      nf_real *log_g) {
  switch (scale) {
    case NF_SCALE_NONE:
      memset(log_g, 0, count * sizeof *log_g);
      break;
    case NF_SCALE_EXP:
      memcpy(log_g, s, count * sizeof *log_g);
      break;
    case NF_SCALE_TANH:
      nf_vector_tanh(count, s, log_g);
      for (size_t i = 0; i < count; i++) log_g[i] *= gamma;
      break;
    case NF_SCALE_SIGMOID:
      for (size_t i = 0; i < count; i++) log_g[i] = s[i] + 2;
      nf_vector_log_sigmoid(count, log_g, log_g);
      break;
  }
}

double nf_scale_backward(nf_scale scale, nf_real gamma, size_t count, const nf_real *s,
                         const nf_real *dlog_g, nf_real *ds) {
  double dgamma = 0;
  switch (scale) {
    case NF_SCALE_NONE: /* has no s */
      break;
    case NF_SCALE_EXP:
      memcpy(ds, dlog_g, count * sizeof *ds);
      break;
    case NF_SCALE_TANH:
      nf_vector_tanh(count, s, ds);
      for (size_t i = 0; i < count; i++) {
        dgamma += (double)(dlog_g[i] * ds[i]);
        ds[i] = dlog_g[i] * gamma * (1 - ds[i] * ds[i]);
      }
      break;
    case NF_SCALE_SIGMOID:
      for (size_t i = 0; i < count; i++) ds[i] = s[i] + 2;
      nf_vector_exp(count, ds, ds);
      for (size_t i = 0; i < count; i++) ds[i] = dlog_g[i] / (1 + ds[i]);
      break;
  }
  return dgamma;
}
