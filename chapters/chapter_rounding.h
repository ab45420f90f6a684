/* Running error analysis (Higham 2002, Accuracy and stability of numerical algorithms, 3.3): with
 * every value x̂ a bound α of its error is computed, |x̂ - x| ≤ α, from the bounds α, β of the
 * operands.
 *
 * The model of arithmetic: rounding to nearest, with unit roundoff u = 2⁻⁵³ for double and 2⁻²⁴ for
 * float, no fused multiply-adds, no overflow and no underflow; and libm's exp and log within one
 * unit in the last place, at most 2u of the result, as glibc states. Then fl(x∘y) = (x∘y)/(1 + δ),
 * |δ| ≤ u, hence |fl(x∘y) - x∘y| ≤ u·|fl(x∘y)|, and
 *
 *   ŝ = fl(x̂ ± ŷ)     |ŝ - s| ≤ α + β + u|ŝ|
 *   p̂ = fl(x̂·ŷ)       |p̂ - p| ≤ |x̂|β + |ŷ|α + αβ + u|p̂|
 *   ê = exp(x̂)        |ê - e| ≤ ê·(2u + e^α - 1)/(1 - 2u)
 *   l̂ = log(x̂)        |l̂ - l| ≤ 2u|l̂|/(1 - 2u) - log(1 - α/x̂),   x̂ > α
 *
 * The bounds themselves are computed in double; each operation makes its own larger by a factor of
 * 1 + 2⁻⁴⁸, which is more than their roundings. So they hold, as long as the model does. */
#ifndef CHAPTER_ROUNDING_H
#define CHAPTER_ROUNDING_H

typedef struct {
  double value, bound; /* x̂, in the format of u, and α */
  double u;
} rounded;

#define UNIT_DOUBLE 0x1p-53
#define UNIT_FLOAT  0x1p-24

/* p/q, rounded to the format; its bound is 0 when the format has it. */
rounded rounded_ratio(double u, double p, double q);
rounded rounded_log_2pi(double u); /* log(2·π) */

rounded rounded_add(rounded a, rounded b);
rounded rounded_sub(rounded a, rounded b);
rounded rounded_mul(rounded a, rounded b);
rounded rounded_half(rounded a); /* exact */
rounded rounded_exp(rounded a);
rounded rounded_log(rounded a);

/* A chapter's section on rounding: log p by `log_p` in double and in float, its error against the
 * exact value `name`, and the bound. Claims that the error is at most the bound, and that the
 * double is the chapter's `value`, but for the last digit where the compiler has evaluated a log
 * itself. */
void chapter_rounding(const char *name, double value, rounded (*log_p)(double u));

#endif
