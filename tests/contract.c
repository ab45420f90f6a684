/* The contract beside the mathematics: log_det and dparam are added to, samples do not know of each
 * other, memory that is lent is not read before it is written, and an error leaves everything as it
 * was. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oracles.h"

/* --- the three calls of the contract --------------------------------------------------------- */
enum { FORWARD, INVERSE, BACKWARD };
static const char *const verb[] = {"forward", "inverse", "backward"};

typedef struct {
  nf_batch x, dz; /* memory for a shape that is too large, too */
  double *log_det, *dlog_det, *dparam;
} call;

/* Valid arguments for n samples: x, or f(x) where the output is wanted, and random gradients. */
static call call_new(const catalogue_entry *e, int what, size_t n, nf_work *work) {
  const size_t size = n * dimensions(e);
  call c = {catalogue_draw(e, n, reals(2 * size)),
            {.n = n, .shape = e->bijector->out, .data = reals(2 * size)},
            reals(n),
            reals(n),
            reals(e->n_param)};
  if (what != FORWARD) nf_bijector_forward(e->bijector, &c.x, c.log_det, work);
  for (size_t k = 0; k < size; k++) c.dz.data[k] = nf_random_normal(1, 0, k);
  for (size_t i = 0; i < n; i++) {
    c.log_det[i] = 0;
    c.dlog_det[i] = nf_random_normal(1, 1, i);
  }
  return c;
}
static void call_free(call *c) {
  free(c->x.data), free(c->dz.data), free(c->log_det), free(c->dlog_det), free(c->dparam);
}
static int run(const catalogue_entry *e, int what, call *c, nf_work *work) {
  const nf_bijector *b = e->bijector;
  return what == FORWARD   ? nf_bijector_forward(b, &c->x, c->log_det, work)
         : what == INVERSE ? nf_bijector_inverse(b, &c->x, c->log_det, work)
                           : nf_bijector_backward(b, &c->x, &c->dz, c->dlog_det, c->dparam, work);
}

static bool same(size_t n, const double *a, const double *b) {
  return memcmp(a, b, n * sizeof *a) == 0;
}

/* log_det and dparam are added to what is there. Where a gradient is 0, as of weights that a mask
 * excludes, that is 0. */
finding contract_accumulates(const catalogue_entry *e, nf_work *work) {
  finding f = {0};
  for (int what = FORWARD; what <= BACKWARD && f.status == NF_OK; what++) {
    call zero = call_new(e, what, SAMPLES, work), some = call_new(e, what, SAMPLES, work);
    for (size_t i = 0; i < SAMPLES; i++) some.log_det[i] = 1.25 + (double)i;
    f.status = run(e, what, &zero, work);
    for (size_t k = 0; k < e->n_param; k++)
      some.dparam[k] = zero.dparam[k] != 0 ? 2.5 + (double)(k % 7) : 0;
    if (f.status == NF_OK) f.status = run(e, what, &some, work);
    if (what != BACKWARD)
      for (size_t i = 0; i < SAMPLES; i++) zero.log_det[i] += 1.25 + (double)i;
    else
      for (size_t k = 0; k < e->n_param; k++)
        zero.dparam[k] += zero.dparam[k] != 0 ? 2.5 + (double)(k % 7) : 0;
    if (what != BACKWARD) finding_compare(&f, verb[what], SAMPLES, some.log_det, zero.log_det);
    if (what == BACKWARD) finding_compare(&f, verb[what], e->n_param, some.dparam, zero.dparam);
    call_free(&zero), call_free(&some);
  }
  return f;
}

/* The samples of a batch of n come out as they do in batches of `piece`; the parameter gradients of
 * all add up. */
static finding in_pieces(const catalogue_entry *e, size_t n, size_t piece, nf_work *work) {
  finding f = {0};
  const size_t d = dimensions(e);
  for (int what = FORWARD; what <= BACKWARD && f.status == NF_OK; what++) {
    call all = call_new(e, what, n, work), apart = call_new(e, what, n, work);
    f.status = run(e, what, &all, work);
    for (size_t i = 0; i < n && f.status == NF_OK; i += piece) {
      const size_t some = n - i < piece ? n - i : piece;
      call part = apart;
      part.x = nf_batch_part(&apart.x, i, some), part.dz = nf_batch_part(&apart.dz, i, some);
      part.log_det += i, part.dlog_det += i;
      f.status = run(e, what, &part, work);
    }
    finding_compare(&f, verb[what], n * d, apart.x.data, all.x.data);
    finding_compare(&f, verb[what], n * d, apart.dz.data, all.dz.data);
    finding_compare(&f, verb[what], n, apart.log_det, all.log_det);
    finding_compare(&f, verb[what], e->n_param, apart.dparam, all.dparam);
    call_free(&all), call_free(&apart);
  }
  return f;
}

/* What an arena gives out next has NaN for every value. */
static void spoil(nf_arena *a) {
  const nf_arena_mark mark = nf_arena_now(a);
  void *all = nf_arena_alloc_bytes(a, a->peak + 1);
  if (all == NULL) abort();
  memset(all, 0xff, a->peak);
  nf_arena_release(a, mark);
}

/* The same bits whatever was in the memory before. */
static finding in_any_memory(const catalogue_entry *e, nf_work *work) {
  finding f = {0};
  const size_t size = SAMPLES * dimensions(e);
  for (int what = FORWARD; what <= BACKWARD && f.status == NF_OK; what++) {
    call a = call_new(e, what, SAMPLES, work), b = call_new(e, what, SAMPLES, work);
    f.status = run(e, what, &a, work);
    spoil(&work->arena);
    if (f.status == NF_OK) f.status = run(e, what, &b, work);
    if (!same(size, a.x.data, b.x.data) || !same(size, a.dz.data, b.dz.data) ||
        !same(SAMPLES, a.log_det, b.log_det) || !same(e->n_param, a.dparam, b.dparam))
      finding_worse(&f, INFINITY, "values depend on what was in the memory of the arena");
    call_free(&a), call_free(&b);
  }
  return f;
}

/* A few samples and each alone; and so many that activations are computed in parts
 * (layers/conditioner.c), and that the values of a transform fill several of its blocks. */
finding contract_batches(const catalogue_entry *e, nf_work *work) {
  const size_t many = 1024 / nf_shape_pixels(e->bijector->in) + 3;
  const finding f[] = {in_pieces(e, SAMPLES, 1, work), in_pieces(e, many, many / 2 + 1, work),
                       in_any_memory(e, work)};
  finding worst = {0};
  for (int k = 0; k < 3; k++) {
    if (f[k].status != NF_OK) worst.status = f[k].status;
    finding_worse(&worst, f[k].error, f[k].where);
  }
  return worst;
}

/* --- errors ---------------------------------------------------------------------------------- */
enum { ANY = -1 };

static bool untouched(const catalogue_entry *e, const call *a, const call *b) {
  const size_t size = 2 * SAMPLES * dimensions(e);
  return same(size, a->x.data, b->x.data) && same(size, a->dz.data, b->dz.data) &&
         nf_shape_equal(a->x.shape, b->x.shape) && nf_shape_equal(a->dz.shape, b->dz.shape) &&
         same(SAMPLES, a->log_det, b->log_det) && same(e->n_param, a->dparam, b->dparam);
}

static bool finite(const catalogue_entry *e, const call *c) {
  double sum = 0; /* 0·v is 0, or NaN */
  for (size_t k = 0; k < SAMPLES * dimensions(e); k++) sum += 0 * c->x.data[k] + 0 * c->dz.data[k];
  for (size_t i = 0; i < SAMPLES; i++) sum += 0 * c->log_det[i];
  return sum == 0;
}

/* Two equal calls are spoiled in the same way, by a last value or, for NF_ESHAPE, by the shape.
 * One is run: it must fail as expected, and then still equal the other. ANY: if it does not fail
 * its results are finite. */
static void refuses(finding *f, const catalogue_entry *e, int what, bool gradient, double value,
                    int expected, nf_work *work) {
  call c[2];
  for (int k = 0; k < 2; k++) {
    c[k] = call_new(e, what, SAMPLES, work);
    nf_batch *spoilt = gradient ? &c[k].dz : &c[k].x;
    if (expected == NF_ESHAPE)
      spoilt->shape.c++;
    else
      spoilt->data[SAMPLES * dimensions(e) - 1] = value;
  }
  const int status = run(e, what, &c[0], work);
  const bool unchanged = status == NF_OK || untouched(e, &c[0], &c[1]);
  char where[96];
  snprintf(where, sizeof where, "%s, %s %g: status %d, expected %d%s", verb[what],
           gradient ? "gradient" : "value", value, status, expected,
           unchanged ? "" : ", outputs touched");
  if (expected != ANY && status != expected) finding_worse(f, 1, where);
  if (status == NF_OK && !finite(e, &c[0])) finding_worse(f, 3, where);
  if (!unchanged) finding_worse(f, 2, where);
  call_free(&c[0]), call_free(&c[1]);
}

finding contract_refuses(const catalogue_entry *e, nf_work *work) {
  finding f = {0};
  for (int what = FORWARD; what <= BACKWARD; what++) {
    for (int gradient = 0; gradient <= (what == BACKWARD); gradient++) {
      refuses(&f, e, what, gradient, 0, NF_ESHAPE, work);
      refuses(&f, e, what, gradient, NAN, NF_ENONFINITE, work);
      refuses(&f, e, what, gradient, -INFINITY, NF_ENONFINITE, work);
      refuses(&f, e, what, gradient, 1.7e308, ANY,
              work); /* overflows somewhere inside, if at all */
    }
  }
  if (e->input != NORMAL) {
    const bool unit = e->input == UNIT;
    refuses(&f, e, FORWARD, false, -1, NF_EDOM, work);
    refuses(&f, e, FORWARD, false, unit ? 2 : e->input, NF_EDOM, work);
    if (!unit) refuses(&f, e, FORWARD, false, 0.5, NF_EDOM, work);
  }
  return f;
}
