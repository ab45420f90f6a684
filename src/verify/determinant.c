/* See determinant.h:  P A = L U,  log|det A| = Σ log|u_ii|. */
#include "verify/determinant.h"

#include <gsl/gsl_linalg.h>
#include <math.h>
#include <stdlib.h>

double nf_verify_log_abs_det(size_t n, double *a) {
  gsl_permutation p = {n, malloc(n * sizeof(size_t))};
  if (p.data == NULL) return NAN;
  gsl_permutation_init(&p);
  gsl_matrix_view m = gsl_matrix_view_array(a, n, n);
  int sign;
  gsl_linalg_LU_decomp(&m.matrix, &p, &sign);
  free(p.data);
  return gsl_linalg_LU_lndet(&m.matrix);
}
