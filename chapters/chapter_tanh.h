/* The field v = a·tanh z on the line, whose flow is known (NOTES 12.3 and 12.4):
 *
 *   sinh z(1) = eᵃ sinh x        log-det = log ∂z/∂x = a + log cosh x - log cosh z(1)
 *
 * Toward it: Euler's steps, those of (12.7), and the two gradients of log p, by the derivative of
 * the steps and by the adjoint equation (12.8). All steps are taken for a = 1 and x = 1/2. */
#ifndef CHAPTER_TANH_H
#define CHAPTER_TANH_H

#include <stddef.h>

#define TANH_A 1.0
#define TANH_X 0.5

double tanh_z(double a, double x);
double tanh_log_det(double a, double x);
double tanh_log_p(double a, double x);

/* Σ log(1 + h ∂v/∂z), the log-det of N steps z ← z + h v */
double tanh_by_euler(size_t steps);

typedef struct {
  double z, log_det; /* log_det is ∫ tr ∂v/∂z dt */
  double slope;      /* log ∂z/∂x of the map of the steps, by differences */
  double trip;       /* x after N steps forward and N backward, less x */
} tanh_steps;
tanh_steps tanh_by_steps(size_t steps);

/* ∂log p/∂a of N steps: their derivative, the same by differences, and the adjoint */
double tanh_steps_da(size_t steps);
double tanh_differences_da(size_t steps);
double tanh_adjoint_da(size_t steps);

#endif
