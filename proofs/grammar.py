"""The LaTeX of the notes' equations as a tree.

A numbered equation is a row of statements, each a chain such as  a = b >= c. The parser knows the names of an
entry's symbol table: a name may be several tokens long, as p_X, f^{-1} or \\hat m, and a name that stands for a
function is applied to the parenthesis behind it.
"""
import re

from latex import Node, Reader, Unreadable

RELATIONS = {"=", r"\le", r"\ge", r"\approx", r"\sim", r"\leftarrow"}
FUNCTIONS = {r"\log", r"\det", r"\tanh", r"\mathrm"}
SEPARATORS = {",", r"\quad", r"\qquad", r"\Longrightarrow"}
NO_FACTOR = RELATIONS | SEPARATORS | {"", "+", "-", "&", ";", r"\bmod", r"\to", r"\mid"}
CLOSING = {"(": ")", "[": "]", "{": "}", r"\lvert": r"\rvert", r"\lVert": r"\rVert", r"\lfloor": r"\rfloor"}
BRACKETS = {"[": "group", "{": "group", r"\lvert": "abs", r"\lVert": "norm", r"\lfloor": "floor"}


class Parser(Reader):
    def __init__(self, tokens: list[str], names: dict[tuple, str], functions: frozenset, operators: frozenset):
        """names: the tokens of a name to the name; functions are applied to the parenthesis behind them,
        operators to the whole product behind them."""
        super().__init__(tokens, names)
        self.functions, self.operators = functions, operators
        self.integral, self.inside_matrix = r"\int" in tokens, 0

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
        ends = token in NO_FACTOR or token in CLOSING.values() or token.startswith((r"\end", "\\\\"))
        return not ends and not self.differential()

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
            elif [self.peek(ahead) for ahead in range(3)] == ["^", "{", "("]:  # x^{(i)}, the sample i
                self.next()
                base = self.node("index", base, self.argument(), start=start)
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
        if token in BRACKETS:
            self.at = start
            return self.node(BRACKETS[token], *self.listed(token), start=start)
        if token == r"\frac":
            return self.fraction(start)
        if token == r"\sqrt":
            return self.node("sqrt", self.argument(), start=start)
        if token in (r"\sum", r"\prod", r"\int"):
            return self.big(token, start)
        if token in FUNCTIONS:
            return self.applied(token, start)
        if token == r"\underbrace":
            inner = self.argument()
            self.expect("_")
            return self.node("underbrace", inner, self.argument(), start=start)
        if token == r"\begin{pmatrix}":
            return self.matrix(start)
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
        if token == r"\mathrm":
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

    def matrix(self, start: int) -> Node:
        rows: list[list[Node]] = [[]]
        self.inside_matrix += 1
        mark = ""
        while mark != r"\end{pmatrix}":
            if mark == "\\\\":
                rows.append([])
            rows[-1].append(self.cell())
            mark = self.next()
            if mark not in ("&", "\\\\", r"\end{pmatrix}"):
                raise Unreadable(f"'{mark}' in a matrix")
        self.inside_matrix -= 1
        return self.node("matrix", *(Node("row", tuple(row)) for row in rows), start=start)

    def cell(self) -> Node:
        if self.peek() in ("&", "\\\\", r"\end{pmatrix}"):
            return self.node("nothing", start=self.at)
        if self.peek() == r"\ddots":
            self.next()
            return self.node("dots", start=self.at - 1)
        return self.expression()
