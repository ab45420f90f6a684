/* Conditioners: the ordinary networks inside a coupling layer. None is invertible and none has a
 * log-det; a coupling layer needs neither (NOTES (3.1)).
 *
 *   y = net(x; θ)       x (n, in), y (n, out), both row-major, channels last; or, for those whose
 *                       type says so, a sample a column, x (in, n), y (out, n)
 *
 * Every dense weight is stored (out, in), as PyTorch's nn.Linear does: y = x·Wᵀ + b. */
#ifndef NF_NET_H
#define NF_NET_H

#include "nf/core.h"

NF_BEGIN_DECLS

/* A named array of a network or layer: a parameter, which is trained, or a constant. A layer
 * declares its tensors once, from which counting, training, saving and gradient checks follow. */
enum { NF_TENSOR_RANK = 4 };
typedef struct {
  const char *name;           /* the field's own: "weight", "bias", "log_scale", … */
  size_t dim[NF_TENSOR_RANK]; /* unused trailing sides are 0 */
  bool trainable;             /* a parameter; otherwise a constant */
  size_t flat_offset;         /* of its first value in the flow's flat array of that kind */
  size_t layer_offset;        /* of its first value in the dparam that its layer's backward gets */
  nf_real *data;              /* NULL until the flow is made */
} nf_tensor;

size_t nf_tensor_size(const nf_tensor *t); /* values */

/* --- the networks -------------------------------------------------------------------------- */

/* Each constructor returns NULL and sets *e on failure: NF_ESHAPE, NF_EINVAL, NF_ENOMEM. Parameters
 * get their values from the flow that the network becomes part of. */
typedef struct nf_net nf_net;

/* y = W x + b on flattened samples, "weight" (out, in) and "bias" (out), initialised to 0. */
nf_net *nf_linear_new(nf_shape in, nf_shape out, nf_error *e);

/* [in, width, width, out] with ReLU on flattened samples (NOTES (9.1)): "0.weight" (width, in),
 * "0.bias", "2.weight", "2.bias", "4.weight", "4.bias", named as PyTorch's nn.Sequential names
 * them. Initialised by He et al. 2015, the last layer to 0. */
nf_net *nf_mlp_new(nf_shape in, nf_shape out, size_t width, nf_error *e);

/* 3×3 → ReLU → 1×1 → ReLU → 3×3 on images, zero padding; out.h = in.h, out.w = in.w.
 * "conv1.weight" (width, 3, 3, c_in), "conv2.weight" (width, width),
 * "conv3.weight" (3, 3, c_out, width), and biases. Initialised as the MLP. */
nf_net *nf_convnet_new(nf_shape in, nf_shape out, size_t width, nf_error *e);

/* Gated residual blocks on images, zero padding; out.h = in.h, out.w = in.w (NOTES (13.2)):
 *   h = conv3×3(x)
 *   h ← LayerNorm(h + a·σ(b)),   (a, b) = conv1×1(CELU(conv3×3(CELU(h))))     in each block
 *   y = conv3×3(CELU(h))
 * with CELU(v) = [ELU(v), ELU(-v)], and LayerNorm over the channels of a pixel.
 * source  Salimans et al. 2017, 2.4
 * tensors "in.weight" (width, 3, 3, c_in), "out.weight" (3, 3, c_out, 2·width); of all blocks, one
 *         after the other, "conv.weight" (blocks·width, 3, 3, 2·width) and "gate.weight"
 *         (blocks·2·width, 2·width), a first; a "bias" of each; "norm.gamma" and "norm.beta"
 *         (blocks·width). Initialised by He et al. 2015, gamma to 1, the last layer to 0.
 * errors  NF_EINVAL too for blocks, 1 … 256 */
nf_net *nf_gated_new(nf_shape in, nf_shape out, size_t width, size_t blocks, nf_error *e);

/* One 3×3 convolution, "weight" (c_out, 3, 3, c_in) and "bias", initialised to 0. */
nf_net *nf_conv_new(nf_shape in, nf_shape out, nf_error *e);

/* A velocity field v(z, t) for nf_continuous_new, [D+1, width, width, width, D] with tanh, D values
 * of z and the time t last: "0.weight" (width, D+1), "2.weight", "4.weight", "6.weight" (D, width),
 * and biases. Initialised as the MLP. */
nf_net *nf_field_new(nf_shape shape, size_t width, nf_error *e);

/* Declares that the last C channels of its input are a condition y, for a layer that is given y
 * (nf_coupling_new). Returns the net, or frees it and returns NULL.
 * errors  NF_ESHAPE (C is not below in.c) */
nf_net *nf_net_given(nf_net *net, size_t condition, nf_error *e);

void nf_net_free(nf_net *net); /* NULL is fine */

/* --- a network of one's own ---------------------------------------------------------------- */

/* The dparam of a layer, to which the chunks of a batch add one after another. */
typedef struct {
  nf_real *dparam;
  /* Returns when the chunks before this one have added theirs; NULL: there are none. */
  void (*wait)(void *user, size_t layer);
  void *user;
  size_t layer;
} nf_turn;
/* Waits for this chunk's turn, which lasts until the layer's backward ends, and returns dparam. */
nf_real *nf_turn_take(const nf_turn *turn);

typedef struct {
  const char *name;
  bool columns; /* a sample is a column of x (in, n), y (out, n), dx and dy, not a row of (n, in) */
  /* y = net(x), and in hidden, n · n_hidden values, what backward needs. */
  int (*forward)(const nf_net *net, size_t n, const nf_real *x, nf_real *y, nf_real *hidden,
                 nf_arena *tmp);
  /* dx = (∂y/∂x)ᵀ dy, overwritten; then dparam[tensor.layer_offset + …] += (∂y/∂θ)ᵀ dy, where
   * dparam = nf_turn_take(turn), from which call on the next chunk of the batch waits. */
  int (*backward)(const nf_net *net, size_t n, const nf_real *x, const nf_real *hidden,
                  const nf_real *dy, nf_real *dx, const nf_turn *turn, nf_arena *tmp);
  void (*init)(nf_net *net, nf_random *r); /* initial parameters; NULL: all 0 */
} nf_net_type;

enum { NF_NET_TENSORS = 10 };
struct nf_net {
  const nf_net_type *type;
  nf_shape in, out;
  size_t width;     /* of the hidden layers; 0 when there are none */
  size_t n_hidden;  /* values per sample kept between forward and backward */
  size_t condition; /* channels of the input that are y, the last ones */
  nf_tensor tensor[NF_NET_TENSORS];
  size_t n_tensor;
};

/* A network without tensors.   errors  NF_ESHAPE, NF_EINVAL (width over 2^16), NF_ENOMEM */
nf_net *nf_net_new(const nf_net_type *type, nf_shape in, nf_shape out, size_t width, nf_error *e);
/* Declares a parameter of these sides; trailing sides that are 0 do not count.
 * errors  NF_EINVAL when it is one tensor too many; net may be NULL after an error */
void nf_net_add(nf_net *net, const char *name, size_t d0, size_t d1, size_t d2, size_t d3,
                nf_error *e);

NF_END_DECLS

#endif
