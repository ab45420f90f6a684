"""Chapter 5: the likelihood and its maximum."""
from typing import Callable

from sympy import Abs, Expr, Function, Integer, Matrix, Symbol, eye, log, pi, prod

from ch01 import density, standard_normal
from ch02 import affine
from matrices import det, inverse, jacobian, matrix, number, stack, unknown, upto, vector
from proof import at, equal, proof, require
from zero import Unproved, split


class Mean:
    """A mean value: linear, and monotone. Factors that do not depend on the variables stand outside; of each
    mean that is known the value is given."""

    def __init__(self, variables, known: dict, name: str = "E"):
        self.variables, self.known, self.name = set(variables), known, name

    def __call__(self, e) -> Expr:
        e = (e[0] if isinstance(e, Matrix) else e)
        e = e.xreplace({part: split(part.args[0]) for part in e.atoms(log)}).expand()
        return sum((self.of_term(term) for term in e.as_ordered_terms()), Integer(0))

    def over(self, region: str = "") -> Callable:
        """The meaning of an integral sign: over these variables and this region."""
        def integral(e, variable, where: str) -> Expr:
            if set(stack(variable)) != self.variables or where != region:
                raise Unproved(f"an integral over {variable} in {where}")
            return self(e)

        return integral

    def of_term(self, term: Expr) -> Expr:
        outside, inside = term.as_independent(*self.variables, as_Add=False)
        if inside in self.known:
            return outside * self.known[inside]
        return outside * Function(self.name, positive=inside.is_positive or None, real=True)(inside)


def bound(r: Expr) -> Expr:
    """r − 1 − log r, which is 0 at r = 1 and positive at every other r > 0: its slope 1 − 1/r is negative before
    r = 1 and positive behind it."""
    u, v = Symbol("u"), Symbol("v", positive=True)
    g = u - 1 - log(u)
    require(g.subs(u, 1))
    slope = g.diff(u)
    assert slope.subs(u, 1 + v).factor().is_positive and slope.subs(u, 1 / (1 + v)).factor().is_negative
    return g.subs(u, r)


@proof("5.1", cases=((1, 1), (2, 1), (1, 2), (3, 2), (2, 3)), assumes="(1.5); p_Z = N(0, I); independent samples")
def mean_log_likelihood(size):
    """The logarithm of the product of the densities of n samples in d dimensions, over n."""
    n, d = size
    x = [vector(f"x{i}_", d) for i in upto(n)]
    z = [unknown("f", d)(x_i) for x_i in x]
    J = [jacobian(z_i, x_i) for z_i, x_i in zip(z, x)]

    theta = number("theta")

    def p_X(x_i, given):
        k = x.index(x_i)
        return at(theta)(standard_normal(z[k]) * Abs(det(J[k])))(given)

    likelihood = prod(p_X(x_i, theta) for x_i in x)
    return {"n": n, "d": d, "x": x, "z": z, "J": J, r"\theta": theta, "p_X": p_X,
            r"\mathcal{L}": at(theta)(log(likelihood) / n)}


def two_densities() -> tuple:
    x = number("x")
    p, q = density("p")(x), density("q")(x)
    return x, p, q, Mean([x], {}, "I")


@proof("5.2", assumes="the integral is linear; both densities are positive")
def expected_loss_as_entropy_plus_KL_divergence():
    """The integrals are added under one sign, where the integrands agree, since log(p/q) = log p − log q."""
    x, p, q, integral = two_densities()
    return {"x": x, "p_{data}": p, r"p_\theta": q, r"\int": integral.over(),
            r"E \mathcal{L}(\theta)": integral(p * log(q)), "h(p_{data})": -integral(p * log(p)),
            r"KL(p_{data} \Vert p_\theta)": integral(p * log(p)) - integral(p * log(q))}


@proof("5.3", assumes="the integral is linear and monotone; both densities are positive and their integrals are 1")
def the_KL_divergence_is_not_negative():
    """Left minus right is the integral of p (r − 1 − log r) with r = q/p, which is not negative, and 0 where q = p."""
    x, p, q, integral = two_densities()
    whole = {integral(p): Integer(1), integral(q): Integer(1)}

    def at_least(left, right):
        return equal(left - right, integral(p * bound(q / p)))

    def equals(left, right):
        return equal(left.xreplace(whole), right.xreplace(whole))

    return {"x": x, "p_{data}": p, r"p_\theta": q, r"\int": integral.over(), r"\ge": at_least, "=": equals,
            r"KL(p_{data} \Vert p_\theta)": integral(p * log(p)) - integral(p * log(q))}


@proof("5.4", assumes="μ and S are mean and covariance of the data, A invertible and b = −A μ, the best b; "
                      "a rotation of A changes neither side")
def mean_log_likelihood_of_an_affine_flow(d):
    """The mean of ‖Ax + b‖² is tr(A S Aᵀ) + ‖Aμ + b‖². Any pair A, S has S = A⁻¹ diag(ν) A⁻ᵀ up to a rotation of A,
    hence det S = Πν/(det A)²."""
    A, b, mu, nu = matrix("A", d), vector("b", d), vector("m", d), vector("nu", d, positive=True)
    x = vector("x", d)
    S = Matrix(d, d, lambda i, j: number(f"S{min(i, j)}{max(i, j)}"))
    norm = sum(z_i**2 for z_i in affine(A, x, b)).expand()
    moments = {x[i] * x[j]: S[i, j] + mu[i] * mu[j] for i in range(d) for j in range(d)}
    mean = norm.subs(moments).subs(dict(zip(x, mu)))
    shift = affine(A, mu, b)
    require(mean - (A * S * A.T).trace() - sum(e**2 for e in shift), A * inverse(A) - eye(d))
    L = -sum(nu) / 2 - d * log(2 * pi) / 2 + log(Abs(det(A)))
    return {"d": d, r"\nu": nu, r"\det S": prod(nu) / det(A)**2, r"\mathcal{L}": L}


@proof("5.5", assumes="(5.4)")
def its_maximum(d):
    """Each −(ν − log ν)/2 has slope 0 at ν = 1 and a negative second derivative."""
    nu, determinant = Symbol("nu", positive=True), Symbol("S", positive=True)
    term = -(nu - log(nu)) / 2
    require(term.diff(nu).subs(nu, 1))
    assert term.diff(nu, 2).is_negative
    value = d * term.subs(nu, 1) - log(determinant) / 2 - d * log(2 * pi) / 2
    return {"d": d, r"\det S": determinant, r"\mathcal{L}_{max}": value}
