/* The coupling layer, the heart of NICE, RealNVP and Glow. One part of the sample passes
 * unchanged and tells a network how to scale and shift the other part:
 *
 *   z_a = x_a
 *   z_b = x_b·g(s) + t,   (s, t) = net(x_a),      log|det J| = Σ log g(s)
 *
 * The Jacobian is triangular, whatever the network; so the network is never inverted and its
 * derivative never enters the determinant (NOTES 9). */
#include <string.h>

#include "core/vector.h"
#include "layers/build.h"
#include "layers/mask.h"
#include "layers/scale.h"

typedef struct {
  nf_bijector base;
  nf_mask mask;
  nf_scale scale;
} coupling;

static const coupling *self(const nf_bijector *b) { return (const coupling *)(const void *)b; }

nf_shape nf_coupling_net_in(nf_shape shape, nf_mask mask) {
  return (nf_shape){shape.h, shape.w, nf_mask_parts(shape, mask).count_a};
}

nf_shape nf_coupling_net_out(nf_shape shape, nf_mask mask, nf_scale scale) {
  const size_t c = nf_mask_parts(shape, mask).count_b;
  return (nf_shape){shape.h, shape.w, scale == NF_SCALE_NONE ? c : 2 * c};
}

static nf_real gamma_of(const nf_bijector *b) {
  return self(b)->scale == NF_SCALE_TANH ? b->tensor[0].data[0] : 1;
}

enum { ROWS = 1024 }; /* pixels that a conditioner answers together */

/* --- what the network says about a batch -------------------------------------------------- */

/* Its input x_a, hidden activations and output (s, t) or t. */
typedef struct {
  nf_real *xa, *hidden, *st;
} said;

static size_t size_xa(const nf_bijector *b, size_t n) { return n * nf_shape_size(b->net->in); }
static size_t size_st(const nf_bijector *b, size_t n) { return n * nf_shape_size(b->net->out); }

static bool allocate_answer(const nf_bijector *b, size_t n, said *p, nf_arena *arena) {
  p->hidden = nf_arena_alloc(arena, n * b->net->n_hidden);
  p->st = nf_arena_alloc(arena, size_st(b, n));
  return p->hidden != NULL && p->st != NULL;
}

/* Room among what is kept for backward: always for x_a, from which the rest can be computed
 * again, bit for bit; for the rest while it fits the budget. */
static bool allocate_kept(const nf_bijector *b, size_t n, said *p, nf_work *work) {
  nf_arena *memory = &work->kept_memory;
  const nf_arena_mark mark = nf_arena_now(memory);
  nf_kept *entry = nf_arena_alloc_bytes(memory, sizeof *entry);
  p->xa = nf_arena_alloc(memory, size_xa(b, n));
  if (entry == NULL || p->xa == NULL) return false;
  const size_t bytes = (n * b->net->n_hidden + size_st(b, n)) * sizeof(nf_real);
  const bool all = bytes <= work->room;
  if (all) work->room -= bytes;
  if (!allocate_answer(b, n, p, all ? memory : &work->tmp)) return false;
  *entry = (nf_kept){work->kept, b, mark, p->xa, all ? p->hidden : NULL, all ? p->st : NULL};
  work->kept = entry;
  return true;
}

static int ask(const nf_bijector *b, const nf_batch *x, said *p, nf_work *work) {
  if (work->keep) {
    if (!allocate_kept(b, x->n, p, work)) return NF_ENOMEM;
  } else {
    p->xa = nf_arena_alloc(&work->tmp, size_xa(b, x->n));
    if (p->xa == NULL || !allocate_answer(b, x->n, p, &work->tmp)) return NF_ENOMEM;
  }
  nf_mask_gather(self(b)->mask, x, p->xa);
  return b->net->type->forward(b->net, x->n, p->xa, p->st, p->hidden, work);
}

/* The answer alone, a few samples at a time, so that hidden activations stay in the cache */
static int ask_for_answer(const nf_bijector *b, const nf_batch *x, said *p, nf_work *work) {
  const size_t pixels = nf_shape_pixels(b->in), fit = ROWS / pixels > 0 ? ROWS / pixels : 1;
  const size_t slice = fit < x->n ? fit : x->n;
  p->xa = nf_arena_alloc(&work->tmp, size_xa(b, x->n));
  p->st = nf_arena_alloc(&work->tmp, size_st(b, x->n));
  p->hidden = nf_arena_alloc(&work->tmp, slice * b->net->n_hidden);
  if (p->xa == NULL || p->st == NULL || p->hidden == NULL) return NF_ENOMEM;
  nf_mask_gather(self(b)->mask, x, p->xa);
  int status = NF_OK;
  for (size_t i = 0, n; status == NF_OK && i < x->n; i += n) {
    n = x->n - i < slice ? x->n - i : slice;
    status = b->net->type->forward(b->net, n, p->xa + size_xa(b, i), p->st + size_st(b, i),
                                   p->hidden, work);
  }
  return status;
}

/* For backward: what forward kept, completed, or all of it again from x_a = z_a. */
static int recall(const nf_bijector *b, const nf_batch *z, said *p, nf_work *work) {
  const nf_kept *entry = work->kept;
  if (entry == NULL || entry->owner != b) return ask(b, z, p, work);
  *p = (said){entry->input, entry->hidden, entry->output};
  if (p->hidden != NULL) return NF_OK;
  if (!allocate_answer(b, z->n, p, &work->tmp)) return NF_ENOMEM;
  return b->net->type->forward(b->net, z->n, p->xa, p->st, p->hidden, work);
}

static void forget(const nf_bijector *b, nf_work *work) {
  const nf_kept *entry = work->kept;
  if (entry == NULL || entry->owner != b) return;
  work->kept = entry->below;
  nf_arena_release(&work->kept_memory, entry->mark);
}

/* --- what it means for x_b ------------------------------------------------------------------ */

/* One pixel after another: x_b, shift t, scale g and its logarithm. */
typedef struct {
  nf_parts part;
  size_t n, pixels, per_sample; /* pixels = n·per_sample */
  size_t channels, shift;       /* of the network's output at a pixel; where t begins there */
  nf_real *s, *log_g, *g;       /* (pixels, count_b) */
} scales;

/* g = exp(±log g(s)) for the whole batch, in contiguous memory */
static int scale(const nf_bijector *b, const nf_batch *x, const said *p, nf_real sign, scales *q,
                 nf_work *work) {
  q->part = nf_mask_parts(b->in, self(b)->mask);
  q->per_sample = nf_shape_pixels(b->in);
  q->n = x->n, q->pixels = x->n * q->per_sample;
  q->channels = b->net->out.c;
  q->shift = q->channels - q->part.count_b;
  const size_t each = q->part.count_b, size = q->pixels * each;
  q->s = nf_arena_alloc(&work->tmp, size);
  q->log_g = nf_arena_alloc(&work->tmp, size);
  q->g = nf_arena_alloc(&work->tmp, size);
  if (q->s == NULL || q->log_g == NULL || q->g == NULL) return NF_ENOMEM;
  for (size_t i = 0; i < q->pixels; i++)
    memcpy(q->s + i * each, p->st + i * q->channels, each * sizeof *q->s);
  nf_scale_forward(self(b)->scale, gamma_of(b), size, q->s, q->log_g);
  if (sign < 0)
    for (size_t i = 0; i < size; i++) q->g[i] = -q->log_g[i];
  nf_vector_exp(size, sign < 0 ? q->g : q->log_g, q->g);
  return NF_OK;
}

static bool transforms(const nf_bijector *b, size_t pixel_of_sample) {
  return nf_mask_transforms(self(b)->mask, pixel_of_sample, b->in.w);
}

static void add_log_det(const nf_bijector *b, const scales *q, double sign, double *log_det) {
  const size_t each = q->part.count_b;
  const nf_real *log_g = q->log_g;
  for (size_t n = 0; n < q->n; n++) {
    double sum = 0;
    for (size_t i = 0; i < q->per_sample; i++, log_g += each)
      if (transforms(b, i))
        for (size_t k = 0; k < each; k++) sum += (double)log_g[k];
    log_det[n] += sign * sum;
  }
}

/* --- the three directions ------------------------------------------------------------------- */

static int forward(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work) {
  const nf_arena_mark mark = nf_arena_now(&work->tmp);
  said p;
  scales q;
  int status = work->keep ? ask(b, x, &p, work) : ask_for_answer(b, x, &p, work);
  if (status == NF_OK) status = scale(b, x, &p, 1, &q, work);
  if (status == NF_OK) {
    nf_real *xb = x->data + q.part.b;
    const nf_real *t = p.st + q.shift, *g = q.g;
    for (size_t n = 0; n < q.n; n++)
      for (size_t i = 0; i < q.per_sample; i++) {
        if (transforms(b, i))
          for (size_t k = 0; k < q.part.count_b; k++) xb[k] = xb[k] * g[k] + t[k];
        xb += b->in.c, t += q.channels, g += q.part.count_b;
      }
    add_log_det(b, &q, 1, log_det);
  }
  nf_arena_release(&work->tmp, mark);
  return status;
}

static int inverse(const nf_bijector *b, nf_batch *z, double *log_det, nf_work *work) {
  const nf_arena_mark mark = nf_arena_now(&work->tmp);
  said p;
  scales q;
  int status = ask_for_answer(b, z, &p, work);
  if (status == NF_OK) status = scale(b, z, &p, -1, &q, work);
  if (status == NF_OK) {
    nf_real *zb = z->data + q.part.b;
    const nf_real *t = p.st + q.shift, *g = q.g;
    for (size_t n = 0; n < q.n; n++)
      for (size_t i = 0; i < q.per_sample; i++) {
        if (transforms(b, i))
          for (size_t k = 0; k < q.part.count_b; k++) zb[k] = (zb[k] - t[k]) * g[k];
        zb += b->in.c, t += q.channels, g += q.part.count_b;
      }
    add_log_det(b, &q, -1, log_det);
  }
  nf_arena_release(&work->tmp, mark);
  return status;
}

/* At every pixel of b, with λ = ∂L/∂log_det:  z_b becomes x_b, dz_b becomes dx_b = dz_b·g, and
 * ∂L/∂t = dz_b,  ∂L/∂log g = dz_b·x_b·g + λ  go to the network's output. */
static void turn_around(const nf_bijector *b, nf_batch *z, nf_batch *dz, const double *dlog_det,
                        const said *p, scales *q, nf_real *dst) {
  const size_t each = q->part.count_b;
  for (size_t i = 0, in_sample = 0, n = 0; i < q->pixels; i++, in_sample++) {
    if (in_sample == q->per_sample) in_sample = 0, n++;
    nf_real *dlog_g = q->log_g + i * each;
    if (!transforms(b, in_sample)) {
      memset(dlog_g, 0, each * sizeof *dlog_g);
      memset(dst + i * q->channels, 0, q->channels * sizeof *dst);
      continue;
    }
    nf_real *zb = z->data + i * b->in.c + q->part.b, *dzb = dz->data + i * b->in.c + q->part.b;
    nf_real *dt = dst + i * q->channels + q->shift;
    const nf_real *t = p->st + i * q->channels + q->shift, *g = q->g + i * each;
    const nf_real lambda = NF_R(dlog_det[n]);
    for (size_t k = 0; k < each; k++) {
      const nf_real scaled = zb[k] - t[k]; /* x_b·g */
      zb[k] = scaled / g[k];
      dlog_g[k] = dzb[k] * scaled + lambda;
      dt[k] = dzb[k];
      dzb[k] *= g[k];
    }
  }
}

/* The rest of the chain rule: ds from ∂L/∂log g, then dx_a = dz_a + (∂net/∂x_a)ᵀ (ds, dt). */
static int backward(const nf_bijector *b, nf_batch *z, nf_batch *dz, const double *dlog_det,
                    nf_real *dparam, nf_work *work) {
  const nf_arena_mark mark = nf_arena_now(&work->tmp);
  said p;
  scales q;
  nf_real *dst = nf_arena_alloc(&work->tmp, size_st(b, z->n));
  nf_real *dxa = nf_arena_alloc(&work->tmp, size_xa(b, z->n));
  int status = dst == NULL || dxa == NULL ? NF_ENOMEM : recall(b, z, &p, work);
  if (status == NF_OK) status = scale(b, z, &p, 1, &q, work);
  if (status == NF_OK) {
    turn_around(b, z, dz, dlog_det, &p, &q, dst);
    if (q.shift > 0) {
      const size_t each = q.part.count_b;
      const double dgamma =
          nf_scale_backward(self(b)->scale, gamma_of(b), q.pixels * each, q.s, q.log_g, q.s);
      for (size_t i = 0; i < q.pixels; i++)
        memcpy(dst + i * q.channels, q.s + i * each, each * sizeof *dst);
      if (self(b)->scale == NF_SCALE_TANH) dparam[b->tensor[0].offset] += NF_R(dgamma);
    }
    status = b->net->type->backward(b->net, z->n, p.xa, p.hidden, dst, dxa, dparam, work);
  }
  if (status == NF_OK) nf_mask_add(self(b)->mask, dxa, dz);
  forget(b, work);
  nf_arena_release(&work->tmp, mark);
  return status;
}

static void init(nf_bijector *b, nf_random *r) {
  (void)r;
  if (self(b)->scale == NF_SCALE_TANH) b->tensor[0].data[0] = 1;
}

static const nf_bijector_type type = {
    .name = "coupling", .forward = forward, .inverse = inverse, .backward = backward, .init = init};

nf_bijector *nf_coupling_new(nf_shape shape, nf_mask mask, nf_scale scale, nf_net *net,
                             int *status) {
  const bool divides = nf_mask_is_channel(mask) ? shape.c >= 2 : nf_shape_pixels(shape) >= 2;
  if (*status == NF_OK &&
      !(divides && net != NULL && nf_shape_equal(net->in, nf_coupling_net_in(shape, mask)) &&
        nf_shape_equal(net->out, nf_coupling_net_out(shape, mask, scale))))
    *status = NF_ESHAPE;
  coupling *c = nf_bijector_new(&type, sizeof *c, shape, shape, status);
  if (c == NULL) {
    nf_net_free(net);
    return NULL;
  }
  c->mask = mask;
  c->scale = scale;
  c->base.net = net;
  if (scale == NF_SCALE_TANH) nf_bijector_add(&c->base, nf_tensor_param("gamma", 1, 0, 0, 0));
  return &c->base;
}
