"""Chapter 7: what a determinant costs."""
from sympy import Matrix, Rational, Symbol, limit, oo

from matrices import jacobian, matrix, permutation_matrices, unknown, upto, vector
from proof import equal, proof


@proof("7.1", cases=tuple(range(1, 9)), assumes="≈ says that the quotient tends to 1 as d grows")
def operations_of_elimination(d):
    """Below pivot j stand d − j rows with d − j numbers, each a product and a difference; they are counted. The count is
    the polynomial d(d − 1)(2d − 1)/3 of degree 3, at more than 4 values of d, and its quotient by the right tends to 1."""
    n = Symbol("n", positive=True)
    count = sum(2 for pivot in upto(d) for row in upto(d) for column in upto(d) if row > pivot and column > pivot)
    closed = n * (n - 1) * (2 * n - 1) / 3
    leading = Rational(2, 3) * n**3

    def nearly(left, right):
        return equal(left, count) and equal(left, closed.subs(n, d)) and equal(right, leading.subs(n, d)) \
            and limit(closed / leading, n, oo) == 1

    return {"d": d, r"\approx": nearly}


@proof("7.2", assumes="the entries above the diagonal are 0")
def log_determinant_of_a_triangular_matrix(d):
    """The determinant of a lower triangular matrix of symbols, expanded; and of the Jacobian of unknown functions
    z_i(x_1, …, x_i)."""
    x = vector("x", d)
    z = Matrix([unknown(f"f{i}")(*x[:i]) for i in upto(d)])
    return [{"d": d, "J": Matrix(d, d, lambda i, j: matrix("J", d)[i, j] if i >= j else 0)},
            {"d": d, "J": jacobian(z, x)}]


@proof("7.3")
def a_permutation(d):
    """z_i is the entry of x in which row i of P has its 1; the determinant of each of the d! permutations."""
    x = vector("x", d)
    for P in permutation_matrices(d):
        yield {"x": x, "P": P, "z": Matrix([x[list(P.row(i)).index(1)] for i in range(d)])}
