/* The scale forms and their derivatives:
 * exp 1,   tanh γ(1 - tanh² s) and ∂/∂γ = tanh s,   sigmoid 1 - σ(s + 2). */
#include "bijectors/scale.h"

void nf_scale_forward(nf_scale scale, nf_real gamma, size_t count, const nf_real *s,
                      nf_real *log_g) {
  for (size_t i = 0; i < count; i++) {
    switch (scale) {
      case NF_SCALE_NONE:
        log_g[i] = 0;
        break;
      case NF_SCALE_EXP:
        log_g[i] = s[i];
        break;
      case NF_SCALE_TANH:
        log_g[i] = gamma * tanh(s[i]);
        break;
      case NF_SCALE_SIGMOID: {
        const nf_real v = s[i] + 2; /* log σ(v) = min(v, 0) - log(1 + e^-|v|) */
        log_g[i] = (v < 0 ? v : 0) - log1p(exp(-fabs(v)));
        break;
      }
    }
  }
}

double nf_scale_backward(nf_scale scale, nf_real gamma, size_t count, const nf_real *s,
                         const nf_real *dlog_g, nf_real *ds) {
  double dgamma = 0;
  for (size_t i = 0; i < count; i++) {
    const nf_real d = dlog_g[i];
    switch (scale) {
      case NF_SCALE_NONE:
        ds[i] = 0;
        break;
      case NF_SCALE_EXP:
        ds[i] = d;
        break;
      case NF_SCALE_TANH: {
        const nf_real th = tanh(s[i]);
        dgamma += (double)(d * th);
        ds[i] = d * gamma * (1 - th * th);
        break;
      }
      case NF_SCALE_SIGMOID:
        ds[i] = d / (1 + exp(s[i] + 2));
        break;
    }
  }
  return dgamma;
}
