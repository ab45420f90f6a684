/* log_prob, forward, inverse and samples of a flow:
 *
 *   log p_X(x) = -(‖z‖² + D log 2π)/2 + log|det ∂f(x)/∂x|,   z = f(x)
 *
 * Results go to memory of their own, and to the caller when every chunk has succeeded. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/real.h"
#include "core/vector.h"
#include "flow/parallel.h"

typedef struct {
  bool inverse;
  const nf_batch *from; /* without data: latents drawn from N(0, T²I) */
  uint64_t seed;        /* of those */
  double temperature;
  nf_real *to;             /* n·D, or NULL */
  double *log_det, *log_p; /* n each */
} request;

static void draw(const request *r, nf_batch *z) {
  const size_t d = nf_shape_size(z->shape);
  nf_random_normals(r->seed, z->first, 0, z->n, d, z->data);
  for (size_t i = 0; i < z->n * d; i++) z->data[i] *= NF_R(r->temperature);
}

static int job(void *user, nf_flow *f, size_t begin, size_t count, nf_work *work) {
  const request *r = user;
  const nf_bijector *b = f->bijector;
  nf_batch x = nf_batch_part(r->from, begin, count);
  const nf_real *from = x.data;
  x.data = nf_arena_alloc(&work->arena, count * f->d);
  double *log_det = nf_arena_alloc_double(&work->arena, count);
  if (x.data == NULL || log_det == NULL) return NF_ENOMEM;
  memset(log_det, 0, count * sizeof *log_det);
  if (from != NULL) {
    memcpy(x.data, from, count * f->d * sizeof *x.data);
    if (!nf_batch_finite(&x)) return NF_ENONFINITE; /* clamps and limits would hide it */
  } else {
    draw(r, &x);
  }
  const int status =
      r->inverse ? nf_layer_inverse(b, &x, log_det, work) : nf_layer_forward(b, &x, log_det, work);
  if (status != NF_OK) return status;

  for (size_t i = 0; i < count; i++) {
    const nf_real *z = nf_batch_sample(&x, i);
    const double norm_squared = nf_vector_square(f->d, z);
    const double log_p = nf_log_normal(norm_squared, (double)f->d) + log_det[i];
    if (!isfinite(log_p)) return NF_ENONFINITE;
    if (r->log_p != NULL) r->log_p[begin + i] = log_p;
    if (r->log_det != NULL) r->log_det[begin + i] = log_det[i];
  }
  if (r->to != NULL) memcpy(r->to + begin * f->d, x.data, count * f->d * sizeof *x.data);
  return NF_OK;
}

/* --- which sample and which layer failed ---------------------------------------------------- */

typedef struct {
  const nf_flow *flow;
  const nf_layer_entry *entry; /* the layer that runs, or whose output is not finite; or NULL */
  char value[48];              /* the first that is not finite, or "" */
} tracker;

static const char *text_of(double value) {
  return isnan(value) ? "nan" : value > 0 ? "inf" : "-inf"; /* a NaN may have a sign */
}

/* False, and named, when one of them is not finite. */
static bool name_value(tracker *t, const nf_batch *x, double log_det) {
  const size_t size = nf_batch_size(x);
  size_t k = 0;
  while (k < size && isfinite(x->data[k])) k++;
  if (k < size)
    snprintf(t->value, sizeof t->value, ": its value %zu is %s", k, text_of((double)x->data[k]));
  else if (!isfinite(log_det))
    snprintf(t->value, sizeof t->value, ": its log-det is %s", text_of(log_det));
  return t->value[0] == 0;
}

static int enter_layer(void *user, const nf_bijector *b, int depth, const nf_batch *x) {
  (void)depth, (void)x;
  tracker *t = user;
  t->entry = &t->flow->layer[b->number];
  return NF_OK;
}

static int check_output(void *user, const nf_bijector *b, int depth, const nf_batch *z,
                        const double *log_det) {
  (void)depth;
  tracker *t = user;
  t->entry = &t->flow->layer[b->number];
  if (!name_value(t, z, log_det[0])) return NF_ENONFINITE;
  t->entry = NULL;
  return NF_OK;
}

static int no_memory(const nf_flow *f, size_t n, nf_error *e) {
  return nf_fail(e, NF_ENOMEM, "out of memory for %zu samples of %zu values", n, f->d);
}

/* Runs samples first … n-1 one by one until one fails. */
static int explain(nf_flow *f, request r, size_t first, size_t n, int status, nf_error *e) {
  if (status == NF_ENOMEM) return no_memory(f, n, e);
  tracker t = {.flow = f};
  const nf_hooks hooks = {.before = enter_layer, .after = check_output, .user = &t};
  nf_work work = {.hooks = &hooks};
  r.to = NULL, r.log_det = r.log_p = NULL;
  int found = NF_OK;
  size_t i = first;
  for (; found == NF_OK && i < n; i++) {
    const nf_arena_mark mark = nf_arena_now(&work.arena);
    t.entry = NULL;
    found = job(&r, f, i, 1, &work);
    nf_arena_release(&work.arena, mark);
  }
  nf_work_free(&work);
  if (found == NF_OK) return nf_fail(e, status, "%s", nf_status_text(status));
  const size_t sample = i - 1 + (r.from->data == NULL ? (size_t)r.from->first : 0);
  char name[NF_LAYER_NAME];
  if (t.entry != NULL)
    return nf_fail(e, found, "%s, sample %zu, %s%s", nf_status_text(found), sample,
                   nf_layer_name(t.entry, name), t.value);
  if (r.from->data != NULL && found == NF_ENONFINITE) {
    const nf_batch x = nf_batch_part(r.from, i - 1, 1);
    name_value(&t, &x, 0);
  }
  return nf_fail(e, found, "%s, sample %zu%s", nf_status_text(found), sample, t.value);
}

int nf_flow_explain(nf_flow *f, const nf_batch *x, size_t first, int status, nf_error *e) {
  return explain(f, (request){.from = x}, first, x->n, status, e);
}

/* --- requests ------------------------------------------------------------------------------- */

nf_batch nf_flow_batch(const nf_flow *f, size_t n, const nf_real *x) {
  return (nf_batch){.n = n, .shape = nf_flow_shape(f), .data = (nf_real *)x};
}

nf_batch nf_flow_batch_given(const nf_flow *f, size_t n, const nf_real *x, const nf_real *y) {
  nf_batch b = nf_flow_batch(f, n, x);
  b.y = y;
  b.y_shape = nf_point(nf_flow_condition(f));
  return b;
}

/* How many there are, and their condition */
static int check_samples(const nf_flow *f, const nf_batch *x, nf_error *e) {
  if (x->n > SIZE_MAX / 4 / sizeof(double) / f->d) return no_memory(f, x->n, e);
  if (x->n == 0 || (f->n_condition == 0 && x->y == NULL)) return NF_OK;
  if (x->y == NULL)
    return nf_fail(e, NF_EINVAL, "the flow's density is conditional on %zu values, none are given",
                   f->n_condition);
  if (!nf_shape_equal(x->y_shape, nf_point(f->n_condition)) || f->n_condition == 0)
    return nf_fail(e, NF_ESHAPE, "a condition of %zu values is given, the flow's has %zu",
                   nf_shape_size(x->y_shape), f->n_condition);
  const size_t size = x->n * f->n_condition;
  for (size_t i = 0; i < size; i++)
    if (!isfinite(x->y[i]))
      return nf_fail(e, NF_ENONFINITE, "the condition of sample %zu is not finite",
                     i / f->n_condition);
  return NF_OK;
}

int nf_flow_check_batch(const nf_flow *f, nf_shape shape, const nf_batch *x, nf_error *e) {
  if (!nf_shape_equal(x->shape, shape))
    return nf_fail(e, NF_ESHAPE, "samples have the shape " NF_SHAPE ", the flow's is " NF_SHAPE,
                   NF_SHAPE_ARGS(x->shape), NF_SHAPE_ARGS(shape));
  if (x->n > 0 && x->data == NULL) return nf_fail(e, NF_EINVAL, "%zu samples, but x is NULL", x->n);
  return check_samples(f, x, e);
}

/* A sample's result does not depend on its chunk, so where every thread still has one, chunks are
 * twice as large: the deep levels of an image flow have few pixels for the weights they read. */
static size_t chunk_size(const nf_flow *f, size_t n) {
  return f->chunk <= n / (size_t)f->threads / 2 ? 2 * f->chunk : f->chunk;
}

/* Outputs may be NULL. */
static int answer(nf_flow *f, request r, size_t n, nf_real *to, double *log_det, double *log_p,
                  nf_error *e) {
  int status = nf_flow_prepare(f, e);
  if (status != NF_OK) return status;
  double *values = malloc((2 * n + 1) * sizeof *values);
  r.to = to != NULL ? malloc((n * f->d + 1) * sizeof *r.to) : NULL;
  r.log_det = values;
  r.log_p = values != NULL ? values + n : NULL;
  size_t failed = 0;
  status = values == NULL || (to != NULL && r.to == NULL)
               ? NF_ENOMEM
               : nf_parallel_chunks(f, n, chunk_size(f, n), false, job, &r, &failed);
  if (status == NF_OK) {
    if (to != NULL) memcpy(to, r.to, n * f->d * sizeof *to);
    if (log_det != NULL) memcpy(log_det, r.log_det, n * sizeof *log_det);
    if (log_p != NULL) memcpy(log_p, r.log_p, n * sizeof *log_p);
  }
  free(values);
  free(r.to);
  return status == NF_OK ? NF_OK : explain(f, r, failed, n, status, e);
}

static int run_batch(nf_flow *f, bool inverse, const nf_batch *x, nf_real *to, double *log_det,
                     double *log_p, nf_error *e) {
  int status = nf_flow_enter(f, e);
  if (status != NF_OK) return status;
  status = nf_flow_check_batch(f, inverse ? f->bijector->out : f->bijector->in, x, e);
  if (status == NF_OK)
    status = answer(f, (request){.inverse = inverse, .from = x}, x->n, to, log_det, log_p, e);
  nf_flow_leave(f);
  return status;
}

int nf_flow_log_prob_batch(nf_flow *f, const nf_batch *x, double *log_p, nf_error *e) {
  return run_batch(f, false, x, NULL, NULL, log_p, e);
}

int nf_flow_forward_batch(nf_flow *f, const nf_batch *x, nf_real *z, double *log_det, nf_error *e) {
  return run_batch(f, false, x, z, log_det, NULL, e);
}

int nf_flow_inverse_batch(nf_flow *f, const nf_batch *z, nf_real *x, double *log_det, nf_error *e) {
  nf_batch batch = *z;
  if (f != NULL) batch.shape = f->bijector->out;
  return run_batch(f, true, &batch, x, log_det, NULL, e);
}

int nf_flow_log_prob(nf_flow *f, size_t n, const nf_real *x, double *log_p, nf_error *e) {
  const nf_batch batch = nf_flow_batch(f, n, x);
  return nf_flow_log_prob_batch(f, &batch, log_p, e);
}

int nf_flow_log_prob_given(nf_flow *f, size_t n, const nf_real *x, const nf_real *y, double *log_p,
                           nf_error *e) {
  const nf_batch batch = nf_flow_batch_given(f, n, x, y);
  return nf_flow_log_prob_batch(f, &batch, log_p, e);
}

int nf_flow_forward(nf_flow *f, size_t n, const nf_real *x, nf_real *z, double *log_det,
                    nf_error *e) {
  const nf_batch batch = nf_flow_batch(f, n, x);
  return nf_flow_forward_batch(f, &batch, z, log_det, e);
}

int nf_flow_inverse(nf_flow *f, size_t n, const nf_real *z, nf_real *x, double *log_det,
                    nf_error *e) {
  const nf_batch batch = nf_flow_batch(f, n, z);
  return nf_flow_inverse_batch(f, &batch, x, log_det, e);
}

int nf_flow_sample_batch(nf_flow *f, const nf_batch *numbers, uint64_t seed, double temperature,
                         nf_real *x, nf_error *e) {
  int status = nf_flow_enter(f, e);
  if (status != NF_OK) return status;
  nf_batch z = *numbers;
  z.shape = f->bijector->out;
  z.data = NULL;
  const request r = {.inverse = true, .from = &z, .seed = seed, .temperature = temperature};
  if (!(temperature >= 0) || !isfinite(temperature))
    status = nf_fail(e, NF_EINVAL, "temperature: %g; it can be 0 or more", temperature);
  else
    status = check_samples(f, &z, e);
  if (status == NF_OK) status = answer(f, r, z.n, x, NULL, NULL, e);
  nf_flow_leave(f);
  return status;
}

int nf_flow_sample_from(nf_flow *f, uint64_t first, size_t n, uint64_t seed, double temperature,
                        nf_real *x, nf_error *e) {
  const nf_batch numbers = {.n = n, .first = first};
  return nf_flow_sample_batch(f, &numbers, seed, temperature, x, e);
}

int nf_flow_sample(nf_flow *f, size_t n, uint64_t seed, double temperature, nf_real *x,
                   nf_error *e) {
  return nf_flow_sample_from(f, 0, n, seed, temperature, x, e);
}

int nf_flow_sample_given(nf_flow *f, size_t n, const nf_real *y, uint64_t seed, double temperature,
                         nf_real *x, nf_error *e) {
  const nf_batch numbers = nf_flow_batch_given(f, n, NULL, y);
  return nf_flow_sample_batch(f, &numbers, seed, temperature, x, e);
}
