/* Ball arithmetic with Arb: a ball m ± r is a set of real numbers, and the result of an operation
 * contains the results for all numbers of its operands, roundings included,
 *
 *   x in X, y in Y   ⟹   x∘y in X∘Y
 *
 * so what a formula of balls gives contains its exact value: a bound that is proved, not estimated.
 * Johansson 2017, IEEE Transactions on Computers 66(8). */
#ifndef NF_PROOFS_BALL_H
#define NF_PROOFS_BALL_H

#include <stdio.h> /* before Arb, which declares what prints only then */

#if __has_include(<flint/arb.h>) /* Arb is a part of FLINT since version 3 */
#include <flint/acb.h>
#include <flint/acb_calc.h>
#include <flint/arb.h>
#include <flint/arb_hypgeom.h>
#else
#include <acb.h>
#include <acb_calc.h>
#include <arb.h>
#include <arb_hypgeom.h>
#endif

enum { BITS = 256 }; /* the precision of the functions below */

/* A ball in a pool, which free_balls empties. The functions return new ones. */
typedef arb_ptr ball;
ball new_ball(void);
void free_balls(void);

ball ratio(long numerator, long denominator);
ball integer(long n);
ball exactly(double v); /* v as it is, m = v and r = 0 */

ball add(ball a, ball b);
ball sub(ball a, ball b);
ball mul(ball a, ball b);
ball quotient(ball a, ball b);
ball minus(ball a);
ball exponential(ball a);
ball logarithm(ball a);
ball root(ball a);
ball two_pi(void);

/* log N(z; 0, I) = -(‖z‖² + d·log 2π)/2, NOTES (1.6) */
ball log_normal(ball norm_squared, long d);

/* Prints a line of golden/exact.txt: a decimal of at least 30 significant digits and a power of ten
 * r with |decimal - x| ≤ r for every x of the ball. Ends the program when the ball is too wide. */
void print_exact(const char *name, ball x);

#endif
