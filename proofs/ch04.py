"""Chapter 4: the layers of NICE, RealNVP and Glow."""
from sympy import Integer, Matrix, exp, log

from ch01 import standard_normal
from ch02 import affine
from ch03 import SIZES, coupling
from matrices import jacobian, matrix, number, permutation_matrices, stack, upto, unknown, vector
from values import Each
from proof import at, equal, proof

IMAGES = ((1, 1, 3), (1, 2, 1), (2, 1, 2), (3, 1, 2), (2, 2, 2))  # H, W, C


@proof("4.1", cases=SIZES, assumes="s and t are functions of x_a")
def coupling_layer_of_all_three_families(sizes):
    """The entries of the layer, and the determinant of its Jacobian with arbitrary functions s(x_a) and t(x_a)."""
    table = coupling(sizes)
    return table | {"s": table["s"](table["x_a"]), "t": table["t"](table["x_a"])}


def log_scales(raw, gamma) -> tuple:
    """log g of NICE, RealNVP with and without tanh, Glow."""
    tanh = (exp(raw) - exp(-raw)) / (exp(raw) + exp(-raw))
    return Integer(0), raw, gamma * tanh, -log(1 + exp(-raw - 2))


@proof("4.2", cases=(0, 1, 2, 3))
def log_scale_as_a_function_of_the_raw_output(choice):
    """The text's four expressions are the logarithms of the scales 1, exp(s̃), exp(γ tanh s̃), 1/(1 + exp(−s̃ − 2))."""
    raw, gamma = number("r"), number("gamma")
    return {"s": log_scales(raw, gamma)[choice], r"\tilde{s}": raw, r"\gamma": gamma, "choice": choice}


def image_layer(size: tuple, layer) -> dict:
    """A layer that treats every pixel alike: x_ij, z_ij and the Jacobian of the image, pixel by pixel."""
    H, W, C = size
    x = {(i, j): vector(f"x{i}{j}_", C) for i in upto(H) for j in upto(W)}
    z = {place: layer(pixel) for place, pixel in x.items()}
    J = jacobian(stack(*z.values()), stack(*x.values()))
    return {"H": H, "W": W, "C": C, "x": x, "z": z, "J": J, "i": Each(*upto(H)), "j": Each(*upto(W))}


@proof("4.3", cases=IMAGES)
def actnorm(size):
    """The determinant of the Jacobian of all H W C numbers of an image."""
    s, b = vector("s", size[2]), vector("b", size[2])
    table = image_layer(size, lambda x: Matrix([x_i * exp(s_i) + b_i for x_i, s_i, b_i in zip(x, s, b)]))
    return {"H": table["H"], "W": table["W"], "C": table["C"], "J": table["J"], "s": s, "b": b,
            "x": table["x"][1, 1], "z": table["z"][1, 1]}


def convolution(size: tuple) -> dict:
    H, W, C = size
    A = matrix("A", C)
    return image_layer(size, lambda x: affine(A, x, [0] * C)) | {"A": A, "blocks": H * W}


@proof("4.4", cases=IMAGES)
def invertible_1x1_convolution(size):
    """The derivatives of all numbers of the image by all others, for H W = 1 … 4."""
    return convolution(size)


@proof("4.5", cases=IMAGES)
def its_log_det(size):
    """The determinant of the whole Jacobian of H W C rows, expanded, for H W = 1 … 4."""
    return convolution(size)


@proof("4.6", assumes="P is a permutation, L unit lower triangular, U upper triangular")
def PLU_form_of_its_matrix(C):
    """The product P L U entry by entry for each of the C! permutations, and its determinant, expanded."""
    L = Matrix(C, C, lambda i, j: matrix("l", C)[i, j] if i > j else int(i == j))
    U = Matrix(C, C, lambda i, j: matrix("u", C)[i, j] if i <= j else 0)
    for P in permutation_matrices(C):
        rows = [list(P.row(i)).index(1) for i in range(C)]
        A = Matrix(C, C, lambda i, j: sum(L[rows[i], k] * U[k, j] for k in range(C)))
        yield {"C": C, "A": A, "P": P, "L": L, "U": U}


@proof("4.7", assumes="(1.4); p_Z = N(0, I); det J is 1 or −1")
def upper_bound_of_a_volume_preserving_flow(d):
    """Right minus left is the sum of z_i²/2, which is not negative, and 0 at z = 0."""
    z = vector("z", d)
    squares = sum(z_i**2 for z_i in z) / 2

    def at_most(left, right):
        return equal(right - left, squares) and squares.is_nonnegative and squares.subs({z_i: 0 for z_i in z}) == 0

    x = unknown("f^-1", d)(z)
    return {"d": d, "x": x, "p_X": at(x)(standard_normal(z)), r"\le": at_most}
