"""What the PyTorch benchmarks share: bench.h, told in Python. The same options, clock and
yardstick, so that a line name,value,unit means the same on both sides."""

import ctypes
import resource
import sys
import time

import torch


def options(about, defaults, choices=()):
    """--NAME N and --NAME=N for whole numbers; a choice (name, values) takes one of its values."""
    values = dict(defaults) | {name: allowed[0] for name, allowed in choices}
    allowed = dict(choices)
    words = [part for word in sys.argv[1:] for part in word.split("=", 1)]
    if "--help" in words:
        print(f"usage: {sys.argv[0]} [--NAME VALUE]…\n{about}\n")
        for name, value in values.items():
            print(f"  --{name:<10} {' or '.join(allowed.get(name, ['a whole number']))} [{value}]")
        sys.exit(0)
    for word, value in zip(words[::2], words[1::2] + [""]):
        name = word.removeprefix("--")
        if name == word or name not in values:
            fail(f"{word}: unknown option; see --help")
        if name in allowed and value not in allowed[name]:
            fail(f"{word} {value}: it is {' or '.join(allowed[name])}")
        if name not in allowed and not (value.isdecimal() and 1 <= int(value) <= 1000000):
            fail(f"{word} {value}: it is a whole number from 1 to 1000000")
        values[name] = value if name in allowed else int(value)
    return values


def use_threads(count):
    """PyTorch leaves OpenBLAS, if that is its BLAS, at a thread per core: that is set, too."""
    torch.set_num_threads(count)
    try:
        ctypes.CDLL("libblas.so.3").openblas_set_num_threads(count)
    except (OSError, AttributeError):
        pass


def stir(model, scale):
    """Adds scale·N(0, 1) to every parameter, so that no layer stays at its initial zeros."""
    with torch.no_grad():
        for p in model.parameters():
            p += scale * torch.randn_like(p)


def parameters(model):
    return sum(p.numel() for p in model.parameters())


def fail(message):
    print(f"{sys.argv[0]}: {message}", file=sys.stderr)
    sys.exit(2)


def show(name, value, unit):
    print(f"{name},{value:.8g},{unit}", flush=True)


def seconds(work, budget):
    """of one call: the shortest of those that fit in about `budget` seconds, at least three,
    after one that warms up"""
    work()
    took = []
    start = time.monotonic()
    while len(took) < 3 or time.monotonic() - start < budget:
        begin = time.monotonic()
        work()
        took.append(time.monotonic() - begin)
    return min(took)


def sgemm_gflops():
    """GFLOP/s of torch's own product of two 2048² matrices"""
    a, b = torch.randn(2048, 2048), torch.randn(2048, 2048)
    c = torch.empty(2048, 2048)
    return 2e-9 * 2048**3 / seconds(lambda: torch.mm(a, b, out=c), 1)


def peak_rss_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
