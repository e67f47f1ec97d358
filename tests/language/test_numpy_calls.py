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


def logarithm_where(x):
    return np.sum(np.log(x, where=x > 0.0))


def test_where_of_an_operation_is_refused_with_what_to_write():
    with pytest.raises(UnsupportedSyntax, match=r"write y\[mask\] = np.log\(x\[mask\]\)"):
        dlsrc.grad(logarithm_where)(X)


test_numpy_calls = programs.test()
