/* Run-time dispatch: one library for every x86-64 (make ARCH=). Each file of hot loops is compiled
 * for three processors, its functions f as f_sse2, f_avx2 and f_avx512; this file is compiled once
 * for it and makes f an ifunc, which the loader binds to the widest of the three that the processor
 * runs. The Makefile gives the functions as NF_DISPATCHED and includes the header that declares
 * them; without them there is nothing here. */
#include "nf/core.h"

/* A resolver runs before the sanitizers do. It must not read a table of addresses, which may not be
 * relocated yet. */
#define DISPATCH(f)                                                                         \
  extern __typeof__(f) f##_sse2, f##_avx2, f##_avx512;                                      \
  __typeof__(f) *f##_is(void);                                                              \
  __attribute__((visibility("hidden"),                                                      \
                 no_sanitize("address", "undefined"))) __typeof__(f) *f##_is(void) {        \
    __builtin_cpu_init();                                                                   \
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return f##_sse2; \
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&       \
                   __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") \
               ? f##_avx512                                                                 \
               : f##_avx2;                                                                  \
  }                                                                                         \
  __typeof__(f) f __attribute__((ifunc(#f "_is")));

#ifdef NF_DISPATCHED
NF_DISPATCHED
#endif
