#!/usr/bin/python3
"""point_flow in PyTorch, written as its users and their libraries write these flows, and Adam from
torch.optim. MLPs are [in, width, width, out].

    --model realnvp  affine couplings that swap halves: z_b = x_b·exp(s) + t, s = γ·tanh(s'),
                     (s', t) = MLP(x_a), log|det J| = Σ s
    --model maf      actnorm, then z_i = (x_i - μ_i)·exp(-α_i), α = 3·tanh(a/3), (μ, a) = MADE(x),
                     an MLP of masked linear layers; sampling takes a pass for each dimension
    --model nsf      couplings that swap halves, of rational-quadratic splines with 16 bins on
                     [-4, 4], the identity outside"""

import math

import torch
from torch import nn
from torch.nn.functional import linear, pad, softmax, softplus

import torch_bench as bench


def mlp(n_in, width, n_out, layer=nn.Linear):
    net = nn.Sequential(layer(n_in, width), nn.ReLU(), layer(width, width), nn.ReLU(),
                        layer(width, n_out))
    nn.init.zeros_(net[4].weight)
    nn.init.zeros_(net[4].bias)
    return net


# --- couplings that swap halves ---------------------------------------------------------------

class Coupling(nn.Module):
    """z_a = x_a, z_b = τ(x_b; net(x_a)); a is the first ⌊d/2⌋ values, or the others when swapped"""

    def __init__(self, d, swapped, numbers, width):
        super().__init__()
        self.first, self.swapped = d // 2, swapped
        n_b = self.first if swapped else d - self.first
        self.net = mlp(d - n_b, width, numbers * n_b)

    def run(self, x, transform):
        head, tail = x[:, :self.first], x[:, self.first:]
        a, b = (tail, head) if self.swapped else (head, tail)
        b, log_slope = transform(b, self.net(a))
        return torch.cat([b, a] if self.swapped else [a, b], dim=1), log_slope.sum(dim=1)

    def forward(self, x):
        return self.run(x, self.transform)

    def inverse(self, z):
        return self.run(z, self.transform_inverse)[0]


class AffineCoupling(Coupling):
    def __init__(self, d, swapped, width):
        super().__init__(d, swapped, 2, width)
        self.gamma = nn.Parameter(torch.ones(1))

    def scale_and_shift(self, raw):
        s, t = raw.chunk(2, dim=1)
        return self.gamma * torch.tanh(s), t

    def transform(self, b, raw):
        s, t = self.scale_and_shift(raw)
        return b * torch.exp(s) + t, s

    def transform_inverse(self, b, raw):
        s, t = self.scale_and_shift(raw)
        return (b - t) * torch.exp(-s), -s


BINS, BOUND, LEAST = 16, 4.0, 1e-3


def knots(raw):
    """of K raw numbers, by their shares of [-B, B], each at least LEAST"""
    share = LEAST + (1 - LEAST * BINS) * softmax(raw, dim=-1)
    inner = 2 * BOUND * torch.cumsum(share[..., :-1], dim=-1) - BOUND
    return pad(pad(inner, (1, 0), value=-BOUND), (0, 1), value=BOUND)


class Bin:
    """of each value: its left knot, width, height, mean slope and the slopes at its two knots"""

    def __init__(self, raw, value, inverse):
        x, y = knots(raw[..., :BINS]), knots(raw[..., BINS:2 * BINS])
        slope = pad(LEAST + softplus(raw[..., 2 * BINS:] + math.log(math.expm1(1 - LEAST))),
                    (1, 1), value=1.0)
        among = (y if inverse else x).detach()[..., 1:-1].contiguous()
        k = torch.searchsorted(among, value.detach()[..., None], right=True)
        self.x, self.y, self.d0 = (t.gather(-1, k)[..., 0] for t in (x, y, slope))
        right, top, self.d1 = (t.gather(-1, k + 1)[..., 0] for t in (x, y, slope))
        self.w, self.h = right - self.x, top - self.y
        self.s = self.h / self.w

    def log_slope(self, t):
        u = 1 - t
        beta = self.s + (self.d0 + self.d1 - 2 * self.s) * t * u
        return (2 * torch.log(self.s) - 2 * torch.log(beta)
                + torch.log(self.d1 * t * t + 2 * self.s * t * u + self.d0 * u * u))

    def forward(self, x):
        t = (x - self.x) / self.w
        beta = self.s + (self.d0 + self.d1 - 2 * self.s) * t * (1 - t)
        y = self.y + self.h * (self.s * t * t + self.d0 * t * (1 - t)) / beta
        return y, self.log_slope(t)

    def inverse(self, y):
        """t is a root of a quadratic"""
        part, e = y - self.y, self.d0 + self.d1 - 2 * self.s
        a = self.h * (self.s - self.d0) + part * e
        b = self.h * self.d0 - part * e
        c = -self.s * part
        t = 2 * c / (-b - torch.sqrt(b * b - 4 * a * c))
        return self.x + self.w * t, -self.log_slope(t)


class SplineCoupling(Coupling):
    """the net gives 3K - 1 numbers for each value: K widths, K heights, K - 1 slopes"""

    def __init__(self, d, swapped, width):
        super().__init__(d, swapped, 3 * BINS - 1, width)

    def spline(self, b, raw, inverse):
        at = b.clamp(-BOUND, BOUND)
        of = Bin(raw.view(*b.shape, -1), at, inverse)
        value, log_slope = of.inverse(at) if inverse else of.forward(at)
        inside = b.abs() < BOUND
        return torch.where(inside, value, b), log_slope * inside

    def transform(self, b, raw):
        return self.spline(b, raw, False)

    def transform_inverse(self, b, raw):
        return self.spline(b, raw, True)


# --- masked autoregressive layers -------------------------------------------------------------

class MaskedLinear(nn.Linear):
    def masked(self, mask):
        self.register_buffer("mask", mask.to(self.weight.dtype))

    def forward(self, x):
        return linear(x, self.mask * self.weight, self.bias)


class Autoregressive(nn.Module):
    """MADE: inputs and outputs have the degrees 1 … d in an order, hidden units 1 … d-1, rising"""

    def __init__(self, d, reverse, width):
        super().__init__()
        self.net = mlp(d, width, 2 * d, MaskedLinear)
        inputs = torch.arange(1, d + 1)
        inputs = inputs.flip(0) if reverse else inputs
        hidden = 1 + torch.arange(width) * max(d - 1, 1) // width
        self.net[0].masked(hidden[:, None] >= inputs)
        self.net[2].masked(hidden[:, None] >= hidden)
        self.net[4].masked((inputs[:, None] > hidden).repeat(2, 1))

    def parameters_of(self, x):
        mu, a = self.net(x).chunk(2, dim=1)
        return mu, 3 * torch.tanh(a / 3)

    def forward(self, x):
        mu, alpha = self.parameters_of(x)
        return (x - mu) * torch.exp(-alpha), -alpha.sum(dim=1)

    def inverse(self, z):
        x = torch.zeros_like(z)
        for _ in range(z.shape[1]):
            mu, alpha = self.parameters_of(x)
            x = z * torch.exp(alpha) + mu
        return x


class ActNorm(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.log_scale = nn.Parameter(torch.zeros(d))
        self.bias = nn.Parameter(torch.zeros(d))

    def forward(self, x):
        return x * torch.exp(self.log_scale) + self.bias, self.log_scale.sum()

    def inverse(self, z):
        return (z - self.bias) * torch.exp(-self.log_scale)


# --- flows ------------------------------------------------------------------------------------

class Flow(nn.Module):
    def __init__(self, d, layers):
        super().__init__()
        self.d, self.layers = d, nn.ModuleList(layers)

    def forward(self, x):
        log_det = torch.zeros(len(x), dtype=x.dtype)
        for layer in self.layers:
            x, term = layer(x)
            log_det = log_det + term
        return x, log_det

    def inverse(self, z):
        for layer in reversed(self.layers):
            z = layer.inverse(z)
        return z

    def log_prob(self, x):
        z, log_det = self(x)
        return -0.5 * z.square().sum(dim=1) - self.d / 2 * math.log(2 * math.pi) + log_det

    def sample(self, n):
        return self.inverse(torch.randn(n, self.d))


def realnvp(d, layers, width):
    return Flow(d, [AffineCoupling(d, k % 2 == 1, width) for k in range(layers)])


def maf(d, layers, width):
    return Flow(d, [layer for k in range(layers)
                    for layer in (ActNorm(d), Autoregressive(d, k % 2 == 1, width))])


def nsf(d, layers, width):
    return Flow(d, [SplineCoupling(d, k % 2 == 1, width) for k in range(layers)])


MODELS = {"realnvp": realnvp, "maf": maf, "nsf": nsf}


def main():
    o = bench.options(
        "A flow on points: milliseconds of a step, of log_prob and of sampling.",
        {"dim": 2, "layers": 32, "width": 64, "batch": 512, "points": 40000, "threads": 2},
        [("model", list(MODELS))])
    bench.use_threads(o["threads"])
    torch.manual_seed(1)
    flow = MODELS[o["model"]](o["dim"], o["layers"], o["width"])
    bench.stir(flow, 0.1 / o["width"])
    x = torch.randn(o["points"], o["dim"])
    batch = torch.randn(o["batch"], o["dim"])
    adam = torch.optim.Adam(flow.parameters(), lr=1e-6, foreach=True)  # foreach: a little faster

    def train():
        adam.zero_grad(set_to_none=True)
        loss = -flow.log_prob(batch).mean()
        loss.backward()
        adam.step()

    train_s = bench.seconds(train, 1)
    with torch.no_grad():
        log_prob_s = bench.seconds(lambda: flow.log_prob(x), 1)
        sample_s = bench.seconds(lambda: flow.sample(len(x)), 1)
    peak = bench.peak_rss_mib()  # before the yardstick takes its own
    bench.show("train_step_ms", 1e3 * train_s, "ms")
    bench.show("log_prob_ms", 1e3 * log_prob_s, "ms")
    bench.show("sample_ms", 1e3 * sample_s, "ms")
    bench.show("sgemm_gflops", bench.sgemm_gflops(), "GFLOP/s")
    bench.show("peak_rss_mib", peak, "MiB")
    bench.show("parameters", bench.parameters(flow), "1")


if __name__ == "__main__":
    main()
