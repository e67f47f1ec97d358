"""What cuts a trace: `stop_gradient` and `extractdata` on arrays that are indexed, viewed, looped over and written."""

import numpy as np
import pytest

import dlsrc
from dlsrc import extractdata, stop_gradient, value_and_grad
from tests.oracle import assert_close

X = np.array([0.5, -1.25, 2.0])


def whole_arrays(x):
    return np.sum(stop_gradient(x) * x)


def element_by_element(x):
    z = stop_gradient(x)
    s = 0.0
    for i in range(x.size):
        s += z[i] * x[i]
    return s


def views_of_it(x):
    z = stop_gradient(x)
    return np.sum(z[1:] * x[1:])


def of_a_view(x):
    y = x * 2.0
    z = stop_gradient(y[1:]) * 1.0
    return z[0] * x[0] + y[1]


def of_a_number_in_a_loop(x):
    s = 0.0
    for i in range(x.size):
        s = stop_gradient(s) + x[i] ** 2
    return s


def extracted(x):
    z = extractdata(x)
    return x[0] * z[1] + np.sum(z**2)


def of_a_container(x):
    parts = stop_gradient({"a": x, "b": x[0]})
    return np.sum(parts["a"] * x) * parts["b"]


def written_after(x):
    y = x * 2.0
    z = stop_gradient(y)
    y[0] = 5.0 * x[1]
    return np.sum(z * x)


def written_through(x):
    y = x * 2.0
    z = stop_gradient(y)
    z[0] = 5.0
    return np.sum(y * x)


@pytest.mark.compiled
@pytest.mark.parametrize("f, expected", [
    (whole_arrays, X),
    (element_by_element, X),
    (views_of_it, [0.0, -1.25, 2.0]),
    (of_a_view, [-2.5, 2.0, 0.0]),
    (of_a_number_in_a_loop, [0.0, 0.0, 4.0]),
    (extracted, [-1.25, 0.0, 0.0]),
    (of_a_container, 0.5 * X),
], ids=lambda p: getattr(p, "__name__", ""))
def test_cut(f, expected):
    value, g = value_and_grad(f)(X)
    assert_close(value, f(X))
    assert_close(g, expected)


@pytest.mark.parametrize("f, expected", [
    (written_after, [-6.25, -2.5, 4.0]),
    (written_through, [5.0, -5.0, 8.0]),
], ids=lambda p: getattr(p, "__name__", ""))
def test_a_write_to_the_shared_memory_is_right_or_refused(f, expected):
    try:
        value, g = value_and_grad(f)(X)
    except dlsrc.errors.UnsupportedSyntax as error:
        assert "copy" in str(error)
        return
    assert_close(value, f(X))
    assert_close(g, expected)
