#include "chapter_bounds.h"

#include <math.h>

#include "chapter.h"

/* (e^-t - E e^-tS)/t, with E e^-tu = (1 - e^-t)/t; near 0 its limit */
static double frullani(double t, void *draws) {
  const int m = *(int *)draws;
  return t < 1e-8 ? m / 2. - 1 : (exp(-t) - pow(-expm1(-t) / t, m)) / t;
}

double bound_of_draws(int m) { return log(2. / m) + chapter_integral(frullani, &m, 0, 0); }

/* log s times the density of S at s (Irwin and Hall), which is a polynomial between integers */
static double log_sum(double s, void *draws) {
  const int m = *(int *)draws;
  double density = 0, sign = 1;
  for (int j = 0; j <= (int)s && j <= m; j++, sign = -sign)
    density += sign * pow(s - j, m - 1) / (tgamma(j + 1) * tgamma(m - j + 1));
  return m * density * log(s);
}

double bound_of_draws_by_density(int m) {
  double sum = log(2. / m);
  for (int i = 0; i < m; i++) sum += chapter_integral(log_sum, &m, i, i + 1);
  return sum;
}

double bound_of_noise(double a) { return log(2 / (a + 1)) - (1 - a) / (a + 1); }

static double noise_gap(double u, void *power) {
  const double a = *(double *)power, q = (a + 1) * pow(u, a);
  return q * log(2 * u / q);
}

double bound_of_noise_by_gsl(double a) { return chapter_integral(noise_gap, &a, 0, 1); }
