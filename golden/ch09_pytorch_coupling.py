#!/usr/bin/python3
"""PyTorch's values for chapter 9: the AffineCoupling module of the notes, section 9.1, in
float64: twice with weights set by the rule below, once with those of a saved state_dict; inputs
by the rule. Prints the golden file:

    python3 golden/ch09_pytorch_coupling.py > golden/ch09_pytorch_coupling.txt
"""

import math
import pathlib

import torch
from torch import nn

from ch09_state_dict import load


class AffineCoupling(nn.Module):
    """y1 = x1,  y2 = x2·exp(s(x1)) + t(x1),  log|det J| = Σ s(x1)"""

    def __init__(self, dim, hidden):
        super().__init__()
        self.nn = nn.Sequential(
            nn.Linear(dim // 2, hidden), nn.ReLU(),
            nn.Linear(hidden, hidden), nn.ReLU(),
            nn.Linear(hidden, dim),
        )

    def forward(self, x):
        x1, x2 = x.chunk(2, dim=1)
        s, t = self.nn(x1).chunk(2, dim=1)
        return torch.cat([x1, x2 * torch.exp(s) + t], dim=1), s.sum(dim=1)


def rule(k, n):
    """n numbers in (-1/2, 1/2) for tensor k: ((i+1)(i+k+2)·7919 mod 10007 - 5003) / 10007"""
    i = torch.arange(n)
    return ((i + 1) * (i + k + 2) * 7919 % 10007 - 5003).double() / 10007


def show(name, value):
    print(f"{name:<28}  ref   {float(value):<24.17g}  1e-13   1e-13")


def answer(layer, dim, prefix):
    x = 2 * rule(99, 3 * dim).reshape(3, dim)
    y, log_det = layer(x)
    log_p = log_det - 0.5 * (y * y).sum(dim=1) - dim / 2 * math.log(2 * math.pi)
    for j in range(dim):
        for n in range(3):
            show(f"{prefix}_y{j + 1}_sample{n + 1}", y[n, j])
    for n in range(3):
        show(f"{prefix}_log_det_{n + 1}", log_det[n])
        show(f"{prefix}_log_p_{n + 1}", log_p[n])


def main():
    torch.set_default_dtype(torch.float64)
    print("# Written by golden/ch09_pytorch_coupling.py with PyTorch in float64; never by our program.")
    print(f"{'# name':<28}  kind  {'value':<24}  atol    rtol")
    for dim, hidden in (4, 16), (8, 32):
        layer = AffineCoupling(dim, hidden)
        for k, p in enumerate(layer.parameters()):
            p.data = rule(k, p.numel()).reshape(p.shape)
        answer(layer, dim, f"dim{dim}")

    layer = AffineCoupling(6, 10)
    layer.load_state_dict(load(pathlib.Path(__file__).with_name("ch09_state_dict.safetensors")))
    answer(layer, 6, "state_dict")


if __name__ == "__main__":
    main()
