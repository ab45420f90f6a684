/* The gradient of maximum likelihood (NOTES 4), by reversing the flow:
 *
 *   L = -(1/n) Σ_i log p(x_i) = (1/n) Σ_i ‖z_i‖²/2 + (D/2) log 2π - log_det_i
 *   ∂L/∂z_i = z_i/n,   ∂L/∂log_det_i = -1/n
 *
 * Samples go forward, and come back from their latents with the gradient: no tape. Either a chunk
 * does so alone, and the chunks add to the gradient layer by layer, each in its turn; or all chunks
 * go forward, come back together, and each stage of the flow hands over its part. */
#include <stdlib.h>
#include <string.h>

#include "core/scalar.h"
#include "flow/chunks.h"

/* Of samples that are carried together: latents, ∂L/∂z, and log_det, later ∂L/∂log_det. */
typedef struct {
  nf_batch z, dz;
  double *log_det;
} latents;

static int allocate(const nf_flow *f, const nf_batch *x, size_t n, latents *l, nf_work *work) {
  l->z = *x;
  l->z.n = n;
  l->z.data = nf_arena_alloc(&work->tmp, n * f->d);
  l->dz = l->z;
  l->dz.data = nf_arena_alloc(&work->tmp, n * f->d);
  l->log_det = nf_arena_alloc_double(&work->tmp, n);
  return l->z.data == NULL || l->dz.data == NULL || l->log_det == NULL ? NF_ENOMEM : NF_OK;
}

/* Fills them from x, of which they are samples begin …, and puts down every sample's loss. Forward
 * keeps what fits into `budget` bytes. */
static int go_forward(const nf_flow *f, const nf_batch *x, size_t begin, size_t budget, latents *l,
                      double *loss, nf_work *work) {
  const nf_bijector *b = f->bijector;
  const size_t n = l->z.n, inputs = n * f->n_input * sizeof(nf_real);
  const double share = 1 / (double)x->n;
  l->z.first = x->first + begin;
  memcpy(l->z.data, x->data + begin * f->d, n * f->d * sizeof *l->z.data);
  memset(l->log_det, 0, n * sizeof *l->log_det);
  work->keep = true;
  work->room = budget > inputs ? budget - inputs : 0;
  const int status = b->type->forward(b, &l->z, l->log_det, work);
  work->keep = false;
  if (status != NF_OK) return status;

  for (size_t i = 0; i < n; i++) {
    const nf_real *from = nf_batch_sample(&l->z, i);
    nf_real *to = l->dz.data + i * f->d;
    double norm_squared = 0;
    for (size_t k = 0; k < f->d; k++) {
      norm_squared += (double)from[k] * (double)from[k];
      to[k] = from[k] * NF_R(share);
    }
    loss[begin + i] = -(nf_log_normal(norm_squared, (double)f->d) + l->log_det[i]);
    if (!isfinite(loss[begin + i])) return NF_ENONFINITE;
    l->log_det[i] = -share; /* the gradient of the loss with respect to it, from here on */
  }
  l->dz.shape = l->z.shape;
  return NF_OK;
}

static double mean(const nf_batch *x, const double *loss) {
  double sum = 0;
  for (size_t i = 0; i < x->n; i++) sum += loss[i];
  return sum / (double)x->n;
}

/* An error may leave some. */
static void forget_all(nf_work *work, nf_arena_mark mark) {
  work->kept = NULL;
  nf_arena_release(&work->kept_memory, mark);
}

/* --- each chunk there and back ------------------------------------------------------------ */

typedef struct {
  const nf_batch *x;
  double *loss; /* one a sample */
  nf_real *gradient;
} request;

static int there_and_back(void *user, nf_flow *f, size_t begin, size_t count, nf_work *work) {
  const request *r = user;
  const nf_bijector *b = f->bijector;
  const nf_arena_mark mark = nf_arena_now(&work->kept_memory);
  latents l;
  int status = allocate(f, r->x, count, &l, work);
  if (status == NF_OK) status = go_forward(f, r->x, begin, f->keep_bytes, &l, r->loss, work);
  if (status == NF_OK) status = b->type->backward(b, &l.z, &l.dz, l.log_det, r->gradient, work);
  forget_all(work, mark);
  return status;
}

int nf_flow_gradient(nf_flow *f, const nf_batch *x, double *loss, nf_real *gradient) {
  if (!nf_shape_equal(x->shape, f->bijector->in)) return NF_ESHAPE;
  if (x->n == 0) return NF_EINVAL;
  nf_turns turns = {calloc(f->n_layer, sizeof *turns.next), SIZE_MAX};
  request r = {x, malloc(x->n * sizeof *r.loss), gradient};
  int status = turns.next == NULL || r.loss == NULL ? NF_ENOMEM : NF_OK;
  if (status == NF_OK) {
    memset(gradient, 0, f->n_param * sizeof *gradient);
    status = nf_flow_each_chunk(f, x->n, f->chunk, there_and_back, &r, &turns);
  }
  if (status == NF_OK) *loss = mean(x, r.loss);
  free(turns.next);
  free(r.loss);
  return status;
}

/* --- all chunks there, then back together -------------------------------------------------- */

typedef struct {
  const nf_batch *x;
  double *loss;
  latents all;
  size_t budget; /* bytes a chunk may keep */
} journey;

/* In this thread's scratch memory, and the chunk's own for what is kept */
static int there(void *user, nf_flow *f, size_t begin, size_t count, nf_work *thread) {
  journey *j = user;
  nf_work *work = &f->kept[begin / f->chunk];
  latents l = j->all;
  l.z.n = l.dz.n = count;
  l.z.data += begin * f->d, l.dz.data += begin * f->d, l.log_det += begin;
  work->tmp = thread->tmp;
  const int status = go_forward(f, j->x, begin, j->budget, &l, j->loss, work);
  thread->tmp = work->tmp;
  work->tmp = (nf_arena){0};
  return status;
}

static int room_for_chunks(nf_flow *f, size_t chunks) {
  if (chunks <= f->n_kept) return NF_OK;
  nf_work *more = realloc(f->kept, chunks * sizeof *more);
  if (more == NULL) return NF_ENOMEM;
  memset(more + f->n_kept, 0, (chunks - f->n_kept) * sizeof *more);
  f->kept = more;
  f->n_kept = chunks;
  return NF_OK;
}

static int back_together(nf_flow *f, journey *j, nf_gradient_complete *complete, void *user) {
  const nf_bijector *b = f->bijector;
  nf_work *work = &f->work[0];
  const nf_crew crew = {f->team, f->threads, f->chunk, f->work, f->kept, complete, user};
  j->all.z.shape = j->all.dz.shape = b->out;
  work->crew = &crew;
  const int status = b->type->backward(b, &j->all.z, &j->all.dz, j->all.log_det, NULL, work);
  work->crew = NULL;
  return status;
}

int nf_flow_gradient_by_stages(nf_flow *f, const nf_batch *x, double *loss,
                               nf_gradient_complete *complete, void *user) {
  if (!nf_shape_equal(x->shape, f->bijector->in)) return NF_ESHAPE;
  if (x->n == 0) return NF_EINVAL;
  const size_t chunks = (x->n + f->chunk - 1) / f->chunk, threads = (size_t)f->threads;
  journey j = {.x = x};
  j.budget = f->keep_bytes < SIZE_MAX / threads ? f->keep_bytes * threads / chunks : SIZE_MAX;
  nf_arena *memory = &f->work[0].tmp;
  const nf_arena_mark mark = nf_arena_now(memory);
  j.loss = nf_arena_alloc_double(memory, x->n);
  int status = j.loss == NULL ? NF_ENOMEM : room_for_chunks(f, chunks);
  if (status == NF_OK) status = allocate(f, x, x->n, &j.all, &f->work[0]);
  if (status == NF_OK) status = nf_flow_each_chunk(f, x->n, f->chunk, there, &j, NULL);
  if (status == NF_OK) status = back_together(f, &j, complete, user);
  if (status == NF_OK) *loss = mean(x, j.loss);
  for (size_t c = 0; c < f->n_kept; c++) forget_all(&f->kept[c], (nf_arena_mark){0});
  nf_arena_release(memory, mark);
  return status;
}
