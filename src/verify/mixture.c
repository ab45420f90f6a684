#include "verify/mixture.h"

#include <math.h>

#include "core/real.h"

nf_mixture nf_mixture_gaussians(void) {
  nf_mixture m = {2, NF_MIXTURE_MAX, {{0}}, 0.25};
  for (int k = 0; k < NF_MIXTURE_MAX; k++) {
    m.mean[k][0] = 2 * cos(k * NF_PI / 4);
    m.mean[k][1] = 2 * sin(k * NF_PI / 4);
  }
  return m;
}

static double square_distance(const nf_mixture *m, size_t k, double shrink, const double *x) {
  double sum = 0;
  for (size_t i = 0; i < m->d; i++) {
    const double e = x[i] - shrink * m->mean[k][i];
    sum += e * e;
  }
  return sum;
}

/* r_k for centres shrink·m_k and variance σ²; returns log Σ_k exp(-‖x - shrink·m_k‖²/2σ²). */
static double posterior(const nf_mixture *m, double shrink, double variance, const double *x,
                        double *r) {
  double largest = -INFINITY, sum = 0;
  for (size_t k = 0; k < m->components; k++) {
    r[k] = -square_distance(m, k, shrink, x) / (2 * variance);
    largest = fmax(largest, r[k]);
  }
  for (size_t k = 0; k < m->components; k++) sum += r[k] = exp(r[k] - largest);
  for (size_t k = 0; k < m->components; k++) r[k] /= sum;
  return largest + log(sum);
}

void nf_mixture_velocity(const nf_mixture *m, double t, const double *x, double *v, double *trace) {
  const double rest = 1 - t, variance = rest * rest * m->sd * m->sd + t * t;
  const double c = (t - rest * m->sd * m->sd) / variance;
  double r[NF_MIXTURE_MAX], mean[NF_MIXTURE_MAX_D] = {0}, spread = 0;
  posterior(m, rest, variance, x, r);
  for (size_t i = 0; i < m->d; i++) {
    for (size_t k = 0; k < m->components; k++) mean[i] += r[k] * m->mean[k][i];
    v[i] = c * x[i] - (1 + rest * c) * mean[i];
  }
  if (trace == NULL) return;
  for (size_t k = 0; k < m->components; k++) spread += r[k] * square_distance(m, k, 1, mean);
  *trace = (double)m->d * c - (1 + rest * c) * rest / variance * spread;
}

double nf_mixture_log_density(const nf_mixture *m, const double *x) {
  double r[NF_MIXTURE_MAX];
  const double variance = m->sd * m->sd, d = (double)m->d;
  return posterior(m, 1, variance, x, r) - log((double)m->components) -
         0.5 * d * (NF_LN_2PI + log(variance));
}
