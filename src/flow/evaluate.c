/* What a flow is asked: log_prob, forward, inverse, samples, and who went astray.
 *
 *   log p_X(x) = -(‖z‖² + D log 2π)/2 + log|det ∂f(x)/∂x|,   z = f(x)
 *
 * Results go to memory of their own and are handed over when every chunk has succeeded. */
#include <stdlib.h>
#include <string.h>

#include "core/scalar.h"
#include "flow/chunks.h"

typedef enum { FORWARD, INVERSE } direction;

typedef struct {
  direction go;
  const nf_batch *from; /* NULL: latents drawn from N(0, T²I) */
  uint64_t seed, first; /* of those */
  double temperature;
  nf_real *to;             /* n·D, or NULL */
  double *log_det, *log_p; /* n each, or NULL */
} request;

static void draw(const request *r, size_t begin, nf_batch *z) {
  const size_t d = nf_shape_size(z->shape);
  for (size_t i = 0; i < z->n; i++)
    for (size_t k = 0; k < d; k++)
      nf_batch_sample(z, i)[k] =
          NF_R(r->temperature * nf_random_normal(r->seed, r->first + begin + i, k));
}

static int job(void *user, nf_flow *f, size_t begin, size_t count, nf_work *work) {
  const request *r = user;
  const nf_bijector *b = f->bijector;
  nf_batch x = {.n = count, .shape = r->go == FORWARD ? b->in : b->out};
  x.data = nf_arena_alloc(&work->tmp, count * f->d);
  double *log_det = nf_arena_alloc_double(&work->tmp, count);
  if (x.data == NULL || log_det == NULL) return NF_ENOMEM;
  memset(log_det, 0, count * sizeof *log_det);
  if (r->from != NULL) {
    memcpy(x.data, r->from->data + begin * f->d, count * f->d * sizeof *x.data);
    x.first = r->from->first + begin;
    x.draw = r->from->draw;
    for (size_t k = 0; k < count * f->d; k++)
      if (!isfinite(x.data[k])) return NF_ENONFINITE; /* clamps and limits would hide it */
  } else {
    draw(r, begin, &x);
  }
  const int status = (r->go == FORWARD ? b->type->forward : b->type->inverse)(b, &x, log_det, work);
  if (status != NF_OK) return status;

  for (size_t i = 0; i < count; i++) {
    const nf_real *z = nf_batch_sample(&x, i);
    double norm_squared = 0;
    for (size_t k = 0; k < f->d; k++) norm_squared += (double)z[k] * (double)z[k];
    const double log_p = nf_log_normal(norm_squared, (double)f->d) + log_det[i];
    if (!isfinite(log_p)) return NF_ENONFINITE;
    if (r->log_p != NULL) r->log_p[begin + i] = log_p;
    if (r->log_det != NULL) r->log_det[begin + i] = log_det[i];
  }
  if (r->to != NULL) memcpy(r->to + begin * f->d, x.data, count * f->d * sizeof *x.data);
  return NF_OK;
}

/* What a sample becomes does not depend on its chunk, so where every thread still has one, chunks
 * are twice as large: the deep levels of an image flow have few pixels for the weights they read.
 */
static size_t chunk_of(const nf_flow *f, size_t n) {
  return f->chunk <= n / (size_t)f->threads / 2 ? 2 * f->chunk : f->chunk;
}

/* Runs the request into memory of its own, then copies what the caller wants. */
static int answer(nf_flow *f, request r, size_t n, nf_real *to, double *log_det, double *log_p) {
  double *numbers = malloc((2 * n + 1) * sizeof *numbers);
  r.to = to != NULL ? malloc((n * f->d + 1) * sizeof *r.to) : NULL;
  int status = numbers == NULL || (to != NULL && r.to == NULL) ? NF_ENOMEM : NF_OK;
  if (status == NF_OK) {
    r.log_det = numbers;
    r.log_p = numbers + n;
    status = nf_flow_each_chunk(f, n, chunk_of(f, n), job, &r, NULL);
  }
  if (status == NF_OK) {
    if (to != NULL) memcpy(to, r.to, n * f->d * sizeof *to);
    if (log_det != NULL) memcpy(log_det, r.log_det, n * sizeof *log_det);
    if (log_p != NULL) memcpy(log_p, r.log_p, n * sizeof *log_p);
  }
  free(numbers);
  free(r.to);
  return status;
}

int nf_flow_log_prob(nf_flow *f, const nf_batch *x, double *log_p) {
  if (!nf_shape_equal(x->shape, f->bijector->in)) return NF_ESHAPE;
  return answer(f, (request){.go = FORWARD, .from = x}, x->n, NULL, NULL, log_p);
}

int nf_flow_forward(nf_flow *f, const nf_batch *x, nf_real *z, double *log_det) {
  if (!nf_shape_equal(x->shape, f->bijector->in)) return NF_ESHAPE;
  return answer(f, (request){.go = FORWARD, .from = x}, x->n, z, log_det, NULL);
}

int nf_flow_inverse(nf_flow *f, const nf_batch *z, nf_real *x, double *log_det) {
  if (!nf_shape_equal(z->shape, f->bijector->out)) return NF_ESHAPE;
  return answer(f, (request){.go = INVERSE, .from = z}, z->n, x, log_det, NULL);
}

int nf_flow_sample(nf_flow *f, uint64_t seed, uint64_t first, size_t n, double temperature,
                   nf_real *x) {
  if (!(temperature >= 0) || !isfinite(temperature)) return NF_EINVAL;
  const request r = {.go = INVERSE, .seed = seed, .first = first, .temperature = temperature};
  return answer(f, r, n, x, NULL, NULL);
}

/* --- watchers ----------------------------------------------------------------------------- */

int nf_show_to_layer(void *user, nf_bijector *layer, const nf_batch *x) {
  (void)user;
  if (layer->type->observe == NULL) return NF_OK;
  const int status = layer->type->observe(layer, x);
  return status == NF_OK && layer->type->prepare != NULL ? layer->type->prepare(layer) : status;
}

static int stop_at_nonfinite(void *user, nf_bijector *layer, const nf_batch *z,
                             const double *log_det) {
  bool fine = isfinite(log_det[0]);
  for (size_t i = 0; i < nf_batch_size(z); i++) fine = fine && isfinite(z->data[i]);
  if (fine) return NF_OK;
  const nf_bijector **culprit = user;
  if (*culprit == NULL) *culprit = layer;
  return NF_ENONFINITE;
}

const nf_bijector *nf_flow_culprit(nf_flow *f, const nf_batch *x) {
  const nf_bijector *culprit = NULL;
  const nf_watch watch = {.after = stop_at_nonfinite, .user = &culprit};
  nf_work work = {.watch = &watch};
  nf_batch copy = *x;
  copy.n = 1;
  copy.data = nf_arena_alloc(&work.tmp, f->d);
  double log_det = 0;
  if (copy.data != NULL && nf_shape_equal(x->shape, f->bijector->in)) {
    memcpy(copy.data, x->data, f->d * sizeof *copy.data);
    (void)f->bijector->type->forward(f->bijector, &copy, &log_det, &work);
  }
  nf_work_free(&work);
  return culprit;
}
