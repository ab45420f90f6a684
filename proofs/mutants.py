"""Misprints, made on purpose: every one must make its proof fail.

In the text: a sign is turned around or left out, a term or a factor or a function is left out, an index or
another symbol is replaced by one that stands elsewhere in the equation, a number is one larger, a relation
is turned around. In the scripts: a sum becomes a difference, a difference a sum, a minus sign is left out.
"""
import ast
from pathlib import Path
from typing import Iterator

from latex import Node, Parser
from proof import Entry, functions_of, names_of, operators_of, parts

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
            yield f"{what}: {' '.join(changed)}", changed


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


def of_script(path: Path) -> Iterator[tuple[int, str]]:
    """The line, and the source with one sign changed."""
    source = path.read_text(encoding="utf-8")
    count = len(list(signs(ast.parse(source))))
    for k in range(count):
        tree = ast.parse(source)
        node = list(signs(tree))[k]
        if isinstance(node, ast.BinOp):
            node.op = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
        else:
            node.op = ast.UAdd()
        yield node.lineno, ast.unparse(tree)


def signs(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.parts(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
            yield node
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            yield node
