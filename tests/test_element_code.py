"""Elements of arrays and operations of numbers are what numba makes of them, in fewer instructions."""

import numpy as np
import pytest

from dlsrc.lazy import numba
from dlsrc.transform.machine import pipeline
from tests.conftest import PLAIN

pytestmark = [
    pytest.mark.compiled, pytest.mark.skipif(PLAIN, reason="looks at what numba compiles"),
]  # fmt: skip


def ours(f, **flags):
    return numba().njit(error_model="numpy", pipeline_class=pipeline.pipeline_class(), **flags)(f)


def cube(dtype=np.float64):
    return np.arange(60).reshape(3, 4, 5).astype(dtype)


def read(x, i, j, k):
    return x[i, j, k], x[-1, j, 2], x[i, -2, k], x[0, 0, np.uint64(k % x.shape[2])]


def row(x, i):
    return x[i], x[-1], x[2], x[np.int8(i)]


def written(x, i, j, value):
    y = x.copy()
    y[i, j] = value
    y[-1, 0] = 7
    y[0, -1] += y[i, j]
    return y


def seen(x, i, value):
    x.T[i, 1] = value
    return x


def in_a_loop(x, n):
    total = 0.0
    kept = x
    for i in range(n):
        kept = x if i % 2 else x[::-1]
        total += kept[i % len(x), i % x.shape[1]] * (i - 3)
    return total


def operations(a, b):
    return a + b, a - b, a * b, a / b, a < b, a <= b, a > b, a >= b, a == b, a != b


LAYOUTS = {
    "C": cube(), "F": np.asfortranarray(cube()), "A": cube()[:, ::-1, ::2], "reversed": cube()[::-1],
    "float32": cube(np.float32), "int": cube(np.int64), "uint8": cube(np.uint8), "bool": cube() % 3 == 0,
    "unaligned": np.frombuffer(b"x" + cube().tobytes(), np.uint8)[1:].view(np.float64).reshape(3, 4, 5),
}  # fmt: skip


@pytest.mark.parametrize("kind", LAYOUTS)
@pytest.mark.parametrize("at", [(0, 0, 0), (2, 3, 1), (-1, -4, -2)])
def test_elements_are_read(kind, at):
    x = LAYOUTS[kind]
    i, j, k = at
    expected = x[i, j, k], x[-1, j, 2], x[i, -2, k], x[0, 0, k]
    found = ours(read)(x, i, j, k)
    assert found == expected and found == numba().njit(read)(x, i, j, k)
    assert [type(f) for f in found] == [type(f) for f in numba().njit(read)(x, i, j, k)]


@pytest.mark.parametrize("x", [np.arange(4.0), np.arange(8.0)[::-2], np.arange(4, dtype=np.float32)])
def test_elements_of_vectors_are_read(x):
    for i in (0, 3, -4):
        assert ours(row)(x, i) == (x[i], x[-1], x[2], x[i])


@pytest.mark.parametrize("x", [
    np.zeros((3, 4)), np.asfortranarray(np.zeros((3, 4))), np.zeros((3, 4), np.float32), np.zeros((3, 4), np.int64),
    np.zeros((3, 4), bool),
])  # fmt: skip
@pytest.mark.parametrize("value", [2.5, 3, True])
def test_elements_are_written(x, value):
    theirs, found = numba().njit(written)(x, 1, -2, value), ours(written)(x, 1, -2, value)
    assert found.dtype == theirs.dtype and np.array_equal(found, theirs)


def test_elements_of_a_view_are_written():
    assert np.array_equal(ours(seen)(np.zeros((3, 4)), -1, 5.0), seen(np.zeros((3, 4)), -1, 5.0))


def test_what_has_a_place_in_memory_is_read_there():
    x = cube()[0]
    assert ours(in_a_loop)(x, 23) == in_a_loop(x, 23)


@pytest.mark.parametrize("a, b", [
    (2.0, 3.0), (1.0, 0.0), (-1.0, 0.0), (0.0, 0.0), (np.nan, 1.0), (np.inf, np.inf), (np.float32(1), np.float32(3)),
    (7, -2), (2**62, 2**62), (np.uint64(1), np.uint64(2)), (np.int32(5), np.int32(-5)), (1, 2.5), (True, False),
])  # fmt: skip
def test_operations_of_numbers(a, b):
    theirs = numba().njit(error_model="numpy")(operations)(a, b)
    found = ours(operations)(a, b)
    assert [type(f) for f in found] == [type(f) for f in theirs]
    assert np.array_equal(np.array(found, float), np.array(theirs, float), equal_nan=True)


def test_python_divides_by_zero_as_it_does():
    f = numba().njit(error_model="python", pipeline_class=pipeline.pipeline_class())(lambda a, b: a / b)
    with pytest.raises(ZeroDivisionError):
        f(1.0, 0.0)


def test_places_are_tested_where_that_is_asked_for():
    with pytest.raises(IndexError):
        ours(row, boundscheck=True)(np.arange(3.0), 5)


def described(x):
    y = x if x.size > 3 else x[::-1]
    return x.shape, y.shape[0], x.size, y.size, len(x.shape), (y.shape if x.shape[0] else x.shape)


@pytest.mark.parametrize("kind", LAYOUTS)
def test_shapes_and_sizes(kind):
    assert ours(described)(LAYOUTS[kind]) == described(LAYOUTS[kind])
    assert ours(described)(np.zeros((2, 1))) == described(np.zeros((2, 1)))
    assert ours(lambda x: (x.shape, x.size))(np.array(2.0)) == ((), 1)


def test_numba_is_asked_for_no_element(monkeypatch):
    arrays = numba("np.arrayobj")

    def asked(*args, **kwargs):
        raise AssertionError("numba was asked for an element")

    monkeypatch.setattr(arrays, "basic_indexing", asked)
    ours(written).compile("f8[:,::1](f8[:,::1], i8, i8, f8)")
    with pytest.raises(Exception, match="was asked for an element"):
        ours(lambda x: x[1:]).compile("f8[::1](f8[::1])")


def powers(a):
    return a**0, a**1, a**2, a**3, a**7, a**64, a**-1, a**-3, a**65


def counts(n):
    return n**0, n**1, n**2, n**5, n**3


@pytest.mark.parametrize("a", [1.7, -0.3, np.inf, np.nan, 1e200])
def test_powers_by_constants_are_numbas(a):
    found, expected = ours(powers)(a), numba().njit(error_model="numpy")(powers)(a)
    assert np.array(found).tobytes() == np.array(expected).tobytes()
    found, expected = (f(np.float32(a)) for f in (ours(powers), numba().njit(error_model="numpy")(powers)))
    assert [(type(x), repr(x)) for x in found] == [(type(x), repr(x)) for x in expected]


@pytest.mark.parametrize("a", [0.0, -0.0, 5e-324])
def test_powers_of_zero_are_numpys(a):
    """numba raises ZeroDivisionError, with the error model of NumPy, too, which says inf."""
    with np.errstate(divide="ignore"):
        assert list(map(repr, map(float, ours(powers)(a)))) == list(map(repr, map(float, powers(np.float64(a)))))


@pytest.mark.parametrize("n", [0, -3, 7, 2**40])
def test_powers_of_integers_are_numbas(n):
    assert ours(counts)(n) == numba().njit(counts)(n)


def extremes(a, b, c):
    return min(a, b), max(a, b), min(a, b, c), max(c, b, a)


def mixed(a, n):
    return min(a, n), max(n, a), min(n, 3), max((n, 2)), min(a > 1, n > 1)


@pytest.mark.parametrize("given", [(1.0, 2.0, -1.0), (np.nan, 1.0, 2.0), (1.0, np.nan, 0.5), (0.0, -0.0, 0.0), (3, -7, 3)])
def test_extremes_are_pythons(given):
    found = ours(extremes)(*given)
    assert list(map(repr, found)) == list(map(repr, extremes(*given)))
    assert list(map(repr, found)) == list(map(repr, numba().njit(extremes)(*given)))


def test_extremes_of_other_numbers_are_left_to_numba():
    assert ours(mixed)(1.5, 2) == numba().njit(mixed)(1.5, 2)
    single = np.float32(1.5), np.float32(2), np.float32(-1)
    assert ours(extremes)(*single) == extremes(*single)


def square_within(x, n):
    return max(min(x[0] ** 2, 4.0), x[1]) ** 2 + min(n, 3)


def test_they_cost_no_function_of_numbas(monkeypatch):
    base = numba("core.base").BaseContext
    monkeypatch.setattr(base, "compile_internal", lambda *given, **words: pytest.fail("numba compiles a function"))
    assert ours(square_within)(np.array([1.5, 2.0]), 5) == 8.0625
