#include "chapter_matching.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_integration.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "chapter.h"
#include "chapter_ode.h"

const nf_mixture matching_one = {1, 1, {{1}}, 0.5}, matching_two = {1, 2, {{-1}, {1}}, 0.5};

/* --- the flow --------------------------------------------------------------------------------- */

typedef struct {
  const nf_mixture *m;
  size_t n;
} points;

static int velocity(void *user, double t, const double *x, double *v, double *trace) {
  const points *p = user;
  for (size_t i = 0; i < p->n; i++)
    nf_mixture_velocity(p->m, t, x + i * p->m->d, v + i * p->m->d,
                        trace != NULL ? trace + i : NULL);
  return NF_OK;
}

static void by_steps(const nf_mixture *m, size_t n, double from, double to, size_t steps, double *x,
                     double *log_det) {
  ode_by_steps(velocity, &(points){m, n}, n, m->d, from, to, steps, x, log_det);
}

double matching_by_steps(const nf_mixture *m, double from, double to, size_t steps, double x) {
  by_steps(m, 1, from, to, steps, &x, NULL);
  return x;
}

/* y = (x, ∫ tr) */
static void derivative(void *user, double t, const double *y, double *dy) {
  const points *p = user;
  nf_mixture_velocity(p->m, t, y, &dy[0], &dy[1]);
}

double matching_adaptive(const nf_mixture *m, double from, double to, double x, double *log_det) {
  double y[2] = {x, 0};
  ode_adaptive(derivative, &(points){m, 1}, 2, from, to, 1e-11, y);
  if (log_det != NULL) *log_det = y[1];
  return y[0];
}

double matching_quantile(double z) {
  const nf_mixture *m = &matching_two;
  double low = -5, high = 5;
  for (int k = 0; k < 100; k++) {
    const double x = 0.5 * (low + high);
    const double below = 0.5 * (gsl_cdf_ugaussian_P((x - m->mean[0][0]) / m->sd) +
                                gsl_cdf_ugaussian_P((x - m->mean[1][0]) / m->sd));
    *(below < gsl_cdf_ugaussian_P(z) ? &low : &high) = x;
  }
  return low;
}

/* --- losses ----------------------------------------------------------------------------------- */

static double residual_variance(double t, void *unused) {
  const double square = matching_one.sd * matching_one.sd;
  (void)unused;
  return square / ((1 - t) * (1 - t) * square + t * t);
}

double matching_least_loss_one(void) {
  double integral, error;
  size_t evaluations;
  gsl_integration_qng(&(gsl_function){residual_variance, NULL}, 0, 1, 1e-10, 1e-10, &integral,
                      &error, &evaluations);
  return integral;
}

/* Point i of the data: component by the random bits `choice`, and its deviation */
static void draw(const nf_mixture *m, uint64_t seed, uint64_t i, uint64_t choice, double *x) {
  const size_t component = nf_random_bits(seed, i, choice) % m->components;
  for (size_t k = 0; k < m->d; k++)
    x[k] = m->mean[component][k] + m->sd * nf_random_normal(seed, i, k);
}

/* t is stratified; E‖z - x‖² = E‖z‖² + E‖x‖² = 2 + (2² + 2s²) */
double matching_least_loss_eight(void) {
  enum { DRAWS = 100000, SEED = 5 };
  const nf_mixture toy = nf_mixture_gaussians();
  double sum = 0;
  for (size_t i = 0; i < DRAWS; i++) {
    const double t = ((double)i + 0.5) / DRAWS;
    double x[2], v[2];
    draw(&toy, SEED, i, 4, x);
    for (size_t k = 0; k < 2; k++) x[k] = (1 - t) * x[k] + t * nf_random_normal(SEED, i, 2 + k);
    nf_mixture_velocity(&toy, t, x, v, NULL);
    sum += (v[0] * v[0] + v[1] * v[1]) / DRAWS;
  }
  return 2 + 4 + 2 * toy.sd * toy.sd - sum;
}

double matching_gap(size_t steps, size_t n, double *error) {
  static double x[2 * MATCHING_POINTS], z[2 * MATCHING_POINTS], log_det[MATCHING_POINTS];
  const nf_mixture toy = nf_mixture_gaussians();
  chapter_moments gap = {0};
  for (size_t i = 0; i < n; i++) draw(&toy, 4, i, 2, x + 2 * i);
  memcpy(z, x, sizeof z);
  by_steps(&toy, n, 0, 1, steps, z, log_det);
  for (size_t i = 0; i < n; i++)
    chapter_moments_add(&gap, nf_mixture_log_density(&toy, x + 2 * i) -
                                  chapter_log_normal(2, z + 2 * i) - log_det[i]);
  if (error != NULL) *error = sqrt(gap.squares) / gap.n;
  return gap.mean;
}

/* --- columns for figures ---------------------------------------------------------------------- */

/* t and x_t from the latent z at t = 1 to the data */
static void print_path(const nf_mixture *m, int steps, double *z) {
  for (int k = 0; k <= steps; k++) {
    const double t = 1 - (double)k / steps;
    printf("%.4f", t);
    for (size_t i = 0; i < m->d; i++) printf(" %.5g", z[i]);
    printf("\n");
    if (k < steps) by_steps(m, 1, t, t - 1. / steps, 1, z, NULL);
  }
  printf("\n\n");
}

void matching_plot_trajectories(void) {
  enum { PATHS = 140, STEPS = 80, SEED = 6 };
  const nf_mixture toy = nf_mixture_gaussians();
  for (size_t i = 0; i < PATHS; i++)
    print_path(&toy, STEPS, (double[]){nf_random_normal(SEED, i, 0), nf_random_normal(SEED, i, 1)});
}

/* Quantiles of the base */
void matching_plot_line(void) {
  enum { PATHS = 41, STEPS = 60 };
  for (int i = 0; i < PATHS; i++)
    print_path(&matching_two, STEPS, (double[]){gsl_cdf_ugaussian_Pinv((i + 0.5) / PATHS)});
}

/* x_t has the density of a mixture, too. */
static nf_mixture at_time(nf_mixture m, double t) {
  for (size_t k = 0; k < m.components; k++)
    for (size_t i = 0; i < m.d; i++) m.mean[k][i] *= 1 - t;
  m.sd = sqrt((1 - t) * (1 - t) * m.sd * m.sd + t * t);
  return m;
}

enum { SIDE = 121 }; /* of a grid over [-3, 3] */
static double on_grid(int i) { return i / 20. - 3; }

/* At t = 1, ¾, ½, ¼, 0 */
void matching_plot_density(void) {
  for (int frame = 0; frame < 5; frame++, printf("\n\n")) {
    const nf_mixture m = at_time(nf_mixture_gaussians(), 1 - frame / 4.);
    for (int i = 0; i < SIDE * SIDE; i++) {
      const double at[2] = {on_grid(i % SIDE), on_grid(i / SIDE)};
      printf("%.4g %.4g %.4g\n", at[0], at[1], exp(nf_mixture_log_density(&m, at)));
      if (i % SIDE == SIDE - 1) printf("\n");
    }
  }
}

void matching_plot_line_density(void) {
  for (int i = 0; i < SIDE * SIDE; i++) {
    const double t = 1 - (double)(i % SIDE) / (SIDE - 1), x = on_grid(i / SIDE);
    const nf_mixture m = at_time(matching_two, t);
    printf("%.4f %.4g %.4g\n", t, x, exp(nf_mixture_log_density(&m, &x)));
    if (i % SIDE == SIDE - 1) printf("\n");
  }
}
