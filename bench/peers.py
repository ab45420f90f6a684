#!/usr/bin/python3
"""Ours against PyTorch on the same cores: runs both sides alternately, pair by pair, and prints
one table in Markdown. A ratio belongs to a pair, whose runs stand side by side in time; the
table shows each of them, their median and their spread. PyTorch is given its better setting,
pair by pair: memory format for images, number of threads for points.

    peers.py [--pairs N] [WORK…]  N from 1; 5 by default
    B=build                       in the environment: the folder where our programs are

WORK is images, realnvp, or maf or nsf with the values of a point: maf-2, maf-8, maf-63, nsf-2 …;
without any it is all of them. A pair of images takes three minutes, one of each other work 20 s.

Every second pair runs in the opposite order, so that a machine that slows down or warms up
favours neither side. Runs of ours that are compared with each other (threads, depth) are in it.
It ends with status 1, before any timing, if the two sides are not the same flow.

PyTorch's better memory format is a setting in its documentation. At its best it is also set
not to give memory back to the system after every operation, which glibc does for large tensors,
and its OpenBLAS may use all that the machine has."""

import importlib.util
import os
import statistics
import subprocess
import sys

BUILD = os.environ.get("B", "build")
IMAGE = [f"{BUILD}/bench/image_flow"]
POINTS = [f"{BUILD}/bench/point_flow"]
TORCH_IMAGE = [sys.executable, "-B", "bench/torch_image_flow.py"]
TORCH_POINTS = [sys.executable, "-B", "bench/torch_point_flow.py"]

# layers, width, points of log_prob and sample; a step trains with 512
SIZES = {"realnvp": (32, 64, 40000),
         "maf-2": (8, 64, 1000), "maf-8": (5, 100, 1000), "maf-63": (5, 512, 1000),
         "nsf-2": (8, 64, 1000), "nsf-8": (5, 100, 1000), "nsf-63": (5, 128, 1000)}
WORKS = ["images", *SIZES]

# glibc: hand out all but the largest blocks from memory that is not given back
KEEPING = ["env", f"MALLOC_MMAP_THRESHOLD_={32 << 20}", f"MALLOC_TRIM_THRESHOLD_={8 << 30}"]
# and let OpenBLAS choose its kernels by itself
CHOOSING = ["env", "-u", "OPENBLAS_CORETYPE", "-u", "OPENBLAS_L2_SIZE"]


def choosing():
    """CHOOSING, unless OpenBLAS fails with the kernels that it chooses here"""
    trial = CHOOSING + POINTS + ["--layers", "1", "--points", "1", "--batch", "1"]
    return CHOOSING if subprocess.run(trial, stdout=subprocess.DEVNULL).returncode == 0 else []


def image_runs():
    """name of a run: its command. "fused" recomputes what does not fit into 3 MiB a thread, and has
    no array of gradients."""
    table = {}
    for w in 512, 64:
        size = ["--steps", "8", "--width", f"{w}", "--batch", "16"]
        table[f"ours {w}"] = IMAGE + size + ["--threads", "2"]
        table[f"users {w}"] = TORCH_IMAGE + size + ["--threads", "2", "--layout", "users"]
        table[f"last {w}"] = TORCH_IMAGE + size + ["--threads", "2", "--layout", "channels_last"]
        table[f"best {w}"] = KEEPING + table[f"last {w}"]
        table[f"alone {w}"] = IMAGE + size + ["--threads", "1"]
    for k in "8", "32":
        table[f"fused {k}"] = IMAGE + ["--steps", k, "--width", "512", "--batch", "16", "--threads",
                                      "2", "--budget", "3", "--chunk", "2", "--fused", "1"]
    return table


def point_runs(work):
    model, _, dim = work.partition("-")
    layers, width, points = SIZES[work]
    size = ["--model", model, "--dim", dim or "2", "--layers", f"{layers}", "--width", f"{width}",
            "--points", f"{points}", "--threads"]
    table = {f"ours {work}": POINTS + size + ["2"]}
    if work == "realnvp":
        table[f"alone {work}"] = POINTS + size + ["1"]
    for t in "1", "2":
        table[f"torch {work} {t}"] = KEEPING + TORCH_POINTS + size + [t]
    return table


def runs(works):
    table, free = {}, choosing()
    for work in works:
        table |= image_runs() if work == "images" else point_runs(work)
    return {name: free + command for name, command in table.items()}


# --- the measures of a pair: r[run][name] is a number. Each returns (ours, theirs, ratio) -----

def rate(name, ours, *peers):
    """images a second, and how many times those of the fastest peer"""
    def measure(r):
        here, there = r[ours][name], max(r[peer][name] for peer in peers)
        return here, there, here / there
    return measure


def duration(name, ours, *peers):
    """milliseconds, and how many times as long the fastest peer takes"""
    def measure(r):
        here, there = r[ours][name], min(r[peer][name] for peer in peers)
        return here, there, there / here
    return measure


def memory(ours, *peers):
    """MiB, and which part that is of the smallest peer's"""
    def measure(r):
        here, there = r[ours]["peak_rss_mib"], min(r[peer]["peak_rss_mib"] for peer in peers)
        return here, there, here / there
    return measure


def depth(r):
    """peak memory less parameters and Adam's two moments, MiB"""
    deep, flat = (r[f"fused {k}"]["peak_rss_mib"] - 3 * r[f"fused {k}"]["parameters"] * 4 / 2**20
                  for k in (32, 8))
    return deep, flat, deep / flat


def fraction(run, what):
    """which part of the peak of independent multiply-adds"""
    def measure(r):
        here = r[run][f"{what}_peak_fraction"]
        return here, 1, here
    return measure


def fractions(name, run, least):
    """rows of log_prob, sample and train; least has (minimum, goal) of each"""
    return [(f"{name} {what} as a fraction of the peak", fraction(run, what), minimum, goal)
            for what, (minimum, goal) in zip(("log_prob", "sample", "train"), least)]


def image_rows():
    """(work, measure, minimum, goal); a bound below 0 means at most"""
    table = []
    bounds = [(512, "log_prob", 1.15, 1.3), (512, "train", 1.1, 1.35), (512, "sample", 1.15, 1.3),
              (64, "log_prob", 2.5, 3.2), (64, "train", 2.5, 3.2), (64, "sample", 2.5, 3.2)]
    for w, what, minimum, goal in bounds:
        name, ours, users, last = f"{what}_img_s", f"ours {w}", f"users {w}", f"last {w}"
        work = f"Glow K=8 W={w}: {what}, img/s, PyTorch"
        table += [(f"{work}'s better format", rate(name, ours, users, last), minimum, goal),
                  (f"{work} at its best", rate(name, ours, users, last, f"best {w}"), minimum,
                   goal),
                  (f"{work} as its users write it", rate(name, ours, users), None, None)]
    torch = [f"{kind} 512" for kind in ("users", "last", "best")]
    table += [("peak memory in training, K=8 W=512 B=16, MiB, ours fused, PyTorch's smallest",
               memory("fused 8", *torch), -1 / 4, -1 / 8),
              ("the same, ours as fast as above", memory("ours 512", *torch), None, None),
              ("train, img/s, ours fused, PyTorch's better format",
               rate("train_img_s", "fused 8", *torch[:2]), None, None),
              ("the same, PyTorch at its best", rate("train_img_s", "fused 8", *torch), None, None),
              ("peak memory, K=32 against K=8, less θ, m and v, MiB, ours fused", depth, -1.1,
               -1.0)]
    table += fractions("W=512", "ours 512", ((0.75, 0.85), (0.75, 0.85), (0.64, 0.78)))
    table += fractions("W=64", "ours 64", ((0.60, 0.75), (0.60, 0.72), (0.49, 0.62)))
    for w in 512, 64:
        for what in "log_prob", "train":
            table.append((f"2 threads against 1, Glow W={w}: {what}, img/s",
                          rate(f"{what}_img_s", f"ours {w}", f"alone {w}"), 1.8, 1.95))
    return table


def point_rows(work):
    bounds, table, ours = [(5, 8), (5, 8), (5, 8)], [], f"ours {work}"
    if work == "realnvp":
        bounds = [(8, 13), (8, 13), (8, 15)]
        table = fractions(work, ours, ((0.57, 0.75), (0.57, 0.75), (None, None)))
        table.append((f"2 threads against 1, {work}: train_step, ms",
                      duration("train_step_ms", ours, f"alone {work}"), 1.8, 1.95))
    for what, (minimum, goal) in zip(("log_prob", "sample", "train_step"), bounds):
        table.append((f"{work}: {what}, ms, PyTorch's better number of threads",
                      duration(f"{what}_ms", ours, f"torch {work} 1", f"torch {work} 2"),
                      minimum, goal))
    return table


def rows(works):
    return [row for work in works
            for row in (image_rows() if work == "images" else point_rows(work))]


# --- running ------------------------------------------------------------------------------------

def run(name, command):
    print(f"  {name:<16} {' '.join(command)}", file=sys.stderr, flush=True)
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        fail(f"{' '.join(command)} ended with status {done.returncode}", 1)
    return {line[0]: float(line[1]) for line in (text.split(",") for text in done.stdout.split())}


def fail(message, status):
    print(f"{sys.argv[0]}: {message}", file=sys.stderr)
    sys.exit(status)


def wanted():
    """pairs, works"""
    words, count = sys.argv[1:], "5"
    if words[:1] == ["--pairs"]:
        count, words = (words + [""])[1], words[2:]
    if not count.isdecimal() or int(count) < 1:
        fail(f"--pairs {count}: it is a whole number from 1", 2)
    for word in words:
        if word not in WORKS:
            fail(f"{word}: the workloads are {', '.join(WORKS)}", 2)
    return int(count), words or WORKS


def same_sizes(r, works):
    groups = [[f"ours {work}", f"torch {work} 1", f"torch {work} 2"] for work in works]
    if "images" in works:
        groups[works.index("images")] = ["ours 64", "users 64", "last 64", "best 64"]
        groups.append(["ours 512", "users 512", "last 512", "best 512", "fused 8"])
    for names in groups:
        counts = [f"{r[name]['parameters']:.0f}" for name in names]
        if len(set(counts)) > 1:
            fail(f"{', '.join(names)} have {', '.join(counts)} parameters: "
                 "these are different flows", 1)


# --- the table ----------------------------------------------------------------------------------

def bound(value):
    return "" if value is None else f"≥ {value:g}" if value > 0 else f"≤ {-value:g}"


def reached(median, minimum, goal):
    def holds(value):
        return median >= value if value > 0 else median <= -value
    return "" if minimum is None else "goal" if holds(goal) else "yes" if holds(minimum) else "no"


def print_table(works, pairs, load):
    first = next(iter(pairs[0]))  # of ours, with two threads
    peak, sgemm = (statistics.median(r[first][f"{what}_gflops"] for r in pairs)
                   for what in ("fma_peak", "sgemm"))
    print(f"{os.cpu_count()} cores; with two threads peak {peak:.0f} GFLOP/s, SGEMM {sgemm:.0f}; "
          f"load average at the start {load:.1f}; pairs: {len(pairs)}\n")
    heads = ("work", "ours", "against", "ratio, pair by pair", "median", "spread", "at least",
             "goal", "reached")
    print(f"| {' | '.join(heads)} |\n{'|---' * len(heads)}|")
    for work, measure, minimum, goal in rows(works):
        ours, theirs, ratios = zip(*(measure(r) for r in pairs))
        median = statistics.median(ratios)
        print(f"| {work} | {statistics.median(ours):.3g} | {statistics.median(theirs):.3g} "
              f"| {' '.join(f'{v:.2f}' for v in ratios)} | {median:.2f} "
              f"| {min(ratios):.2f}–{max(ratios):.2f} | {bound(minimum)} | {bound(goal)} "
              f"| {reached(median, minimum, goal)} |")


def main():
    (count, works), load = wanted(), os.getloadavg()[0]
    if load > 0.5:
        print(f"{sys.argv[0]}: the machine is busy (load average {load:.1f}): what follows says "
              "little", file=sys.stderr)
    if importlib.util.find_spec("torch") is None:
        fail("this Python has no PyTorch; on Debian: apt-get install python3-torch", 2)
    for program in IMAGE + POINTS:
        if not os.path.exists(program):
            fail(f"there is no {program}; `make bench-peers` builds it", 2)
    agree = subprocess.run([sys.executable, "-B", "bench/torch_agree.py"], stdout=sys.stderr)
    if agree.returncode != 0:
        fail("bench/torch_agree.py: PyTorch's flows are not ours", 1)
    commands, pairs = list(runs(works).items()), []
    for i in range(count):
        print(f"pair {i + 1} of {count}", file=sys.stderr)
        order = commands if i % 2 == 0 else commands[::-1]
        done = {name: run(name, command) for name, command in order}
        pairs.append({name: done[name] for name, _ in commands})
        same_sizes(pairs[-1], works)
    print_table(works, pairs, load)


main()
