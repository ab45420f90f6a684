/* The contract. A bijector is an invertible, differentiable map with a tractable log-det:
 *
 *   forward   z = f(x)            log_det += log|det ∂f/∂x|        data to latent
 *   inverse   x = f⁻¹(z)          log_det += log|det ∂f⁻¹/∂z|      so a round trip adds up to 0
 *   backward  (z, ∂L/∂z) → (x, ∂L/∂x),  dparam += ∂L/∂θ            reversible: no tape
 *
 * All three work in place on a batch. log_det has one double per sample, in nats, and is
 * accumulated. `backward` takes the layer's *output*, rebuilds its input by inverting, and
 * turns the gradient around; dlog_det[i] = ∂L/∂log_det_i is the same number for every layer
 * of a flow, since the log-dets add; dparam has the n_param parameters of this bijector. So
 * training needs one activation buffer whatever the depth. (NOTES 1-6.)
 *
 * A bijector is constant while it runs, and scratch comes from the caller's `work`: many
 * threads may run one bijector at once. */
#ifndef NF_LAYERS_BIJECTOR_H
#define NF_LAYERS_BIJECTOR_H

#include "nets/net.h"

typedef struct nf_bijector nf_bijector;
typedef struct {
  const char *name;
  int (*forward)(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work);
  int (*inverse)(const nf_bijector *b, nf_batch *z, double *log_det, nf_work *work);
  int (*backward)(const nf_bijector *b, nf_batch *z, nf_batch *dz, const double *dlog_det,
                  nf_real *dparam, nf_work *work);
  void (*init)(nf_bijector *b, nf_random *r);        /* parameters at birth; NULL: all zero */
  int (*observe)(nf_bijector *b, const nf_batch *x); /* data-dependent initialisation */
  int (*prepare)(nf_bijector *b);                    /* after parameters changed: check, cache */
  const char *child;                                 /* name of an only child; NULL: numbered */
  void (*free)(nf_bijector *b);                      /* what the layer owns beyond the struct */
} nf_bijector_type;

enum { NF_BIJECTOR_TENSORS = 4 };
struct nf_bijector {
  const nf_bijector_type *type;
  nf_shape in, out;                      /* shape of a sample of x, and of z */
  nf_tensor tensor[NF_BIJECTOR_TENSORS]; /* own parameters and constants */
  size_t n_tensor;
  nf_net *net; /* the conditioner, or NULL */
  nf_bijector **child;
  size_t n_child;
  size_t number;         /* in the tree, given by layout */
  size_t first, n_param; /* it owns param[first … first + n_param) of the flow, children included */
};

/* What a caller uses. These check shapes and that all values are finite, and on an error
 * leave the batch, its shape, log_det and dparam as they were.
 * errors  NF_ESHAPE, NF_EDOM, NF_ENONFINITE, NF_ENOMEM */
int nf_bijector_forward(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work);
int nf_bijector_inverse(const nf_bijector *b, nf_batch *z, double *log_det, nf_work *work);
int nf_bijector_backward(const nf_bijector *b, nf_batch *z, nf_batch *dz, const double *dlog_det,
                         nf_real *dparam, nf_work *work);

/* Parameters of a whole tree live in two flat arrays that the root's owner holds. layout
 * counts them, gives every tensor its offset and every layer its number, and returns how many
 * layers there are; bind points the tensors into the arrays;
 * init fills them (layer k draws from stream k); prepare must follow every change. */
size_t nf_bijector_layout(nf_bijector *b, size_t *n_param, size_t *n_constant);
void nf_bijector_bind(nf_bijector *b, nf_real *param, nf_real *constant);
void nf_bijector_init(nf_bijector *b, uint64_t seed);
int nf_bijector_prepare(nf_bijector *b); /* NF_ESINGULAR, NF_EFORMAT, NF_ENOMEM */

/* Calls visit for every tensor of the tree, in layout order, with a path such as
 * "2.inner.0.net.conv1.weight"; stops at the first result that is not NF_OK and returns it. */
typedef int nf_tensor_visit(void *user, const char *path, nf_tensor *t);
int nf_bijector_tensors(nf_bijector *b, nf_tensor_visit *visit, void *user);

/* The output shape, {0,0,0} for NULL. */
nf_shape nf_bijector_out(const nf_bijector *b);
void nf_bijector_free(nf_bijector *b); /* with net and children; NULL is fine */

#endif
