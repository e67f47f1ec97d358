"""Sizes that a product has found equal, and those that it may not have: in another branch, later, never."""

import numpy as np
import pytest

from dlsrc import adjoint_source, dlarray, dlfeval, dlgradient, extractdata, value_and_grad
from tests.oracle import Programs, assert_close, matrix, vector

programs = Programs()
ONE = np.array([0.8])
Y = vector(6, 2)


@programs(matrix(3, 3), matrix(3, 3), matrix(2, 2), matrix(2, 3), Y, argnums=(0, 1, 2, 3, 4), compiled=True)
def kalman(F, Q, R, H, y):
    m, P, total = np.zeros(F.shape[0]), np.eye(F.shape[0]), 0.0
    for t in range(len(y)):
        m = F @ m
        P = F @ P @ F.T + Q @ Q.T
        v = y[t] - H @ m
        S = H @ P @ H.T + R @ R.T
        K = np.linalg.solve(S, H @ P).T
        total += np.log(np.linalg.det(S)) + v @ np.linalg.solve(S, v)
        m = m + K @ v
        P = P - K @ S @ K.T
    return total


@programs(matrix(3, 3), np.array([[0.2]]), np.array([[0.7]]), matrix(2, 3), Y, argnums=(0, 1, 2, 3, 4), compiled=True)
def spread_over_matrices(F, Q, R, H, y):
    m, P, total = np.zeros(F.shape[0]), np.eye(F.shape[0]), 0.0
    for t in range(len(y)):
        m = F @ m
        P = F @ P @ F.T + np.eye(3) + Q
        v = y[t] - H @ m
        S = H @ P @ H.T + 3.0 * np.eye(2) + R
        total += np.log(np.linalg.det(S)) + v @ np.linalg.solve(S, v)
        m = m + np.linalg.solve(S, H @ P).T @ v
    return total


@programs(matrix(4, 3), vector(3), ONE, argnums=(1, 2))
@programs(matrix(4, 3), vector(3), vector(3), argnums=(1, 2))
def a_product_before(a, x, w):
    s = np.sum(a @ (x * w))
    return s + np.sum(x * w * x)


@programs(vector(3), ONE, 0, argnums=(0, 1))
@programs(vector(3), vector(3), 1, argnums=(0, 1))
def only_in_a_branch(x, w, flag):
    s = 0.0
    for i in range(3):
        if flag > 0:
            s += x @ w
        s += np.sum(x * w * s * 0.1) + np.sum(np.sin(x * w))
    return s


@programs(vector(3), ONE, 0, argnums=(0, 1))
def in_the_other_branch(x, w, flag):
    s = 0.0
    for i in range(3):
        y = x * w
        if flag > 0:
            s += x @ w
        else:
            s += np.sum(np.exp(y) * w) * (1.0 + s)
    return s


@programs(vector(3), ONE, 0, argnums=(0, 1))
def in_a_loop_without_trips(x, w, n):
    s = 1.0
    for _ in range(n):
        s += x @ w
    return s * np.sum(np.sin(x * w))


@programs(vector(3), ONE, argnums=(0, 1))
def after_a_break(x, w):
    s = 0.0
    for i in range(5):
        s += np.sum(np.sin(x * w) * w)
        if s > 0.0:
            break
        s += x @ w
    return s


@programs(vector(3), ONE, argnums=(0, 1))
def after_a_return(x, w):
    s = 1.0
    for i in range(5):
        s = s * np.sum(np.sin(x * w) * w)
        if i == 2:
            return s
        if s < -1e6:
            s += x @ w
    return 2.0 * s + x @ w


@programs(vector(3), ONE, argnums=(0, 1))
def never_called(x, w):
    s, k = 0.0, 0
    while k < 3:
        y = x * w * (1.0 + s)
        s += np.sum(np.sin(y))
        k += 1
        if k > 5:
            s += np.outer(x, w)[0, 0] + x @ w
    return s


@programs(ONE, vector(4), matrix(3, 4), argnums=(0, 1, 2))
def longer_after_the_first_trip(h, w, a):
    s = 0.0
    for i in range(3):
        h = np.sin(h * w)
        s += np.sum(a @ h)
    return s


@programs(ONE, vector(4), vector(4), argnums=(0, 1, 2))
def a_start_that_is_spread(h, w, v):
    s = 0.0
    for i in range(3):
        s += np.sum(h * h)
        h = h + w * s * 0.01
        s += v @ h
    return s


@programs(matrix(1, 1), matrix(3, 3), argnums=(0, 1))
def a_matrix_that_is_spread(h, a):
    s = 0.0
    for i in range(3):
        h = np.tanh(h * a) + 0.1 * a
        s += np.sum(h @ a)
    return s


@programs(vector(3), vector(3), argnums=(0, 1))
def written_after_it_is_kept(x, w):
    s = 0.0
    for i in range(3):
        y = np.sin(x * w)
        y[i] += 0.1 * s
        s += np.sum(np.exp(0.1 * y) * w)
        y[0] = 2.0
        s += y @ w
    return s


@programs(matrix(3, 3), matrix(3, 3), argnums=(0, 1))
def transposed_and_kept(a, b):
    s, h = 1.0, a
    for i in range(3):
        h = np.sin(h.T @ b * s)
        g = h.T
        s = s + np.sum(np.cos(g) * a)
    return s


@programs(matrix(3, 3), vector(3), argnums=(0, 1))
def in_two_loops(a, x):
    s = 0.0
    for i in range(2):
        h = x * (1.0 + s)
        for j in range(i + 2):
            h = np.tanh(a @ h)
            s += np.sum(h * h)
    return s


@programs(matrix(3, 4), matrix(3, 4), argnums=(0, 1))
def of_different_lengths(a, b):
    s = 1.0
    for k in range(1, 4):
        h = np.sin(a[:k] * s)
        s = s + np.sum(h @ b.T) * 0.1
    return s


@programs(matrix(3, 3), vector(2), argnums=(0, 1))
def added_with_spreading(a, x):
    b = np.zeros((2, 3)) + a[0]
    b += np.outer(x[:1], a[1])
    b += np.outer(x, a[2])
    return np.sum(np.sin(b))


test_agreements = programs.test()


def a_gradient_before(x, w):
    s = 0.0
    for _ in range(2):
        y = np.sum(np.sin(x * w) * w)
        g = dlgradient(y, w)
        s += np.sum(g)
        if s > 1e9:
            s += np.sum(x @ np.outer(w, x))
    return y, g


def test_what_comes_after_a_gradient_is_not_known_in_it():
    x = vector(3)
    _, found = dlfeval(a_gradient_before, x, dlarray(ONE))
    expected = value_and_grad(lambda w: np.sum(np.sin(x * w) * w))(ONE)[1]
    assert_close(extractdata(found), expected)


def recurrent(x, w):
    h = np.zeros(len(x))
    for _ in range(4):
        h = np.tanh(w @ h + x)
    return np.sum(h)


def test_the_text_of_a_recurrence():
    text = adjoint_source(value_and_grad(recurrent, argnums=(0, 1)), vector(3), matrix(3, 3))
    assert "sum_to" not in text.split("for ")[-1] or "accumulate(dx, sum_to(" in text, text
    assert ".append(" not in text, text
    assert "accumulate_outer(dw, " in text, text


@pytest.mark.compiled
@pytest.mark.parametrize("shapes", [((3, 3), (4,)), ((4, 3), (4,)), ((3, 4), (3,))])
def test_other_sizes_are_refused_as_by_numpy(shapes):
    def f(a, x):
        h, s = x, 0.0
        for _ in range(3):
            h = np.sin(a @ h)
            s = s + np.sum(h * x)
        return s

    args = [np.ones(shape) for shape in shapes]
    with pytest.raises(ValueError) as plain:
        f(*args)
    with pytest.raises(ValueError) as found:
        value_and_grad(f, argnums=(0, 1))(*args)
    assert type(found.value) is type(plain.value)
