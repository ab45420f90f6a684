/* Times of chapter 7: a determinant of a dense d×d matrix by LU takes 2d³/3 operations (NOTES
 * (7.1)), a coupling's log-det Σ s takes d/2. Both are measured for d = 12, 48, 192, …, the best of
 * several runs, in seconds. */
#ifndef CHAPTER_TIMING_H
#define CHAPTER_TIMING_H

#include <stddef.h>

enum { TIMING_FIRST = 12, TIMING_SIZES = 5 }; /* 12·4⁴ = 3072 */

typedef struct {
  int n;
  double d[TIMING_SIZES], lu[TIMING_SIZES], sum[TIMING_SIZES];
} timing;
timing timing_measure(size_t max_d);

/* Slope of log time against log d, but for the smallest d, where overheads count: the power of d */
double timing_power(int n, const double *d, const double *time);

double timing_now(void);

#endif
