/* Backward of a whole batch, stage by stage. A stage is a coupling with the layers between it and
 * the next one, a step of flow. A thread takes the next stage and carries it over all chunks, in
 * their order; stage s may have chunk c when stage s-1 is done with it, so the threads follow one
 * another at a chunk's distance:
 *
 *   thread 0    stage 0: c0 c1 c2 c3   stage 2: c0 c1 c2 c3
 *   thread 1             stage 1: c0 c1 c2 c3   stage 3: …
 *
 * It is the order of chain.c turned around, where a thread carries a chunk through all layers. The
 * sums are the same, bit for bit; but here a stage's gradient is complete long before the next but
 * one begins, and whoever wants it, Adam say, can have it and forget it. So a gradient takes the
 * memory of a stage a thread, not that of all parameters. */
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "layers/build.h"

/* Leaf layers layer[0 … n), cut into stages from the top: stage s is layer[cut[s+1] … cut[s]). */
typedef struct {
  nf_bijector *const *layer;
  size_t *cut, stages, chunks;
  const nf_crew *crew;
  nf_batch *z, *dz;
  const double *dlog_det;
  nf_real *gradient; /* (threads, largest): of the stage that a thread is at */
  size_t largest;
  atomic_size_t next;  /* the stage to take */
  atomic_size_t *done; /* by stage: chunks that have passed it */
  atomic_int status;
} march;

static bool wait_for(march *m, size_t s, size_t chunk) {
  while (atomic_load_explicit(&m->status, memory_order_relaxed) == NF_OK) {
    if (s == 0 || atomic_load_explicit(&m->done[s - 1], memory_order_acquire) > chunk) return true;
    sched_yield();
  }
  return false;
}

static nf_batch view(const march *m, const nf_batch *whole, nf_shape shape, size_t chunk) {
  const size_t begin = chunk * m->crew->chunk, left = whole->n - begin;
  nf_batch part = *whole;
  part.n = left < m->crew->chunk ? left : m->crew->chunk;
  part.shape = shape;
  part.data = nf_batch_sample(whole, begin);
  part.first += begin;
  return part;
}

/* Chunk c through stage s, in this thread's scratch memory, with what forward kept for the chunk.
 */
static int pass(march *m, size_t s, size_t c, nf_real *gradient, int thread) {
  const size_t bottom = m->cut[s + 1], top = m->cut[s];
  nf_batch z = view(m, m->z, m->layer[top - 1]->out, c);
  nf_batch dz = view(m, m->dz, z.shape, c);
  nf_arena *scratch = &m->crew->of_thread[thread].tmp;
  nf_work *work = &m->crew->of_chunk[c];
  work->tmp = *scratch;
  int status = NF_OK;
  for (size_t i = top; status == NF_OK && i-- > bottom;) {
    const nf_bijector *b = m->layer[i];
    nf_real *dparam = gradient + (b->first - m->layer[bottom]->first);
    status = b->type->backward(b, &z, &dz, m->dlog_det + c * m->crew->chunk, dparam, work);
  }
  *scratch = work->tmp;
  work->tmp = (nf_arena){0};
  return status;
}

static size_t parameters(const march *m, size_t s) {
  const nf_bijector *last = m->layer[m->cut[s] - 1];
  return last->first + last->n_param - m->layer[m->cut[s + 1]]->first;
}

static void carry_stages(void *user, int thread) {
  march *m = user;
  nf_real *gradient = m->gradient + (size_t)thread * m->largest;
  for (size_t s; (s = atomic_fetch_add(&m->next, 1)) < m->stages;) {
    const size_t count = parameters(m, s);
    const nf_bijector *bottom = m->layer[m->cut[s + 1]];
    memset(gradient, 0, count * sizeof *gradient);
    int status = NF_OK;
    for (size_t c = 0; status == NF_OK && c < m->chunks; c++) {
      if (!wait_for(m, s, c)) return;
      status = pass(m, s, c, gradient, thread);
      atomic_store_explicit(&m->done[s], c + 1, memory_order_release);
    }
    if (status == NF_OK && count > 0)
      status = m->crew->complete(m->crew->user, bottom->number, bottom->first, count, gradient);
    int fine = NF_OK;
    if (status != NF_OK) atomic_compare_exchange_strong(&m->status, &fine, status);
  }
}

/* The layers between two that have children */
static int run(size_t n, nf_bijector *const *layer, nf_batch *z, nf_batch *dz,
               const double *dlog_det, nf_work *work) {
  const nf_crew *crew = work->crew;
  const nf_arena_mark mark = nf_arena_now(&work->tmp);
  march m = {.layer = layer, .crew = crew, .z = z, .dz = dz, .dlog_det = dlog_det};
  m.chunks = (z->n + crew->chunk - 1) / crew->chunk;
  m.cut = nf_arena_alloc_bytes(&work->tmp, (n + 1) * sizeof *m.cut);
  m.done = nf_arena_alloc_bytes(&work->tmp, n * sizeof *m.done);
  int status = m.cut == NULL || m.done == NULL ? NF_ENOMEM : NF_OK;
  if (status == NF_OK) {
    m.cut[0] = n;
    for (size_t i = n; i-- > 0;) {
      if (i > 0 && layer[i - 1]->net == NULL) continue; /* it goes with the coupling above */
      m.cut[++m.stages] = i;
      atomic_init(&m.done[m.stages - 1], 0);
      const size_t count = parameters(&m, m.stages - 1);
      if (count > m.largest) m.largest = count;
    }
    m.gradient = nf_arena_alloc(&work->tmp, (size_t)crew->threads * m.largest);
    if (m.gradient == NULL) status = NF_ENOMEM;
  }
  if (status == NF_OK) {
    const size_t most = m.chunks < m.stages ? m.chunks : m.stages;
    const int threads = most < (size_t)crew->threads ? (int)most : crew->threads;
    nf_threads_run(crew->team, threads, carry_stages, &m);
    status = atomic_load(&m.status);
  }
  if (status == NF_OK) z->shape = dz->shape = layer[0]->in;
  nf_arena_release(&work->tmp, mark);
  return status;
}

int nf_backward_by_stages(size_t n_layer, nf_bijector *const *layer, nf_batch *z, nf_batch *dz,
                          const double *dlog_det, nf_work *work) {
  int status = NF_OK;
  for (size_t end = n_layer, begin; status == NF_OK && end > 0; end = begin) {
    begin = end - 1;
    const nf_bijector *b = layer[begin];
    if (b->n_child > 0) {
      status = b->type->backward(b, z, dz, dlog_det, NULL, work);
      continue;
    }
    while (begin > 0 && layer[begin - 1]->n_child == 0) begin--;
    status = run(end - begin, layer + begin, z, dz, dlog_det, work);
  }
  return status;
}
