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


@programs(ONE, vector(1), vector(5), 0, argnums=(0, 1))
@programs(vector(3), ONE, vector(5), 0, argnums=(0, 1))
@programs(vector(3), ONE, vector(3), 1, argnums=(0, 1, 2))
def kept_always_and_fetched_in_a_branch(x, w, v, flag):
    s = 1.0
    for i in range(3):
        y = np.sin(x * w * s)
        s = s + np.sum(y * y)
        if flag > 0:
            s = s + v @ (y * y)
    return s


@programs(vector(3), ONE, vector(5), 0, argnums=(0, 1))
@programs(vector(3), ONE, vector(3), 2, argnums=(0, 1, 2))
def kept_always_and_fetched_in_a_loop(x, w, v, n):
    s = 1.0
    for i in range(3):
        y = np.sin(x * w * s)
        s = s + np.sum(y * y)
        for j in range(n):
            s = s + 0.1 * (v @ (y * y))
    return s


@programs(vector(3), ONE, vector(5), argnums=(0, 1))
def kept_before_a_continue(x, w, v):
    s = 1.0
    for i in range(3):
        y = np.sin(x * w * s)
        s = s + np.sum(y * y)
        if s > 0.0:
            continue
        s = s + v @ (y * y)
    return s


@programs(0.7, vector(4), vector(3), argnums=0)
def shorter_after_the_first_trip(s, u, x):
    h = u[:1]
    for i in range(3):
        s = s + np.sum(np.cos(h * s))
        if i > 0:
            s = s + (x @ h) * s * 0.1
            s = s + np.sum(np.sin(h * s) * h)
        h = x * 0.5
    return s


@programs(0.7, vector(4), vector(3), argnums=0)
def shorter_in_a_loop_without_trips(s, u, x):
    h = u[:1]
    for i in range(3):
        s = s + np.sum(np.cos(h * s))
        for j in range(i):
            s = s + (x @ h) * s * 0.1
            s = s + np.sum(np.sin(h * s) * h)
        h = x * 0.5
    return s


@programs(vector(3), ONE, vector(3), vector(3), 1, argnums=(0, 1, 2, 3))
def one_cotangent_for_two(x, w, w2, v, c):
    z = w + w2
    if c > 0:
        m = np.sin(x)
    else:
        m = np.cos(w)
    assert v @ z > -1e9 and v @ m > -1e9
    y = m + z
    return np.sum(np.sin(y))


@programs(vector(2), ONE, vector(3), 0, argnums=(0, 1, 2))
@programs(vector(3), ONE, vector(3), 1, argnums=(0, 1, 2))
def longer_in_a_branch_or_after_it(a, b, k, c):
    h = np.sin(b)
    for i in range(3):
        if c > 0:
            h = np.sin(b * h)
        h = np.sin(h * k)
    return np.sum(h) + np.sum(a)


test_agreements = programs.test()


def kept_once(x, n):
    s = 1.0
    for i in range(n):
        if i % (n - 1) == 0:
            y = np.sin(x * s)
            s += np.sum(y * y) * 0.001
    return s


def test_an_array_of_few_trips_takes_no_memory_for_all():
    """It would be 1.6 TB."""
    assert value_and_grad(kept_once)(np.ones(1_000_000), 200_000)[1].shape == (1_000_000,)


def tells_what_is_wrong(x, w, v):
    s = 1.0
    for i in range(3):
        y = np.sin(x * w * (1 + s))
        if len(y) != len(v):
            raise KeyError("sizes")
        s += v @ (y * y)
    return s


def tells_it_after_the_loop(x, w, v):
    s = 1.0
    for i in range(3):
        y = np.sin(x * w * (1 + s))
        s += np.sum(y * y)
    if len(x) != len(w):
        raise KeyError("sizes")
    return s + x @ w + np.sum(v)


@pytest.mark.compiled
@pytest.mark.parametrize(("f", "args"), [
    (tells_what_is_wrong, (vector(3), ONE, vector(4))), (tells_it_after_the_loop, (vector(3), ONE, ONE)),
])  # fmt: skip
def test_the_users_own_error_comes_first(f, args):
    with pytest.raises(KeyError, match="sizes"):
        value_and_grad(f)(*args)


def only_the_gradient(v, y, w):
    s, q = 0.0, 1.0
    for t in range(2):
        z = y * w + q
        s = s + v @ z
        for i in range(len(z)):
            q = q * (1.0 + 1e-6 * z[i] * z[i])
    return dlgradient(s + q, y)


@pytest.mark.compiled
@pytest.mark.parametrize("size", [1, 3])
def test_a_product_that_nobody_needs_is_not_believed(size):
    """What it would have refused is no place to write to."""
    y, v = np.linspace(0.1, 0.2, 3000), np.ones(size)
    try:
        found = dlfeval(only_the_gradient, v, dlarray(y), ONE)
    except ValueError:
        return
    assert extractdata(found).shape == y.shape


def in_a_trip(x, w, n):
    s, g = 1.0, np.zeros_like(w)
    for i in range(3):
        s = s + np.sum(np.sin(x * w * s))
        if i == n:
            s = s + x @ w
            g = dlgradient(s, w)
    return g


def after_the_loop(x, w, c):
    s = 1.0
    for i in range(3):
        y = np.sin(x * w * s)
        s = s + np.sum(y * y)
    g = np.zeros_like(x)
    if c > 0:
        s = s + x @ w
        g = dlgradient(s, x)
    return g


@pytest.mark.parametrize("f", [in_a_trip, after_the_loop])
def test_a_gradient_in_a_branch(f):
    for width, where in ((3, 2), (1, -1)):
        x, w = vector(3), vector(width)
        args = (x, dlarray(w)) if f is in_a_trip else (dlarray(x), w)
        extractdata(dlfeval(f, *args, where))
    found = extractdata(dlfeval(in_a_trip, vector(3), dlarray(vector(3)), 2))

    def plain(w, x=vector(3)):
        s = 1.0
        for i in range(3):
            s = s + np.sum(np.sin(x * w * s))
        return s + x @ w

    assert_close(found, value_and_grad(plain)(vector(3))[1])


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
