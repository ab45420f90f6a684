/* A flow: how it is made, what its layers derive from the parameters, and data-dependent
 * initialisation. */
#include "flow/flow.h"

#include <stdlib.h>
#include <string.h>

#include "core/real.h"

enum { MAX_THREADS = 1024, ACTIVATION_BUDGET = 48 << 20 };

/* Few enough that their activations fit the second cache; of points, whose layers are narrow,
 * enough that packing the weights is little beside the products with them, or, where a sample takes
 * as long as a solver of an equation, enough for several threads. */
static size_t default_chunk(const nf_flow *f) {
  const nf_shape shape = f->bijector->in;
  const size_t d = nf_shape_size(shape);
  for (size_t k = 0; k < f->n_layer; k++)
    if (f->layer[k].layer->type == &nf_continuous_type) return 32;
  const size_t least = nf_shape_pixels(shape) == 1 ? nf_min_size(128, 16384 / d) : 4;
  const size_t samples = 512 / d > least ? 512 / d : least;
  return samples > 4 ? samples : 4;
}

static void bind(nf_flow *f, nf_tensor *t, size_t count) {
  for (size_t i = 0; i < count; i++)
    t[i].data = (t[i].trainable ? f->param : f->constant) + t[i].flat_offset;
}

/* Initial parameters: layer k draws from stream k + 1. */
static void init(nf_flow *f, uint64_t seed) {
  for (size_t k = 0; k < f->n_layer; k++) {
    nf_bijector *b = f->layer[k].layer;
    nf_random r = {seed, k + 1, 0};
    if (b->type->init != NULL) b->type->init(b, &r);
    if (b->net != NULL && b->net->type->init != NULL) b->net->type->init(b->net, &r);
  }
}

static bool allocate(nf_flow *f) {
  f->n_layer = nf_tree_layout(f->bijector, &f->layer, &f->n_param, &f->n_constant);
  if (f->n_layer == 0) return false;
  f->param = calloc(f->n_param + 1, sizeof *f->param);
  f->constant = calloc(f->n_constant + 1, sizeof *f->constant);
  if (f->param == NULL || f->constant == NULL) return false;
  for (size_t k = 0; k < f->n_layer; k++) {
    nf_bijector *b = f->layer[k].layer;
    bind(f, b->tensor, b->n_tensor);
    if (b->net != NULL) bind(f, b->net->tensor, b->net->n_tensor);
    if (b->net != NULL) f->n_input += nf_shape_size(b->net->in);
  }
  f->n_condition = nf_tree_condition(f->bijector);
  return true;
}

nf_flow *nf_flow_new(nf_bijector *b, uint64_t seed, nf_error *e) {
  if (b == NULL) {
    nf_fail(e, NF_EINVAL, "flow: the layer is NULL");
    return NULL;
  }
  nf_flow *f = nf_status_of(e) == NF_OK ? calloc(1, sizeof *f) : NULL;
  if (f == NULL) {
    nf_fail(e, NF_ENOMEM, "flow: out of memory");
    nf_bijector_free(b);
    return NULL;
  }
  f->bijector = b;
  f->d = nf_shape_size(b->in);
  f->activation_budget = ACTIVATION_BUDGET;
  atomic_flag_clear(&f->busy);
  int status = allocate(f) ? NF_OK : nf_fail(e, NF_ENOMEM, "flow: out of memory for parameters");
  if (status == NF_OK) f->chunk = default_chunk(f);
  if (status == NF_OK) status = nf_flow_set_threads(f, 1, e);
  if (status == NF_OK) init(f, seed);
  if (status == NF_OK) status = nf_flow_prepare(f, e);
  if (status == NF_OK) return f;
  nf_flow_free(f);
  return NULL;
}

static void free_work(nf_flow *f) {
  for (int i = 0; i < f->threads; i++) nf_work_free(&f->work[i]);
  for (size_t i = 0; i < f->n_activations; i++) nf_activations_free(&f->activations[i]);
  nf_threads_free(f->pool);
  free(f->work);
  free(f->activations);
  f->activations = NULL;
  f->n_activations = 0;
}

void nf_flow_free(nf_flow *f) {
  if (f == NULL) return;
  free_work(f);
  free(f->param);
  free(f->constant);
  free(f->layer);
  nf_bijector_free(f->bijector);
  free(f);
}

nf_shape nf_flow_shape(const nf_flow *f) { return f != NULL ? f->bijector->in : (nf_shape){0}; }
size_t nf_flow_dim(const nf_flow *f) { return f != NULL ? f->d : 0; }
size_t nf_flow_condition(const nf_flow *f) { return f != NULL ? f->n_condition : 0; }
size_t nf_flow_n_param(const nf_flow *f) { return f != NULL ? f->n_param : 0; }
nf_real *nf_flow_param(nf_flow *f) { return f != NULL ? f->param : NULL; }

int nf_flow_enter(nf_flow *f, nf_error *e) {
  if (nf_status_of(e) != NF_OK) return nf_status_of(e);
  if (f == NULL) return nf_fail(e, NF_EINVAL, "the flow is NULL");
  if (atomic_flag_test_and_set(&f->busy))
    return nf_fail(e, NF_EBUSY,
                   "the flow is in use by another thread; wait for its call to return");
  return NF_OK;
}

void nf_flow_leave(nf_flow *f) { atomic_flag_clear(&f->busy); }

static int set_threads(nf_flow *f, int threads, nf_error *e) {
  if (threads < 1 || threads > MAX_THREADS)
    return nf_fail(e, NF_EINVAL, "threads: %d; it can be 1 to %d", threads, MAX_THREADS);
  nf_work *work = calloc((size_t)threads, sizeof *work);
  nf_threads *pool = nf_threads_new(threads);
  if (work == NULL || pool == NULL) {
    free(work);
    nf_threads_free(pool);
    return nf_fail(e, NF_ENOMEM, "threads: out of memory");
  }
  free_work(f);
  f->work = work;
  f->pool = pool;
  f->threads = threads;
  return NF_OK;
}

int nf_flow_set_threads(nf_flow *f, int threads, nf_error *e) {
  int status = nf_flow_enter(f, e);
  if (status != NF_OK) return status;
  status = set_threads(f, threads, e);
  nf_flow_leave(f);
  return status;
}

int nf_flow_prepare(nf_flow *f, nf_error *e) {
  for (size_t k = 0; k < f->n_layer; k++) {
    nf_bijector *b = f->layer[k].layer;
    const int status = b->type->prepare != NULL ? b->type->prepare(b) : NF_OK;
    char name[NF_LAYER_NAME];
    if (status != NF_OK)
      return nf_fail(e, status, "%s, %s", nf_status_text(status),
                     nf_layer_name(&f->layer[k], name));
  }
  return NF_OK;
}

int nf_flow_tensors(const nf_flow *f, nf_tensor_visit *visit, void *user) {
  return nf_tree_tensors(f->n_layer, f->layer, visit, user);
}

/* --- data-dependent initialisation ---------------------------------------------------------- */

typedef struct {
  nf_flow *flow;
  const nf_layer_entry *entry; /* the layer reached last */
} initialiser;

static int init_layer(void *user, const nf_bijector *b, int depth, const nf_batch *x) {
  (void)depth;
  initialiser *i = user;
  i->entry = &i->flow->layer[b->number];
  nf_bijector *layer = i->entry->layer;
  if (layer->type->init_from_data == NULL) return NF_OK;
  const int status = layer->type->init_from_data(layer, x);
  return status == NF_OK && layer->type->prepare != NULL ? layer->type->prepare(layer) : status;
}

/* The parameters, then the constants */
static void save_state(const nf_flow *f, nf_real *state) {
  memcpy(state, f->param, f->n_param * sizeof *state);
  memcpy(state + f->n_param, f->constant, f->n_constant * sizeof *state);
}

static void restore_state(nf_flow *f, const nf_real *state) {
  memcpy(f->param, state, f->n_param * sizeof *state);
  memcpy(f->constant, state + f->n_param, f->n_constant * sizeof *state);
}

static int init_from_data(nf_flow *f, const nf_batch *x, nf_error *e) {
  int status = nf_flow_check_batch(f, f->bijector->in, x, e);
  if (status != NF_OK) return status;
  if (x->n == 0) return nf_fail(e, NF_EINVAL, "initialisation from data: no samples");
  initialiser user = {f, &f->layer[0]};
  const nf_hooks hooks = {.before = init_layer, .user = &user};
  nf_work work = {.hooks = &hooks}; /* its own: no other function needs as much memory */
  nf_batch copy = *x;
  copy.data = nf_arena_alloc(&work.arena, nf_batch_size(x));
  double *log_det = nf_arena_alloc_double(&work.arena, x->n);
  nf_real *state = nf_arena_alloc(&work.arena, f->n_param + f->n_constant);
  if (copy.data == NULL || log_det == NULL || state == NULL) {
    status = nf_fail(e, NF_ENOMEM, "initialisation from data: out of memory");
  } else {
    memcpy(copy.data, x->data, nf_batch_size(x) * sizeof *copy.data);
    memset(log_det, 0, x->n * sizeof *log_det);
    save_state(f, state);
    status = nf_flow_prepare(f, e);
  }
  if (status == NF_OK) {
    status = nf_bijector_forward(f->bijector, &copy, log_det, &work);
    char name[NF_LAYER_NAME];
    if (status != NF_OK) {
      restore_state(f, state);
      nf_fail(e, status, "initialisation from data: %s, %s", nf_status_text(status),
              nf_layer_name(user.entry, name));
    }
  }
  nf_work_free(&work);
  return status;
}

int nf_flow_init_from_batch(nf_flow *f, const nf_batch *x, nf_error *e) {
  int status = nf_flow_enter(f, e);
  if (status != NF_OK) return status;
  status = init_from_data(f, x, e);
  nf_flow_leave(f);
  return status;
}

int nf_flow_init_from_data(nf_flow *f, size_t n, const nf_real *x, nf_error *e) {
  const nf_batch batch = nf_flow_batch(f, n, x);
  return nf_flow_init_from_batch(f, &batch, e);
}

int nf_flow_init_from_data_given(nf_flow *f, size_t n, const nf_real *x, const nf_real *y,
                                 nf_error *e) {
  const nf_batch batch = nf_flow_batch_given(f, n, x, y);
  return nf_flow_init_from_batch(f, &batch, e);
}

double nf_bits_per_dim(double log_p, size_t d) { return -log_p / ((double)d * NF_LN_2); }
