"""What each trip fills before it reads it is no part of a checkpoint, and what it might read is."""

import re

import numpy as np
import pytest

from dlsrc import adjoint_source, explain, value_and_grad
from tests.language.test_checkpoints import bits
from tests.oracle import vector

N = 6
FILLED: list = []
FOUND: list = []


def filled(f):
    FILLED.append(f)
    return f


def found(f):
    FOUND.append(f)
    return f


def slope(x, y, out):
    out[0] = x[0] * y[-1]
    for i in range(1, len(x)):
        out[i] = np.sin(x[i] * y[i - 1])


@filled
def steps_of_runge_and_kutta(x, n):
    y, middle, k, r = x * 1.0, np.zeros(len(x)), np.zeros(len(x)), np.zeros(len(x))
    for _ in range(n):
        slope(x, y, k)
        for i in range(len(x)):
            middle[i] = y[i] + 0.1 * k[i]
        slope(x, middle, r)
        for i in range(len(x)):
            y[i] += 0.1 * (k[i] + r[i])
    return np.sum(y)


@filled
def the_ends_by_themselves(x, n):
    y, k = x * 1.0, np.zeros(N)
    for _ in range(n):
        k[0] = y[0] * x[0]
        for i in range(1, N - 1):
            k[i] = np.sin(y[i - 1] * y[i + 1])
        k[N - 1] = y[N - 1] * x[1]
        for i in range(N):
            y[i] = k[i] * x[i]
    return np.sum(y)


@filled
def the_last_one_first(x, n):
    y, k = x * 1.0, np.zeros(len(x))
    for _ in range(n):
        k[-1] = y[0]
        for i in range(len(x) - 1):
            k[i] = np.sin(y[i + 1])
        y[:] = k * x
    return np.sum(y)


@filled
def two_parts_that_overlap(x, n):
    y, k = x * 1.0, np.zeros(len(x))
    for _ in range(n):
        for i in range(3):
            k[i] = np.sin(y[i])
        for i in range(2, len(x)):
            k[i] = y[i] * y[i - 1]
        y[:] = k * x
    return np.sum(y)


@filled
def rows_of_a_matrix(x, n):
    y, k = x * 1.0, np.zeros((len(x), 2))
    for _ in range(n):
        k[0] = y[:2]
        for i in range(1, len(x)):
            for j in range(2):
                k[i, j] = np.sin(y[i - 1] * x[j])
        y[:] = np.sum(k * k, 1)
    return np.sum(y)


@filled
def read_after_the_loop(x, n):
    """The last trip's: a segment that is run again has one of its own."""
    y, k = x * 1.0, np.zeros(len(x))
    for _ in range(n):
        k[:] = np.sin(y * x)
        y[1:] = k[:-1] * x[1:]
    return np.sum(y) + np.sum(k * k)


@filled
def filled_on_both_ways(x, n):
    y, k = x * 1.0, np.zeros(len(x))
    for t in range(n):
        if y[0] > 0.2:
            k[:] = np.sin(y)
        else:
            for i in range(len(x)):
                k[i] = y[i] * t
        y[:] = k * x + 0.1
    return np.sum(y)


@found
def a_gap(x, n):
    y, k = x * 1.0, x * 0.3
    for _ in range(n):
        k[0] = y[1]
        for i in range(2, len(x)):
            k[i] = np.sin(y[i])
        y[:] = np.sin(k * x)
    return np.sum(y)


@found
def a_gap_in_the_middle_if_it_is_long(x, n):
    y, k = x * 1.0, x * 0.3
    for _ in range(n):
        for i in range(2):
            k[i] = np.sin(y[i])
        for i in range(len(x) - 2, len(x)):
            k[i] = y[i] * y[i - 1]
        y[:] = np.sin(k * x)
    return np.sum(y)


@found
def read_between_the_parts(x, n):
    y, k = x * 1.0, x * 0.3
    for _ in range(n):
        k[0] = y[1]
        y[2] += np.sin(k[3])
        for i in range(1, len(x)):
            k[i] = np.sin(y[i])
        y[:] = k * x
    return np.sum(y)


@found
def filled_on_one_way(x, n):
    y, k = x * 1.0, x * 0.3
    for t in range(n):
        if t % 2:
            k[:] = np.sin(y)
        y[:] = np.sin(k * x) + y
    return np.sum(y)


@found
def each_place_from_the_one_before(x, n):
    """`k[i - 1]` is the last place at first."""
    y, k = x * 1.0, x * 0.3
    for _ in range(n):
        for i in range(len(x)):
            k[i] = np.sin(k[i - 1]) * y[i]
        y[:] = k * x
    return np.sum(y)


@found
def by_a_view(x, n):
    y, k = x * 1.0, x * 0.3
    first = k[:2]
    for _ in range(n):
        y[0] += np.sin(first[1])
        k[:] = np.sin(y)
        y[:] = k * x
    return np.sum(y)


@found
def as_many_as_there_are_trips(x, n):
    y, k = x * 1.0, x * 0.3
    for t in range(n):
        for i in range(t):
            k[i] = np.sin(y[i])
        y[:] = np.sin(k * x) + y
    return np.sum(y)


@found
def backwards_from_a_negative_number(x, n):
    """`range(-2, 3)` begins at the last place but one, and leaves those between."""
    y, k = x * 1.0, x * 0.3
    for _ in range(n):
        for i in range(-2, 3):
            k[i] = np.sin(y[i])
        y[:] = np.sin(k * x) + y
    return np.sum(y)


def kept(f, checkpoint=1):
    text = adjoint_source(value_and_grad(f, checkpoint=checkpoint), vector(N), 5)
    return set(re.findall(r"assign\((\w+)_kept\[", text)) | set(re.findall(r"(\w+)_kept\.append\(", text))


@pytest.mark.parametrize("checkpoint", [1, 2, "sqrt"])
@pytest.mark.parametrize("f", FILLED + FOUND)
def test_the_same_bits(f, checkpoint):
    for n in (0, 1, 5):
        found = value_and_grad(f, checkpoint=checkpoint)(vector(N), n)
        assert bits(found) == bits(value_and_grad(f)(vector(N), n))


@pytest.mark.parametrize("f", FILLED)
def test_what_is_filled_is_not_kept(f):
    assert kept(f) == {"y"}


@pytest.mark.parametrize("f", FOUND)
def test_what_may_be_read_is_kept(f):
    assert kept(f) == {"y", "k"}


def places_that_wrap_around(x, places):
    y, k, m = x * 1.0, x * 3.0, places[0]
    for _ in range(5):
        for i in range(m):
            k[i] = y[i] * x[i]
        for i in range(m - 1, len(x)):  # range(255, 255) where `m` is the uint8 0
            k[i] = y[i] + x[i]
        for i in range(len(x)):
            y[i] = np.sin(k[i] + 0.1 * y[i])
    return np.sum(y)


@pytest.mark.filterwarnings("ignore:overflow encountered")
def test_places_that_wrap_around_are_no_pieces():
    """A segment began with an array in which nothing had been written, of which all was read."""
    x, places = vector(255), np.array([0], np.uint8)
    derived = value_and_grad(places_that_wrap_around, checkpoint=2)
    assert bits(derived(x, places)) == bits(value_and_grad(places_that_wrap_around)(x, places))
    assert "k_kept" in adjoint_source(derived, x, places)


def test_the_shortest_arrays():
    """`[0, 1)` and `[1, n)` are all of one place, too."""
    for size in (1, 2, 3):
        x = vector(size)
        for f in (steps_of_runge_and_kutta, the_last_one_first):
            assert bits(value_and_grad(f, checkpoint=1)(x, 4)) == bits(value_and_grad(f)(x, 4))


def names_that_may_be_one_array(x, n):
    y = x
    for _ in range(n):
        y, x = x, 0.7 * y
    y[::2] *= x[::2]
    return np.sum(x)


def test_names_that_may_be_one_array():
    """Their shadows go along with them: such a loop is kept whole."""
    derived = value_and_grad(names_that_may_be_one_array, checkpoint=1)
    for n in (0, 1, 2, 3):
        assert bits(derived(vector(N), n)) == bits(value_and_grad(names_that_may_be_one_array)(vector(N), n))
    assert "two of its names may be one array" in str(explain(derived, vector(N), 2))


def a_view_from_before(A, n):
    y, column = np.zeros(5), A[:, 2]
    for _ in range(n):
        v = 0.9 * A
        y[::2] = column
    return np.sin(np.sum(A)) + np.sum(v) + np.sin(np.sum(y))


def test_what_comes_to_a_view_is_added_in_the_same_order():
    A = vector(12).reshape(3, 4) * 1.1
    for n in (1, 2):
        found = value_and_grad(a_view_from_before, checkpoint=1)(A, n)
        assert bits(found) == bits(value_and_grad(a_view_from_before)(A, n))


def test_one_trip_needs_no_loop():
    text = adjoint_source(value_and_grad(steps_of_runge_and_kutta, checkpoint=1), vector(N), 5)
    assert "for _ in range(n - 1, -1, -1):" in text
    assert "segment" not in text and "first" not in text


@pytest.mark.compiled
def test_the_same_bits_compiled():
    f = steps_of_runge_and_kutta
    assert bits(value_and_grad(f, checkpoint=1)(vector(N), 5)) == bits(value_and_grad(f)(vector(N), 5))
