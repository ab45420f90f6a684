/* Hutchinson's estimate of the trace of J (d, d), and its variance, with S = (J + Jᵀ)/2 (NOTES
 * (12.4)-(12.6)):
 *
 *   E εᵀJε = tr J                     for noise with E εεᵀ = I
 *   Var εᵀJε = 2 Σ_ij S_ij²           ε normal
 *   Var εᵀJε = 2 Σ_{i≠j} S_ij²        ε of random signs */
#ifndef CHAPTER_HUTCHINSON_H
#define CHAPTER_HUTCHINSON_H

#include <stddef.h>

typedef enum { PROBE_SIGNS, PROBE_NORMAL } probe_noise;

/* Probe k, εᵀJε; d at most 16 */
double probe(size_t d, const double *j, probe_noise noise, size_t k);
double probe_variance(size_t d, const double *j, probe_noise noise);
/* Mean and variance of n probes */
double probe_sample_mean(size_t d, const double *j, probe_noise noise, size_t n);
double probe_sample_variance(size_t d, const double *j, probe_noise noise, size_t n);

/* For --plot: of a Jacobian of a field of 16 dimensions, its trace and both deviations; then two
 * blocks of estimates, with signs and with normal noise */
void hutchinson_plot(void);

#endif
