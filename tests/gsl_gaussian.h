/* A Gaussian fitted by GSL, and its log-density: the reference for nf_gaussian_fit. The shrinkage
 * is summed as Ledoit and Wolf define it, over all samples and all pairs of coordinates. */
#ifndef NF_TESTS_GSL_GAUSSIAN_H
#define NF_TESTS_GSL_GAUSSIAN_H

#include <gsl/gsl_linalg.h>
#include <gsl/gsl_randist.h>
#include <math.h>

#include "check.h"

typedef struct {
  gsl_vector *mean;
  gsl_matrix *cholesky;
  double shrinkage;
} gsl_gaussian;

/* Of the n rows of y (n·d). */
static inline gsl_gaussian gsl_gaussian_fit(size_t n, size_t d, double *y) {
  gsl_gaussian g = {gsl_vector_alloc(d), gsl_matrix_alloc(d, d), 0};
  const gsl_matrix_view rows = gsl_matrix_view_array(y, n, d);
  gsl_ran_multivariate_gaussian_mean(&rows.matrix, g.mean);
  gsl_ran_multivariate_gaussian_vcov(&rows.matrix, g.cholesky);
  gsl_matrix_scale(g.cholesky, (double)(n - 1) / (double)n);
  double mu = 0, delta = 0, beta = 0;
  for (size_t k = 0; k < d; k++) mu += gsl_matrix_get(g.cholesky, k, k) / (double)d;
  for (size_t k = 0; k < d * d; k++) {
    const size_t a = k / d, b = k % d;
    const double s = gsl_matrix_get(g.cholesky, a, b), m_a = gsl_vector_get(g.mean, a),
                 m_b = gsl_vector_get(g.mean, b);
    delta += pow(s - (a == b ? mu : 0), 2);
    for (size_t i = 0; i < n; i++)
      beta += pow((y[i * d + a] - m_a) * (y[i * d + b] - m_b) - s, 2) / (double)n / (double)n;
  }
  g.shrinkage = fmin(1, beta / delta);
  gsl_matrix_scale(g.cholesky, 1 - g.shrinkage);
  for (size_t k = 0; k < d; k++) *gsl_matrix_ptr(g.cholesky, k, k) += g.shrinkage * mu;
  assert_int_equal(gsl_linalg_cholesky_decomp1(g.cholesky), 0);
  return g;
}

static inline double gsl_gaussian_log_p(const gsl_gaussian *g, double *y) {
  double log_p = NAN;
  gsl_vector *work = gsl_vector_alloc(g->mean->size);
  const gsl_vector_view x = gsl_vector_view_array(y, g->mean->size);
  gsl_ran_multivariate_gaussian_log_pdf(&x.vector, g->mean, g->cholesky, &log_p, work);
  gsl_vector_free(work);
  return log_p;
}

static inline void gsl_gaussian_free(gsl_gaussian *g) {
  gsl_vector_free(g->mean);
  gsl_matrix_free(g->cholesky);
}

#endif
