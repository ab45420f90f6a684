/* The bounds (6.1)-(6.3) for a latent variable, with z for the noise u:
 *
 *   z ~ N(0, 1), x | z ~ N(z, 1), x = 1         so x ~ N(0, 2) and p(z | x) = N(1/2, 1/2)
 *   E_q log(p(x, z)/q(z)) ≤ log p(x)            one draw; equal for q = p(z | x)
 *   E log (1/M)Σ p(x | z_j), z_j ~ N(0, 1)      M draws; grows to log p(x), the gap as
 *                                               Var p(x | z)/(2 M p(x)²) */
#include "chapter_latent.h"

#include <gsl/gsl_math.h>
#include <math.h>

#include "chapter.h"

static double log_normal(double x) { return chapter_log_normal(1, &x); }
static double likelihood(double z) { return exp(log_normal(1 - z)); }

static double joint(double z, void *unused) {
  (void)unused;
  return exp(log_normal(z)) * likelihood(z);
}

/* q·log(p(x, z)/q) for q = N(mean, 1 - mean): the prior at 0, p(z | x) at 1/2 */
static double gap(double z, void *user) {
  const double mean = *(double *)user, sd = sqrt(1 - mean);
  const double log_q = log_normal((z - mean) / sd) - log(sd);
  return exp(log_q) * (log(joint(z, NULL)) - log_q);
}

static double bound_of_one(double mean) { return chapter_integral(gap, &mean, -12, 12); }

/* E log S = ∫ (e^-t - (E e^-tp)^m)/t dt over (0, ∞), here over y = log t, for the sum S of m values
 * p = p(x | z_j); E e^-tp by the trapezoid rule */
static double frullani(double y, void *m) {
  const double step = 0.1, t = exp(y);
  double mean = 0;
  for (int i = -90; i <= 90; i++)
    mean += step * exp(log_normal(i * step) - t * likelihood(i * step));
  return exp(-t) - pow(mean, *(int *)m);
}

static double bound_of_draws(int m) { return chapter_integral(frullani, &m, -40, 60) - log(m); }

/* The same by the trapezoid rule in each z_j; `left` of them are still to be drawn. */
static double bound_of_draws_by_sums(int left, int m, double sum) {
  const double step = 0.4;
  double mean = 0;
  if (left == 0) return log(sum / m);
  for (int i = -20; i <= 20; i++)
    mean += step * exp(log_normal(i * step)) *
            bound_of_draws_by_sums(left - 1, m, sum + likelihood(i * step));
  return mean;
}

void latent_section(void) {
  chapter_section("The same bounds for a latent variable: z ~ N(0, 1), x | z ~ N(z, 1), x = 1");
  const double log_p = -log(4 * M_PI) / 2 - 0.25;
  const double ratio = 2 * exp(1. / 6) / sqrt(3); /* E p(x | z)²/p² */
  chapter_value("elbo_log_p", log_p, "log N(1; 0, 2)");
  chapter_exact(1e-14);
  chapter_claim("GSL: log ∫ p(z) p(x | z)", log(chapter_integral(joint, NULL, -12, 12)), 1e-9);
  chapter_value("elbo_1", log_p - 0.75 + log(2) / 2, "one draw of z ~ N(0, 1): E log p(x | z)");
  chapter_exact(1e-14);
  chapter_claim("GSL: ∫ q log(p(x, z)/q)", bound_of_one(0), 1e-9);
  static const int draws[] = {1, 2, 4, 64};
  double bound = 0;
  for (size_t i = 0; i < sizeof draws / sizeof *draws; i++) {
    const int m = draws[i];
    bound = bound_of_draws(m);
    chapter_unrecorded(chapter_name("elbo_%d_draws", m), bound,
                       "E log (1/M)Σ p(x | z_j), by E exp(-t p(x | z))");
    if (m <= 4)
      chapter_claim("the trapezoid rule over all z_j", bound_of_draws_by_sums(m, m, 0), 1e-9);
  }
  chapter_value("elbo_rate", (ratio - 1) / 2,
                "Var p(x | z)/(2 p²): M times the gap, of many draws");
  chapter_exact(1e-14);
  chapter_claim("64 times the last gap", 64 * (log_p - bound), 3e-3);
  chapter_value("elbo_posterior", log_p, "one draw of N(1/2, 1/2) = p(z | x)");
  chapter_claim("GSL: ∫ q log(p(x, z)/q)", bound_of_one(0.5), 1e-9);
}
