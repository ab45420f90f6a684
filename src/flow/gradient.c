/* The gradient of maximum likelihood (NOTES (5.6)), by inverting the flow:
 *
 *   L = -(1/n) Σ_i log p(x_i) = (1/n) Σ_i ‖z_i‖²/2 + (D/2) log 2π - log_det_i
 *   ∂L/∂z_i = z_i/n,   ∂L/∂log_det_i = -1/n
 *
 * Samples go forward, and come back from their latents with the gradient: no tape. Either each
 * chunk does both, or all chunks go forward first and come back stage by stage. */
#include <stdlib.h>
#include <string.h>

#include "core/real.h"
#include "core/vector.h"
#include "flow/parallel.h"

/* Latents, ∂L/∂z, and log_det, which becomes ∂L/∂log_det. */
typedef struct {
  nf_batch z, dz;
  double *log_det;
} latents;

static int allocate(const nf_flow *f, const nf_batch *x, size_t n, latents *l, nf_arena *arena) {
  l->z = *x;
  l->z.n = n;
  l->z.data = nf_arena_alloc(arena, n * f->d);
  l->dz = l->z;
  l->dz.data = nf_arena_alloc(arena, n * f->d);
  l->log_det = nf_arena_alloc_double(arena, n);
  return l->z.data == NULL || l->dz.data == NULL || l->log_det == NULL ? NF_ENOMEM : NF_OK;
}

/* Samples begin … of x, as many as l has: l becomes their latents and gradients, loss[i] = -log p.
 * Forward saves activations within `budget` bytes. */
static int forward(const nf_flow *f, const nf_batch *x, size_t begin, size_t budget, latents *l,
                   double *loss, nf_activations *activations, nf_work *work) {
  const size_t n = l->z.n, inputs = n * f->n_input * sizeof(nf_real);
  const double share = 1 / (double)x->n;
  const nf_batch part = nf_batch_part(x, begin, n);
  l->z.first = part.first;
  l->z.y = part.y;
  memcpy(l->z.data, part.data, n * f->d * sizeof *l->z.data);
  memset(l->log_det, 0, n * sizeof *l->log_det);
  activations->budget = budget > inputs ? budget - inputs : 0;
  work->activations = activations;
  const int status = nf_layer_forward(f->bijector, &l->z, l->log_det, work);
  work->activations = NULL;
  if (status != NF_OK) return status;

  for (size_t i = 0; i < n; i++) {
    const nf_real *z = nf_batch_sample(&l->z, i);
    nf_real *dz = l->dz.data + i * f->d;
    const double norm_squared = nf_vector_square(f->d, z);
    for (size_t k = 0; k < f->d; k++) dz[k] = z[k] * NF_R(share);
    loss[begin + i] = -(nf_log_normal(norm_squared, (double)f->d) + l->log_det[i]);
    if (!isfinite(loss[begin + i])) return NF_ENONFINITE;
    l->log_det[i] = -share;
  }
  l->dz.shape = l->z.shape;
  return NF_OK;
}

static double mean(const nf_batch *x, const double *loss) {
  double sum = 0;
  for (size_t i = 0; i < x->n; i++) sum += loss[i];
  return sum / (double)x->n;
}

static int reserve_activations(nf_flow *f, size_t count) {
  if (count <= f->n_activations) return NF_OK;
  nf_activations *more = realloc(f->activations, count * sizeof *more);
  if (more == NULL) return NF_ENOMEM;
  memset(more + f->n_activations, 0, (count - f->n_activations) * sizeof *more);
  f->activations = more;
  f->n_activations = count;
  return NF_OK;
}

static int prepare(nf_flow *f, const nf_batch *x, size_t activations, nf_error *e) {
  int status = nf_flow_check_batch(f, f->bijector->in, x, e);
  if (status == NF_OK && x->n == 0) status = nf_fail(e, NF_EINVAL, "gradient: no samples");
  if (status == NF_OK) status = nf_flow_prepare(f, e);
  if (status == NF_OK && reserve_activations(f, activations) != NF_OK)
    status = nf_fail(e, NF_ENOMEM, "gradient: out of memory");
  return status;
}

/* --- each chunk forward and backward -------------------------------------------------------- */

static int chunk_gradient(void *user, nf_flow *f, size_t begin, size_t count, nf_work *work) {
  const nf_gradient_request *r = user;
  nf_activations *activations = &f->activations[work - f->work];
  latents l;
  int status = allocate(f, r->x, count, &l, &work->arena);
  if (status == NF_OK)
    status = forward(f, r->x, begin, f->activation_budget, &l, r->loss, activations, work);
  if (status == NF_OK) {
    work->activations = activations;
    status = nf_layer_backward(f->bijector, &l.z, &l.dz, l.log_det, r->gradient, work);
    work->activations = NULL;
  }
  nf_activations_clear(activations);
  return status;
}

int nf_gradient_by(nf_chunk_job *job, nf_flow *f, const nf_batch *x, uint64_t seed, double *loss,
                   nf_real *gradient, nf_error *e) {
  int status = prepare(f, x, (size_t)f->threads, e);
  if (status != NF_OK) return status;
  nf_gradient_request r = {x, malloc(x->n * sizeof *r.loss), gradient, seed};
  if (r.loss == NULL) return nf_fail(e, NF_ENOMEM, "gradient: out of memory");
  memset(gradient, 0, f->n_param * sizeof *gradient);
  size_t failed;
  status = nf_parallel_chunks(f, x->n, nf_gradient_chunk(f, x->n), true, job, &r, &failed);
  if (status == NF_OK) *loss = mean(x, r.loss);
  free(r.loss);
  return status == NF_OK ? NF_OK : nf_flow_explain(f, x, failed, status, e);
}

int nf_gradient(nf_flow *f, const nf_batch *x, double *loss, nf_real *gradient, nf_error *e) {
  return nf_gradient_by(chunk_gradient, f, x, 0, loss, gradient, e);
}

/* --- all chunks forward, then backward together --------------------------------------------- */

typedef struct {
  const nf_batch *x;
  double *loss;
  latents all;
  size_t chunk;  /* samples in one */
  size_t budget; /* bytes a chunk may save */
} fused;

static int chunk_forward(void *user, nf_flow *f, size_t begin, size_t count, nf_work *work) {
  fused *u = user;
  latents l = u->all;
  l.z.n = l.dz.n = count;
  l.z.data += begin * f->d, l.dz.data += begin * f->d, l.log_det += begin;
  return forward(f, u->x, begin, u->budget, &l, u->loss, &f->activations[begin / u->chunk], work);
}

static int run_fused(nf_flow *f, fused *u, nf_gradient_complete *complete, void *user,
                     size_t *failed) {
  const nf_batch *x = u->x;
  nf_arena *arena = &f->work[0].arena;
  u->loss = nf_arena_alloc_double(arena, x->n);
  int status = u->loss == NULL ? NF_ENOMEM : allocate(f, x, x->n, &u->all, arena);
  if (status == NF_OK)
    status = nf_parallel_chunks(f, x->n, u->chunk, false, chunk_forward, u, failed);
  if (status != NF_OK) return status;
  u->all.z.shape = u->all.dz.shape = f->bijector->out;
  return nf_parallel_stages(f, &u->all.z, &u->all.dz, u->all.log_det, complete, user);
}

int nf_gradient_fused(nf_flow *f, const nf_batch *x, double *loss, nf_gradient_complete *complete,
                      void *user, nf_error *e) {
  const size_t chunk = nf_gradient_chunk(f, x->n), threads = (size_t)f->threads;
  const size_t chunks = (x->n + chunk - 1) / chunk;
  int status = prepare(f, x, chunks, e);
  if (status != NF_OK) return status;
  fused u = {.x = x, .chunk = chunk};
  u.budget = f->activation_budget < SIZE_MAX / threads ? f->activation_budget * threads / chunks
                                                       : SIZE_MAX;
  const nf_arena_mark mark = nf_arena_now(&f->work[0].arena);
  size_t failed = x->n;
  status = run_fused(f, &u, complete, user, &failed);
  if (status == NF_OK) *loss = mean(x, u.loss);
  for (size_t c = 0; c < f->n_activations; c++) nf_activations_clear(&f->activations[c]);
  nf_arena_release(&f->work[0].arena, mark);
  return status == NF_OK ? NF_OK : nf_flow_explain(f, x, failed, status, e);
}

/* --- the public functions ------------------------------------------------------------------- */

int nf_flow_gradient_batch(nf_flow *f, const nf_batch *x, double *loss, nf_real *gradient,
                           nf_error *e) {
  int status = nf_flow_enter(f, e);
  if (status != NF_OK) return status;
  status = nf_gradient(f, x, loss, gradient, e);
  nf_flow_leave(f);
  return status;
}

int nf_flow_gradient(nf_flow *f, size_t n, const nf_real *x, double *loss, nf_real *gradient,
                     nf_error *e) {
  const nf_batch batch = nf_flow_batch(f, n, x);
  return nf_flow_gradient_batch(f, &batch, loss, gradient, e);
}
