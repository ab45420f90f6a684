"""The meaning of an equation's tree under a symbol table.

The table gives each name of the text a value: an expression, a column vector, a matrix, a function, a list
(indexed from 1), a Map. Sums, products and dots are written out, so that an equation for vectors of length d
is evaluated for one d after the other. What the text says and the table does not know is an error.
"""
from typing import Callable, Iterator

from sympy import Abs, E, Expr, Matrix, MatrixBase, Mod, Rational, S, exp, log, pi, sqrt, sympify

from dots import fill
from latex import Node, Unreadable
from matrices import block, block_diagonal, det, entrywise, inverse, jacobian
from values import Map, Points, indexed


def sigmoid(y: Expr) -> Expr:
    return 1 / (1 + exp(-y))


def softplus(y: Expr) -> Expr:
    return log(1 + exp(y))


def tanh(y: Expr) -> Expr:
    return (exp(y) - exp(-y)) / (exp(y) + exp(-y))


FUNCTIONS = {r"\log": log, r"\tanh": tanh, r"\det": det, "sigmoid": sigmoid, "softplus": softplus}
CONSTANTS = {"e": E, r"\pi": pi}


def meaning(node: Node, table: dict):
    value = raw(node, table)
    value = value.value if isinstance(value, (Map, Points)) else value
    if callable(value) and not isinstance(value, MatrixBase):
        raise Unreadable("a function stands where a value is wanted")
    return value


def raw(node: Node, table: dict):
    """The value of a node; that of a function's name is the function."""
    kind, parts = node.kind, node.parts
    if kind == "number":
        return Rational(parts[0])
    if kind == "symbol":
        return look_up(parts[0], table)
    if kind == "group":
        return meaning(parts[0], table)
    if kind == "tuple":
        return Matrix([entry for part in parts for entry in column(meaning(part, table))])
    if kind == "sum":
        return total(parts, table)
    if kind == "product":
        return product(parts, table)
    if kind == "fraction":
        return divide(meaning(parts[0], table), meaning(parts[1], table))
    if kind == "mod":
        return Mod(meaning(parts[0], table), meaning(parts[1], table))
    if kind == "power":
        return power(parts[0], parts[1], table)
    if kind == "index":
        return indexed(raw(parts[0], table), [raw(part, table) for part in parts[1:]])
    if kind == "call":
        return raw(parts[0], table)(*(meaning(part, table) for part in parts[1:]))
    if kind == "function":
        return applied(parts, table)
    if kind == "derivative":
        return jacobian(meaning(parts[0], table), meaning(parts[1], table))
    if kind == "abs":
        return Abs(scalar(meaning(parts[0], table)))
    if kind == "norm":
        return sqrt(sum(entry ** 2 for entry in column(meaning(parts[0], table))))
    if kind == "sqrt":
        return entrywise(sqrt, meaning(parts[0], table))
    if kind == "floor":
        return look_up("floor", table)(meaning(parts[0], table))
    if kind == "big":
        return big(parts, table)
    if kind == "operator":
        return look_up(parts[0], table).function(meaning(parts[1], table))
    if kind == "sequence":
        return [step for part in parts for step in meaning(part, table)]
    if kind == "integral":
        region = parts[0].parts[0] if parts[0].parts else ""
        if parts[1].kind != "nothing":
            region = meaning(parts[0], table), meaning(parts[1], table)
        return look_up(r"\int", table)(meaning(parts[2], table), meaning(parts[3], table), region)
    if kind == "underbrace":
        return meaning(parts[0], table)
    if kind == "matrix":
        return matrix(parts, table)
    raise Unreadable(f"no meaning for a {kind} here")


def look_up(name: str, table: dict):
    if name in table:
        return table[name]
    if name in CONSTANTS:
        return CONSTANTS[name]
    raise Unreadable(f"'{name}' is not in the table")


def column(value) -> list:
    return list(value) if isinstance(value, (MatrixBase, list, tuple)) else [value]


def scalar(value) -> Expr:
    if isinstance(value, MatrixBase):
        if value.shape != (1, 1):
            raise Unreadable("a number is wanted, not a vector or matrix")
        return value[0, 0]
    return sympify(value)


# --- sums and products --------------------------------------------------------------------------
def total(signed: tuple, table: dict):
    result = None
    for term in signed:
        value = meaning(term.parts[0], table)
        value = -value if term.kind == "minus" else value
        result = value if result is None else add(result, value)
    return result


def add(a, b):
    """A number is added to every entry of a column."""
    if isinstance(a, MatrixBase) == isinstance(b, MatrixBase):
        return a + b
    vector, number = (a, b) if isinstance(a, MatrixBase) else (b, a)
    if vector.cols != 1:
        raise Unreadable("a number is added to a matrix")
    return vector.applyfunc(lambda entry: entry + number)


def product(parts: tuple, table: dict):
    operators, factors = list(parts[::2]), list(parts[1::2])
    if any(factor.kind == "dots" for factor in factors):
        at = next(i for i, factor in enumerate(factors) if factor.kind == "dots")
        between = list(fill(factors[at - 1], factors[at + 1], integer_in(table)))
        operators[at - 1:at + 2] = [operators[at - 1]] + [operators[at + 1]] * (len(between) - 1)
        factors[at - 1:at + 2] = between
    result = meaning(factors[0], table)
    for operator, factor in zip(operators[1:], factors[1:]):
        result = combined(operator, result, meaning(factor, table))
    return result


def combined(operator: str, a, b):
    if operator == "/":
        return divide(a, b)
    if operator == r"\odot":
        if not (isinstance(a, MatrixBase) and isinstance(b, MatrixBase)):
            return a * b
        if a.shape != b.shape:
            raise Unreadable("shapes differ in a product entry by entry")
        return a.multiply_elementwise(b)
    return a * b


def divide(a, b):
    if not isinstance(b, MatrixBase):
        return a / b
    if not isinstance(a, MatrixBase) or a.shape != b.shape:
        raise Unreadable("shapes differ in a quotient entry by entry")
    return a.multiply_elementwise(b.applyfunc(lambda entry: 1 / entry))


def power(base_node: Node, exponent_node: Node, table: dict):
    base = meaning(base_node, table)
    if isinstance(base, MatrixBase):
        minus = exponent_node.kind == "sum" and exponent_node.parts[0].kind == "minus"
        name = exponent_node.parts[0].parts[0] if minus else exponent_node
        if name.kind == "symbol" and name.parts[0] == "T":
            return inverse(base).T if minus else base.T
        if minus and name.kind == "number" and name.parts[0] == "1":
            return inverse(base)
        exponent = meaning(exponent_node, table)
        return entrywise(lambda entry: entry ** exponent, base)
    exponent = meaning(exponent_node, table)
    return entrywise(lambda entry: base ** entry, exponent)


def applied(parts: tuple, table: dict):
    name, argument = parts[0], meaning(parts[1], table)
    function = table[name] if name in table else FUNCTIONS.get(name)
    if function is None:
        raise Unreadable(f"no function '{name}'")
    if len(parts) > 2:  # \log_2
        return function(scalar(argument)) / function(meaning(parts[2], table))
    if name == r"\det" or name in table:
        return function(argument)
    return entrywise(function, argument)


def big(parts: tuple, table: dict):
    sign, lower, upper, body = parts
    if lower.kind == "nothing":
        values = column(meaning(body, table))
    else:
        values = [meaning(body, {**table, **binding}) for binding in bindings(lower, upper, table)]
    result = None
    for value in values:
        if result is None:
            result = value
        else:
            result = add(result, value) if sign == r"\sum" else result * value
    return (S.Zero if sign == r"\sum" else S.One) if result is None else result


def bindings(lower: Node, upper: Node, table: dict) -> Iterator[dict]:
    """i = 1 … n, an index whose range the table has, or a word for which it has a list of tables."""
    if lower.kind == "from":
        name, first = lower.parts
        for value in range(integer(first, table), integer(upper, table) + 1):
            yield {name.parts[0]: sympify(value)}
        return
    values = look_up(lower.parts[0], table)
    for value in values:
        yield value if isinstance(value, dict) else {lower.parts[0]: sympify(value)}


def integer(node: Node, table: dict) -> int:
    try:
        value = meaning(node, table)
    except (TypeError, AttributeError) as e:  # of SymPy, for a product or a sum without meaning
        raise Unreadable(str(e)) from e
    if not getattr(value, "is_Integer", isinstance(value, int)):
        raise Unreadable(f"an integer is wanted, not {value}")
    return int(value)


def integer_in(table: dict) -> Callable[[Node], int]:
    return lambda node: integer(node, table)


def matrix(rows: tuple, table: dict) -> Matrix:
    """Blocks side by side; with dots on the diagonal, the blocks from the first to the last."""
    cells = [list(row.parts) for row in rows]
    if any(cell.kind == "dots" for row in cells for cell in row):
        (first, *_), *_, (*_, last) = cells
        if [[cell.kind == "nothing" for cell in row] for row in cells] != \
                [[i != j for j in range(3)] for i in range(3)]:
            raise Unreadable("dots off the diagonal")
        blocks = [meaning(node, table) for node in fill(first, last, integer_in(table), table.get("blocks", 1))]
        return block_diagonal([b if isinstance(b, MatrixBase) else Matrix([[b]]) for b in blocks])
    values = [[S.Zero if cell.kind == "nothing" else meaning(cell, table) for cell in row] for row in cells]
    if len({len(row) for row in values}) != 1:
        raise Unreadable("rows of a matrix differ in length")
    shaped = [[v for v in row if isinstance(v, MatrixBase)] for row in values]
    if not any(shaped):
        return Matrix(values)
    columns = list(zip(*values))
    widths = [next((v.cols for v in c if isinstance(v, MatrixBase)), 1) for c in columns]
    heights = [row[0].rows if row else 1 for row in shaped]
    return Matrix.vstack(*(Matrix.hstack(*(block(v, h, w) for v, w in zip(row, widths)))
                           for row, h in zip(values, heights)))
