/* Adam and Adamax (Kingma & Ba 2015, algorithms 1 and 2): gradient descent whose step is
 * measured, parameter by parameter, in units of the gradient's own recent size. Step t = 1, 2, …
 * with gradient g:
 *
 *   m ← β₁m + (1-β₁)g                            m̂ = m/(1-β₁ᵗ)
 *   Adam    v ← β₂v + (1-β₂)g²   v̂ = v/(1-β₂ᵗ)   θ ← θ - rate·m̂/(√v̂ + ε)
 *   Adamax  v ← max(β₂v, |g|)                     θ ← θ - rate·m̂/(v + ε)
 *
 * m and v start from 0; dividing by 1-βᵗ takes out the bias that this start brings. */
#ifndef NF_TRAIN_ADAM_H
#define NF_TRAIN_ADAM_H

#include <stddef.h>
#include <stdint.h>

#include "core/real.h"

typedef enum { NF_ADAM, NF_ADAMAX } nf_rule;
typedef struct {
  nf_rule rule;
  double beta1, beta2; /* in [0, 1) */
  double epsilon;      /* > 0 */
} nf_adam;

/* β₁ = 0.9, β₂ = 0.999, ε = 1e-8: the paper's. */
nf_adam nf_adam_default(nf_rule rule);

/* Step t ≥ 1 on n parameters; m and v (n each) are the whole state. */
void nf_adam_step(const nf_adam *a, uint64_t t, double rate, size_t n, const nf_real *gradient,
                  nf_real *m, nf_real *v, nf_real *param);

/* ‖g‖², summed in double. */
double nf_gradient_square(size_t n, const nf_real *gradient);

#endif
