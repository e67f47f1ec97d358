"""Shadows are not emptied where nobody looks again, and filled over where the next trip fills them anyway."""

import re

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


def slope(x, y, out):
    out[0] = x[0] * y[0]
    for i in range(1, len(x)):
        out[i] = x[i] * y[i - 1] ** 2


@programs(vector(6))
def one_buffer_for_every_stage(x):
    n = len(x)
    y, middle, k = x * 0.5, np.zeros(n), np.zeros(n)
    for _ in range(3):
        slope(x, y, k)
        for i in range(n):
            middle[i] = y[i] + 0.1 * k[i]
        slope(x, middle, k)
        for i in range(n):
            y[i] += 0.3 * k[i]
    return np.sum(y)


@programs(vector(6))
def rows_of_a_buffer(x):
    y, k = x * 0.5, np.zeros((6, 2))
    for _ in range(3):
        for i in range(6):
            for j in range(2):
                k[i, j] = y[i] * x[j]
        for i in range(6):
            y[i] = 0.1
            for j in range(2):
                y[i] += np.sin(k[i, j])
    return np.sum(y)


@programs(vector(6))
def an_end_that_stays_from_step_to_step(x):
    y, k = x * 0.5, np.zeros(6)
    for _ in range(3):
        for i in range(5):
            k[i] = y[i] * x[i]
        for i in range(1, 6):
            y[i] = k[i] + k[i - 1]
        k[5] = y[2] * x[3]
    return np.sum(y)


@programs(vector(6))
def other_places_every_time(x):
    y, k = x * 0.5, np.zeros(6)
    for _ in range(3):
        for i in range(3):
            k[i] = y[i] * x[i]
        for i in range(3):
            y[i] = np.sin(k[i])
        for i in range(3, 6):
            k[i] = y[i] * x[i]
        for i in range(3, 6):
            y[i] = np.sin(k[i]) + y[i - 3]
    return np.sum(y)


@programs(vector(6))
def a_smaller_part_the_second_time(x):
    y, k = x * 0.5, np.zeros(6)
    for _ in range(3):
        for i in range(6):
            k[i] = y[i] * x[i]
        for i in range(6):
            y[i] = np.sin(k[i])
        for i in range(4):
            k[i] = y[i] * x[i + 1]
        for i in range(6):
            y[i] = y[i] + k[i]
    return np.sum(y)


@programs(vector(6))
def read_again_when_it_is_filled(x):
    y, k = x * 0.5, np.zeros(6)
    for _ in range(3):
        for i in range(6):
            k[i] = y[i] * x[i]
        for i in range(6):
            y[i] = np.sin(k[5 - i]) * k[i]
        y[0] += k[3]
    return np.sum(y)


@programs(vector(6))
def filled_on_one_way(x):
    y, k = x * 0.5, np.zeros(6)
    for t in range(4):
        if y[t] > 0.1:
            for i in range(6):
                k[i] = y[i] * x[i]
        for i in range(6):
            y[i] = np.sin(k[i]) + y[i]
    return np.sum(y)


@programs(vector(6))
def left_early(x):
    y, k = x * 0.5, np.zeros(6)
    for _ in range(4):
        for i in range(6):
            k[i] = y[i] * x[i]
        for i in range(6):
            y[i] = np.sin(k[i]) + 0.1
        if y[0] > 0.3:
            break
    return np.sum(y)


@programs(vector(6))
def the_first_place_is_the_last(x):
    """`k[i - 1]` of the first trip is the last place."""
    y, k = x * 0.5, np.zeros(6)
    for _ in range(3):
        for i in range(5):
            k[i - 1] = y[i] * x[i]
        for i in range(6):
            y[i] = np.sin(k[i]) + y[i]
    return np.sum(y)


test_programs = programs.test()


@pytest.mark.parametrize("f, filled", [
    (the_same_range, True), (a_range_that_shrinks, False), (different_ranges, True), (in_an_outer_loop, False),
], ids=lambda a: getattr(a, "__name__", ""))  # fmt: skip
def test_what_is_filled_over(f, filled):
    text = dlsrc.adjoint_source(f, vector(8))
    assert ("dnew[i] = 0.0" not in text) is filled


@pytest.mark.parametrize("f, filled", [
    (one_buffer_for_every_stage, True), (rows_of_a_buffer, True), (read_again_when_it_is_filled, False),
    (left_early, True), (an_end_that_stays_from_step_to_step, False), (other_places_every_time, False),
    (a_smaller_part_the_second_time, False), (filled_on_one_way, False), (the_first_place_is_the_last, False),
], ids=lambda a: getattr(a, "__name__", ""))  # fmt: skip
def test_rounds(f, filled):
    text = dlsrc.adjoint_source(f, vector(6))
    assert (re.search(r"dk\[.*\] = 0.0", text) is None) is filled


def test_what_nobody_reads_is_not_emptied():
    def f(u):
        y = np.zeros(3)
        y[2] = u[1] * u[0]
        return np.exp(y[2]) * u[3]

    assert "= 0.0" not in dlsrc.adjoint_source(f, vector(5))


def test_a_tangent_that_a_branch_hands_on_is_not_left_out():
    """Only the name that the branch gives it is read."""

    def f(x):
        kept = []
        if len(x) > 2:
            kept.append(np.sin(x))
        s = 0.0
        for k in range(len(kept)):
            s += kept[k] @ x
        return s

    x, t = vector(4), np.arange(4.0)
    assert np.isclose(dlsrc.jvp(f, (x,), (t,))[1], np.sum((np.sin(x) + x * np.cos(x)) * t), rtol=1e-12)
