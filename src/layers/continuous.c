/* The continuous flow (Chen et al. 2018, 4): a sample moves along a velocity field from t = 0,
 * where it is a sample of the data, to t = 1, where it is latent,
 *
 *   dz/dt = v(z, t),   z(0) = x,   z = z(1),      log|det J| = ∫₀¹ tr ∂v/∂z dt
 *
 * (NOTES (12.1), (12.3)), both by the same steps of Runge and Kutta. Forward is therefore not the
 * solution but a map close to it, exactly the same each time; the inverse, the same steps backward
 * in time, and the log-det differ from those of this map by the error of the method, O(N⁻⁴).
 * Backward is the derivative of the steps themselves, at the input that forward saved. */
#include <string.h>

#include "core/real.h"
#include "layers/conditioner.h"
#include "layers/runge_kutta.h"
#include "nets/field.h"

typedef struct {
  nf_bijector base;
  size_t steps;
} continuous;

/* The field at n samples, for the solver. The arrays from dinput on are for backward; it computes v
 * and the trace again, but needs only what forward leaves in hidden. */
typedef struct {
  const nf_net *net;
  size_t n, d;
  nf_real *input, *hidden; /* (z, t), (n, d+1) */
  nf_real *dinput, *v;
  double *trace;
  const double *dlog_det;
  nf_real *dtrace, *dparam;
  nf_arena *arena;
} field;

static void fill_input(const field *f, double t, const nf_real *z) {
  nf_real *to = f->input;
  for (size_t i = 0; i < f->n; i++, z += f->d, to += f->d + 1) {
    memcpy(to, z, f->d * sizeof *to);
    to[f->d] = NF_R(t);
  }
}

static int velocity(void *user, double t, const nf_real *u, nf_real *v, double *trace) {
  const field *f = user;
  fill_input(f, t, u);
  nf_field_forward(f->net, f->n, f->input, v, trace, f->hidden);
  return NF_OK;
}

static int velocity_backward(void *user, double t, const nf_real *u, const nf_real *dv,
                             double weight, nf_real *du) {
  const field *f = user;
  fill_input(f, t, u);
  nf_field_forward(f->net, f->n, f->input, f->v, f->trace, f->hidden);
  for (size_t i = 0; i < f->n; i++) f->dtrace[i] = NF_R(weight * f->dlog_det[i]);
  const int status = nf_field_backward(f->net, f->n, f->input, f->hidden, dv, f->dtrace, f->dinput,
                                       f->dparam, f->arena);
  for (size_t i = 0; i < f->n; i++)
    memcpy(du + i * f->d, f->dinput + i * (f->d + 1), f->d * sizeof *du);
  return status;
}

static int reserve(const nf_bijector *b, size_t n, field *f, nf_arena *arena) {
  const size_t d = nf_shape_size(b->in);
  *f = (field){.net = b->net, .n = n, .d = d, .arena = arena};
  f->input = nf_arena_alloc(arena, n * (d + 1));
  f->hidden = nf_arena_alloc(arena, (1 + d) * n * b->net->n_hidden);
  return f->input == NULL || f->hidden == NULL ? NF_ENOMEM : NF_OK;
}

static nf_ode ode_of(const nf_bijector *b, bool inverse, field *f) {
  return (nf_ode){.n = f->n,
                  .d = f->d,
                  .steps = ((const continuous *)b)->steps,
                  .from = inverse ? 1 : 0,
                  .to = inverse ? 0 : 1,
                  .user = f,
                  .velocity = velocity,
                  .backward = velocity_backward};
}

static int forward(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work) {
  field f;
  int status = nf_input_save(b, x, work);
  if (status == NF_OK) status = reserve(b, x->n, &f, &work->arena);
  if (status != NF_OK) return status;
  const nf_ode ode = ode_of(b, false, &f);
  return nf_ode_solve(&ode, x->data, log_det, NULL, &work->arena);
}

static int inverse(const nf_bijector *b, nf_batch *z, double *log_det, nf_work *work) {
  field f;
  const int status = reserve(b, z->n, &f, &work->arena);
  if (status != NF_OK) return status;
  const nf_ode ode = ode_of(b, true, &f);
  return nf_ode_solve(&ode, z->data, log_det, NULL, &work->arena);
}

/* z becomes the input that forward saved, or without one that of the steps backward in time. */
static int restore_input(const nf_bijector *b, nf_batch *z, field *f, nf_work *work) {
  const nf_real *saved = nf_input_saved(b, work);
  if (saved != NULL) {
    memcpy(z->data, saved, nf_batch_size(z) * sizeof *z->data);
    return NF_OK;
  }
  const nf_ode ode = ode_of(b, true, f);
  return nf_ode_solve(&ode, z->data, NULL, NULL, &work->arena);
}

/* Forward again, without the trace, for the places of all stages; then back through them. */
static int differentiate(const nf_bijector *b, const nf_batch *x, nf_batch *dz, field *f,
                         nf_arena *arena) {
  const nf_ode ode = ode_of(b, false, f);
  const size_t size = nf_batch_size(x);
  nf_real *stages = nf_arena_alloc(arena, 4 * ode.steps * size);
  nf_real *z = nf_arena_alloc(arena, size);
  if (stages == NULL || z == NULL) return NF_ENOMEM;
  memcpy(z, x->data, size * sizeof *z);
  const int status = nf_ode_solve(&ode, z, NULL, stages, arena);
  return status != NF_OK ? status : nf_ode_backward(&ode, stages, dz->data, arena);
}

static int backward(const nf_bijector *b, nf_batch *z, nf_batch *dz, const double *dlog_det,
                    nf_real *dparam, nf_work *work) {
  nf_arena *arena = &work->arena;
  field f;
  int status = reserve(b, z->n, &f, arena);
  f.v = nf_arena_alloc(arena, z->n * f.d);
  f.dinput = nf_arena_alloc(arena, z->n * (f.d + 1));
  f.trace = nf_arena_alloc_double(arena, z->n);
  f.dtrace = nf_arena_alloc(arena, z->n);
  f.dlog_det = dlog_det;
  f.dparam = nf_field_gradient(b->net, arena);
  if (f.v == NULL || f.dinput == NULL || f.trace == NULL || f.dtrace == NULL || f.dparam == NULL)
    status = NF_ENOMEM;
  if (status == NF_OK) status = restore_input(b, z, &f, work);
  if (status == NF_OK) status = differentiate(b, z, dz, &f, arena);
  const nf_turn turn = nf_layer_turn(b, dparam, work);
  if (status == NF_OK) nf_field_add(b->net, f.dparam, &turn);
  nf_conditioner_drop(b, work);
  return status;
}

const nf_bijector_type nf_continuous_type = {
    .name = "continuous", .forward = forward, .inverse = inverse, .backward = backward};

nf_bijector *nf_continuous_new(nf_shape shape, size_t steps, nf_net *field_net, nf_error *e) {
  const size_t d = nf_shape_size(shape);
  continuous *c = NULL;
  if (nf_status_of(e) != NF_OK || field_net == NULL)
    nf_fail(e, NF_EINVAL, "continuous: the field is NULL");
  else if (field_net->type != &nf_field_type || nf_shape_size(field_net->out) != d)
    nf_fail(e, NF_ESHAPE,
            "continuous: the net must be an nf_field_new of " NF_SHAPE
            "; it is a %s with %zu outputs",
            NF_SHAPE_ARGS(shape), field_net->type->name, nf_shape_size(field_net->out));
  else if (steps < 1 || steps > 65536)
    nf_fail(e, NF_EINVAL, "continuous: steps is %zu; it can be 1 to 65536", steps);
  else
    c = nf_bijector_new(&nf_continuous_type, sizeof *c, shape, shape, e);
  if (c == NULL) {
    nf_net_free(field_net);
    return NULL;
  }
  c->base.net = field_net;
  c->steps = steps;
  return &c->base;
}
