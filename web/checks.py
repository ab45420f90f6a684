"""What the tests of the page share: its file, the build folder, the list of tests, and numbers as they are
shown."""
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD, PAGE = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
tests = []


def test(function):
    tests.append(function)
    return function


def near(what, value, wanted, tolerance):
    assert abs(value - wanted) <= tolerance, f"{what} is {value}, not {wanted} within {tolerance}"


def text(b, selector):
    return b.run("document.querySelector(arguments[0]).textContent", selector)


def shown(b, name):
    """A number as the page shows it"""
    return float(text(b, f'[data-value="{name}"]').replace("−", "-"))


def press(b, selector):
    b.run("document.querySelector(arguments[0]).click()", selector)


def choose(b, menu, value):
    b.run("((s) => { s.value = arguments[1]; s.onchange(); })(document.querySelector(arguments[0]))", menu, value)
