/* Arithmetic in the precision of the build. <tgmath.h> picks exp or expf by the argument; sums over
 * a sample's dimensions, log-dets and losses are double in both builds. */
#ifndef NF_CORE_REAL_H
#define NF_CORE_REAL_H

#include <float.h>
#include <tgmath.h>

#include "nf/core.h"

#ifdef NF_FLOAT
#define NF_REAL_EPSILON FLT_EPSILON
#define NF_REAL_MIN     FLT_MIN
#else
#define NF_REAL_EPSILON DBL_EPSILON
#define NF_REAL_MIN     DBL_MIN
#endif

/* Before a loop: unrolled n times, which is its whole length; not unrolled; its rounds are
 * independent, also where y is x (clang's vectors are only for arrays that do not meet). clang does
 * not read GCC's form. */
#define NF_PRAGMA(text) _Pragma(#text)
#ifdef __clang__
/* Where such a loop has no vectors all the same */
#pragma clang diagnostic ignored "-Wpass-failed"
#ifdef __OPTIMIZE_SIZE__
#define NF_UNROLLED(n)
#else
#define NF_UNROLLED(n) NF_PRAGMA(clang loop unroll(full))
#endif
#define NF_ROLLED      NF_PRAGMA(clang loop unroll(disable))
#define NF_INDEPENDENT NF_PRAGMA(clang loop vectorize(assume_safety))
#else
#define NF_UNROLLED(n) NF_PRAGMA(GCC unroll n)
#define NF_ROLLED      NF_PRAGMA(GCC unroll 1)
#define NF_INDEPENDENT NF_PRAGMA(GCC ivdep)
#endif

#define NF_R(x) ((nf_real)(x)) /* a literal or a double, in the build's precision */

#define NF_PI     3.14159265358979323846
#define NF_LN_2PI 1.8378770664093454836 /* log 2π */
#define NF_LN_2   0.6931471805599453094

static inline size_t nf_min_size(size_t a, size_t b) { return a < b ? a : b; }

/* log N(z; 0, I) = -(‖z‖² + d log 2π)/2, nats */
static inline double nf_log_normal(double norm_squared, double d) {
  return -0.5 * (norm_squared + d * NF_LN_2PI);
}

#endif
