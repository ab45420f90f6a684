/* Normal numbers, many at a time. */
#ifndef NF_CORE_NORMALS_H
#define NF_CORE_NORMALS_H

#include "nf/core.h"

enum { NF_NORMALS = 64 };

/* out[i] = nf_random_normal(seed, stream[i], index[i]) for n ≤ NF_NORMALS; in float within 3 ε of
 * it */
void nf_normals(uint64_t seed, size_t n, const uint64_t *stream, const uint64_t *index,
                nf_real *out);

#endif
