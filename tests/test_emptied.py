"""Shadows are not emptied where nobody looks again, and filled over where the next trip fills them anyway."""

import numpy as np
import pytest

import dlsrc
from tests.oracle import Programs, vector

programs = Programs()


@programs(vector(8))
def the_same_range(u):
    old, new = u.copy(), np.zeros(len(u))
    for _ in range(3):
        for i in range(1, len(u) - 1):
            new[i] = 0.4 * old[i] - 0.3 * old[i - 1] + 0.2 * old[i + 1]
        for i in range(1, len(u) - 1):
            old[i] = new[i]
    return np.sum(old**3)


@programs(vector(8))
def a_range_that_shrinks(u):
    old, new = u.copy(), np.zeros(len(u))
    for k in range(3):
        for i in range(1, len(u) - 1 - k):
            new[i] = 0.4 * old[i] - 0.3 * old[i - 1] + 0.2 * old[i + 1]
        for i in range(1, len(u) - 1 - k):
            old[i] = new[i]
    return np.sum(old**3)


@programs(vector(8))
def different_ranges(u):
    old, new = u.copy(), np.zeros(len(u))
    for _ in range(3):
        for i in range(1, len(u) - 1):
            new[i] = 0.4 * old[i] - 0.3 * old[i - 1] + 0.2 * old[i + 1]
        for i in range(2, len(u) - 2):
            old[i] = new[i]
    return np.sum(old**3)


@programs(vector(8))
def read_after_the_steps(u):
    old, new = u.copy(), np.zeros(len(u))
    for _ in range(3):
        for i in range(1, len(u) - 1):
            new[i] = 0.4 * old[i] - 0.3 * old[i - 1] + 0.2 * old[i + 1]
        for i in range(1, len(u) - 1):
            old[i] = new[i]
    return np.sum(old**3) + np.sum(new * u)


@programs(vector(8))
def begun_by_the_user(u):
    old, new = u.copy(), u * 2.0
    for _ in range(3):
        for i in range(1, len(u) - 1):
            new[i] = 0.4 * old[i] - 0.3 * old[i - 1] + 0.2 * old[i + 1] * new[0]
        for i in range(1, len(u) - 1):
            old[i] = new[i]
    return np.sum(old**3)


@programs(vector(8))
def a_neighbour_is_read(u):
    old, new = u.copy(), np.zeros(len(u))
    for _ in range(3):
        for i in range(1, len(u) - 1):
            new[i] = 0.4 * old[i] - 0.3 * old[i - 1]
        for i in range(1, len(u) - 1):
            old[i] = new[i] + new[i - 1] * new[i + 1]
    return np.sum(old**3)


@programs(vector(8))
def in_an_outer_loop(u):
    old, new = u.copy(), np.zeros(len(u))
    for k in range(2):
        for _ in range(2):
            for i in range(1 + k, len(u) - 1):
                new[i] = 0.4 * old[i] - 0.3 * old[i - 1] + 0.2 * old[i + 1]
            for i in range(1 + k, len(u) - 1):
                old[i] = new[i]
    return np.sum(old**3)


@programs(vector(6))
def written_twice(u):
    y = np.zeros(len(u))
    for i in range(6):
        y[i] = u[i] ** 2
    s = np.sum(y)
    for i in range(2, 5):
        y[i] = y[i - 1] * u[i]
    return s * np.sum(y)


@programs(vector(6))
def in_a_branch(u):
    y = np.zeros(len(u))
    if u[0] < 10.0:
        y[1] = u[2] ** 2
    y[0] = np.sin(u[1])
    return np.sum(y) * y[1]


test_programs = programs.test()


@pytest.mark.parametrize("f, filled", [
    (the_same_range, True), (a_range_that_shrinks, False), (different_ranges, False), (in_an_outer_loop, False),
], ids=lambda a: getattr(a, "__name__", ""))  # fmt: skip
def test_what_is_filled_over(f, filled):
    text = dlsrc.adjoint_source(f, vector(8))
    assert ("dnew[i] = 0.0" not in text) is filled


def test_what_nobody_reads_is_not_emptied():
    def f(u):
        y = np.zeros(3)
        y[2] = u[1] * u[0]
        return np.exp(y[2]) * u[3]

    assert "= 0.0" not in dlsrc.adjoint_source(f, vector(5))
