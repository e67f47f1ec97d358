"""New arrays of compiled code are numba's, and cost no function of numba's."""

import numpy as np
import pytest

from dlsrc.lazy import numba
from dlsrc.transform.machine import pipeline
from tests.arrays_counted import counted
from tests.conftest import PLAIN

pytestmark = [
    pytest.mark.compiled, pytest.mark.skipif(PLAIN, reason="looks at what numba compiles"),
]  # fmt: skip


def with_shape(n, m):
    return (
        np.empty(n), np.empty((n, m), np.float32), np.zeros(n, np.int64), np.zeros((n, m, 2)),
        np.zeros((m, n), np.bool_), np.zeros((n,), np.float64),
    )  # fmt: skip


def by_words(n, m):
    return np.zeros((n, m), "float64"), np.empty(n, "float32"), np.zeros(n, "int64"), np.zeros((m, n), "bool")


def like(x):
    return np.empty_like(x), np.zeros_like(x), np.zeros(x.shape, x.dtype)


def other_ways(x, n):
    return np.zeros(n, dtype=np.float32), np.zeros_like(x, np.int64), np.zeros_like(n), np.zeros((), np.int64)


def product(n, m):
    return np.zeros((n, m, m)).size


def ours(f, **flags):
    return numba().njit(error_model="numpy", pipeline_class=pipeline.pipeline_class(), **flags)(f)


def same_kind(found, expected):
    return (found.dtype, found.shape, found.strides, found.flags.c_contiguous, found.flags.writeable) == (
        expected.dtype, expected.shape, expected.strides, expected.flags.c_contiguous, True,
    )  # fmt: skip


@pytest.mark.parametrize("sizes", [(3, 4), (0, 2), (1, 1)])
def test_arrays_of_a_shape(sizes):
    found, expected = ours(with_shape)(*sizes), with_shape(*sizes)
    assert all(map(same_kind, found, numba().njit(with_shape)(*sizes)))
    assert all(np.array_equal(found[k], expected[k]) for k in range(2, 6))


def test_arrays_of_a_dtype_by_its_name():
    f = ours(by_words)
    found, expected = f(3, 4), by_words(3, 4)
    assert all(map(same_kind, found, expected))
    assert all(np.array_equal(found[k], expected[k]) for k in (0, 2, 3))
    (overload,) = f.overloads.values()
    assert {each.name for each in overload.library._linking_libraries} <= {"nrt"}  # no function of numba's


@pytest.mark.parametrize("x", [
    np.arange(6.0).reshape(2, 3), np.arange(6.0).reshape(2, 3).T, np.arange(12.0).reshape(3, 4)[:, ::2],
    np.arange(6, dtype=np.float32), np.zeros((0, 3)), np.array([True, False]),
])  # fmt: skip
def test_arrays_like_another(x):
    found, theirs = ours(like)(x), numba().njit(like)(x)
    assert all(map(same_kind, found, theirs))
    assert not found[1].any() and not found[2].any() and found[1].size == x.size
    frozen = x.copy(order="K")
    frozen.setflags(write=False)
    assert all(map(same_kind, ours(like)(frozen), numba().njit(like)(frozen)))


def test_what_is_asked_for_in_another_way_is_left_to_numba():
    found, expected = ours(other_ways)(np.ones(3), 2), other_ways(np.ones(3), 2)
    assert all(np.array_equal(a, b) and np.asarray(a).dtype == b.dtype for a, b in zip(found, expected, strict=True))


def test_a_shape_that_is_none_is_refused_as_by_numpy():
    f = ours(product)
    assert f(2, 3) == 18
    with pytest.raises(ValueError, match="negative dimensions are not allowed"):
        product(-1, 2)
    with pytest.raises(ValueError, match="negative dimensions"):
        f(-1, 2)
    for sizes in [(2**40, 2**40), (2**62, 1), (2**33, 2**15)]:
        with pytest.raises(ValueError, match="too big|too large|maximum"):
            product(*sizes)
        with pytest.raises(ValueError, match="too big"):
            f(*sizes)
    with pytest.raises(MemoryError):
        f(2**52, 1)


def test_no_function_of_numbas_is_compiled_for_it():
    started = []
    events = numba("core.event")

    class Listener(events.Listener):
        def on_start(self, event):
            started.append(event.data["dispatcher"].py_func.__name__)

        def on_end(self, event):
            pass

    f, g = ours(with_shape), ours(like)
    with events.install_listener("numba:compile", Listener()):
        f(2, 2)
        g(np.ones((2, 3)))
    assert started == ["with_shape", "like"]


def test_nothing_is_lost():
    for f, args in [(ours(with_shape), (3, 4)), (ours(like), (np.ones(3),))]:
        f(*args)
        with counted() as arrays:
            for _ in range(5):
                f(*args)
        assert arrays.lost == 0 and arrays.freed >= 15


def copied(x):
    y = x.copy()
    y += y
    return y


COPIED = {
    "C": np.arange(24.0).reshape(2, 3, 4), "F": np.asfortranarray(np.arange(12.0).reshape(3, 4)),
    "A": np.arange(24.0).reshape(2, 3, 4)[:, ::-1, ::2], "reversed": np.arange(6.0)[::-1], "empty": np.zeros((3, 0)),
    "float32": np.arange(6, dtype=np.float32)[::2], "integers": np.arange(6).reshape(2, 3).T, "number": np.array(3.0),
    "unaligned": np.frombuffer(b"x" + np.arange(8.0).tobytes(), np.uint8)[1:].view(np.float64),
    "unaligned, strided": np.frombuffer(b"x" + np.arange(8.0).tobytes(), np.uint8)[1:].view(np.float64)[::-3],
}  # fmt: skip


@pytest.mark.parametrize("kind", COPIED)
def test_copies(kind):
    x = COPIED[kind]
    before = x.copy()
    found = ours(copied)(x)
    assert np.array_equal(found, x + x) and np.array_equal(x, before) and not np.shares_memory(found, x)
    assert same_kind(found, numba().njit(copied)(x))


def test_copies_of_answers():
    x = np.array([[True, False], [False, False]]).T
    assert np.array_equal(ours(lambda x: x.copy())(x), x)


def test_a_copy_costs_no_function_of_numbas(monkeypatch):
    base = numba("core.base").BaseContext
    monkeypatch.setattr(base, "compile_internal", lambda *given, **words: pytest.fail("numba compiles a function"))
    assert np.array_equal(ours(lambda x: x.copy())(np.arange(3.0)), np.arange(3.0))
