/* Conditioners: the ordinary networks inside a coupling layer. Nothing here is invertible
 * and nothing has a log-det; that a coupling layer asks neither of its conditioner is the
 * whole point of coupling (NOTES 9).
 *
 *   y = net(x; θ)       x (n, in), y (n, out), both row-major, channels last
 *
 * Every dense weight is stored (out, in), as PyTorch's nn.Linear does: y = x·Wᵀ + b. */
#ifndef NF_NETS_NET_H
#define NF_NETS_NET_H

#include "core/random.h"
#include "core/status.h"
#include "core/tensor.h"
#include "core/work.h"

typedef struct nf_net nf_net;
typedef struct {
  const char *name;
  /* y = net(x). hidden (n · n_hidden reals, given by the caller) keeps what backward needs. */
  int (*forward)(const nf_net *net, size_t n, const nf_real *x, nf_real *y, nf_real *hidden,
                 nf_work *work);
  /* dx = (∂y/∂x)ᵀ dy, overwritten; dparam[tensor.offset + …] += (∂y/∂θ)ᵀ dy. */
  int (*backward)(const nf_net *net, size_t n, const nf_real *x, const nf_real *hidden,
                  const nf_real *dy, nf_real *dx, nf_real *dparam, nf_work *work);
  void (*init)(nf_net *net, nf_random *r); /* parameters at birth; NULL: all zero */
} nf_net_type;

enum { NF_NET_TENSORS = 6 };
struct nf_net {
  const nf_net_type *type;
  nf_shape in, out;
  size_t width;    /* of the hidden layers; 0 when there are none */
  size_t n_hidden; /* reals per sample kept between forward and backward */
  nf_tensor tensor[NF_NET_TENSORS];
  size_t n_tensor;
};

/* Constructors allocate; parameters are bound and filled later, by the flow. On failure
 * they return NULL and set *status, and they do nothing when *status is already an error:
 * so a model is built in a straight line and asked once. The same holds for bijectors.h. */

/* y = W x + b on flattened samples; zero at birth. Chapter 3's s(x₁) = .5x₁, t(x₁) = .2x₁. */
nf_net *nf_linear_new(nf_shape in, nf_shape out, int *status);

/* [in, width, width, out] with ReLU on flattened samples (notes 11.4): the parameters are
 * "0.weight" (width, in), "0.bias", "2.weight", "2.bias", "4.weight", "4.bias", named as
 * PyTorch's nn.Sequential names them. He-normal at birth, the last layer zero. */
nf_net *nf_mlp_new(nf_shape in, nf_shape out, size_t width, int *status);

/* 3×3 → ReLU → 1×1 → ReLU → 3×3 on images, zero padding. out.h, out.w equal in.h, in.w.
 * "conv1.weight" (width, 3, 3, c_in), "conv2.weight" (width, width),
 * "conv3.weight" (3, 3, c_out, width), and biases. He-normal, the last layer zero. */
nf_net *nf_convnet_new(nf_shape in, nf_shape out, size_t width, int *status);

/* One 3×3 convolution, zero at birth: the conditioner of a learned split prior. */
nf_net *nf_conv_new(nf_shape in, nf_shape out, int *status);

/* [in, width, width, out] on points (1×1 pixels), 3×3-1×1-3×3 on images: what the builders use. */
nf_net *nf_conditioner_new(nf_shape in, nf_shape out, size_t width, int *status);

void nf_net_free(nf_net *net); /* NULL is fine */

#endif
