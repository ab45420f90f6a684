/* log|det J| of one layer at one point by finite differences, also where d is too large for all of
 * J: most layers have a Jacobian of a simple shape, and a shape can be tested.
 *
 *   a permutation      z is x in another order: log|det J| = 0
 *   rows that pass     z_i = x_i: row i of J is e_i, so row and column i leave the determinant
 *   blocks             the rest couples only values of the same pixel: Σ log|det J_pixel|, and
 *                      c differences find all blocks at once
 *   one block          d so small that all of J can be computed
 *
 * A shape is accepted when J r, by differences, is what follows from the shape for random
 * directions r; for a J of another shape that has probability 0 (Freivalds 1977). So the function
 * knows only the contract of a layer, and works in both precisions (NOTES 8.3). */
#ifndef NF_VERIFY_LOG_DET_FD_H
#define NF_VERIFY_LOG_DET_FD_H

#include "layers/layer.h"

/* x is one sample. J v is a 4th-order difference of z(x + h v): central; one-sided towards 1/2 when
 * x is too close to the end of a domain such as [0, 1]; or, for a map that takes pixels alone,
 * z(x ± v) - z(x), exact when z is affine, as dequantisation is. *log_det is NaN when no shape
 * fits. errors  as nf_bijector_forward */
int nf_verify_log_det_fd(const nf_bijector *b, const nf_batch *x, double *log_det);

#endif
