/* The two loops of adam.h; the bias corrections, 1-βᵗ, are computed once a step in double. */
#include "train/adam.h"

nf_adam nf_adam_default(nf_rule rule) { return (nf_adam){rule, 0.9, 0.999, 1e-8}; }

void nf_adam_step(const nf_adam *a, uint64_t t, double rate, size_t n, const nf_real *gradient,
                  nf_real *m, nf_real *v, nf_real *param) {
  const nf_real beta1 = NF_R(a->beta1), rest1 = NF_R(1 - a->beta1);
  const nf_real beta2 = NF_R(a->beta2), rest2 = NF_R(1 - a->beta2), epsilon = NF_R(a->epsilon);
  const nf_real step = NF_R(rate / (1 - pow(a->beta1, (double)t))); /* rate·m̂/m */
  const nf_real unbias = NF_R(1 / (1 - pow(a->beta2, (double)t)));  /* v̂/v, for Adam */
  for (size_t i = 0; i < n; i++) {
    const nf_real g = gradient[i];
    nf_real size;
    m[i] = beta1 * m[i] + rest1 * g;
    if (a->rule == NF_ADAM) {
      v[i] = beta2 * v[i] + rest2 * g * g;
      size = sqrt(v[i] * unbias);
    } else {
      v[i] = fmax(beta2 * v[i], fabs(g));
      size = v[i];
    }
    param[i] -= step * m[i] / (size + epsilon);
  }
}

/* Sums side by side, for the compiler to make a vector of */
double nf_gradient_square(size_t n, const nf_real *gradient) {
  enum { SIDE = 16 };
  double part[SIDE] = {0}, sum = 0;
  size_t i = 0;
  for (; i + SIDE <= n; i += SIDE)
    for (size_t k = 0; k < SIDE; k++) part[k] += (double)gradient[i + k] * (double)gradient[i + k];
  for (; i < n; i++) sum += (double)gradient[i] * (double)gradient[i];
  for (size_t k = 0; k < SIDE; k++) sum += part[k];
  return sum;
}
