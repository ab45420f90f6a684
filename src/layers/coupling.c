/* The coupling layer of NICE, RealNVP and Glow. Part a of a sample passes unchanged, and a network
 * of it, the conditioner, scales and shifts part b:
 *
 *   z_a = x_a
 *   z_b = x_b·g(s) + t,   (s, t) = net(x_a),      log|det J| = Σ log g(s)
 *
 * The Jacobian is triangular, whatever the network; so the network is never inverted and its
 * derivative does not enter the determinant (NOTES (3.2)). */
#include <string.h>

#include "core/real.h"
#include "core/vector.h"
#include "layers/conditioner.h"
#include "layers/mask.h"

typedef struct {
  nf_bijector base;
  nf_scale scale;
  nf_part a, b;
  size_t to_t; /* from the place of an s in the network's output to that of its t */
} coupling;

/* --- the scale: log g(s) and its derivative -----------------------------------------------------
 */

/* exp: s,   tanh: γ·tanh s,   sigmoid: log σ(s + 2),   none: 0 */
static void log_scale(nf_scale scale, nf_real gamma, size_t count, const nf_real *s,
                      nf_real *log_g) {
  switch (scale) {
    case NF_SCALE_NONE:
      memset(log_g, 0, count * sizeof *log_g);
      break;
    case NF_SCALE_EXP:
      memcpy(log_g, s, count * sizeof *log_g);
      break;
    case NF_SCALE_TANH:
      nf_vector_tanh(count, s, log_g);
      for (size_t i = 0; i < count; i++) log_g[i] *= gamma;
      break;
    case NF_SCALE_SIGMOID:
      for (size_t i = 0; i < count; i++) log_g[i] = s[i] + 2;
      nf_vector_log_sigmoid(count, log_g, log_g);
      break;
  }
}

/* ds = ∂L/∂log g · ∂log g/∂s, with ∂log g/∂s of exp: 1, of tanh: γ(1 - tanh² s), of sigmoid:
 * 1 - σ(s + 2), in s's place; returns ∂L/∂γ = Σ ∂L/∂log g · tanh s. */
static double log_scale_backward(nf_scale scale, nf_real gamma, size_t count, const nf_real *dlog_g,
                                 nf_real *s) {
  double dgamma = 0;
  switch (scale) {
    case NF_SCALE_NONE: /* has no s */
      break;
    case NF_SCALE_EXP:
      memcpy(s, dlog_g, count * sizeof *s);
      break;
    case NF_SCALE_TANH:
      nf_vector_tanh(count, s, s);
      for (size_t i = 0; i < count; i++) {
        dgamma += (double)(dlog_g[i] * s[i]);
        s[i] = dlog_g[i] * gamma * (1 - s[i] * s[i]);
      }
      break;
    case NF_SCALE_SIGMOID:
      for (size_t i = 0; i < count; i++) s[i] = s[i] + 2;
      nf_vector_exp(count, s, s);
      for (size_t i = 0; i < count; i++) s[i] = dlog_g[i] / (1 + s[i]);
      break;
  }
  return dgamma;
}

/* --- the layer
 * ------------------------------------------------------------------------------------ */

static nf_real gamma_of(const coupling *c) {
  return c->scale == NF_SCALE_TANH ? c->base.tensor[0].data[0] : 1;
}

/* The network of x_a; under a checkerboard it sees 0 at b. */
static int run_conditioner(const coupling *c, const nf_batch *x, bool need_hidden,
                           nf_activation *act, nf_work *work) {
  const nf_bijector *b = &c->base;
  const size_t d = nf_shape_size(b->in), d_net = nf_shape_size(b->net->in);
  const int status = nf_conditioner_reserve(b, x->n, need_hidden, act, work);
  if (status != NF_OK) return status;
  if (c->a.size < d_net) memset(act->input, 0, x->n * d_net * sizeof *act->input);
  const nf_real *from = x->data;
  nf_real *to = act->input;
  for (size_t i = 0; i < x->n; i++, from += d, to += d_net)
    for (size_t k = 0; k < c->a.size; k++) to[c->a.in_net[k]] = from[c->a.in_x[k]];
  return nf_conditioner_run(b, x->n, act, work);
}

/* Part b of a batch: x_b, its scale and its shift, (n, c->b.size) each. */
typedef struct {
  size_t count;
  nf_real *x, *s, *t, *log_g, *g;
} values;

static int gather_b(const coupling *c, const nf_batch *x, const nf_activation *act, values *v,
                    nf_work *work) {
  const nf_part *b = &c->b;
  const size_t d_net = nf_shape_size(c->base.net->out);
  v->count = x->n * b->size;
  nf_real **array[] = {&v->x, &v->s, &v->t, &v->log_g, &v->g};
  for (size_t i = 0; i < sizeof array / sizeof *array; i++)
    if ((*array[i] = nf_arena_alloc(&work->arena, v->count)) == NULL) return NF_ENOMEM;
  nf_gather(x->n, b->size, b->in_x, nf_shape_size(x->shape), x->data, v->x);
  nf_gather(x->n, b->size, b->in_net, d_net, act->output + c->to_t, v->t);
  nf_gather(x->n, b->size, b->in_net, d_net, act->output, v->s);
  log_scale(c->scale, gamma_of(c), v->count, v->s, v->log_g);
  return NF_OK;
}

/* z_b = x_b·g + t, or its inverse x_b = (z_b - t)·(1/g) */
static int transform(const nf_bijector *base, bool inverse, nf_batch *x, double *log_det,
                     nf_work *work) {
  const coupling *c = (const coupling *)base;
  const size_t size = c->b.size;
  nf_activation act;
  values v;
  int status = run_conditioner(c, x, false, &act, work);
  if (status == NF_OK) status = gather_b(c, x, &act, &v, work);
  if (status != NF_OK) return status;
  for (size_t i = 0; inverse && i < v.count; i++) v.log_g[i] = -v.log_g[i];
  nf_vector_exp(v.count, v.log_g, v.g);
  if (inverse)
    for (size_t i = 0; i < v.count; i++) v.x[i] = (v.x[i] - v.t[i]) * v.g[i];
  else
    for (size_t i = 0; i < v.count; i++) v.x[i] = v.x[i] * v.g[i] + v.t[i];
  nf_scatter(x->n, size, c->b.in_x, nf_shape_size(x->shape), v.x, x->data);
  for (size_t i = 0; i < x->n; i++) {
    double sum = 0;
    for (size_t k = 0; k < size; k++) sum += (double)v.log_g[i * size + k];
    log_det[i] += sum;
  }
  return NF_OK;
}

static int forward(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work) {
  return transform(b, false, x, log_det, work);
}

static int inverse(const nf_bijector *b, nf_batch *z, double *log_det, nf_work *work) {
  return transform(b, true, z, log_det, work);
}

/* With λ = ∂L/∂log_det:  z_b becomes x_b = (z_b - t)/g,  dz_b becomes dx_b = dz_b·g, and log_g, t
 * become ∂L/∂log g = dz_b·x_b·g + λ and ∂L/∂t = dz_b. */
static void backward_affine(size_t n, size_t size, const double *dlog_det, values *v, nf_real *dz) {
  for (size_t i = 0; i < n; i++) {
    const nf_real lambda = NF_R(dlog_det[i]);
    for (size_t k = i * size; k < (i + 1) * size; k++) {
      const nf_real scaled = v->x[k] - v->t[k]; /* x_b·g */
      v->x[k] = scaled / v->g[k];
      v->log_g[k] = dz[k] * scaled + lambda;
      v->t[k] = dz[k];
      dz[k] *= v->g[k];
    }
  }
}

/* dx_a = dz_a + (∂net/∂x_a)ᵀ (ds, dt) */
static int backward_conditioner(const coupling *c, nf_batch *dz, const nf_activation *act,
                                const values *v, nf_real *dparam, nf_work *work) {
  const nf_net *net = c->base.net;
  const size_t d = nf_shape_size(c->base.in), d_in = nf_shape_size(net->in);
  const size_t d_out = nf_shape_size(net->out);
  nf_real *doutput = nf_arena_alloc(&work->arena, dz->n * d_out);
  nf_real *dinput = nf_arena_alloc(&work->arena, dz->n * d_in);
  if (doutput == NULL || dinput == NULL) return NF_ENOMEM;
  memset(doutput, 0, dz->n * d_out * sizeof *doutput);
  nf_scatter(dz->n, c->b.size, c->b.in_net, d_out, v->s, doutput);
  nf_scatter(dz->n, c->b.size, c->b.in_net, d_out, v->t, doutput + c->to_t);
  const int status = net->type->backward(net, dz->n, act->input, act->hidden, doutput, dinput,
                                         dparam, &work->arena);
  if (status != NF_OK) return status;
  nf_real *dx = dz->data;
  for (size_t i = 0; i < dz->n; i++, dx += d, dinput += d_in)
    for (size_t k = 0; k < c->a.size; k++) dx[c->a.in_x[k]] += dinput[c->a.in_net[k]];
  return NF_OK;
}

static int backward(const nf_bijector *base, nf_batch *z, nf_batch *dz, const double *dlog_det,
                    nf_real *dparam, nf_work *work) {
  const coupling *c = (const coupling *)base;
  const size_t d = nf_shape_size(base->in);
  nf_activation act;
  values v;
  int status = nf_conditioner_restore(base, z->n, &act, work);
  if (status == NF_OK && act.input == NULL) status = run_conditioner(c, z, true, &act, work);
  if (status == NF_OK) status = gather_b(c, z, &act, &v, work);
  nf_real *dzb = status == NF_OK ? nf_arena_alloc(&work->arena, v.count) : NULL;
  if (dzb == NULL) return status != NF_OK ? status : NF_ENOMEM;
  nf_vector_exp(v.count, v.log_g, v.g);
  nf_gather(dz->n, c->b.size, c->b.in_x, d, dz->data, dzb);
  backward_affine(z->n, c->b.size, dlog_det, &v, dzb);
  nf_scatter(z->n, c->b.size, c->b.in_x, d, v.x, z->data);
  nf_scatter(dz->n, c->b.size, c->b.in_x, d, dzb, dz->data);
  const double dgamma = log_scale_backward(c->scale, gamma_of(c), v.count, v.log_g, v.s);
  if (c->scale == NF_SCALE_TANH) dparam[base->tensor[0].layer_offset] += NF_R(dgamma);
  status = backward_conditioner(c, dz, &act, &v, dparam, work);
  nf_conditioner_drop(base, work);
  return status;
}

static void init(nf_bijector *b, nf_random *r) {
  (void)r;
  if (((coupling *)b)->scale == NF_SCALE_TANH) b->tensor[0].data[0] = 1;
}

static void release(nf_bijector *b) {
  coupling *c = (coupling *)b;
  nf_part_free(&c->a);
  nf_part_free(&c->b);
}

static const nf_bijector_type type = {.name = "coupling",
                                      .forward = forward,
                                      .inverse = inverse,
                                      .backward = backward,
                                      .init = init,
                                      .free = release};

/* --- construction
 * --------------------------------------------------------------------------------- */

nf_shape nf_coupling_net_in(nf_shape shape, nf_mask mask) {
  return (nf_shape){shape.h, shape.w, nf_mask_channels(shape, mask, false)};
}

nf_shape nf_coupling_net_out(nf_shape shape, nf_mask mask, nf_scale scale) {
  const size_t c = nf_mask_channels(shape, mask, true);
  return (nf_shape){shape.h, shape.w, scale == NF_SCALE_NONE ? c : 2 * c};
}

static bool fits(nf_shape shape, nf_mask mask, nf_scale scale, const nf_net *net, nf_error *e) {
  const nf_shape in = nf_coupling_net_in(shape, mask);
  const nf_shape out = nf_coupling_net_out(shape, mask, scale);
  if (nf_mask_is_channel(mask) ? shape.c < 2 : nf_shape_pixels(shape) < 2)
    nf_fail(e, NF_ESHAPE, "coupling: " NF_SHAPE " has no two %s to part", NF_SHAPE_ARGS(shape),
            nf_mask_is_channel(mask) ? "channels" : "pixels");
  else if (net == NULL)
    nf_fail(e, NF_ESHAPE, "coupling: the net is NULL");
  else if (!nf_shape_equal(net->in, in) || !nf_shape_equal(net->out, out))
    nf_fail(e, NF_ESHAPE,
            "coupling: the net maps " NF_SHAPE " to " NF_SHAPE "; it must map " NF_SHAPE
            " to " NF_SHAPE,
            NF_SHAPE_ARGS(net->in), NF_SHAPE_ARGS(net->out), NF_SHAPE_ARGS(in), NF_SHAPE_ARGS(out));
  else
    return true;
  return false;
}

nf_bijector *nf_coupling_new(nf_shape shape, nf_mask mask, nf_scale scale, nf_net *net,
                             nf_error *e) {
  coupling *c =
      fits(shape, mask, scale, net, e) ? nf_bijector_new(&type, sizeof *c, shape, shape, e) : NULL;
  if (c == NULL) {
    nf_net_free(net);
    return NULL;
  }
  c->base.net = net;
  c->scale = scale;
  c->to_t = net->out.c - nf_mask_channels(shape, mask, true);
  if (scale == NF_SCALE_TANH) nf_bijector_add_param(&c->base, "gamma", 1, 0, 0, 0, e);
  if (nf_part_list(shape, mask, false, net->in.c, &c->a) &&
      nf_part_list(shape, mask, true, net->out.c, &c->b))
    return &c->base;
  nf_fail(e, NF_ENOMEM, "coupling: out of memory");
  nf_bijector_free(&c->base);
  return NULL;
}
