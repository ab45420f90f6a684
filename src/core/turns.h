/* Sums in a fixed order without memory for partial sums. Many threads carry chunks 0, 1, 2, …
 * through the same layers, and each adds to the layer's gradient. Chunk k may add when chunk
 * k-1 has: so the sum is that of one thread, bit for bit, and since the chunks follow one another
 * at a layer's distance, hardly anybody waits. */
#ifndef NF_CORE_TURNS_H
#define NF_CORE_TURNS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct {
  atomic_size_t *next;  /* per layer: the chunk whose turn it is; starts at 0 */
  atomic_size_t failed; /* the first chunk that failed; starts at SIZE_MAX */
} nf_turns;

/* Waits for this chunk's turn at a layer; false when an earlier chunk has failed. Chunks must be
 * started in their order. */
bool nf_turns_wait(nf_turns *t, size_t layer, size_t chunk);
void nf_turns_done(nf_turns *t, size_t layer, size_t chunk);
/* Lets no later chunk wait for this one. */
void nf_turns_fail(nf_turns *t, size_t chunk);

#endif
