/* exp, log, log σ, tanh and sums over whole arrays, without branches, calls or tables of values, so
 * that the compiler turns them into vector code. The relative error is at most 1 ε for exp, 2 ε for
 * log and 3 ε for log σ and tanh in either precision (ε = FLT_EPSILON or DBL_EPSILON);
 * tests/test_numerics.c holds them to it. */
#ifndef NF_CORE_VECTOR_H
#define NF_CORE_VECTOR_H

#include "nf/core.h"

/* y[i] = exp(x[i]); 0 and ∞ where the precision ends, NaN for NaN. y may be x. */
void nf_vector_exp(size_t n, const nf_real *x, nf_real *y);
/* The softmax over `rows` numbers x[k·stride + i], k = 0, 1, …, in their place, for every i < n;
 * NaN where one of them is NaN. */
void nf_vector_softmax(size_t rows, size_t n, size_t stride, nf_real *x);
/* y[i] = log σ(x[i]) = min(x, 0) - log(1 + exp(-|x|)). y may be x. */
void nf_vector_log_sigmoid(size_t n, const nf_real *x, nf_real *y);
/* y[i] = log x[i], of positive numbers that are neither subnormal nor infinite. y may be x. */
void nf_vector_log(size_t n, const nf_real *x, nf_real *y);
/* The same of x[i] in (0, 1) with below_1[i] = 1 - x[i], from which near 1, where x[i] has lost
 * their digits, the logarithm is computed. */
void nf_vector_log_near_1(size_t n, const nf_real *x, const nf_real *below_1, nf_real *y);
/* y[i] = tanh x[i]; NaN for NaN and for ±∞. y may be x. */
void nf_vector_tanh(size_t n, const nf_real *x, nf_real *y);

/* Σ x[i] and Σ x[i]² in double. Of many numbers, 16 sums are taken side by side, the same 16 on
 * every machine; a few are added one by one, inline. */
enum { NF_SIDE_BY_SIDE = 16 };
double nf_vector_sum_many(size_t n, const nf_real *x);
double nf_vector_square(size_t n, const nf_real *x);
static inline double nf_vector_sum(size_t n, const nf_real *x) {
  if (n >= NF_SIDE_BY_SIDE) return nf_vector_sum_many(n, x);
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += (double)x[i];
  return sum;
}

#endif
