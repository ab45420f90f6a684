"""Chapter 11: rational-quadratic splines. One bin's numbers are symbols; the derivation solves for the quotient."""
from sympy import Matrix, Poly, Rational, exp, log, solve, sqrt

from ch01 import standard_normal
from ch03 import SIZES
from ch05_backward import loss
from matrices import jacobian, number, smooth, stack, unknown, upto, vector
from proof import golden, proof, require
from values import Each

ENDS = {"x_0": number("x0"), "x_1": number("x1"), "y_0": number("y0"), "y_1": number("y1")}
d0, d1 = number("d0", positive=True), number("d1", positive=True)
s, t, h = number("s", positive=True), number("t"), number("h", positive=True)


def quotient(p, q, t=t, s=s, y0=ENDS["y_0"], y1=ENDS["y_1"]):
    """The quotient of two quadratics in t with the values y0 at 0 and y1 at 1, and its denominator."""
    u = 1 - t
    beta = s * u ** 2 + q * t * u + s * t ** 2
    return (s * y0 * u ** 2 + p * t * u + s * y1 * t ** 2) / beta, beta


def share(t=t, s=s):
    """(y − y_0)/h and β, from the p and q that give the slopes d0 and d1 at the ends of a bin of height 1."""
    p, q = number("p"), number("q")
    eta, beta = quotient(p, q, t, s, 0, 1)
    free, width = number("v"), 1 / s
    slope = quotient(p, q, free, s, 0, 1)[0].diff(free)
    ends = [slope.subs(free, end) - width * d for end, d in ((0, d0), (1, d1))]
    (found,) = solve(ends, (p, q), dict=True)
    return eta.xreplace(found), beta.xreplace(found)


def bin_at(x):
    """y and the symbols of (11.2) at x, with the knots as symbols."""
    x0, x1, y0, y1 = ENDS.values()
    w, height = x1 - x0, y1 - y0
    slope = height / w
    T = (x - x0) / w
    eta, beta = share()
    inside = {t: T, s: slope}
    return ENDS | {"t": T, "u": 1 - T, "s": slope, "w": w, "h": height, r"\delta_0": d0, r"\delta_1": d1,
                   r"\beta": beta.xreplace(inside), "y": y0 + height * eta.xreplace(inside), "x": x}


@proof("11.1", assumes="the denominator is not 0")
def quotient_of_two_quadratics():
    """Defines the quotient; its values are y_0 and y_1 at the ends, and its slopes there those that the text states."""
    p, q, (y0, y1) = number("p"), number("q"), (ENDS["y_0"], ENDS["y_1"])
    y = quotient(p, q)[0]
    require(y.subs(t, 0) - y0, y.subs(t, 1) - y1, y.diff(t).subs(t, 0) - (p - q * y0) / s,
            y.diff(t).subs(t, 1) - (q * y1 - p) / s)
    return ENDS | {"y": y, "p": p, "q": q, "s": s, "t": t, "u": 1 - t}


@proof("11.2", assumes="the knots increase, the slopes are positive")
def function_of_one_bin():
    """p and q are found from the two slopes, by a solver. The text's example has the golden values of the chapter."""
    x = number("x")
    table = bin_at(x)
    first = {ENDS["x_0"]: -2, ENDS["x_1"]: -1, ENDS["y_0"]: -2, ENDS["y_1"]: -Rational(1, 2), d0: 1,
             d1: Rational(3, 5), x: -Rational(3, 2)}
    golden("ch11", {"y_1": table["y"].subs(first), "slope_1": table["y"].diff(x).subs(first)})
    return table


@proof("11.3", assumes="as (11.2)")
def its_slope():
    """The derivative of (11.2) by x."""
    return bin_at(number("x"))


def quadratic(eta):
    """a, b, c of the equation whose root is t when (11.2) has reached the part η of its height."""
    v = number("v")
    reached, beta = share(v)
    c, b, a = Poly((reached * beta).simplify() - number("eta") * beta, v).all_coeffs()[::-1]
    return [part.subs(number("eta"), eta) for part in (a, b, c)]


@proof("11.4", assumes="as (11.2)")
def quadratic_equation_of_the_inverse():
    """The coefficients of s t² + δ_0 t u − η β as a polynomial in t, and its value where η is that of (11.2)."""
    eta = share()[0]
    a, b, c = quadratic(eta)
    return {"a": a, "b": b, "c": c, "t": t, "s": s, r"\eta": eta, r"\delta_0": d0, r"\delta_1": d1}


@proof("11.5", assumes="as (11.2)")
def root_in_the_bin():
    """At the root 2 a t + b is s (δ_1 t² + 2 s t u + δ_0 u²)/β, which is positive: so it is the square root of the
    discriminant, and c is −t (a t + b)."""
    eta, beta = share()
    a, b, _ = quadratic(eta)
    u = 1 - t
    require(2 * a * t + b - s * (d1 * t ** 2 + 2 * s * t * u + d0 * u ** 2) / beta)
    A, B, root = number("a"), number("b"), number("r", positive=True)
    T = (root - B) / (2 * A)
    c = (B ** 2 - root ** 2) / (4 * A)
    require(c + T * (A * T + B))
    return {"a": A, "b": B, "c": c, "t": T}


def inverse_symbols() -> dict:
    eta = number("eta")
    a, b, c = quadratic(eta)
    return {"a": a, "b": b, "c": c, r"\eta": eta, r"\rho": 1 - eta, "s": s, r"\delta_0": d0, r"\delta_1": d1}


@proof("11.6")
def discriminant_as_a_sum_of_squares():
    """Both sides are polynomials in η, the slopes and s, with the a, b, c of (11.4)."""
    return inverse_symbols()


@proof("11.7", assumes="the root of the discriminant is positive")
def ratio_of_the_parts_of_a_bin():
    """t of (11.5) over 1 − t, with the discriminant of a, b and c; b − 2 s η is γ."""
    table = inverse_symbols()
    a, b, c, eta = table["a"], table["b"], table["c"], table[r"\eta"]
    D = (b ** 2 - 4 * a * c).expand()
    T = 2 * c / (-b - sqrt(D))
    return table | {r"\gamma": b - 2 * s * eta, "D": D, "t": T, "u": 1 - T}


@proof("11.8", assumes="0 ≤ m and K m ≤ 1")
def widths_from_raw_numbers(K):
    """The share of bin k is 1 over the sum of exp(r_j − r_k), which cannot overflow where r_k is the largest; the widths
    add up to 2B."""
    r, B, m = vector("r", K), number("B", positive=True), number("m")
    w = Matrix([2 * B * (m + (1 - K * m) / sum(exp(r_j - r_k) for r_j in r)) for r_k in r])
    require(sum(w) - 2 * B)
    return {"K": K, "k": Each(*upto(K)), "B": B, "m": m, "r": r, "w": w}


@proof("11.9", assumes="m < 1")
def slope_from_a_raw_number():
    """m plus the softplus of r + log(exp(1 − m) − 1); it is 1 at r = 0."""
    r, m = number("r"), number("m", positive=True)
    start = log(exp(1 - m) - 1)
    delta = m + log(1 + exp(r + start))
    require(delta.subs(r, 0) - 1)
    return {"m": m, "r": r, r"\delta": delta}


def derivatives() -> dict:
    eta, beta = share()
    return {"t": t, "u": 1 - t, "s": s, "h": h, r"\delta_0": d0, r"\delta_1": d1, r"\beta": beta,
            "y": ENDS["y_0"] + h * eta, r"\eta": eta, r"\rho": 1 - eta}


@proof("11.10", assumes="as (11.2); h and y_0 do not change")
def derivatives_of_the_value():
    """The derivatives of (11.2) by t, s and the slopes, with u = 1 − t."""
    return derivatives()


@proof("11.11", assumes="as (11.2)")
def derivatives_of_the_log_slope():
    """The derivatives of the logarithm of s/h times ∂y/∂t, with β² (∂y/∂t)/(h s) for α."""
    table = derivatives()
    slope = table["y"].diff(t) / h
    return table | {r"\ell": log(slope * s), r"\alpha": (slope * table[r"\beta"] ** 2 / s).factor()}


@proof("11.12", assumes="the loss is differentiable")
def derivatives_by_point_and_knots():
    """The derivatives of an unknown loss of y and ℓ, for unknown functions η(t, s) and ℓ(t, s)."""
    x, (x0, x1, y0, y1) = number("x"), ENDS.values()
    w, height = x1 - x0, y1 - y0
    T, S = (x - x0) / w, height / w
    eta, ell = smooth("η")(T, S), smooth("ℓ")(T, S)
    value, (y_bar, slope) = loss(y0 + height * eta, ell)
    t_bar, s_bar = (y_bar * height * smooth(f"η_{k}")(T, S) + slope * smooth(f"ℓ_{k}")(T, S) for k in upto(2))
    bars = {rf"\bar{{{name[0]}}}_{name[2]}": jacobian(value, symbol) for name, symbol in ENDS.items()}
    return bars | {r"\bar{x}": jacobian(value, x), r"\bar{y}": y_bar, r"\bar{t}": t_bar, r"\bar{s}": s_bar, "t": T,
                   "u": 1 - T, "s": S, "w": w, r"\eta": eta, r"\rho": 1 - eta}


@proof("11.13", cases=SIZES, assumes="each entry of τ is a differentiable function of its value of x_b and of θ")
def coupling_layer_of_splines(sizes):
    """The determinant of the derivatives of (x_a, τ) with unknown functions τ_j and θ, expanded. The text's example has
    the golden value of the chapter."""
    d_a, d_b = sizes
    x_a, x_b = vector("a", d_a), vector("b", d_b)
    theta = unknown("θ", d_b)

    def tau(values, parameters):
        return Matrix([smooth(f"τ{j}")(v, p) for j, (v, p) in enumerate(zip(values, parameters))])

    x, z = stack(x_a, x_b), stack(x_a, tau(x_b, theta(x_a)))
    if sizes == SIZES[0]:
        half, y = Rational(1, 2), -2 + Rational(3, 2) * Rational(5, 8) / Rational(23, 20)
        golden("ch11", {"log_p": log(standard_normal(Matrix([half, y])))
                        + log(Rational(45, 23))})
    return {"d": d_a + d_b, "x_a": x_a, "x_b": x_b, "z_a": x_a, "z_b": tau(x_b, theta(x_a)), r"\tau": tau,
            r"\theta": theta, "x": x, "z": z, "J": jacobian(z, x)}
