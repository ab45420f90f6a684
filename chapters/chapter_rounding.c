/* The operations of chapter_rounding.h. Sums, products and quotients of floats are computed in
 * double and rounded to float, which gives the float of the exact result, since 53 ≥ 2·24 + 2
 * (Figueroa 1995). */
#include "chapter_rounding.h"

#include <math.h>
#include <stdbool.h>

#include "chapter.h"

static bool is_float(double u) { return u == UNIT_FLOAT; }
static double in_format(double u, double v) { return is_float(u) ? (double)(float)v : v; }
static rounded with_bound(double u, double value, double bound) {
  return (rounded){value, bound * (1 + 0x1p-48), u};
}

rounded rounded_ratio(double u, double p, double q) {
  const double v = in_format(u, p / q);
  return with_bound(u, v, fma(v, q, -p) == 0 ? 0 : u * fabs(v));
}

rounded rounded_add(rounded a, rounded b) {
  const double v = in_format(a.u, a.value + b.value);
  return with_bound(a.u, v, a.bound + b.bound + a.u * fabs(v));
}

rounded rounded_sub(rounded a, rounded b) {
  return rounded_add(a, (rounded){-b.value, b.bound, b.u});
}

rounded rounded_mul(rounded a, rounded b) {
  const double v = in_format(a.u, a.value * b.value);
  return with_bound(
      a.u, v,
      fabs(a.value) * b.bound + fabs(b.value) * a.bound + a.bound * b.bound + a.u * fabs(v));
}

rounded rounded_half(rounded a) { return (rounded){a.value / 2, a.bound / 2, a.u}; }

rounded rounded_exp(rounded a) {
  const double v = is_float(a.u) ? (double)expf((float)a.value) : exp(a.value);
  return with_bound(a.u, v, v * (2 * a.u + expm1(a.bound)) / (1 - 2 * a.u));
}

rounded rounded_log(rounded a) {
  const double v = is_float(a.u) ? (double)logf((float)a.value) : log(a.value);
  return with_bound(a.u, v, 2 * a.u * fabs(v) / (1 - 2 * a.u) - log1p(-a.bound / a.value));
}

/* The double next to π is closer to it than 2⁻⁵². */
rounded rounded_log_2pi(double u) {
  const double pi = 3.14159265358979323846, v = in_format(u, pi);
  return rounded_log(with_bound(u, 2 * v, 2 * (fabs(v - pi) + 0x1p-52)));
}

void chapter_rounding(const char *name, double value, rounded (*log_p)(double u)) {
  static const struct {
    const char *name;
    double u;
  } format[] = {{"double", UNIT_DOUBLE}, {"float", UNIT_FLOAT}};
  chapter_section("Rounding: a bound that is computed with the value");
  chapter_text("  Each operation adds at most u times its result to the errors of its operands.");
  chapter_table("log p(x) in", 4,
                (const char *[]){"computed", "error", "its bound", "bound/error"});
  for (int i = 0; i < 2; i++) {
    const rounded r = log_p(format[i].u);
    const double error = fabs(chapter_error(name, r.value));
    chapter_row("%s, u = 2^%d", format[i].name, ilogb(format[i].u));
    chapter_cell_unrecorded(r.value);
    if (i == 0) chapter_claim("the chapter's operations", value, 1e-15); /* libm may differ */
    chapter_cell_unrecorded(chapter_rounded(error));
    chapter_bound("the bound", error, r.bound);
    chapter_cell_unrecorded(chapter_rounded(r.bound));
    chapter_cell_unrecorded(chapter_rounded(r.bound / error));
  }
}
