"""Formulas that stand in the running text, in exercises and in their solutions."""
from sympy import Abs, Matrix, Symbol, eye, integrate, log, oo, pi

from ch01 import standard_normal
from matrices import det, matrix, number, vector
from proof import formula, require


def gaussian_mean(e, x):
    """The mean of a polynomial in x over N(0, 1), by integrals."""
    return sum(coefficient * integrate(x**power * standard_normal([x]), (x, -oo, oo))
               for (power,), coefficient in e.as_poly(x).terms())


@formula(r"\tfrac{d}{2} (1 + \log 2\pi) - \log \lvert \det A \rvert")
def entropy_of_an_affine_flow(d):
    """Minus the mean of (2.2) over the latents, with the mean of z² by integration; with A = I it is the entropy of the
    normal density."""
    z, A = Symbol("z", real=True), matrix("A", d)
    one = gaussian_mean(-z**2 / 2 - log(2 * pi) / 2, z)
    return {"d": d, "A": A, "alone": -d * one - log(Abs(det(A)))}


@formula(r"\log \sigma + (1 + \mu^2)/(2 \sigma^2) - \tfrac12")
def KL_divergence_of_two_normal_densities():
    """The mean over N(0, 1) of log N(x; 0, 1) − log N(x; μ, σ²), by integration."""
    x, mu, sigma = Symbol("x", real=True), number("mu"), number("sigma", positive=True)
    exponent = ((x - mu) / sigma)**2 / 2
    require(exponent.subs(x, mu))
    return {r"\mu": mu, r"\sigma": sigma, "alone": gaussian_mean(exponent - x**2 / 2, x) + log(sigma)}


@formula(r"(1 - \rho) S + \rho v I", file="docs/training.md", cases=(1, 2, 3),
         assumes="the sample covariance S has mean Σ; v is the mean variance")
def shrinkage_of_Ledoit_and_Wolf(d):
    """With ‖Σ − vI‖² = α², and β² for the mean of ‖S − Σ‖², the mean of ‖(1 − ρ) S + ρ v I − Σ‖² is
    (1 − ρ)² β² + ρ² α², which is smallest at ρ = β²/(α² + β²). S is Σ ± Δ with equal probability."""
    S, mean, spread = matrix("S", d), matrix("M", d), matrix("D", d)
    v, rho = number("v"), number("rho")

    def shrunk(S, rho):
        return S.applyfunc(lambda entry: entry - rho * entry) + Matrix(d, d, lambda i, j: rho * v if i == j else 0)

    def size(m):
        return sum(entry**2 for entry in m)

    error = sum(size(shrunk(drawn, rho) - mean) for drawn in (mean + spread, mean - spread)) / 2
    alpha, beta = size(mean - v * eye(d)), size(spread)
    require(error - (1 - rho)**2 * beta - rho**2 * alpha, error.diff(rho).subs(rho, beta / (alpha + beta)),
            error.diff(rho, 2) / 2 - alpha - beta)
    return {"S": S, "v": v, r"\rho": rho, "I": eye(d), "alone": shrunk(S, rho)}


@formula(r"\log \lvert \det A \rvert = (\log \det (A S A^T) - \log \det S)/2")
def log_det_and_covariances(d):
    """The determinant of A S Aᵀ, multiplied out, for S = R Rᵀ with R lower triangular."""
    A, R = matrix("A", d), Matrix(d, d, lambda i, j: matrix("R", d)[i, j] if i >= j else 0)
    return {"A": A, "S": R * R.T}


@formula(r"\det(I + v w^T) = 1 + w^T v")
def determinant_of_a_change_of_rank_one(d):
    """Both sides, multiplied out."""
    return {"I": eye(d), "v": vector("v", d), "w": vector("w", d)}


@formula(r"A = I - 2 v v^T / \lVert v \rVert^2")
def a_Householder_reflection(d):
    """Entry by entry; the determinant of the matrix is −1."""
    v = vector("v", d)
    A = Matrix(d, d, lambda i, j: eye(d)[i, j] - 2 * v[i] * v[j] / sum(v_k**2 for v_k in v))
    require(det(A) + 1)
    return {"A": A, "I": eye(d), "v": v}


@formula(r"2 \sum_{j=1}^{d} (d - j)^2 = 2 (d - 1) d (2d - 1)/6", cases=tuple(range(1, 9)),
         assumes="both sides are polynomials of degree 3 in d, so 4 values are enough")
def exact_number_of_operations(d):
    """The sum, at eight values of d."""
    return {"d": d}


@formula(r"B_1 = \log 2 - 1")
def first_bound_of_the_example():
    """The mean of log(2u) over a uniform draw, by integration."""
    u = Symbol("u", positive=True)
    return {"B": [integrate(log(2 * u), (u, 0, 1))]}


@formula(r"B_2 = 2 \log 2 - 3/2")
def second_bound_of_the_example():
    """The mean of log(u_1 + u_2) over uniform draws, by integration; the inner integral is checked by its derivative."""
    u, w = Symbol("u", positive=True), Symbol("w", positive=True)
    primitive = (u + w) * log(u + w) - w
    require(primitive.diff(w) - log(u + w))
    inner = primitive.subs(w, 1) - u * log(u)
    return {"B": [0, integrate(inner.expand(), (u, 0, 1))]}


@formula(r"1/w + 1/(1-w) = 1/(w(1-w))", assumes="0 < w < 1", cases=(1,))
def derivative_of_the_logit(_):
    """The derivative of log w − log(1 − w) is both."""
    w = number("w", positive=True)
    require((log(w) - log(1 - w)).diff(w) - 1 / (w * (1 - w)))
    return {"w": w}


@formula(r"-1/w + 1/(1-w) = (2w - 1)/(w(1-w))", assumes="0 < w < 1", cases=(1,))
def derivative_of_its_log_det(_):
    """The derivative of −log w − log(1 − w) is both."""
    w = number("w", positive=True)
    require((-log(w) - log(1 - w)).diff(w) - (2 * w - 1) / (w * (1 - w)))
    return {"w": w}
