"""Chapter 9: a coupling layer in PyTorch."""
from sympy import Function, Matrix, Rational, exp

from matrices import jacobian, matrix, stack, unknown, vector
from values import Each
from proof import golden, proof


def linear(A, x, b) -> Matrix:
    return Matrix([sum(A[i, j] * x[j] for j in range(A.cols)) + b[i] for i in range(A.rows)])


@proof("9.1", cases=((1, 1, 1), (1, 2, 1), (2, 3, 2), (2, 2, 3)))
def conditioner_of_the_module(size):
    """Three linear maps, entry by entry, with an unknown function instead of the rectifier; the first half of the
    output is s and the second half t."""
    d_a, hidden, d_b = size
    x_a, rectifier = vector("x", d_a), Function("ReLU", real=True)
    A_0, A_2, A_4 = matrix("A", hidden, d_a), matrix("B", hidden), matrix("C", 2 * d_b, hidden)
    b_0, b_2, b_4 = vector("a", hidden), vector("b", hidden), vector("c", 2 * d_b)
    h_1 = [rectifier(y) for y in linear(A_0, x_a, b_0)]
    h_2 = [rectifier(y) for y in linear(A_2, h_1, b_2)]
    out = linear(A_4, h_2, b_4)
    return {"x_a": x_a, "A_0": A_0, "A_2": A_2, "A_4": A_4, "b_0": b_0, "b_2": b_2, "b_4": b_4,
            "s": out[:d_b, :], "t": out[d_b:, :], "ReLU": lambda y: y.applyfunc(rectifier)}


@proof("9.2", cases=(2, 4, 6))
def the_two_results_of_the_module(d):
    """The entries of the output, and the determinant of its Jacobian with arbitrary functions s(x_a) and t(x_a)."""
    half = d // 2
    x_a, x_b = vector("a", half), vector("b", half)
    s, t = unknown("s", half)(x_a), unknown("t", half)(x_a)
    z = stack(x_a, Matrix([x * exp(s_j) + t_j for x, s_j, t_j in zip(x_b, s, t)]))
    return {"d": d, "x_a": x_a, "x_b": x_b, "s": s, "t": t, "z": z, "J": jacobian(z, stack(x_a, x_b))}


@proof("9.3", stated=True, assumes="tensors 0 … 5 and 99 and the first 40 numbers of each; all lie between −1/2 and 1/2")
def rule_for_the_weights():
    """Integers, multiplied and divided with remainder; twice the first number of tensor 99 is the first input of the
    program, written by PyTorch."""
    def value(m: int, i: int) -> Rational:
        remainder = (i + 1) * (i + m + 2) * 7919 % 10007
        return Rational(remainder - 5003, 10007)

    golden("ch09", {"dim4_y1_sample1": 2 * value(99, 0)})
    tensors, numbers = (0, 1, 2, 3, 4, 5, 99), range(40)
    assert all(abs(value(m, i)) < Rational(1, 2) for m in tensors for i in numbers)
    return {r"\omega": lambda m, i: value(int(m), int(i)), "m": Each(*tensors), "i": Each(*numbers)}
