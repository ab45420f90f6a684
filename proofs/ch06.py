"""Chapter 6: dequantisation, the squash, the logit, and bits per dimension."""
from sympy import Integer, Rational, Symbol, exp, log

from ch01 import density, standard_normal
from ch05 import Mean, bound
from ch05_backward import loss
from matrices import det, jacobian, number, smooth, unknown, upto, vector
from values import Each, Operator
from proof import at, equal, golden, proof, require

LEVELS = Integer(2) ** 8


# --- bounds -------------------------------------------------------------------------------------
def cell(d: int) -> dict:
    """The flow's density p at k + u, and its mass in the cell of k, a number M."""
    k, u, M = vector("k", d), vector("u", d), Symbol("M", positive=True)
    p = density("p")
    return {"d": d, "k": k, "u": u, "p": lambda v: p(*v), r"\Pr": at(k)(M), "mass": {p(*(k + u)): M}}


@proof("6.1", assumes="the integral is linear and monotone, the cell has volume 1, u is uniform in it, p is positive")
def lower_bound_by_uniform_dequantisation(d):
    """Left minus right is the integral of r − 1 − log r with r = p(k + u)/Pr(k), which is not negative, and 0 where p is
    constant in the cell."""
    table = cell(d)
    mean = Mean(table["u"], table["mass"] | {Integer(1): Integer(1)})
    p, M = table["p"](table["k"] + table["u"]), table[r"\Pr"](table["k"])

    def at_least(left, right):
        return equal(left - right, mean(bound(p / M)))

    return table | {r"\int": mean.over("[ 0 , 1 ) ^ d"), "E_u": Operator(mean), r"\ge": at_least}


def noise(table: dict):
    """The density of the noise, and the mean under it, as an integral in which those of q and of p are known."""
    q = density("q")
    u, k = table["u"], table["k"]
    integral = Mean(u, table["mass"] | {q(*u, *k): Integer(1)})
    return q, lambda e: integral(q(*u, *k) * e)


@proof("6.2", assumes="the integral is linear and monotone; q is a density, positive wherever p is")
def lower_bound_with_noise_of_density_q(d):
    """Left minus right is the mean of r − 1 − log r with r = p/(q Pr(k)), which is not negative, and 0 where q is p
    divided by its mass in the cell."""
    table = cell(d)
    q, mean = noise(table)
    p, M = table["p"](table["k"] + table["u"]), table[r"\Pr"](table["k"])
    r = p / q(*table["u"], *table["k"]) / M

    def at_least(left, right):
        return equal(left - right, mean(bound(r)))

    return table | {"q": lambda u, k: q(*u, *k), r"E_{u \sim q}": Operator(mean), r"\ge": at_least}


@proof("6.3", cases=(2, 3, 4), assumes="the mean is linear, monotone, and the same for draws in any order; each weight "
                                       "p/q has mean Pr(k)")
def importance_weighted_bound(M):
    """Of m + 1 weights let a_j be the mean without the j-th: the mean of all a_j is the mean of all weights, and
    Σ (r_j − 1 − log r_j) with r_j = a_j over that mean is (m + 1)(log mean − mean of log a_j), not negative. With r the
    mean of weights over Pr(k), r − 1 has mean 0 and log r has the mean B_M − log Pr(k), not positive."""
    k, draws, P = number("k"), vector("u", M), Symbol("P", positive=True)
    p, q = density("p"), density("q")
    weights = [p(k + u) / q(u, k) for u in draws]
    bound(P)
    for m in upto(len(weights[1:])):
        some = weights[:m] + weights[-1:]
        every = sum(some) / len(some)
        rest = [(sum(some) - w) / m for w in some]
        require(sum(rest) / len(rest) - every,
                sum(bound(a / every) for a in rest) - sum(log(every) - log(a) for a in rest))

    def mean(e):
        return smooth("E")(e)

    B = {(m,): mean(log(sum(weights[:m]) / m)) for m in upto(M)}
    steps = [(B[1,], B[2,]), (B[2,], log(P))]

    def at_most(left, right):
        return any(equal(left, below) and equal(right, above) for below, above in steps)

    return {"k": k, "u": draws, "M": M, "p": p, "q": q, r"\Pr": at(k)(P), r"\le": at_most, "B": B,
            r"E_{u_1, \dots, u_M \sim q}": Operator(mean)}


# --- pixels, squash, logit ----------------------------------------------------------------------
@proof("6.4")
def dequantisation_layer(d):
    """The determinant of the derivatives of (k + u)/256 by v = k + u."""
    v, k, u = vector("v", d), vector("k", d), vector("u", d)
    r = v / LEVELS
    moved = dict(zip(v, k + u))
    return {"d": d, "k": k, "u": u, "r": r.xreplace(moved), "J": jacobian(r, v), "i": Each(*upto(d))}


def squashed(r, alpha):
    """(0, 1) to (α, 1 − α), by its two ends."""
    return (1 - r) * alpha + r * (1 - alpha)


def logit(w):
    return log(w) - log(1 - w)


def squash(d: int) -> dict:
    r, alpha = vector("r", d, positive=True), number("alpha", positive=True)
    w = r.applyfunc(lambda r_i: squashed(r_i, alpha))
    return {"d": d, "r": r, "w": w, r"\alpha": alpha, "J": jacobian(w, r), "i": Each(*upto(d))}


@proof("6.5", assumes="0 < α < 1/2")
def squash_to_the_open_interval(d):
    """The straight line from α at 0 to 1 − α at 1, and the determinant of its derivatives."""
    return squash(d)


@proof("6.6", assumes="0 < w < 1")
def the_logit():
    """The derivative of log w − log(1 − w), and the softplus of both signs of y with exp(y) = w/(1 − w)."""
    w = number("w", positive=True)
    y = log(w / (1 - w))
    require(y - logit(w))
    return {"w": w, "y": y}


@proof("6.7", assumes="0 ≤ r ≤ 1 and 0 < α < 1/2")
def log_det_of_the_logit_layer(d):
    """The determinant of the derivatives of the logit of the squash by r."""
    table = squash(d)
    y = table["w"].applyfunc(lambda w: log(w / (1 - w)))
    return table | {"y": y, "J": jacobian(y, table["r"])}


@proof("6.8", assumes="the loss is differentiable")
def backward_through_the_logit_layer():
    """The derivative of an unknown loss of y and the log-det by r."""
    r, alpha = number("r", positive=True), number("alpha", positive=True)
    w = squashed(r, alpha)
    y = log(w / (1 - w))
    value, (y_bar, slope) = loss(y, log(y.diff(r)))
    return {"w": w, r"\alpha": alpha, r"\bar{r}": value.diff(r), r"\bar{y}": y_bar, r"\lambda": slope}


@proof("6.9", assumes="0 ≤ u < 1; a sample beyond the ends of the logit layer is clamped")
def from_the_line_to_a_pixel():
    """With y the logit of the squash of (k + u)/256, what is rounded down is k + u."""
    k, u, alpha = number("k", positive=True), number("u", positive=True), number("alpha", positive=True)
    w = squashed((k + u) / LEVELS, alpha)

    def floor(e):
        require(e - k - u)
        return k

    return {"k": k, "y": log(w / (1 - w)), r"\alpha": alpha, "floor": floor,
            "words": (r"\text{clamped to } 0 , \dots , 255",)}


@proof("6.10", assumes="a code of b bits for a value of probability 2^−b")
def bits_per_dimension(d):
    """The b with 2^(−b d) = Pr(k)."""
    b, k = number("b"), number("k")
    return {"d": d, "k": k, "bits/dim": b, r"\Pr": at(k)(exp(-b * d * log(2)))}


@proof("6.11", assumes="0 < α < 1/2")
def error_in_bits_per_dimension_of_mixed_squashes():
    """Bits per dimension with the constant of α + (1 − 2α) r where the map is α + (1 − α) r, less those with its own
    constant; at α = 0.05 it is the golden value of the chapter."""
    alpha, r = number("alpha", positive=True), number("r", positive=True)

    def bits(log_det):
        return -log_det / log(2)

    one_sided = alpha * (1 - r) + r
    mixed = bits(log(squashed(r, alpha).diff(r))) - bits(log(one_sided.diff(r)))
    golden("ch06", {"mixed": mixed.subs(alpha, Rational("0.05"))})
    return {r"\alpha": alpha, "alone": mixed}


@proof("6.12", cases=(1, 2, 3), assumes="0 < u < 1; g is differentiable with an invertible Jacobian")
def density_of_noise_that_is_learned(d):
    """Two changes of variables: from the normal ε to v by an unknown g, and from v to u with exp(v) = u/(1 − u), each
    by the determinant of its derivatives."""
    epsilon, k, g, u = vector("epsilon", d), vector("k", d), unknown("g", d), vector("u", d, positive=True)
    of_v = standard_normal(epsilon) / abs(det(jacobian(g(epsilon, k), epsilon)))
    return {"d": d, "k": k, r"\varepsilon": epsilon, "u": u, "q": at(u, k)(of_v * det(jacobian(u.applyfunc(logit), u))),
            "p_Z": at(epsilon)(standard_normal(epsilon)), "J_g": jacobian(g(epsilon, k), epsilon)}
