"""Decides whether an expression is 0 for all values of its symbols.

A quotient of polynomials is 0 exactly when its expanded numerator is. Everything else is brought to that:
exp(a + 2b) is exp(a) exp(b)^2 with the generators exp(a) and exp(b); a root r of b has r^2 = b, and |b| is
the root of b^2; functions and derivatives are generators; and  sum c_k log a_k = 0  follows from
prod a_k^(c_k) = 1, one product for every monomial of the coefficients c_k.
"""
import random
from functools import reduce
from math import lcm

from sympy import Abs, Derivative, E, Expr, MatrixBase, Mul, QQ, Rational, exp, expand, log, ring, sympify
from sympy.core.function import AppliedUndef

from matrices import Unknown


class Unproved(Exception):
    """A difference that is not 0, or an argument of a logarithm that is not positive."""


def vanishes(e) -> bool:
    if isinstance(e, MatrixBase):
        return all(map(vanishes, e))
    e = sympify(e)
    if e == 0:
        return True
    if surely_not_zero(e):
        return False
    return Numerator(e.xreplace({part: split(part.args[0]) for part in e.atoms(log)})).vanishes()


def split(argument: Expr) -> Expr:
    """The log of a product that is positive: the sum of the logs of absolute values; log exp(a) is a."""
    parts = []
    for base, exponent in (factor.as_base_exp() for factor in Mul.make_args(argument)):
        parts.append(exponent if base == E else exponent * log(base if base.is_positive else Abs(base)))
    return sum(parts)


def surely_not_zero(e: Expr) -> bool:
    """The value at a random point tells most false equations apart without any algebra."""
    value = e.xreplace(point(e)).evalf(30)
    if not value.is_number or not value.is_finite:
        raise Unproved(f"no value at a point: {value}")
    if abs(value.as_real_imag()[1]) > 1e-12:
        raise Unproved("a logarithm or a root of a negative number")
    return bool(abs(value) > 1e-12)


def point(e: Expr) -> dict:
    """A value below 1/2 for each symbol, function and derivative, the same at every call."""
    leaves: dict = {}
    draw = random.Random(20)

    def visit(part: Expr) -> None:
        if part.is_Symbol or isinstance(part, (AppliedUndef, Derivative, Unknown)):
            leaves[part] = None
        else:
            for inner in part.args:
                visit(inner)

    visit(e)
    for leaf in sorted(leaves, key=str):
        if leaf.is_integer:
            leaves[leaf] = Rational(draw.randint(2, 9))
        else:
            size = Rational(draw.randint(101, 249), 500)
            leaves[leaf] = size if leaf.is_positive else size * draw.choice((-1, 1))
    return leaves


class Numerator:
    """The numerator of an expression, in a ring with a generator for whatever is not rational."""

    def __init__(self, e: Expr):
        self.kinds: dict = {}  # generator -> None, a root's radicand, or the argument of a logarithm
        self.same: dict = {}  # |a| -> |b| where a^2 = b^2
        self.collect(e)
        self.ring, *_ = ring([f"g{i}" for i in range(len(self.kinds) or 1)], QQ)
        self.gen = dict(zip(self.kinds, self.ring.gens))
        self.number = {g: i for i, g in enumerate(self.kinds)}
        self.top, self.bottom = self.ratio(e)

    # --- generators -------------------------------------------------------------------------------
    def collect(self, e: Expr) -> None:
        if e.is_Rational:
            return
        if e.is_Add or e.is_Mul:
            for part in e.args:
                self.collect(part)
        elif e.is_Pow and e.exp.is_Integer:
            self.collect(e.base)
        elif isinstance(e, exp):
            for monomial in terms(e.exp):
                self.kinds.setdefault(exp(monomial / 2), None)
        elif e.is_Pow and e.exp.is_Rational:
            if e.exp.q != 2:
                raise Unproved(f"no rule for the root {e}")
            self.collect(e.base)
            self.kinds.setdefault(e.base ** Rational(1, 2), e.base)
        elif e.is_Pow:
            self.collect(e.base)
            for monomial in terms(e.exp):
                if monomial != 1:
                    self.kinds.setdefault(e.base ** monomial, None)
        elif isinstance(e, Abs):
            self.collect(e.args[0])
            others = [g for g in self.kinds if isinstance(g, Abs)]
            equals = (g for g in others if Numerator(g.args[0] ** 2 - e.args[0] ** 2).vanishes())
            self.same[e] = self.same.get(e) or next(equals, e)
            self.kinds.setdefault(self.same[e], e.args[0] ** 2)
        else:
            self.kinds.setdefault(e, e.args[0] if isinstance(e, log) else None)

    # --- quotients --------------------------------------------------------------------------------
    def ratio(self, e: Expr) -> tuple:
        """Numerator, and denominator as {polynomial: exponent}."""
        if e.is_Rational:
            return self.ring(QQ(e.p, e.q)), {}
        e = self.same.get(e, e)
        if e in self.gen:
            return self.gen[e], {}
        if e.is_Add:
            return reduce(self.plus, map(self.ratio, e.args))
        if e.is_Mul:
            return reduce(self.times, map(self.ratio, e.args))
        if e.is_Pow and e.exp.is_Integer:
            return self.power(self.ratio(e.base), int(e.exp))
        if isinstance(e, exp):
            return self.product((exp(m / 2), 2 * c) for m, c in terms(e.exp).items())
        if e.is_Pow and e.exp.is_Rational:
            return self.product([(e.base ** Rational(1, 2), 2 * e.exp)])
        if e.is_Pow:
            return self.product((e.base if m == 1 else e.base ** m, c) for m, c in terms(e.exp).items())
        raise Unproved(f"no rule for {e}")

    def product(self, powers) -> tuple:
        found = self.ring(1), {}
        for base, exponent in powers:
            if not exponent.is_Integer:
                raise Unproved(f"no rule for ({base})**{exponent}")
            found = self.times(found, self.power(self.ratio(base), int(exponent)))
        return found

    def power(self, a: tuple, n: int) -> tuple:
        if n >= 0:
            return a[0] ** n, {p: k * n for p, k in a[1].items()}
        top = reduce(lambda t, pk: t * pk[0] ** (pk[1] * -n), a[1].items(), self.ring(1))
        if a[0] == 0:
            raise Unproved("a division by 0")
        return (top / a[0].LC ** -n, {}) if a[0].is_ground else (top, {a[0]: -n})

    def times(self, a: tuple, b: tuple) -> tuple:
        bottom = dict(a[1])
        for p, k in b[1].items():
            bottom[p] = bottom.get(p, 0) + k
        return a[0] * b[0], bottom

    def plus(self, a: tuple, b: tuple) -> tuple:
        bottom = {p: max(a[1].get(p, 0), b[1].get(p, 0)) for p in {**a[1], **b[1]}}
        top = self.ring(0)
        for part, own in (a, b):
            for p, k in bottom.items():
                part = part * p ** (k - own.get(p, 0))
            top += part
        return top, bottom

    # --- the decision -----------------------------------------------------------------------------
    def vanishes(self) -> bool:
        top = self.top
        for root in reversed([g for g, radicand in self.kinds.items() if radicand is not None]):
            if not isinstance(root, log):
                top = self.reduced(top, root)
        groups: dict = {}
        logs = [g for g in self.kinds if isinstance(g, log)]
        for powers, coefficient in top.terms():
            present = [g for g in logs if powers[self.number[g]]]
            if sum(powers[self.number[g]] for g in present) != 1:
                return False
            rest = tuple(0 if self.kind_is_log(i) else n for i, n in enumerate(powers))
            groups.setdefault(rest, {})[present[0]] = coefficient
        return all(self.product_is_one(group) for group in groups.values())

    def kind_is_log(self, index: int) -> bool:
        return isinstance(list(self.kinds)[index], log)

    def reduced(self, top, root: Expr):
        """Even powers of a root replaced by powers of the radicand, times a power of its denominator."""
        index, square = self.number[root], self.ratio(self.kinds[root])
        below = reduce(lambda t, pk: t * pk[0] ** pk[1], square[1].items(), self.ring(1))
        highest = max((powers[index] // 2 for powers in top), default=0)
        found = self.ring(0)
        for powers, coefficient in top.terms():
            half, odd = divmod(powers[index], 2)
            rest = powers[:index] + (odd,) + powers[index + 1:]
            found += self.ring({rest: coefficient}) * square[0] ** half * below ** (highest - half)
        return found

    def product_is_one(self, group: dict) -> bool:
        """sum q log a = 0: the product of the a^q, with integer exponents, is 1; or -1 for absolute values."""
        scale = lcm(*(int(q.denominator) for q in group.values()))
        product, signs = Rational(1), {1}
        for argument, q in ((g.args[0], int(q * scale)) for g, q in group.items()):
            for base, exponent in (factor.as_base_exp() for factor in Mul.make_args(argument)):
                if isinstance(base, Abs):
                    base, signs = base.args[0], {1, -1}
                product *= base ** (exponent * q)
        return any(Numerator(product - sign).vanishes() for sign in signs)


def terms(e: Expr) -> dict:
    """An exponent as {monomial: rational coefficient}."""
    return {m: c for m, c in expand(e).as_coefficients_dict().items() if c != 0}
