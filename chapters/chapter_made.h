/* The masked autoencoder of chapter 10, for three values (NOTES 10.4):
 *
 *   h = tanh(W x + b),   (μ, α) = V h + c,   z_i = (x_i - μ_i)·exp(-α_i)
 *
 * with four hidden units of the degrees 1, 1, 2, 2, b = (0.1, -0.1, 0.2, 0), c = 0.1 for μ and 0.05
 * for α, and from 0 W_kj = ((3k + 2j) mod 7 - 3)/10, V_ik = ((2i + 3k) mod 7 - 3)/10 where the
 * masks have 1. */
#ifndef CHAPTER_MADE_H
#define CHAPTER_MADE_H

enum { CHAPTER_MADE_IN = 3, CHAPTER_MADE_HIDDEN = 4 };

/* The masks: is there a weight from input j to hidden unit k, and from k to value i's outputs? */
int chapter_made_first(int k, int j);
int chapter_made_second(int i, int k);

/* h (4), and out (6): μ, then α */
void chapter_made(const double *in, double *h, double *out);
void chapter_made_layer(const double *in, double *z);
/* ∂z_i/∂x_j = e^-α_i·([i = j] - ∂μ_i/∂x_j) - z_i·∂α_i/∂x_j, with ∂h_k/∂x_j = (1 - h_k²)·W_kj */
double chapter_made_slope(const double *in, int i, int j);

#endif
