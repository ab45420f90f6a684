"""What a symbol of the text may stand for, besides expressions, vectors, matrices and functions."""
from typing import Callable

from sympy import MatrixBase

from latex import Unreadable


class Map:
    """A function that the text also uses as the value it has at one argument: s(x_a), and then s."""

    def __init__(self, function: Callable, *at):
        self.function, self.value = function, function(*at)

    def __call__(self, *arguments):
        return self.function(*arguments)


class Points:
    """The x_0, x_1, …, x_K of a composition, of which the text calls the first x, too."""

    def __init__(self, points: list):
        self.value, self.points = points[0], points


class Operator:
    """What is applied to all that stands behind it, as an expectation."""

    def __init__(self, function: Callable):
        self.function = function


class Each:
    """A free index: the equation is proved for each of its values."""

    def __init__(self, *values):
        self.values = values


def indexed(value, indices: list):
    if len(indices) == 1 and callable(indices[0]):
        return indices[0](value)
    if isinstance(value, Map):
        return IndexedMap(value, indices)
    if isinstance(value, Points):
        return value.points[natural(indices[0], len(value.points) - 1)]
    if callable(value):
        return lambda *x: indexed(value(*x), indices)
    if isinstance(value, dict):
        place = tuple(map(int, indices))
        if place not in value:
            raise Unreadable(f"no entry {place}")
        return value[place]
    numbers = [int(i) for i in indices]
    if isinstance(value, MatrixBase):
        if len(numbers) == 1 and value.cols == 1:
            numbers.append(1)
        sizes = value.shape
    else:
        sizes = (len(value),)
    if len(numbers) != len(sizes) or not all(1 <= n <= size for n, size in zip(numbers, sizes)):
        raise Unreadable(f"no entry {numbers} in {sizes}")
    return value[numbers[0] - 1] if len(numbers) == 1 else value[numbers[0] - 1, numbers[1] - 1]


def natural(index, highest: int) -> int:
    if not 0 <= index <= highest:
        raise Unreadable(f"no entry {index} in 0 … {highest}")
    return int(index)


class IndexedMap(Map):
    def __init__(self, whole: Map, indices: list):
        self.function = lambda *x: indexed(whole.function(*x), indices)
        self.value = indexed(whole.value, indices)
