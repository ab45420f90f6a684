/* log|det A| by GSL's LU decomposition: what every oracle of a log-det ends with. In double,
 * whatever the build's precision. */
#ifndef NF_VERIFY_DETERMINANT_H
#define NF_VERIFY_DETERMINANT_H

#include <stddef.h>

/* Of the n×n matrix a, row-major, which is destroyed; -∞ when singular, NaN without memory. */
double nf_verify_log_abs_det(size_t n, double *a);

#endif
