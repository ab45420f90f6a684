"""What dots stand for, between a first and a last expression.

Every integer in which the two differ runs from the one to the other, all by as many steps: from J_K(x_{K-1})
to J_2(x_1) for K = 4 there is J_3(x_2). Where they do not differ, the same is repeated.
"""
from typing import Callable, Iterator

from latex import Node, Unreadable


def fill(first: Node, last: Node, integer: Callable[[Node], int], count: int = 1) -> Iterator[Node]:
    """integer: the value of a node, or Unreadable; count: how often, where the ends are the same."""
    ramps: list[tuple[int, int]] = []
    differences(first, last, integer, ramps)
    steps = {abs(b - a) for a, b in ramps} - {0}
    if len(steps) > 1:
        raise Unreadable("the ends of the dots do not fit")
    for k in range(steps.pop() + 1 if steps else count):
        yield between(first, last, integer, k)


def both(a: Node, b: Node, integer: Callable[[Node], int]) -> tuple[int, int] | None:
    try:
        return integer(a), integer(b)
    except Unreadable:
        return None


def differences(a: Node, b: Node, integer: Callable[[Node], int], ramps: list) -> None:
    numbers = both(a, b, integer)
    if a != b and numbers:
        ramps.append(numbers)
    elif a != b:
        if a.kind != b.kind or len(a.parts) != len(b.parts):
            raise Unreadable("the ends of the dots do not fit")
        for p, q in zip(a.parts, b.parts):
            if isinstance(p, Node) and isinstance(q, Node):
                differences(p, q, integer, ramps)
            elif p != q:
                raise Unreadable("the ends of the dots do not fit")


def between(a: Node, b: Node, integer: Callable[[Node], int], k: int) -> Node:
    if a == b:
        return a
    numbers = both(a, b, integer)
    if numbers:
        step = (numbers[1] > numbers[0]) - (numbers[1] < numbers[0])
        return Node("number", (str(numbers[0] + k * step),))
    return Node(a.kind, tuple(between(p, q, integer, k) if isinstance(p, Node) else p for p, q in zip(a.parts, b.parts)))
