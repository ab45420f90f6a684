/* Transforms: increasing maps of the line, one a value, whose parameters a conditioner gives. A
 * coupling layer applies them to its part b, an autoregressive layer to every value:
 *
 *   z_i = τ(x_i; θ_i),    log|det J| = Σ log τ'(x_i; θ_i)
 *
 * θ_i are n_raw unconstrained numbers; at θ = 0 τ is the identity. They lie parameter by parameter:
 * raw[k·count + i] is number k of value i, as the conditioner's outputs do within a sample. */
#ifndef NF_LAYERS_TRANSFORM_H
#define NF_LAYERS_TRANSFORM_H

#include "nf/core.h"

typedef struct nf_transform nf_transform;
struct nf_transform {
  const char *name;
  size_t n_raw;
  /* Raw numbers become what the functions below take for them, in place. */
  void (*prepare)(const nf_transform *t, size_t count, nf_real *raw);
  /* x becomes z;   log_slope[i] = log τ'(x_i) */
  void (*forward)(const nf_transform *t, size_t count, const nf_real *raw, nf_real *x,
                  nf_real *log_slope);
  /* z becomes x;   log_slope[i] = log (τ⁻¹)'(z_i) */
  void (*inverse)(const nf_transform *t, size_t count, const nf_real *raw, nf_real *z,
                  nf_real *log_slope);
  /* z becomes x and, with dlog_slope[i] = ∂L/∂log τ'(x_i), dz becomes dx, and raw ∂L/∂raw, by the
   * numbers before they were prepared. */
  void (*backward)(const nf_transform *t, size_t count, nf_real *raw, nf_real *z, nf_real *dz,
                   const nf_real *dlog_slope);
  void *memory; /* freed with the layer; NULL when the transform is a constant */
};

/* z = (x - μ)·exp(-α), α = A·tanh(a/A), raw numbers μ, a (NOTES (10.6)) */
enum { NF_AFFINE_BOUND = 3 }; /* A */
extern const nf_transform nf_affine_transform;

/* The monotone rational-quadratic spline with `bins` bins on [-bound, bound], the identity outside
 * (transform_spline.c); n_raw = 3 bins - 1: widths, heights, slopes at the inner knots.
 * source  NOTES 11; Durkan et al. 2019;   errors  NF_EINVAL, NF_ENOMEM */
enum { NF_SPLINE_MAX_BINS = 64 };
const nf_transform *nf_transform_spline_new(size_t bins, double bound, nf_error *e);

#endif
