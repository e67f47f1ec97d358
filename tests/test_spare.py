"""Small arrays that a program has done with are kept for the next, in the main thread."""

import ctypes
import threading

import numpy as np
import pytest

from dlsrc import value_and_grad
from dlsrc.lazy import numba
from dlsrc.process import spare
from dlsrc.transform.machine import pipeline
from tests.arrays_counted import counted
from tests.conftest import PLAIN

pytestmark = [
    pytest.mark.compiled,
    pytest.mark.skipif(PLAIN or not spare.there_are(), reason="plain Python keeps its memory itself"),
]  # fmt: skip


TRIPS = 20


def recurrence(a, h):
    s = 0.0
    for _ in range(TRIPS):
        h = np.tanh(a @ h)
        s += np.sum(h)
    return s


A, H = np.full((3, 3), 0.3), np.ones(3)
gradient = value_and_grad(recurrence)


def compiled(f, **flags):
    return numba().njit(error_model="numpy", pipeline_class=pipeline.pipeline_class(), **flags)(f)


def test_a_loop_asks_for_few():
    gradient(A, H)
    with counted() as arrays:
        gradient(A, H)
    assert arrays.made < TRIPS


def test_what_is_returned_is_nobody_elses():
    expected = gradient(A, H)[1].copy()
    held = [gradient(A, H)[1] for _ in range(3 * spare.MOST)]
    for k, each in enumerate(held):
        assert np.array_equal(each, expected)
        each[:] = k
    assert all(np.all(each == k) for k, each in enumerate(held))
    assert len({each.ctypes.data for each in held}) == len(held)


def test_another_thread_asks_for_its_own():
    expected, found = gradient(A, H), []

    def work():
        with counted() as arrays:
            found.append(gradient(A, H))
        found.append(arrays.made)

    before = list(spare.lists())
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found[0][0] == expected[0] and np.array_equal(found[0][1], expected[1])
    assert found[1] >= TRIPS and list(spare.lists()) == before


def many(n, size):
    held = [np.full(size, 1.0 * k) for k in range(n)]
    s = 0.0
    for k in range(n):
        s += held[k][0] + held[k][size - 1]
    return s


def test_so_many_are_kept_and_no_more():
    f = compiled(many)
    for size in (1, 8, 9, 100, 128, 129, 5000):
        for n in (3, 10 * spare.MOST):
            assert f(n, size) == n * (n - 1)
            counts = spare.lists()[1 + spare.SIZES :]
            assert all(0 <= count <= spare.MOST for count in counts)
    assert max(counts) == spare.MOST


def test_each_list_is_as_long_as_is_said():
    compiled(many)(100, 20)
    words = spare.lists()
    for k in range(spare.SIZES):
        length, piece = 0, words[1 + k]
        while piece:
            record = (ctypes.c_int64 * 5).from_address(piece)
            assert record[4] == spare.PIECE * (k + 1) and record[3] % 32 == 0
            piece = ctypes.c_int64.from_address(record[3]).value
            length += 1
        assert length == words[1 + spare.SIZES + k]


def test_memory_goes_from_one_to_the_other():
    """What somebody's own function has made is kept, and what was kept is given back by it."""
    made = numba().njit(lambda n: np.arange(1.0, n + 1))
    freed = numba().njit(lambda x: x[0] + x[x.size - 1])

    def both(n):
        s = 0.0
        for k in range(100):
            x = made(n) * 2.0
            s += freed(x) + made(n)[k % n]
        return s

    assert compiled(both)(8) == both(8)


def test_sizes_at_the_limits():
    """An array gets as much as it asked for: its neighbours are not touched."""

    def sums(n):
        a, b, c = np.zeros(n), np.zeros(n), np.zeros(n)
        b[:] = 1.0
        return np.sum(a), np.sum(b), np.sum(c)

    f = compiled(sums)
    for _ in range(3):
        for n in (0, 1, 7, 8, 9, 16, 127, 128, 129, 136):
            assert f(n) == (0.0, n, 0.0)
