"""Products that are added to an array that ends there, and arrays that something else still has."""

import numpy as np
import pytest

from dlsrc import adjoint_source, value_and_grad
from dlsrc.lazy import numba
from tests.oracle import Programs, assert_close, matrix, vector

programs = Programs()
A, B, V = matrix(3, 3) * 0.4, vector(3, 3) * 0.3, vector(3)


@programs(A, B, V, argnums=(0, 1, 2), compiled=True)
def every_product(a, b, x):
    c = np.sin(a)
    y = c @ b + c.T @ b + c @ b.T + np.outer(c @ x, x @ c)
    z = c @ y @ c.T - np.outer(x, y @ x) - y.T @ c
    return np.sum(z * y) + (c @ x) @ (y @ x) + np.sum(x @ c)


@programs(A, B, argnums=(0, 1), compiled=True)
def recurrence(f, q):
    p = np.eye(3)
    total = 0.0
    for _ in range(5):
        p = f @ p @ f.T + q
        p = p - q @ p @ q
        total += np.sum(np.sin(p))
    return total


@programs(A, B, argnums=(0, 1), compiled=True)
def begins_with_what_is_needed_later(f, q):
    first = q @ f
    p = first
    total = 0.0
    for _ in range(4):
        p = p + np.tanh(p @ f)
        total += np.sum(p @ q)
    return total + np.sum(first * p)


@programs(A, B, argnums=(0, 1))
def the_factor_is_the_array_itself(f, q):
    p = f @ q
    for _ in range(3):
        p = p + p @ p
        p = p - p.T @ f
    return np.sum(p * np.cos(p))


@programs(A, V, argnums=(0, 1))
def two_are_exchanged(f, x):
    a, b = f @ x, x @ f
    s = 0.0
    for _ in range(4):
        a, b = b + f @ a, a
        s += a @ b
    return s + np.sum(a) * np.sum(b)


@programs(A, V, argnums=(0, 1))
def in_one_branch(f, x):
    h = f @ x
    s = 0.0
    for k in range(5):
        if k % 2 == 0:
            h = h + f @ h
        else:
            h = np.tanh(h)
        s += h @ x
    return s


@programs(A, V, argnums=(0, 1), compiled=True)
def until_it_is_small(f, x):
    h, s, k = f @ x, 0.0, 0
    while np.sum(np.abs(h)) > 0.05 and k < 20:
        h = f @ h + 0.1 * (x @ f) * h
        s += h @ x + np.sum(h @ f)
        k += 1
    return s


@programs(A, V, argnums=(0, 1))
def left_early(f, x):
    h, s = f @ x, 0.0
    for _ in range(10):
        h = h + f @ h
        s += np.sum(h * x)
        if s > 1.0:
            break
        h = h - np.outer(x, h) @ x * 0.1
    return s + h[0]


@programs(A, V, argnums=(0, 1))
def a_loop_inside(f, x):
    h, s = f @ x, 0.0
    for _ in range(3):
        g = x @ f
        for _ in range(2):
            g = g + f @ h
            h = np.tanh(h + f @ g)
        s += g @ h
    return s


@programs(A, V, argnums=(0, 1))
def a_view_is_read_after(f, x):
    h = f @ f
    row = h[1]
    h = h + np.outer(x, row)
    return np.sum(row * x) + np.sum(h @ f) + np.sum(np.sin(h) * row)


@programs(np.array([[0.3]]), A, V, argnums=(0, 1, 2), compiled=True)
def spread_over_the_product(w, f, x):
    y = w + f @ f
    z = y - np.outer(x, x) + w
    return np.sum(z * y) + np.sum(w * (f @ x))


@programs(A, B, argnums=(0, 1))
def kept_in_a_list(f, q):
    seen, h = [], f @ q
    for _ in range(3):
        seen.append(h)
        h = h + f @ h
    s = np.sum(h)
    for k in range(3):
        s += np.sum(seen[k] @ f * seen[2 - k])
    return s


@programs(A, B, V, argnums=(0, 1, 2), compiled=True)
def an_element_of_one_side_is_read_before(f, q, x):
    """The elements stand inside of an expression with two sides, in front of the product that is added."""

    def with_product_added(h):
        h += f @ q
        return 1.0

    h = np.zeros((3, 3))
    h[:] = f
    s = (h[0, 0] if x[0] > 0.0 else h[1, 1]) * 2.0 + with_product_added(h)
    s += (h[0, 1] if x[1] > 0.0 else h[2, 1]) * with_product_added(h)
    return s + np.sum(h * f)


def single(f, x):
    h = f @ x
    return np.sum(np.tanh(f @ h) * (f.T @ h)) + np.sum(np.outer(h, x) @ f)


test_programs = programs.test()


def text(f, *args, by=(0, 1)):
    return str(adjoint_source(value_and_grad(f, by), *args))


def test_a_cotangent_is_added_to_in_place():
    found = text(recurrence, A, B)
    assert any(f"{how}_{kind}(" in found for how in ("accumulate", "deduct") for kind in ("nn", "nt", "tn")), found


def test_what_is_needed_later_is_not_added_to():
    """The product's own operand, and what a view of it still shows."""

    def f(a, x):
        h = a @ x
        s = np.sum(h * h)
        g = h + a @ h
        return s + np.sum(g * h) + np.sum(np.sin(h))

    found = text(f, A, V)
    forward = found.partition("\ndef ")[2].partition("back through")[0]
    assert "accumulate" not in forward and "deduct" not in forward, found
    value, (da, dx) = value_and_grad(f, (0, 1))(A, V)
    assert_close(value, f(A, V))


def handed_back(x):
    return x


@pytest.mark.compiled
def test_what_somebody_elses_function_hands_back_may_be_the_array():
    same = numba().njit(handed_back)

    def f(x, a, z):
        h = a @ z
        g = same(h)
        k = h + a @ z
        return np.sum(x) * np.sum(k * g)

    value, dx = value_and_grad(f)(V, A, V)
    assert_close(value, f(V, A, V))
    assert_close(dx, np.full(3, np.sum(2.0 * (A @ V) ** 2)))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_precision(dtype):
    f, x = A.astype(dtype), V.astype(dtype)
    (df, dx), expected = value_and_grad(single, (0, 1))(f, x)[1], value_and_grad(single, (0, 1))(A, V)[1]
    assert df.dtype == dx.dtype == dtype
    tolerance = 1e-12 if dtype == "float64" else 3e-5
    assert np.allclose(df, expected[0], tolerance, tolerance) and np.allclose(dx, expected[1], tolerance, tolerance)
