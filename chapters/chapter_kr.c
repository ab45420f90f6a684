#include "chapter_kr.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_math.h>
#include <math.h>
#include <stdio.h>

#include "chapter.h"
#include "verify/mixture.h"

/* z = Φ⁻¹(Σ w_k Φ(t_k)/Σ w_k), from the smaller tail, so that no digits are lost at the ends */
static double quantile(const double *weight, const double *t) {
  double below = 0, above = 0;
  for (int k = 0; k < 8; k++) {
    below += weight[k] * gsl_cdf_ugaussian_P(t[k]);
    above += weight[k] * gsl_cdf_ugaussian_Q(t[k]);
  }
  const double sum = below + above;
  return below < above ? gsl_cdf_ugaussian_Pinv(below / sum) : gsl_cdf_ugaussian_Qinv(above / sum);
}

/* Weights of the eight for x₂ given x₁, relative to the largest */
static void conditional_weights(const nf_mixture *toy, double x1, double *weight) {
  double exponent[8], largest = -INFINITY;
  for (int k = 0; k < 8; k++) {
    exponent[k] = -gsl_pow_2((x1 - toy->mean[k][0]) / toy->sd) / 2;
    largest = fmax(largest, exponent[k]);
  }
  for (int k = 0; k < 8; k++) weight[k] = exp(exponent[k] - largest);
}

static double z_1(double x1) {
  static const double equal[8] = {1, 1, 1, 1, 1, 1, 1, 1};
  const nf_mixture toy = nf_mixture_gaussians();
  double t[8];
  for (int k = 0; k < 8; k++) t[k] = (x1 - toy.mean[k][0]) / toy.sd;
  return quantile(equal, t);
}

static double z_2(double x1, double x2) {
  const nf_mixture toy = nf_mixture_gaussians();
  double weight[8], t[8];
  conditional_weights(&toy, x1, weight);
  for (int k = 0; k < 8; k++) t[k] = (x2 - toy.mean[k][1]) / toy.sd;
  return quantile(weight, t);
}

void chapter_kr(const double *in, double *z) {
  z[0] = z_1(in[0]);
  z[1] = z_2(in[0], in[1]);
}

/* By bisection: each z is an increasing function of its own x. */
void chapter_kr_inverse(const double *z, double *out) {
  for (int i = 0; i < 2; i++) {
    double low = -8, high = 8;
    for (int step = 0; step < 60; step++) {
      const double middle = (low + high) / 2;
      const double value = i == 0 ? z_1(middle) : z_2(out[0], middle);
      *(value < z[i] ? &low : &high) = middle;
    }
    out[i] = (low + high) / 2;
  }
}

/* --- the same by quadrature ------------------------------------------------------------------- */

double chapter_kr_log_p(const double *at) {
  nf_error e = {0};
  const nf_toy *toy = nf_toy_find("gaussians", &e);
  chapter_need(&e);
  return toy->log_density(at);
}

static double toy_along(double x2, void *user) {
  return exp(chapter_kr_log_p((const double[]){*(const double *)user, x2}));
}

static double quadrature(double (*f)(double, void *), void *user, double to) {
  gsl_integration_workspace *w = gsl_integration_workspace_alloc(200);
  const gsl_function g = {f, user};
  double sum = NAN, error;
  gsl_integration_qag(&g, -4, to, 1e-11, 1e-10, 200, GSL_INTEG_GAUSS31, w, &sum, &error);
  gsl_integration_workspace_free(w);
  return sum;
}

static double marginal(double x1, void *user) {
  (void)user;
  return quadrature(toy_along, &x1, 4);
}

void chapter_kr_by_quadrature(const double *x, double *F) {
  double x1 = x[0];
  F[0] = quadrature(marginal, NULL, x1);
  F[1] = quadrature(toy_along, &x1, x[1]) / marginal(x1, NULL);
}

/* --- columns for figures ---------------------------------------------------------------------- */

enum { LINES = 12, STEPS = 200 };
static double line(int i) { return i / 5.0; } /* from -2.4 to 2.4 */

void chapter_kr_plot(void) {
  for (int moving = 0; moving < 2; moving++)
    for (int i = -LINES; i <= LINES; i++, putchar('\n')) {
      double from[2], to[2], z[2];
      z[1 - moving] = line(i);
      z[moving] = line(-LINES), chapter_kr_inverse(z, from);
      z[moving] = line(LINES), chapter_kr_inverse(z, to);
      for (int k = 0; k <= STEPS; k++) {
        double at[2] = {from[0], from[1]};
        at[moving] += (to[moving] - from[moving]) * k / STEPS;
        chapter_kr(at, z);
        if (moving == 0) z[1] = line(i), chapter_kr_inverse(z, at);
        printf("%.5g %.5g %.5g %.5g %.4g\n", z[0], z[1], at[0], at[1], chapter_kr_log_p(at));
      }
    }
}
