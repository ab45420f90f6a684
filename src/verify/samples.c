/* One forward pass; then every claim is a row of uniform numbers to be counted. */
#include "verify/samples.h"

#include <gsl/gsl_cdf.h>
#include <stdlib.h>

enum { CELLS = 32, LEAST = 5 * CELLS };

double nf_verify_counts(size_t cells, const double *count, const double *expected) {
  double chi_squared = 0;
  for (size_t i = 0; i < cells; i++) {
    const double gap = count[i] - expected[i];
    chi_squared += gap * gap / expected[i];
  }
  return gsl_cdf_chisq_Q(chi_squared, (double)cells - 1);
}

static double uniformity(size_t n, const double *u) {
  double count[CELLS] = {0}, expected[CELLS];
  for (size_t i = 0; i < n; i++) {
    const size_t cell = (size_t)(u[i] * CELLS);
    count[cell < CELLS ? cell : CELLS - 1]++;
  }
  for (size_t i = 0; i < CELLS; i++) expected[i] = (double)n / CELLS;
  return nf_verify_counts(CELLS, count, expected);
}

int nf_verify_samples(nf_flow *flow, const nf_batch *x, double temperature, double *p,
                      size_t *where) {
  const size_t n = x->n, d = flow->d;
  if (n < LEAST || !(temperature > 0)) return NF_EINVAL;
  double *z = malloc(n * d * sizeof *z), *u = malloc(n * sizeof *u);
  double *norm_squared = calloc(n, sizeof *norm_squared);
  int status = z == NULL || u == NULL || norm_squared == NULL ? NF_ENOMEM : NF_OK;
  if (status == NF_OK) status = nf_flow_forward(flow, x, z, NULL);
  double least = INFINITY;
  for (size_t k = 0; k <= d && status == NF_OK; k++) {
    for (size_t i = 0; i < n; i++) {
      const double w = k < d ? z[i * d + k] / temperature : 0;
      norm_squared[i] += w * w;
      u[i] = k < d ? gsl_cdf_ugaussian_P(w) : gsl_cdf_chisq_P(norm_squared[i], (double)d);
    }
    const double value = uniformity(n, u);
    if (value < least) {
      least = value;
      *where = k;
    }
  }
  if (status == NF_OK) *p = fmin(1, least * (double)(d + 1));
  free(z);
  free(u);
  free(norm_squared);
  return status;
}
