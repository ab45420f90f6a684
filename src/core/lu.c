/* Doolittle's elimination, row by row, taking the largest pivot of the column. */
#include "core/lu.h"

#include <math.h>

#include "nf/core.h"

static void swap_rows(size_t n, double *a, size_t i, size_t j) {
  for (size_t k = 0; k < n; k++) {
    const double t = a[i * n + k];
    a[i * n + k] = a[j * n + k];
    a[j * n + k] = t;
  }
}

int nf_lu_factor(size_t n, double *a, size_t *row, double *log_abs_det) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) row[i] = i;
  for (size_t k = 0; k < n; k++) {
    size_t p = k;
    for (size_t i = k + 1; i < n; i++)
      if (fabs(a[i * n + k]) > fabs(a[p * n + k])) p = i;
    const double pivot = a[p * n + k];
    if (pivot == 0 || !isfinite(pivot)) return NF_ESINGULAR;
    if (p != k) {
      swap_rows(n, a, p, k);
      const size_t t = row[p];
      row[p] = row[k];
      row[k] = t;
    }
    sum += log(fabs(pivot));
    for (size_t i = k + 1; i < n; i++) {
      const double l = a[i * n + k] /= pivot;
      for (size_t j = k + 1; j < n; j++) a[i * n + j] -= l * a[k * n + j];
    }
  }
  *log_abs_det = sum;
  return NF_OK;
}

void nf_lu_inverse(size_t n, const double *lu, const size_t *row, double *inverse) {
  for (size_t i = 0; i < n; i++) { /* L Y = P I */
    double *y = inverse + i * n;
    for (size_t j = 0; j < n; j++) y[j] = row[i] == j ? 1 : 0;
    for (size_t k = 0; k < i; k++)
      for (size_t j = 0; j < n; j++) y[j] -= lu[i * n + k] * inverse[k * n + j];
  }
  for (size_t i = n; i-- > 0;) { /* U X = Y */
    double *x = inverse + i * n;
    for (size_t k = i + 1; k < n; k++)
      for (size_t j = 0; j < n; j++) x[j] -= lu[i * n + k] * inverse[k * n + j];
    for (size_t j = 0; j < n; j++) x[j] /= lu[i * n + i];
  }
}
