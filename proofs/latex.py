"""The tokens of a LaTeX equation, and the nodes of its tree."""
import re
from dataclasses import dataclass, field

IGNORED = {r"\,", r"\;", r"\!", r"\:", r"\left", r"\right", r"\begin{aligned}", r"\end{aligned}"}
SAME = {r"\tfrac": r"\frac", r"\dfrac": r"\frac", r"\leq": r"\le", r"\geq": r"\ge", r"\operatorname": r"\mathrm"}
TOKEN = re.compile(r"\\(?:begin|end)\{\w+\}|\\text\{[^}]*\}|\\[A-Za-z]+|\\.|\d+\.\d+|\d+|[^\s]")


class Unreadable(Exception):
    """The text of an equation is not in the language of the parser, or has no meaning under a table."""


@dataclass(frozen=True)
class Node:
    """An expression: its kind, its parts (nodes or strings), and the tokens from which it was read."""
    kind: str
    parts: tuple
    span: tuple = field(default=(0, 0), compare=False)


def tokens_of(latex: str) -> list[str]:
    """The tokens without what is only layout: alignment, spaces, \\left and \\right, the tag."""
    latex = re.sub(r"\\tag\{[^}]*\}", "", latex)
    latex = re.sub(r"\\left\s*\|", r"\\lvert ", latex)
    latex = re.sub(r"\\right\s*\|", r"\\rvert ", latex)
    tokens, depth = [], 0
    for token in TOKEN.findall(latex):
        depth += (token == r"\begin{pmatrix}") - (token == r"\end{pmatrix}")
        if token not in IGNORED and (token != "&" or depth):
            tokens.append(SAME.get(token, token))
    return tokens


class Reader:
    """A place in a row of tokens, and the names that may stand there."""

    def __init__(self, tokens: list[str], names: dict[tuple, str]):
        self.tokens, self.at, self.names = list(tokens), 0, names
        self.longest = max(map(len, names), default=1)

    def peek(self, ahead: int = 0) -> str:
        place = self.at + ahead
        return self.tokens[place] if place < len(self.tokens) else ""

    def next(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1] if self.at <= len(self.tokens) else ""

    def expect(self, token: str) -> None:
        if self.next() != token:
            where = " ".join(self.tokens[max(0, self.at - 6):self.at + 3])
            raise Unreadable(f"'{token}' is missing in: {where}")

    def name(self) -> tuple[str, int]:
        """The longest name of the table that stands here, and its number of tokens."""
        for length in range(min(self.longest, len(self.tokens) - self.at), 0, -1):
            found = self.names.get(tuple(self.tokens[self.at:self.at + length]))
            if found is not None:
                return found, length
        return "", 0

    def node(self, kind: str, *parts, start: int) -> Node:
        return Node(kind, parts, (start, self.at))
