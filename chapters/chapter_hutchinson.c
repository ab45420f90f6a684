#include "chapter_hutchinson.h"

#include <math.h>
#include <stdio.h>

#include "chapter.h"

enum { MAX_D = 16, SEED = 12 };

static double draw(probe_noise noise, size_t k, size_t i) {
  if (noise == PROBE_NORMAL) return nf_random_normal(SEED, k, i);
  return nf_random_uniform(SEED, k, i) < 0.5 ? -1 : 1;
}

double probe(size_t d, const double *j, probe_noise noise, size_t k) {
  double sum = 0, epsilon[MAX_D];
  for (size_t i = 0; i < d; i++) epsilon[i] = draw(noise, k, i);
  for (size_t i = 0; i < d * d; i++) sum += epsilon[i / d] * j[i] * epsilon[i % d];
  return sum;
}

double probe_variance(size_t d, const double *j, probe_noise noise) {
  double sum = 0;
  for (size_t r = 0; r < d; r++)
    for (size_t c = 0; c < d; c++)
      if (r != c || noise == PROBE_NORMAL) sum += pow(0.5 * (j[r * d + c] + j[c * d + r]), 2);
  return 2 * sum;
}

static chapter_moments sample(size_t d, const double *j, probe_noise noise, size_t n) {
  chapter_moments m = {0};
  for (size_t k = 0; k < n; k++) chapter_moments_add(&m, probe(d, j, noise, k));
  return m;
}

double probe_sample_mean(size_t d, const double *j, probe_noise noise, size_t n) {
  return sample(d, j, noise, n).mean;
}

double probe_sample_variance(size_t d, const double *j, probe_noise noise, size_t n) {
  const chapter_moments m = sample(d, j, noise, n);
  return m.squares / m.n;
}

void hutchinson_plot(void) {
  enum { DRAWS = 4000 };
  double j[MAX_D * MAX_D], trace = 0;
  for (size_t i = 0; i < MAX_D * MAX_D; i++)
    j[i] = nf_random_normal(7, 0, i) / 4 - (i / MAX_D == i % MAX_D ? 0.6 : 0);
  for (size_t i = 0; i < MAX_D; i++) trace += j[i * MAX_D + i];
  printf("%.6g %.6g %.6g\n\n\n", trace, sqrt(probe_variance(MAX_D, j, PROBE_SIGNS)),
         sqrt(probe_variance(MAX_D, j, PROBE_NORMAL)));
  for (probe_noise noise = PROBE_SIGNS; noise <= PROBE_NORMAL; noise++, printf("\n\n"))
    for (size_t k = 0; k < DRAWS; k++) printf("%.5g\n", probe(MAX_D, j, noise, k));
}
