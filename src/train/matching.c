/* Flow matching (Lipman et al. 2023; Liu et al. 2023): a continuous flow is trained without solving
 * its ODE. A sample x of the data and a latent z ~ N(0, I), drawn independently, are joined by a
 * straight path, and the field is regressed on the path's velocity at a random time:
 *
 *   x_t = (1 - t)·x + t·z,   t uniform in (0, 1)
 *   L(θ) = (1/n) Σ_i ‖v(x_t, t) - (z - x)‖²             (NOTES (12.10))
 *
 * The field of smallest loss moves the data's density to N(0, I). L is no log-likelihood, and its
 * minimum is not 0. Latent and time of a sample depend on (seed, draw, number) alone. */
#include <string.h>

#include "core/real.h"
#include "flow/parallel.h"
#include "train/trainer.h"

/* The flow's last layer, when it is continuous, or NULL. */
static const nf_bijector *continuous_end(const nf_flow *f) {
  const nf_bijector *b = f->bijector;
  if (b->type == &nf_chain_type && b->n_child > 0) b = b->child[b->n_child - 1];
  return b->type == &nf_continuous_type ? b : NULL;
}

bool nf_matching_fits(const nf_flow *f) { return continuous_end(f) != NULL; }

/* The field by itself, so that nf_layer_backward, and with it the order of the chunks, is that of
 * any layer: backward makes dz = ∂L/∂v the gradient of the net. */
typedef struct {
  nf_bijector base; /* a copy of the layer */
  const nf_real *input, *hidden;
} regression;

static int regression_backward(const nf_bijector *b, nf_batch *z, nf_batch *dz,
                               const double *dlog_det, nf_real *dparam, nf_work *work) {
  (void)dlog_det;
  const regression *r = (const regression *)b;
  nf_real *dinput = nf_arena_alloc(&work->arena, z->n * nf_shape_size(b->net->in));
  if (dinput == NULL) return NF_ENOMEM;
  const nf_turn turn = nf_layer_turn(b, dparam, work);
  return b->net->type->backward(b->net, z->n, r->input, r->hidden, dz->data, dinput, &turn,
                                &work->arena);
}

static const nf_bijector_type regression_type = {.name = "field regression",
                                                 .backward = regression_backward};

/* Samples begin … of x through the layers before the last. */
static int forward(const nf_gradient_request *r, nf_flow *f, size_t begin, nf_batch *x,
                   nf_work *work) {
  const nf_bijector *chain = f->bijector;
  double *log_det = nf_arena_alloc_double(&work->arena, x->n);
  if (x->data == NULL || log_det == NULL) return NF_ENOMEM;
  memcpy(x->data, r->x->data + begin * f->d, nf_batch_size(x) * sizeof *x->data);
  memset(log_det, 0, x->n * sizeof *log_det);
  int status = NF_OK;
  for (size_t i = 0; status == NF_OK && i + 1 < chain->n_child; i++)
    status = nf_layer_forward(chain->child[i], x, log_det, work);
  return status;
}

/* input (n, d+1) = (x_t, t), and x becomes z - x */
static void draw_paths(const nf_gradient_request *r, nf_batch *x, nf_real *input) {
  const size_t d = nf_shape_size(x->shape);
  const uint64_t seed = r->seed + x->draw;
  for (size_t i = 0; i < x->n; i++, input += d + 1) {
    const uint64_t stream = ~(x->first + i); /* streams of samples and of parameters begin at 0 */
    const double t = nf_random_uniform(seed, stream, d);
    nf_real *sample = nf_batch_sample(x, i);
    for (size_t k = 0; k < d; k++) {
      const double z = nf_random_normal(seed, stream, k), at = (double)sample[k];
      input[k] = NF_R((1 - t) * at + t * z);
      sample[k] = NF_R(z - at);
    }
    input[d] = NF_R(t);
  }
}

/* loss[i] = ‖v - target‖², and v becomes ∂L/∂v = 2(v - target)/n */
static bool regress(const nf_gradient_request *r, size_t begin, const nf_batch *target,
                    nf_real *v) {
  const size_t d = nf_shape_size(target->shape);
  const nf_real share = NF_R(2 / (double)r->x->n);
  for (size_t i = 0; i < target->n; i++) {
    double sum = 0;
    for (size_t k = i * d; k < (i + 1) * d; k++) {
      const nf_real rest = v[k] - target->data[k];
      sum += (double)rest * (double)rest;
      v[k] = share * rest;
    }
    r->loss[begin + i] = sum;
    if (!isfinite(sum)) return false;
  }
  return true;
}

static int chunk_gradient(void *user, nf_flow *f, size_t begin, size_t count, nf_work *work) {
  const nf_gradient_request *r = user;
  const nf_bijector *layer = continuous_end(f);
  const nf_net *net = layer->net;
  nf_arena *arena = &work->arena;
  nf_batch x = *r->x;
  x.n = count;
  x.first += begin;
  x.data = nf_arena_alloc(arena, count * f->d);
  nf_real *input = nf_arena_alloc(arena, count * (f->d + 1));
  nf_real *hidden = nf_arena_alloc(arena, count * net->n_hidden);
  nf_batch v = {.n = count, .shape = layer->out, .data = nf_arena_alloc(arena, count * f->d)};
  if (input == NULL || hidden == NULL || v.data == NULL) return NF_ENOMEM;
  int status = forward(r, f, begin, &x, work);
  if (status != NF_OK) return status;
  draw_paths(r, &x, input);
  status = net->type->forward(net, count, input, v.data, hidden, arena);
  if (status == NF_OK && !regress(r, begin, &x, v.data)) status = NF_ENONFINITE;
  if (status != NF_OK) return status;
  regression own = {*layer, input, hidden};
  own.base.type = &regression_type;
  return nf_layer_backward(&own.base, &x, &v, NULL, r->gradient + layer->first, work);
}

int nf_matching_gradient(nf_flow *f, uint64_t seed, const nf_batch *x, double *loss,
                         nf_real *gradient, nf_error *e) {
  return nf_gradient_by(chunk_gradient, f, x, seed, loss, gradient, e);
}
