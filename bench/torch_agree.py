#!/usr/bin/python3
"""Are the flows timed in PyTorch ours? With the weights of golden/pytorch_flows.py they must give
the log p of golden/pytorch_flows.txt and the norm of every tensor's gradient, as our library does
(tests/test_pytorch.c), and return to x, as samples do. In single precision log p must be that of
double precision to 1e-4, absolute or relative. The same in both memory formats. Exit status 1 if
not."""

import copy
import math
import sys

import torch

from torch_image_flow import Conv1x1, Glow
from torch_point_flow import BINS, SplineCoupling, maf, nsf, realnvp

GOLDEN = "golden/pytorch_flows.txt"


def rule(k, *shape):
    """as in golden/pytorch_flows.py"""
    i = torch.arange(math.prod(shape))
    return (((i + 1) * (i + k + 2) * 7919 % 10007 - 5003).double() / 10007).reshape(shape)


def golden(flow):
    """its log p of every sample, and the norm of every tensor's gradient, in order"""
    lines = [line.split() for line in open(GOLDEN) if line.startswith(flow)]
    values = {words[0]: float(words[2]) for words in lines}
    return ([v for name, v in values.items() if "_log_p_" in name],
            [v for name, v in values.items() if name.endswith("_norm")])


def filled(name, shape, value):
    """tensor number k in our order of axes, told in PyTorch's"""
    if len(shape) != 4 or shape[2:] == (1, 1):
        return value(shape)
    out, n_in, h, w = shape
    if name.endswith("net.4.weight"):  # the last of a ConvNet
        return value((h, w, out, n_in)).permute(2, 3, 0, 1)
    return value((out, h, w, n_in)).permute(0, 3, 1, 2)


def by_value(p):
    """the rows of a spline's net: ours go number by number, PyTorch's value by value"""
    return p.unflatten(0, (3 * BINS - 1, -1)).transpose(0, 1).flatten(0, 1)


def fill(flow, scale):
    with torch.no_grad():
        for k, (name, p) in enumerate(flow.named_parameters()):
            p.copy_(filled(name, tuple(p.shape), lambda shape: scale * rule(k, *shape)))
        for layer in flow.modules():
            layer.initialised = True  # the weights stay as they are
            if isinstance(layer, SplineCoupling):
                for p in layer.net[4].parameters():
                    p.copy_(by_value(p))
            if isinstance(layer, Conv1x1):
                i = torch.arange(len(layer.p))
                layer.p.zero_()[(5 * i + 1) % len(i), i] = 1
                layer.sign.copy_(1.0 - 2.0 * (i % 3 == 0))


def compare(title, name, flow, scale, x):
    fill(flow, scale)
    log_p = flow.log_prob(x)
    (-log_p.mean()).backward()
    norms = [float(p.grad.norm()) for p in flow.parameters()]
    with torch.no_grad():
        back = (flow.inverse(flow(x)[0]) - x).abs().max()
        single = copy.deepcopy(flow).float().log_prob(x.float())
    single = ((single - log_p) / log_p.abs().clamp(min=1)).abs().max()
    good = back < 1e-10 and single < 1e-4
    print(f"{title}: round trip {back:.1e}, single precision {single:.0e}", end="")
    for what, here, there in zip(("log p", "gradients"), (log_p.tolist(), norms), golden(name)):
        far = max(abs(a / b - 1) for a, b in zip(here, there))
        good = good and len(here) == len(there) and far < 1e-10
        print(f", {len(there)} {what} {far:.1e}", end="")
    print("" if good else ": NOT the same flow")
    return good


def main():
    torch.set_default_dtype(torch.float64)
    good = compare("RealNVP", "realnvp", realnvp(2, 8, 16), 1, 4 * rule(99, 5, 2))
    good &= bool(compare("MAF", "maf", maf(5, 3, 12), 1, 4 * rule(99, 5, 5)))
    good &= bool(compare("NSF", "nsf", nsf(5, 4, 12), 1, 10 * rule(99, 5, 5)))
    for layout in torch.contiguous_format, torch.channels_last:
        x = 4 * rule(99, 3, 8, 8, 3).permute(0, 3, 1, 2).contiguous(memory_format=layout)
        good &= bool(compare(f"Glow, {layout}", "glow", Glow(3, 2, 2, 16, layout), 0.3, x))
    sys.exit(0 if good else 1)


main()
