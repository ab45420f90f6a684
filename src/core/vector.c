/* exp by reduction to |r| ≤ log(2)/2 and its Taylor series; log(1 + y) on [0, 1] as
 * 2·artanh(y/(2 + y)), whose argument is at most 1/3. */
#include "core/vector.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#ifdef NF_FLOAT
typedef int32_t bits;
enum { MANTISSA = 23, BIAS = 127, EXP_DEGREE = 7, LOG_TERMS = 8 };
#define ROUND   0x1.8p23f    /* x + ROUND holds the nearest integer in its last bits */
#define LN2_TOP 0x1.62e4p-1f /* its product with any exponent is exact */
#define LN2_LOW 0x1.7f7d1cp-20f
#define LEAST   (-87.33654f) /* below, the result would be subnormal: 0 */
#define MOST    88.72283f
#else
typedef int64_t bits;
enum { MANTISSA = 52, BIAS = 1023, EXP_DEGREE = 13, LOG_TERMS = 18 };
#define ROUND   0x1.8p52
#define LN2_TOP 0x1.62e42fefa38p-1
#define LN2_LOW 0x1.ef35793c7673p-45
#define LEAST   (-708.396418532264)
#define MOST    709.782712893384
#endif

/* 1/k! and 1/(2k + 1): the series' coefficients */
static const nf_real inverse_factorial[] = {1,
                                            1,
                                            1 / NF_R(2),
                                            1 / NF_R(6),
                                            1 / NF_R(24),
                                            1 / NF_R(120),
                                            1 / NF_R(720),
                                            1 / NF_R(5040),
                                            1 / NF_R(40320),
                                            1 / NF_R(362880),
                                            1 / NF_R(3628800),
                                            1 / NF_R(39916800),
                                            1 / NF_R(479001600),
                                            1 / NF_R(6227020800)};
static const nf_real inverse_odd[] = {1,
                                      1 / NF_R(3),
                                      1 / NF_R(5),
                                      1 / NF_R(7),
                                      1 / NF_R(9),
                                      1 / NF_R(11),
                                      1 / NF_R(13),
                                      1 / NF_R(15),
                                      1 / NF_R(17),
                                      1 / NF_R(19),
                                      1 / NF_R(21),
                                      1 / NF_R(23),
                                      1 / NF_R(25),
                                      1 / NF_R(27),
                                      1 / NF_R(29),
                                      1 / NF_R(31),
                                      1 / NF_R(33),
                                      1 / NF_R(35)};

static inline nf_real power_of_2(bits n) {
  const bits b = (bits)((n + BIAS) << MANTISSA);
  nf_real y;
  memcpy(&y, &b, sizeof y);
  return y;
}

static inline nf_real exp_one(nf_real x) {
  const nf_real in = x >= LEAST ? (x <= MOST ? x : MOST) : LEAST; /* NaN becomes LEAST too */
  const nf_real shifted = in * NF_R(1.4426950408889634074) + ROUND, n = shifted - ROUND;
  const nf_real r = (in - n * LN2_TOP) - n * LN2_LOW;
  nf_real p = inverse_factorial[EXP_DEGREE];
#pragma GCC unroll 13
  for (int k = EXP_DEGREE; k-- > 0;) p = p * r + inverse_factorial[k];
  /* 2ⁿ in two factors: at the top of the range n itself is one too large for an exponent */
  const bits whole = (bits)n, half = whole / 2;
  const nf_real y = p * power_of_2(half) * power_of_2(whole - half);
  return x < LEAST ? 0 : x > MOST ? (nf_real)INFINITY : y + (x - x);
}

void nf_vector_exp(size_t n, const nf_real *x, nf_real *y) {
  for (size_t i = 0; i < n; i++) y[i] = exp_one(x[i]);
}

void nf_vector_log_sigmoid(size_t n, const nf_real *x, nf_real *y) {
  for (size_t i = 0; i < n; i++) {
    const nf_real v = x[i], e = exp_one(-fabs(v)), s = e / (2 + e), q = s * s;
    nf_real p = 0;
#pragma GCC unroll 18
    for (int k = LOG_TERMS; k-- > 0;) p = p * q + inverse_odd[k];
    y[i] = (v < 0 ? v : 0) - 2 * s * p;
  }
}
