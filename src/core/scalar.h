/* The scalar functions that flows are made of, each in a form that neither overflows nor
 * cancels. */
#ifndef NF_CORE_SCALAR_H
#define NF_CORE_SCALAR_H

#include "core/real.h"

/* σ(x) = 1/(1 + e⁻ˣ) */
static inline double nf_sigmoid(double x) {
  return x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x));
}
/* log(1 + eˣ); log σ(x) = -softplus(-x) */
static inline double nf_softplus(double x) { return (x > 0 ? x : 0) + log1p(exp(-fabs(x))); }
/* log(p/(1-p)), the inverse of σ */
static inline double nf_logit(double p) { return log(p) - log1p(-p); }

/* log N(z; 0, I) = -(‖z‖² + d log 2π)/2, in nats */
static inline double nf_log_normal(double norm_squared, double d) {
  return -0.5 * (norm_squared + d * NF_LN_2PI);
}

#endif
