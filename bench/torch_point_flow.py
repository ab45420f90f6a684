#!/usr/bin/python3
"""flow2d in PyTorch: a 2-D RealNVP of affine couplings that swap halves,

    z_b = x_b·exp(s) + t,   s = γ·tanh(s'),   (s', t) = MLP(x_a),   log|det J| = Σ s

with MLPs [1, width, width, 2], written as its users write them, and Adam from torch.optim."""

import math

import torch
from torch import nn

import torch_bench as bench


class Coupling(nn.Module):
    def __init__(self, width, swapped):
        super().__init__()
        self.swapped = swapped
        self.gamma = nn.Parameter(torch.ones(1))
        self.net = nn.Sequential(nn.Linear(1, width), nn.ReLU(), nn.Linear(width, width),
                                 nn.ReLU(), nn.Linear(width, 2))
        nn.init.zeros_(self.net[4].weight)
        nn.init.zeros_(self.net[4].bias)

    def parts(self, x):
        head, tail = x.chunk(2, dim=1)
        return (tail, head) if self.swapped else (head, tail)

    def join(self, a, b):
        return torch.cat([b, a] if self.swapped else [a, b], dim=1)

    def scale_and_shift(self, a):
        s, t = self.net(a).chunk(2, dim=1)
        return self.gamma * torch.tanh(s), t

    def forward(self, x):
        a, b = self.parts(x)
        s, t = self.scale_and_shift(a)
        return self.join(a, b * torch.exp(s) + t), s.sum(dim=1)

    def inverse(self, z):
        a, b = self.parts(z)
        s, t = self.scale_and_shift(a)
        return self.join(a, (b - t) * torch.exp(-s))


class RealNVP(nn.Module):
    def __init__(self, layers, width):
        super().__init__()
        self.layers = nn.ModuleList(Coupling(width, k % 2 == 1) for k in range(layers))

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
        return -0.5 * z.square().sum(dim=1) - math.log(2 * math.pi) + log_det

    def sample(self, n):
        return self.inverse(torch.randn(n, 2))


def main():
    o = bench.options(
        "A 2-D RealNVP: milliseconds of a step, of log_prob and of sampling.",
        {"layers": 32, "width": 64, "batch": 512, "points": 40000, "threads": 2})
    bench.use_threads(o["threads"])
    torch.manual_seed(1)
    flow = RealNVP(o["layers"], o["width"])
    bench.stir(flow, 0.1 / o["width"])
    x = torch.randn(o["points"], 2)
    batch = torch.randn(o["batch"], 2)
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
