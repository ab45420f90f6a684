/* Birth of a flow, and the one loop in which every flow function runs: cut the samples into
 * chunks, give each to a thread, stop at the first error in sample order. */
#include "flow/flow.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/scalar.h"
#include "flow/chunks.h"

/* A lone layer becomes a chain of one, so that a watcher sees it like any other. */
static nf_bijector *as_chain(nf_bijector *b, int *status) {
  if (b->n_child > 0) return b;
  nf_bijector *chain = nf_chain_new(b->in, status);
  nf_chain_add(chain, b, status);
  return chain;
}

enum { MOST_THREADS = 1024 };
enum { KEEP_BYTES = 48 << 20 };
static size_t default_chunk(size_t d) { return d >= 128 ? 4 : 512 / d; }

static size_t input_reals(const nf_bijector *b) {
  size_t n = b->net != NULL ? nf_shape_size(b->net->in) : 0;
  for (size_t i = 0; i < b->n_child; i++) n += input_reals(b->child[i]);
  return n;
}

int nf_flow_new(nf_flow **flow, nf_bijector *b, uint64_t seed) {
  if (b == NULL) return NF_EINVAL;
  int status = NF_OK;
  b = as_chain(b, &status);
  nf_flow *f = status == NF_OK ? calloc(1, sizeof *f) : NULL;
  if (f == NULL) {
    nf_bijector_free(b);
    return NF_ENOMEM;
  }
  f->bijector = b;
  f->d = nf_shape_size(b->in);
  f->chunk = default_chunk(f->d);
  f->keep_bytes = KEEP_BYTES;
  f->n_input = input_reals(b);
  f->n_layer = nf_bijector_layout(b, &f->n_param, &f->n_constant);
  f->param = calloc(f->n_param + 1, sizeof *f->param);
  f->constant = calloc(f->n_constant + 1, sizeof *f->constant);
  if (f->param == NULL || f->constant == NULL) status = NF_ENOMEM;
  if (status == NF_OK) status = nf_flow_set_threads(f, 1);
  if (status == NF_OK) {
    nf_bijector_bind(b, f->param, f->constant);
    nf_bijector_init(b, seed);
    status = nf_bijector_prepare(b);
  }
  if (status != NF_OK) {
    nf_flow_free(f);
    return status;
  }
  *flow = f;
  return NF_OK;
}

static void free_work(nf_flow *f) {
  for (int i = 0; i < f->threads; i++) nf_work_free(&f->work[i]);
  for (size_t i = 0; i < f->n_kept; i++) nf_work_free(&f->kept[i]);
  nf_threads_free(f->team);
  free(f->work);
  free(f->kept);
  f->kept = NULL;
  f->n_kept = 0;
}

void nf_flow_free(nf_flow *f) {
  if (f == NULL) return;
  free_work(f);
  free(f->param);
  free(f->constant);
  nf_bijector_free(f->bijector);
  free(f);
}

int nf_flow_set_threads(nf_flow *f, int threads) {
  if (threads < 1 || threads > MOST_THREADS) return NF_EINVAL;
  nf_work *work = calloc((size_t)threads, sizeof *work);
  nf_threads *team = nf_threads_new(threads);
  if (work == NULL || team == NULL) {
    free(work);
    nf_threads_free(team);
    return NF_ENOMEM;
  }
  free_work(f);
  f->work = work;
  f->team = team;
  f->threads = threads;
  return NF_OK;
}

/* --- chunks over threads ------------------------------------------------------------------ */

typedef struct {
  nf_flow *flow;
  size_t n, chunk, chunks;
  nf_chunk_job *job;
  void *user;
  nf_turns *turns;
  atomic_size_t next; /* the chunk to take next: chunks start in order, on whatever thread */
  size_t failed[MOST_THREADS]; /* by thread: its first chunk that failed, and how */
  int status[MOST_THREADS];
} crew;

static void carry_chunks(void *user, int t) {
  crew *w = user;
  nf_flow *f = w->flow;
  nf_work *work = &f->work[t];
  w->failed[t] = SIZE_MAX;
  for (size_t c; (c = atomic_fetch_add(&w->next, 1)) < w->chunks;) {
    const size_t begin = c * w->chunk, left = w->n - begin;
    const size_t count = left < w->chunk ? left : w->chunk;
    const nf_arena_mark mark = nf_arena_now(&work->tmp);
    work->turns = w->turns;
    work->turn = c;
    const int result = w->job(w->user, f, begin, count, work);
    nf_arena_release(&work->tmp, mark);
    if (result == NF_OK || w->failed[t] != SIZE_MAX) continue;
    if (w->turns != NULL) nf_turns_fail(w->turns, c);
    w->failed[t] = c;
    w->status[t] = result;
  }
}

int nf_flow_each_chunk(nf_flow *f, size_t n, size_t chunk, nf_chunk_job *job, void *user,
                       nf_turns *turns) {
  int status = nf_bijector_prepare(f->bijector);
  if (status != NF_OK) return status;
  crew w = {f, n, chunk, (n + chunk - 1) / chunk, job, user, turns, 0, {0}, {0}};
  const int threads = w.chunks < (size_t)f->threads ? (int)w.chunks : f->threads;
  nf_threads_run(f->team, threads, carry_chunks, &w);
  size_t first = SIZE_MAX;
  for (int t = 0; t < threads; t++) {
    if (w.failed[t] >= first) continue;
    first = w.failed[t];
    status = w.status[t];
  }
  return status;
}

/* Both arrays, to memory or back from it. */
static void copy_state(nf_flow *f, nf_real *kept, bool back) {
  nf_real *constant = kept + f->n_param;
  memcpy(back ? f->param : kept, back ? kept : f->param, f->n_param * sizeof *kept);
  memcpy(back ? f->constant : constant, back ? constant : f->constant,
         f->n_constant * sizeof *kept);
}

int nf_flow_observe(nf_flow *f, const nf_batch *x) {
  if (!nf_shape_equal(x->shape, f->bijector->in)) return NF_ESHAPE;
  const nf_watch watch = {.before = nf_show_to_layer};
  nf_work work = {.watch = &watch}; /* its own: no other function needs as much memory */
  nf_batch copy = *x;
  copy.data = nf_arena_alloc(&work.tmp, nf_batch_size(x));
  double *log_det = nf_arena_alloc_double(&work.tmp, x->n);
  nf_real *kept = nf_arena_alloc(&work.tmp, f->n_param + f->n_constant);
  int status = copy.data == NULL || log_det == NULL || kept == NULL ? NF_ENOMEM : NF_OK;
  if (status == NF_OK) {
    memcpy(copy.data, x->data, nf_batch_size(x) * sizeof *copy.data);
    memset(log_det, 0, x->n * sizeof *log_det);
    copy_state(f, kept, false);
    status = nf_bijector_prepare(f->bijector);
    if (status == NF_OK) status = nf_bijector_forward(f->bijector, &copy, log_det, &work);
    if (status != NF_OK) copy_state(f, kept, true); /* some layers may have seen x already */
  }
  nf_work_free(&work);
  return status;
}

double nf_bits_per_dim(double log_p, size_t d) { return -log_p / ((double)d * NF_LN_2); }
