/* A c×c matrix W at every pixel, z = W x: what the affine layer and the invertible 1×1 convolutions
 * share. W, W⁻¹ and log|det W| are computed in double, once per change of the parameters. */
#ifndef NF_LAYERS_MATRIX_H
#define NF_LAYERS_MATRIX_H

#include "layers/layer.h"

typedef struct nf_matrix {
  nf_bijector base;
  double log_abs_det;        /* log|det W| */
  double *w;                 /* W */
  nf_real *weight, *inverse; /* W and W⁻¹ in the build's precision */
  nf_real *cached;           /* the tensors for which all this holds */
  bool valid;                /* it does */
} nf_matrix;

/* A layer of `size` bytes whose first member is an nf_matrix.   errors  NF_ESHAPE, NF_ENOMEM */
void *nf_matrix_new(const nf_bijector_type *type, size_t size, nf_shape shape, nf_error *e);
void nf_matrix_release(nf_bijector *b); /* a type's `free` */

/* The 1×1 convolution as P·L·U (plu.c). */
nf_bijector *nf_plu_new(nf_shape shape, nf_error *e);

/* Unless the first n_tensor tensors, c·c values and then c each, are as they were: set_w writes W
 * to m->w, with 2·c·c doubles of scratch, and the rest follows.
 * errors  NF_ESINGULAR, NF_ENOMEM */
int nf_matrix_prepare(nf_matrix *m, size_t n_tensor, int (*set_w)(nf_matrix *m, double *scratch));

/* forward and inverse of a type */
int nf_matrix_forward(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work);
int nf_matrix_inverse(const nf_bijector *b, nf_batch *z, double *log_det, nf_work *work);
/* z becomes x = W⁻¹ z,  dW += Σ_pixels dz xᵀ,  dz becomes dx = Wᵀ dz */
int nf_matrix_backward(const nf_matrix *m, nf_batch *z, nf_batch *dz, nf_real *dw, nf_work *work);
/* ∂L/∂ log|det W| = h·w·Σ_i ∂L/∂log_det_i */
double nf_matrix_dlog_abs_det(const nf_matrix *m, size_t n, const double *dlog_det);

/* w becomes a uniformly random rotation (c, c): rows of normals, made orthonormal. */
void nf_random_rotation(size_t c, double *w, nf_random *r);

#endif
