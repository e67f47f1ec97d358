"""Writes to single elements: overwriting, reading before and after, recurrences in an array."""

import math

import numpy as np

from tests.oracle import Programs, matrix, vector

programs = Programs()


@programs(vector(5), compiled=True)
def recurrence(x):
    y = np.empty(x.size)
    y[0] = x[0]
    for i in range(1, x.size):
        y[i] = math.sin(y[i - 1]) * x[i]
    return y[-1]


@programs(vector(5), compiled=True)
def recurrence_in_the_argument(x):
    for i in range(1, x.size):
        x[i] = x[i] * x[i - 1]
    return x[-1] + x[2]


@programs(vector(4))
def only_the_last_write_counts(x):
    y = np.zeros(2)
    y[0] = x[0] ** 3
    y[0] = x[1] ** 2
    return y[0] * x[2]


@programs(vector(4))
def read_between_two_writes(x):
    y = np.zeros(2)
    y[0] = x[0] ** 3
    a = y[0]
    y[0] = x[1] ** 2
    return a * y[0]


@programs(vector(4))
def read_then_overwritten_by_its_function(x):
    y = x.copy()
    y[1] = y[1] * y[1]
    y[1] = y[1] * y[0]
    return y[1] * x[1]


@programs(vector(3), 4)
def element_read_and_written_n_times(x, n):
    m = np.zeros((2, 2))
    for _ in range(n):
        m[0, 0] = m[0, 0] + x[0] * x[1]
    return m[0, 0] ** 2


@programs(vector(3), 4)
def the_same_with_augmented_assignment(x, n):
    m = np.zeros((2, 2))
    for _ in range(n):
        m[0, 0] += x[0] * x[1]
    return m[0, 0] ** 2


@programs(vector(3), 3)
def element_multiplied_n_times(x, n):
    m = np.ones(2)
    for _ in range(n):
        m[0] = m[0] * x[0] + x[1]
    return m[0] * m[1]


@programs(vector(4))
def one_element_buffer(x):
    acc = np.zeros(1)
    for i in range(x.size):
        acc[0] = math.tanh(acc[0] + x[i])
    return acc[0]


@programs(vector(5))
def source_read_after_the_copy(x):
    y = np.zeros(x.size)
    for i in range(x.size):
        y[i] = x[i]
    x[0] = 3.0
    return np.sum(y * x)


@programs(vector(5))
def dead_write_before_a_copy(x):
    y = x * 5.0
    for i in range(x.size):
        y[i] = x[i] ** 2
    return np.sum(y)


@programs(vector(5))
def constant_written_over_an_input(x):
    x[2] = 0.0
    return np.sum(x**2) * x[1]


@programs(vector(4))
def same_index_written_by_two_names(x):
    y = np.zeros(3)
    i = 1
    j = 1
    y[i] = x[0] ** 2
    y[j] = y[i] * x[1]
    return y[1]


@programs(vector(5), np.array([0, 2, 2, 1, 2]), compiled=True)
def indices_from_an_array_repeat(x, where):
    y = np.ones(3)
    for i in range(x.size):
        y[where[i]] = y[where[i]] * x[i]
    return y[0] + y[1] ** 2 + y[2] ** 3


@programs(vector(5))
def negative_index(x):
    y = np.zeros(3)
    y[-1] = x[-1] * x[-2]
    y[0] = y[-1] ** 2
    return y[0] + y[2]


@programs(matrix(3, 3), compiled=True)
def cholesky_by_hand(A):
    M = A @ A.T + 3.0 * np.eye(3)
    L = np.zeros((3, 3))
    for i in range(3):
        for j in range(i + 1):
            s = M[i, j]
            for k in range(j):
                s -= L[i, k] * L[j, k]
            if i == j:
                L[i, j] = math.sqrt(s)
            else:
                L[i, j] = s / L[j, j]
    return math.log(L[0, 0] * L[1, 1] * L[2, 2]) + L[2, 0]


@programs(matrix(3, 3))
def gauss_elimination_in_place(A):
    M = A + 4.0 * np.eye(3)
    for k in range(2):
        for i in range(k + 1, 3):
            f = M[i, k] / M[k, k]
            for j in range(k, 3):
                M[i, j] -= f * M[k, j]
    return M[0, 0] * M[1, 1] * M[2, 2]


@programs(vector(6))
def stencil_in_place(x):
    for i in range(1, x.size - 1):
        x[i] = 0.5 * x[i] + 0.25 * (x[i - 1] * x[i + 1])
    return np.sum(x * x)


@programs(vector(6), 3, compiled=True)
def stencil_over_time(x, steps):
    u = x.copy()
    w = np.zeros(u.size)
    for _ in range(steps):
        for i in range(1, u.size - 1):
            w[i] = u[i] + 0.1 * (u[i - 1] - 2.0 * u[i] + u[i + 1]) * u[i]
        for i in range(1, u.size - 1):
            u[i] = w[i]
    return np.sum(u**2)


@programs(vector(5))
def shift_down_in_place(x):
    for i in range(x.size - 1):
        x[i] = x[i + 1]
    return x[0] * x[1] ** 2 * x[4]


@programs(vector(5))
def prefix_sums(x):
    c = np.zeros(x.size + 1)
    for i in range(x.size):
        c[i + 1] = c[i] + x[i]
    return np.sum(c * c)


@programs(vector(4))
def horner_into_a_matrix(x):
    P = np.zeros((x.size, 3))
    for i in range(x.size):
        P[i, 0] = 1.0
        for k in range(1, 3):
            P[i, k] = P[i, k - 1] * x[i]
    return np.sum(P[:, 2]) * P[0, 1]


@programs(vector(4))
def written_where_it_was_read(x):
    y = np.zeros(x.size)
    for i in range(x.size):
        y[i] = x[i] * 2.0
        x[i] = y[i] * y[i]
    return np.sum(x) + y[0]


@programs(vector(5))
def bubble_sort_then_weigh(x):
    n = x.size
    for i in range(n):
        for j in range(n - 1 - i):
            if x[j] > x[j + 1]:
                t = x[j]
                x[j] = x[j + 1]
                x[j + 1] = t
    s = 0.0
    for i in range(n):
        s += (i + 1) * x[i] ** 2
    return s


@programs(vector(4))
def integer_buffer_beside_it(x):
    count = np.zeros(3, dtype=np.int64)
    s = 0.0
    for i in range(x.size):
        count[i % 3] += 1
        s += count[i % 3] * x[i] ** 2
    return s


test_element_writes = programs.test()
