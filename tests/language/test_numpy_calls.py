"""How NumPy is called: lists for arrays, out and dtype, methods of binary functions, arrays of arrays."""

import numpy as np
import pytest

import dlsrc
from dlsrc.errors import UnsupportedSyntax
from tests.oracle import Programs, vector

programs = Programs()

X = vector(3)


@programs(X)
def lists_are_arrays(x):
    return np.sum([x[0], x[1] ** 2]) + np.dot([1.0, 2.0, 3.0], x) + np.mean((x[0], x[2])) * np.cumsum([x[0], x[1]])[1]


@programs(X)
def lists_are_joined(x):
    return np.sum(np.concatenate([x[:1], [2.0, x[1]], x]) ** 2 * np.arange(6.0))


@programs(X)
def an_array_of_an_array_is_itself(x):
    z = np.zeros(3)
    y = np.asarray(z)
    y[0] = x[0] ** 2
    a = np.array(z)
    a[1] = x[1]
    return z[0] * x[1] + a[1] ** 3 + z[1]


@programs(X)
def the_dtype_of_an_operation(x):
    return np.sum(np.multiply(x, [1, 2, 3], dtype=np.float64) ** 2)


@programs(X, np.arange(1, 4), compiled=True)
def mixed_with_integers(x, n):
    return np.sum(np.outer(x, n) ** 2) + np.dot(n, x) ** 2


@programs(X)
def methods_of_binary_functions(x):
    a = np.multiply.outer(x, x)
    return np.add.reduce(a[0] ** 2) + np.maximum.accumulate(x)[1] ** 2 + np.subtract.outer(x, x[:2])[2, 1] ** 3


A = vector(3, 4)


@programs(A)
def written_along_an_axis(a):
    b = a.copy()
    np.put_along_axis(b, np.array([[1], [0], [1]]), a[:, :1] ** 2, axis=1)
    np.put(b, np.array([5, 11]), a[0, :2] ** 3)
    np.fill_diagonal(b, a[2, 3] ** 2)
    return np.sum(b**2 * np.arange(4.0))


@programs(X)
def sorted_in_place(x):
    y = x**2
    y.sort()
    z = x.copy()
    z.put([0], x[1] ** 2)
    return np.sum(y * np.arange(3.0)) + z[0] * y[2]


@programs(A)
def put_in_and_left_out(a):
    b = np.insert(a, 1, a[0] ** 2, axis=0)
    c = np.delete(b, [0, 2], axis=0)
    return np.sum(b**2 * np.arange(4.0)) + np.sum(c**3)


@programs(A, vector(4), argnums=(0, 1))
def contracted(a, v):
    b = np.einsum("ij,j->i", a, v)
    return b @ np.tensordot(a, v, axes=1) + np.sum(np.kron(b, v) ** 2) + np.sum(np.cross(b, a[:, 0]) ** 2)


@programs(A)
def with_holes(a):
    b = np.where(a > 1.5, np.nan, a)
    return np.nansum(b**2) + np.sum(np.nanmean(a * b, axis=0)) + np.nanmax(b) + np.sum(np.nan_to_num(b) ** 3)


@programs(X)
def padded(x):
    y = np.pad(x, (2, 3), mode="reflect")
    z = np.pad(x**2, 1, constant_values=x[0])
    return np.sum(y**2 * np.arange(8.0)) + np.sum(z**2 * np.arange(5.0))


@programs(X)
def selected(x):
    y = np.select([x > 0.5, x > 0.0], [x**2, x**3], default=x[0])
    return np.sum(y * np.arange(1.0, 4.0)) + np.sum(np.choose(np.array([1, 0, 1]), [x, y]) ** 2)


@programs(X, vector(4), argnums=(0, 1))
def polynomials(x, p):
    s = 0.0
    for k in range(3):
        s += np.polyval(p, x[k]) ** 2
    return s + np.sum(np.polyval(np.polyder(p), x)) + np.sum(np.convolve(x, p, "same") ** 2)


def logarithm_where(x):
    return np.sum(np.log(x, where=x > 0.0))


def test_where_of_an_operation_is_refused_with_what_to_write():
    with pytest.raises(UnsupportedSyntax, match=r"write y\[mask\] = np.log\(x\[mask\]\)"):
        dlsrc.grad(logarithm_where)(X)


test_numpy_calls = programs.test()
