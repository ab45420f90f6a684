/* How the work of one call is spread over threads: all scheduling is here. Samples are cut into
 * chunks of a size that does not depend on the number of threads, so neither do results. */
#ifndef NF_FLOW_PARALLEL_H
#define NF_FLOW_PARALLEL_H

#include "flow/flow.h"

/* Samples begin … begin + count - 1, on one thread; `work` is that thread's. */
typedef int nf_chunk_job(void *user, nf_flow *f, size_t begin, size_t count, nf_work *work);

/* Runs the job on every `chunk` of n samples and returns NF_OK, or the status of the first chunk
 * that failed, with its first sample in *failed.
 * ordered: the job runs nf_layer_backward, and at every layer the chunks follow each other in
 * their order. So sums over chunks are those of one thread, bit for bit. */
int nf_parallel_chunks(nf_flow *f, size_t n, size_t chunk, bool ordered, nf_chunk_job *job,
                       void *user, size_t *failed);

/* Samples in a chunk of the gradient of n: f->chunk, or fewer, so that a small batch of points has
 * chunks for some threads. */
size_t nf_gradient_chunk(const nf_flow *f, size_t n);

/* Backward of n samples, of which z, dz and dlog_det hold all, stage by stage: a stage is a layer
 * with a conditioner and the layers between it and the next one. f->activations[k] are those of
 * chunk k, cut as for a gradient. `complete` gets every stage's gradient. */
int nf_parallel_stages(nf_flow *f, nf_batch *z, nf_batch *dz, const double *dlog_det,
                       nf_gradient_complete *complete, void *user);

/* What the job of a gradient gets as `user` (gradient.c): it writes the losses of its samples, and
 * adds (1/n) Σ ∂loss_i/∂θ of these to the gradient. */
typedef struct {
  const nf_batch *x;
  double *loss;      /* one a sample */
  nf_real *gradient; /* n_param */
  uint64_t seed;     /* of flow matching */
} nf_gradient_request;

/* The mean loss and its gradient, for a caller between enter and leave; errors  as nf_gradient */
int nf_gradient_by(nf_chunk_job *job, nf_flow *f, const nf_batch *x, uint64_t seed, double *loss,
                   nf_real *gradient, nf_error *e);

#endif
