/* What the library itself knows about layers, beyond the contract in nf/layer.h: the work of one
 * thread, the hooks around every layer, and the walks over all layers of a flow. */
#ifndef NF_LAYERS_LAYER_H
#define NF_LAYERS_LAYER_H

#include "core/arena.h"
#include "nf/layer.h"

/* Called by nf_layer_forward, nf_layer_inverse and nf_layer_backward, for every layer of the tree,
 * those that contain others included. Each may be NULL; a status other than NF_OK stops the run.
 * depth: how many layers this one is in. */
typedef struct {
  int (*before)(void *user, const nf_bijector *b, int depth, const nf_batch *x);
  int (*after)(void *user, const nf_bijector *b, int depth, const nf_batch *z,
               const double *log_det);
  /* In place of b->type->backward, which it may call. */
  int (*backward)(void *user, const nf_bijector *b, nf_batch *z, nf_batch *dz,
                  const double *dlog_det, nf_real *dparam, nf_work *work);
  /* Returns when the chunks before this one have added to the dparam of layer `number`. */
  void (*wait)(void *user, size_t number);
  void *user;
} nf_hooks;

struct nf_activations; /* layers/conditioner.h */

struct nf_work {
  nf_arena arena;
  const nf_hooks *hooks; /* or NULL */
  int depth;             /* of the layer that runs */
  /* Where forward saves the activations of conditioners for backward; NULL: nowhere. */
  struct nf_activations *activations;
}; /* start from {0}, end with nf_work_free */

static inline void nf_work_free(nf_work *w) { nf_arena_free(&w->arena); }

/* The same three as nf_layer_…, for a caller who cannot trust the batch: they check shapes, and
 * that all values are finite before and after, and on an error leave the batch, its shape, log_det
 * and dparam as they were.
 * errors  NF_ESHAPE, NF_EDOM, NF_ENONFINITE, NF_EINVAL (no backward), NF_ENOMEM */
int nf_bijector_forward(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work);
int nf_bijector_inverse(const nf_bijector *b, nf_batch *z, double *log_det, nf_work *work);
int nf_bijector_backward(const nf_bijector *b, nf_batch *z, nf_batch *dz, const double *dlog_det,
                         nf_real *dparam, nf_work *work);

bool nf_batch_finite(const nf_batch *x);

/* Pixels of all samples: the rows of x as a matrix of c columns. */
static inline size_t nf_batch_rows(const nf_batch *x) { return x->n * nf_shape_pixels(x->shape); }

/* n of its samples from `begin` on, with their numbers and conditions. */
nf_batch nf_batch_part(const nf_batch *x, size_t begin, size_t n);

/* Mean and variance of channel k over all samples and pixels. The variance of a constant is 0. */
void nf_channel_moments(const nf_batch *x, size_t k, double *mean, double *variance);

/* Types to compare with b->type. */
extern const nf_bijector_type nf_chain_type, nf_split_type, nf_inverted_type, nf_continuous_type,
    nf_variational_type;

/* --- all layers of a tree (tree.c) --------------------------------------------------------- */

/* In one order, everywhere: a layer, its tensors, those of its net, then its children. */
enum { NF_PATH = 256 };
typedef struct {
  nf_bijector *layer;
  int depth;
  char path[NF_PATH]; /* such as "2.inner.0"; "" for the root */
} nf_layer_entry;

/* "layer 2.inner.0 (actnorm)", for messages; "layer actnorm" for the root. */
enum { NF_LAYER_NAME = NF_PATH + 80 };
const char *nf_layer_name(const nf_layer_entry *entry, char text[NF_LAYER_NAME]);

/* Numbers all layers, gives every tensor its offsets, and lists the layers in *list (for free()).
 * Returns how many there are; 0 when memory is out. */
size_t nf_tree_layout(nf_bijector *root, nf_layer_entry **list, size_t *n_param,
                      size_t *n_constant);

/* The most values C of a condition that a layer of the tree is given from outside: the flow of a
 * variational dequantise layer is given the pixels by that layer. */
size_t nf_tree_condition(const nf_bijector *root);

/* Calls visit for every tensor, with a path such as "2.inner.0.net.conv1.weight"; stops at the
 * first status other than NF_OK, and returns it. */
typedef int nf_tensor_visit(void *user, const char *path, nf_tensor *t);
int nf_tree_tensors(size_t n_layer, const nf_layer_entry *list, nf_tensor_visit *visit, void *user);

/* b's turn to add to dparam, for the backward of a layer that has a net (flow/parallel.c): it takes
 * the turn itself, as late as it can, and then adds, also to the gradient of its own tensors. */
nf_turn nf_layer_turn(const nf_bijector *b, nf_real *dparam, const nf_work *work);

/* --- for constructors ---------------------------------------------------------------------- */

#define NF_SHAPE         "(%zu, %zu, %zu)"
#define NF_SHAPE_ARGS(s) (s).h, (s).w, (s).c

/* Gives b its only child. Returns b; or frees both and returns NULL: b is NULL or memory is out. */
void *nf_bijector_adopt(nf_bijector *b, nf_bijector *inner, nf_error *e);

/* The inner layer without hooks, which are for layers in the direction of the flow. */
typedef int nf_direction(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work);
int nf_run_inner(nf_direction *go, const nf_bijector *inner, nf_batch *x, double *log_det,
                 nf_work *work);

/* backward of a layer that only moves values: its inverse, on z and on dz. */
int nf_rearranged_backward(const nf_bijector *b, nf_batch *z, nf_batch *dz, const double *dlog_det,
                           nf_real *dparam, nf_work *work);

/* order[i] = constant[i] if that is a permutation of 0 … n-1, else NF_EFORMAT. */
int nf_read_permutation(const nf_tensor *constant, size_t *order);

#endif
