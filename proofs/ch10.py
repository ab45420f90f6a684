"""Chapter 10: triangular maps, with functions μ_i and α_i of x_1 … x_(i − 1) about which nothing is known."""
from itertools import combinations_with_replacement

from sympy import Abs, Matrix, Rational, exp, log, pi, prod, sqrt

from ch01 import standard_normal
from ch03 import SIZES, coupling
from ch05_backward import loss
from matrices import det, inverse, jacobian, matrix, number, smooth, unknown, upto, vector
from proof import at, golden, proof, require
from values import Each


def before(name: str, x: Matrix) -> list:
    """Unknown functions, number i of the entries before x_i; the first is a constant."""
    return [unknown(f"{name}{i}")(*x[:i - 1]) if i > 1 else number(f"{name}1") for i in upto(len(x))]


@proof("10.1", assumes="the densities of x_1 … x_i are not 0")
def chain_rule(d):
    """p_i is the density of x_1 … x_i over that of x_1 … x_(i − 1), unknown functions; in the product they cancel."""
    x = vector("x", d)
    joint = [1, *(unknown(f"P{i}")(*x[:i]) for i in upto(d))]
    return {"d": d, "x": x, "p_X": at(x)(joint[d]), "p": [at(x)(joint[i] / joint[i - 1]) for i in upto(d)]}


def triangular(d: int) -> dict:
    x = vector("x", d)
    z = Matrix([unknown(f"f{i}")(*x[:i]) for i in upto(d)])
    return {"d": d, "x": x, "z": z, "J": jacobian(z, x)}


@proof("10.2", assumes="z_i is a differentiable function of x_1 … x_i")
def log_det_of_a_triangular_map(d):
    """The determinant of the derivatives of unknown functions z_i(x_1, …, x_i), expanded."""
    return triangular(d)


@proof("10.3")
def map_of_Knothe_and_Rosenblatt(d):
    """Defines the map, for unknown distribution functions F_i(x_1, …, x_i)."""
    x, quantile = vector("x", d), unknown("Q")
    F = [unknown(f"F{i}")(*x[:i]) for i in upto(d)]
    return {"x": x, "F": [at(x)(F_i) for F_i in F], r"\Phi^{-1}": quantile,
            "z": Matrix([quantile(F_i) for F_i in F]), "i": Each(*upto(d))}


@proof("10.4", assumes="p_i is the derivative of F_i by x_i, and φ that of Φ")
def its_derivative(d):
    """The derivative of Φ(z_i) = F_i by x_i, with unknown functions Φ and z_i of x_1 … x_i."""
    table = triangular(d)
    x, z = table["x"], table["z"]
    p = [smooth("Φ")(z_i).diff(x_i) for z_i, x_i in zip(z, x)]
    return table | {r"\varphi": smooth("Φ_1"), "p": [at(x)(p_i) for p_i in p], "i": Each(*upto(d))}


@proof("10.5", assumes="p_Z is the product of the φ(z_i); all densities are positive")
def its_log_det(d):
    """The determinant of a triangular matrix with the diagonal of (10.4) and symbols below it, expanded."""
    x, z, below = vector("x", d), vector("z", d), matrix("j", d)
    p = [exp(unknown(f"p{i}")(*x[:i])) for i in upto(d)]
    phi = [exp(unknown("phi")(z_i)) for z_i in z]
    J = Matrix(d, d, lambda i, j: p[i] / phi[i] if i == j else below[i, j] if i > j else 0)
    return {"d": d, "x": x, "z": z, "J": J, "p": [at(x)(p_i) for p_i in p], "p_X": at(x)(prod(p)),
            "p_Z": at(z)(prod(phi)), r"\varphi": lambda value: exp(unknown("phi")(value))}


def autoregressive(d: int) -> dict:
    x = vector("x", d)
    mu, alpha = before("m", x), before("a", x)
    z = Matrix([(x_i - m) * exp(-a) for x_i, m, a in zip(x, mu, alpha)])
    named = vector("z", d)
    return {"d": d, "x": x, "z": named, "where": dict(zip(named, z)), "J": jacobian(z, x), "i": Each(*upto(d)),
            r"\mu": [at(x)(m) for m in mu], r"\alpha": [at(x)(a) for a in alpha]}


@proof("10.6", assumes="μ_i and α_i are differentiable functions of x_1 … x_(i − 1)")
def masked_autoregressive_flow(d):
    """The entries of the layer, and the determinant of its Jacobian, expanded. The text's example has the golden values
    of the chapter."""
    if d == 2:
        fifth, eighth = Rational(1, 5), Rational(1, 8)
        z = Matrix([2 * fifth * exp(-fifth), (fifth / 4 - 1) * exp(-eighth)])
        golden("ch10", {"maf_z_1": z[0], "maf_z_2": z[1], "maf_log_det": -fifth - eighth,
                        "maf_log_p": log(standard_normal(z)) - fifth - eighth})
    return autoregressive(d)


@proof("10.7")
def its_inverse(d):
    """z of (10.6) put into the text's formula gives x back."""
    return autoregressive(d)


@proof("10.8", assumes="(1.4); p_Z = N(0, I)")
def density_as_a_product_of_normal_densities(d):
    """The standard normal density at z, times the determinant, against normal densities of the stated moments."""
    table = autoregressive(d)
    z = Matrix([table["where"][z_i] for z_i in table["z"]])

    def N(x, mean, variance):
        return exp(-(x - mean) ** 2 / variance / 2) / sqrt(2 * pi * variance)

    return table | {"N": N, "p_X": at(table["x"])(standard_normal(z) * Abs(det(table["J"])))}


@proof("10.9", cases=SIZES)
def coupling_layer_as_an_autoregressive_layer(sizes):
    """α_b is minus the logarithm of the derivative of z_b of (3.1) by x_b, and μ_b the x_b at which z_b is 0."""
    table = coupling(sizes)
    slopes = Matrix([z_j.diff(x_j) for z_j, x_j in zip(table["z_b"], table["x_b"])])
    zero = Matrix([-z_j.xreplace({x_j: 0 * x_j}) / slope
                   for z_j, x_j, slope in zip(table["z_b"], table["x_b"], slopes)])
    require(*(z_j.xreplace({x_j: x_0}) for z_j, x_j, x_0 in zip(table["z_b"], table["x_b"], zero)))
    return {name: table[name] for name in ("x_a", "s", "t")} | {r"\mu_b": zero, r"\alpha_b": -slopes.applyfunc(log)}


DEGREES = tuple((d, m) for d in (2, 3, 4) for w in (1, 2, 3)
                for m in combinations_with_replacement(range(1, d), w))


@proof("10.10", cases=DEGREES, assumes="1 ≤ m_k < d")
def paths_through_the_masks(size):
    """The hidden units of a degree m with j ≤ m < i are counted, for all degrees of up to three units and d ≤ 4; there
    is none when j ≥ i."""
    d, m = size
    w = len(m)
    paths = Matrix(d, d, lambda i, j: len([m_k for m_k in m if int(j) + 1 <= m_k < int(i) + 1]))
    require(*(paths[i, j] for i in range(d) for j in range(i, d)))
    return {"w": w, "P": paths, "W": Matrix(w, d, lambda k, j: 1 if m[k] >= int(j) + 1 else 0), "i": Each(*upto(d)),
            "V": Matrix(d, w, lambda i, k: 1 if int(i) + 1 > m[k] else 0), "j": Each(*upto(d))}


@proof("10.11", assumes="μ_i and α_i are differentiable functions of z_1 … z_(i − 1)")
def inverse_autoregressive_flow(d):
    """x_i = z_i exp(α_i) + μ_i put into the text's formula gives z back; J is the inverse of the derivatives of x by
    z, multiplied out."""
    z = vector("z", d)
    mu, alpha = before("m", z), before("a", z)
    x = Matrix([z_i * exp(a) + m for z_i, m, a in zip(z, mu, alpha)])
    return {"d": d, "x": x, "z": z, "J": inverse(jacobian(x, z)), "i": Each(*upto(d)),
            r"\mu": [at(z)(m) for m in mu], r"\alpha": [at(z)(a) for a in alpha]}


@proof("10.12", assumes="the loss is differentiable")
def backward_through_the_transform(d):
    """The derivatives of an unknown loss of z and the log-det by every μ_i and α_i."""
    x, mu, alpha = vector("x", d), vector("m", d), vector("a", d)
    z = Matrix([(x_i - m) * exp(-a) for x_i, m, a in zip(x, mu, alpha)])
    value, (z_bar, slope) = loss(z, -sum(alpha))
    return {"z": z, r"\bar{z}": z_bar, r"\alpha": alpha, r"\lambda": slope, "i": Each(*upto(d)),
            r"\bar{\mu}": jacobian(value, mu), r"\bar{\alpha}": jacobian(value, alpha)}
