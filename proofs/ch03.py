"""Chapter 3: the affine coupling layer, with conditioners s and t about which nothing is known."""
from sympy import Abs, Matrix, eye, exp, pi, sqrt

from ch02 import standard_normal
from matrices import det, jacobian, number, stack, unknown, vector
from meaning import Map
from proof import golden, proof

SIZES = ((1, 1), (1, 2), (2, 1), (2, 2), (1, 3), (3, 1))  # d_a, d_b


def coupling(sizes: tuple) -> dict:
    """z_a = x_a and, entry by entry, z_b = x_b exp(s) + t."""
    d_a, d_b = sizes
    x_a, x_b, s, t = vector("a", d_a), vector("b", d_b), unknown("s", d_b), unknown("t", d_b)
    z_b = Matrix([x_j * exp(s_j) + t_j for x_j, s_j, t_j in zip(x_b, s(x_a), t(x_a))])
    J = jacobian(stack(x_a, z_b), stack(x_a, x_b))
    return {"d_a": d_a, "d_b": d_b, "x_a": x_a, "x_b": x_b, "z_a": x_a, "z_b": z_b, "s": s, "t": t, "J": J}


@proof("3.1", cases=SIZES)
def the_affine_coupling_layer(sizes):
    """Defines the layer; the text's vectors are these entries."""
    return coupling(sizes)


@proof("3.2", cases=SIZES, assumes="s and t are differentiable")
def the_Jacobian_in_blocks(sizes):
    """The derivatives of (z_a, z_b) by (x_a, x_b), with arbitrary functions s and t."""
    table = coupling(sizes)
    E = jacobian(table["z_b"], table["x_b"])
    B = jacobian(table["z_b"], table["x_a"])
    return table | {"I": eye(sizes[0]), "B": B, "E": E}


@proof("3.3", cases=SIZES, assumes="s and t are differentiable")
def the_log_det_of_the_coupling_layer(sizes):
    """The determinant of the whole Jacobian, expanded, with arbitrary functions s and t."""
    return coupling(sizes)


@proof("3.4", cases=SIZES)
def the_inverse(sizes):
    """z_a and z_b of (3.1) put into the text's formula give x_a and x_b back."""
    return coupling(sizes)


@proof("3.5", assumes="(1.4); p_Z = N(0, I)")
def the_density_of_the_example_as_a_product():
    """The standard normal density at z, times the determinant, for arbitrary s and t of one number; the numbers of
    the example are the golden values of the chapter."""
    x, s, t = vector("x", 2), unknown("s"), unknown("t")
    z = Matrix([x[0], x[1] * exp(s(x[0])) + t(x[0])])
    p_X = standard_normal(z) * Abs(det(jacobian(z, x)))

    def N(x, mean, variance):
        return exp(-(x - mean) ** 2 / variance / 2) / sqrt(variance) / sqrt(2 * pi)

    return {"x": x, "s": s, "t": t, "N": N, "p_X": lambda x_1, x_2: p_X}
