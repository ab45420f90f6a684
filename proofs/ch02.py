"""Chapter 2: the affine flow z = A x + b."""
from sympy import Abs, Matrix, Rational, eye, log

from ch01 import standard_normal
from matrices import det, inverse, jacobian, matrix, number, permutation_matrices, vector
from proof import at, golden, proof, require


def affine(A, x, b):
    """z_i = sum_j A_ij x_j + b_i."""
    return Matrix([sum(A[i, j] * x_j for j, x_j in enumerate(x)) + b_i for i, b_i in enumerate(b)])


def symbols_of_an_affine_layer(d):
    A, x, b = matrix("A", d), vector("x", d), vector("b", d)
    z = affine(A, x, b)
    return {"d": d, "A": A, "x": x, "b": b, "z": z, "J": jacobian(z, x)}


@proof("2.1")
def the_affine_layer(d):
    """The Jacobian of z_i = Σ_j A_ij x_j + b_i, by derivatives."""
    return symbols_of_an_affine_layer(d)


@proof("2.2", assumes="(1.4); p_Z = N(0, I)")
def its_log_density(d):
    """The standard normal density at z, times the determinant of the Jacobian made by derivatives."""
    table = symbols_of_an_affine_layer(d)
    p_X = standard_normal(table["z"]) * Abs(det(table["J"]))
    return table | {"p_X": at(table["x"])(p_X)}


@proof("2.3")
def the_example():
    """The text's numbers are these, and with them z, det A and log p(x) are the golden values of the chapter."""
    A, b = Matrix([[2, Rational("0.5")], [Rational("0.1"), Rational("1.5")]]), Matrix([3, -2]) / 10
    x = Matrix([Rational("0.5"), -1])
    z = affine(A, x, b)
    log_p = log(standard_normal(z)) + log(Abs(det(A)))
    golden("ch02", {"z_1": z[0], "z_2": z[1], "det_A": det(A), "log_p_x": log_p})
    return {"A": A, "b": b, "x": x}


@proof("2.4", assumes="N(x; μ, S) is the density of μ + A⁻¹u with u standard normal and S = A⁻¹A⁻ᵀ, A invertible")
def the_log_density_of_a_gaussian(d):
    """A A⁻¹ = I makes S⁻¹ = AᵀA, and det S = 1/det AᵀA; the density of μ + A⁻¹u is given by (1.4)."""
    A, x, mu = matrix("A", d), vector("x", d), vector("m", d)
    S = number("S")
    require(A * inverse(A) - eye(d))
    N = standard_normal(A * (x - mu)) * Abs(det(A))
    return {"d": d, "x": x, r"\mu": mu, "A": A, "b": -A * mu, "S": S, "S^{-1}": A.T * A,
            r"\det S": 1 / det(A.T * A), "N": at(x, mu, S)(N)}


@proof("2.5", assumes="A = PᵀL U with P a permutation, L unit lower triangular, U upper triangular")
def the_log_determinant_by_elimination(d):
    """The determinant of PᵀL U, multiplied out, for each of the d! permutations."""
    L = Matrix(d, d, lambda i, j: matrix("l", d)[i, j] if i > j else int(i == j))
    U = Matrix(d, d, lambda i, j: matrix("u", d)[i, j] if i <= j else 0)
    return [{"d": d, "A": P.T * L * U, "U": U} for P in permutation_matrices(d)]
