/* A flow of affine couplings in balls, written from the notes and sharing no code with the
 * library's layers. The arrays are of balls; prec is the precision in bits (proofs/ball.h). */
#ifndef NF_PROOFS_BALL_FLOW_H
#define NF_PROOFS_BALL_FLOW_H

#include "ball.h"

/* The conditioner of NOTES (9.1), y = A₄ relu(A₂ relu(A₀ x + b₀) + b₂) + b₄
 * shapes  x (in), y (out); param: A₀ (width, in), b₀, A₂ (width, width), b₂, A₄ (out, width), b₄ */
size_t ball_mlp_params(size_t in, size_t width, size_t out);
void ball_mlp(size_t in, size_t width, size_t out, arb_srcptr param, arb_srcptr x, arb_ptr y,
              slong prec);

/* z_b = x_b·e^s + t in place, log_det += Σ s;   NOTES (3.1), (3.3)
 * shapes  x_b, s, t (n) */
void ball_couple(size_t n, arb_ptr x_b, arb_srcptr s, arb_srcptr t, arb_t log_det, slong prec);

/* Couplings of points with d numbers, d even; the halves x_a and x_b change places from one to the
 * next, and s = γ·tanh(s̃), NOTES (4.2).  param: of each coupling γ, then those of its MLP */
typedef struct {
  size_t d, width, couplings;
  arb_srcptr param;
} ball_flow;

/* Coupling k = 0, 1, …: x becomes its output, log_det += its log-det. */
void ball_flow_layer(const ball_flow *f, size_t k, arb_ptr x, arb_t log_det, slong prec);
/* log_p = log N(z; 0, I) + log_det, NOTES (1.5), (1.6) */
void ball_log_prob(size_t d, arb_srcptr z, const arb_t log_det, arb_t log_p, slong prec);

/* --- the flow of proofs/deep.h ---------------------------------------------------------------- */

/* Balls that contain log p of its inputs under the first 1, 2, 4, … of `couplings`, a power of two:
 * of input i and 2^k couplings log_p[k·DEEP_INPUTS + i]. param: as nf_flow_param has them. */
void ball_deep_log_prob(size_t couplings, const double *param, arb_ptr log_p, slong prec);

/* At least |computed - x|/|x| for every x of the ball. */
double ball_relative_error(double computed, arb_srcptr exact);

#endif
