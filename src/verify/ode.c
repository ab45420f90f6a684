#include "verify/ode.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STAGES = 7, MAX_STEPS = 100000 };

/* c_s, a_{s,r}, and b - b*; b is the last row of a. */
static const double node[STAGES] = {0, 1. / 5, 3. / 10, 4. / 5, 8. / 9, 1, 1};
static const double a[STAGES][STAGES - 1] = {
    {0},
    {1. / 5},
    {3. / 40, 9. / 40},
    {44. / 45, -56. / 15, 32. / 9},
    {19372. / 6561, -25360. / 2187, 64448. / 6561, -212. / 729},
    {9017. / 3168, -355. / 33, 46732. / 5247, 49. / 176, -5103. / 18656},
    {35. / 384, 0, 500. / 1113, 125. / 192, -2187. / 6784, 11. / 84}};
static const double difference[STAGES] = {71. / 57600,      0,         -71. / 16695, 71. / 1920,
                                          -17253. / 339200, 22. / 525, -1. / 40};

typedef struct {
  nf_derivative *f;
  void *user;
  size_t n;
  double *k[STAGES], *u; /* the stages, and where the last was */
} stepper;

/* Stages 1 … 6 of a step from y; s->u becomes y after it. Returns err. */
static double attempt(stepper *s, double t, double h, double tolerance, const double *y) {
  for (int i = 1; i < STAGES; i++) {
    for (size_t m = 0; m < s->n; m++) {
      s->u[m] = y[m];
      for (int r = 0; r < i; r++) s->u[m] += h * a[i][r] * s->k[r][m];
    }
    s->f(s->user, t + node[i] * h, s->u, s->k[i]);
  }
  double sum = 0;
  for (size_t m = 0; m < s->n; m++) {
    double e = 0;
    for (int i = 0; i < STAGES; i++) e += h * difference[i] * s->k[i][m];
    const double scale = tolerance * (1 + fmax(fabs(y[m]), fabs(s->u[m])));
    sum += e / scale * (e / scale);
  }
  return sqrt(sum / (double)s->n);
}

static int solve(stepper *s, double from, double to, double tolerance, double *y,
                 size_t *evaluations) {
  double t = from, h = (to - from) / 16;
  size_t count = 1;
  int status = NF_EINVAL;
  s->f(s->user, t, y, s->k[0]);
  for (int step = 0; status == NF_EINVAL && step < MAX_STEPS; step++) {
    const bool last = fabs(h) >= fabs(to - t);
    if (last) h = to - t;
    const double error = attempt(s, t, h, tolerance, y);
    count += STAGES - 1;
    if (!isfinite(error)) return NF_ENONFINITE;
    if (error <= 1) {
      t += h;
      memcpy(y, s->u, s->n * sizeof *y);
      memcpy(s->k[0], s->k[STAGES - 1], s->n * sizeof *y);
      if (last) status = NF_OK;
    }
    h *= fmin(5, fmax(0.2, 0.9 * pow(fmax(error, 1e-10), -0.2)));
  }
  if (evaluations != NULL) *evaluations += count;
  return status;
}

int nf_verify_ode(nf_derivative *f, void *user, size_t n, double from, double to, double tolerance,
                  double *y, size_t *evaluations) {
  double *memory = malloc((STAGES + 1) * n * sizeof *memory);
  if (memory == NULL) return NF_ENOMEM;
  stepper s = {f, user, n, {NULL}, memory + STAGES * n};
  for (int i = 0; i < STAGES; i++) s.k[i] = memory + (size_t)i * n;
  const int status = solve(&s, from, to, tolerance, y, evaluations);
  free(memory);
  return status;
}
