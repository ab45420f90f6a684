/* Five toy densities on the plane: how a point is drawn, and the log-density. */
#include "nf/data.h"

#include <string.h>

#include "core/nearest.h"
#include "core/real.h"

/* log(eᵃ + eᵇ), a or b finite */
static double log_add(double a, double b) { return fmax(a, b) + log1p(exp(-fabs(a - b))); }

/* log N((x, y); 0, sd²I) */
static double log_round(double x, double y, double sd) {
  return nf_log_normal((x * x + y * y) / (sd * sd), 2) - 2 * log(sd);
}

/* --- moons: on either arc the angle is uniform ---------------------------------------------- */

static const double moon_sd = 0.1;

/* The upper arc, a half circle, moved so that the lower one is its image under x → -x. */
static void upper_moon(double angle, double m[2]) {
  m[0] = cos(angle) - 0.5;
  m[1] = sin(angle) - 0.25;
}

static void draw_moons(nf_random *r, double x[2]) {
  const double sign = nf_random_next_uniform(r) < 0.5 ? 1 : -1;
  upper_moon(NF_PI * nf_random_next_uniform(r), x);
  for (int i = 0; i < 2; i++) x[i] = sign * x[i] + moon_sd * nf_random_next_normal(r);
}

/* p(x) = ½ Σ_± (1/π) ∫_0^π N(x; ±arc(θ), sd²I) dθ, by Gauss and Legendre's 5 points on 32 panels */
static double log_moons(const double x[2]) {
  enum { PANELS = 32, POINTS = 5, NODES = PANELS * POINTS };
  static const double node[POINTS] = {-0.90617984593866399, -0.53846931010568309, 0,
                                      0.53846931010568309, 0.90617984593866399};
  static const double weight[POINTS] = {0.23692688505618909, 0.47862867049936647,
                                        0.56888888888888889, 0.47862867049936647,
                                        0.23692688505618909};
  double exponent[2][NODES], max = -INFINITY, sum = 0;
  for (int k = 0; k < NODES; k++) {
    double m[2];
    upper_moon(NF_PI * (k / POINTS + 0.5 + 0.5 * node[k % POINTS]) / PANELS, m);
    for (int side = 0; side < 2; side++) {
      const double sign = side ? -1 : 1, dx = x[0] - sign * m[0], dy = x[1] - sign * m[1];
      exponent[side][k] = log_round(dx, dy, moon_sd);
      max = fmax(max, exponent[side][k]);
    }
  }
  for (int k = 0; k < NODES; k++)
    sum += weight[k % POINTS] * (exp(exponent[0][k] - max) + exp(exponent[1][k] - max));
  return max + log(sum / (4 * PANELS));
}

/* --- gaussians: the centres are 2·(cos kπ/4, sin kπ/4) --------------------------------------- */

static const double cloud_sd = 0.25;

static void cloud_centre(int k, double m[2]) {
  m[0] = 2 * cos(k * NF_PI / 4);
  m[1] = 2 * sin(k * NF_PI / 4);
}

static void draw_gaussians(nf_random *r, double x[2]) {
  cloud_centre((int)(8 * nf_random_next_uniform(r)), x);
  x[0] += cloud_sd * nf_random_next_normal(r);
  x[1] += cloud_sd * nf_random_next_normal(r);
}

static double log_gaussians(const double x[2]) {
  double log_p = -INFINITY, m[2];
  for (int k = 0; k < 8; k++) {
    cloud_centre(k, m);
    log_p = log_add(log_p, log_round(x[0] - m[0], x[1] - m[1], cloud_sd));
  }
  return log_p - log(8);
}

/* --- banana: x₁ ~ N(0, 1), x₂ = (x₁² - 1)/2 + sd·ε, which is one coupling layer ------------- */

static const double banana_sd = 0.3;

static void draw_banana(nf_random *r, double x[2]) {
  x[0] = nf_random_next_normal(r);
  x[1] = (x[0] * x[0] - 1) / 2 + banana_sd * nf_random_next_normal(r);
}

static double log_banana(const double x[2]) {
  const double e = (x[1] - (x[0] * x[0] - 1) / 2) / banana_sd;
  return nf_log_normal(x[0] * x[0] + e * e, 2) - log(banana_sd);
}

/* --- rings: p(x) = Σ_R ½ exp(-(‖x‖-R)²/2sd²)/Z_R --------------------------------------------- */

static const double ring_radius[2] = {1, 2}, ring_sd = 0.1;

/* Z_R = 2π ∫_0^∞ r exp(-(r-R)²/2sd²) dr */
static double ring_log_mass(double radius) {
  const double u = radius / ring_sd, v = ring_sd * ring_sd;
  return log(2 * NF_PI * v * (exp(-u * u / 2) + u * sqrt(NF_PI / 2) * erfc(-u / sqrt(2))));
}

/* The radius has density ∝ r exp(-(r-R)²/2sd²). Since r ≤ R·exp((r-R)/R), a proposal from
 * N(R + sd²/R, sd²) is accepted with probability (r/R)·exp(-(r-R)/R): nearly always. */
static void draw_rings(nf_random *r, double x[2]) {
  const double radius = ring_radius[nf_random_next_uniform(r) < 0.5];
  const double angle = 2 * NF_PI * nf_random_next_uniform(r);
  double length, accept;
  do {
    length = radius + ring_sd * ring_sd / radius + ring_sd * nf_random_next_normal(r);
    accept = length / radius * exp(1 - length / radius);
  } while (nf_random_next_uniform(r) >= accept);
  x[0] = length * cos(angle);
  x[1] = length * sin(angle);
}

static double log_rings(const double x[2]) {
  const double length = hypot(x[0], x[1]);
  double log_p = -INFINITY;
  for (int k = 0; k < 2; k++) {
    const double u = (length - ring_radius[k]) / ring_sd;
    log_p = log_add(log_p, -u * u / 2 - ring_log_mass(ring_radius[k]));
  }
  return log_p - log(2);
}

/* --- checkerboard: the unit squares of [-2, 2]² whose column + row is even -------------------- */

static void draw_checkerboard(nf_random *r, double x[2]) {
  const double column = floor(4 * nf_random_next_uniform(r)) - 2;
  const double pair = 2 * floor(2 * nf_random_next_uniform(r)) - 2; /* of rows */
  x[0] = column + nf_random_next_uniform(r);
  x[1] = pair + (fmod(column, 2) == 0 ? 0 : 1) + nf_random_next_uniform(r);
}

static double log_checkerboard(const double x[2]) {
  const bool inside = fabs(x[0]) < 2 && fabs(x[1]) < 2;
  const bool even = fmod(floor(x[0]) + floor(x[1]), 2) == 0;
  return inside && even ? -log(8) : -INFINITY;
}

const nf_toy nf_toys[NF_TOYS] = {{"moons", draw_moons, log_moons},
                                 {"gaussians", draw_gaussians, log_gaussians},
                                 {"banana", draw_banana, log_banana},
                                 {"rings", draw_rings, log_rings},
                                 {"checkerboard", draw_checkerboard, log_checkerboard}};

const nf_toy *nf_toy_find(const char *name, nf_error *e) {
  const char *names[NF_TOYS];
  if (nf_status_of(e) != NF_OK) return NULL;
  for (int i = 0; i < NF_TOYS; i++) {
    names[i] = nf_toys[i].name;
    if (strcmp(name, names[i]) == 0) return &nf_toys[i];
  }
  char near[NF_NEAREST];
  nf_fail(e, NF_EINVAL,
          "toy:%s: no such density%s; there are moons, gaussians, banana, rings and checkerboard",
          name, nf_nearest_text("", nf_nearest(name, NF_TOYS, names), near));
  return NULL;
}

void nf_toy_sample(const nf_toy *toy, uint64_t seed, uint64_t first, size_t n, nf_real *x) {
  const uint64_t streams = UINT64_C(0x544f) << 48; /* away from those of weights and noise */
  for (size_t i = 0; i < n; i++) {
    nf_random r = {seed, streams ^ (first + i), 0};
    double point[2];
    toy->draw(&r, point);
    x[2 * i] = NF_R(point[0]);
    x[2 * i + 1] = NF_R(point[1]);
  }
}
