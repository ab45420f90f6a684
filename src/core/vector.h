/* exp, log, log σ and tanh over whole arrays, without branches, calls or tables of values, so that
 * the compiler turns them into vector code. The relative error is at most 1 ε for exp, 2 ε for log
 * and 3 ε for log σ and tanh in either precision (ε = FLT_EPSILON or DBL_EPSILON);
 * tests/test_numerics.c holds them to it. */
#ifndef NF_CORE_VECTOR_H
#define NF_CORE_VECTOR_H

#include "nf/core.h"

/* y[i] = exp(x[i]); 0 and ∞ where the precision ends, NaN for NaN. y may be x. */
void nf_vector_exp(size_t n, const nf_real *x, nf_real *y);
/* y[i] = log σ(x[i]) = min(x, 0) - log(1 + exp(-|x|)). y may be x. */
void nf_vector_log_sigmoid(size_t n, const nf_real *x, nf_real *y);
/* y[i] = log x[i], of positive numbers that are neither subnormal nor infinite. y may be x. */
void nf_vector_log(size_t n, const nf_real *x, nf_real *y);
/* The same where 1 - x[i] is known to more digits than x[i] has: its logarithm keeps them near 1.
 */
void nf_vector_log_near_1(size_t n, const nf_real *x, const nf_real *below_1, nf_real *y);
/* y[i] = tanh x[i]; NaN for NaN and for ±∞. y may be x. */
void nf_vector_tanh(size_t n, const nf_real *x, nf_real *y);

#endif
