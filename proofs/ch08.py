"""Chapter 8: the multi-scale image flow."""
from sympy import Function, Matrix, exp, eye, pi, prod, sqrt

from ch01 import density, standard_normal
from ch03 import SIZES
from matrices import det, jacobian, number, stack, unknown, upto, vector
from values import Each, Map
from proof import ROOT, at, proof


@proof("8.1", cases=((2, 2, 1), (2, 4, 1), (4, 2, 2), (2, 2, 3)))
def squeeze(size):
    """Each block of 2×2 pixels becomes one pixel, its four pixels one after the other, row by row; the determinant is
    that of a permutation of H W C numbers."""
    H, W, C = size
    x = {(i, j, k): number(f"x{i}_{j}_{k}") for i in range(H) for j in range(W) for k in range(C)}
    z = {}
    for i in range(H // 2):
        for j in range(W // 2):
            block = [x[row, column, k] for row in (2 * i, 2 * i + 1) for column in (2 * j, 2 * j + 1) for k in range(C)]
            z |= {(i, j, k): entry for k, entry in enumerate(block)}
    return {"C": C, "x": x, "z": z, "J": jacobian(stack(*z.values()), stack(*x.values())),
            "i": Each(*range(H // 2)), "j": Each(*range(W // 2)), r"\delta_y": Each(0, 1), r"\delta_x": Each(0, 1),
            r"\kappa": Each(*range(C))}


@proof("8.2", cases=SIZES, assumes="the inner flow is differentiable")
def split(sizes):
    """The derivatives of (f(x_a), x_b) by (x_a, x_b) for an unknown inner flow f, and their determinant."""
    x_a, x_b, f = vector("a", sizes[0]), vector("b", sizes[1]), unknown("f", sizes[0])
    z = stack(f(x_a), x_b)
    return {"x_a": x_a, "x_b": x_b, "f_{inner}": f, "z": z, "J": jacobian(z, stack(x_a, x_b)),
            "J_{inner}": jacobian(f(x_a), x_a), "I": eye(sizes[1])}


@proof("8.3", cases=SIZES, assumes="σ is positive; N has independent entries")
def learned_prior_as_a_coupling_layer(sizes):
    """The product of d_b normal densities with unknown means μ(x_a) and deviations σ(x_a)."""
    d_b = sizes[1]
    x_a, x_b = vector("a", sizes[0]), vector("b", d_b)
    mu = Map(unknown("mu", d_b), x_a)
    sigma = Map(lambda x: Matrix([Function(f"sigma{j}", positive=True)(*x) for j in upto(d_b)]), x_a)
    z_b = Matrix([(x - m) / s for x, m, s in zip(x_b, mu.value, sigma.value)])

    identity = number("I")

    def N(x, mean, variance):
        if variance == identity:
            return at(z_b, 0)(standard_normal(z_b))(x, mean)
        return prod(exp(-(x_j - m)**2 / v / 2) / sqrt(2 * pi * v) for x_j, m, v in zip(x, mean, variance))

    return {"d_b": d_b, "x_a": x_a, "x_b": x_b, "z_b": z_b, r"\mu": mu, r"\sigma": sigma, "N": N, "I": identity}


@proof("8.4", stated=True, assumes="3 levels of 2 steps, the flow of the chapter's program; the last level ends without "
                                   "prior and split")
def the_Glow_of_this_chapter():
    """The layers that the text describes are those whose log-dets the program prints, in the same order."""
    lines = (ROOT / "golden" / "ch08_multiscale_image_flow.txt").read_text(encoding="utf-8").splitlines()
    stages = [line.split()[0].split("_", 2)[2] for line in lines if line.startswith("stage_")]
    level = stages[stages.index("squeeze"):stages.index("split")] + ["split"]
    layers = ("dequantise", "logit", "squeeze", "actnorm", "coupling", "prior", "split")
    return {rf"\text{{{name}}}": [name] for name in layers} | {
        "1{\\times}1": ["conv1x1"], r"\text{levels}": 3, r"\text{steps}": 2,
        r"\text{level}": level, r"\text{flow}": [*stages, "prior", "split"]}


@proof("8.5", cases=(1, 2, 3), assumes="for every y the map is differentiable with an invertible Jacobian")
def density_given_a_condition(d):
    """The density at x of f⁻¹(z, y) for normal z and fixed y, by the determinant of the derivatives by x alone."""
    x, y, f = vector("x", d), vector("y", 2), unknown("f", d)
    z = f(x, y)
    J = jacobian(z, x)
    return {"x": x, "y": y, "f": f, "J": J, "p_Z": at(z)(standard_normal(z)),
            "p_X": at(x, y)(standard_normal(z) * abs(det(J)))}


@proof("8.6", cases=(2, 3), assumes="each of C classes has the probability 1/C")
def classes_by_the_rule_of_Bayes(C):
    """With the joint density, that of x given y over C, the sum over the classes, and the share of one class in it."""
    x, p = number("x"), density("p")
    joint = {c: p(x, c) / C for c in upto(C)}
    marginal = sum(joint.values())

    def p_X(x, *y):
        return p(x, *y) if y else marginal

    return {"C": C, "x": x, "y": Each(*upto(C)), "p_X": p_X, r"\Pr": lambda y, x: joint[int(y)] / marginal}
