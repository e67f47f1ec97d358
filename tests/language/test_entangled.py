"""Names of which only the run decides whether they are one array, where one is written and the other read."""

import numpy as np
import pytest

from dlsrc import dlarray, dlfeval, dlgradient, extractdata, grad, hessian, jvp
from dlsrc.errors import UnsupportedSyntax
from tests.oracle import Programs, matrix, vector

programs = Programs()


@programs(vector(4), 0.5, compiled=True)
def chosen_by_an_expression(x, p):
    y = np.sin(x)
    v = x if p > 0 else y
    v[0] = 2.0 * v[1]
    return x[0] * y[1] + v[0] + y[0] * v[2]


@programs(vector(4), -0.5)
def chosen_the_other_way(x, p):
    y = np.sin(x)
    v = x if p > 0 else y
    v[0] = 2.0 * v[1]
    return x[0] * y[1] + v[0] + y[0] * v[2]


@programs(vector(5), 0.9, compiled=True)
def swapped_or_made_one_in_a_loop(x, p):
    y = np.sin(x)
    z = np.cos(x)
    s = 0.0
    for i in range(4):
        if x[i] > p:
            y, z = z, y
        elif i == 2:
            y = z
        z[i] = z[i] * y[i - 1]
        s += y[i] * z[i - 2]
    return s + np.sum(y) * z[1]


@programs(vector(5), compiled=True)
def a_view_or_a_new_array_in_a_while_loop(x):
    y = np.sin(x)
    v = y[::-1]
    k = 0
    while k < 3:
        if x[k] > 0.8:
            w = v
        else:
            w = y * 2.0
        w[k] *= w[k + 1]
        y[1] += w[2]
        if k == 1:
            v = w[:]
        k += 1
    return np.sum(v * y) + v[1]


@programs(vector(5))
def a_reversed_view_goes_on(x):
    y = np.sin(x)
    v = y[::-1]
    for k in range(2):
        v[k] *= 3.0
        if k == 1:
            v = v[:]
    return np.sum(v * y)


@programs(vector(4), 3)
def what_the_next_trip_reads_again(x, n):
    """In the second trip of j, v is y as it was written in the first."""
    a = x * 1.0
    b = x * 2.0
    y = a if n > 2 else b
    s = 0.0
    for j in range(2):
        v = a
        for i in range(1 - j):
            y[i] = np.sin(y[i] + x[i + 1])
            v = y * 1.0
        s += np.sum(v * v)
    return s


@programs(matrix(3, 3))
def rows_of_the_array_as_it_was(m):
    """The loop goes over the rows of the first m, which in the first trip is the one that is written."""
    s = 0.0
    for row in m:
        m[1] *= 0.5
        s += row[0] * m[1, 1]
        m = np.sin(m) + row
    return s + np.sum(m)


@programs(vector(4), -1.0)
def one_is_given_a_number_only(x, p):
    """Nothing varies in z until it is written to under the other name."""
    z = np.ones(4)
    v = x * 2.0
    if p < 0:
        v = z
    v[1] = x[0] * x[2]
    return np.sum(z * z) + v[3]


@programs(vector(4), 2)
def bound_on_a_later_trip(x, n):
    y = np.tanh(x)
    s = 0.0
    for i in range(3):
        if i > 0:
            w[i] += y[0]  # noqa: F821
            s += w[1] * y[1]  # noqa: F821
        if i < n:
            w = y
        else:
            w = x
    return s + w[0]


# What is read later only for a number without a derivative, or under a name that is bound anew, is no use.
@programs(vector(4), -0.5)
def read_for_a_length_and_an_order(x, p):
    y = x if p > 0 else np.sin(x)
    y[0] = y[1] * y[2]
    k = np.argsort(x)
    return y[k[0]] * len(x) + (1.0 if x[0] > 0.1 else 0.0) * y[1]


test_entangled = programs.test()


def choose(x, p):
    y = np.sin(x)
    v = x if p > 0 else y
    v[0] = 2.0 * v[1]
    return x[0] * y[1] + v[0] + y[0] * v[2]


@pytest.mark.parametrize("p", [-0.5, 0.5])
def test_other_derivatives_of_entangled_arrays(p):
    x, t = vector(4), np.array([1.0, -0.5, 2.0, 0.3])
    first = grad(choose)(x, p)
    assert jvp(lambda x: choose(x, p), (x,), (t,))[1] == pytest.approx(first @ t, rel=1e-12)
    for f in (choose, lambda x, p: swapped_or_made_one_in_a_loop(np.append(x, x[0]), p)):
        second = hessian(lambda x, f=f: f(x, p))(x)
        step = 1e-5
        rows = [(grad(f)(x + e, p) - grad(f)(x - e, p)) / (2 * step) for e in step * np.eye(4)]
        np.testing.assert_allclose(second, rows, atol=1e-8)
        np.testing.assert_allclose(second, second.T, atol=1e-12)


def test_several_gradients_of_entangled_arrays():
    """Each has shadows of its own."""

    def f(x, p):
        y = np.sin(x)
        v = x * 1.0 if p > 0 else y
        v[0] = 2.0 * v[1]
        s = v[0] * y[1]
        g = dlgradient(s, x)
        return g, dlgradient(s + y[0] * v[2], x)

    for p in (-0.5, 0.5):
        x = vector(4)
        a, b = (extractdata(g) for g in dlfeval(f, dlarray(x), p))

        def last(x, p):
            y = np.sin(x)
            v = x * 1.0 if p > 0 else y
            v[0] = 2.0 * v[1]
            return v[0] * y[1] + y[0] * v[2]

        np.testing.assert_allclose(b, grad(last)(x, p), rtol=1e-12)
        assert not np.allclose(a, b)


def test_what_twins_do_not_serve_is_refused():
    def in_a_trip(x, p):
        y = np.sin(x)
        for _ in range(2):
            v = x * 1.0 if p > 0 else y
            v[0] = 2.0 * v[1]
            g = dlgradient(v[0] * y[1], x)
        return g

    def by_one_of_them(x, p):
        y = np.sin(x)
        v = x * 1.0 if p > 0 else y
        v[0] = 2.0 * v[1]
        return dlgradient(v[0] * y[1], y)

    for f in (in_a_trip, by_one_of_them):
        with pytest.raises(UnsupportedSyntax, match="may be one array here.*a .copy()"):
            dlfeval(f, dlarray(vector(4)), 0.5)
