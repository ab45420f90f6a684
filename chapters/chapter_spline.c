#include "chapter_spline.h"

#include <math.h>
#include <string.h>

enum { BINS = SPLINE_BINS, RAW = SPLINE_RAW, SIX = SPLINE_NUMBERS };
#define BOUND SPLINE_BOUND
#define LEAST 1e-3 /* m, the least share of width and height, and the least slope */

spline_bin spline_bin_at(const spline *f, double x) {
  int k = 0;
  while (k + 1 < BINS && x >= f->x[k + 1]) k++;
  return (spline_bin){f->x[k], f->x[k + 1], f->y[k], f->y[k + 1], f->slope[k], f->slope[k + 1]};
}

double spline_value_in(spline_bin b, double x) {
  const double s = (b.y1 - b.y0) / (b.x1 - b.x0), t = (x - b.x0) / (b.x1 - b.x0), u = 1 - t;
  const double beta = s * (t * t + u * u) + (b.d0 + b.d1) * t * u;
  return b.y0 + (b.y1 - b.y0) * (s * t * t + b.d0 * t * u) / beta;
}

double spline_slope_in(spline_bin b, double x) {
  const double s = (b.y1 - b.y0) / (b.x1 - b.x0), t = (x - b.x0) / (b.x1 - b.x0), u = 1 - t;
  const double beta = s * (t * t + u * u) + (b.d0 + b.d1) * t * u;
  return s * s * (b.d1 * t * t + 2 * s * t * u + b.d0 * u * u) / (beta * beta);
}

double spline_value(const spline *f, double x) {
  return fabs(x) < BOUND ? spline_value_in(spline_bin_at(f, x), x) : x;
}
double spline_slope(const spline *f, double x) {
  return fabs(x) < BOUND ? spline_slope_in(spline_bin_at(f, x), x) : 1;
}

/* --- derivatives by the six numbers of a bin -------------------------------------------------- */

/* y_t, y_s, log_t and log_s are the derivatives by t and s (11.10), (11.11); then (11.12). */
void spline_derivatives(spline_bin b, double x, double dy[SIX], double dlog[SIX]) {
  const double w = b.x1 - b.x0, h = b.y1 - b.y0, s = h / w, t = (x - b.x0) / w, u = 1 - t;
  const double p = t * u, q = t * t + u * u, beta = s * q + (b.d0 + b.d1) * p;
  const double eta = (s * t * t + b.d0 * p) / beta;
  const double alpha = b.d1 * t * t + 2 * s * p + b.d0 * u * u;
  const double y_t = spline_slope_in(b, x) * w, y_s = h * (t * t - eta * q) / beta;
  const double log_t =
      2 * (b.d1 * t + s * (u - t) - b.d0 * u) / alpha - 2 * (b.d0 + b.d1 - 2 * s) * (u - t) / beta;
  const double log_s = 2 / s + 2 * p / alpha - 2 * q / beta;
  const double y[SIX] = {(s * y_s - u * y_t) / w, (-s * y_s - t * y_t) / w, 1 - eta - y_s / w,
                         eta + y_s / w,           h * p * (1 - eta) / beta, -h * p * eta / beta};
  const double l[SIX] = {
      (s * log_s - u * log_t) / w,  (-s * log_s - t * log_t) / w, -log_s / w, log_s / w,
      u * u / alpha - 2 * p / beta, t * t / alpha - 2 * p / beta};
  memcpy(dy, y, sizeof y);
  memcpy(dlog, l, sizeof l);
}

/* --- raw numbers ------------------------------------------------------------------------------ */

/* The inverse of softmax is the logarithm, that of softplus log(e^v - 1). */
void spline_to_raw(const spline *f, double raw[RAW]) {
  for (int k = 0; k < BINS; k++) {
    raw[k] = log((f->x[k + 1] - f->x[k]) / (2 * BOUND) - LEAST);
    raw[BINS + k] = log((f->y[k + 1] - f->y[k]) / (2 * BOUND) - LEAST);
    if (k > 0) raw[2 * BINS + k - 1] = log(expm1(f->slope[k] - LEAST)) - log(expm1(1 - LEAST));
  }
}

void spline_of_raw(const double raw[RAW], spline *f) {
  double *const knot[] = {f->x, f->y};
  for (int side = 0; side < 2; side++) {
    const double *r = raw + side * BINS;
    double sum = 0;
    for (int k = 0; k < BINS; k++) sum += exp(r[k]);
    knot[side][0] = -BOUND;
    for (int k = 0; k + 1 < BINS; k++)
      knot[side][k + 1] =
          knot[side][k] + 2 * BOUND * (LEAST + (1 - BINS * LEAST) * exp(r[k]) / sum);
    knot[side][BINS] = BOUND;
  }
  f->slope[0] = f->slope[BINS] = 1;
  for (int k = 1; k < BINS; k++)
    f->slope[k] = LEAST + log1p(exp(raw[2 * BINS + k - 1]) * expm1(1 - LEAST));
}
