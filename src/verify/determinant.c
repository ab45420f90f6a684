/* See determinant.h:  P A = L U,  log|det A| = Σ log|u_ii|, by GSL for the proofs. The float build,
 * that of the command line, which links no GSL, does it by core/lu.h. */
#include "verify/determinant.h"

#include <math.h>
#include <stdlib.h>

#ifdef NF_FLOAT
#include "core/lu.h"
#include "core/status.h"

double nf_verify_log_abs_det(size_t n, double *a) {
  size_t *row = malloc(n * sizeof *row);
  double log_abs_det = NAN;
  const int status = row != NULL ? nf_lu_factor(n, a, row, &log_abs_det) : NF_ENOMEM;
  free(row);
  return status == NF_ESINGULAR ? -INFINITY : log_abs_det;
}
#else
#include <gsl/gsl_linalg.h>

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
#endif
