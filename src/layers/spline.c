/* One bin of a spline: its value, its slope, its inverse, and the derivatives of value and
 * log-slope by the point and by the bin's six numbers (NOTES (11.2)-(11.12)). */
#include "layers/spline.h"

#include "core/real.h"
#include "core/vector.h"

/* A value's place in its bin, and the bin's width, height and slopes. */
typedef struct {
  nf_real w, h, s, d0, d1;
} bin;

static inline bin bin_of(const nf_spline_bins *b, size_t i) {
  const nf_real w = b->x1[i] - b->x0[i], h = b->y1[i] - b->y0[i];
  return (bin){w, h, h / w, b->slope0[i], b->slope1[i]};
}

/* β, as a sum of what is positive */
static inline nf_real denominator(bin b, nf_real t, nf_real u) {
  return b.s * (t * t + u * u) + (b.d0 + b.d1) * t * u;
}

static inline nf_real slope(bin b, nf_real t, nf_real u) {
  const nf_real q = b.s / denominator(b, t, u);
  return q * q * (b.d1 * t * t + 2 * b.s * t * u + b.d0 * u * u);
}

void nf_spline_forward(size_t n, const nf_spline_bins *b, nf_real *x, nf_real *log_slope) {
  for (size_t i = 0; i < n; i++) {
    const bin k = bin_of(b, i);
    const nf_real t = (x[i] - b->x0[i]) / k.w, u = (b->x1[i] - x[i]) / k.w;
    x[i] = b->y0[i] + k.h * (k.s * t * t + k.d0 * t * u) / denominator(k, t, u);
    log_slope[i] = slope(k, t, u);
  }
  nf_vector_log(n, log_slope, log_slope);
}

/* The root of a t² + b t + c = 0 in [0, 1], which is 2c/(-b - √(b² - 4ac)). With η the height that
 * y has reached and ρ = 1 - η what is left of it, the discriminant is a sum of squares,
 *
 *   b² - 4ac = e² + 4s²ηρ,  e = δ_0 ρ - δ_1 η,   and   t : u = 2sη : e + √ = √ - e : 2sρ
 *
 * of which the one is taken where e and √ add (NOTES (11.6), (11.7)). */
void nf_spline_inverse(size_t n, const nf_spline_bins *b, nf_real *y, nf_real *log_slope) {
  for (size_t i = 0; i < n; i++) {
    const bin k = bin_of(b, i);
    const nf_real eta = (y[i] - b->y0[i]) / k.h, rest = (b->y1[i] - y[i]) / k.h;
    const nf_real e = k.d0 * rest - k.d1 * eta;
    const nf_real q = fabs(e) + sqrt(e * e + 4 * k.s * k.s * eta * rest);
    const nf_real t_part = e >= 0 ? 2 * k.s * eta : q, u_part = e >= 0 ? q : 2 * k.s * rest;
    const nf_real t = t_part / (t_part + u_part), u = u_part / (t_part + u_part);
    y[i] = b->x0[i] + k.w * t;
    log_slope[i] = slope(k, t, u);
  }
  nf_vector_log(n, log_slope, log_slope);
  for (size_t i = 0; i < n; i++) log_slope[i] = -log_slope[i];
}

void nf_spline_backward(size_t n, const nf_spline_bins *b, const nf_real *x, nf_real *dy,
                        const nf_real *dlog_slope, nf_spline_bins *db) {
  for (size_t i = 0; i < n; i++) {
    const bin k = bin_of(b, i);
    const nf_real t = (x[i] - b->x0[i]) / k.w, u = (b->x1[i] - x[i]) / k.w;
    const nf_real tu = t * u, sum = t * t + u * u, beta = denominator(k, t, u);
    const nf_real share = (k.s * t * t + k.d0 * tu) / beta; /* of the height */
    const nf_real quadratic = k.d1 * t * t + 2 * k.s * tu + k.d0 * u * u;
    const nf_real a = dlog_slope[i] / quadratic, c = 2 * dlog_slope[i] / beta;
    const nf_real f = dy[i] * k.h / beta;
    /* ∂L/∂t, with u = 1 - t, and ∂L/∂s */
    const nf_real dt = dy[i] * slope(k, t, u) * k.w +
                       a * 2 * (k.d1 * t + k.s * (u - t) - k.d0 * u) -
                       c * (k.d0 + k.d1 - 2 * k.s) * (u - t);
    const nf_real ds = f * (t * t - share * sum) + 2 * dlog_slope[i] / k.s + 2 * a * tu - c * sum;
    db->x0[i] = (k.s * ds - u * dt) / k.w;
    db->x1[i] = (-k.s * ds - t * dt) / k.w;
    db->y0[i] = dy[i] * (1 - share) - ds / k.w;
    db->y1[i] = dy[i] * share + ds / k.w;
    db->slope0[i] = f * tu * (1 - share) + a * u * u - c * tu;
    db->slope1[i] = -f * tu * share + a * t * t - c * tu;
    dy[i] = dt / k.w;
  }
}
