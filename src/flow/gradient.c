/* The gradient of maximum likelihood (NOTES 4), by reversing the flow:
 *
 *   L = -(1/n) Σ_i log p(x_i) = (1/n) Σ_i ‖z_i‖²/2 + (D/2) log 2π - log_det_i
 *   ∂L/∂z_i = z_i/n,   ∂L/∂log_det_i = -1/n
 *
 * A chunk goes forward, and comes back from its output with the gradient: no tape. The chunks
 * add to the gradient layer by layer, each in its turn. */
#include <stdlib.h>
#include <string.h>

#include "core/scalar.h"
#include "flow/chunks.h"

typedef struct {
  const nf_batch *x;
  double *loss; /* one a sample */
  nf_real *gradient;
} request;

static int there_and_back(const request *r, nf_flow *f, size_t begin, size_t count, nf_work *work) {
  const nf_bijector *b = f->bijector;
  nf_batch z = *r->x;
  z.n = count;
  z.first += begin;
  z.data = nf_arena_alloc(&work->tmp, count * f->d);
  nf_batch dz = z;
  dz.data = nf_arena_alloc(&work->tmp, count * f->d);
  double *log_det = nf_arena_alloc_double(&work->tmp, count);
  if (z.data == NULL || dz.data == NULL || log_det == NULL) return NF_ENOMEM;
  memcpy(z.data, r->x->data + begin * f->d, count * f->d * sizeof *z.data);
  memset(log_det, 0, count * sizeof *log_det);
  int status = b->type->forward(b, &z, log_det, work);
  if (status != NF_OK) return status;

  const double share = 1 / (double)r->x->n;
  for (size_t i = 0; i < count; i++) {
    const nf_real *from = nf_batch_sample(&z, i);
    nf_real *to = dz.data + i * f->d;
    double norm_squared = 0;
    for (size_t k = 0; k < f->d; k++) {
      norm_squared += (double)from[k] * (double)from[k];
      to[k] = from[k] * NF_R(share);
    }
    r->loss[begin + i] = -(nf_log_normal(norm_squared, (double)f->d) + log_det[i]);
    if (!isfinite(r->loss[begin + i])) return NF_ENONFINITE;
    log_det[i] = -share; /* the gradient of the loss with respect to it, from here on */
  }
  dz.shape = z.shape;
  return b->type->backward(b, &z, &dz, log_det, r->gradient, work);
}

static int job(void *user, nf_flow *f, size_t begin, size_t count, nf_work *work) {
  const nf_arena_mark mark = nf_arena_now(&work->kept_memory);
  work->keep = true;
  work->keep_bytes = f->keep_bytes;
  const int status = there_and_back(user, f, begin, count, work);
  work->keep = false;
  work->kept = NULL; /* an error may leave some */
  nf_arena_release(&work->kept_memory, mark);
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
    status = nf_flow_each_chunk(f, x->n, job, &r, &turns);
  }
  if (status == NF_OK) {
    double sum = 0;
    for (size_t i = 0; i < x->n; i++) sum += r.loss[i];
    *loss = sum / (double)x->n;
  }
  free(turns.next);
  free(r.loss);
  return status;
}
