"""Arrays of different shapes in one operation, and the sums that undo it."""

import numpy as np

from tests.oracle import Programs, vector

programs = Programs()

ROW, COLUMN, BOX = vector(4), vector(3, 1), vector(3, 4)


@programs(ROW, COLUMN, argnums=(0, 1), compiled=True)
def row_and_column(r, c):
    return np.sum((r + c) ** 2 * (r - c)) + np.sum(r * c / (c + 2.0))


@programs(BOX, ROW, argnums=(0, 1), compiled=True)
def matrix_and_row(x, r):
    return np.sum((x - r) ** 2 / (x + r) * r**x)


@programs(BOX, 0.7, argnums=(0, 1))
def matrix_and_float(x, a):
    return np.sum(x * a + a / x - x**a + a**x)


@programs(vector(3), 0.7, argnums=(0, 1))
def vector_and_float_on_both_sides(x, a):
    return np.sum((a - x) * (x - a) * (a * x)) + np.sum(a / x)


@programs(vector(1), BOX, argnums=(0, 1))
def one_element_vector(x, y):
    return np.sum((x * y + x) ** 2)


@programs(vector(1, 4), vector(3, 1), argnums=(0, 1))
def both_stretched(x, y):
    return np.sum(np.exp(x * y) - x / y)


@programs(vector(2, 1, 4), vector(3, 1), argnums=(0, 1))
def three_dimensions(x, y):
    return np.sum((x * y) ** 2) + np.sum(np.maximum(x, y))


@programs(vector(3))
def scalar_element_spread(x):
    return np.sum(x * x[0] + x[1] / x)


@programs(BOX, vector(3), argnums=(0, 1))
def newaxis_broadcast(x, y):
    return np.sum(x * y[:, None]) + np.sum(x.T * y)


@programs(vector(3), vector(4), argnums=(0, 1), compiled=True)
def pairwise(x, y):
    d = x[:, None] - y[None, :]
    return np.sum(np.sqrt(d**2 + 0.1))


@programs(BOX)
def mean_removed(x):
    y = x - x.mean(axis=1, keepdims=True)
    return np.sum(y**2) * y[0, 0]


@programs(ROW, COLUMN, argnums=(0, 1))
def where_broadcast(r, c):
    return np.sum(np.where(r > c, r * c, c**2))


@programs(ROW, COLUMN, argnums=(0, 1))
def extremes_broadcast(r, c):
    return np.sum(np.maximum(r, c) ** 2) + np.sum(np.minimum(r, c * 1.1)) + np.sum(np.hypot(r, c))


@programs(ROW, COLUMN, argnums=(0, 1))
def two_argument_functions(r, c):
    return np.sum(np.arctan2(r, c)) + np.sum(np.power(r, c)) + np.sum(np.logaddexp(r, c))


@programs(vector(3), compiled=True)
def long_expression(x):
    return np.sum(2.0 * x**3 - x * np.sin(x) / (1.0 + np.exp(-x)) + np.sqrt(x) * np.log(x))


@programs(ROW, argnums=0)
def with_a_list_of_numbers(r):
    return np.sum(r * np.array([1.0, 2.0, 3.0, 4.0]) + [0.5, 0.5, 0.5, 0.5] * r)


@programs(BOX, ROW, argnums=(0, 1))
def in_place_broadcast(x, r):
    y = x * 1.0
    y *= r
    y[1] += r[0]
    return np.sum(y * y)


@programs(vector(3), argnums=0)
def broadcast_in_a_loop(x):
    A = np.zeros((2, 3))
    for k in range(3):
        A = A + x * x[k]
    return np.sum(A * A)


@programs(vector(3))
def polynomial_by_horner(x):
    y = np.zeros(3)
    for c in (1.0, -2.0, 0.5, 3.0):
        y = y * x + c
    return np.sum(y)


@programs(vector(3), oracle="complex")
def sum_of_analytic_functions(x):
    return np.sum(np.sin(x) * np.exp(x) + np.cosh(x) / np.sqrt(x) + np.arctan(x) * np.log(x) + x**2.5)


@programs(vector(3, 4), oracle="complex")
def product_of_rows(x):
    return np.prod(np.sum(x**2, axis=1)) * np.tan(x[0, 0])


test_broadcasting = programs.test()
