/* Scratch memory for one thread. A layer marks, allocates, releases: no malloc in steady
 * state. The arena grows by blocks while it learns how much is needed; when it is empty
 * again the blocks become one. It never shrinks before nf_arena_free. */
#ifndef NF_CORE_ARENA_H
#define NF_CORE_ARENA_H

#include <stddef.h>

#include "core/real.h"

typedef struct nf_arena_block nf_arena_block;
typedef struct {
  nf_arena_block *top; /* the block in use; older ones hang below it */
  size_t used, peak;   /* bytes in use in all blocks, now and at most */
} nf_arena;            /* start from {0} */
typedef struct {
  nf_arena_block *block;
  size_t block_used, used;
} nf_arena_mark;

/* count reals, 64-byte aligned, uninitialised; NULL when memory is out or the size overflows. */
nf_real *nf_arena_alloc(nf_arena *a, size_t count);
/* the same for doubles, whatever nf_real is, and for bytes */
double *nf_arena_alloc_double(nf_arena *a, size_t count);
void *nf_arena_alloc_bytes(nf_arena *a, size_t count);

nf_arena_mark nf_arena_now(const nf_arena *a);
void nf_arena_release(nf_arena *a, nf_arena_mark m); /* everything allocated since the mark */
void nf_arena_free(nf_arena *a);

#endif
