"""Views of arrays in order of C are numba's, and cost no function of numba's."""

import numpy as np
import pytest

from dlsrc.lazy import numba
from dlsrc.transform.machine import pipeline
from tests.arrays_counted import counted
from tests.conftest import PLAIN

pytestmark = [
    pytest.mark.compiled, pytest.mark.skipif(PLAIN, reason="looks at what numba compiles"),
]  # fmt: skip


def ours(f, **flags):
    return numba().njit(error_model="numpy", pipeline_class=pipeline.pipeline_class(), **flags)(f)


def by_tuple(x, n, m):
    return x.reshape((n, m))


def by_numbers(x, n, m):
    return x.reshape(n, m)


def by_number(x, n):
    return x.reshape(n)


def flat(x):
    return x.ravel()


def in_order(x):
    return np.ascontiguousarray(x)


def same_view(found, expected, source):
    assert found.dtype == expected.dtype and found.shape == expected.shape and found.strides == expected.strides
    assert np.array_equal(found, expected)
    assert np.shares_memory(found, source) == np.shares_memory(expected, source)


SIZES = [(3, 4), (4, 3), (12, 1), (-1, 6), (2, -1), (np.int32(6), np.int32(2))]


@pytest.mark.parametrize("f", [by_tuple, by_numbers])
@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.bool_])
def test_other_shapes(f, sizes, dtype):
    x = np.arange(12).reshape(2, 3, 2).astype(dtype)
    same_view(ours(f)(x, *sizes), f(x, *sizes), x)


@pytest.mark.parametrize("n", [6, -1, -7])  # to numba any negative number is one to find
def test_vectors(n):
    x = np.arange(6.0).reshape(2, 3)
    assert np.array_equal(ours(by_number)(x, n), x.reshape(6)) and np.shares_memory(ours(by_number)(x, n), x)


@pytest.mark.parametrize("sizes", [(5, 2), (-1, 5), (0, 6), (-1, 0), (13, 1)])
def test_what_has_another_size_is_refused(sizes):
    with pytest.raises(ValueError, match="total size of new array must be unchanged"):
        ours(by_tuple)(np.arange(12.0), *sizes)


def test_two_sizes_cannot_be_found():
    with pytest.raises(ValueError, match="multiple negative shape values"):
        ours(by_tuple)(np.arange(12.0), -1, -1)


def test_nothing_has_many_shapes():
    x = np.zeros((3, 0))
    assert ours(by_tuple)(x, 0, 7).shape == (0, 7) and ours(flat)(x).shape == (0,)
    assert ours(by_tuple)(x, -1, 0).shape == numba().njit(by_tuple)(x, -1, 0).shape == (0, 0)


X = np.arange(24.0).reshape(2, 3, 4)


@pytest.mark.parametrize("f", [flat, in_order])
@pytest.mark.parametrize("x", [X, X.T, X[:, ::2], X[0], X[0, 0], X[0, 0, ::2], X.astype(np.float32), np.zeros((0, 2))])
def test_in_one_row_and_in_order(f, x):
    theirs, found = numba().njit(f)(x), ours(f)(x)
    assert found.shape == theirs.shape and np.array_equal(found, theirs) and found.flags.c_contiguous
    assert np.shares_memory(found, x) == np.shares_memory(theirs, x)


def test_a_number_of_a_kind_without_axes_is_left_to_numba():
    assert ours(in_order)(np.array(3.0)).shape == numba().njit(in_order)(np.array(3.0)).shape


def views(x, n):
    y = x.reshape((n, x.size // n))
    z = np.ascontiguousarray(y).ravel()
    z[0] = 7.0
    return y, z[1:]


def made_and_viewed(x, n):
    y = np.zeros(12) + x[0]
    return y.reshape((n, y.size // n)), np.ascontiguousarray(y).ravel()[1:]


def lost(f):
    """How many arrays that a call made are not given back: after a result is dropped, and after an error."""
    x = np.ones(1)
    f(x, 3)
    with counted() as results:
        for _ in range(5):
            y, z = f(x, 3)
            assert y.shape == (3, 4) and z.size == 11 and y[2, 3] == z[10] == 1.0
            del y, z
    with counted() as errors:
        for _ in range(5):
            with pytest.raises(ValueError):
                f(x, 5)
    return results.lost, errors.lost


def test_memory_is_counted():
    theirs = lost(numba().njit(error_model="numpy")(made_and_viewed))
    assert lost(ours(made_and_viewed)) == theirs
    assert theirs[0] == 0


def test_no_function_of_numbas_is_compiled_for_it():
    started = []
    events = numba("core.event")

    class Listener(events.Listener):
        def on_start(self, event):
            started.append(event.data["dispatcher"].py_func.__name__)

        def on_end(self, event):
            pass

    f = ours(views)
    with events.install_listener("numba:compile", Listener()):
        f(np.arange(12.0), 3)
    assert started == ["views"]
