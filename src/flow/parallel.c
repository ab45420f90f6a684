/* Three ways through the layers:
 *
 *   chunks    a thread takes the next chunk and carries it through all layers
 *   ordered   the same; in backward, chunk k adds to a layer's gradient after chunk k-1. Chunks
 *             follow one another at half a layer's distance, so hardly any thread waits.
 *   stages    a thread takes the next stage and carries all chunks through it, in their order;
 *             stage s may have chunk c when stage s-1 is done with it:
 *
 *               thread 0    stage 0: c0 c1 c2 c3   stage 2: c0 c1 c2 c3
 *               thread 1             stage 1: c0 c1 c2 c3   stage 3: …
 *
 * Sums over chunks are taken in the same order in all three. In stages, a stage's gradient is
 * complete long before the next but one begins, so a thread needs memory for one stage's alone. */
#include "flow/parallel.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "core/real.h"

/* --- chunks --------------------------------------------------------------------------------- */

typedef struct {
  nf_flow *flow;
  size_t n, chunk, chunks;
  nf_chunk_job *job;
  void *user;
  atomic_size_t next;   /* the chunk to take: they start in order, on whatever thread */
  atomic_size_t failed; /* the first that failed; SIZE_MAX: none */
  int status;           /* its status, under lock */
  pthread_mutex_t lock;
  atomic_size_t *turn; /* by layer, if ordered: the chunk that may add to its gradient */
} schedule;

static void record_failure(schedule *s, size_t chunk, int status) {
  pthread_mutex_lock(&s->lock);
  if (chunk < atomic_load(&s->failed)) {
    s->status = status;
    atomic_store(&s->failed, chunk);
  }
  pthread_mutex_unlock(&s->lock);
}

typedef struct {
  schedule *s;
  size_t chunk;
} turn;

static void wait_for_turn(void *user, size_t layer) {
  const turn *t = user;
  while (atomic_load_explicit(&t->s->turn[layer], memory_order_acquire) < t->chunk) sched_yield();
}

static void end_turn(void *user, size_t layer) {
  const turn *t = user;
  wait_for_turn(user, layer);
  atomic_store_explicit(&t->s->turn[layer], t->chunk + 1, memory_order_release);
}

/* Leaf layers one chunk after another: those with a net wait themselves, before they add. */
static int backward_in_turn(void *user, const nf_bijector *b, nf_batch *z, nf_batch *dz,
                            const double *dlog_det, nf_real *dparam, nf_work *work) {
  if (b->n_child == 0 && b->net == NULL) wait_for_turn(user, b->number);
  const int status = b->type->backward(b, z, dz, dlog_det, dparam, work);
  if (b->n_child == 0) end_turn(user, b->number);
  return status;
}

static void run_chunks(void *user, int thread) {
  schedule *s = user;
  nf_work *work = &s->flow->work[thread];
  for (size_t c; (c = atomic_fetch_add(&s->next, 1)) < s->chunks;) {
    turn t = {s, c};
    int status = NF_EINVAL; /* of a chunk behind one that failed */
    if (c <= atomic_load(&s->failed)) {
      const nf_hooks hooks = {.backward = backward_in_turn, .wait = wait_for_turn, .user = &t};
      const nf_arena_mark mark = nf_arena_now(&work->arena);
      const size_t begin = c * s->chunk;
      work->hooks = s->turn != NULL ? &hooks : NULL;
      status = s->job(s->user, s->flow, begin, nf_min_size(s->chunk, s->n - begin), work);
      work->hooks = NULL;
      nf_arena_release(&work->arena, mark);
    }
    if (status != NF_OK) record_failure(s, c, status);
    for (size_t k = 0; s->turn != NULL && k < s->flow->n_layer; k++)
      if (atomic_load(&s->turn[k]) <= c) end_turn(&t, k); /* of layers that it has not come to */
  }
}

int nf_parallel_chunks(nf_flow *f, size_t n, size_t chunk, bool ordered, nf_chunk_job *job,
                       void *user, size_t *failed) {
  schedule s = {.flow = f,
                .n = n,
                .chunk = chunk,
                .chunks = n / chunk + (n % chunk != 0),
                .job = job,
                .user = user,
                .failed = SIZE_MAX};
  *failed = 0;
  if (ordered && (s.turn = calloc(f->n_layer, sizeof *s.turn)) == NULL) return NF_ENOMEM;
  pthread_mutex_init(&s.lock, NULL);
  nf_threads_run(f->pool, (int)nf_min_size(s.chunks, (size_t)f->threads), run_chunks, &s);
  pthread_mutex_destroy(&s.lock);
  free(s.turn);
  if (s.status != NF_OK) *failed = atomic_load(&s.failed) * chunk;
  return s.status;
}

size_t nf_gradient_chunk(const nf_flow *f, size_t n) {
  enum { CHUNKS = 4, LARGE = 1 << 16 };
  const size_t share = n / CHUNKS + (n % CHUNKS != 0);
  const size_t least = f->n_param > LARGE ? 32 : 64; /* worth a thread */
  return nf_min_size(f->chunk, share > least ? share : least);
}

/* --- stages --------------------------------------------------------------------------------- */

typedef struct {
  nf_flow *flow;
  nf_gradient_complete *complete;
  void *user;
} receiver;

/* A layer that is run as a whole; a chain or a split is run layer by layer. */
static bool is_leaf(const nf_bijector *b) {
  return b->type != &nf_chain_type && b->type != &nf_split_type;
}

/* Leaf layers layer[0 … n), cut into stages from the top: stage s is layer[cut[s+1] … cut[s]). */
typedef struct {
  const receiver *to;
  nf_bijector *const *layer;
  size_t *cut, stages, chunks, chunk;
  nf_batch *z, *dz;
  const double *dlog_det;
  nf_real *gradient; /* (threads, largest): of the stage that a thread is at */
  size_t largest;
  atomic_size_t next;  /* the stage to take */
  atomic_size_t *done; /* by stage: chunks that have passed it */
  atomic_int status;   /* the first error */
} stages;

static bool wait_for_chunk(stages *g, size_t s, size_t chunk) {
  while (atomic_load_explicit(&g->status, memory_order_relaxed) == NF_OK) {
    if (s == 0 || atomic_load_explicit(&g->done[s - 1], memory_order_acquire) > chunk) return true;
    sched_yield();
  }
  return false;
}

static nf_batch chunk_of(const stages *g, const nf_batch *all, nf_shape shape, size_t c) {
  const size_t begin = c * g->chunk;
  nf_batch part = nf_batch_part(all, begin, nf_min_size(g->chunk, all->n - begin));
  part.shape = shape;
  return part;
}

/* Chunk c through stage s */
static int backward_chunk(stages *g, size_t s, size_t c, nf_real *gradient, nf_work *work) {
  const size_t bottom = g->cut[s + 1], top = g->cut[s];
  nf_flow *f = g->to->flow;
  nf_batch z = chunk_of(g, g->z, g->layer[top - 1]->out, c);
  nf_batch dz = chunk_of(g, g->dz, z.shape, c);
  const nf_hooks *hooks = work->hooks;
  work->hooks = NULL;
  work->activations = &f->activations[c];
  int status = NF_OK;
  for (size_t i = top; status == NF_OK && i-- > bottom;) {
    const nf_bijector *b = g->layer[i];
    nf_real *dparam = gradient + (b->first - g->layer[bottom]->first);
    status = nf_layer_backward(b, &z, &dz, g->dlog_det + c * g->chunk, dparam, work);
  }
  work->activations = NULL;
  work->hooks = hooks;
  return status;
}

static size_t stage_parameters(const stages *g, size_t s) {
  const nf_bijector *last = g->layer[g->cut[s] - 1];
  return last->first + last->n_param - g->layer[g->cut[s + 1]]->first;
}

static void run_stages(void *user, int thread) {
  stages *g = user;
  nf_real *gradient = g->gradient + (size_t)thread * g->largest;
  for (size_t s; (s = atomic_fetch_add(&g->next, 1)) < g->stages;) {
    const size_t count = stage_parameters(g, s);
    const nf_bijector *bottom = g->layer[g->cut[s + 1]];
    memset(gradient, 0, count * sizeof *gradient);
    int status = NF_OK;
    for (size_t c = 0; status == NF_OK && c < g->chunks; c++) {
      if (!wait_for_chunk(g, s, c)) return;
      status = backward_chunk(g, s, c, gradient, &g->to->flow->work[thread]);
      atomic_store_explicit(&g->done[s], c + 1, memory_order_release);
    }
    if (status == NF_OK && count > 0)
      status = g->to->complete(g->to->user, bottom->number, bottom->first, count, gradient);
    int none = NF_OK;
    if (status != NF_OK) atomic_compare_exchange_strong(&g->status, &none, status);
  }
}

/* Leaf layers in a row, from the last to the first */
static int cut_into_stages(stages *g, size_t n, nf_arena *arena) {
  const nf_flow *f = g->to->flow;
  g->chunk = nf_gradient_chunk(f, g->z->n);
  g->chunks = (g->z->n + g->chunk - 1) / g->chunk;
  g->cut = nf_arena_alloc_bytes(arena, (n + 1) * sizeof *g->cut);
  g->done = nf_arena_alloc_bytes(arena, n * sizeof *g->done);
  if (g->cut == NULL || g->done == NULL) return NF_ENOMEM;
  g->cut[0] = n;
  for (size_t i = n; i-- > 0;) {
    if (i > 0 && g->layer[i - 1]->net == NULL) continue; /* it goes with the layer above */
    g->cut[++g->stages] = i;
    atomic_init(&g->done[g->stages - 1], 0);
    const size_t count = stage_parameters(g, g->stages - 1);
    if (count > g->largest) g->largest = count;
  }
  g->gradient = nf_arena_alloc(arena, (size_t)f->threads * g->largest);
  return g->gradient == NULL ? NF_ENOMEM : NF_OK;
}

static int backward_leaves(const receiver *to, size_t n, nf_bijector *const *layer, nf_batch *z,
                           nf_batch *dz, const double *dlog_det, nf_arena *arena) {
  const nf_flow *f = to->flow;
  const nf_arena_mark mark = nf_arena_now(arena);
  stages g = {.to = to, .layer = layer, .z = z, .dz = dz, .dlog_det = dlog_det};
  int status = cut_into_stages(&g, n, arena);
  if (status == NF_OK) {
    const size_t threads = nf_min_size((size_t)f->threads, nf_min_size(g.chunks, g.stages));
    nf_threads_run(f->pool, (int)threads, run_stages, &g);
    status = atomic_load(&g.status);
    z->shape = dz->shape = layer[0]->in;
  }
  nf_arena_release(arena, mark);
  return status;
}

static int backward_in_stages(void *user, const nf_bijector *b, nf_batch *z, nf_batch *dz,
                              const double *dlog_det, nf_real *dparam, nf_work *work) {
  const receiver *to = user;
  if (is_leaf(b))
    return backward_leaves(to, 1, &to->flow->layer[b->number].layer, z, dz, dlog_det, &work->arena);
  if (b->type != &nf_chain_type) return b->type->backward(b, z, dz, dlog_det, dparam, work);
  int status = NF_OK;
  for (size_t end = b->n_child, begin; status == NF_OK && end > 0; end = begin) {
    begin = end - 1;
    while (begin > 0 && is_leaf(b->child[begin]) && is_leaf(b->child[begin - 1])) begin--;
    if (!is_leaf(b->child[begin]))
      status = nf_layer_backward(b->child[begin], z, dz, dlog_det, NULL, work);
    else
      status = backward_leaves(to, end - begin, b->child + begin, z, dz, dlog_det, &work->arena);
  }
  return status;
}

int nf_parallel_stages(nf_flow *f, nf_batch *z, nf_batch *dz, const double *dlog_det,
                       nf_gradient_complete *complete, void *user) {
  receiver to = {f, complete, user};
  const nf_hooks hooks = {.backward = backward_in_stages, .user = &to};
  f->work[0].hooks = &hooks;
  const int status = nf_layer_backward(f->bijector, z, dz, dlog_det, NULL, &f->work[0]);
  f->work[0].hooks = NULL;
  return status;
}
