/* The monotone rational-quadratic function of one bin (Gregory & Delbourgo 1982), a quotient of two
 * quadratics through (x_0, y_0) and (x_1, y_1) that has the slopes δ_0, δ_1 > 0 there. With
 *
 *   t = (x - x_0)/(x_1 - x_0),  u = 1 - t,  s = (y_1 - y_0)/(x_1 - x_0),
 *
 *   y  = y_0 + (y_1 - y_0)·(s t² + δ_0 t u)/β,    β = s (t² + u²) + (δ_0 + δ_1) t u
 *   y' = s² (δ_1 t² + 2 s t u + δ_0 u²)/β²
 *
 * Every term is positive, so y increases and nothing cancels (NOTES (11.2), (11.3)). */
#ifndef NF_LAYERS_SPLINE_H
#define NF_LAYERS_SPLINE_H

#include "nf/core.h"

/* The bins of up to NF_SPLINE_BLOCK values, one for each; or the derivatives by these numbers. */
enum { NF_SPLINE_BLOCK = 256 / sizeof(nf_real) }; /* four lines of the cache */
typedef struct {
  nf_real x0[NF_SPLINE_BLOCK], x1[NF_SPLINE_BLOCK], y0[NF_SPLINE_BLOCK], y1[NF_SPLINE_BLOCK];
  nf_real slope0[NF_SPLINE_BLOCK], slope1[NF_SPLINE_BLOCK];
} nf_spline_bins;

/* x_0 ≤ x ≤ x_1 becomes y;   log_slope = log y' */
void nf_spline_forward(size_t n, const nf_spline_bins *b, nf_real *x, nf_real *log_slope);
/* y_0 ≤ y ≤ y_1 becomes x;   log_slope = -log y' */
void nf_spline_inverse(size_t n, const nf_spline_bins *b, nf_real *y, nf_real *log_slope);
/* At x, with dy = ∂L/∂y and dlog_slope = ∂L/∂log y':  dy becomes ∂L/∂x, and *db is ∂L/∂b. */
void nf_spline_backward(size_t n, const nf_spline_bins *b, const nf_real *x, nf_real *dy,
                        const nf_real *dlog_slope, nf_spline_bins *db);

#endif
