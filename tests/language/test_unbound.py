"""Names without a value on some ways: the ways with one have the right derivative, the others raise as in Python."""

import numpy as np
import pytest

from dlsrc import grad
from dlsrc.errors import UnsupportedSyntax
from tests.oracle import Programs, vector

programs = Programs()


@programs(vector(3), 0.5, compiled=True)
def read_on_the_way_without_it(x, p):
    if p > 0:
        v = x[0] * x[1]
        s = v
    else:
        s = v + p
    return s * s + x[2]


@programs(vector(3), 0.5)
def read_in_one_arm_of_an_expression(x, p):
    if p > 0:
        v = x[0] * x[1]
        s = v
    else:
        s = v if p < -1.0 else p
    return s * s + x[2]


@programs(vector(4), 4)
def read_in_the_first_trip_of_a_branch_not_taken(x, n):
    s = 0.0
    for i in range(n):
        if x[i] > 100.0:
            s += w  # noqa: F821
            w = s * 2.0
        s += x[i] ** 2
    return s


@programs(vector(4), 0)
def read_in_a_loop_without_trips(x, n):
    s = x[0]
    for _ in range(n):
        s += w * x[1]  # noqa: F821
        w = s
    return s * s


test_unbound = programs.test()


@pytest.mark.parametrize("f", [read_on_the_way_without_it, read_in_one_arm_of_an_expression])
def test_they_raise_as_python_does(f):
    x = np.array([0.3, 0.4, 0.5])
    for p in (-0.5, -2.0):
        try:
            f(x, p)
        except UnboundLocalError:
            with pytest.raises(UnboundLocalError, match="`v` has no value on this way|cannot access local"):
                grad(f)(x, p)
        else:
            assert grad(f)(x, p)[2] == 1.0


def test_a_loop_whose_first_trip_raises():
    with pytest.raises(UnboundLocalError, match="`w` has no value"):
        grad(read_in_a_loop_without_trips)(vector(4), 2)


def test_what_can_never_return_is_refused():
    def f(x):
        s = v + x[0]  # noqa: F821
        v = s
        return v

    with pytest.raises(UnsupportedSyntax, match="`v` may be read here before it has a value"):
        grad(f)(vector(3))
