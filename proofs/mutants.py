"""Misprints, made on purpose: every one must make its proof fail.

In the text: a sign is turned around or left out, a term or a factor or a function is left out, an index or
another symbol is replaced by one that stands elsewhere in the equation, a number is one larger, a relation
is turned around. In the scripts: a sum becomes a difference, a difference a sum, a minus sign is left out.
"""
import ast
import sys
from pathlib import Path
from types import ModuleType
from typing import Iterator

from grammar import Parser
from latex import Node, tokens_of
from proof import (ENTRIES, FORMULAS, ROOT, Entry, equations, establish, functions_of, load, names_of, operators_of,
                   parts, scripts)

TURNED = {"+": "-", "-": "+", r"\ge": r"\le", r"\le": r"\ge", r"\sum": r"\prod"}


def first_table(entry: Entry) -> dict:
    takes_case = entry.function.__code__.co_argcount
    made = entry.function(entry.cases[-1]) if takes_case else entry.function()
    return made if isinstance(made, dict) else list(made)[-1]


def of_text(entry: Entry, tokens: list[str]) -> Iterator[tuple[str, list[str]]]:
    """What is done, and the tokens of the misprinted equation."""
    table = first_table(entry)
    parser = Parser(tokens, dict(names_of(table)), functions_of(table), operators_of(table))
    statements = parser.statements()
    tokens = parser.tokens
    nodes = [node for statement in statements for tree in statement[::2] for node in parts(tree)]
    seen = set()
    for what, start, end, instead in (*of_tokens(tokens), *of_nodes(nodes, tokens)):
        changed = tokens[:start] + instead + tokens[end:]
        if changed != tokens and tuple(changed) not in seen:
            seen.add(tuple(changed))
            yield what, changed


def of_tokens(tokens: list[str]) -> Iterator[tuple]:
    for at, token in enumerate(tokens):
        if token in TURNED:
            yield f"{token} for {TURNED[token]}", at, at + 1, [TURNED[token]]
        if token.isdigit():
            yield f"{token} + 1", at, at + 1, [str(int(token) + 1)]


def of_nodes(nodes: list[Node], tokens: list[str]) -> Iterator[tuple]:
    symbols = {}
    for node in nodes:
        if node.kind == "symbol":
            symbols.setdefault(node.parts[0], tokens[slice(*node.span)])
    for node in nodes:
        start, end = node.span
        if node.kind == "symbol":
            for name, instead in symbols.items():
                if name != node.parts[0]:
                    yield f"{name} for {node.parts[0]}", start, end, instead
        elif node.kind in ("plus", "minus"):
            yield "a term left out", start, end, []
            if node.kind == "minus":
                yield "a sign left out", start, start + 1, []
        elif node.kind == "product":
            for operator, factor in zip(node.parts[::2], node.parts[1::2]):
                if operator != "/" and factor.kind != "dots":
                    yield "a factor left out", *factor.span, []
        elif node.kind in ("power", "index"):
            yield f"no {node.kind}", node.parts[0].span[1], end, []
        elif node.kind == "function":
            yield "a function left out", start, node.parts[1].span[0], []
        elif node.kind in ("abs", "norm"):
            yield f"no {node.kind}", start, end, ["(", *tokens[start + 1:end - 1], ")"]


# Misprints that say something true, by equation: the determinant is positive, so that its absolute value may be
# left out; the dots of (1.11) mean the same without one factor, and x is x_0; J is A in (2.1), and t̄ is z̄_b in
POSITIVE = ("1.11", "1.11", "2.1", "2.5", "3.3", "3.6", "3.9", "4.1", "4.3", "4.6", "5.8", "5.8", "6.4", "6.5", "6.7", "8.1", "9.2", "10.5", "10.6", "10.11", "11.13", "11.13", "12.5", "12.6", "12.6", "12.13", "13.1", "13.7")


def is_true(number: str, what: str) -> bool:
    """Whether this is one of those, for a misprint that was not found."""
    return number in POSITIVE and what == "no abs" or (number, what) in TRUE


# --- scripts ------------------------------------------------------------------------------------
def signs(tree: ast.AST) -> list[ast.AST]:
    return [node for node in ast.walk(tree)
            if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub))
            or isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)]


def count_of_signs(path: Path) -> int:
    return len(signs(ast.parse(path.read_text(encoding="utf-8"))))


def changed_sign(path: Path, k: int) -> tuple[ast.Module, ast.AST]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    node = signs(tree)[k]
    if isinstance(node, ast.UnaryOp):
        node.op = ast.UAdd()
    else:
        node.op = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
    return tree, node


def place_of_sign(path: Path, k: int) -> str:
    _, node = changed_sign(path, k)
    return f"{path.name}:{node.lineno}: {ast.unparse(node)}"


def sign_is_found(job: tuple[Path, int]) -> bool:
    """Whether a proof fails when the scripts are loaded anew with one of them changed."""
    path, k = job
    tree, node = changed_sign(path, k)
    for script in scripts():
        sys.modules.pop(script.stem, None)
    ENTRIES.clear()
    FORMULAS.clear()
    try:
        module = sys.modules[path.stem] = ModuleType(path.stem)
        exec(compile(tree, path.name, "exec"), module.__dict__)
        text = equations(ROOT / "NOTES.md")
        functions = [part for part in tree.body if isinstance(part, ast.FunctionDef)]
        inside = [f.name for f in functions if f.lineno <= node.lineno <= f.end_lineno]
        load()
        for entry in sorted([*ENTRIES.values(), *FORMULAS.values()], key=lambda e: e.function.__name__ not in inside):
            establish(entry, tokens_of(entry.latex or text[entry.number]))
    except Exception:  # of any kind: also one that the changed sign provokes in SymPy
        return True
    return False
