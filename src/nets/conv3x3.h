/* A 3×3 convolution (cross-correlation, zero padding 1) is a matrix multiplication, twice:
 *
 *   y[i,j] = b + Σ_{dy,dx} W[dy,dx]·x[i+dy-1, j+dx-1]
 *
 *   few inputs   the 9 neighbours of every pixel are its patch; one product of all patches
 *   few outputs  one product to the 9 contributions of every pixel, which are then added up
 *
 * Each is the other's transpose. With many channels on images of 16 pixels or more, winograd.h is
 * faster. */
#ifndef NF_NETS_CONV3X3_H
#define NF_NETS_CONV3X3_H

#include "nf/net.h"

typedef struct {
  size_t n, h, w, in, out; /* samples, rows, columns, channels in and out */
} nf_conv_size;

/* W (out, 3, 3, in), by patches. relu clips y at 0. dx is overwritten, dweight and dbias are added
 * to.   errors  NF_ENOMEM */
int nf_conv_forward(nf_conv_size s, const nf_real *x, const nf_real *weight, const nf_real *bias,
                    bool relu, nf_real *y, nf_arena *tmp);
int nf_conv_input_backward(nf_conv_size s, const nf_real *weight, const nf_real *dy, nf_real *dx,
                           nf_arena *tmp);
int nf_conv_weight_backward(nf_conv_size s, const nf_real *x, const nf_real *dy, nf_real *dweight,
                            nf_real *dbias, nf_arena *tmp);
/* W (3, 3, out, in), by contributions. */
int nf_conv_scatter_forward(nf_conv_size s, const nf_real *x, const nf_real *weight,
                            const nf_real *bias, nf_real *y, nf_arena *tmp);
int nf_conv_scatter_input_backward(nf_conv_size s, const nf_real *weight, const nf_real *dy,
                                   nf_real *dx, nf_arena *tmp);
int nf_conv_scatter_weight_backward(nf_conv_size s, const nf_real *x, const nf_real *dy,
                                    nf_real *dweight, nf_real *dbias, nf_arena *tmp);

/* As nf_net_new, for a net that maps pixels to pixels.   errors  also NF_ESHAPE */
nf_net *nf_net_new_on_image(const nf_net_type *type, nf_shape in, nf_shape out, size_t width,
                            nf_error *e);

#endif
