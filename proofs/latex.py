"""The LaTeX of the notes' equations as a tree.

A numbered equation is a row of statements, each a chain such as  a = b >= c.  An expression is a Node:
its kind, its parts (nodes or strings), and the tokens from which it was read. The parser knows the
names of an entry's symbol table: a name may be several tokens long, as p_X, f^{-1} or \\hat m, and a name
that stands for a function is applied to the parenthesis behind it.
"""
import re
from dataclasses import dataclass, field

RELATIONS = {"=", r"\le", r"\ge", r"\approx", r"\sim", r"\leftarrow"}
FUNCTIONS = {r"\log", r"\exp", r"\det", r"\tanh", r"\sinh", r"\operatorname", r"\mathrm"}
IGNORED = {r"\,", r"\;", r"\!", r"\:", r"\left", r"\right", r"\begin{aligned}", r"\end{aligned}"}
SEPARATORS = {",", r"\quad", r"\qquad", r"\Longrightarrow", r"\text{where}", r"\text{and}", r"\text{with}"}
CLOSING = {"(": ")", "[": "]", "{": "}", r"\lvert": r"\rvert", r"\lVert": r"\rVert", r"\lfloor": r"\rfloor"}
TOKEN = re.compile(r"\\(?:begin|end)\{\w+\}|\\text\{[^}]*\}|\\[A-Za-z]+|\\.|\d+\.\d+|\d+|[^\s]")


class Unreadable(Exception):
    """The text of an equation is not in the language of this parser."""


@dataclass(frozen=True)
class Node:
    kind: str
    parts: tuple
    span: tuple = field(default=(0, 0), compare=False)


def tokens_of(latex: str) -> list[str]:
    """The tokens without what is only layout: alignment, spaces, \\left and \\right, the tag."""
    latex = re.sub(r"\\tag\{[^}]*\}", "", latex)
    latex = re.sub(r"\\left\s*\|", r"\\lvert ", latex)
    latex = re.sub(r"\\right\s*\|", r"\\rvert ", latex)
    for old, new in ((r"\bigl", ""), (r"\bigr", ""), (r"\Bigl", ""), (r"\Bigr", ""), (r"\leq", r"\le"),
                     (r"\geq", r"\ge"), (r"\tfrac", r"\frac"), (r"\dfrac", r"\frac"), ("\\\\[4pt]", "\\\\")):
        latex = re.sub(re.escape(old) + r"(?![A-Za-z])", new.replace("\\", "\\\\"), latex)
    tokens, depth = [], 0
    for token in TOKEN.findall(latex):
        depth += token in (r"\begin{pmatrix}", r"\begin{cases}")
        depth -= token in (r"\end{pmatrix}", r"\end{cases}")
        if token not in IGNORED and (token != "&" or depth):
            tokens.append(token)
    return tokens


class Parser:
    def __init__(self, tokens: list[str], names: dict[tuple, str], functions: set[str],
                 operators: set[str] = frozenset()):
        """names: the tokens of a name to the name; functions are applied to the parenthesis behind them,
        operators to the whole product behind them."""
        self.names, self.functions, self.operators = names, functions, operators
        self.longest = max(map(len, names), default=1)
        self.integral = r"\int" in tokens
        self.tokens, self.at, self.inside_matrix = list(tokens), 0, 0

    # --- tokens -----------------------------------------------------------------------------------
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

    # --- statements -------------------------------------------------------------------------------
    def statements(self) -> list[tuple]:
        """Each a tuple (expression, relation, expression, …); words in \\text stand alone."""
        found: list[tuple] = []
        while self.at < len(self.tokens):
            if self.peek() in SEPARATORS or self.line_break():
                self.next()
            elif self.peek().startswith(r"\text") and not self.name()[1]:
                start = self.at
                while self.at < len(self.tokens) and self.peek() not in (r"\quad", r"\qquad", "\\\\"):
                    self.next()
                found.append((self.node("words", " ".join(self.tokens[start:self.at]), start=start),))
            else:
                found.append(self.chain())
        return found

    def line_break(self) -> bool:
        """A new line of an aligned block, where a sum or a chain may go on; not a new row of a matrix."""
        return self.peek() == "\\\\" and not self.inside_matrix

    def chain(self) -> tuple:
        chain: list = [self.expression()]
        while True:
            if self.line_break() and self.peek(1) in RELATIONS:
                self.next()
            if self.peek() not in RELATIONS:
                break
            chain += [self.next(), self.expression()]
        if self.peek() not in SEPARATORS and not self.line_break() and self.peek() != "":
            raise Unreadable(f"'{self.peek()}' after: {' '.join(self.tokens[max(0, self.at - 6):self.at])}")
        return tuple(chain)

    # --- sums and products ------------------------------------------------------------------------
    def expression(self) -> Node:
        start, steps = self.at, [self.sum()]
        while self.peek() == r"\to":
            self.next()
            steps.append(self.sum())
        return steps[0] if len(steps) == 1 else self.node("sequence", *steps, start=start)

    def sum(self) -> Node:
        start, terms = self.at, []
        while True:
            if self.line_break() and self.peek(1) in ("+", "-"):
                self.next()
            first, sign = self.at, "+"
            if self.peek() in ("+", "-"):
                sign = self.next()
            elif terms:
                break
            term = self.modulo()
            terms.append(self.node("plus" if sign == "+" else "minus", term, start=first))
        if len(terms) == 1 and terms[0].kind == "plus":
            return terms[0].parts[0]
        return self.node("sum", *terms, start=start)

    def modulo(self) -> Node:
        start, left = self.at, self.product()
        if self.peek() == r"\bmod":
            self.next()
            return self.node("mod", left, self.product(), start=start)
        return left

    def product(self) -> Node:
        start, factors = self.at, [("", self.factor())]
        while True:
            operator = ""
            if self.peek() in (r"\cdot", r"\times", r"\odot", "/"):
                operator = self.next()
            elif self.peek() in (r"\cdots", r"\dots"):
                self.next()
                factors.append(("", self.node("dots", start=self.at - 1)))
                continue
            elif not self.starts_factor():
                break
            factors.append((operator, self.factor()))
        if len(factors) == 1:
            return factors[0][1]
        return self.node("product", *(part for pair in factors for part in pair), start=start)

    def starts_factor(self) -> bool:
        token = self.peek()
        if not token or token in RELATIONS or token in SEPARATORS or token in ("+", "-", "&", ";", r"\bmod", r"\to", r"\mid"):
            return False
        return token not in CLOSING.values() and not token.startswith((r"\end", "\\\\")) and not self.differential()

    def differential(self) -> bool:
        return self.integral and self.peek() == "d" and self.peek(1).isalpha() and self.name()[1] < 2

    # --- factors ----------------------------------------------------------------------------------
    def factor(self) -> Node:
        start, base = self.at, self.primary()
        applies = base.kind == "symbol" and base.parts[0] in self.functions
        while True:
            if self.peek() == "_":
                self.next()
                base = self.node("index", base, *self.indices(), start=start)
            elif self.peek() == "^" and self.peek(1) == "{" and self.peek(2) == "(":
                self.next()
                inner = self.argument()
                base = self.node("index", base, inner, start=start)
            elif self.peek() == "^":
                self.next()
                base = self.node("power", base, self.argument(), start=start)
            elif self.peek() == "(" and applies:
                base = self.node("call", base, *self.listed("("), start=start)
                applies = False
            else:
                return base

    def listed(self, opening: str) -> list[Node]:
        """What stands between opening and its closing token, separated by commas or semicolons."""
        self.expect(opening)
        parts = [self.expression()]
        while self.peek() in (",", ";", r"\mid"):
            self.next()
            parts.append(self.expression())
        self.expect(CLOSING[opening])
        return parts

    def indices(self) -> list[Node]:
        """_i, _{ij}, _{i, j} or _{word}: letters side by side are an index each."""
        if self.peek() != "{":
            return [self.argument()]
        self.expect("{")
        parts = []
        while self.peek() != "}":
            part = self.expression()
            letters = part.kind == "product" and not any(part.parts[::2]) and \
                all(factor.kind == "symbol" for factor in part.parts[1::2])
            parts += part.parts[1::2] if letters else [part]
            if self.peek() == ",":
                self.next()
        self.expect("}")
        return parts

    def argument(self) -> Node:
        """A group in braces, or one token as TeX reads it: \\frac12 has two arguments."""
        start = self.at
        if self.peek() == "{":
            self.next()
            inner = self.expression()
            self.expect("}")
            return inner
        token = self.peek()
        if token.isdigit() and len(token) > 1:
            self.tokens[self.at:self.at + 1] = list(token)
        return self.primary() if self.peek() else self.node("nothing", start=start)

    def primary(self) -> Node:
        start, token = self.at, self.peek()
        name, length = self.name()
        if length:
            self.at += length
            if name in self.operators:
                return self.node("operator", name, self.product(), start=start)
            return self.node("symbol", name, start=start)
        self.next()
        if token == r"\dots":
            return self.node("dots", start=start)
        if re.fullmatch(r"\d+(\.\d+)?", token):
            return self.node("number", token, start=start)
        if token == "(":
            self.at = start
            parts = self.listed("(")
            return self.node("group" if len(parts) == 1 else "tuple", *parts, start=start)
        if token in ("[", "{", r"\lvert", r"\lVert", r"\lfloor"):
            self.at = start
            kind = {"[": "group", "{": "group", r"\lvert": "abs", r"\lVert": "norm", r"\lfloor": "floor"}[token]
            return self.node(kind, *self.listed(token), start=start)
        if token == r"\frac":
            return self.fraction(start)
        if token == r"\sqrt":
            return self.node("sqrt", self.argument(), start=start)
        if token in (r"\sum", r"\prod", r"\int", r"\max"):
            return self.big(token, start)
        if token in FUNCTIONS:
            return self.applied(token, start)
        if token == r"\underbrace":
            inner = self.argument()
            self.expect("_")
            return self.node("underbrace", inner, self.argument(), start=start)
        if token in (r"\begin{pmatrix}", r"\begin{cases}"):
            return self.matrix(token, start)
        if re.fullmatch(r"[A-Za-z]|\\[A-Za-z]+", token):
            return self.node("symbol", token, start=start)
        raise Unreadable(f"'{token}' after: {' '.join(self.tokens[max(0, start - 6):start])}")

    def fraction(self, start: int) -> Node:
        """A quotient, or a derivative where both begin with d or \\partial."""
        marks = (self.peek(1), self.tokens[self.closing(self.at) + 2] if self.peek() == "{" else "")
        if marks in (("d", "d"), (r"\partial", r"\partial")) and self.name()[1] < 2:
            parts = []
            for _ in marks:
                self.expect("{")
                self.next()
                parts.append(self.expression())
                self.expect("}")
            return self.node("derivative", *parts, start=start)
        return self.node("fraction", self.argument(), self.argument(), start=start)

    def closing(self, at: int) -> int:
        """The place of the brace that closes the one at a place."""
        depth = 0
        for place in range(at, len(self.tokens) - 2):
            depth += (self.tokens[place] == "{") - (self.tokens[place] == "}")
            if depth == 0:
                return place
        raise Unreadable("a brace is not closed")

    def big(self, token: str, start: int) -> Node:
        """\\sum_{i=1}^d a, \\sum_j a, \\sum a; \\int_{A} a dx: limits, then what is added."""
        lower = upper = self.node("nothing", start=self.at)
        while self.peek() in ("_", "^"):
            if self.next() == "^":
                upper = self.argument()
            elif self.peek() == "{":
                self.next()
                lower = self.limits()
            else:
                lower = self.argument()
        if token != r"\int":
            return self.node("big", token, lower, upper, self.product(), start=start)
        body = self.expression()
        self.expect("d")
        return self.node("integral", lower, upper, body, self.factor(), start=start)

    def limits(self) -> Node:
        start = self.at
        if self.peek() == "[":  # a half-open interval, [0, 1)^d
            while self.peek() != "}":
                self.next()
            limits = self.node("words", " ".join(self.tokens[start:self.at]), start=start)
        else:
            limits = self.expression()
            if self.peek() == "=":
                self.next()
                limits = self.node("from", limits, self.expression(), start=start)
        self.expect("}")
        return limits

    def applied(self, token: str, start: int) -> Node:
        """\\log 2\\pi is log(2 pi), \\log(a) b is log(a) b, \\tanh^2 s is tanh(s)^2."""
        if token in (r"\operatorname", r"\mathrm"):
            self.expect("{")
            token = ""
            while self.peek() != "}":
                token += self.next()
            self.expect("}")
            if token in self.names.values() and token not in self.functions:
                return self.node("symbol", token, start=start)
        power = lower = None
        if self.peek() == "_":
            self.next()
            lower = self.argument()
        if self.peek() == "^":
            self.next()
            power = self.argument()
        first, factors = self.at, [self.factor()]
        while factors[-1].kind in ("number", "symbol", "index") and self.starts_factor() and \
                self.peek() not in CLOSING and self.peek() not in FUNCTIONS and factors[0].kind == "number":
            factors.append(self.factor())
        inner = factors[0] if len(factors) == 1 else \
            self.node("product", *(part for f in factors for part in ("", f)), start=first)
        node = self.node("function", token, inner, *([lower] if lower else []), start=start)
        return self.node("power", node, power, start=start) if power else node

    def matrix(self, token: str, start: int) -> Node:
        rows: list[list[Node]] = [[]]
        self.inside_matrix += 1
        end = token.replace("begin", "end")
        cell = self.node("nothing", start=self.at)
        while True:
            if self.peek() in ("&", "\\\\", end):
                rows[-1].append(cell)
                cell = self.node("nothing", start=self.at)
                mark = self.next()
                if mark == end:
                    self.inside_matrix -= 1
                    return self.node("matrix" if "pmatrix" in token else "cases",
                                     *(Node("row", tuple(r)) for r in rows), start=start)
                if mark == "\\\\":
                    rows.append([])
            elif self.peek() == r"\ddots":
                self.next()
                cell = self.node("dots", start=self.at - 1)
            elif self.peek() in (",", r"\text{if }", r"\text{if}"):
                self.next()
            elif self.peek() == "":
                raise Unreadable(f"{end} is missing")
            else:
                cell = self.expression()
