#!/usr/bin/python3
"""image_flow in PyTorch: a Glow on 32×32×3 (dequantise, logit, then per level squeeze, steps of
actnorm, 1×1 convolution as P·L·(U + diag(s)) and affine coupling, learned split prior).

    --layout users          tensors (n, c, h, w) contiguous, as its users write them
    --layout channels_last  the same in memory format channels_last, PyTorch's faster one

log p is of forward, data to latent; every forward returns (z, log|det|), every inverse x."""

import math

import torch
from torch import nn
from torch.nn.functional import conv2d, logsigmoid, softplus

import torch_bench as bench


class ActNorm(nn.Module):
    """z = x·exp(log_scale) + bias per channel; the first data set both"""

    def __init__(self, c):
        super().__init__()
        self.log_scale = nn.Parameter(torch.zeros(1, c, 1, 1))
        self.bias = nn.Parameter(torch.zeros(1, c, 1, 1))
        self.initialised = False

    @torch.no_grad()
    def observe(self, x):
        deviation, mean = torch.std_mean(x, dim=(0, 2, 3), unbiased=False, keepdim=True)
        self.log_scale.copy_(-deviation.log())
        self.bias.copy_(-mean / deviation)
        self.initialised = True

    def forward(self, x):
        if not self.initialised:
            self.observe(x)
        log_det = x.shape[2] * x.shape[3] * self.log_scale.sum()
        return x * torch.exp(self.log_scale) + self.bias, log_det

    def inverse(self, z):
        return (z - self.bias) * torch.exp(-self.log_scale)


class Conv1x1(nn.Module):
    """z = W x at every pixel, W = P·L·(U + diag(s)), log|det W| = Σ log|s|. One matrix lu holds L
    below its diagonal, U above it and log|s| on it."""

    def __init__(self, c):
        super().__init__()
        rotation = torch.linalg.qr(torch.randn(c, c))[0]
        p, lower, upper = torch.linalg.lu(rotation)
        s = upper.diagonal()
        self.register_buffer("p", p)
        self.register_buffer("sign", s.sign())
        self.register_buffer("eye", torch.eye(c))
        self.lu = nn.Parameter(lower.tril(-1) + upper.triu(1) + s.abs().log().diag())

    def weight(self):
        upper = self.lu.triu(1) + torch.diag(self.sign * torch.exp(self.lu.diagonal()))
        return self.p @ (self.lu.tril(-1) + self.eye) @ upper

    def forward(self, x):
        log_det = x.shape[2] * x.shape[3] * self.lu.diagonal().sum()
        return conv2d(x, self.weight()[:, :, None, None]), log_det

    def inverse(self, z):
        return conv2d(z, self.weight().inverse()[:, :, None, None])


def sigmoid_scale(s):
    return logsigmoid(s + 2)


def exp_scale(s):
    return s


class Coupling(nn.Module):
    """z_b = x_b·g(s) + t, (s, t) = net(x_a), log|det J| = Σ log g(s)"""

    def __init__(self, net, log_scale):
        super().__init__()
        self.net, self.log_scale = net, log_scale

    def forward(self, x):
        a, b = x.chunk(2, dim=1)
        s, t = self.net(a).chunk(2, dim=1)
        log_g = self.log_scale(s)
        return torch.cat([a, b * torch.exp(log_g) + t], dim=1), log_g.sum(dim=(1, 2, 3))

    def inverse(self, z):
        a, b = z.chunk(2, dim=1)
        s, t = self.net(a).chunk(2, dim=1)
        return torch.cat([a, (b - t) * torch.exp(-self.log_scale(s))], dim=1)


def zero(conv):
    nn.init.zeros_(conv.weight)
    nn.init.zeros_(conv.bias)
    return conv


def step(c, width):
    net = nn.Sequential(nn.Conv2d(c // 2, width, 3, padding=1), nn.ReLU(),
                        nn.Conv2d(width, width, 1), nn.ReLU(),
                        zero(nn.Conv2d(width, c, 3, padding=1)))
    return [ActNorm(c), Conv1x1(c), Coupling(net, sigmoid_scale)]


def squeeze(x, layout):
    """(n, c, h, w) to (n, 4c, h/2, w/2), new channels in the order (dy, dx, c)"""
    n, c, h, w = x.shape
    x = x.reshape(n, c, h // 2, 2, w // 2, 2).permute(0, 3, 5, 1, 2, 4)
    return x.reshape(n, 4 * c, h // 2, w // 2).contiguous(memory_format=layout)


def unsqueeze(z, layout):
    n, c, h, w = z.shape
    z = z.reshape(n, 2, 2, c // 4, h, w).permute(0, 3, 4, 1, 5, 2)
    return z.reshape(n, c // 4, 2 * h, 2 * w).contiguous(memory_format=layout)


class Glow(nn.Module):
    """Level l works on what level l - 1 has not passed to the latent; parts are its pieces."""

    def __init__(self, c, levels, steps, width, layout=torch.contiguous_format):
        super().__init__()
        self.layout = layout
        self.levels = nn.ModuleList()
        for level in range(levels):
            c *= 4
            layers = [layer for _ in range(steps) for layer in step(c, width)]
            if level + 1 < levels:  # the learned prior of x_b given x_a
                layers.append(Coupling(zero(nn.Conv2d(c // 2, c, 3, padding=1)), exp_scale))
            self.levels.append(nn.ModuleList(layers))
            c //= 2
        self.to(memory_format=layout)

    def forward(self, x):
        parts, log_det = [], torch.zeros(len(x), dtype=x.dtype)
        for level, layers in enumerate(self.levels):
            x = squeeze(x, self.layout)
            for layer in layers:
                x, term = layer(x)
                log_det = log_det + term
            if level + 1 < len(self.levels):
                x, done = x.chunk(2, dim=1)
                parts.append(done)
        return parts + [x], log_det

    def inverse(self, parts):
        x = parts[-1]
        for level in reversed(range(len(self.levels))):
            if level + 1 < len(self.levels):
                x = torch.cat([x, parts[level]], dim=1)
            for layer in reversed(self.levels[level]):
                x = layer.inverse(x)
            x = unsqueeze(x, self.layout)
        return x

    def log_prob(self, x):
        parts, log_det = self(x)
        log_p = sum(-0.5 * z.square().sum(dim=(1, 2, 3)) for z in parts)
        return log_p - x[0].numel() / 2 * math.log(2 * math.pi) + log_det


class PixelGlow(Glow):
    """Glow on pixels 0 … 255: x' = (k + u)/256, y = logit(α + (1-2α)x')"""

    alpha = 0.05

    def log_prob(self, x):
        x = (x + torch.rand_like(x)) / 256
        y = torch.logit(self.alpha + (1 - 2 * self.alpha) * x)
        log_det = softplus(y) + softplus(-y) + math.log(1 - 2 * self.alpha) - math.log(256)
        return super().log_prob(y) + log_det.sum(dim=(1, 2, 3))

    def sample(self, n, temperature):
        """n images of 32×32"""
        c, side, parts = self.levels[0][0].bias.numel(), 16, []
        for _ in self.levels[1:]:
            parts.append(torch.randn(n, c // 2, side, side))
            c, side = 2 * c, side // 2
        parts.append(torch.randn(n, c, side, side))
        y = self.inverse([(temperature * z).contiguous(memory_format=self.layout) for z in parts])
        x = (torch.sigmoid(y) - self.alpha) / (1 - 2 * self.alpha)
        return torch.floor(256 * x).clamp(0, 255)


def useful_flops(levels, steps, width):
    """multiplications and additions of one image forward: those of matrix products, no others"""
    flops, side, c = 0, 32, 3
    for level in range(levels):
        side, c = side // 2, 4 * c
        a = c // 2
        conditioner = 9 * a * width + width**2 + 9 * width * c
        flops += 2 * side**2 * steps * (c * c + conditioner)
        if level + 1 < levels:
            flops += 2 * side**2 * 9 * a * c
        c //= 2
    return flops


def main():
    o = bench.options(
        "A Glow on 32x32x3: images a second, and how much of SGEMM that is.",
        {"levels": 3, "steps": 8, "width": 512, "batch": 16, "threads": 2},
        [("layout", ["users", "channels_last"])])
    if o["levels"] > 5:
        bench.fail(f"--levels {o['levels']}: an image of 32x32 has 1 to 5")
    bench.use_threads(o["threads"])
    torch.manual_seed(1)
    layout = torch.channels_last if o["layout"] == "channels_last" else torch.contiguous_format
    flow = PixelGlow(3, o["levels"], o["steps"], o["width"], layout)
    x = torch.randint(0, 256, (o["batch"], 3, 32, 32)).float().contiguous(memory_format=layout)
    with torch.no_grad():
        flow.log_prob(x)  # the actnorms observe
    bench.stir(flow, 0.1 / o["width"])
    adam = torch.optim.Adam(flow.parameters(), lr=1e-6)  # so slow that all stays finite

    def train():
        adam.zero_grad(set_to_none=True)
        loss = -flow.log_prob(x).mean()
        loss.backward()
        adam.step()

    with torch.no_grad():
        log_prob_rate = len(x) / bench.seconds(lambda: flow.log_prob(x), 3)
        sample_rate = len(x) / bench.seconds(lambda: flow.sample(len(x), 1), 3)
    train_rate = len(x) / bench.seconds(train, 3)
    peak = bench.peak_rss_mib()  # before the yardstick takes its own
    sgemm = bench.sgemm_gflops()
    flops = useful_flops(o["levels"], o["steps"], o["width"])
    bench.show("log_prob_img_s", log_prob_rate, "1/s")
    bench.show("sample_img_s", sample_rate, "1/s")
    bench.show("train_img_s", train_rate, "1/s")
    bench.show("sgemm_gflops", sgemm, "GFLOP/s")
    bench.show("log_prob_fraction", 1e-9 * flops * log_prob_rate / sgemm, "1")
    bench.show("train_fraction", 3e-9 * flops * train_rate / sgemm, "1")
    bench.show("peak_rss_mib", peak, "MiB")
    bench.show("parameters", bench.parameters(flow), "1")


if __name__ == "__main__":
    main()
