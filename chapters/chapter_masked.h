/* The library's autoregressive layer with random weights, measured: its masks beside its Jacobian,
 * and what its inverse costs by three methods (NOTES 10.4, 10.6). */
#ifndef CHAPTER_MASKED_H
#define CHAPTER_MASKED_H

#include <stddef.h>

enum { CHAPTER_SIX = 6, CHAPTER_MAX_D = 256 };
extern const size_t chapter_six_order[CHAPTER_SIX]; /* 3, 0, 4, 1, 5, 2 */

/* Of a layer of six values in that order at one point: paths[i][k] from x_k to the outputs of value
 * i, by the product of its three masks; j[i][k] = ∂z_i/∂x_k by differences; its log-det. */
void chapter_six_values(double paths[CHAPTER_SIX][CHAPTER_SIX], double j[CHAPTER_SIX][CHAPTER_SIX],
                        double *log_det);

typedef struct {
  size_t jacobi;           /* passes until all values are exact to 1e-12 */
  double pass, steps;      /* multiplications of one pass; of the library's d steps together */
  double sequential, back; /* errors: d passes against the library; f(f⁻¹(z)) against z */
} chapter_costs;

/* Of a layer of d values, at most CHAPTER_MAX_D, and width 64 */
chapter_costs chapter_cost_of_inverse(size_t d);

#endif
