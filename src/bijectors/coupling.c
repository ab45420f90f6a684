/* The coupling layer, the heart of NICE, RealNVP and Glow. One part of the sample passes
 * unchanged and tells a network how to scale and shift the other part:
 *
 *   z_a = x_a
 *   z_b = x_b·g(s) + t,   (s, t) = net(x_a),      log|det J| = Σ log g(s)
 *
 * The Jacobian is triangular, whatever the network; so the network is never inverted and its
 * derivative never enters the determinant (NOTES 9). */
#include <string.h>

#include "bijectors/bijectors.h"
#include "bijectors/build.h"
#include "bijectors/scale.h"

typedef struct {
  nf_bijector base;
  nf_mask mask;
  nf_scale scale;
} coupling;

static const coupling *self(const nf_bijector *b) { return (const coupling *)(const void *)b; }

/* --- which values belong to a and which to b --------------------------------------------- */

static bool is_channel(nf_mask mask) { return mask == NF_CHANNEL || mask == NF_CHANNEL_SWAPPED; }

typedef struct {
  size_t a, count_a, b, count_b; /* first channel and number of channels, of a and of b */
} halves;

static halves parts(nf_shape shape, nf_mask mask) {
  const size_t c = shape.c, first = c / 2, second = c - first;
  if (mask == NF_CHANNEL) return (halves){0, first, first, second};
  if (mask == NF_CHANNEL_SWAPPED) return (halves){first, second, 0, first};
  return (halves){0, c, 0, c};
}

/* Does pixel number p (row-major) hold values of b? */
static bool transforms(nf_mask mask, size_t p, size_t width) {
  if (is_channel(mask)) return true;
  return ((p / width + p % width) % 2 == 0) == (mask == NF_CHECKERBOARD_SWAPPED);
}

nf_shape nf_coupling_net_in(nf_shape shape, nf_mask mask) {
  return (nf_shape){shape.h, shape.w, parts(shape, mask).count_a};
}

nf_shape nf_coupling_net_out(nf_shape shape, nf_mask mask, nf_scale scale) {
  const size_t c = parts(shape, mask).count_b;
  return (nf_shape){shape.h, shape.w, scale == NF_SCALE_NONE ? c : 2 * c};
}

/* --- one pass: what the network says about this batch ------------------------------------ */

typedef struct {
  halves part;
  size_t pixels;   /* of the whole batch */
  size_t channels; /* of the network's output, (s, t) or t */
  size_t shift;    /* where t begins in it */
  nf_real *xa, *hidden, *st;
  nf_real *log_g; /* (pixels, count_b) */
} pass;

static void gather_a(const nf_bijector *b, const nf_batch *x, const pass *p) {
  const nf_mask mask = self(b)->mask;
  const size_t c = b->in.c, count = p->part.count_a, per_sample = nf_shape_pixels(b->in);
  for (size_t i = 0; i < p->pixels; i++) {
    nf_real *to = p->xa + i * count;
    if (is_channel(mask) || !transforms(mask, i % per_sample, b->in.w))
      memcpy(to, x->data + i * c + p->part.a, count * sizeof *to);
    else
      memset(to, 0, count * sizeof *to);
  }
}

static nf_real gamma_of(const nf_bijector *b) {
  return self(b)->scale == NF_SCALE_TANH ? b->tensor[0].data[0] : 1;
}

static int condition(const nf_bijector *b, const nf_batch *x, pass *p, nf_work *work) {
  const nf_net *net = b->net;
  p->part = parts(b->in, self(b)->mask);
  p->pixels = x->n * nf_shape_pixels(b->in);
  p->channels = net->out.c;
  p->shift = self(b)->scale == NF_SCALE_NONE ? 0 : p->part.count_b;
  p->xa = nf_arena_alloc(&work->tmp, p->pixels * p->part.count_a);
  p->hidden = nf_arena_alloc(&work->tmp, x->n * net->n_hidden);
  p->st = nf_arena_alloc(&work->tmp, p->pixels * p->channels);
  p->log_g = nf_arena_alloc(&work->tmp, p->pixels * p->part.count_b);
  if (p->xa == NULL || p->hidden == NULL || p->st == NULL || p->log_g == NULL) return NF_ENOMEM;
  gather_a(b, x, p);
  const int status = net->type->forward(net, x->n, p->xa, p->st, p->hidden, work);
  if (status != NF_OK) return status;
  for (size_t i = 0; i < p->pixels; i++)
    nf_scale_forward(self(b)->scale, gamma_of(b), p->part.count_b, p->st + i * p->channels,
                     p->log_g + i * p->part.count_b);
  return NF_OK;
}

/* --- the three directions ---------------------------------------------------------------- */

static int forward(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work) {
  const nf_arena_mark mark = nf_arena_now(&work->tmp);
  pass p;
  const int status = condition(b, x, &p, work);
  const size_t per_sample = nf_shape_pixels(b->in);
  for (size_t i = 0; status == NF_OK && i < p.pixels; i++) {
    if (!transforms(self(b)->mask, i % per_sample, b->in.w)) continue;
    nf_real *xb = x->data + i * b->in.c + p.part.b;
    const nf_real *t = p.st + i * p.channels + p.shift, *log_g = p.log_g + i * p.part.count_b;
    double sum = 0;
    for (size_t k = 0; k < p.part.count_b; k++) {
      xb[k] = xb[k] * exp(log_g[k]) + t[k];
      sum += (double)log_g[k];
    }
    log_det[i / per_sample] += sum;
  }
  nf_arena_release(&work->tmp, mark);
  return status;
}

static int inverse(const nf_bijector *b, nf_batch *z, double *log_det, nf_work *work) {
  const nf_arena_mark mark = nf_arena_now(&work->tmp);
  pass p;
  const int status = condition(b, z, &p, work);
  const size_t per_sample = nf_shape_pixels(b->in);
  for (size_t i = 0; status == NF_OK && i < p.pixels; i++) {
    if (!transforms(self(b)->mask, i % per_sample, b->in.w)) continue;
    nf_real *zb = z->data + i * b->in.c + p.part.b;
    const nf_real *t = p.st + i * p.channels + p.shift, *log_g = p.log_g + i * p.part.count_b;
    double sum = 0;
    for (size_t k = 0; k < p.part.count_b; k++) {
      zb[k] = (zb[k] - t[k]) * exp(-log_g[k]);
      sum += (double)log_g[k];
    }
    log_det[i / per_sample] -= sum;
  }
  nf_arena_release(&work->tmp, mark);
  return status;
}

/* With L the loss and λ = ∂L/∂log_det:  ∂L/∂t = dz_b,  ∂L/∂log g = dz_b·x_b·g + λ,
 * dx_b = dz_b·g, and dx_a = dz_a + (∂net/∂x_a)ᵀ (ds, dt). */
static int backward(const nf_bijector *b, nf_batch *z, nf_batch *dz, const double *dlog_det,
                    nf_real *dparam, nf_work *work) {
  const nf_arena_mark mark = nf_arena_now(&work->tmp);
  const coupling *self_b = self(b);
  pass p;
  int status = condition(b, z, &p, work);
  nf_real *dst = NULL, *dxa = NULL;
  if (status == NF_OK) {
    dst = nf_arena_alloc(&work->tmp, p.pixels * p.channels);
    dxa = nf_arena_alloc(&work->tmp, p.pixels * p.part.count_a);
    if (dst == NULL || dxa == NULL) status = NF_ENOMEM;
  }
  if (status != NF_OK) {
    nf_arena_release(&work->tmp, mark);
    return status;
  }
  const size_t per_sample = nf_shape_pixels(b->in), count_b = p.part.count_b;
  double dgamma = 0;
  memset(dst, 0, p.pixels * p.channels * sizeof *dst);
  for (size_t i = 0; i < p.pixels; i++) {
    if (!transforms(self_b->mask, i % per_sample, b->in.w)) continue;
    nf_real *zb = z->data + i * b->in.c + p.part.b, *dzb = dz->data + i * b->in.c + p.part.b;
    nf_real *s = p.st + i * p.channels, *t = s + p.shift, *log_g = p.log_g + i * count_b;
    nf_real *ds = dst + i * p.channels, *dt = ds + p.shift;
    const nf_real lambda = NF_R(dlog_det[i / per_sample]);
    for (size_t k = 0; k < count_b; k++) {
      const nf_real g = exp(log_g[k]), shifted = zb[k] - t[k]; /* x_b·g */
      zb[k] = shifted / g;
      log_g[k] = dzb[k] * shifted + lambda; /* its gradient from here on */
      dt[k] = dzb[k];
      dzb[k] *= g;
    }
    if (self_b->scale != NF_SCALE_NONE)
      dgamma += nf_scale_backward(self_b->scale, gamma_of(b), count_b, s, log_g, ds);
  }
  if (self_b->scale == NF_SCALE_TANH) dparam[b->tensor[0].offset] += NF_R(dgamma);
  status = b->net->type->backward(b->net, z->n, p.xa, p.hidden, dst, dxa, dparam, work);
  for (size_t i = 0; status == NF_OK && i < p.pixels; i++) {
    if (!is_channel(self_b->mask) && transforms(self_b->mask, i % per_sample, b->in.w)) continue;
    nf_real *dza = dz->data + i * b->in.c + p.part.a;
    for (size_t k = 0; k < p.part.count_a; k++) dza[k] += dxa[i * p.part.count_a + k];
  }
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
  const size_t pixels = nf_shape_pixels(shape);
  if (*status == NF_OK && (is_channel(mask) ? shape.c < 2 : pixels < 2)) *status = NF_ESHAPE;
  if (*status == NF_OK &&
      !(net != NULL && nf_shape_equal(net->in, nf_coupling_net_in(shape, mask)) &&
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
