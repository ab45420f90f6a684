/* Layers. A layer is a bijector, an invertible, differentiable map with a tractable log-det:
 *
 *   forward   z = f(x)            log_det += log|det ∂f/∂x|        data to latent
 *   inverse   x = f⁻¹(z)          log_det += log|det ∂f⁻¹/∂z|      so a round trip adds up to 0
 *   backward  (z, ∂L/∂z) → (x, ∂L/∂x),  dparam += ∂L/∂θ            by inverting, without a tape
 *
 * (NOTES (1.5), (1.12).) First the layers of the library, then the contract for one of your own; a
 * whole one, with a program that trains it, is examples/sinh_arcsinh.c. */
#ifndef NF_LAYER_H
#define NF_LAYER_H

#include "nf/net.h"

NF_BEGIN_DECLS

/* Each constructor takes the shape of one sample of x. It owns the layers and networks that it is
 * given, also when it fails: then it frees them, returns NULL and sets *e.
 * errors  NF_ESHAPE, NF_EINVAL, NF_ENOMEM */
typedef struct nf_bijector nf_bijector;

/* z = W x + b at every pixel;   log|det J| = h·w·log|det W|
 * source  NOTES (2.1), (4.5); Kingma & Dhariwal 2018, eq. 9
 * tensors "weight" (c, c), "bias" (c); initialised to the identity
 * errors  NF_ESINGULAR when the flow runs */
nf_bijector *nf_affine_new(nf_shape shape, nf_error *e);

/* The invertible 1×1 convolution of Glow: z = W x at every pixel, W initialised to a random
 * rotation. plu = false: "weight" (c, c), log|det W| by LU. plu = true:  W = P·L·(U + diag(s)),
 * log|det W| = Σ log|s|. "lu" (c, c) holds L below its diagonal, U above it and log|s| on it; the
 * constants are "permutation" (c) and "sign" (c): row i of L·(U + diag(s)) is row permutation[i] of
 * W.
 * source  Kingma & Dhariwal 2018, eq. 9-11;   errors  NF_ESINGULAR when the flow runs */
nf_bijector *nf_conv1x1_new(nf_shape shape, bool plu, nf_error *e);

/* z = x·exp(log_scale) + bias, per channel;   log|det J| = h·w·Σ log_scale
 * nf_flow_init_from_data sets scale and bias so that every channel of z has mean 0 and variance 1;
 * the constant "initialised" then says 1 and it never happens again, whether the flow was trained,
 * saved or loaded since.
 * source  Kingma & Dhariwal 2018, 3.1;  tensors "log_scale" (c), "bias" (c), "initialised" (1) */
nf_bijector *nf_actnorm_new(nf_shape shape, nf_error *e);

/* z = (x - mean)/sd, per channel;   log|det J| = -h·w·Σ log sd
 * For data in units of their own, first in a flow. nf_flow_init_from_data sets mean and sd to those
 * of the data, once, as for actnorm; they are not trained. A constant channel is only centred.
 * tensors "mean" (c), "log_sd" (c), "initialised" (1), all constants */
nf_bijector *nf_standardise_new(nf_shape shape, nf_error *e);

/* z_i = x_{order[i]} over channels;   log|det J| = 0. order NULL: initialised to a random one.
 * tensors "permutation" (c), a constant;   errors  NF_EFORMAT when the flow is made: order is no
 *         permutation.   reverse: order (c-1, …, 0) */
nf_bijector *nf_permute_new(nf_shape shape, const size_t *order, nf_error *e);
nf_bijector *nf_reverse_new(nf_shape shape, nf_error *e);

/* Which part of a sample a coupling layer leaves alone, so that it can condition the rest.
 * channel halves: a = the first ⌊c/2⌋ channels, b = the others; swapped: b = the first ⌊c/2⌋.
 * checkerboard:   a = the pixels with (row + column) even;      swapped: with it odd.       */
typedef enum { NF_CHANNEL, NF_CHANNEL_SWAPPED, NF_CHECKERBOARD, NF_CHECKERBOARD_SWAPPED } nf_mask;

/* How the conditioner's s scales x_b, as log g(s):
 * none: 0 (NICE)   exp: s (NOTES (4.2))   tanh: γ·tanh(s) (RealNVP)   sigmoid: log σ(s + 2) (Glow)
 * clamp: f·tanh(s/f), within ±f and s itself for |s| ≪ f (NOTES (13.6)); the shift comes first */
typedef enum {
  NF_SCALE_NONE,
  NF_SCALE_EXP,
  NF_SCALE_TANH,
  NF_SCALE_SIGMOID,
  NF_SCALE_CLAMP
} nf_scale;

/* The coupling layer, with s and t the net's outputs for x_a:
 *   z_a = x_a,   z_b = x_b·g(s) + t,   for clamp z_b = (x_b + t)·g(s);   log|det J| = Σ log g(s)
 * source  NOTES (3.1), (4.1); Dinh et al. 2015, eq. 9; Dinh et al. 2017, eq. 4-6
 * shapes  the net maps nf_coupling_net_in to nf_coupling_net_out: (h, w, c_a) to (h, w, 2·c_b), s
 *         first and t after it, or (h, w, c_b), t alone, for scale none. Under a checkerboard
 *         c_a = c_b = c: the net sees zeros where b is, and its output at a is not used.
 *         A net with nf_net_given takes C channels more, y: the layer is conditional (NOTES (8.5)).
 * tensors "gamma" (1), initialised to 1, for tanh; "log_f" (c_b), for clamp; those of the net */
nf_bijector *nf_coupling_new(nf_shape shape, nf_mask mask, nf_scale scale, nf_net *net,
                             nf_error *e);
nf_shape nf_coupling_net_in(nf_shape shape, nf_mask mask);
nf_shape nf_coupling_net_out(nf_shape shape, nf_mask mask, nf_scale scale);

/* The masked autoregressive layer, of the d values of a sample in an order:
 *   z_i = (x_i - μ_i)·exp(-α_i),   μ_i, α_i of the values before i;   log|det J| = -Σ α_i
 * with α_i = 3·tanh(a_i/3) of the net's a_i: unbounded, training would fail.
 * Forward is one pass of the net; the inverse is d steps that follow one another, each a part of a
 * pass. order (d), such as (3, 0, 4, …): value 3 depends on none, value 0 on value 3, value 4 on 3
 * and 0; NULL: 0, 1, 2, …
 * source  NOTES (10.6), (10.10); Papamakarios et al. 2017; Germain et al. 2015
 * tensors "order" (d), a constant; those of the net of nf_mlp_new from d values to 2·d, μ first and
 *         a after it, whose weights are 0 where the order excludes them; initialised to the
 *         identity
 * errors  NF_EFORMAT when the flow is made: order is no permutation */
nf_bijector *nf_autoregressive_new(nf_shape shape, const size_t *order, size_t width, nf_error *e);

/* The coupling layer whose part b is mapped by monotone rational-quadratic splines, the identity
 * outside [-bound, bound]:   z_a = x_a,  z_b = τ(x_b; net(x_a));   log|det J| = Σ log τ'
 * Of every value the net gives `bins` raw widths, then heights, then bins - 1 slopes at the inner
 * knots; τ is the identity where all are 0.
 * source  NOTES (11.1)-(11.13); Durkan et al. 2019;   bins in 2 … 64, bound above 0
 * shapes  the net maps nf_coupling_net_in to nf_spline_coupling_net_out: (h, w, c_a) to
 *         (h, w, (3 bins - 1)·c_b); masks as for nf_coupling_new
 * tensors those of the net */
nf_bijector *nf_spline_coupling_new(nf_shape shape, nf_mask mask, size_t bins, double bound,
                                    nf_net *net, nf_error *e);
nf_shape nf_spline_coupling_net_out(nf_shape shape, nf_mask mask, size_t bins);
/* The autoregressive layer with these splines: z_i = τ(x_i; net_i of the values before i). Order, d
 * steps of the inverse and tensors as for nf_autoregressive_new; (3 bins - 1)·d outputs. */
nf_bijector *nf_spline_autoregressive_new(nf_shape shape, const size_t *order, size_t bins,
                                          double bound, size_t width, nf_error *e);

/* A continuous flow:  dz/dt = v(z, t), z(0) = x, z = z(1);   log|det J| = ∫₀¹ tr ∂v/∂z dt
 * by N = `steps` steps of Runge-Kutta 4. The inverse, the same steps backward in time, and the
 * log-det are those of the exact solution up to the error of the method, O(N⁻⁴).
 * source  NOTES (12.1), (12.3); Chen et al. 2018, 4
 * shapes  the net is an nf_field_new of the same shape;   1 ≤ steps ≤ 65536
 * tensors those of the net */
nf_bijector *nf_continuous_new(nf_shape shape, size_t steps, nf_net *field, nf_error *e);

/* Space to depth: (h, w, c) → (h/2, w/2, 4c); the four pixels of a block become channels in
 * the order (dy, dx, c), c fastest.   log|det J| = 0.   unsqueeze is its inverse.
 * source  Dinh et al. 2017, 3.6;   shapes  h and w even; of unsqueeze, c a multiple of 4 */
nf_bijector *nf_squeeze_new(nf_shape shape, nf_error *e);
nf_bijector *nf_unsqueeze_new(nf_shape shape, nf_error *e);

/* The same values under another shape, such as an image as one long point. log|det J| = 0 */
nf_bijector *nf_reshape_new(nf_shape in, nf_shape out, nf_error *e);

/* Multi-scale: the first c/2 channels go through `inner` (a whole flow at its own shape), the
 * others pass.   z = [inner(x_a), x_b], shape (1, 1, D);   log|det J| = that of inner
 * source  Dinh et al. 2017, 3.6;   shapes  inner->in must be (h, w, c/2) */
nf_bijector *nf_split_new(nf_shape shape, nf_bijector *inner, nf_error *e);

/* z = logit(α + (1-2α)x);   log|det J| = Σ softplus(z) + softplus(-z) + log(1-2α)
 * for x in (-α/(1-2α), (1-α)/(1-2α)), onto ℝ; it holds [0, 1] when α > 0
 * source  NOTES (6.7); Dinh et al. 2017, 4.1;  0 ≤ alpha < 1/2
 * errors  NF_EDOM when the flow runs */
nf_bijector *nf_logit_new(nf_shape shape, double alpha, nf_error *e);

/* x' = (k + u)/bins for pixels k = 0 … bins-1, u uniform in (0, 1) by (seed, draw, sample);
 * log|det J| = -D·log(bins). The inverse is floor(bins·x'), clamped to a pixel.
 * u is an odd multiple of 2⁻¹⁶, so that 255 + u is exact even in float.
 * source  NOTES (6.4); Theis et al. 2016, 3.1;  bins in 2 … 256
 * errors  NF_EDOM when the flow runs */
nf_bijector *nf_dequantise_new(nf_shape shape, unsigned bins, uint64_t seed, nf_error *e);

/* Noise that is learned: u = σ(v), v = q(ε; k/bins - ½) with ε ~ N(0, I) by (seed, draw, sample),
 * x' = (k + u)/bins;   log|det J| = -D·log(bins) - log q(u | k)
 * q = `noise`, from ε to v, becomes part of the layer; its conditional layers are given the pixels,
 * and none is initialised from data. The inverse is floor(bins·x'), clamped to a pixel; its log-det
 * is that of the u found there.
 * source  NOTES (6.12); Ho et al. 2019, 3.1;   bins in 2 … 256
 * shapes  noise: shape to shape, its conditions none or of c values (nf_net_given)
 * errors  NF_EDOM when the flow runs */
nf_bijector *nf_variational_dequantise_new(nf_shape shape, unsigned bins, uint64_t seed,
                                           nf_bijector *noise, nf_error *e);

/* z = f⁻¹(x) for the layer f = inner, which becomes part of it;   log|det J| = -log|det J_f(z)|
 * An inverse autoregressive layer is nf_inverted_new of nf_autoregressive_new. Its backward calls
 * that of f d + 2 times and solves a system of d equations a sample: for small d. Layers inside are
 * not initialised from data.
 * source  NOTES (1.9), (10.11);   errors  NF_ESINGULAR in backward */
nf_bijector *nf_inverted_new(nf_bijector *inner, nf_error *e);

/* f = f_n ∘ … ∘ f_1;   log|det J| = Σ log|det J_i|   (NOTES (1.12)). Empty it is the identity.
 * nf_chain_add appends b, whose `in` must be the chain's `out`. */
nf_bijector *nf_chain_new(nf_shape in, nf_error *e);
void nf_chain_add(nf_bijector *chain, nf_bijector *b, nf_error *e);

/* Shape of a sample of z; {0, 0, 0} for NULL. */
nf_shape nf_bijector_out(const nf_bijector *b);
void nf_bijector_free(nf_bijector *b); /* with its network and the layers in it; NULL is fine */

/* --- a layer of one's own ------------------------------------------------------------------ */

/* n samples in one array; their numbers, since the noise of sample i is a function of (seed, draw,
 * first + i), in any chunk and on any thread; and for log p(x | y) their conditions y. */
typedef struct {
  size_t n;
  nf_shape shape;   /* of one sample */
  nf_real *data;    /* n · h · w · c values */
  uint64_t first;   /* number of the first sample */
  uint64_t draw;    /* which draw of the noise: an epoch, an importance sample, … */
  const nf_real *y; /* the condition, n samples; NULL: none */
  nf_shape y_shape; /* (1, 1, C): the same at every pixel; (h, w, C): pixel by pixel */
} nf_batch;
static inline size_t nf_batch_size(const nf_batch *b) { return b->n * nf_shape_size(b->shape); }
static inline nf_real *nf_batch_sample(const nf_batch *b, size_t i) {
  return b->data + i * nf_shape_size(b->shape);
}

/* What one thread needs to run a flow. A layer takes scratch memory from it, which is given back
 * when the layer returns. */
typedef struct nf_work nf_work;
nf_arena *nf_work_arena(nf_work *work);

/* All three run in place on a batch, and set its shape when they change it. log_det (one double per
 * sample, nats) is added to. `backward` gets the layer's output z, makes it x again, and makes dz
 * dx; dlog_det[i] = ∂L/∂log_det_i is the same for every layer of a flow, since log-dets add; dparam
 * holds the n_param gradients of this layer and is added to. A layer is constant while it runs:
 * many threads may run it at once.
 *
 * A layer whose inverse is slow, or inexact as that of an ODE, keeps its input: while a flow
 * computes a gradient, its forward saves x and its backward makes z that x again. So the derivative
 * is taken at the very x of forward. Where nothing was saved, backward starts from the inverse. */
typedef struct {
  const char *name;
  int (*forward)(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work);
  int (*inverse)(const nf_bijector *b, nf_batch *z, double *log_det, nf_work *work);
  int (*backward)(const nf_bijector *b, nf_batch *z, nf_batch *dz, const double *dlog_det,
                  nf_real *dparam, nf_work *work);          /* NULL: it cannot be trained */
  void (*init)(nf_bijector *b, nf_random *r);               /* initial parameters; NULL: all 0 */
  int (*init_from_data)(nf_bijector *b, const nf_batch *x); /* from the first data, or NULL */
  int (*prepare)(nf_bijector *b); /* after parameters changed: check, cache; or NULL */
  const char *child;              /* name of an only child; NULL: they are numbered */
  void (*free)(nf_bijector *b);   /* what the layer owns beyond the struct; or NULL */
} nf_bijector_type;

enum { NF_BIJECTOR_TENSORS = 4 };
struct nf_bijector {
  const nf_bijector_type *type;
  nf_shape in, out;                      /* shape of a sample of x, and of z */
  nf_tensor tensor[NF_BIJECTOR_TENSORS]; /* own parameters and constants */
  size_t n_tensor;
  nf_net *net;        /* the conditioner, or NULL */
  size_t n_condition; /* channels C of y that it takes; 0: none */
  nf_bijector **child;
  size_t n_child;
  size_t number;         /* in the tree, given by the flow */
  size_t first, n_param; /* it has param[first … first + n_param) of the flow, children included */
};

/* A zeroed layer of `size` bytes whose first member is an nf_bijector, or NULL with *e set.
 * errors  NF_ESHAPE, NF_ENOMEM */
void *nf_bijector_new(const nf_bijector_type *type, size_t size, nf_shape in, nf_shape out,
                      nf_error *e);
/* Declares a tensor of these sides; trailing sides that are 0 do not count.
 * errors  NF_EINVAL when it is one tensor too many; b may be NULL after an error */
void nf_bijector_add_param(nf_bijector *b, const char *name, size_t d0, size_t d1, size_t d2,
                           size_t d3, nf_error *e);
void nf_bijector_add_constant(nf_bijector *b, const char *name, size_t d0, nf_error *e);

/* What a layer that contains others calls to run them; never their table. */
int nf_layer_forward(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work);
int nf_layer_inverse(const nf_bijector *b, nf_batch *z, double *log_det, nf_work *work);
int nf_layer_backward(const nf_bijector *b, nf_batch *z, nf_batch *dz, const double *dlog_det,
                      nf_real *dparam, nf_work *work);

NF_END_DECLS

#endif
