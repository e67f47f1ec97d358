"""Writes to slices, rows, columns, strided and reversed regions, and to all of an array."""

import numpy as np

from tests.oracle import Programs, matrix, vector

programs = Programs()


@programs(vector(6), compiled=True)
def block_write(x):
    y = np.zeros(8)
    y[1:7] = x**2
    return np.sum(y * y) + y[3]


@programs(vector(6))
def overlapping_blocks(x):
    y = np.zeros(6)
    y[:4] = x[:4] ** 2
    y[2:] = x[2:] ** 3
    return np.sum(y)


@programs(vector(6))
def everything_overwritten(x):
    y = x**3
    y[:] = x
    return np.sum(y * x)


@programs(vector(6))
def a_scalar_fills_a_slice(x):
    y = x.copy()
    y[1:4] = x[0] * x[5]
    return np.sum(y**2)


@programs(vector(6))
def a_constant_erases_a_slice(x):
    x[2:4] = 0.0
    return np.sum(x**2) * x[0]


@programs(vector(3, 4), compiled=True)
def rows(x):
    y = np.zeros((3, 4))
    for i in range(3):
        y[i] = x[i] * (i + 1.0)
    return np.sum(y**2)


@programs(vector(3, 4), compiled=True)
def columns_from_columns(x):
    y = np.zeros((3, 4))
    y[:, 0] = x[:, 3] ** 2
    for j in range(1, 4):
        y[:, j] = y[:, j - 1] * x[:, j]
    return np.sum(y)


@programs(vector(8))
def strided_write(x):
    y = np.ones(8)
    y[::2] = x[:4]
    y[1::2] *= x[4:]
    return np.sum(y**3)


@programs(vector(6))
def reversed_write(x):
    y = np.zeros(6)
    y[::-1] = x * x
    return np.sum(y * np.arange(6.0))


@programs(vector(6))
def shifted_within_one_array(x):
    y = x.copy()
    y[1:] = y[:-1]
    return np.sum(y * x)


@programs(vector(6))
def shifted_the_other_way(x):
    y = x.copy()
    y[:-1] = y[1:] * 2.0
    return np.sum(y * x)


@programs(vector(6))
def reversed_onto_itself(x):
    y = x.copy()
    y[:] = y[::-1]
    return np.sum(y * np.arange(6.0) * x)


@programs(vector(3, 4))
def ellipsis_write(x):
    y = np.zeros((3, 4))
    y[..., 1] = x[..., 2] ** 2
    y[..., 0] = y[..., 1] * x[..., 3]
    return np.sum(y)


@programs(vector(4), vector(3), argnums=(0, 1))
def broadcast_into_a_block(x, y):
    A = np.zeros((3, 4))
    A[:, :] = x
    A[1:, :2] = y[1:, np.newaxis]
    return np.sum(A * A)


@programs(vector(4))
def row_broadcast_over_the_rows(x):
    A = np.ones((2, 3, 4))
    A[1] = x
    A[0, 2] = x * x
    return np.sum(A**2)


@programs(vector(6), 2)
def bounds_known_at_run_time(x, n):
    y = np.zeros(6)
    y[n : n + 3] = x[n - 1 : n + 2] ** 2
    return np.sum(y * x)


@programs(vector(6))
def slice_then_element(x):
    y = np.zeros(6)
    y[:] = x * 2.0
    y[3] = y[2] * y[3]
    y[2:5] = y[3] * x[2:5]
    return np.sum(y)


@programs(vector(6))
def empty_slice(x):
    y = x.copy()
    y[4:4] = x[1:1]
    return np.sum(y**2)


@programs(vector(3, 3))
def rows_of_a_recurrence(x):
    h = np.zeros((4, 3))
    for t in range(3):
        h[t + 1] = np.tanh(h[t] * 0.5 + x[t])
    return np.sum(h[3]) + np.sum(h[1] * h[2])


@programs(matrix(3, 3), vector(3), argnums=(0, 1), compiled=True)
def recurrent_network_into_a_block(W, x):
    h = np.zeros((5, 3))
    h[0] = x
    for t in range(4):
        h[t + 1] = np.tanh(W @ h[t])
    return np.sum(h * h)


@programs(vector(6))
def slice_written_in_a_branch(x):
    y = x * 1.0
    if x[0] > 0.0:
        y[:3] = x[3:] * x[:3]
    else:
        y[3:] = x[:3]
    return np.sum(y * y)


@programs(vector(5))
def the_argument_block_by_block(x):
    x[:2] = x[1:3] ** 2
    x[3:] = x[:2] * x[3:]
    return np.sum(x)


@programs(vector(2, 3))
def written_through_two_slices_of_a_slice(x):
    y = np.zeros((2, 3))
    y[1:, :2] = x[:1, 1:] ** 2
    y[0, :] = y[1, :] * x[1, :]
    return np.sum(y)


@programs(vector(6))
def fill_method_and_full(x):
    y = np.full(6, x[1])
    z = np.empty(6)
    z.fill(x[0])
    y[2:] = x[2:]
    return np.sum(y * z * x)


@programs(vector(6))
def copyto(x):
    y = np.zeros(6)
    np.copyto(y, x * x)
    y[0] = 0.0
    return np.sum(y * x)


@programs(vector(4))
def like_constructors(x):
    a, b, c = np.zeros_like(x), np.ones_like(x), np.empty_like(x)
    c[:] = x**2
    a[1:3] = c[1:3]
    b[0] = x[3]
    return np.sum(a * b + c)


test_slice_writes = programs.test()
