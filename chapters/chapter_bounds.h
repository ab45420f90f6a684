/* Bounds of log Pr(k) in a cell where p(k + u) = 2u for u in (0, 1), so that log Pr(k) = 0 (NOTES
 * (6.1)-(6.3)). By M draws of uniform u_j, with S = Σ u_j, and by one draw of density (a + 1) u^a:
 *
 *   E log (1/M)Σ 2u_j = log(2/M) + E log S
 *   ∫ q log(p/q) du = log(2/(a + 1)) - (1 - a)/(a + 1) */
#ifndef CHAPTER_BOUNDS_H
#define CHAPTER_BOUNDS_H

double bound_of_draws(int m);            /* E log S = ∫ (e^-t - E e^-tS)/t dt over (0, ∞) */
double bound_of_draws_by_density(int m); /* the same by the density of S */
double bound_of_noise(double a);
double bound_of_noise_by_gsl(double a); /* by quadrature */

#endif
