/* The map of Knothe and Rosenblatt (NOTES (10.3)) from the toy density `gaussians`, eight normal
 * densities on a circle, to N(0, I), from their distribution functions:
 *
 *   z_1 = Φ⁻¹(F_1(x_1))         F_1 = Σ_k Φ((x_1 - m_k1)/σ)/8
 *   z_2 = Φ⁻¹(F_2(x_2 | x_1))   F_2 = Σ_k w_k Φ((x_2 - m_k2)/σ),  w_k ∝ exp(-(x_1 - m_k1)²/2σ²) */
#ifndef CHAPTER_KR_H
#define CHAPTER_KR_H

void chapter_kr(const double *x, double *z);
/* For x in [-8, 8]², where all but 10⁻¹⁰⁰ of the density is */
void chapter_kr_inverse(const double *z, double *x);

/* log p of the toy density, from the library; F_1(x_1) and F_2(x_2 | x_1) by its integrals, with
 * GSL */
double chapter_kr_log_p(const double *x);
void chapter_kr_by_quadrature(const double *x, double *F);

/* For --plot: lines of a square grid of z, by equal steps of x: z_1 z_2 x_1 x_2 log p(x), a blank
 * line after each */
void chapter_kr_plot(void);

#endif
