#!/usr/bin/python3
"""Proves every numbered equation of the notes, and shows that misprints are found.

    run.py [--notes FILE]                       prove all; the last line counts them
    run.py --table                              the table of proofs, docs/proofs.md
    run.py --misprints [--every N]              misprint the text in every N-th possible way, one at a time
    run.py --signs [--every N]                  change every N-th sign of the scripts, one at a time

Exit status: 0 all is proved, or all misprints are found; 1 not; 2 usage, or no SymPy.
"""
import argparse
import sys
import warnings
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Callable, Iterator

try:
    from sympy.utilities.exceptions import SymPyDeprecationWarning
except ImportError:
    sys.exit(sys.stderr.write("proofs: this Python has no SymPy; on Debian: apt-get install python3-sympy\n") and 2)

import mutants
from latex import tokens_of
from proof import FORMULAS, ROOT, Entry, equations, establish, load, scripts, stands_in_text, titles

# A function instead of a number, which only a misprint puts there.
warnings.simplefilter("error", SymPyDeprecationWarning)
NOTES = ROOT / "NOTES.md"
HEAD = """# The proofs of the equations

The numbered equations of [the notes](../NOTES.md) are proved by computer algebra: `make proofs`, with SymPy. The
scripts are in [proofs](../proofs/proof.py), one a chapter. This table is made by them (`make proof-table`), and a
test fails when an equation has no entry or the table is out of date.

A proof reads the LaTeX of its equation from the notes and evaluates both sides. The script defines each symbol by
definitions, derivatives and determinants that it computes itself and does not take from the equation. The difference
of the two sides must simplify to 0, with symbols for all parameters, in each case: matrices and vectors of symbols
for d = 1 … 4, or for the sizes that the script names. For an inequality, an identity for the difference is proved,
and a bound of each of its terms. *Stated* means that the equation is a rule for integers or an order of layers, which
symbols cannot prove; the check described is made instead. The words behind (6.9) are compared as words.

Planted errors test the proofs. `make misprints` makes one change at a time in the text of each equation: a sign, a
term, a factor, an index, a power or a function is changed or left out, a number is increased by 1, a symbol is replaced
by each other symbol of the equation, an inequality is reversed. `make signs` changes each sign in the scripts. Every
change must make a proof fail; `make check` takes a sample of both. The exceptions are changes after which the equation
still holds, such as the determinant of a coupling layer without the absolute value; `proofs/mutants.py` lists them.
"""


def failure(entry: Entry, tokens: list[str]) -> str:
    """Why an equation is not proved; nothing where it is."""
    try:
        establish(entry, tokens)
    except Exception as e:  # of any kind: also one that the misprint provokes in SymPy
        return f"{type(e).__name__}: {e}"
    return ""


def in_parallel(work: Callable, items: list, what: str) -> Iterator[tuple]:
    """Each item with its result, in order; how far it is, on a terminal only."""
    with ProcessPoolExecutor() as pool:
        for count, (item, result) in enumerate(zip(items, pool.map(work, items)), 1):
            if sys.stderr.isatty():
                sys.stderr.write(f"\r{what} {count} of {len(items)} ")
            yield item, result
    if sys.stderr.isatty():
        sys.stderr.write("\r\033[K")


# --- proofs -------------------------------------------------------------------------------------
def prove(equation: tuple[str, str]) -> str:
    number, latex = equation
    entry = entry_of(number)
    return failure(entry, tokens_of(latex)) if entry else "no entry in proofs/"


def entry_of(number: str) -> Entry | None:
    return load().get(number) or FORMULAS.get(number)


def prove_all(notes: Path) -> bool:
    entries, text = load(), equations(notes)
    wrong = {number: "no such equation in the notes" for number in entries if number not in text}
    wrong |= {number: why for (number, _), why in in_parallel(prove, list(text.items()), "equation") if why}
    translation = notes.with_name("NOTES.zh.md")
    if translation.exists():
        other = equations(translation)
        wrong |= {number: f"another equation in {translation.name}" for number in text
                  if tokens_of(other.get(number, "")) != tokens_of(text[number]) and number not in wrong}
    load()
    formulas = [(name, entry.latex) for name, entry in FORMULAS.items()]
    wrong |= {name: why for (name, _), why in in_parallel(prove, formulas, "formula") if why}
    wrong |= {name: f"{entry.file} has no {entry.latex}" for name, entry in FORMULAS.items()
              if not stands_in_text(entry)}
    for number, why in wrong.items():
        print(f"({number}) {why}")
    print(f"{sum(name not in wrong for name in FORMULAS)} of {len(FORMULAS)} formulas without a number proved")
    stated = [number for number, entry in entries.items() if entry.stated and number not in wrong]
    proved = [number for number in text if number not in wrong and number not in stated]
    print(f"{len(proved)} of {len(text)} equations proved, {len(stated)} stated with a check")
    return not wrong and len(proved) + len(stated) == len(text)


def table() -> None:
    known = titles(NOTES)
    print(HEAD)
    print("| equation | what it is | | how | what is assumed |\n|---|---|---|---|---|")
    for number in equations(NOTES):
        entry = load()[number]
        kind = "stated" if entry.stated else "proved"
        print(f"| ({number}) | {known[number]} | {kind} | {entry.how} | {entry.assumes or 'nothing'} |")
    print("\nFormulas without a number, quoted by their entries from the text that has them:\n")
    print("| formula | in | how | what is assumed |\n|---|---|---|---|")
    for name, entry in FORMULAS.items():
        print(f"| {name}: ${entry.latex}$ | {entry.file} | {entry.how} | {entry.assumes or 'nothing'} |")


# --- misprints ----------------------------------------------------------------------------------
def misprint(job: tuple[str, list[str]]) -> str:
    return failure(entry_of(job[0]), job[1])


def misprints(every: int) -> bool:
    load()
    texts = [*equations(NOTES).items(), *((name, entry.latex) for name, entry in FORMULAS.items())]
    jobs = [(number, what, changed) for number, latex in texts
            for what, changed in mutants.of_text(entry_of(number), tokens_of(latex))][::every]
    results = in_parallel(misprint, [(number, changed) for number, _, changed in jobs], "misprint")
    passed = [(number, what, changed) for (number, what, changed), (_, why) in zip(jobs, results) if not why]
    return report(len(jobs), [f"({n}) {what}: {' '.join(changed)}" for n, what, changed in passed
                              if not mutants.is_true(n, what)],
                  sum(mutants.is_true(n, what) for n, what, _ in passed), "misprints of the text")


def signs(every: int) -> bool:
    jobs = [(path, k) for path in scripts() for k in range(mutants.count_of_signs(path))][::every]
    results = in_parallel(mutants.sign_is_found, jobs, "sign")
    passed = [mutants.place_of_sign(*job) for job, found in results if not found]
    return report(len(jobs), passed, 0, "signs of the scripts")


def report(count: int, missed: list[str], true: int, what: str) -> bool:
    for line in missed:
        print(line)
    print(f"{count - len(missed) - true} of {count - true} {what} found"
          + (f"; {true} more say what is true, too" if true else ""))
    return not missed


def main() -> bool:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--notes", type=Path, default=NOTES)
    parser.add_argument("--every", type=int, default=1)
    for choice in ("--table", "--misprints", "--signs"):
        parser.add_argument(choice, action="store_true")
    arguments = parser.parse_args()
    if arguments.table:
        table()
        return True
    if arguments.misprints:
        return misprints(arguments.every)
    if arguments.signs:
        return signs(arguments.every)
    return prove_all(arguments.notes)


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
