"""Members of IntEnum, subclasses of numbers, and texts that are numbers: as in Python, or refused."""

from enum import IntEnum

import numpy as np
import pytest

from dlsrc import value_and_grad
from dlsrc.errors import UnsupportedSyntax

X = np.array([[1.0, 2.0], [3.0, 4.0]])


class Kind(IntEnum):
    one = 1
    two = 2


class Other(IntEnum):
    uno = 1


class Unit(float):
    def __mul__(self, other):
        return 0.0


CURRENT = Kind.two
UNIT = Unit(2.0)


def chosen(x, kind):
    table = {Kind.one: 2.0, Kind.two: 5.0}
    if kind == Kind.two:
        return np.sum(x * x) * table[kind]
    return np.sum(x) * kind + x[0, kind]


def named(x, kind):
    return np.sum(x) * (3.0 if kind.name == "two" else 2.0) * (2.0 if isinstance(kind, Kind) else 1.0)


def captured(x, kind):
    return np.sum(x) * CURRENT


@pytest.mark.parametrize("function", [chosen, named])
@pytest.mark.parametrize("kind", [Kind.one, Kind.two, Other.uno])
def test_members_of_an_enum(function, kind):
    assert value_and_grad(function)(X, kind)[0] == function(X, kind)


def test_a_captured_member_is_read_at_every_call(monkeypatch):
    for member in Kind:
        monkeypatch.setitem(globals(), "CURRENT", member)
        assert value_and_grad(captured)(X, None)[0] == 10.0 * member


def test_a_member_beside_float32_is_refused():
    with pytest.raises(UnsupportedSyntax, match="write its .value"):
        value_and_grad(captured)(X.astype(np.float32), None)


def of_a_subclass(x):
    return np.sum(x) * UNIT


def labels_in_lists(x):
    return np.sum(np.einsum(x, [0, 1], [1, 0]))


def float_of_a_vector(x):
    return np.sum(float(x[0]) * x)


def round_of_a_vector(x):
    return np.sum(round(x[0]) * x)


@pytest.mark.parametrize("function, message", [
    (of_a_subclass, "UNIT` is of Unit, a subclass of float"), (labels_in_lists, "subscripts first, as a string"),
    (float_of_a_vector, "only one element converts"), (round_of_a_vector, "only one element converts"),
])  # fmt: skip
def test_what_is_refused(function, message):
    with pytest.raises(UnsupportedSyntax, match=message) as caught:
        value_and_grad(function)(X)
    assert caught.value.lineno == function.__code__.co_firstlineno + 1


def texts(x):
    best = float("inf")
    for v in x[0]:
        best = min(best, v)
    return best * float("2.5") + x[1, 0] * int("3") + float() * x[1, 1]  # noqa: UP018


def knots_in_lists(x):
    return np.sum(np.interp(x, [-9.0, 0.0, 9.0], (1.0, 4.0, 8.0)))


@pytest.mark.parametrize("function", [texts, knots_in_lists])
def test_what_python_and_numpy_take(function):
    value, gradient = value_and_grad(function)(X)
    assert value == pytest.approx(function(X), rel=1e-14)
    step = 1e-6 * np.arange(1.0, 5.0).reshape(2, 2)
    change = (function(X + step) - function(X - step)) / 2
    assert np.sum(gradient * step) == pytest.approx(change, rel=1e-7)


def test_a_subclass_of_int_is_refused_as_an_argument():
    class Count(int):
        pass

    with pytest.raises(TypeError, match="pass int"):
        value_and_grad(chosen)(X, Count(1))
