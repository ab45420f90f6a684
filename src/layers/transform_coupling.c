/* The coupling layer with any transform of part b, in which the affine map of coupling.c is one of
 * many that would do (NOTES (11.13)):
 *
 *   z_a = x_a
 *   z_b = τ(x_b; θ),   θ = net(x_a),   log|det J| = Σ log τ'(x_b; θ) */
#include <stdlib.h>
#include <string.h>

#include "core/real.h"
#include "layers/mask.h"
#include "layers/transform.h"

typedef struct {
  nf_bijector base;
  const nf_transform *transform;
  nf_part a, b;
  size_t channels; /* c_b */
} coupling;

/* Of part b, count = n·c->b.size values in planes (mask.h): x or z, θ parameter by parameter,
 * log τ' */
typedef struct {
  size_t count;
  nf_real *x, *raw, *log_slope;
} values;

/* Whether the net's output is in planes already. */
static bool in_planes(const coupling *c) { return c->base.net->type->columns && c->b.runs == 1; }

static int gather(const coupling *c, const nf_batch *x, const nf_activation *act, values *v,
                  nf_work *work) {
  const nf_part *b = &c->b;
  const size_t numbers = c->transform->n_raw * c->channels, count = x->n * b->size;
  *v = (values){
      count, nf_arena_alloc(&work->arena, count),
      in_planes(c) ? act->output : nf_arena_alloc(&work->arena, c->transform->n_raw * count),
      nf_arena_alloc(&work->arena, count)};
  if (v->x == NULL || v->raw == NULL || v->log_slope == NULL) return NF_ENOMEM;
  nf_move_planes(NF_GATHER, b, nf_runs_of_batch(b, x), c->channels, v->x);
  const nf_runs output = nf_runs_of_output(b, c->base.net, x->n, act->output, 0);
  if (!in_planes(c)) nf_move_planes(NF_GATHER, b, output, numbers, v->raw);
  if (!in_planes(c) || act->fresh) c->transform->prepare(c->transform, count, v->raw);
  return NF_OK;
}

static int map(const nf_bijector *base, bool inverse, nf_batch *x, double *log_det, nf_work *work) {
  const coupling *c = (const coupling *)base;
  const nf_transform *t = c->transform;
  nf_activation act;
  values v;
  int status = nf_part_run(base, &c->a, x, false, &act, work);
  if (status == NF_OK) status = gather(c, x, &act, &v, work);
  if (status != NF_OK) return status;
  (inverse ? t->inverse : t->forward)(t, v.count, v.raw, v.x, v.log_slope);
  nf_move_planes(NF_SCATTER, &c->b, nf_runs_of_batch(&c->b, x), c->channels, v.x);
  for (size_t k = 0; k < c->b.size; k++)
    for (size_t i = 0; i < x->n; i++) log_det[i] += (double)v.log_slope[k * x->n + i];
  return NF_OK;
}

static int forward(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work) {
  return map(b, false, x, log_det, work);
}

static int inverse(const nf_bijector *b, nf_batch *z, double *log_det, nf_work *work) {
  return map(b, true, z, log_det, work);
}

/* z_b becomes x_b, dz_b becomes dx_b, and v->raw ∂L/∂θ. */
static int backward_transform(const coupling *c, nf_batch *z, nf_batch *dz, const double *dlog_det,
                              values *v, nf_work *work) {
  const nf_transform *t = c->transform;
  nf_real *dzb = nf_arena_alloc(&work->arena, v->count);
  if (dzb == NULL) return NF_ENOMEM;
  nf_move_planes(NF_GATHER, &c->b, nf_runs_of_batch(&c->b, dz), c->channels, dzb);
  for (size_t k = 0; k < c->b.size; k++)
    for (size_t i = 0; i < z->n; i++) v->log_slope[k * z->n + i] = NF_R(dlog_det[i]);
  t->backward(t, v->count, v->raw, v->x, dzb, v->log_slope);
  nf_move_planes(NF_SCATTER, &c->b, nf_runs_of_batch(&c->b, z), c->channels, v->x);
  nf_move_planes(NF_SCATTER, &c->b, nf_runs_of_batch(&c->b, dz), c->channels, dzb);
  return NF_OK;
}

/* ∂L/∂θ as the net's ∂L/∂output; NULL when memory is out */
static nf_real *scattered(const coupling *c, size_t n, nf_real *draw, nf_work *work) {
  const size_t size = n * nf_shape_size(c->base.net->out);
  nf_real *doutput = nf_arena_alloc(&work->arena, size);
  if (doutput == NULL) return NULL;
  memset(doutput, 0, size * sizeof *doutput);
  nf_move_planes(NF_SCATTER, &c->b, nf_runs_of_output(&c->b, c->base.net, n, doutput, 0),
                 c->transform->n_raw * c->channels, draw);
  return doutput;
}

static int backward(const nf_bijector *base, nf_batch *z, nf_batch *dz, const double *dlog_det,
                    nf_real *dparam, nf_work *work) {
  const coupling *c = (const coupling *)base;
  nf_activation act;
  values v;
  int status = nf_conditioner_restore(base, z->n, &act, work);
  if (status == NF_OK && act.input == NULL) status = nf_part_run(base, &c->a, z, true, &act, work);
  if (status == NF_OK) status = gather(c, z, &act, &v, work);
  if (status == NF_OK) status = backward_transform(c, z, dz, dlog_det, &v, work);
  if (status != NF_OK) return status;
  nf_real *doutput = in_planes(c) ? v.raw : scattered(c, z->n, v.raw, work);
  if (doutput == NULL) return NF_ENOMEM;
  const nf_turn turn = nf_layer_turn(base, dparam, work);
  status = nf_part_backward(base, &c->a, dz, &act, doutput, &turn, work);
  nf_conditioner_drop(base, work);
  return status;
}

static void release(nf_bijector *b) {
  coupling *c = (coupling *)b;
  nf_part_free(&c->a);
  nf_part_free(&c->b);
  free(c->transform->memory);
}

static const nf_bijector_type type = {.name = "spline coupling",
                                      .forward = forward,
                                      .inverse = inverse,
                                      .backward = backward,
                                      .free = release};

/* --- construction ---------------------------------------------------------------------------- */

nf_shape nf_spline_coupling_net_out(nf_shape shape, nf_mask mask, size_t bins) {
  return (nf_shape){shape.h, shape.w, (3 * bins - 1) * nf_mask_channels(shape, mask, true)};
}

/* Takes the net and the transform. */
static nf_bijector *coupling_of(nf_shape shape, nf_mask mask, const nf_transform *transform,
                                nf_net *net, nf_error *e) {
  coupling *c = nf_bijector_new(&type, sizeof *c, shape, shape, e);
  if (c == NULL) {
    free(transform->memory);
    nf_net_free(net);
    return NULL;
  }
  c->base.net = net;
  c->base.n_condition = net->condition;
  c->transform = transform;
  c->channels = nf_mask_channels(shape, mask, true);
  if (nf_part_list(shape, mask, false, net->in.c, &c->a) &&
      nf_part_list(shape, mask, true, net->out.c, &c->b))
    return &c->base;
  nf_fail(e, NF_ENOMEM, "spline coupling: out of memory");
  nf_bijector_free(&c->base);
  return NULL;
}

nf_bijector *nf_spline_coupling_new(nf_shape shape, nf_mask mask, size_t bins, double bound,
                                    nf_net *net, nf_error *e) {
  const nf_shape out = nf_spline_coupling_net_out(shape, mask, bins);
  const nf_transform *t = nf_transform_spline_new(bins, bound, e);
  if (t != NULL && nf_mask_fits(shape, mask, out, net, e))
    return coupling_of(shape, mask, t, net, e);
  if (t != NULL) free(t->memory);
  nf_net_free(net);
  return NULL;
}
