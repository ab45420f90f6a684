"""Chapter 12: densities along an ODE, estimates of a trace, steps of Runge and Kutta, flow matching."""
from itertools import product as pairs

from sympy import Expr, Integer, Matrix, Rational, Symbol, atan, exp, eye, factorial, log, pi

from ch05 import Mean
from matrices import Unknown, det, jacobian, matrix, number, smooth, upto, vector
from proof import at, equal, golden, proof, require
from values import Map, Operator
from zero import Unproved


# --- densities ------------------------------------------------------------------------------------
@proof("12.1", cases=(1, 2, 3))
def continuous_flow(d):
    """Defines the flow; shown for z_i = x_i exp(a_i t²/2), the solution for v_i = a_i t z_i."""
    a, x, t = vector("a", d), vector("x", d), number("t")

    def z(at):
        return Matrix([x_i * exp(a_i * at**2 / 2) for a_i, x_i in zip(a, x)])

    return {"z": Map(z, t), "t": t, "x": x, "v": lambda z, t: Matrix([a_i * t * z_i for a_i, z_i in zip(a, z)])}


def field(d: int) -> tuple:
    z = vector("z", d)
    return z, Matrix([smooth(f"v{i}")(*z) for i in upto(d)])


@proof("12.2", assumes="v is differentiable; in a short time h the mass p dz of a region is conserved under z + h v, and "
                       "the derivative is the limit of small h")
def log_density_along_the_path(d):
    """The density after a step of size h is that before it over det(I + h ∂v/∂z), expanded; its derivative by h at h = 0."""
    (z, v), t, h = field(d), number("t"), number("h")
    ratio = 1 / det(eye(d) + h * jacobian(v, z))
    slope = ratio.diff(h).subs(h, 0)
    rho = type("rho", (Unknown,), {"fdiff": lambda self, argindex=1: self * slope, "is_positive": True})
    return {"z": z, "v": v, "t": t, "d": d, r"\rho": rho(t)}


@proof("12.3", assumes="(12.2); ρ(0) = p_X(x) and ρ(1) = p_Z(z(1)) are positive")
def log_density_of_a_continuous_flow(d):
    """The trace is the derivative of −log ρ by (12.2), so its integral over [0, 1] is log ρ(0) − log ρ(1)."""
    (z, v), t, x = field(d), number("t"), vector("x", d)
    p_0, p_1 = Symbol("p0", positive=True), Symbol("p1", positive=True)
    end = vector("e", d)
    table = log_density_along_the_path(d)
    rho = table[r"\rho"]
    trace = -log(rho).diff(table["t"])

    def integral(body, variable, limits):
        require(body - trace)
        if variable != t or limits != (0, 1):
            raise Unproved("another integral")
        return log(p_0) - log(p_1)

    def z_at(time):
        return z if time == t else {Integer(1): end}[time]

    return {"z": Map(z_at, t), "v": v, "t": t, "d": d, "x": x, r"\int": integral,
            "p_X": lambda at: {tuple(x): p_0}[tuple(at)], "p_Z": lambda at: {tuple(end): p_1}[tuple(at)]}


# --- estimates of a trace -------------------------------------------------------------------------
NORMAL, SIGNS = {0: 1, 1: 0, 2: 1, 3: 0, 4: 3}, {0: 1, 1: 0, 2: 1, 3: 0, 4: 1}


def probes(d: int, moments: dict) -> dict:
    """Means of polynomials of independent ε_i with these moments."""
    epsilon, J = vector("e", d), matrix("J", d)

    def mean(value) -> Expr:
        value = value[0] if isinstance(value, Matrix) else value
        found = Integer(0)
        for term in value.expand().as_ordered_terms():
            outside, powers = term, Integer(1)
            for e in epsilon:
                n = term.as_poly(e).degree() if term.has(e) else 0
                outside, powers = outside / e**n, powers * moments[n]
            found += outside * powers
        return found

    def variance(value) -> Expr:
        value = value[0] if isinstance(value, Matrix) else value
        return mean(value**2) - mean(value)**2

    return {"d": d, r"\varepsilon": epsilon, "J": J, "S": (J + J.T) / 2, "E": Operator(mean),
            r"\mathrm{Var}": Operator(variance)}


@proof("12.4", cases=tuple(pairs((1, 2, 3), (0, 1))), assumes="the ε_i are independent, of mean 0 and variance 1")
def estimate_of_a_trace(case):
    """The product is multiplied out; ε_i ε_j has mean 0 for i ≠ j and 1 for i = j."""
    d, signs = case
    return probes(d, SIGNS if signs else NORMAL)


@proof("12.5", cases=(1, 2, 3), assumes="the ε_i are independent and normal")
def its_variance_for_normal_noise(d):
    """The square is multiplied out; ε_i has the moments 0, 1, 0, 3. For the matrix of the chapter it is the golden value."""
    golden("ch12", {"normal_variance": 2 * (Rational(1, 4) + Rational(2, 25) + Rational(1, 25))})
    return probes(d, NORMAL)


@proof("12.6", cases=(1, 2, 3), assumes="the ε_i are independent, 1 or −1 with the same probability")
def its_variance_for_random_signs(d):
    """The square is multiplied out; ε_i has the moments 0, 1, 0, 1. For the matrix of the chapter it is the golden value."""
    golden("ch12", {"rademacher_variance": 2 * Rational(2, 25)})
    return probes(d, SIGNS)


# --- solvers --------------------------------------------------------------------------------------
def coefficients(e: Expr, h) -> dict:
    return {n: c for (n,), c in e.expand().as_poly(h).terms()}


def cut(e: Expr, h, order: int) -> Expr:
    return sum((c * h**n for n, c in coefficients(e, h).items() if n <= order), Integer(0))


def along(step: Expr, time: Expr, h, order: int) -> Expr:
    """v(z + step, t + time) up to h^order, with symbols v_ij for the partial derivatives at (z, t)."""
    found, powers = Integer(0), [Integer(1)]
    for _ in range(order):
        powers.append(cut(powers[-1] * step, h, order))
    for i in range(order + 1):
        for j in range(order + 1):
            found += number(f"v{i}{j}") * powers[i] * time**j / (factorial(i) * factorial(j))
    return cut(found, h, order)


def solution(h, order: int) -> Expr:
    """The Taylor polynomial of z(t + h) − z, by Picard's iteration z(t + h) = z + ∫ v."""
    step = Integer(0)
    for n in upto(order):
        slope = along(step, h, h, n - 1)
        step = sum((c * h**(power + 1) / (power + 1) for power, c in coefficients(slope, h).items()), Integer(0))
    return step


@proof("12.7", assumes="v has four continuous derivatives; on the line")
def a_step_of_Runge_and_Kutta():
    """The step agrees with the Taylor polynomial of the solution, made by Picard's iteration, up to h⁴, with symbols for
    all partial derivatives of v up to order 3."""
    z, t, h = number("z"), number("t"), number("h")
    v = smooth("v")
    nodes = (Rational(1, 2), Rational(1, 2), Integer(1))
    k, taylor = [v(z, t)], [along(Integer(0), Integer(0), h, 3)]
    for node in nodes:
        k.append(v(z + node * h * k[-1], t + node * h))
        taylor.append(along(cut(node * h * taylor[-1], h, 3), node * h, h, 3))

    def becomes(left, right):
        step = (right - z).xreplace(dict(zip(k, taylor)))
        return equal(left, z) and equal(cut(step, h, 4), solution(h, 4))

    return {"z": z, "t": t, "h": h, "v": v, "k": k, r"\leftarrow": becomes}


@proof("12.8", assumes="v and τ are differentiable; the derivative is the limit of small steps")
def the_adjoint(d):
    """In a step of size h, Λ(z + h v, ℓ + h τ) has the derivative a(t) by z where a(t + h) and λ are those by the two
    results; a(t) − a(t + h), divided by h, as h tends to 0."""
    z, v = field(d)
    t, h, slope, tau = number("t"), number("h"), number("l"), smooth("tau")(*z)
    after = vector("A", d)
    before = jacobian(sum(a * (z_i + h * v_i) for a, z_i, v_i in zip(after, z, v)) + slope * h * tau, z)
    rate = -before.diff(h)
    functions: list = []

    def rate_of(i):
        return lambda self, argindex=1: rate[i].xreplace(dict(zip(after, functions)))

    functions += [type(f"a{i}", (Unknown,), {"fdiff": rate_of(i - 1)})(t) for i in upto(d)]
    return {"a": Matrix(functions), "t": t, "z": z, "v": v, r"\lambda": slope, r"\tau": tau}


# --- flow matching --------------------------------------------------------------------------------
@proof("12.9", cases=(1, 2, 3))
def straight_path():
    """The straight line that is x at t = 0 and z at t = 1."""
    return path(2)


def path(d: int) -> dict:
    x, z, t = vector("x", d), vector("z", d), number("t")
    line = Matrix([x_i + (z_i - x_i) * t for x_i, z_i in zip(x, z)])
    require(*(line.subs(t, 0) - x), *(line.subs(t, 1) - z))
    return {"x": x, "z": z, "t": t, "x_t": line}


@proof("12.10", cases=(1, 2, 3), assumes="m is the mean of u given x_t, and v a function of x_t")
def loss_of_flow_matching(d):
    """The squares are multiplied out; under the mean a product of u_i with a function of x_t is that of m_i with it."""
    u, m, v = vector("u", d), vector("m", d), vector("v", d)
    everything = Mean([*u, *m, *v], {})

    def mean(e) -> Expr:
        found = Integer(0)
        for term in e.expand().as_ordered_terms():
            degree = sum(term.as_poly(u_i).degree() for u_i in u if term.has(u_i))
            found += term.xreplace(dict(zip(u, m))) if degree == 1 else term
        return everything(found)

    return {"u": u, "m": m, "v": v, "E": Operator(mean)}


@proof("12.11", cases=(1, 2), assumes="x ~ N(μ, s²I) and z ~ N(0, I) are independent")
def field_of_one_Gaussian(d):
    """The mean of z − x given x_t, of jointly normal variables: the regression line, from the moments of independent
    standard normal draws. At t = 3/4 it is the golden value of the chapter."""
    mu, s, t, x = vector("m", d), number("s", positive=True), number("t", positive=True), vector("x", d)

    def linear(data, latent):
        """Mean, and coefficients of the draws, of a combination of x = μ + s e₁ and z = e₂."""
        return data * mu, Matrix([data * s, latent])

    place, slope = linear(1 - t, t), linear(Integer(-1), Integer(1))
    gain = (place[1].T * slope[1])[0] / (place[1].T * place[1])[0]
    v = slope[0] + gain * (x - place[0])
    numbers = {s: Rational(1, 2), t: Rational(3, 4)} | dict.fromkeys(mu, 1) | dict.fromkeys(x, Rational(1, 2))
    golden("ch12", {"fm_one_v": v[0].subs(numbers)})
    return {"x": x, "t": t, "s": s, r"\mu": mu, "v": at(x, t)(v)}


@proof("12.12", assumes="s > 0")
def least_loss_of_one_Gaussian():
    """The derivative of s·arctan(((1 + s²)t − s²)/s) is the integrand; arctan s + arctan 1/s has slope 0 and is π/2 at
    s = 1. At s = 1/2 it is the golden value of the chapter."""
    s, t = Symbol("s", positive=True), number("t")
    inner = ((1 + s**2) * t - s**2) / s
    antiderivative = s * atan(inner)
    require((atan(s) + atan(1 / s)).diff(s), (atan(s) + atan(1 / s)).subs(s, 1) - pi / 2,
            inner.subs(t, 1) - 1 / s, inner.subs(t, 0) + s)
    golden("ch12", {"fm_one_least_loss": pi / 4})

    def integral(body, variable, limits):
        require(body - antiderivative.diff(t))
        if variable != t or limits != (0, 1):
            raise Unproved("another integral")
        return s * pi / 2

    return {"s": s, "t": t, r"\int": integral}


# --- residual blocks ------------------------------------------------------------------------------
@proof("12.13", cases=(1, 2, 3, 4, 5), assumes="y > −1")
def series_of_the_logarithm(n):
    """Both sides are 0 at y = 0, and have the same derivative, by a geometric sum."""
    y, r = number("y", positive=True), number("r", positive=True)
    rest = log(1 + y) + sum((-y)**k / k for k in upto(n))
    require(rest.subs(y, 0))

    def integral(body, variable, limits):
        require(body - rest.diff(y).subs(y, r))
        if variable != r or limits != (0, y):
            raise Unproved("another integral")
        return rest

    return {"y": y, "r": r, "n": n, r"\int": integral}
