"""reshape, ravel, concatenate, stack, expand, squeeze, broadcast, repeat, tile, flip and their kin."""

import numpy as np

from tests.oracle import Programs, vector

programs = Programs()

X, Y = vector(3, 4), vector(2, 4)
WEIGHTS = np.arange(12.0)


@programs(X, compiled=True)
def reshaped(x):
    return np.sum(x.reshape(4, 3) ** 2 * np.arange(3.0)) + np.sum(np.reshape(x, (2, 6))[0] * x.reshape(-1)[:6])


@programs(X)
def reshaped_with_minus_one(x):
    return np.sum(x.reshape((2, -1))[1] * WEIGHTS[:6]) + x.reshape(x.size)[5] ** 2


@programs(np.asfortranarray(X))
def reshaped_fortran(x):
    return np.sum(x.reshape(12) * WEIGHTS) * x.ravel()[1]


@programs(X)
def raveled_transpose(x):
    return np.sum(x.T.ravel() ** 2 * WEIGHTS) + np.sum(np.ravel(x) * WEIGHTS)


@programs(X, Y, argnums=(0, 1), compiled=True)
def concatenated(x, y):
    z = np.concatenate((x, y))
    return np.sum(z**2 * np.arange(4.0)) + np.sum(np.concatenate([x[:2], y], axis=1)[1] ** 3)


@programs(vector(3), vector(2), argnums=(0, 1))
def joined_vectors(x, y):
    z = np.hstack((x, y, x))
    return np.sum(z**2 * np.arange(8.0)) + np.append(x, y)[3] ** 2


@programs(vector(3))
def stacked(x):
    a = np.stack((x, x**2, x * x[0]))
    b = np.stack([x, x**3], axis=1)
    return np.sum(a @ b)


@programs(vector(3))
def stacked_other_ways(x):
    return np.sum(np.vstack((x, x**2)) @ np.column_stack((x, x**3)))


@programs(vector(3))
def axes_added_and_removed(x):
    a = np.expand_dims(x, 0)
    b = np.expand_dims(x, axis=1)
    return np.sum(np.squeeze(a, 0) * np.squeeze(b, axis=1) * x) + np.sum(a * b)


@programs(vector(3))
def broadcast_to(x):
    return np.sum(np.broadcast_to(x, (4, 3)) ** 2 * np.arange(4.0)[:, None])


@programs(vector(3))
def repeated(x):
    return np.sum(np.repeat(x, 2) * np.arange(6.0) * np.tile(x, 2))


@programs(X)
def repeated_along_an_axis(x):
    return np.sum(np.repeat(x, 2, axis=0) ** 2 * np.arange(6.0)[:, None]) + np.sum(np.tile(x, (2, 1))[4] ** 2)


@programs(X)
def flipped(x):
    return np.sum(np.flip(x[0]) * x[1]) + np.sum(np.flip(x, axis=0)[0] * np.flip(x, 1)[1] ** 2)


@programs(vector(5))
def rolled(x):
    return np.sum(x * np.roll(x, 1) * np.roll(x, -2))


@programs(vector(6))
def split(x):
    a, b, c = np.split(x, 3)
    return np.sum(a * b**2 * c)


@programs(X)
def atleast_and_moveaxis(x):
    return np.sum(np.moveaxis(x, 0, 1) ** 2 * np.arange(3.0))


@programs(X, compiled=True)
def flat_loop_over_a_matrix(x):
    y = x.ravel()
    s = 1.0
    for i in range(y.size):
        s = s * 0.9 + y[i] * y[y.size - 1 - i]
    return s


@programs(X)
def shape_arithmetic(x):
    n, m = x.shape
    y = np.zeros((m, n))
    for i in range(n):
        for j in range(m):
            y[j, i] = x[i, j] * (i * m + j)
    return np.sum(y**2) / (n * m) + len(x) * x[0, 0]


@programs(vector(4))
def triangular(x):
    L = np.zeros((4, 4))
    k = 0
    for i in range(4):
        for j in range(i + 1):
            L[i, j] = x[k % 4] * (k + 1)
            k += 1
    return np.sum(L @ L.T)


@programs(X)
def triangle_functions(x):
    return np.sum(np.tril(x) ** 2) + np.sum(np.triu(x, 1) * x)


@programs(vector(4))
def padded_by_hand(x):
    y = np.zeros(6)
    y[1:-1] = x
    return np.sum((y[2:] - 2.0 * y[1:-1] + y[:-2]) ** 2)


@programs(vector(2, 3, 4))
def three_dimensions(x):
    s = 0.0
    for i in range(2):
        for j in range(3):
            s += x[i, j, 0] * np.sum(x[i, j] ** 2) + x[i, j, -1]
    return s


@programs(vector(2, 3, 4), compiled=True)
def indexing_of_every_kind(x):
    return (
        np.sum(x[1] ** 2) + np.sum(x[:, 1] ** 3) + np.sum(x[..., 2] * x[..., -1]) + np.sum(x[0, :, ::2])
        + np.sum(x[:, None, 0, 1:3] ** 2) + x[1, 2, 3] * x[-1, -2, -3] + np.sum(x[0, ..., 1] * x[1, :, 1])
    )


@programs(vector(4))
def meshgrid_by_broadcasting(x):
    grid = x[:, None] - x[None, :]
    return np.sum(np.exp(-(grid**2)) * x)


@programs(vector(3))
def arange_and_linspace_are_constants(x):
    t = np.linspace(0.0, 1.0, 5)
    s = 0.0
    for v in t:
        s += (x[0] + x[1] * v + x[2] * v**2) ** 2
    return s + np.sum(np.arange(3) * x)


@programs(vector(6))
def a_reshaped_array_and_an_element_of_it(x):
    # The sum's cotangent is that of both operands: adding to one of them must leave the other alone.
    h = np.sin(x)
    b = np.cos(x).reshape(2, 3)
    a = h[0] * 3
    y = h.reshape(2, 3) + b
    return a + np.sum(y * y * y)


test_shapes = programs.test()
