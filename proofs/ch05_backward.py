"""Chapter 5: every formula of backward as the derivative of its forward, and a step of Adam.

The gradient of the loss by x is written x̄. A loss of which nothing is known is a function Λ of all latents
and of the log-dets; its derivatives by z, by the log-det (λ) and by the parameters are compared.
"""
from sympy import Expr, Integer, Matrix, Rational, Symbol, exp, log, sqrt

from ch01 import standard_normal
from ch02 import affine
from ch04 import log_scales
from matrices import det, jacobian, matrix, number, permutation_matrices, smooth, stack, unknown, upto, vector
from proof import equal, proof
from values import Each


def loss(*outputs) -> tuple:
    """Λ of all entries of the outputs, and its partial derivatives, shaped as the outputs."""
    entries = list(stack(*outputs))
    slopes = iter([smooth(f"Λ_{k}")(*entries) for k in upto(len(entries))])
    shaped = [Matrix([next(slopes) for _ in output]) if isinstance(output, Matrix) else next(slopes)
              for output in outputs]
    return smooth("Λ")(*entries), shaped


@proof("5.6", cases=((1, 1), (2, 1), (1, 2), (2, 2), (3, 2)), assumes="f, ℓ and the loss are differentiable")
def backward_through_a_layer(size):
    """The derivatives of Λ(f(x; θ), ℓ(x; θ)) for unknown functions Λ, f, ℓ, by the chain rule."""
    d, m = size
    x, theta = vector("x", d), vector("theta", m)
    z, log_det = unknown("f", d)(x, theta), unknown("l")(x, theta)
    value, (z_bar, slope) = loss(z, log_det)
    return {"x": x, r"\theta": theta, "z": z, r"\ell": log_det, "J": jacobian(z, x), r"\lambda": slope,
            r"\bar{z}": z_bar, r"\bar{x}": jacobian(value, x), r"\bar{\theta}": jacobian(value, theta)}


@proof("5.7", cases=((1, 1), (2, 1), (3, 2), (2, 3)))
def gradient_of_the_loss_at_the_latents(size):
    """The derivatives of −𝓛 of (5.1) by each latent and each log-det."""
    n, d = size
    z = [vector(f"z{i}_", d) for i in upto(n)]
    log_dets = vector("l", n)
    value = -sum(log(standard_normal(z_i)) + l_i for z_i, l_i in zip(z, log_dets)) / n
    for log_det in log_dets:
        yield {"n": n, "z": z, r"\bar{z}": [jacobian(value, z_i) for z_i in z], "i": Each(*upto(n)),
               r"\lambda": value.diff(log_det)}


@proof("5.8", cases=((1, 1), (1, 2), (2, 1), (2, 2)), assumes="the conditioner and the loss are differentiable")
def backward_through_a_coupling_layer(sizes):
    """The derivatives of an unknown loss of two samples, with unknown raw outputs s̃(x_a), shifts t(x_a), and the scale
    exp(γ tanh s̃)."""
    d_a, d_b = sizes
    gamma = number("gamma")
    samples, outputs, inside = [], [], {}
    for n in upto(2):
        x_a, x_b = vector(f"a{n}_", d_a), vector(f"b{n}_", d_b)
        raw, s, t = vector(f"r{n}_", d_b), vector(f"s{n}_", d_b), vector(f"t{n}_", d_b)
        scales = [log_scales(r, gamma)[2] for r in raw]
        z_b = Matrix([x * exp(s_j) + t_j for x, s_j, t_j in zip(x_b, s, t)])
        outputs += [x_a, z_b, sum(s)]
        inside |= dict(zip(s, scales)) | dict(zip(raw, unknown("r", d_b)(x_a))) | dict(zip(t, unknown("t", d_b)(x_a)))
        samples.append({"x_a": x_a, "x_b": x_b, r"\tilde{s}": raw, "s": s, "t": t, "z_b": z_b,
                        "slopes": Matrix([scale.diff(r) for scale, r in zip(scales, raw)])})
    value, slopes = loss(*outputs)
    as_raw = value.xreplace({s: inside[s] for sample in samples for s in sample["s"]})
    whole = inner(as_raw, inside)
    table = {r"\gamma": gamma, r"\bar{\gamma}": inner(as_raw.diff(gamma), inside), "d_b": d_b, "samples": []}
    for sample, (z_a_bar, z_b_bar, slope) in zip(samples, (slopes[:3], slopes[3:])):
        named = {name: inner(part, inside) for name, part in sample.items() if name != "slopes"}
        named |= {r"\bar{s}": inner(jacobian(value, sample["s"]), inside),
                  r"\bar{t}": inner(jacobian(value, sample["t"]), inside),
                  r"\bar{\tilde{s}}": inner(jacobian(as_raw, sample[r"\tilde{s}"]), inside),
                  r"\frac{\partial s}{\partial \tilde{s}}": inner(sample["slopes"], inside),
                  r"\bar{x}_a": jacobian(whole, sample["x_a"]), r"\bar{x}_b": jacobian(whole, sample["x_b"]),
                  r"\bar{z}_a": inner(z_a_bar, inside), r"\bar{z}_b": inner(z_b_bar, inside),
                  r"\lambda": inner(slope, inside)}
        table["samples"].append(named)
    return [table | named for named in table["samples"]]


def inner(e, inside: dict):
    """Scales in terms of raw outputs, then raw outputs and shifts as functions of x_a."""
    return e.xreplace(inside).xreplace(inside)


@proof("5.9", cases=(0, 1, 2, 3))
def derivatives_of_the_log_scales(choice):
    """The derivatives of the four log-scales of (4.2)."""
    raw, gamma = number("r"), number("gamma")
    return {"s": log_scales(raw, gamma)[choice], r"\tilde{s}": raw, r"\gamma": gamma, "choice": choice}


BATCHES = ((1, 1, 1, 1), (2, 1, 1, 2), (1, 2, 1, 2), (1, 1, 2, 1), (2, 1, 2, 1), (1, 1, 1, 3))  # n, H, W, C


def image_batch(size: tuple, layer, log_det) -> dict:
    """n images of H W pixels through a layer that treats every pixel alike; the loss sees all their outputs, and the
    sum of their log-dets, so that λ is the same for each."""
    n, H, W, C = size
    places = [[(k, i, j) for i in upto(H) for j in upto(W)] for k in upto(n)]
    x = {place: vector("x" + "_".join(map(str, place)) + "_", C) for image in places for place in image}
    value, slopes = loss(*(layer(pixel) for pixel in x.values()), n * H * W * log_det)
    z_bar = dict(zip(x, slopes))
    pixels = {p: {"x": x[p], r"\bar{z}": z_bar[p], r"\bar{x}": jacobian(value, x[p])} for p in x}
    return {"n": n, "H": H, "W": W, r"\lambda": slopes[-1], "loss": value, "places": pixels,
            "samples": [{"pixels": [pixels[p] for p in image]} for image in places], "pixels": None}


def at_each_pixel(table: dict):
    return [table | pixel for pixel in table["places"].values()]


@proof("5.10", cases=BATCHES, assumes="the loss is differentiable; it contains the log-dets of the samples as a sum")
def backward_through_an_affine_layer(size):
    """The derivatives of an unknown loss of n images of H W pixels by every entry of A, of b and of the pixels."""
    A, b = matrix("A", size[3]), vector("b", size[3])
    table = image_batch(size, lambda x: affine(A, x, b), log(det(A)**2) / 2)
    A_bar = Matrix(A.rows, A.cols, lambda i, j: table["loss"].diff(A[i, j]))
    return at_each_pixel(table | {"A": A, r"\bar{A}": A_bar, r"\bar{b}": jacobian(table["loss"], b)})


@proof("5.11", cases=((1, 1, 1, 1), (2, 1, 1, 2), (1, 2, 1, 2), (1, 1, 2, 2), (1, 1, 1, 3)),
       assumes="A = P L U; V̄ is the derivative by V = L U with the log-det left out; U_ii = ±exp(a_i), so that the "
               "derivative by a_i is U_ii times that by U_ii")
def backward_through_the_PLU_form(size):
    """The derivatives of an unknown loss by the free entries of L and U, for each permutation P."""
    n, H, W, C = size
    u, v, V = matrix("u", C), matrix("l", C), matrix("v", C)
    L = Matrix(C, C, lambda i, j: v[i, j] if i > j else int(i == j))
    U = Matrix(C, C, lambda i, j: u[i, j] if i <= j else 0)
    product = dict(zip(V, L * U))
    log_det = Symbol("log_det", real=True)
    absolute = sum(log(u[i, i]**2) for i in range(C)) / 2
    for P in permutation_matrices(C):
        table = image_batch(size, lambda x: P * affine(V, x, [0] * C), log_det)
        V_bar = Matrix(C, C, lambda i, j: table["loss"].diff(V[i, j]))
        whole = table["loss"].xreplace({log_det: absolute}).xreplace(product)
        here = product | {log_det: absolute}
        yield {"n": n, "H": H, "W": W, r"\lambda": table[r"\lambda"].xreplace(here), "L": L, "U": U,
               r"\bar{V}": V_bar.xreplace(here), "i": Each(*upto(C)),
               r"\bar{L}": Matrix(C, C, lambda i, j: whole.diff(v[i, j])),
               r"\bar{U}": Matrix(C, C, lambda i, j: whole.diff(u[i, j]) if i != j else 0),
               r"\bar{a}": Matrix([u[i, i] * whole.diff(u[i, i]) for i in range(C)]),
               "below": lambda m: Matrix(C, C, lambda i, j: m[i, j] if i > j else 0),
               "above": lambda m: Matrix(C, C, lambda i, j: m[i, j] if i < j else 0)}


@proof("5.12", cases=BATCHES, assumes="the loss is differentiable; it contains the log-dets of the samples as a sum")
def backward_through_actnorm(size):
    """The derivatives of an unknown loss of n images of H W pixels by every scale, every bias and every pixel."""
    s, b = vector("s", size[3]), vector("b", size[3])
    table = image_batch(size, lambda x: Matrix([x_i * exp(s_i) + b_i for x_i, s_i, b_i in zip(x, s, b)]), sum(s))
    return at_each_pixel(table | {"s": s, r"\bar{s}": jacobian(table["loss"], s), r"\bar{b}": jacobian(table["loss"], b)})


@proof("5.13", assumes="both averages start from 0")
def a_step_of_Adam(tau):
    """After τ = 1 … 4 steps with any gradients g_i, m is (1 − β) Σ β^(τ − i) g_i, and m̂ is the mean of the g_i with
    weights β^(τ − i) that add up to 1; so is v̂ of the g_i²: that is the correction of the bias."""
    eta, theta = number("eta"), number("theta")
    beta, epsilon = vector("beta", 2, positive=True), number("epsilon", positive=True)
    g = vector("g", tau)
    powers = [[(g_i, g_i**2)[k] for g_i in g] for k in (0, 1)]

    def average(k: int, values: list) -> Expr:
        """Σ β^age g over the values, the last of age 0; without the factor 1 − β."""
        return sum((value * beta[k] ** age for age, value in enumerate(reversed(values))), Integer(0))

    old, new = [], []
    for k in (0, 1):
        factor = Rational(1) - beta[k]
        old.append(factor * average(k, powers[k][:-1]))
        new.append(factor * average(k, powers[k]))
    hats = [average(k, powers[k]) / average(k, [Integer(1)] * tau) for k in (0, 1)]
    stepped = theta - eta * hats[0] / (sqrt(hats[1]) + epsilon)
    following = [*zip(old, new), (theta, stepped)]
    values = iter(following)

    def becomes(left, right):
        before, after = next(values)
        return equal(left, before) and equal(right, after)

    return {r"\beta": beta, r"\eta": eta, r"\varepsilon": epsilon, r"\tau": tau, r"\bar{\theta}": g[-1],
            r"\theta": theta, "m": old[0], "v": old[1], r"\hat{m}": hats[0], r"\hat{v}": hats[1],
            r"\leftarrow": becomes}
