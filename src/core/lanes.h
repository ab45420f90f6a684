/* The vectors of the processor that a file is compiled for. */
#ifndef NF_CORE_LANES_H
#define NF_CORE_LANES_H

#include "core/real.h"

#ifdef __AVX512F__
enum { VECTOR_BYTES = 64 };
#elif defined __AVX__
enum { VECTOR_BYTES = 32 };
#else
enum { VECTOR_BYTES = 16 };
#endif
enum { LANES = VECTOR_BYTES / sizeof(nf_real) };

typedef nf_real vector
    __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(nf_real)), may_alias));

#endif
