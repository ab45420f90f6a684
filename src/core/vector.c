/* exp by reduction to |r| ≤ log(2)/2 and its Taylor series; log m as 2·artanh((m - 1)/(m + 1)),
 * whose argument is at most 0.172 on [√½, √2], and at most 1/3 on [1, 2]; tanh from exp - 1. */
#include "core/vector.h"

#include <string.h>

#include "core/real.h"

#ifdef NF_FLOAT
typedef int32_t bits;
typedef uint32_t word;
enum { MANTISSA = 23, BIAS = 127, EXP_DEGREE = 7, LOG_TERMS = 8, SHORT_TERMS = 5 };
#define ROUND   0x1.8p23f    /* x + ROUND holds the nearest integer in its last bits */
#define LN2_TOP 0x1.62e4p-1f /* its product with any exponent is exact */
#define LN2_LOW 0x1.7f7d1cp-20f
#define EXP_MIN (-87.33654f) /* below, the result would be subnormal: 0 */
#define EXP_MAX 88.72283f
#else
typedef int64_t bits;
typedef uint64_t word;
enum { MANTISSA = 52, BIAS = 1023, EXP_DEGREE = 13, LOG_TERMS = 18, SHORT_TERMS = 11 };
#define ROUND   0x1.8p52
#define LN2_TOP 0x1.62e42fefa38p-1
#define LN2_LOW 0x1.ef35793c7673p-45
#define EXP_MIN (-708.396418532264)
#define EXP_MAX 709.782712893384
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

/* The last bits of x + ROUND as an integer */
static inline word last_bits(nf_real shifted) {
  word b;
  memcpy(&b, &shifted, sizeof b);
  return b;
}

static inline nf_real power_of_2(word n) {
  const word b = (n + BIAS) << MANTISSA;
  nf_real y;
  memcpy(&y, &b, sizeof y);
  return y;
}

/* y·2ⁿ, neither subnormal nor infinite */
static inline nf_real scaled(nf_real y, word n) {
  const word b = last_bits(y) + (n << MANTISSA);
  memcpy(&y, &b, sizeof y);
  return y;
}

/* 2·artanh(s) = 2(s + s³/3 + s⁵/5 + …), by as many terms */
static inline __attribute__((always_inline)) nf_real twice_artanh(nf_real s, int terms) {
  const nf_real q = s * s;
  nf_real p = 0;
  NF_UNROLLED(18)
  for (int k = terms; k-- > 0;) p = p * q + inverse_odd[k];
  return 2 * s * p;
}

/* exp(x) = p·2ⁿ, with n in the last bits of *shifted */
static inline nf_real exp_parts(nf_real x, nf_real *shifted) {
  *shifted = x * NF_R(1.4426950408889634074) + ROUND;
  const nf_real n = *shifted - ROUND, r = (x - n * LN2_TOP) - n * LN2_LOW;
  nf_real p = inverse_factorial[EXP_DEGREE];
  NF_UNROLLED(13)
  for (int k = EXP_DEGREE; k-- > 0;) p = p * r + inverse_factorial[k];
  return p;
}

static inline nf_real exp_one(nf_real x) {
  const nf_real below = x < EXP_MAX ? x : EXP_MAX; /* of NaN, too */
  nf_real shifted;
  const nf_real p = exp_parts(below > EXP_MIN ? below : EXP_MIN, &shifted);
  const nf_real y = scaled(p, last_bits(shifted)); /* n can be one too large for an exponent */
  return x < EXP_MIN ? 0 : x > EXP_MAX ? (nf_real)INFINITY : y + (x - x);
}

void nf_vector_exp(size_t n, const nf_real *x, nf_real *y) {
  for (size_t i = 0; i < n; i++) y[i] = exp_one(x[i]);
}

/* Some columns at a time, whose maxima and sums stay in the cache. Of numbers up to 0, one that is
 * below EXP_MIN may as well be EXP_MIN. */
void nf_vector_softmax(size_t rows, size_t n, size_t stride, nf_real *x) {
  enum { BLOCK = 64 };
  for (size_t begin = 0; begin < n; begin += BLOCK, x += BLOCK) {
    const size_t m = n - begin < BLOCK ? n - begin : BLOCK;
    nf_real max[BLOCK], sum[BLOCK] = {0};
    memcpy(max, x, m * sizeof *max);
    for (size_t k = 1; k < rows; k++)
      for (size_t i = 0; i < m; i++)
        max[i] = x[k * stride + i] > max[i] ? x[k * stride + i] : max[i];
    for (size_t k = 0; k < rows; k++)
      for (size_t i = 0; i < m; i++) {
        const nf_real below = x[k * stride + i] - max[i];
        nf_real shifted;
        const nf_real p = exp_parts(below < EXP_MIN ? EXP_MIN : below, &shifted);
        x[k * stride + i] = p * power_of_2(last_bits(shifted));
        sum[i] += x[k * stride + i];
      }
    for (size_t i = 0; i < m; i++) sum[i] = 1 / sum[i];
    for (size_t k = 0; k < rows; k++)
      for (size_t i = 0; i < m; i++) x[k * stride + i] *= sum[i];
  }
}

void nf_vector_log_sigmoid(size_t n, const nf_real *x, nf_real *y) {
  for (size_t i = 0; i < n; i++) {
    const nf_real v = x[i], e = exp_one(-fabs(v));
    y[i] = (v < 0 ? v : 0) - twice_artanh(e / (2 + e), LOG_TERMS);
  }
}

/* x = m·2ⁿ with m in [√½, √2]; where n = 0, m - 1 is x - 1. */
static inline __attribute__((always_inline)) nf_real log_one(nf_real x, nf_real x_minus_1) {
  const bits one = (bits)BIAS << MANTISSA;
  bits b;
  memcpy(&b, &x, sizeof b);
  const bits fraction = (b & (((bits)1 << MANTISSA) - 1)) | one;
  nf_real m;
  memcpy(&m, &fraction, sizeof m);
  const bits above = m > NF_R(1.4142135623730950488);
  const nf_real power = (nf_real)((b >> MANTISSA) - BIAS + above);
  m = above ? m / 2 : m;
  const nf_real s = (power == 0 ? x_minus_1 : m - 1) / (m + 1);
  return power * LN2_TOP + (power * LN2_LOW + twice_artanh(s, SHORT_TERMS));
}

void nf_vector_log(size_t n, const nf_real *x, nf_real *y) {
  for (size_t i = 0; i < n; i++) y[i] = log_one(x[i], x[i] - 1);
}

void nf_vector_log_near_1(size_t n, const nf_real *x, const nf_real *below_1, nf_real *y) {
  for (size_t i = 0; i < n; i++) y[i] = log_one(x[i], -below_1[i]);
}

/* exp(x) - 1 = 2ⁿ(exp(r) - 1) + (2ⁿ - 1) for x ≤ 0, then tanh|x| = (1 - exp(-2|x|))/(1 + …) */
void nf_vector_tanh(size_t n, const nf_real *x, nf_real *y) {
  for (size_t i = 0; i < n; i++) {
    const nf_real twice = -2 * fabs(x[i]), limit = MANTISSA * NF_R(-0.8); /* where tanh is 1 */
    const nf_real in = twice >= limit ? twice : limit;
    const nf_real shifted = in * NF_R(1.4426950408889634074) + ROUND, rounded = shifted - ROUND;
    const nf_real r = (in - rounded * LN2_TOP) - rounded * LN2_LOW,
                  power = power_of_2(last_bits(shifted));
    nf_real p = inverse_factorial[EXP_DEGREE];
    NF_UNROLLED(13)
    for (int k = EXP_DEGREE; k-- > 1;) p = p * r + inverse_factorial[k];
    const nf_real em1 = power * (p * r) + (power - 1);
    y[i] = copysign(-em1 / (2 + em1), x[i]) + (x[i] - x[i]);
  }
}

enum { SIDE = NF_SIDE_BY_SIDE };

/* What is left over, then the sums */
static double total(double rest, const double *part) {
  for (size_t k = 0; k < SIDE; k++) rest += part[k];
  return rest;
}

double nf_vector_sum_many(size_t n, const nf_real *x) {
  double part[SIDE] = {0};
  size_t i = 0;
  for (; i + SIDE <= n; i += SIDE)
    for (size_t k = 0; k < SIDE; k++) part[k] += (double)x[i + k];
  return total(nf_vector_sum(n - i, x + i), part);
}

double nf_vector_square(size_t n, const nf_real *x) {
  double part[SIDE] = {0}, rest = 0;
  size_t i = 0;
  for (; i + SIDE <= n; i += SIDE)
    for (size_t k = 0; k < SIDE; k++) part[k] += (double)x[i + k] * (double)x[i + k];
  for (; i < n; i++) rest += (double)x[i] * (double)x[i];
  return n < SIDE ? rest : total(rest, part);
}
