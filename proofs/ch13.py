"""Chapter 13: the flow of the University of Amsterdam: its squash, its network, its coupling layer."""
from sympy import Function, Matrix, exp, log, sqrt

from ch05_backward import loss
from ch06 import squashed
from ch09 import linear
from matrices import jacobian, matrix, number, stack, unknown, upto, vector
from meaning import tanh
from proof import proof, require
from values import Each


@proof("13.1", assumes="0 ≤ r ≤ 1 and 0 < α < 1")
def the_squash_and_the_logit(d):
    """The straight line from α/2 at 0 to 1 − α/2 at 1, and the determinant of the derivatives of the logit of it by r."""
    r, alpha = vector("r", d, positive=True), number("alpha", positive=True)
    w = r.applyfunc(lambda r_i: squashed(r_i, alpha / 2))
    y = w.applyfunc(lambda w_i: log(w_i / (1 - w_i)))
    return {"d": d, "r": r, "w": w, r"\alpha": alpha, "J": jacobian(y, r), "i": Each(*upto(d))}


def pair(h) -> Matrix:
    """Two unknown functions of every entry, one after the other."""
    return Matrix([Function(name, real=True)(h_i) for name in ("E", "F") for h_i in h])


@proof("13.2", cases=(1, 2, 3))
def a_gated_block(q):
    """The two linear maps, entry by entry, with two unknown functions for CELU; the first half of the output is a and
    the second b; and the sum entry by entry, with an unknown function of all of its entries for the norm."""
    h, norm = vector("h", q), unknown("N", q)
    A_1, b_1 = matrix("A", q, 2 * q), vector("c", q)
    A_2, b_2 = matrix("B", 2 * q), vector("d", 2 * q)
    out = linear(A_2, pair(linear(A_1, pair(h), b_1)), b_2)
    a, b = out[:q, :], out[q:, :]
    inside = Matrix([h_i + a_i / (1 + exp(-b_i)) for h_i, a_i, b_i in zip(h, a, b)])
    return {"h_{l-1}": h, "h_l": norm(inside), "A_1": A_1, "b_1": b_1, "A_2": A_2, "b_2": b_2, "a": a, "b": b,
            "CELU": pair, "norm": norm}


@proof("13.3", cases=(False, True))
def concatenated_elu(negative):
    """v for a positive v and e^v − 1 for a negative one; for both signs of v."""
    size = number("v", positive=True)
    v = -size if negative else size
    assert v.is_negative == negative

    def elu(y):
        return y if y.is_positive else exp(y) - 1

    return {"v": v, "ELU": elu, "CELU": lambda y: Matrix([elu(y), elu(-y)]), r"\max": lambda a, b: a if a > b else b,
            r"\min": lambda a, b: b if a > b else a}


@proof("13.4", cases=(1, 2, 3), assumes="the loss is differentiable")
def the_gate(q):
    """The derivatives of an unknown loss of r by a and b; that by h is r̄ itself."""
    h, a, b = vector("h", q), vector("a", q), vector("b", q)
    r = Matrix([h_i + a_i / (1 + exp(-b_i)) for h_i, a_i, b_i in zip(h, a, b)])
    value, (r_bar,) = loss(r)
    require(*(jacobian(value, h) - r_bar))
    return {"h": h, "a": a, "b": b, "r": r, r"\bar{r}": r_bar, r"\bar{a}": jacobian(value, a),
            r"\bar{b}": jacobian(value, b)}


def normed(q: int, gamma: Matrix, beta: Matrix, name: str = "r") -> dict:
    r, epsilon = vector(name, q), number("epsilon", positive=True)
    mean = sum(r) / q
    variance = sum(r_j ** 2 for r_j in r) / q - mean ** 2
    unit = r.applyfunc(lambda r_i: (r_i - mean) / sqrt(variance + epsilon))
    y = Matrix([g * x + b for g, x, b in zip(gamma, unit, beta)])
    return {"q": q, "r": r, r"\gamma": gamma, r"\beta": beta, r"\varepsilon": epsilon, r"\mu": mean, "v": variance,
            r"\hat{r}": unit, "y": y, "i": Each(*upto(q))}


@proof("13.5", cases=(2, 3, 4))
def layer_norm(q):
    """The variance as the mean of squares less the square of the mean; what is normed has mean 0, and its squares have
    the mean v/(v + ε)."""
    table = normed(q, vector("g", q), vector("b", q))
    unit, v, epsilon = table[r"\hat{r}"], table["v"], table[r"\varepsilon"]
    require(sum(unit), sum(x ** 2 for x in unit) / q - v / (v + epsilon))
    return table


@proof("13.6")
def the_clamped_scale():
    """The derivatives of f tanh(s̃/f) by s̃ and by the logarithm of f."""
    raw, phi = number("r"), number("phi")
    f = exp(phi)
    return {"s": f * tanh(raw / f), r"\tilde{s}": raw, r"\varphi": phi, "f": f}


def shifted_first(d_a: int, d_b: int) -> dict:
    x_a, x_b = vector("a", d_a), vector("b", d_b)
    s, t = unknown("s", d_b)(x_a), unknown("t", d_b)(x_a)
    z_b = Matrix([(x + t_j) * exp(s_j) for x, s_j, t_j in zip(x_b, s, t)])
    return {"x_a": x_a, "x_b": x_b, "s": s, "t": t, "z_b": z_b, "d_b": d_b,
            "J": jacobian(stack(x_a, z_b), stack(x_a, x_b))}


SIZES = ((1, 1), (1, 2), (2, 1), (2, 2))


@proof("13.7", cases=SIZES, assumes="s and t are differentiable functions of x_a")
def a_coupling_that_shifts_first(sizes):
    """The entries of the layer, the determinant of its Jacobian with arbitrary functions s(x_a) and t(x_a), and x_b from
    z_b."""
    return shifted_first(*sizes)


@proof("13.8", cases=(1, 2, 3), assumes="the loss is differentiable")
def backward_through_it(d_b):
    """The derivatives of an unknown loss of z_b and the log-det by x_b, t and s."""
    x, s, t = vector("x", d_b), vector("s", d_b), vector("t", d_b)
    z = Matrix([(x_j + t_j) * exp(s_j) for x_j, s_j, t_j in zip(x, s, t)])
    value, (z_bar, slope) = loss(z, sum(s))
    return {"z_b": z, "s": s, r"\bar{z}_b": z_bar, r"\lambda": slope, r"\bar{x}_b": jacobian(value, x),
            r"\bar{t}": jacobian(value, t), r"\bar{s}": jacobian(value, s)}


@proof("13.9", cases=(2, 3), assumes="the loss is differentiable")
def backward_through_the_layer_norm(q):
    """The derivatives of an unknown loss of y at two pixels by every entry of r, of γ and of β."""
    gamma, beta = vector("g", q), vector("b", q)
    pixels = [normed(q, gamma, beta, f"r{k}_") for k in upto(2)]
    value, y_bars = loss(*(pixel["y"] for pixel in pixels))
    for pixel, y_bar in zip(pixels, y_bars):
        pixel |= {r"\bar{y}": y_bar, r"\bar{r}": jacobian(value, pixel["r"]),
                  "g": Matrix([g * y for g, y in zip(gamma, y_bar)])}
    whole = {r"\bar{\gamma}": jacobian(value, gamma), r"\bar{\beta}": jacobian(value, beta),
             "pixels": [{name: pixel[name] for name in (r"\bar{y}", r"\hat{r}")} for pixel in pixels]}
    return [pixel | whole for pixel in pixels]
