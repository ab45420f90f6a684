/* Chapters 1 to 3: a point through sinh⁻¹, an affine map and a coupling layer. In chapter 1 every
 * number is rational but for logarithms, because 1 + x² is the square of a fraction r/q:
 *
 *   x = p/q   z = log((p + r)/q)   dz/dx = q/r */
#include <stdio.h>

#include "ball.h"
#include "exact.h"

static ball square(ball a) { return mul(a, a); }

/* Φ(b) - Φ(a) for the normal distribution function Φ */
static ball normal_mass(ball a, ball b) {
  ball from = new_ball(), to = new_ball(), sqrt_2 = root(integer(2));
  arb_hypgeom_erf(from, quotient(a, sqrt_2), BITS);
  arb_hypgeom_erf(to, quotient(b, sqrt_2), BITS);
  return quotient(sub(to, from), integer(2));
}

static void coordinates(void) {
  static const long p[4] = {3, 4, -12, 15}, q[4] = {4, 3, 5, 8}, r[4] = {5, 5, 13, 17};
  ball log_det = integer(0), log_p_z = integer(0);
  for (int i = 0; i < 4; i++) {
    char name[40];
    ball z = logarithm(ratio(p[i] + r[i], q[i])), log_slope = logarithm(ratio(q[i], r[i]));
    ball log_p = log_normal(square(z), 1);
    snprintf(name, sizeof name, "ch01_z_%d", i + 1);
    print_exact(name, z);
    snprintf(name, sizeof name, "ch01_log_slope_%d", i + 1);
    print_exact(name, log_slope);
    snprintf(name, sizeof name, "ch01_log_p_z_%d", i + 1);
    print_exact(name, log_p);
    log_det = add(log_det, log_slope);
    log_p_z = add(log_p_z, log_p);
  }
  print_exact("ch01_log_abs_det", log_det);
  print_exact("ch01_log_p_z", log_p_z);
  print_exact("ch01_log_p_x", add(log_p_z, log_det));
}

void exact_change_of_variables(void) {
  ball z = logarithm(integer(2)), slope = ratio(4, 5), p_z = exponential(log_normal(square(z), 1));
  ball to = logarithm(integer(3)), width_z = sub(to, z), width_x = sub(ratio(4, 3), ratio(3, 4));
  ball mass = normal_mass(z, to);
  print_exact("ch01_z", z);
  print_exact("ch01_dz_dx", slope);
  print_exact("ch01_p_z", p_z);
  print_exact("ch01_p_x", mul(slope, p_z));
  print_exact("ch01_width_z", width_z);
  print_exact("ch01_width_x", width_x);
  print_exact("ch01_mass", mass);
  print_exact("ch01_mean_height_z", quotient(mass, width_z));
  print_exact("ch01_mean_height_x", quotient(mass, width_x));
  coordinates();
}

void exact_linear(void) {
  ball a[2][2] = {{integer(2), ratio(1, 2)}, {ratio(1, 10), ratio(3, 2)}};
  ball b[2] = {ratio(3, 10), ratio(-1, 5)}, x[2] = {ratio(1, 2), integer(-1)}, z[2];
  for (int i = 0; i < 2; i++) z[i] = add(add(mul(a[i][0], x[0]), mul(a[i][1], x[1])), b[i]);
  ball det = sub(mul(a[0][0], a[1][1]), mul(a[0][1], a[1][0])), log_det = logarithm(det);
  ball norm = add(square(z[0]), square(z[1])), log_p_z = log_normal(norm, 2);
  print_exact("ch02_z_1", z[0]);
  print_exact("ch02_z_2", z[1]);
  print_exact("ch02_det_A", det);
  print_exact("ch02_log_abs_det", log_det);
  print_exact("ch02_z_norm_sq", norm);
  print_exact("ch02_log_p_z", log_p_z);
  print_exact("ch02_log_p_x", add(log_p_z, log_det));
}

void exact_coupling(void) {
  ball x1 = ratio(1, 2), x2 = integer(-1), s = mul(ratio(1, 2), x1), t = mul(ratio(1, 5), x1);
  ball det = exponential(s), z2 = add(mul(x2, det), t), norm = add(square(x1), square(z2));
  ball log_p_z = log_normal(norm, 2);
  print_exact("ch03_z_1", x1);
  print_exact("ch03_z_2", z2);
  print_exact("ch03_det_J", det);
  print_exact("ch03_log_abs_det", s);
  print_exact("ch03_z_norm_sq", norm);
  print_exact("ch03_log_p_z", log_p_z);
  print_exact("ch03_log_p_x", add(log_p_z, s));
}
