/* A flow from within: what nf/flow.h keeps opaque. */
#ifndef NF_FLOW_FLOW_H
#define NF_FLOW_FLOW_H

#include <stdatomic.h>

#include "core/threads.h"
#include "layers/conditioner.h"
#include "nf/model.h"

struct nf_flow {
  nf_bijector *bijector;
  size_t n_layer;
  nf_layer_entry *layer; /* all layers; layer[k].layer->number is k */
  size_t d;              /* D */
  size_t n_condition;    /* C */
  size_t n_param, n_constant;
  nf_real *param, *constant; /* of all layers */
  bool has_model;
  nf_model model; /* when it has one */

  /* How a call is spread over threads (flow/parallel.h). */
  size_t chunk;             /* samples that go through the layers together */
  size_t activation_budget; /* bytes a thread: activations that forward saves for backward */
  size_t n_input;           /* values a sample that it always saves: the conditioners' inputs */
  int threads;
  nf_threads *pool;
  nf_work *work;               /* one a thread */
  nf_activations *activations; /* one a thread, or one a chunk of a fused step */
  size_t n_activations;
  atomic_flag busy; /* a call is running */
};

/* Every public function runs between these two. enter returns e's status when there is an error
 * already.   errors  NF_EINVAL (f is NULL), NF_EBUSY */
int nf_flow_enter(nf_flow *f, nf_error *e);
void nf_flow_leave(nf_flow *f);

/* After parameters or constants changed: checks them, and computes what layers derive from them.
 * errors  NF_ESINGULAR, NF_EFORMAT (a constant), NF_ENOMEM; the message names the layer */
int nf_flow_prepare(nf_flow *f, nf_error *e);

/* Calls visit for every parameter and constant (nf_tree_tensors). */
int nf_flow_tensors(const nf_flow *f, nf_tensor_visit *visit, void *user);

/* The functions of nf/flow.h on a batch that gives the numbers of its samples, so that
 * the noise of a dequantise layer is theirs. */
int nf_flow_init_from_batch(nf_flow *f, const nf_batch *x, nf_error *e);
int nf_flow_log_prob_batch(nf_flow *f, const nf_batch *x, double *log_p, nf_error *e);
int nf_flow_forward_batch(nf_flow *f, const nf_batch *x, nf_real *z, double *log_det, nf_error *e);
/* z, whose shape does not count, is given its y. */
int nf_flow_inverse_batch(nf_flow *f, const nf_batch *z, nf_real *x, double *log_det, nf_error *e);
int nf_flow_gradient_batch(nf_flow *f, const nf_batch *x, double *loss, nf_real *gradient,
                           nf_error *e);
/* Samples numbers->first …, as many as it has, given its y; data and shape do not count. */
int nf_flow_sample_batch(nf_flow *f, const nf_batch *numbers, uint64_t seed, double temperature,
                         nf_real *x, nf_error *e);
/* Samples first … first+n-1. */
int nf_flow_sample_from(nf_flow *f, uint64_t first, size_t n, uint64_t seed, double temperature,
                        nf_real *x, nf_error *e);

/* A batch of the flow's shape over const data, which no function of a flow changes. */
nf_batch nf_flow_batch(const nf_flow *f, size_t n, const nf_real *x);
nf_batch nf_flow_batch_given(const nf_flow *f, size_t n, const nf_real *x, const nf_real *y);
/* errors  NF_ESHAPE, NF_EINVAL (no data, no condition), NF_ENONFINITE (the condition), NF_ENOMEM
 * (n·D overflows) */
int nf_flow_check_batch(const nf_flow *f, nf_shape shape, const nf_batch *x, nf_error *e);

/* Sets the error for a status that forward gave for samples first … of x: finds the first sample
 * and layer where it happens, and names them. */
int nf_flow_explain(nf_flow *f, const nf_batch *x, size_t first, int status, nf_error *e);

/* --- gradients (gradient.c), for a caller between enter and leave ---------------------------- */

int nf_gradient(nf_flow *f, const nf_batch *x, double *loss, nf_real *gradient, nf_error *e);

/* The same loss and gradient, bit for bit, without an array for the gradient: `complete` gets that
 * of param[first … first + count) as soon as it is complete, on some thread, may change these
 * parameters, and returns an nf_status. `layer` < n_layer is the first that they belong to. When
 * forward fails nothing has been completed. */
typedef int nf_gradient_complete(void *user, size_t layer, size_t first, size_t count,
                                 const nf_real *gradient);
int nf_gradient_fused(nf_flow *f, const nf_batch *x, double *loss, nf_gradient_complete *complete,
                      void *user, nf_error *e);

#endif
