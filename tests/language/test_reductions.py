"""sum, mean, prod, max, min, norm and their kin, with axis and keepdims, as functions and as methods."""

import numpy as np

import dlsrc
from tests.oracle import Programs, matrix, vector

programs = Programs()

X = vector(3, 4)
SIGNED = matrix(3, 4)
CUBE = vector(2, 3, 4)
W3, W4 = np.array([1.0, -2.0, 0.5]), np.array([0.3, 1.0, -1.0, 2.0])


@programs(X, compiled=True)
def sums(x):
    return np.sum(np.sum(x, axis=0) ** 2 * W4) + np.sum(x, 1)[1] * x.sum()


@programs(CUBE)
def sum_of_several_axes(x):
    return np.sum(np.sum(x, axis=(0, 2)) ** 2) + np.sum(x.sum(axis=-1) ** 3)


@programs(X, compiled=True)
def keepdims(x):
    return np.sum((x / np.sum(x, axis=1, keepdims=True)) ** 2 * W4)


@programs(X)
def means(x):
    return np.mean(x) * np.sum(np.mean(x, axis=0) ** 2) + x.mean(axis=1)[0] ** 2


@programs(X)
def standardized(x):
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    return np.sum(z**3 * W4)


@programs(X)
def variances(x):
    return np.var(x) * np.sum(np.var(x, axis=1) * W3) + np.std(x)


@programs(X)
def products(x):
    return np.prod(x) + np.sum(np.prod(x, axis=1) * W3) + x.prod(axis=0)[2]


@programs(np.array([0.0, 2.0, 3.0]))
def product_with_a_zero(x):
    return np.prod(x)


@programs(np.array([0.0, 0.0, 3.0]))
def product_with_two_zeros(x):
    return np.prod(x) + x[2] ** 2


@programs(SIGNED, compiled=True)
def extremes(x):
    return np.max(x) ** 2 * np.min(x) + np.sum(np.max(x, axis=0) * W4) + np.sum(x.min(axis=1) ** 2)


@programs(SIGNED)
def extremes_keepdims(x):
    return np.sum(np.exp(x - np.max(x, axis=1, keepdims=True)) * W4)


@programs(SIGNED)
def norms(x):
    return np.linalg.norm(x) * np.linalg.norm(x[0]) + np.sum(np.linalg.norm(x, axis=1) * W3)


@programs(SIGNED)
def other_norms(x):
    return np.linalg.norm(x[1], 1) + np.linalg.norm(x[2], np.inf) + np.linalg.norm(x[0], 3)


@programs(SIGNED)
def logsumexp(x):
    return dlsrc.logsumexp(x[0]) + np.sum(dlsrc.logsumexp(x, axis=1) * W3)


@programs(SIGNED, compiled=True)
def softmax_cross_entropy(x):
    p = dlsrc.softmax(x, axis=1)
    return -np.log(p[0, 1]) - np.log(p[1, 3]) * p[2, 2]


@programs(SIGNED)
def logsumexp_by_hand_with_a_running_maximum(x):
    total = 0.0
    for i in range(x.shape[0]):
        m = x[i, 0]
        for j in range(1, x.shape[1]):
            if x[i, j] > m:
                m = x[i, j]
        s = 0.0
        for j in range(x.shape[1]):
            s += np.exp(x[i, j] - m)
        total += np.log(s) + m
    return total


@programs(vector(5))
def cumulative(x):
    return np.sum(np.cumsum(x) ** 2) + np.sum(np.cumprod(x))


@programs(vector(5))
def differences(x):
    return np.sum(np.diff(x) ** 2 * x[1:])


@programs(vector(5))
def dots(x):
    return np.dot(x, x) * x.dot(W3[0] * x) + np.vdot(x, x[::-1])


@programs(X)
def trace_and_diagonal(x):
    m = x[:, :3]
    return np.trace(m) * np.sum(np.diag(m) ** 2) + np.sum(np.diag(x[0]) @ x[1])


@programs(X)
def method_chains(x):
    return (x.T.copy() @ x).sum() * x.max() + x.ravel().dot(x.ravel())


@programs(X)
def a_reduction_used_twice(x):
    s = np.sum(x)
    return s * s + np.sum(x / s)


@programs(X)
def extreme_of_one_row_at_a_time(x):
    s = 0.0
    for i in range(3):
        s += np.max(x[i]) * np.sum(x[i] ** 2)
    return s


@programs(vector(4), compiled=True)
def builtins_on_arrays(x):
    return sum(x) * max(x) + min(x) ** 2


@programs(vector(6))
def moving_average(x):
    s = 0.0
    for i in range(x.size - 2):
        s += np.mean(x[i : i + 3]) ** 2
    return s


@programs(vector(0))
def nothing_to_sum(x):
    return np.sum(x**2) + 1.0


@programs(X)
def count_and_comparison(x):
    n = np.sum(x > 1.0)
    return n * np.sum(x**2) / x.size


@programs(X)
def any_and_all(x):
    if np.all(x > 0.0) and not np.any(x > 50.0):
        return np.sum(x**2)
    return np.sum(x)


test_reductions = programs.test()
