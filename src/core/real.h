/* One source, two precisions. nf_real is double (libnf, for proof) or, under NF_FLOAT,
 * float (libnf32, for speed). <tgmath.h> then picks exp or expf by itself. Sums over a
 * sample's dimensions, log-dets and losses are double in both. */
#ifndef NF_CORE_REAL_H
#define NF_CORE_REAL_H

#include <float.h>
#include <tgmath.h>

#ifdef NF_FLOAT
typedef float nf_real;
#define NF_REAL_EPSILON FLT_EPSILON
#define NF_REAL_MIN     FLT_MIN
#else
typedef double nf_real;
#define NF_REAL_EPSILON DBL_EPSILON
#define NF_REAL_MIN     DBL_MIN
#endif

#define NF_R(x) ((nf_real)(x)) /* a literal or a double, in the build's precision */

#define NF_LN_2PI 1.8378770664093454836 /* log 2π */
#define NF_LN_2   0.6931471805599453094

#endif
