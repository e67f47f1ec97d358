"""Stencils: what their reverse loops add to neighbours is gathered, and the ends of any range are right."""

import numpy as np
import pytest

import dlsrc
from tests.oracle import Programs, assert_close, matrix, vector

programs = Programs()


def heat(u):
    y = np.zeros(len(u))
    for i in range(1, len(u) - 1):
        y[i] = u[i] + 0.2 * (u[i - 1] - 2 * u[i] + u[i + 1])
    return np.sum(y**2)


def wide(u):
    y = np.zeros(len(u))
    for i in range(3, len(u) - 2):
        y[i] = 0.5 * u[i + 2] - u[i - 3] + 3.0 * u[i] - u[i - 1]
    return np.sum(y**2)


def one_sided(u):
    y = np.zeros(len(u))
    for i in range(len(u) - 4):
        y[i] = u[i + 4] - u[i + 1] + u[i] * u[i + 2]
    return np.sum(y**2)


def downwards(u):
    y = np.zeros(len(u))
    for i in range(len(u) - 2, 0, -1):
        y[i] = u[i + 1] - 2.0 * u[i] + u[i - 1]
    return np.sum(y * y * u)


def several_steps(u):
    old, new = u.copy(), np.zeros(len(u))
    for _ in range(3):
        for i in range(1, len(u) - 1):
            new[i] = old[i] - 0.1 * (old[i + 1] - old[i - 1]) * old[i]
        for i in range(1, len(u) - 1):
            old[i] = new[i]
    return np.sum(old**2)


SIZES = range(2, 12)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("f", [heat, wide, one_sided, downwards, several_steps], ids=lambda f: f.__name__)
def test_ranges_of_every_length(f, n):
    u = vector(n)
    value, g = dlsrc.value_and_grad(f)(u)
    assert_close(value, f(u))
    h = 1e-6
    for k in range(n):
        d = np.eye(n)[k] * h
        assert_close(g[k], (f(u + d) - f(u - d)) / (2 * h), 1e-7)


def test_neighbours_are_gathered():
    text = dlsrc.adjoint_source(heat, vector(6))
    assert text.count("du[i] += ") == 3 and "[i - 1] * 0.2 + " in text and "[i + 1] * 0.2" in text


@programs(matrix(5, 6), compiled=True)
def five_points(u):
    y = np.zeros(u.shape)
    for i in range(1, u.shape[0] - 1):
        for j in range(1, u.shape[1] - 1):
            y[i, j] = u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] - 4.0 * u[i, j]
    return np.sum(y**2)


@programs(vector(7).astype(np.float32), oracle="float32")
def single_precision(u):
    y = np.zeros(len(u), np.float32)
    for i in range(1, len(u) - 1):
        y[i] = u[i - 1] - u[i] + u[i + 1]
    return np.sum(y**2)


test_programs = programs.test()
