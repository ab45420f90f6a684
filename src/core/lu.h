/* LU decomposition with partial pivoting, always in double: a determinant in float is one
 * of the field's classic bugs. For the c×c matrices of affine maps and 1×1 convolutions. */
#ifndef NF_CORE_LU_H
#define NF_CORE_LU_H

#include <stddef.h>

/* P·A = L·U in place: a (n×n, row-major) receives U and, below its diagonal, L without its
 * unit diagonal; row[i] is the row of A that stands at i. Returns log|det A| = Σ log|u_ii|
 * in *log_abs_det. Errors: NF_ESINGULAR when a pivot is 0 or not finite. */
int nf_lu_factor(size_t n, double *a, size_t *row, double *log_abs_det);

/* inverse (n×n) from the factors above, all columns of A·X = I at once. */
void nf_lu_inverse(size_t n, const double *lu, const size_t *row, double *inverse);

#endif
