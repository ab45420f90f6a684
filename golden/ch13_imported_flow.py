#!/usr/bin/python3
"""PyTorch's values for chapter 13: the MNIST flow of the University of Amsterdam, in float64, at two
images and u = 1/2. Prints lines of the golden file, and with --c the numbers as C initialisers:

    python3 golden/ch13_imported_flow.py
"""

import gzip
import math
import pathlib
import sys

import torch
from torch import nn
from torch.nn import functional as F

from ch09_state_dict import load

ROOT = pathlib.Path(__file__).parents[1]
STAGES = ["dequantise", "logit"] + [f"coupling_{k}" for k in range(1, 9)] + ["base", "log_p"]


def celu(x):
    return torch.cat([F.elu(x), F.elu(-x)], dim=1)


class Gated(nn.Module):
    """h + a·σ(b), (a, b) = conv1×1(CELU(conv3×3(CELU(h))))"""

    def __init__(self, w):
        super().__init__()
        none = nn.Identity()
        self.net = nn.Sequential(none, nn.Conv2d(2 * w, w, 3, padding=1), none, nn.Conv2d(2 * w, 2 * w, 1))

    def forward(self, h):
        a, b = self.net[3](celu(self.net[1](celu(h)))).chunk(2, dim=1)
        return h + a * torch.sigmoid(b)


class ChannelNorm(nn.Module):
    def __init__(self, w):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(1, w, 1, 1))
        self.beta = nn.Parameter(torch.zeros(1, w, 1, 1))

    def forward(self, h):
        h = F.layer_norm(h.permute(0, 2, 3, 1), h.shape[1:2], eps=1e-5).permute(0, 3, 1, 2)
        return h * self.gamma + self.beta


def network(w, blocks):
    layers = [nn.Conv2d(1, w, 3, padding=1)]
    for _ in range(blocks):
        layers += [Gated(w), ChannelNorm(w)]
    return nn.Sequential(*layers, nn.Identity(), nn.Conv2d(2 * w, 2, 3, padding=1))


def stages(state, pixels):
    """What adds up to log p, and log p."""
    alpha = 1e-5
    z = (1 - alpha) * (pixels + 0.5) / 256 + alpha / 2
    part = [-784 * math.log(256), 784 * math.log(1 - alpha) - (z.log() + (1 - z).log()).sum()]
    z = z.log() - (1 - z).log()
    for k in range(1, 9):
        own = {n[len(f"flows.{k}."):]: v.double() for n, v in state.items() if n.startswith(f"flows.{k}.")}
        net = network(32, 3).double()
        net.load_state_dict({n[len("network.nn."):]: v for n, v in own.items() if n.startswith("network.")})
        mask, f = own["mask"], own["scaling_factor"].exp().view(1, -1, 1, 1)
        s, t = net[-1](celu(net[:-2](z * mask))).chunk(2, dim=1)
        s = torch.tanh(s / f) * f * (1 - mask)
        z = (z + t * (1 - mask)) * s.exp()
        part.append(s.sum())
    part.append(-(z * z).sum() / 2 - 392 * math.log(2 * math.pi))
    return [float(v) for v in part + [sum(part)]]


def digit():
    row = gzip.open(ROOT / "data/digits.csv.gz", "rt").readline().split(",")
    k = torch.tensor([int(v) for v in row[:64]]).reshape(8, 8).repeat_interleave(3, 0).repeat_interleave(3, 1)
    return F.pad((255 * k + 8) // 16, (2, 2, 2, 2))


def ring():
    i = 2 * torch.arange(28) - 27
    squared = i[:, None] ** 2 + i[None, :] ** 2
    return 255 * ((squared >= 144) & (squared <= 324)).long()


def main():
    state = load(ROOT / "data/uva/mnist_flow.safetensors")
    with torch.no_grad():
        values = {n: stages(state, im.double()[None, None]) for n, im in (("digit", digit()), ("ring", ring()))}
    if "--c" in sys.argv:
        for v in values.values():
            print("{" + ", ".join(f"{x:.13g}" for x in v) + "},")
        return
    print("# Of kind ref: written by golden/ch13_imported_flow.py with PyTorch in float64; never by our program.")
    print(f"{'# name':<28}  kind  {'value':<24}  atol    rtol")
    for i, stage in enumerate(STAGES):
        for name, v in values.items():
            print(f"{name + '_' + stage:<28}  ref   {v[i]:<24.17g}  1e-8    0")


if __name__ == "__main__":
    main()
