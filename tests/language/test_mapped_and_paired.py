"""Functions on every element or along an axis, pairs of items, arrays joined in brackets."""

import itertools
import math

import numpy as np
import pytest
from numba import vectorize

import dlsrc
from dlsrc.errors import UnsupportedSyntax
from tests.oracle import Programs, vector

programs = Programs()


@np.vectorize
def hinge(a, b):
    return a * b if a > b else a + b**2


@vectorize
def product(a, b):
    return a * b


@programs(vector(2, 3), compiled=True)
def a_vectorized_function(x):
    return np.sum(hinge(x, x[0]) * np.arange(6).reshape(2, 3)) + np.sum(hinge(x[:, :1], 0.9)) + hinge(x[0, 0], 2.0)


@programs(vector(4))
def vectorized_inside(x):
    f = np.vectorize(lambda t: t**2 if t < 1 else math.sin(t))
    g = np.vectorize(lambda t: 0 if t < 1 else t * x[0], otypes=[float])
    return f(x).sum() + np.sum(g(x) * x)


@programs(vector(2))
def arguments_of_unlike_shapes(x):
    return np.sum(product(x.reshape(2, 1), x.reshape(1, 2)) * np.arange(4).reshape(2, 2))


@programs(vector(2, 3), compiled=True)
def along_an_axis(x):
    shares = np.apply_along_axis(lambda row: row / np.sum(row), 1, x)
    spans = np.apply_along_axis(lambda column: column.max() - column.min(), 0, x)
    return np.sum(shares[:, 0]) + np.sum(spans * np.arange(3))


@programs(vector(4))
def in_pieces(x):
    return np.sum(np.piecewise(x, [x < 0.8, x >= 1.2], [lambda t: t**2, 3.0, np.sin]) * np.arange(4))


@programs(vector(2))
def of_places(p):
    return np.sum(np.fromfunction(lambda i, j: np.exp(-((i - j) ** 2) * p[0]) * p[1], (3, 4)))


@programs(vector(3, 5), compiled=True)
def pairs_of_atoms(pos):
    energy = 0.0
    for i, j in itertools.combinations(range(pos.shape[1]), 2):
        r2 = ((pos[:, i] - pos[:, j]) ** 2).sum() + 0.5
        energy += r2**-6 - r2**-3
    return energy


@programs(vector(5))
@programs(vector(1))
@programs(vector(0))
def pairs_of_every_kind(x):
    s = 1.0
    for a, b in itertools.combinations(x, 2):
        s += np.sin(a) * b
    for a, b in itertools.combinations_with_replacement(x, 2):
        s += np.sin(a) * b**2
    for a, b in itertools.permutations(x, 2):
        s += np.cos(a) * b**2
    for n, (a, b) in enumerate(itertools.pairwise(x)):
        s += n * a * b
    for (a, b), c in zip(itertools.combinations(x, 2), x):
        s += a * b * c
    return s + sum(a * b for a, b in itertools.combinations(x, 2)) + math.prod(x) + sum(itertools.accumulate(x))


@programs(vector(5))
def pairs_until_one_is_found(x):
    s = 0.0
    for i, j in itertools.combinations(range(len(x)), 2):
        if j == 4:
            continue
        s += x[i] * x[j] ** 2
        if i == 2:
            break
    else:
        s = 0.0
    return s


@programs(vector(3), compiled=True)
def joined_in_brackets(x):
    A = np.c_[np.ones(3), x, x**2]
    v = np.r_[0.0, x, 1:4, [x[0], 2.0]]
    k = np.s_[1:, 0]
    return np.sum(A[k]) + np.sum(A @ A.T) + np.sum(v**2 * np.arange(9)) + np.sum(np.c_[A, x][:, -1]) + np.r_[A, A][4, 1]


@programs(vector(2, 3))
def one_after_the_other(x):
    y = x * 1.0
    y.flat[2] = x[0, 0] ** 2
    s = y.flat[3]
    for v in x.flat:
        s += v**2
    return s + np.sum(y * np.arange(6).reshape(2, 3))


test_mapped_and_paired = programs.test()


def integer_or_float(x):
    f = np.vectorize(lambda t: 0 if t < 0.7 else t)
    return np.sum(f(x))


def through_a_copy(x):
    y = x * 1.0
    y[::2].flat[1] = x[0] ** 2
    return np.sum(y)


def three_at_once(x):
    return sum(a * b * c for a, b, c in itertools.combinations(x, 3))


def unlike(x):
    return np.sum(np.r_[x, np.outer(x, x)])


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (integer_or_float, "takes that of the first element"), (through_a_copy, "may be one array"),
        (three_at_once, "write nested loops"), (unlike, "np.concatenate or np.vstack"),
    ],
)
def test_refusals(f, words):
    with pytest.raises(UnsupportedSyntax, match=words):
        dlsrc.grad(f)(vector(3))


def test_the_pairs_are_pythons():
    from dlsrc.kernels import pair_first, pair_second

    for n in range(2, 40):
        found = [(pair_first(k, n), pair_second(k, n, pair_first(k, n))) for k in range(n * (n - 1) // 2)]
        assert found == list(itertools.combinations(range(n), 2))
    n = 3_000_000
    for i in (0, 1, n // 2, n - 2):
        k = i * (2 * n - i - 1) // 2
        assert (pair_first(k, n), pair_first(k + n - i - 2, n)) == (i, i)
