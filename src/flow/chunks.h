/* The loop behind every flow function; not for callers. */
#ifndef NF_FLOW_CHUNKS_H
#define NF_FLOW_CHUNKS_H

#include "flow/flow.h"
#ifdef _OPENMP
#include <omp.h>
#endif

/* Chunk c belongs to lane c mod NF_LANES, and a lane's chunks run in order on one thread: so a
 * lane may add up (a gradient, say) and the sum is the same at any number of threads. */
enum { NF_LANES = 8 };

/* Samples begin … begin + count - 1, on one thread, with its scratch memory. */
typedef int nf_chunk_job(void *user, nf_flow *flow, size_t lane, size_t begin, size_t count,
                         nf_work *work);

/* Prepares the flow, runs the job on every chunk of n samples, and returns NF_OK or the
 * status of the first chunk, in sample order, that failed. */
int nf_flow_each_chunk(nf_flow *f, size_t n, nf_chunk_job *job, void *user);

/* A watcher's `before`: data-dependent initialisation of one layer. */
int nf_show_to_layer(void *user, nf_bijector *layer, const nf_batch *x);

static inline int nf_thread_number(void) {
#ifdef _OPENMP
  return omp_get_thread_num();
#else
  return 0;
#endif
}

#endif
