"""Cotangents divided by one number are multiplied by its reciprocal; what the function computes is not."""

from dlsrc.records import replace

import numpy as np
import pytest

import dlsrc
from dlsrc import dlarray, dlfeval, dlgradient
from dlsrc.kernels.types import Array, Scalar
from dlsrc.transform.emit import emit
from dlsrc.transform.shorter.reciprocals import with_reciprocals
from dlsrc.transform.verify import verify
from tests.handmade import INT, VECTOR, Notes, run
from tests.oracle import Programs, vector

programs = Programs()


def back():
    return Notes().at(2, "y = f(x)", back=True)


def lines(program):
    verify(program)
    return [line.strip() for line in emit(program).text.splitlines() if " = " in line or "return" in line]


def both(n, a, b, type_=None):
    return n.program(n.op("divide", 3.0, a, type_=type_), n.op("divide", b, a, type_=type_))


def test_two_quotients_are_one_and_two_products():
    n = back()
    a, b = n.param(hint="a"), n.param(hint="b")
    program = with_reciprocals(both(n, a, b))
    assert lines(program) == ["v1 = 1.0 / a", "return 3.0 * v1, b * v1"]
    np.testing.assert_allclose(run(program, 7.0, 5.0), (3.0 / 7.0, 5.0 / 7.0), rtol=3e-16)


def test_one_of_float32_stays_that():
    n = back()
    single = Scalar("float32")
    a, b, c = (n.param(single, hint) for hint in "abc")
    program = with_reciprocals(n.program(n.op("divide", b, a), n.op("divide", c, a)))
    assert lines(program) == ["v1 = np.float32(1.0) / a", "return b * v1, c * v1"]
    assert all(type(y) is np.float32 for y in run(program, *map(np.float32, (7.0, 5.0, 3.0))))


def test_each_block_has_its_own():
    n = back()
    x, a = n.param(VECTOR, "x"), n.param(hint="a")
    with n.inside() as body:
        i = n.value(INT, "i")
        for at in (0, 1):
            n.store(x, at, n.op("divide", n.read(x, i), a))
    n.loop(i, 2, body)
    program = with_reciprocals(n.program(n.op("divide", n.read(x, 0), a)))
    assert lines(program) == ["v1 = 1.0 / a", "x[0] = x[i] * v1", "x[1] = x[i] * v1", "return x[0] / a"]


def unchanged(n, *returns):
    program = n.program(*returns)
    return with_reciprocals(program) is program


def test_what_is_left_alone():
    for n in (Notes(), back()):  # going forward, the user's numbers
        a, b = n.param(hint="a"), n.param(hint="b")
        assert unchanged(n, n.op("divide", a, b), n.op("divide", 2.0, b)) is not n.loc.derived
    n = back()
    n.loc = replace(n.loc, again=True)  # the user's numbers from a checkpoint
    a, b = n.param(hint="a"), n.param(hint="b")
    assert unchanged(n, n.op("divide", a, b), n.op("divide", 2.0, b))
    n = back()  # by two numbers, by a literal
    a, b = n.param(hint="a"), n.param(hint="b")
    assert unchanged(n, *(n.op("divide", x, y) for x, y in ((a, b), (b, a), (a, 3.0), (b, 3.0))))
    n = back()  # arrays, and by an integer
    x, y, k = n.param(VECTOR, "x"), n.param(VECTOR, "y"), n.param(INT, "k")
    assert unchanged(n, *(n.op("divide", a, b) for a in (x, y) for b in (x, y)))
    a = n.param(hint="a")
    assert unchanged(n, n.op("divide", a, k), n.op("divide", 2.0, k))
    n = back()  # of two types
    a, b, c = n.param(hint="a"), n.param(Array("float32", 1), "b"), n.param(Scalar("float32"), "c")
    assert unchanged(n, n.op("divide", b, c), n.op("divide", a, c), n.op("divide", c, a))


@programs(vector(6), compiled=True)
def rotated(x):
    total = 0.0
    for i in range(2, len(x)):
        size = np.sqrt(x[i] ** 2 + x[i - 1] ** 2 + x[i - 2] ** 2)
        a, b, c = x[i] / size, x[i - 1] / size, x[i - 2] / size
        total += a * a * b - c**3
    return total


@programs(vector(6), compiled=True)
def quotients_decide(x):
    total = 0.0
    for i in range(1, len(x)):
        size = 1.5 + x[i] ** 2
        a, b = x[i] / size, x[i - 1] / size
        if a > b:
            total += a * b
        else:
            total -= b / size + np.maximum(a, 0.3 * b)
    return total


test_programs = programs.test()


@pytest.mark.parametrize("f", [rotated, quotients_decide])
def test_the_function_is_the_same_bit_for_bit(f):
    x = np.random.default_rng(0).standard_normal(40)
    assert dlsrc.value_and_grad(f)(x)[0] == f(x)


def test_the_text():
    text = dlsrc.adjoint_source(dlsrc.value_and_grad(rotated), np.ones(6))
    divisions = [line.split(" = ")[1] for line in text.splitlines() if "/ size" in line and "#" not in line]
    assert len(divisions) == 4 and divisions[3] == "1.0 / size", "three of the user's, and one on the way back"


def test_zero_is_a_pole():
    def f(x):
        return dlgradient(x[0] / x[2] + x[1] / x[2], x)

    with np.errstate(all="ignore"):
        assert np.all(np.isinf(np.asarray(dlfeval(f, dlarray(np.array([1.0, 2.0, 0.0]))))))
