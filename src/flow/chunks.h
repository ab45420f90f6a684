/* The loop behind every flow function; not for callers. */
#ifndef NF_FLOW_CHUNKS_H
#define NF_FLOW_CHUNKS_H

#include "flow/flow.h"

/* Samples begin … begin + count - 1, on one thread, with its scratch memory. */
typedef int nf_chunk_job(void *user, nf_flow *flow, size_t begin, size_t count, nf_work *work);

/* Prepares the flow, starts the job on every `chunk` of n samples in order, and returns NF_OK or
 * the status of the first chunk that failed. With `turns`, backward adds gradients in turn. */
int nf_flow_each_chunk(nf_flow *f, size_t n, size_t chunk, nf_chunk_job *job, void *user,
                       nf_turns *turns);

/* A watcher's `before`: data-dependent initialisation of one layer. */
int nf_show_to_layer(void *user, nf_bijector *layer, const nf_batch *x);

#endif
