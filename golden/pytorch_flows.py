#!/usr/bin/python3
"""PyTorch's values for four flows, in float64: log p of every sample, and the gradient of
the mean negative log-likelihood with respect to every parameter, by autograd.

    realnvp  2-D points, 8 affine couplings that swap halves, MLP conditioners
    glow     8×8×3 images, 2 levels of 2 steps (actnorm, PLU 1×1 convolution, coupling with a
             convnet), a learned prior at the split
    maf      5-D points, 3 steps (actnorm, masked autoregressive layer), the order reversed in the
             second

The mathematics is written here from the papers, and has nothing of our library but the names,
shapes and order of its tensors. log|det W| of a 1×1 convolution is torch.slogdet of the dense W.
Weights and inputs follow `rule`; a 1×1 convolution has the constants permutation_i = 5i + 1 mod c
and sign_i = -1 where 3 divides i, +1 elsewhere. Prints a file of golden values:

    python3 golden/pytorch_flows.py > golden/pytorch_flows.txt

tests/test_pytorch.c compares. The gradient g of tensor k is told by its norm ‖g‖ and by
Σ g_i·rule(k + 1000, i), which changes when two entries are swapped.
"""

import math

import torch
from torch.nn.functional import conv2d, linear, logsigmoid, relu

torch.set_default_dtype(torch.float64)


def rule(k, *shape):
    """number i of tensor k: ((i + 1)(i + k + 2)·7919 mod 10007 - 5003) / 10007, in (-1/2, 1/2)"""
    i = torch.arange(math.prod(shape))
    return (((i + 1) * (i + k + 2) * 7919 % 10007 - 5003).double() / 10007).reshape(shape)


class Parameters:
    """Tensor k of a flow is scale·rule(k), gammas and all. To be called in our library's order."""

    def __init__(self, scale):
        self.scale, self.all = scale, {}

    def new(self, name, *shape):
        p = self.all[name] = (self.scale * rule(len(self.all), *shape)).requires_grad_()
        return p


# --- conditioners: make(parameters, path, …) returns a function -------------------------------

def mlp(p, path, n_in, n_out, width):
    w1, b1 = p.new(f"{path}.0.weight", width, n_in), p.new(f"{path}.0.bias", width)
    w2, b2 = p.new(f"{path}.2.weight", width, width), p.new(f"{path}.2.bias", width)
    w3, b3 = p.new(f"{path}.4.weight", n_out, width), p.new(f"{path}.4.bias", n_out)

    def net(x):
        x = relu(linear(x, w1, b1))
        x = relu(linear(x, w2, b2))
        return linear(x, w3, b3)
    return net


def same_conv(x, weight_oikk, bias):
    """channels last, zero padding, cross-correlation"""
    y = conv2d(x.permute(0, 3, 1, 2), weight_oikk, bias, padding=weight_oikk.shape[2] // 2)
    return y.permute(0, 2, 3, 1)


def convnet(p, path, n_in, n_out, width):
    w1, b1 = p.new(f"{path}.conv1.weight", width, 3, 3, n_in), p.new(f"{path}.conv1.bias", width)
    w2, b2 = p.new(f"{path}.conv2.weight", width, width), p.new(f"{path}.conv2.bias", width)
    w3, b3 = p.new(f"{path}.conv3.weight", 3, 3, n_out, width), p.new(f"{path}.conv3.bias", n_out)

    def net(x):
        x = relu(same_conv(x, w1.permute(0, 3, 1, 2), b1))
        x = relu(same_conv(x, w2[:, :, None, None], b2))
        return same_conv(x, w3.permute(2, 3, 0, 1), b3)
    return net


def conv(p, path, n_in, n_out):
    w, b = p.new(f"{path}.weight", n_out, 3, 3, n_in), p.new(f"{path}.bias", n_out)
    return lambda x: same_conv(x, w.permute(0, 3, 1, 2), b)


# --- layers: each returns a function x -> (z, log_det), x (n, h, w, c) --------------------------

def actnorm(p, path, c):
    log_scale, bias = p.new(f"{path}.log_scale", c), p.new(f"{path}.bias", c)

    def layer(x):
        h, w = x.shape[1:3]
        return x * torch.exp(log_scale) + bias, h * w * log_scale.sum()
    return layer


def conv1x1(p, path, c):
    """W = P·L·(U + diag(s)); row permutation[i] of W is row i of L·(U + diag(s))"""
    lu = p.new(f"{path}.lu", c, c)
    permutation = (5 * torch.arange(c) + 1) % c
    sign = 1.0 - 2.0 * (torch.arange(c) % 3 == 0)

    def layer(x):
        h, w = x.shape[1:3]
        lower = torch.tril(lu, -1) + torch.eye(c)
        upper = torch.triu(lu, 1) + torch.diag(sign * torch.exp(torch.diag(lu)))
        p_matrix = torch.zeros(c, c)
        p_matrix[permutation, torch.arange(c)] = 1
        weight = p_matrix @ lower @ upper
        return x @ weight.T, h * w * torch.linalg.slogdet(weight).logabsdet
    return layer


def coupling(log_scale, make_net, c, swapped=False):
    """z_b = x_b·g(s(x_a)) + t(x_a); a is the first ⌊c/2⌋ channels, or the others when swapped"""
    first = c // 2
    n_b = first if swapped else c - first
    net = make_net(c - n_b, 2 * n_b)

    def layer(x):
        head, tail = x[..., :first], x[..., first:]
        x_a, x_b = (tail, head) if swapped else (head, tail)
        s, t = net(x_a).chunk(2, dim=-1)
        log_g = log_scale(s)
        z_b = x_b * torch.exp(log_g) + t
        z = torch.cat([z_b, x_a] if swapped else [x_a, z_b], dim=-1)
        return z, log_g.sum(dim=(1, 2, 3))
    return layer


def squeeze(x):
    """(h, w, c) to (h/2, w/2, 4c), new channels in the order (dy, dx, c)"""
    n, h, w, c = x.shape
    x = x.reshape(n, h // 2, 2, w // 2, 2, c).permute(0, 1, 3, 2, 4, 5)
    return x.reshape(n, h // 2, w // 2, 4 * c), 0


def autoregressive(p, path, d, order, width):
    """z_i = (x_i - mu_i)·exp(-alpha_i), both of the values before i in the order, by a masked MLP;
    alpha = 3·tanh(a/3) of its output a"""
    w1, b1 = p.new(f"{path}.0.weight", width, d), p.new(f"{path}.0.bias", width)
    w2, b2 = p.new(f"{path}.2.weight", width, width), p.new(f"{path}.2.bias", width)
    w3, b3 = p.new(f"{path}.4.weight", 2 * d, width), p.new(f"{path}.4.bias", 2 * d)
    inputs = torch.empty(d, dtype=torch.long)
    inputs[torch.tensor(order)] = torch.arange(1, d + 1)
    hidden = 1 + torch.arange(width) * (d - 1) // width
    first = hidden[:, None] >= inputs[None, :]
    second = hidden[:, None] >= hidden[None, :]
    last = (inputs[:, None] > hidden[None, :]).repeat(2, 1)

    def layer(x):
        v = x.flatten(1)
        h = relu(linear(v, w1 * first, b1))
        h = relu(linear(h, w2 * second, b2))
        mu, a = linear(h, w3 * last, b3).chunk(2, dim=-1)
        alpha = 3 * torch.tanh(a / 3)
        return ((v - mu) * torch.exp(-alpha)).reshape(x.shape), -alpha.sum(dim=1)
    return layer


def spline(x, raw):
    """The monotone rational-quadratic spline of Durkan et al. 2019 with K bins on [-4, 4], every bin
    at least 8/1000 wide and high, every slope at least 1/1000; the identity outside. raw (3K - 1, n)
    has K widths, K heights and K - 1 slopes at inner knots. Returns the value and the log-slope."""
    k_bins = (len(raw) + 1) // 3
    knots = [torch.cat([torch.full((1, x.numel()), -4.0),
                        8 * torch.cumsum(0.001 + (1 - 0.001 * k_bins) * torch.softmax(part, 0), 0) - 4])
             for part in (raw[:k_bins], raw[k_bins:2 * k_bins])]
    one = torch.ones(1, x.numel())
    slopes = torch.cat([one, 0.001 + torch.log1p(torch.exp(raw[2 * k_bins:] + math.log(math.e**0.999 - 1))),
                        one])
    value, log_slope = [], []
    for i, v in enumerate(x):  # one number after another, by the paper's equations (4) and (5)
        k = sum(int(v >= knots[0][j, i]) for j in range(1, k_bins))
        if not -4 < v < 4:
            value.append(v)
            log_slope.append(torch.zeros(()))
            continue
        x0, x1, y0, y1 = (of[j, i] for of in knots for j in (k, k + 1))
        d0, d1, s, t = slopes[k, i], slopes[k + 1, i], (y1 - y0) / (x1 - x0), (v - x0) / (x1 - x0)
        below = s + (d1 + d0 - 2 * s) * t * (1 - t)
        value.append(y0 + (y1 - y0) * (s * t**2 + d0 * t * (1 - t)) / below)
        log_slope.append(torch.log(s**2 * (d1 * t**2 + 2 * s * t * (1 - t) + d0 * (1 - t)**2) / below**2))
    return torch.stack(value), torch.stack(log_slope)


def spline_coupling(make_net, d, bins, swapped):
    """z_b = spline(x_b; net(x_a)); a is the first ⌊d/2⌋ values, or the others when swapped"""
    first = d // 2
    n_b = first if swapped else d - first
    net = make_net(d - n_b, (3 * bins - 1) * n_b)

    def layer(x):
        head, tail = x.flatten(1)[:, :first], x.flatten(1)[:, first:]
        x_a, x_b = (tail, head) if swapped else (head, tail)
        raw = net(x_a).reshape(len(x), 3 * bins - 1, n_b).transpose(0, 1).flatten(1)
        z_b, log_slope = spline(x_b.flatten(), raw)
        z_b = z_b.reshape(x_b.shape)
        z = torch.cat([z_b, x_a] if swapped else [x_a, z_b], dim=1)
        return z.reshape(x.shape), log_slope.reshape(x_b.shape).sum(dim=1)
    return layer


def chain(layers):
    def layer(x):
        log_det = 0
        for f in layers:
            x, term = f(x)
            log_det = log_det + term
        return x, log_det
    return layer


def split(inner, c):
    def layer(x):
        z, log_det = inner(x[..., :c // 2])
        return torch.cat([z.flatten(1), x[..., c // 2:].flatten(1)], dim=1), log_det
    return layer


# --- the four flows -----------------------------------------------------------------------------

def realnvp(p):
    def bounded(k):
        gamma = p.new(f"{k}.gamma", 1)
        return lambda s: gamma * torch.tanh(s)

    return chain([coupling(bounded(k), lambda a, b: mlp(p, f"{k}.net", a, b, 16), 2, k % 2 == 1)
                  for k in range(8)])


def glow_steps(p, path, c):
    """squeeze, then 2 × (actnorm, 1×1 convolution, coupling); c channels after the squeeze"""
    layers = [squeeze]
    for k in 1, 4:
        layers.append(actnorm(p, f"{path}{k}", c))
        layers.append(conv1x1(p, f"{path}{k + 1}", c))
        layers.append(coupling(lambda s: logsigmoid(s + 2),
                               lambda a, b: convnet(p, f"{path}{k + 2}.net", a, b, 16), c))
    return layers


def glow(p):
    outer = glow_steps(p, "", 12)
    outer.append(coupling(lambda s: s, lambda a, b: conv(p, "7.net", a, b), 12))
    return chain(outer + [split(chain(glow_steps(p, "8.inner.", 6 * 4)), 12)])


def maf(p):
    layers = []
    for k in 0, 2, 4:
        order = [4, 3, 2, 1, 0] if k == 2 else [0, 1, 2, 3, 4]
        layers.append(actnorm(p, f"{k}", 5))
        layers.append(autoregressive(p, f"{k + 1}.net", 5, order, 12))
    return chain(layers)


def nsf(p):
    return chain([spline_coupling(lambda a, b: mlp(p, f"{k}.net", a, b, 12), 5, 16, k % 2 == 1)
                  for k in range(4)])


def answer(name, flow, parameters, x):
    z, log_det = flow(x)
    d = x[0].numel()
    log_p = -0.5 * z.flatten(1).square().sum(dim=1) - d / 2 * math.log(2 * math.pi) + log_det
    loss = -log_p.mean()
    loss.backward()
    for i, v in enumerate(log_p):
        show(f"{name}_log_p_{i + 1}", v)
    show(f"{name}_loss", loss)
    for k, (path, p) in enumerate(parameters.all.items()):
        tensor = f"{name}_{path.replace('.', '_')}"
        show(f"{tensor}_norm", p.grad.norm())
        show(f"{tensor}_dot", (p.grad * rule(k + 1000, *p.shape)).sum())


def show(name, value):
    print(f"{name:<40}  ref   {float(value):<24.17g}  1e-12   1e-10")


def main():
    print("# Written by golden/pytorch_flows.py with PyTorch in float64; never by our programs.")
    print(f"{'# name':<40}  kind  {'value':<24}  atol    rtol")
    p = Parameters(scale=1)
    answer("realnvp", realnvp(p), p, 4 * rule(99, 5, 1, 1, 2))
    p = Parameters(scale=0.3)
    answer("glow", glow(p), p, 4 * rule(99, 3, 8, 8, 3))
    p = Parameters(scale=1)
    answer("maf", maf(p), p, 4 * rule(99, 5, 1, 1, 5))
    p = Parameters(scale=1)
    answer("nsf", nsf(p), p, 10 * rule(99, 5, 1, 1, 5))


main()
