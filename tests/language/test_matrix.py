"""Products of vectors and matrices in every combination, outer, transpose, and programs made of them."""

import numpy as np
import pytest

from dlsrc import adjoint_source, value_and_grad
from tests.oracle import Programs, assert_gradient, matrix, vector

programs = Programs()

A, B, SQUARE = matrix(3, 4), matrix(4, 2), matrix(3, 3)
V3, V4 = vector(3), vector(4, low=-1.0)


@programs(A, B, argnums=(0, 1), compiled=True)
def matrix_matrix(a, b):
    return np.sum((a @ b) ** 2)


@programs(A, V4, argnums=(0, 1), compiled=True)
def matrix_vector(a, v):
    return np.sum((a @ v) ** 3)


@programs(V3, A, argnums=(0, 1))
def vector_matrix(v, a):
    return np.sum((v @ a) ** 2)


@programs(V3, vector(3), argnums=(0, 1))
def vector_vector(v, w):
    return (v @ w) ** 2 * v[0]


@programs(A, B, argnums=(0, 1))
def dot_function_and_method(a, b):
    return np.sum(np.dot(a, b) ** 2) + np.sum(a.dot(b))


@programs(SQUARE)
def product_with_itself(a):
    return np.sum(a @ a @ a)


@programs(A)
def with_its_transpose(a):
    return np.sum((a.T @ a) ** 2) + np.trace(a @ a.T)


@programs(A, V3, argnums=(0, 1), compiled=True)
def transposed_method_dot(w, x):
    return np.sum(w.T.dot(x) ** 2)


@programs(SQUARE, V3, argnums=(0, 1))
def quadratic_form(a, v):
    return v @ a @ v + (a @ v) @ v


@programs(V3, V4, argnums=(0, 1))
def outer_product(v, w):
    return np.sum(np.outer(v, w) ** 2 * A)


@programs(A)
def slices_of_a_matrix(a):
    return np.sum(a[:, 1:3] @ B[:2]) + np.sum(a[::2] @ B) + a[0] @ a[1]


@programs(A)
def noncontiguous_operands(a):
    return np.sum((a[:, ::2] @ a[:2, :3]) ** 2) + np.sum(a.T[1:] @ a[:, ::-1])


@programs(A, B, vector(2), argnums=(0, 1, 2), compiled=True)
def two_layers(a, b, c):
    h = np.tanh(a @ b + c)
    return np.sum(h * h) / h.size


@programs(A)
def transposes(a):
    return np.sum(np.transpose(a) * B[:, :1]) + np.sum(a.T[0] * a[:, 1]) + np.sum(np.swapaxes(a, 0, 1) ** 2)


@programs(vector(2, 3, 4))
def transposed_by_axes(a):
    return np.sum(np.transpose(a, (2, 0, 1))[1] ** 2) + np.sum(a.transpose(1, 0, 2)[0] * a[:, 0])


@programs(vector(2, 3, 4), vector(2, 4, 2), argnums=(0, 1))
def stacked_products(a, b):
    return np.sum((a @ b) ** 2)


@programs(SQUARE, 3)
def matrix_power_by_a_loop(a, n):
    p = np.eye(3)
    for _ in range(n):
        p = p @ a
    return np.sum(p)


@programs(SQUARE, V3, argnums=(0, 1))
def jacobi_iteration(a, b):
    m = a + 5.0 * np.eye(3)
    x = np.zeros(3)
    for _ in range(4):
        y = np.zeros(3)
        for i in range(3):
            s = 0.0
            for j in range(3):
                if j != i:
                    s += m[i, j] * x[j]
            y[i] = (b[i] - s) / m[i, i]
        x = y
    return np.sum(x * x)


@programs(SQUARE, V3, argnums=(0, 1))
def kalman_step(P, x):
    F = np.array([[1.0, 0.1, 0.0], [0.0, 1.0, 0.1], [0.0, 0.0, 1.0]])
    H = np.array([1.0, 0.5, 0.0])
    loss = 0.0
    S = P @ P.T
    for _ in range(3):
        x = F @ x
        S = F @ S @ F.T + 0.1 * np.eye(3)
        innovation = 1.0 - H @ x
        v = H @ S @ H + 0.2
        K = S @ H / v
        x = x + K * innovation
        S = S - np.outer(K, H @ S)
        loss += np.log(v) + innovation**2 / v
    return loss


@programs(vector(5), compiled=True)
def covariance_of_a_gaussian_process(x):
    n = x.size
    K = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            r = np.sqrt((x[i] - 0.3 * i - x[j] + 0.3 * j) ** 2 + 1e-2)
            K[i, j] = (1.0 + np.sqrt(5.0) * r + 5.0 * r * r / 3.0) * np.exp(-np.sqrt(5.0) * r)
    return np.sum(K @ K)


@programs(A, V4, argnums=(0, 1))
def least_squares(a, v):
    r = a @ v - V3
    return 0.5 * r @ r


@programs(np.asfortranarray(A), compiled=True)
def fortran_operand(a):
    return np.sum((a @ B) ** 2) + np.sum(a.T @ a)


test_matrix = programs.test()

def a_product_in_every_trip(W, x):
    h = x
    for _ in range(3):
        h = np.tanh(W @ h)
    return np.sum(h * h)


def a_product_of_what_it_is_added_to(W, x):
    y = np.tanh(W)
    for k in range(2):
        y[:6, :6] += y[6:, :6] @ y[:6, 6:].T * 0.1
    return np.sum(y * y) + np.sum(x)


def products_of_reversed_rows(W, x):
    y = np.tanh(W)
    y[1] = 0.5
    s = np.sum(y)
    return s + np.sum(np.sin(y[::-1] @ x))


@pytest.mark.parametrize(
    "f", [a_product_in_every_trip, a_product_of_what_it_is_added_to, products_of_reversed_rows]
)
def test_products_are_added_by_blas(f):
    """Products larger than what loops compute."""
    numbers = np.random.default_rng(0)
    W, x = numbers.uniform(-1, 1, (12, 12)), numbers.uniform(-1, 1, (12, 9))
    assert_gradient(f, W, x, argnums=(0, 1))
    assert "accumulate_nt(" in str(adjoint_source(value_and_grad(f), W, x))
