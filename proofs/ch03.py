"""Chapter 3: the affine coupling layer, with conditioners s and t about which nothing is known."""
from itertools import product

from sympy import Abs, Integer, Matrix, Rational, exp, eye, log, pi, sqrt

from ch01 import standard_normal
from matrices import det, jacobian, number, stack, unknown, vector
from proof import at, golden, proof

SIZES = ((1, 1), (1, 2), (2, 1), (2, 2), (1, 3), (3, 1))  # d_a, d_b


def coupling(sizes: tuple, inverse: bool = False) -> dict:
    """z_a = x_a and, entry by entry, z_b = x_b exp(s) + t. Forward knows s and t at x_a, the inverse at z_a."""
    d_a, d_b = sizes
    z_a = vector("z", d_a)
    x_a, x_b, s, t = vector("a", d_a), vector("b", d_b), unknown("s", d_b), unknown("t", d_b)
    z_b = Matrix([x_j * exp(s_j) + t_j for x_j, s_j, t_j in zip(x_b, s(x_a), t(x_a))])
    J = jacobian(stack(x_a, z_b), stack(x_a, x_b))
    known = at(z_a if inverse else x_a)
    return {"d_a": d_a, "d_b": d_b, "x_a": x_a, "x_b": x_b, "z_a": z_a, "z_b": z_b,
            "s": known(s(x_a)), "t": known(t(x_a)), "J": J, "where": dict(zip(z_a, x_a))}


@proof("3.1", cases=SIZES)
def the_affine_coupling_layer(sizes):
    """Defines the layer; the text's vectors are these entries."""
    return coupling(sizes)


@proof("3.2", cases=SIZES, assumes="s and t are differentiable")
def the_Jacobian_in_blocks(sizes):
    """The derivatives of (z_a, z_b) by (x_a, x_b), with arbitrary functions s and t."""
    table = coupling(sizes)
    D, G = jacobian(table["z_b"], table["x_a"]), jacobian(table["z_b"], table["x_b"])
    return table | {"I": eye(sizes[0]), "D": D, "G": G}


@proof("3.3", cases=SIZES, assumes="s and t are differentiable")
def the_log_det_of_the_coupling_layer(sizes):
    """The determinant of the whole Jacobian, expanded, with arbitrary functions s and t."""
    return coupling(sizes)


@proof("3.4", cases=SIZES)
def the_inverse(sizes):
    """z_a and z_b of (3.1) put into the text's formula give x_a and x_b back."""
    return coupling(sizes, inverse=True)


def coupling_in_the_plane() -> dict:
    x, s, t = vector("x", 2), unknown("s"), unknown("t")
    z = Matrix([x[0], x[1] * exp(s(x[0])) + t(x[0])])
    p_X = standard_normal(z) * Abs(det(jacobian(z, x)))
    z_1 = number("z1")
    return {"x": x, "z": Matrix([z_1, z[1]]), "where": {z_1: x[0]},
            "s": at(x[0])(s(x[0])), "t": at(x[0])(t(x[0])), "J": jacobian(z, x), "p_X": at(*x)(p_X)}


@proof("3.5")
def coupling_layer_in_two_dimensions():
    """Defines the example's layer, for arbitrary s and t; with s = x_1/2 and t = x_1/5 it gives the golden values."""
    table = coupling_in_the_plane()
    half, fifth = Rational("0.5"), Rational("0.2")
    example = {table["s"](table["x"][0]): half * half, table["t"](table["x"][0]): fifth * half}
    z = table["z"].xreplace(table["where"]).xreplace(example).xreplace({table["x"][0]: half, table["x"][1]: Integer(-1)})
    golden("ch03", {"z_1": z[0], "z_2": z[1], "log_p_x": log(standard_normal(z)) + half * half})
    return table


@proof("3.6", assumes="s and t are differentiable")
def its_Jacobian_and_log_det():
    """The derivatives of z, for arbitrary s and t, and their determinant."""
    table = coupling_in_the_plane()
    x_1 = table["x"][0]
    return table | {"s'": at(x_1)(table["s"](x_1).diff(x_1)), "t'": at(x_1)(table["t"](x_1).diff(x_1))}


@proof("3.7", assumes="(1.4); p_Z = N(0, I)")
def its_log_density():
    """The standard normal density at z, times the determinant, for arbitrary s and t."""
    return coupling_in_the_plane()


@proof("3.8", assumes="(1.4); p_Z = N(0, I)")
def the_same_density_as_a_product():
    """The standard normal density at z, times the determinant, against normal densities of the stated moments."""

    def N(x, mean, variance):
        return exp(-(x - mean) ** 2 / variance / 2) / sqrt(2 * pi * variance)

    return coupling_in_the_plane() | {"N": N}


@proof("3.9", cases=tuple(mask for d in (1, 2, 3) for mask in product((0, 1), repeat=d)),
       assumes="s and t are differentiable")
def coupling_layer_with_a_binary_mask(mask):
    """Entry by entry: z_i is x_i where the mask is 1, else x_i exp(s_i) + t_i; the determinant for all masks of d ≤ 3."""
    d = len(mask)
    x, s, t = vector("x", d), unknown("s", d), unknown("t", d)
    seen = Matrix([x_i if passes else 0 for x_i, passes in zip(x, mask)])
    changed = [x_i * exp(s_i) + t_i for x_i, s_i, t_i in zip(x, s(seen), t(seen))]
    z = Matrix([x_i if passes else new for x_i, passes, new in zip(x, mask, changed)])
    named = vector("z", d)
    return {"d": d, "x": x, "z": named, "where": dict(zip(named, z)),
            "s": at(seen)(s(seen)), "t": at(seen)(t(seen)), r"\chi": Matrix(mask), "J": jacobian(z, x)}
