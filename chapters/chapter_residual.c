/* The residual block z = x + tanh(Bx) in the plane (NOTES 12.6). Its log-det is a series, by
 * (12.13) for both eigenvalues of J, the Jacobian of tanh(Bx), with the largest singular value σ
 * of B:
 *
 *   log det(I + J) = Σ_k (-1)^(k+1) tr Jᵏ/k        rest after n terms ≤ 2σⁿ⁺¹/((n+1)(1-σ))
 *
 * Its inverse is the limit of x ← z - tanh(Bx). For z = x + Bx the series is cut at a random N as
 * well, P(N ≥ k) = 2^(1-k), and term k divided by this probability, so that the mean is exact. */
#include "chapter_residual.h"

#include <gsl/gsl_linalg.h>
#include <math.h>
#include <string.h>

#include "chapter.h"
#include "verify/jacobian.h"

static const double B[4] = {0.2, 0.1, -0.3, 0.1};

static double largest_singular_value(void) {
  double u[4], right[4], singular[2], unused[2];
  memcpy(u, B, sizeof u);
  gsl_matrix_view a = gsl_matrix_view_array(u, 2, 2), v = gsl_matrix_view_array(right, 2, 2);
  gsl_vector_view s = gsl_vector_view_array(singular, 2), w = gsl_vector_view_array(unused, 2);
  gsl_linalg_SV_decomp(&a.matrix, &v.matrix, &s.vector, &w.vector);
  return singular[0];
}

static double g(const double x[2], int i) { return tanh(B[2 * i] * x[0] + B[2 * i + 1] * x[1]); }

static void forward(const double x[2], double z[2], double j[4]) {
  for (int i = 0; i < 2; i++) {
    const double y = g(x, i);
    z[i] = x[i] + y;
    for (int k = 0; k < 2; k++) j[2 * i + k] = (1 - y * y) * B[2 * i + k];
  }
}

static double series(const double j[4], int terms) {
  double sum = 0, power[4] = {1, 0, 0, 1}; /* Jᵏ */
  for (int k = 1; k <= terms; k++) {
    double product[4];
    for (int i = 0; i < 4; i++)
      product[i] = power[i / 2 * 2] * j[i % 2] + power[i / 2 * 2 + 1] * j[2 + i % 2];
    memcpy(power, product, sizeof power);
    sum += (k % 2 == 1 ? 1 : -1) * (power[0] + power[3]) / k;
  }
  return sum;
}

static double rest_bound(double sigma, int terms) {
  return 2 * pow(sigma, terms + 1) / ((terms + 1) * (1 - sigma));
}

static void inverse(const double z[2], int iterations, double x[2]) {
  x[0] = z[0], x[1] = z[1];
  for (int k = 0; k < iterations; k++) {
    const double next[2] = {z[0] - g(x, 0), z[1] - g(x, 1)};
    memcpy(x, next, sizeof next);
  }
}

static void block(const double x[2]) {
  double z[2], j[4];
  const double sigma = largest_singular_value();
  forward(x, z, j);
  const double log_det = nf_verify_log_abs_det(2, (double[]){1 + j[0], j[1], j[2], 1 + j[3]});
  chapter_section("(f) A residual block: z = x + tanh(Bx), B = [[0.2, 0.1], [-0.3, 0.1]]");
  chapter_value("residual_sigma", sigma, "largest singular value of B: below 1, invertible");
  chapter_value("residual_z1", z[0], "x₁ + tanh(0.2x₁ + 0.1x₂)");
  chapter_value("residual_z2", z[1], NULL);
  chapter_value("residual_log_det", log_det, "log det(I + J) by LU");
  chapter_claim("of 2×2", log((1 + j[0]) * (1 + j[3]) - j[1] * j[2]), 1e-14);
  chapter_text("\n  log det(I + J) = Σ_k (-1)^(k+1) tr Jᵏ/k; the rest after n terms is at most");
  chapter_text(
      "  d σⁿ⁺¹/((n+1)(1-σ)). The inverse by n iterations of x ← z - tanh(Bx), from x = z.");
  chapter_table("terms", 4, (const char *const[]){"sum", "off by", "at most", "inverse off by"});
  for (int n = 1; n <= 8; n *= 2) {
    const double sum = series(j, n), bound = rest_bound(sigma, n);
    double back[2];
    inverse(z, n, back);
    chapter_row("%d", n);
    chapter_cell(chapter_name("residual_series_%d", n), sum);
    chapter_claim("log det(I + J), within the bound", log_det, bound);
    chapter_cell_unrecorded(sum - log_det);
    chapter_cell_unrecorded(bound);
    chapter_cell(chapter_name("residual_inverse_%d", n),
                 fmax(fabs(back[0] - x[0]), fabs(back[1] - x[1])));
  }
}

/* --- z = x + Bx ------------------------------------------------------------------------------- */

static double trace(void) { return B[0] + B[3]; }
static double det(void) { return B[0] * B[3] - B[1] * B[2]; }

static double linear_log_det(void) { return log(1 + trace() + det()); }

/* tr Bᵏ⁺¹ = tr B·tr Bᵏ - det B·tr Bᵏ⁻¹, by Cayley and Hamilton */
static double estimate(int n) {
  double before = 2, power = trace(), sum = 0; /* tr Bᵏ⁻¹, tr Bᵏ */
  for (int k = 1; k <= n; k++) {
    const double next = trace() * power - det() * before;
    sum += (k % 2 == 1 ? 1 : -1) * power / k * pow(2, k - 1);
    before = power, power = next;
  }
  return sum;
}

/* The series of log det(I + B), cut at a random N with P(N = n) = 2⁻ⁿ */
static void random_cut(void) {
  enum { LONGEST = 60 };
  double mean = 0, square = 0;
  for (int n = 1; n <= LONGEST; n++) {
    const double value = estimate(n), probability = pow(2, -n);
    mean += probability * value, square += probability * value * value;
  }
  chapter_value("roulette_log_det", linear_log_det(), "z = x + Bx: log det(I + B)");
  for (int n = 1; n <= 4; n++)
    chapter_value(chapter_name("roulette_%d", n), estimate(n),
                  n == 1 ? "estimate when N = 1, P = ½" : NULL);
  chapter_value("roulette_mean", mean, "Σ 2⁻ⁿ estimate: no bias");
  chapter_claim("log det(I + B)", linear_log_det(), 1e-12);
  chapter_value("roulette_deviation", sqrt(square - mean * mean), "of one draw");
}

void residual_section(const double x[2]) {
  block(x);
  random_cut();
}
