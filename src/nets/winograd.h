/* A 3×3 convolution with a quarter of the multiplications: Winograd's minimal filtering
 * F(4×4, 3×3), as Lavin and Gray apply it to networks (Fast algorithms for convolutional neural
 * networks, CVPR 2016). For a tile of 4×4 pixels of y, d the 6×6 pixels of x that it depends on, g
 * the 3×3 kernel of one pair of channels:
 *
 *   y = b + Aᵀ [Σ_channels (G g Gᵀ) ⊙ (Bᵀ d B)] A      36 products instead of 144
 *
 * where g and d are values of polynomials, y of their product, at 0, ±1, ±2 and ∞: exact but for
 * rounding. In float y differs from the plain sums by 40 ε of the largest y with 64 channels, by
 * 130 ε with 512. With U = G g Gᵀ and V = Bᵀ d B the sums over channels are 36 matrix products; so
 * are the gradients',
 *
 *   ∂L/∂U = (A ∂L/∂y Aᵀ)·V,   ∂L/∂g = Gᵀ ∂L/∂U G,   ∂L/∂x = ∂L/∂y convolved with g turned by 180°
 *
 * Faster where a side is wide; with few inputs the patches are (conv3x3.h). Images of fewer than 16
 * pixels, and with large kernels those of 16, go by conv3x3.h, since for them mapping the kernels
 * costs more than it saves. */
#ifndef NF_NETS_WINOGRAD_H
#define NF_NETS_WINOGRAD_H

#include "nets/conv3x3.h"

/* W is (3, 3, out, in) if taps_first, else (out, 3, 3, in).   errors  NF_ENOMEM */
int nf_winograd_forward(nf_conv_size s, bool taps_first, const nf_real *x, const nf_real *weight,
                        const nf_real *bias, nf_real *y, nf_arena *tmp);
/* dx is overwritten, dweight and dbias are added to. */
int nf_winograd_input_backward(nf_conv_size s, bool taps_first, const nf_real *weight,
                               const nf_real *dy, nf_real *dx, nf_arena *tmp);
int nf_winograd_weight_backward(nf_conv_size s, bool taps_first, const nf_real *x,
                                const nf_real *dy, nf_real *dweight, nf_real *dbias, nf_arena *tmp);

#endif
