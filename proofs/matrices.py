"""Vectors and matrices of symbols, determinants and inverses by expansion, functions about which nothing is known."""
from itertools import permutations
from typing import Callable, Iterator

from sympy import Expr, Function, Matrix, MatrixBase, S, Symbol, sympify, zeros


def number(name: str, **known: bool) -> Symbol:
    return Symbol(name, real=True, **known)


def vector(name: str, d: int, **known: bool) -> Matrix:
    return Matrix([number(f"{name}{i}", **known) for i in upto(d)])


def matrix(name: str, rows: int, columns: int = 0) -> Matrix:
    return Matrix([[number(f"{name}{i}{j}") for j in upto(columns or rows)] for i in upto(rows)])


def upto(n: int) -> Iterator[int]:
    """1, 2, …, n."""
    return iter([i + 1 for i in range(int(n))])


def det(m) -> Expr:
    """By expansion along the row with the fewest entries that are not 0."""
    if not isinstance(m, MatrixBase):
        return sympify(m)
    if m.rows != m.cols:
        raise ValueError("the determinant of a matrix that is not square")
    return expansion(m, tuple(range(m.rows)), tuple(range(m.rows)), {})


def expansion(m: MatrixBase, rows: tuple, columns: tuple, known: dict) -> Expr:
    if not rows:
        return S.One
    if (rows, columns) not in known:
        at = min(range(len(rows)), key=lambda k: sum(m[rows[k], j] != 0 for j in columns))
        rest = rows[:at] + rows[at + 1:]
        known[rows, columns] = sum(
            (S.NegativeOne ** (at + k) * m[rows[at], j] * expansion(m, rest, columns[:k] + columns[k + 1:], known)
             for k, j in enumerate(columns) if m[rows[at], j] != 0), S.Zero)
    return known[rows, columns]


def inverse(m: MatrixBase) -> Matrix:
    """The adjugate over the determinant."""
    every, known, whole = tuple(range(m.rows)), {}, det(m)
    if whole == 0:
        raise ValueError("the inverse of a singular matrix")

    def cofactor(i: int, j: int) -> Expr:
        return S.NegativeOne ** (i + j) * expansion(m, every[:j] + every[j + 1:], every[:i] + every[i + 1:], known)

    return Matrix(m.rows, m.rows, lambda i, j: cofactor(i, j) / whole)


def jacobian(of, by):
    """Entry i, j is the derivative of entry i by entry j; the gradient of a number is a column."""
    if not isinstance(by, MatrixBase):
        return of.diff(by)
    if not isinstance(of, MatrixBase):
        return Matrix([of.diff(b) for b in by])
    return Matrix(len(of), len(by), lambda i, j: of[i].diff(by[j]))


def entrywise(function: Callable, value):
    return value.applyfunc(function) if isinstance(value, MatrixBase) else function(value)


def stack(*parts) -> Matrix:
    return Matrix([entry for part in parts for entry in (part if isinstance(part, MatrixBase) else [part])])


def unknown(name: str, size: int = 0) -> Callable:
    """A function of all entries of its arguments, of which only that it is differentiable is known."""
    def f(*arguments):
        flat = list(stack(*arguments))
        if not size:
            return Function(name, real=True)(*flat)
        return Matrix([Function(f"{name}{i}", real=True)(*flat) for i in upto(size)])

    return f


class Unknown(Function):
    """A real function whose derivatives are given by fdiff."""

    def _eval_is_extended_real(self) -> bool:
        return True


def smooth(name: str) -> type:
    """As unknown, to be applied to expressions: the chain rule gives name_k for its k-th partial derivative."""
    def fdiff(self, argindex: int = 1):
        return smooth(f"{name}_{argindex}")(*self.args)

    if name not in SMOOTH:
        SMOOTH[name] = type(name, (Unknown,), {"fdiff": fdiff})
    return SMOOTH[name]


SMOOTH: dict[str, type] = {}


def permutation_matrices(d: int) -> Iterator[Matrix]:
    for order in permutations(range(d)):
        yield Matrix(d, d, lambda i, j: int(order[i] == j))


# --- blocks ---------------------------------------------------------------------------------------
def block(value, height: int, width: int) -> Matrix:
    if isinstance(value, MatrixBase):
        return Matrix(value)
    if value != 0:
        raise ValueError("a number stands instead of a block")
    return zeros(height, width)


def block_diagonal(blocks: list) -> Matrix:
    size = sum(b.rows for b in blocks)
    result, at = zeros(size, size), 0
    for b in blocks:
        result[at:at + b.rows, at:at + b.rows] = b
        at += b.rows
    return result
