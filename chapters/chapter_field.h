/* Chapter 12's field of a network in the plane, [3, 16, 16, 16, 2] with tanh (NOTES 12.2 and 12.3):
 * as the library's layer, which takes N steps and has the exact trace, and as a derivative for
 * solvers that pick their own steps, with the trace by differences. */
#ifndef CHAPTER_FIELD_H
#define CHAPTER_FIELD_H

#include "nf/nf.h"

/* The layer with N steps; its weights are the same for any N. */
nf_flow *field_flow(size_t steps);

/* d/dt of y = (z, ∫ tr ∂v/∂z dt), three values; user is the nf_net of a field_flow. */
void field_derivative(void *user, double t, const double *y, double *dy);

#endif
