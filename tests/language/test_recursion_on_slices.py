"""Functions that call themselves with slices of an array."""

import numpy as np
import pytest

import dlsrc
from dlsrc.errors import UnsupportedSyntax
from tests.oracle import Programs, vector

programs = Programs()


def squares(x):
    if len(x) == 1:
        return x[0] ** 2
    return x[0] ** 2 + squares(x[1:])


@programs(vector(8), compiled=True)
@programs(vector(1))
def the_first_and_the_rest(x):
    return squares(x)


@programs(vector(7), compiled=True)
def by_halves(x):
    if x.shape[0] == 1:
        return np.sin(x[0])
    m = len(x) // 2
    return by_halves(x[:m]) * by_halves(x[m:])


@programs(vector(7))
def every_other(x):
    if len(x) <= 1:
        return np.sum(x) ** 2
    return every_other(x[::2]) * 0.5 + np.sin(every_other(x[1::2]))


@programs(vector(7), 2)
def from_both_ends(x, k):
    if len(x) < 3:
        return np.sum(x**2)
    return x[0] * x[-1] + from_both_ends(x[1:-1], k) * x[k - 2]


@programs(vector(7), 3)
@programs(vector(2), 3)
def computed_bounds(x, n):
    if n < 0:
        return np.sum(x**2)
    if n == 0:
        return np.sum(x) * 1.5
    return computed_bounds(x[n:], n - 1) + computed_bounds(x[:-n], n - 1) * computed_bounds(x[-n : n + 1], n - 2)


@programs(vector(7))
def parts_beyond_the_end(x):
    if len(x) == 0:
        return 1.0
    return x[0] * parts_beyond_the_end(x[3:]) + parts_beyond_the_end(x[5:2])


@programs(vector(7))
def written_through(x):
    y = x * 1.0

    def scan(v):
        if len(v) == 1:
            return v[0]
        m = len(v) // 2
        s = scan(v[:m])
        v[m:] *= s
        return s * scan(v[m:])

    return scan(y) + np.sum(y)


@programs(vector(4, 3))
def rows_of_a_matrix(X):
    def states(M, h):
        if len(M) == 0:
            return h
        return states(M[1:], np.tanh(h * M[0]))

    return np.sum(states(X, np.ones(3)))


@programs(vector(6), vector(6), argnums=(0, 1))
def two_arrays(a, b):
    if len(a) == 0:
        return 0.0
    return a[0] * b[-1] + two_arrays(a[1:], b[:-1])


@programs(vector(6))
def by_keyword(x, depth=0):
    if x.size == 1:
        return x[0] * depth
    h = x.shape[0] // 2
    return by_keyword(depth=depth + 1, x=x[:h]) + by_keyword(x[h:], depth + 1) ** 2


@programs(vector(6))
def of_views(x):
    def products(v):
        if len(v) < 3:
            return v[0]
        return v[0] * products(v[1:]) + products(v[2:])

    return products(x[::-1]) + products(x[::2])


test_recursion_on_slices = programs.test()


def test_forward_mode_and_second_derivatives():
    x, v = vector(5), np.array([0.3, -0.2, 0.5, 0.1, 0.7])
    assert np.allclose(dlsrc.jvp(by_halves, (x,), (v,))[1], dlsrc.grad(by_halves)(x) @ v, rtol=1e-12)
    assert np.allclose(dlsrc.hvp(squares)(x, v), 2.0 * v, rtol=1e-12)


def of_a_list(x):
    def product(items):
        return items[0] if len(items) == 1 else items[0] * product(items[1:])

    return product([v * 2.0 for v in x])


def by_another_name(x):
    if len(x) < 2:
        return x[0]
    rest = x * 2.0
    return x[0] * by_another_name(rest[1:])


def assigned(x):
    if len(x) < 2:
        return x[0]
    x = x * 2.0
    return x[0] * assigned(x[1:])


def columns(x):
    def corner(A):
        return A[0, 0] if A.shape[1] == 1 else A[0, 0] * corner(A[:, 1:])

    return corner(np.outer(x, x))


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (of_a_list, "write the recursion as a loop"), (by_another_name, "the whole array and the bounds"),
        (assigned, "the whole array and the bounds"), (columns, "the whole array and the bounds"),
    ],
)
def test_other_parts_are_refused(f, words):
    with pytest.raises(UnsupportedSyntax, match=words):
        dlsrc.grad(f)(vector(4))
