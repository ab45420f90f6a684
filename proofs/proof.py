"""The register of proofs, and what it means that an equation is proved.

An entry's function gives the symbol table of its equation: what each symbol of the text is, computed by
derivatives, determinants and definitions, never copied from the equation. The text of the notes is read,
each of its statements is evaluated under that table, and left minus right must be 0. An entry is called
once for every case, such as d = 1 … 4, and may give several tables a case.
"""
import importlib
import inspect
import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Callable, Iterator

from sympy import Basic, MatrixBase

from grammar import RELATIONS, Parser
from latex import Node, tokens_of
from meaning import meaning
from values import Each, Map, Operator
from zero import Unproved, vanishes

ROOT = Path(__file__).resolve().parent.parent
ASIDE = RELATIONS | {r"\int", "floor", "blocks", "alone", "choice", "words", "where"}


@dataclass(frozen=True)
class Entry:
    number: str
    function: Callable
    cases: tuple
    assumes: str
    stated: bool = False
    latex: str = ""  # of a formula without a number
    file: str = ""

    @property
    def how(self) -> str:
        return " ".join(inspect.getdoc(self.function).split())


ENTRIES: dict[str, Entry] = {}
FORMULAS: dict[str, Entry] = {}


def proof(number: str, cases: tuple = (1, 2, 3, 4), assumes: str = "", stated: bool = False) -> Callable:
    """Registers a function as the entry of equation (number). stated: checked, and not proved by symbols."""
    def register(function: Callable) -> Callable:
        if number in ENTRIES:
            raise ValueError(f"two proofs of ({number})")
        ENTRIES[number] = Entry(number, function, cases, assumes, stated)
        return function

    return register


def formula(latex: str, file: str = "NOTES.md", cases: tuple = (1, 2, 3, 4), assumes: str = "") -> Callable:
    """Registers a function as the entry of a formula that stands in a text without a number."""
    def register(function: Callable) -> Callable:
        name = function.__name__.replace("_", " ")
        FORMULAS[name] = Entry(name, function, cases, assumes, latex=latex, file=file)
        return function

    return register


def stands_in_text(entry: Entry) -> bool:
    text = (ROOT / entry.file).read_text(encoding="utf-8")
    return f"${' '.join(entry.latex.split())}$" in " ".join(text.split())


def scripts() -> list[Path]:
    folder = Path(__file__).parent
    return [*sorted(folder.glob("ch*.py")), folder / "formulas.py"]


def load() -> dict[str, Entry]:
    for script in scripts():
        importlib.import_module(script.stem)
    return ENTRIES


def at(*point) -> Callable:
    """at(x)(value): a function of which only the value at x is defined."""
    def with_value(value) -> Callable:
        def f(*arguments):
            if len(arguments) != len(point) or any(a != p for a, p in zip(arguments, point)):
                raise Unproved(f"a function at another point than {point}")
            return value

        return f

    return with_value


# --- the notes ----------------------------------------------------------------------------------
def equations(path: Path) -> dict[str, str]:
    """The numbered equations of a text: the tag of each display to its LaTeX."""
    found: dict[str, str] = {}
    for display in re.findall(r"^```math\n(.*?)^```", path.read_text(encoding="utf-8"), re.M | re.S):
        tag = re.search(r"\\tag\{(\d+\.\d+)\}", display)
        if tag:
            if tag[1] in found:
                raise ValueError(f"{path.name}: two equations ({tag[1]})")
            found[tag[1]] = display
    return found


def titles(path: Path) -> dict[str, str]:
    """What the notes' index calls each equation."""
    rows = re.findall(r"^\| \((\d+\.\d+)\) \| (.*?) \|", path.read_text(encoding="utf-8"), re.M)
    return dict(rows)


# --- one equation -------------------------------------------------------------------------------
def require(*differences) -> None:
    """A lemma of a proof: each difference is 0."""
    for difference in differences:
        if not vanishes(difference):
            raise Unproved(f"a lemma: {difference} is not 0")


def establish(entry: Entry, tokens: list[str]) -> None:
    """Proves the equation of these tokens, or raises Unproved or Unreadable."""
    takes_case = bool(inspect.signature(entry.function).parameters)
    for case in entry.cases if takes_case else (None,):
        made = entry.function(case) if takes_case else entry.function()
        for table in [made] if isinstance(made, dict) else made:
            for chosen in free_indices(table):
                holds(tokens, chosen)


def free_indices(table: dict) -> Iterator[dict]:
    free = {name: value.values for name, value in table.items() if isinstance(value, Each)}
    for values in product(*free.values()):
        yield {**table, **dict(zip(free, values))}


def holds(tokens: list[str], table: dict) -> None:
    table = dict(table)
    statements = read(tuple(tokens), names_of(table), functions_of(table), operators_of(table))
    for statement in pieces(statements, table):
        if len(statement) == 1 and statement[0].kind == "words":
            if statement[0].parts[0] not in table.get("words", ()):
                raise Unproved(f"words that the proof does not have: {statement[0].parts[0]}")
            continue
        says_something(statement)
        left = meaning(statement[0], table)
        if len(statement) == 1:
            compare("=", left, table["alone"], table)
        dotted = ""
        for relation, node in zip(statement[1::2], statement[2::2]):
            if dotted not in ("", relation):
                raise Unproved(f"{dotted} and {relation} on both sides of dots")
            dotted = relation if node.kind == "dots" else ""
            if dotted:  # a <= b <= … <= c
                continue
            right = meaning(node, table)
            compare(relation, left, right, table)
            if relation == r"\leftarrow":  # from here on the name has the new value
                table[statement[0].parts[0]] = right
            left = right


def says_something(statement: tuple) -> None:
    """A chain does not return to an expression, and what it defines is not used on the right."""
    sides = statement[::2]
    if any(a == b for i, a in enumerate(sides) for b in sides[:i]):
        raise Unproved("a statement says that something is itself")
    used = {part for side in sides[1:] for part in parts(side)}
    if "=" in statement and sides[0].kind == "symbol" and sides[0] in used:
        raise Unproved("a name is used in its own definition")


def parts(node: Node) -> Iterator[Node]:
    yield node
    for part in node.parts:
        if isinstance(part, Node):
            yield from parts(part)


def pieces(statements: tuple, table: dict) -> Iterator[tuple]:
    """Of an equation with several right-hand sides in a row, the one that the table chooses; and what the
    underbraces say."""
    if "choice" in table:
        left, relation, first = statements[0]
        others = [first] + [s[0] for s in statements[1:]]
        statements = ((left, relation, others[table["choice"]]),)
    for statement in statements:
        yield statement
        for node in statement[::2]:
            for brace in parts(node):
                if brace.kind == "underbrace":
                    yield brace.parts[0], "=", brace.parts[1]


def compare(relation: str, left, right, table: dict) -> None:
    if "where" in table:
        left, right = (side.xreplace(table["where"]) for side in (left, right))
    if relation in table:
        true = table[relation](left, right)
    elif relation == "=":
        true = equal(left, right)
    else:
        raise Unproved(f"no rule for {relation}")
    if not true:
        raise Unproved(f"left {relation} right does not hold")


def equal(left, right) -> bool:
    if isinstance(left, MatrixBase) and isinstance(right, MatrixBase):
        return left.shape == right.shape and vanishes(left - right)
    if isinstance(left, MatrixBase) or isinstance(right, MatrixBase):
        entries = [e for side in (left, right) for e in (side if isinstance(side, MatrixBase) else [side])]
        return len(entries) == 2 and vanishes(entries[0] - entries[1])
    if isinstance(left, list):
        return left == right
    return vanishes(left - right)


@lru_cache(maxsize=None)
def read(tokens: tuple, names: tuple, functions: frozenset, operators: frozenset) -> tuple:
    return tuple(Parser(list(tokens), dict(names), functions, operators).statements())


def names_of(table: dict) -> tuple:
    return tuple((name_tokens(name), name) for name in table if name not in ASIDE)


@lru_cache(maxsize=None)
def name_tokens(name: str) -> tuple:
    return tuple(tokens_of(name))


def functions_of(table: dict) -> frozenset:
    return frozenset(name for name, value in table.items() if is_function(value))


def operators_of(table: dict) -> frozenset:
    return frozenset(name for name, value in table.items() if isinstance(value, Operator))


def is_function(value) -> bool:
    if isinstance(value, (list, tuple)):
        return bool(value) and all(map(is_function, value))
    if isinstance(value, dict):
        return bool(value) and all(map(is_function, value.values()))
    return isinstance(value, type) or callable(value) and not isinstance(value, Basic | MatrixBase)


def golden(chapter: str, values: dict) -> None:
    """A lemma of a proof: these are the golden values of a chapter, to 12 digits."""
    (path,) = (ROOT / "golden").glob(f"{chapter}_*.txt")
    lines = (line.split() for line in path.read_text(encoding="utf-8").splitlines() if line and line[0] != "#")
    known = {words[0]: float(words[2]) for words in lines}
    for name, value in values.items():
        if abs(float(value) - known[name]) > 1e-12 * max(1, abs(known[name])):
            raise Unproved(f"{name} is {float(value)}, and {known[name]} in {path.name}")
