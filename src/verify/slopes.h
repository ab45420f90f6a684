/* log|det J| of one layer at one point by differences, also where d is so large that nobody can
 * have the whole J: most layers have a Jacobian of a simple shape, and a shape can be tested.
 *
 *   a permutation      z is x in another order: log|det J| = 0
 *   rows that pass     z_i = x_i: row i of J is e_i, so row and column i leave the determinant
 *   blocks             the rest couples only values of the same pixel: Σ log|det J_pixel|, and
 *                      c differences find all blocks at once
 *   one block          d so small that the whole J can be had
 *
 * Nothing is believed. A shape is accepted when J r, by differences, is what the shape says for
 * random directions r; a J of another shape says the same with probability 0 (Freivalds 1977). So
 * the oracle knows only the contract, and works in both precisions (NOTES 11.2). */
#ifndef NF_VERIFY_SLOPES_H
#define NF_VERIFY_SLOPES_H

#include "layers/bijector.h"

/* x is one sample. J v is a 4th-order difference of z(x + h v): central; one-sided towards 1/2 when
 * x is too close to the end of a domain such as [0, 1]; or, for a map that takes pixels alone,
 * z(x ± v) - z(x), exact when z is affine, as dequantisation is. *log_det is NaN when no shape
 * fits. errors  as nf_bijector_forward */
int nf_verify_slopes(const nf_bijector *b, const nf_batch *x, double *log_det);

#endif
