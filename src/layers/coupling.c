/* The coupling layer of NICE, RealNVP and Glow. Part a of a sample passes unchanged, and a network
 * of it, the conditioner, scales and shifts part b:
 *
 *   z_a = x_a
 *   z_b = x_b·g(s) + t,   (s, t) = net(x_a),      log|det J| = Σ log g(s)
 *   z_b = (x_b + t)·g(s)  where the scale is clamped
 *
 * A conditional layer's net has y as C more channels at every pixel, beside x_a (NOTES (8.5)).
 * The Jacobian is triangular, whatever the network; so the network is never inverted and its
 * derivative does not enter the determinant (NOTES (3.2)). */
#include <string.h>

#include "core/real.h"
#include "core/vector.h"
#include "layers/mask.h"
#include "layers/scale.h"

typedef struct {
  nf_bijector base;
  nf_scale scale;
  nf_part a, b;
  size_t to_t; /* from the place of an s in the network's output to that of its t */
} coupling;

/* Part b of a batch: x_b, its scale and its shift, (n, c->b.size) each. */
typedef struct {
  size_t count;
  nf_real *x, *s, *t, *log_g, *g;
} values;

static int gather_b(const coupling *c, const nf_batch *x, const nf_activation *act, values *v,
                    nf_work *work) {
  const nf_part *b = &c->b;
  v->count = x->n * b->size;
  nf_real **array[] = {&v->x, &v->s, &v->t, &v->log_g, &v->g};
  for (size_t i = 0; i < sizeof array / sizeof *array; i++)
    if ((*array[i] = nf_arena_alloc(&work->arena, v->count)) == NULL) return NF_ENOMEM;
  nf_move(NF_GATHER, b, nf_runs_of_batch(b, x), v->x);
  nf_move(NF_GATHER, b, nf_runs_of_output(b, c->base.net, x->n, act->output, c->to_t), v->t);
  nf_move(NF_GATHER, b, nf_runs_of_output(b, c->base.net, x->n, act->output, 0), v->s);
  nf_scale_forward(c->scale, &c->base.tensor[0], v->count, v->s, v->log_g);
  return NF_OK;
}

/* z_b = x_b·g + t, or its inverse x_b = (z_b - t)·(1/g); shift first, z_b = (x_b + t)·g */
static int transform(const nf_bijector *base, bool inverse, nf_batch *x, double *log_det,
                     nf_work *work) {
  const coupling *c = (const coupling *)base;
  const size_t size = c->b.size;
  nf_activation act;
  values v;
  int status = nf_part_run(base, &c->a, x, false, &act, work);
  if (status == NF_OK) status = gather_b(c, x, &act, &v, work);
  if (status != NF_OK) return status;
  for (size_t i = 0; inverse && i < v.count; i++) v.log_g[i] = -v.log_g[i];
  nf_vector_exp(v.count, v.log_g, v.g);
  if (c->scale == NF_SCALE_CLAMP && inverse)
    for (size_t i = 0; i < v.count; i++) v.x[i] = v.x[i] * v.g[i] - v.t[i];
  else if (c->scale == NF_SCALE_CLAMP)
    for (size_t i = 0; i < v.count; i++) v.x[i] = (v.x[i] + v.t[i]) * v.g[i];
  else if (inverse)
    for (size_t i = 0; i < v.count; i++) v.x[i] = (v.x[i] - v.t[i]) * v.g[i];
  else
    for (size_t i = 0; i < v.count; i++) v.x[i] = v.x[i] * v.g[i] + v.t[i];
  nf_move(NF_SCATTER, &c->b, nf_runs_of_batch(&c->b, x), v.x);
  for (size_t i = 0; i < x->n; i++) log_det[i] += nf_vector_sum(size, v.log_g + i * size);
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

/* The same for z_b = (x_b + t)·g:
 * x_b = z_b/g - t,  dx_b = ∂L/∂t = dz_b·g,  ∂L/∂log g = dz_b·z_b + λ */
static void backward_shift_first(size_t n, size_t size, const double *dlog_det, values *v,
                                 nf_real *dz) {
  for (size_t i = 0; i < n; i++) {
    const nf_real lambda = NF_R(dlog_det[i]);
    for (size_t k = i * size; k < (i + 1) * size; k++) {
      v->log_g[k] = dz[k] * v->x[k] + lambda;
      v->x[k] = v->x[k] / v->g[k] - v->t[k];
      dz[k] *= v->g[k];
      v->t[k] = dz[k];
    }
  }
}

/* ∂L/∂s and ∂L/∂t back through the net */
static int backward_conditioner(const coupling *c, nf_batch *dz, const nf_activation *act,
                                const values *v, const nf_turn *turn, nf_work *work) {
  const size_t d_out = nf_shape_size(c->base.net->out);
  nf_real *doutput = nf_arena_alloc(&work->arena, dz->n * d_out);
  if (doutput == NULL) return NF_ENOMEM;
  memset(doutput, 0, dz->n * d_out * sizeof *doutput);
  nf_move(NF_SCATTER, &c->b, nf_runs_of_output(&c->b, c->base.net, dz->n, doutput, 0), v->s);
  nf_move(NF_SCATTER, &c->b, nf_runs_of_output(&c->b, c->base.net, dz->n, doutput, c->to_t), v->t);
  return nf_part_backward(&c->base, &c->a, dz, act, doutput, turn, work);
}

static int backward(const nf_bijector *base, nf_batch *z, nf_batch *dz, const double *dlog_det,
                    nf_real *dparam, nf_work *work) {
  const coupling *c = (const coupling *)base;
  nf_activation act;
  values v;
  int status = nf_conditioner_restore(base, z->n, &act, work);
  if (status == NF_OK && act.input == NULL) status = nf_part_run(base, &c->a, z, true, &act, work);
  if (status == NF_OK) status = gather_b(c, z, &act, &v, work);
  const nf_tensor *own = &base->tensor[0]; /* of a scale that has one */
  const size_t n_own = base->n_tensor * own->dim[0];
  nf_real *dzb = status == NF_OK ? nf_arena_alloc(&work->arena, v.count) : NULL;
  nf_real *down = nf_arena_alloc(&work->arena, n_own);
  if (dzb == NULL || down == NULL) return status != NF_OK ? status : NF_ENOMEM;
  nf_vector_exp(v.count, v.log_g, v.g);
  nf_move(NF_GATHER, &c->b, nf_runs_of_batch(&c->b, dz), dzb);
  (c->scale == NF_SCALE_CLAMP ? backward_shift_first : backward_affine)(z->n, c->b.size, dlog_det,
                                                                        &v, dzb);
  nf_move(NF_SCATTER, &c->b, nf_runs_of_batch(&c->b, z), v.x);
  nf_move(NF_SCATTER, &c->b, nf_runs_of_batch(&c->b, dz), dzb);
  nf_scale_backward(c->scale, own, v.count, v.log_g, v.s, v.g, down);
  const nf_turn turn = nf_layer_turn(base, dparam, work);
  status = backward_conditioner(c, dz, &act, &v, &turn, work);
  if (status == NF_OK && n_own > 0) /* a net without parameters has not taken the turn */
    dparam = nf_turn_take(&turn) + own->layer_offset;
  for (size_t k = 0; status == NF_OK && k < n_own; k++) dparam[k] += down[k];
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

/* --- construction --------------------------------------------------------------------------- */

nf_shape nf_coupling_net_out(nf_shape shape, nf_mask mask, nf_scale scale) {
  const size_t c = nf_mask_channels(shape, mask, true);
  return (nf_shape){shape.h, shape.w, scale == NF_SCALE_NONE ? c : 2 * c};
}

nf_bijector *nf_coupling_new(nf_shape shape, nf_mask mask, nf_scale scale, nf_net *net,
                             nf_error *e) {
  const bool fits = nf_mask_fits(shape, mask, nf_coupling_net_out(shape, mask, scale), net, e);
  coupling *c = fits ? nf_bijector_new(&type, sizeof *c, shape, shape, e) : NULL;
  if (c == NULL) {
    nf_net_free(net);
    return NULL;
  }
  const size_t c_b = nf_mask_channels(shape, mask, true);
  c->base.net = net;
  c->base.n_condition = net->condition;
  c->scale = scale;
  c->to_t = net->out.c - c_b;
  if (scale == NF_SCALE_TANH) nf_bijector_add_param(&c->base, "gamma", 1, 0, 0, 0, e);
  if (scale == NF_SCALE_CLAMP) nf_bijector_add_param(&c->base, "log_f", c_b, 0, 0, 0, e);
  if (nf_part_list(shape, mask, false, net->in.c, &c->a) &&
      nf_part_list(shape, mask, true, net->out.c, &c->b))
    return &c->base;
  nf_fail(e, NF_ENOMEM, "coupling: out of memory");
  nf_bijector_free(&c->base);
  return NULL;
}
