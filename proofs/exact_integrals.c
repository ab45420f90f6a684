/* The integrals of chapters 1 to 3 by rigorous quadrature: Gauss and Legendre's rule on pieces on
 * which the integrand is analytic, each with a bound of its error from the integrand's values on an
 * ellipse of the complex plane (acb_calc_integrate; Johansson 2018). In the plane the inner
 * integral is a function of the outer variable, itself enclosed. What lies outside of the box is
 * bounded:
 *
 *   sinh⁻¹    |z| > L                              Pr ≤ erfc(L/√2)
 *   coupling  |x₁| > L, or |x₁| ≤ L and |x₂| > R   Pr ≤ erfc(L/√2) + erfc(M/√2)
 *   affine    |xᵢ - μᵢ| > R for an i               Pr ≤ 2·(det A/σ²)·erfc(σR/√2)
 *
 * with M = R e^(-L/2) - L/5; the first two by substitution in one variable, the last by
 * ‖A(x - μ)‖ ≥ σ‖x - μ‖, that is, AᵀA - σ²I is positive definite. None uses the change of
 * variables in the plane, which is what the integrals check. */
#include "ball.h"
#include "exact.h"

/* A density p(x₁, x₂) as a function of x₂ from -end to end, at an x₁ of the outer integral. */
typedef struct {
  acb_calc_func_t p;
  ball end;
  acb_srcptr x1;
} density;

enum { GOAL = 112, PREC = 144, INNER_LIMIT = 3000 }; /* 2^-112 is 2e-34 */

/* ∫ f from a to b within about 2^-GOAL: a ball that contains it. */
static void integrate_from(acb_t sum, acb_calc_func_t f, void *param, const arb_t a, const arb_t b,
                           long limit) {
  mag_t tolerance;
  acb_t from, to;
  acb_calc_integrate_opt_t options;
  mag_init(tolerance);
  acb_init(from);
  acb_init(to);
  mag_set_ui_2exp_si(tolerance, 1, -GOAL);
  acb_set_arb(from, a);
  acb_set_arb(to, b);
  acb_calc_integrate_opt_init(options);
  options->eval_limit = limit;
  acb_calc_integrate(sum, f, param, from, to, GOAL, tolerance, options, PREC);
  mag_clear(tolerance);
  acb_clear(from);
  acb_clear(to);
}

/* ∫ f from -end to end */
static void integrate(acb_t sum, acb_calc_func_t f, void *param, ball end, long limit) {
  arb_t start;
  arb_init(start);
  arb_neg(start, end);
  integrate_from(sum, f, param, start, end, limit);
  arb_clear(start);
}

/* exp(-square/2)/√(2π)^d */
static void normal(acb_t p, const acb_t square, long d, slong prec) {
  acb_t height;
  acb_init(height);
  acb_const_pi(height, prec);
  acb_mul_2exp_si(height, height, 1);
  acb_pow_si(height, height, d, prec);
  acb_sqrt(height, height, prec);
  acb_mul_2exp_si(p, square, -1);
  acb_neg(p, p);
  acb_exp(p, p, prec);
  acb_div(p, p, height, prec);
  acb_clear(height);
}

/* Chapter 1: exp(-z²/2)/√(2π)/√(1 + x²),  z = log(x + √(1 + x²)) = -log(√(1 + x²) - x), of which
 * the one without cancellation is taken. */
static int p_sinh(acb_ptr p, const acb_t x, void *param, slong order, slong prec) {
  (void)param;
  acb_t square, slope, z;
  acb_init(square);
  acb_init(slope);
  acb_init(z);
  acb_mul(square, x, x, prec);
  acb_add_ui(square, square, 1, prec);
  acb_sqrt_analytic(slope, square, order > 0, prec);
  acb_set(z, x);
  if (arf_sgn(arb_midref(acb_realref(x))) < 0) acb_neg(z, z);
  acb_add(z, z, slope, prec);
  acb_log_analytic(z, z, order > 0, prec); /* of |x|: z² is the same */
  acb_mul(z, z, z, prec);
  normal(p, z, 1, prec);
  acb_div(p, p, slope, prec);
  acb_clear(square);
  acb_clear(slope);
  acb_clear(z);
  return 0;
}

/* erfc(x/√2) */
static ball outside(ball x) {
  ball r = new_ball();
  arb_hypgeom_erfc(r, quotient(x, root(integer(2))), BITS);
  return r;
}

/* The ball that contains inside + t for every 0 ≤ t ≤ tail. */
static ball with_tail(const acb_t inside, ball tail) {
  ball r = new_ball();
  arb_set(r, acb_realref(inside));
  arb_add_error(r, tail);
  return r;
}

static void line(void) {
  acb_t sum;
  acb_init(sum);
  ball l = integer(12), end = new_ball();
  arb_sinh(end, l, BITS);
  integrate(sum, p_sinh, NULL, end, 0);
  print_exact("ch01_integral", with_tail(sum, outside(l)));
  integrate_from(sum, p_sinh, NULL, ratio(3, 4), ratio(4, 3), 0);
  print_exact("ch01_mass_by_quadrature", with_tail(sum, integer(0)));
  acb_clear(sum);
}

/* --- in the plane --------------------------------------------------------------------------- */

/* det·N(z; 0, I) with z = A x + b; x₂ varies, x₁ is *param */
static int p_affine(acb_ptr p, const acb_t x2, void *param, slong order, slong prec) {
  (void)order;
  const density *g = param;
  acb_t z1, z2;
  acb_init(z1);
  acb_init(z2);
  acb_mul_ui(z1, g->x1, 20, prec); /* 10 z₁ = 20 x₁ + 5 x₂ + 3 */
  acb_addmul_ui(z1, x2, 5, prec);
  acb_add_ui(z1, z1, 3, prec);
  acb_mul_ui(z2, x2, 15, prec); /* 10 z₂ = x₁ + 15 x₂ - 2 */
  acb_add(z2, z2, g->x1, prec);
  acb_sub_ui(z2, z2, 2, prec);
  acb_mul(z1, z1, z1, prec);
  acb_addmul(z1, z2, z2, prec);
  acb_div_ui(z1, z1, 100, prec);
  normal(p, z1, 2, prec);
  acb_mul_ui(p, p, 295, prec); /* det A = 2.95 */
  acb_div_ui(p, p, 100, prec);
  acb_clear(z1);
  acb_clear(z2);
  return 0;
}

/* e^s·N(y; 0, I) with y = (x₁, x₂ e^s + t), s = x₁/2, t = x₁/5 */
static int p_coupling(acb_ptr p, const acb_t x2, void *param, slong order, slong prec) {
  (void)order;
  const density *g = param;
  acb_t scale, y;
  acb_init(scale);
  acb_init(y);
  acb_mul_2exp_si(scale, g->x1, -1);
  acb_exp(scale, scale, prec);
  acb_div_ui(y, g->x1, 5, prec);
  acb_addmul(y, x2, scale, prec);
  acb_mul(y, y, y, prec);
  acb_addmul(y, g->x1, g->x1, prec);
  normal(p, y, 2, prec);
  acb_mul(p, p, scale, prec);
  acb_clear(scale);
  acb_clear(y);
  return 0;
}

/* ∫ p dx₂ at x₁; no value on a wide ball, which makes the outer rule halve its piece. */
static int inner(acb_ptr p, const acb_t x1, void *param, slong order, slong prec) {
  (void)order, (void)prec;
  density g = *(const density *)param;
  if (mag_cmp_2exp_si(arb_radref(acb_realref(x1)), -1) > 0) {
    acb_indeterminate(p);
    return 0;
  }
  g.x1 = x1;
  integrate(p, g.p, &g, g.end, INNER_LIMIT);
  return 0;
}

static void plane(const char *name, density g, ball end, ball tail) {
  acb_t sum;
  acb_init(sum);
  integrate(sum, inner, &g, end, 0);
  print_exact(name, with_tail(sum, tail));
  acb_clear(sum);
}

/* μ = -A⁻¹b = (-55, 43)/295, so a square of half-width 10 contains that of 9.8 around μ; and with
 * σ² = 1.8 the matrix AᵀA - σ²I = [2.21 1.15; 1.15 0.7] has the determinant 0.2245. */
static void affine(void) {
  ball end = integer(10), variance = ratio(9, 5);
  ball tail = outside(mul(root(variance), ratio(49, 5)));
  tail = mul(tail, quotient(ratio(2 * 295, 100), variance));
  plane("ch02_integral", (density){p_affine, end, NULL}, end, tail);
}

static void coupling(void) {
  ball l = integer(12), r = integer(7000);
  ball m = sub(mul(r, exponential(quotient(l, integer(-2)))), quotient(l, integer(5)));
  plane("ch03_integral", (density){p_coupling, r, NULL}, l, add(outside(l), outside(m)));
}

void exact_integrals(void) {
  line();
  affine();
  coupling();
}
