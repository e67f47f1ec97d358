"""Loops that only add up are swept backwards trip by trip, within the forward loop; others are not."""

import math

import numpy as np
import pytest

import dlsrc
from dlsrc import dlarray, dlfeval, dlgradient
from tests.oracle import Programs, assert_close, matrix, vector

programs = Programs()
apart = Programs()


def at_once(f, *args):
    """Whether no loop runs backwards over what another has kept."""
    return "_kept" not in dlsrc.adjoint_source(f, *args)


@programs(vector(5), compiled=True)
def exponentials(x):
    s = 0.0
    for i in range(len(x)):
        s += np.exp(x[i]) * x[0]
    return s


@programs(vector(5))
def the_mean(x):
    s = 0.0
    for i in range(len(x)):
        s += np.exp(x[i])
    return -2 * (s / len(x))


@programs(vector(0))
@programs(vector(3))
def no_trips(x):
    s = 1.0
    for i in range(x.size):
        s -= np.sin(x[i])
    return s


@programs(vector(5), vector(5), argnums=(0, 1))
def two_sums_of_the_same_arrays(a, b):
    s, t = 0.0, 0.0
    for i in range(len(a)):
        s += np.exp(a[i])
    for i in range(len(a)):
        if b[i] > 0.0:
            t += np.sin(a[i] * b[i])
    return s - 3.0 * t + a[2] * b[1]


@programs(vector(3), vector(4), argnums=(0, 1))
def sums_in_sums(a, b):
    s = 0.0
    for i in range(len(a)):
        w = np.exp(a[i])
        for j in range(i, len(b)):
            s += np.sin(w * b[j])
        s = s - w
        for j in range(len(b)):
            s = np.cos(b[j]) * a[0] + s
    return s


@programs(0.7, vector(4), argnums=(0, 1))
def a_number_from_outside(e, t):
    q = np.sqrt(e)
    s = q
    for k in range(len(t)):
        s += q * np.exp(-e * t[k])
    return s * 2.0 + 0.0 * 1.0


@programs(vector(4))
def built_before(x):
    y = np.empty(4)
    for i in range(4):
        y[i] = np.exp(x[i])
    y[1] *= x[2]
    s = 0.0
    for i in range(4):
        s += np.sin(y[i]) * np.exp(x[i])
    return s


@programs(vector(4))
def a_shadow_begun_by_a_whole_sum(x):
    s = 0.0
    for i in range(4):
        s -= np.exp(x[i])
    return np.sum(x) + s


@programs(vector(5), vector(5), argnums=(0, 1))
def shadows_begun_in_other_ways(a, b):
    s = 0.0
    for i in range(1, 5):
        s -= np.exp(a[i]) * np.sin(b[i])
    s = s + np.mean(a[1:]) + np.sum(a * b) + np.max(b)
    if a[0] > -9.0:
        s += np.sum(a[a > 0.1]) * b[2]
    return s + np.sum(a) - a[3]


@programs(vector(4))
def memory_of_a_trip(x):
    s = 0.0
    for i in range(4):
        w = np.zeros(3)
        w[0] = x[i]
        w[1] = w[0] * np.exp(x[0])
        w[0] = np.sin(w[1])
        s += w[0] * w[1]
    return s


@programs(matrix(3, 4))
def rows(x):
    s = 0.0
    for row in x:
        s += np.exp(row[0]) * np.sum(row**2)
    return s


@programs(vector(3))
def a_long_iteration_in_every_trip(x):
    s = 0.0
    for i in range(3):
        y = x[i]
        for _ in range(2):
            while abs(y) > 1e-300 and y < 5.0:
                y = y * 0.4 + 3.2
                if y > 5.0:
                    break
                y = y - 0.1 * np.sin(y) if y > 5.2 else y * 1.05 + 0.1
        s += np.log(y) * y
    return s


def long_iteration(x):
    s = 0.0
    for i in range(len(x)):
        y = x[i]
        n = 0
        while n < 1500:
            y = np.sin(y) + x[i]
            n += 1
        s += y * y
    return s


@pytest.mark.compiled
def test_a_tape_that_grows_in_one_trip_serves_the_next():
    assert "room(" in dlsrc.adjoint_source(long_iteration, vector(2))
    x = vector(2)
    h = 1e-6
    _, g = dlsrc.value_and_grad(long_iteration)(x)
    for k in range(2):
        d = np.eye(2)[k] * h
        assert_close(g[k], (long_iteration(x + d) - long_iteration(x - d)) / (2 * h), 1e-6)


@programs(vector(6))
def arrays_kept_within_a_trip(x):
    s = 0.0
    for i in range(2):
        h = x[i : i + 3] * 1.0
        for _ in range(3):
            h = np.tanh(h * x[i])
        s += np.sum(h)
    return s


@programs(vector(4), 3)
def inside_a_loop_that_is_swept(x, n):
    t = 1.0
    for _ in range(n):
        s = 0.0
        for i in range(len(x)):
            s += np.exp(x[i] * t)
        t = np.sin(s)
    return t


# ---------------------------------------------------------------------------------- these are not


@apart(vector(5))
def a_sum_that_is_read(x):
    s = 0.0
    for i in range(len(x)):
        s += np.exp(x[i]) * s + 0.1
    return s


@apart(vector(5))
def a_sum_into_another(x):
    s, t = 0.0, 0.0
    for i in range(len(x)):
        s += np.exp(x[i])
        t += s
    return s + t


@apart(vector(5))
def a_sum_of_a_sum_in_a_loop(x):
    s, t = 0.0, 0.0
    for i in range(len(x)):
        for _ in range(2):
            t = t + s
            s = s + np.exp(x[i])
    return s + t


@apart(vector(5))
def a_sum_that_starts_again(x):
    s = 0.0
    for i in range(len(x)):
        if x[i] > 0.4:
            s = 0.0
        s += np.exp(x[i])
    return s


@apart(vector(5))
def a_sum_that_is_left(x):
    s = 0.0
    for i in range(len(x)):
        s += np.exp(x[i])
        if s > 2.0:
            break
    return s


@apart(vector(5))
def a_function_of_the_sum(x):
    s = 0.0
    for i in range(len(x)):
        s += np.exp(x[i])
    return np.log(s)


@apart(vector(4))
def written_after(x):
    y = np.exp(x)
    s = 0.0
    for i in range(4):
        s += np.exp(y[i] * x[0])
    y[1] = 3.0 * x[2]
    return s + np.sum(y**2)


@apart(vector(4))
def written_over_after(x):
    y = x * 2.0
    s = 0.0
    for i in range(4):
        s += np.exp(y[i])
    y[:] = 0.0
    return s + y[0]


@apart(vector(4))
def written_within(x):
    y = x * 2.0
    s = 0.0
    for i in range(4):
        s += np.exp(y[i])
        y[(i + 1) % 4] = x[i] * y[i]
    return s


@apart(vector(4))
def written_between(x):
    y = x * 2.0
    s, t = 0.0, 0.0
    for i in range(4):
        s += np.exp(y[i])
    y[2] = x[0]
    for i in range(4):
        t += np.exp(-y[i])
    return s + t


test_programs = programs.test()
test_programs_that_keep_values = apart.test()


@pytest.mark.parametrize("f, args", [
    (exponentials, (vector(5),)), (the_mean, (vector(5),)), (two_sums_of_the_same_arrays, (vector(5), vector(5))),
    (sums_in_sums, (vector(3), vector(4))), (a_number_from_outside, (0.7, vector(4))), (rows, (matrix(3, 4),)),
], ids=lambda a: getattr(a, "__name__", ""))  # fmt: skip
def test_nothing_is_kept(f, args):
    assert at_once(f, *args)


@pytest.mark.parametrize("f", [
    a_sum_that_is_read, a_sum_into_another, a_function_of_the_sum, written_after, written_over_after, written_within,
], ids=lambda f: f.__name__)  # fmt: skip
def test_values_are_kept(f):
    assert not at_once(f, vector(5 if f.__name__.startswith("a_") else 4))


def test_a_stencil_is_still_taken_apart():
    def roughness(x):
        s = 0.0
        for i in range(1, len(x)):
            s += (x[i] - x[i - 1]) ** 2
        return s

    assert dlsrc.adjoint_source(roughness, vector(5)).count("\n    for i in") == 3


def test_a_branch_that_is_not_taken():
    def f(x, wanted):
        s = x[0] * 0.0
        for i in range(3):
            s = s + np.exp(x[i])
        if wanted:
            return s, dlgradient(s, x)
        return s, x

    x = dlarray(vector(3))
    assert_close(np.asarray(dlfeval(f, x, True)[1]), np.exp(vector(3)))
    assert_close(np.asarray(dlfeval(f, x, False)[1]), vector(3))


def test_a_gradient_by_what_is_made_before_the_loop():
    def f(x):
        y = x * x
        s = y[0] * 0.0
        for i in range(3):
            s = s + np.exp(y[i])
        return dlgradient(s, y), dlgradient(s, x, retain_data=True)

    def g(x):
        y = x * x
        s = 0.0
        for i in range(3):
            s += np.exp(y[i])
        return dlgradient(s, y)

    x = dlarray(vector(3))
    by_y, by_x = dlfeval(f, x)
    assert_close(np.asarray(by_y), np.exp(vector(3) ** 2))
    assert_close(np.asarray(by_x), np.exp(vector(3) ** 2) * 2 * vector(3))
    assert_close(np.asarray(dlfeval(g, x)), np.exp(vector(3) ** 2))


def test_a_gradient_in_every_trip_of_a_loop():
    def f(x, n):
        s = 0.0
        for _ in range(n):
            s = x[0] * 0.0
            for i in range(3):
                s = s + np.exp(x[i])
            x = x - 0.1 * dlgradient(s, x)
        return x

    x = vector(3)
    expected = x.copy()
    for _ in range(4):
        expected -= 0.1 * np.exp(expected)
    assert_close(np.asarray(dlfeval(f, dlarray(x), 4)), expected)


@pytest.mark.compiled
def test_a_gradient_of_an_equation_solved_in_every_trip():
    def misfit(p, t, d):
        total = 0.0
        for k in range(len(t)):
            E = t[k]
            step = 1.0
            while abs(step) > 1e-13:
                step = (E - p[0] * math.sin(E) - t[k]) / (1 - p[0] * math.cos(E))
                E -= step
            total += (d[k] - p[1] * math.cos(E)) ** 2
        return total

    p, t, d = np.array([0.3, 1.2]), np.linspace(0.1, 3.0, 5), np.linspace(1.0, -1.0, 5)
    value, g = dlsrc.value_and_grad(misfit)(p, t, d)
    assert_close(value, misfit(p, t, d))
    for k in range(2):
        h = np.eye(2)[k] * 1e-6
        assert_close(g[k], (misfit(p + h, t, d) - misfit(p - h, t, d)) / 2e-6, 1e-7)
