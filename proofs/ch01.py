"""Chapter 1: how a density changes when its space is stretched."""
from sympy import Abs, Function, Matrix, exp, log, pi, prod, sqrt

from matrices import Unknown, inverse, jacobian, matrix, number, smooth, unknown, upto, vector
from values import Points
from proof import at, proof, require


def density(name: str):
    return Function(name, positive=True)


def standard_normal(z):
    return prod(exp(-z_i**2 / 2) / sqrt(2 * pi) for z_i in z)


def volume_ratio(z: Matrix, x: Matrix):
    """The c of dz_1 ∧ … ∧ dz_d = c dx_1 ∧ … ∧ dx_d, by multiplying the differentials out."""
    form = {(): 1}
    for z_i in z:
        differential = {(j,): z_i.diff(x_j) for j, x_j in enumerate(x)}
        form = wedge(form, differential)
    return form[tuple(range(len(x)))]


def wedge(a: dict, b: dict) -> dict:
    found: dict = {}
    for left, p in a.items():
        for (j,), q in b.items():
            if j not in left:
                swaps = sum(i > j for i in left)
                place = tuple(sorted(left + (j,)))
                found[place] = found.get(place, 0) + (-1) ** swaps * p * q
    return found


def monotone(direction: str) -> tuple:
    """A function of one variable whose slope has one sign everywhere and is otherwise unknown; and the distribution
    function of X as a function of that of Z at the same point."""
    slope = density("f_slope")
    if direction == "increasing":
        return type("f", (Unknown,), {"fdiff": lambda self, argindex: slope(*self.args)}), lambda F_Z: F_Z
    return type("f", (Unknown,), {"fdiff": lambda self, argindex: -slope(*self.args)}), lambda F_Z: 1 - F_Z


@proof("1.1", assumes="the event X ≤ x is the event Z ≤ f(x)")
def an_increasing_map_of_the_line():
    """p_X is the derivative of F_X = F_Z∘f for any differentiable F_Z and f, by the chain rule."""
    x, f, F_Z = number("x"), unknown("f"), smooth("F_Z")

    def F_X(x):
        return F_Z(f(x))

    return {"x": x, "f": f, "f'": lambda x: f(x).diff(x), "F_X": F_X, "F_Z": F_Z,
            "p_X": lambda x: F_X(x).diff(x), "p_Z": smooth("F_Z_1")}


@proof("1.2", cases=("increasing", "decreasing"), assumes="f' has one sign")
def the_density_on_the_line(direction):
    """p_X is the derivative of the distribution function, F_Z∘f where f increases and 1 − F_Z∘f where it decreases."""
    x, (f, distribution), F_Z = number("x"), monotone(direction), smooth("F_Z")
    F_X = distribution(F_Z(f(x)))
    return {"x": x, "z": f(x), "f": f, "p_X": at(x)(F_X.diff(x)), "p_Z": smooth("F_Z_1")}


@proof("1.3")
def the_slope_of_the_example():
    """The derivative of z = log(x + √(1 + x²))."""
    x = number("x")
    return {"x": x, "z": log(x + sqrt(1 + x**2))}


@proof("1.4", assumes="the mass p_X dx of a small region is the mass p_Z dz of its image")
def the_density_in_d_dimensions(d):
    """The ratio of volumes is multiplied out from dz_1 ∧ … ∧ dz_d, with d unknown functions of d variables."""
    x, f, p_Z = vector("x", d), unknown("f", d), density("p_Z")
    require(volume_ratio(x, x) - 1)
    return {"x": x, "f": f, "p_Z": lambda z: p_Z(*z),
            "p_X": lambda x: p_Z(*f(x)) * Abs(volume_ratio(f(x), x))}


@proof("1.5", assumes="as (1.4); the densities are not 0")
def the_formula_of_the_whole_suite(d):
    """The logarithm of the mass that is conserved."""
    return the_density_in_d_dimensions(d)


@proof("1.6", assumes="p_Z is the product of d normal densities")
def the_base_density(d):
    """The logarithm of the product of exp(−z_i²/2)/√(2π)."""
    return {"d": d, "z": vector("z", d), "p_Z": standard_normal}


@proof("1.7", assumes="as (1.4); p_Z = N(0, I)")
def the_log_density_of_a_flow(d):
    """The logarithm of the conserved mass, with the product of d normal densities for p_Z."""
    table = the_density_in_d_dimensions(d)
    return table | {"d": d, "p_X": lambda x: standard_normal(table["f"](x)) * Abs(volume_ratio(table["f"](x), x))}


@proof("1.8")
def the_log_det_of_an_element_wise_map(d):
    """The determinant of the Jacobian of d unknown functions, each of its own coordinate."""
    x = vector("x", d)
    z = Matrix([Function(f"f{i}", real=True)(x_i) for i, x_i in zip(upto(d), x)])
    return {"d": d, "x": x, "z": z, "J": jacobian(z, x)}


@proof("1.9", assumes="f and its inverse are differentiable")
def the_log_det_of_the_inverse(d):
    """The derivative of f⁻¹(f(x)) is J_{f⁻¹} J_f by the chain rule, and that of x is I: J_f is the inverse matrix."""
    x, f = vector("x", d), unknown("f", d)
    g = [smooth(f"g{i}") for i in upto(d)]
    z = f(x)
    J_g = Matrix([[smooth(f"g{i}_{j}")(*z) for j in upto(d)] for i in upto(d)])
    require(jacobian(Matrix([g_i(*z) for g_i in g]), x) - J_g * jacobian(z, x))
    G = matrix("G", d)
    return {"x": x, "z": z, "f": f, "J_{f^{-1}}": at(z)(G), "J_f": at(x)(inverse(G))}


@proof("1.10", cases=("increasing", "decreasing"), assumes="on the line; z is a draw of p_Z")
def sampling(direction):
    """x ≤ a is z ≤ f(a)/T, or z ≥ f(a)/T where f decreases; at T = 1 the density of the samples is (1.2)."""
    a, T, z = number("a"), number("T", positive=True), number("z")
    (f, distribution), F_Z, inverse_f = monotone(direction), smooth("F_Z"), unknown("f^-1")
    F = distribution(F_Z(f(a) / T))
    require(F.diff(a).subs(T, 1) - smooth("F_Z_1")(f(a)) * Abs(f(a).diff(a)))
    x = inverse_f(T * z)
    standard = unknown("N")
    return {"x": x, "T": T, "z": z, "f^{-1}": inverse_f, "N": standard, "I": 1,
            r"\sim": lambda left, right: left == z and right == standard(0, 1)}


COMPOSITIONS = ((2, 1), (2, 2), (2, 3), (3, 1), (3, 2), (4, 1))  # K layers of d dimensions


def composition(size: tuple) -> dict:
    """x_i = f_i(x_{i−1}) for unknown f_i; J_i holds the partial derivatives of f_i, and z is x_K."""
    K, d = size
    points = [vector("x", d)]
    for i in upto(K):
        points.append(Matrix([smooth(f"f{i}{row}")(*points[-1]) for row in upto(d)]))

    def partial(i):
        return lambda x: Matrix(d, d, lambda row, by: smooth(f"f{i}{row + 1}_{by + 1}")(*x))

    return {"K": K, "x": Points(points), "z": points[-1], "J": [partial(i) for i in upto(K)]}


@proof("1.11", cases=COMPOSITIONS, assumes="the layers are differentiable")
def the_jacobian_of_a_composition(size):
    """The derivative of f_K(…f_1(x)) by x, against the product of the layers' own Jacobians."""
    return composition(size)


@proof("1.12", cases=COMPOSITIONS, assumes="the layers are differentiable")
def the_log_det_of_a_composition(size):
    """The determinant of the derivative of f_K(…f_1(x)), expanded."""
    return composition(size)
