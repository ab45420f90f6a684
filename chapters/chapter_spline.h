/* A monotone rational-quadratic spline of three bins on [-B, B] by hand (NOTES (11.2)-(11.12)). In
 * the bin from (x_0, y_0) to (x_1, y_1) with slopes δ_0, δ_1, where s = (y_1 - y_0)/(x_1 - x_0) and
 * t = (x - x_0)/(x_1 - x_0) goes from 0 to 1, u = 1 - t,
 *
 *   y = y_0 + (y_1 - y_0)·(s t² + δ_0 t u)/β         β = s (t² + u²) + (δ_0 + δ_1) t u
 *   dy/dx = s² α/β²                                  α = δ_1 t² + 2s t u + δ_0 u²
 *
 * and the identity outside of [-B, B]. */
#ifndef CHAPTER_SPLINE_H
#define CHAPTER_SPLINE_H

enum { SPLINE_BINS = 3, SPLINE_RAW = 3 * SPLINE_BINS - 1, SPLINE_NUMBERS = 6 };
#define SPLINE_BOUND 2.0 /* B */

typedef struct {
  double x[SPLINE_BINS + 1], y[SPLINE_BINS + 1], slope[SPLINE_BINS + 1]; /* at the knots */
} spline;
typedef struct {
  double x0, x1, y0, y1, d0, d1;
} spline_bin;

double spline_value(const spline *f, double x);
double spline_slope(const spline *f, double x);

/* A knot belongs to the bin on its right. */
spline_bin spline_bin_at(const spline *f, double x);
double spline_value_in(spline_bin b, double x);
double spline_slope_in(spline_bin b, double x);

/* ∂y and ∂log(dy/dx) at x by the six numbers of the bin, in their order (11.10)-(11.12) */
void spline_derivatives(spline_bin b, double x, double dy[SPLINE_NUMBERS],
                        double dlog[SPLINE_NUMBERS]);

/* Knots and slopes from raw numbers, those of the widths, heights and inner slopes (11.8), (11.9);
 * and raw numbers that give f */
void spline_of_raw(const double raw[SPLINE_RAW], spline *f);
void spline_to_raw(const spline *f, double raw[SPLINE_RAW]);

#endif
