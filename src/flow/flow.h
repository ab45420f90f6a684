/* A flow: a bijector f and the base density N(0, I). It owns the bijector and the two flat
 * arrays in which all its numbers live.
 *
 *   log p_X(x) = log p_Z(f(x)) + log|det ∂f(x)/∂x|       nats; NOTES 6
 *   x = f⁻¹(T·z),  z ~ N(0, I)                            sampling at temperature T
 *
 * Samples are cut into chunks of a fixed size, each of which runs through the whole flow on
 * one thread; so results do not depend on the number of threads. */
#ifndef NF_FLOW_FLOW_H
#define NF_FLOW_FLOW_H

#include "layers/bijectors.h"

typedef struct {
  nf_bijector *bijector;
  size_t d;                   /* D = dimensions of a sample */
  size_t n_param, n_constant; /* lengths of the two arrays */
  nf_real *param, *constant;
  size_t chunk; /* samples a thread carries at a time */
  int threads;  /* at least 1 */
  nf_threads *team;
  nf_work *work; /* one a thread */
  size_t n_layer;
  size_t keep_bytes; /* a thread's budget for what forward keeps for backward */
  size_t n_input;    /* reals a sample that it always keeps: the conditioners' inputs */
  nf_work *kept;     /* one a chunk of nf_flow_gradient_by_stages */
  size_t n_kept;
} nf_flow;

/* Takes ownership of b, even on failure; its parameters are born from `seed`. 1 thread.
 * errors  NF_ENOMEM, NF_EINVAL (b is NULL) */
int nf_flow_new(nf_flow **flow, nf_bijector *b, uint64_t seed);
void nf_flow_free(nf_flow *flow);
int nf_flow_set_threads(nf_flow *flow, int threads);

/* Data-dependent initialisation: shows x to every layer that has not seen data yet. */
int nf_flow_observe(nf_flow *flow, const nf_batch *x);

/* log_p[i] = log p_X(x_i), nats. With pixels in and a dequantise layer first, this is the
 * log-probability bound of the discrete image. x stays as it is; on an error so does log_p. */
int nf_flow_log_prob(nf_flow *flow, const nf_batch *x, double *log_p);

/* z = f(x), log_det as of forward; either output may be NULL. z (n, D). */
int nf_flow_forward(nf_flow *flow, const nf_batch *x, nf_real *z, double *log_det);
/* x = f⁻¹(z), log_det as of inverse; log_det may be NULL. */
int nf_flow_inverse(nf_flow *flow, const nf_batch *z, nf_real *x, double *log_det);

/* n samples x_i = f⁻¹(T·z_i), z_i from (seed, first + i): sample i is the same whatever n. */
int nf_flow_sample(nf_flow *flow, uint64_t seed, uint64_t first, size_t n, double temperature,
                   nf_real *x);

/* Maximum likelihood (NOTES 4): *loss = -(1/n) Σ log p_X(x_i), nats, and
 * gradient[0 … n_param) = ∂loss/∂θ. Forward keeps the conditioners' activations for backward
 * within keep_bytes and backward computes the others again, with the same result bit for bit.
 * On an error *loss is as it was, and gradient undefined: it is where the chunks add up. */
int nf_flow_gradient(nf_flow *flow, const nf_batch *x, double *loss, nf_real *gradient);

/* The same, stage by stage (layers/stages.c): all chunks go forward, then come back together,
 * and `complete` gets the gradient of param[first … first + count) as soon as it is complete, on
 * some thread; it may change these parameters, and returns an nf_status. `layer` < n_layer numbers
 * the stage. No array of n_param is needed, and the bits are those of nf_flow_gradient. On an error
 * of forward, NF_ENONFINITE mostly, nothing has been completed; *loss is as it was on any. */
typedef int nf_gradient_complete(void *user, size_t layer, size_t first, size_t count,
                                 const nf_real *gradient);
int nf_flow_gradient_by_stages(nf_flow *flow, const nf_batch *x, double *loss,
                               nf_gradient_complete *complete, void *user);

/* The first layer whose output is not finite for sample x (n = 1), or NULL. */
const nf_bijector *nf_flow_culprit(nf_flow *flow, const nf_batch *x);

/* bits/dim = -log p / (D log 2); the preprocessing is part of the flow, so no offset. */
double nf_bits_per_dim(double log_p, size_t d);

#endif
