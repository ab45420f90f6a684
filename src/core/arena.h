/* Scratch memory for one thread. A layer marks, allocates, releases: no malloc once the arena is as
 * large as is needed. It grows by blocks; when it is empty again the blocks become one. It never
 * shrinks before nf_arena_free. */
#ifndef NF_CORE_ARENA_H
#define NF_CORE_ARENA_H

#include "nf/core.h"

typedef struct nf_arena_block nf_arena_block;
struct nf_arena {
  nf_arena_block *top; /* the block in use; older ones are below it */
  size_t used, peak;   /* bytes in use in all blocks: now, and the largest so far */
};                     /* start from {0} */
typedef struct {
  nf_arena_block *block;
  size_t block_used, used;
} nf_arena_mark;

nf_arena_mark nf_arena_now(const nf_arena *a);
void nf_arena_release(nf_arena *a, nf_arena_mark m); /* everything allocated since the mark */
void nf_arena_free(nf_arena *a);

#endif
