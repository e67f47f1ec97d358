"""float32 stays float32, as NumPy 2 promotes; compared with the same program in float64."""

import math

import numpy as np
import pytest

import dlsrc
from tests.oracle import Programs, vector

programs = Programs()


def single(*shape):
    return vector(*shape).astype(np.float32)


@programs(single(5), oracle="float32", compiled=True)
def array_expressions(x):
    return np.sum(np.exp(-x) * x**2 + 0.5 * x)


@programs(single(5), oracle="float32", compiled=True)
def loop_with_a_literal(x):
    s = 0.0
    for i in range(x.size):
        s += x[i] / 3 + max(x[i], 0.0) * math.sin(x[i])
    return s


@pytest.mark.compiled
def test_numpys_integers_beside_float32_make_float64():
    def f(x):
        return np.sum(x * np.sum(np.array([1, 2])) - x / np.int64(7))

    x = single(5)
    value = dlsrc.value_and_grad(f)(x)[0]
    assert abs(value - float(f(x))) < 1e-15 * abs(value)


@programs(single(3, 4), oracle="float32")
def rows_and_reductions(x):
    return np.sum(np.mean(x, axis=0) ** 2) + np.max(x) * np.prod(x[0])


@programs(single(3, 3), single(3), argnums=(0, 1), oracle="float32", compiled=True)
def matrix_products(a, v):
    return np.sum(np.tanh(a @ v) ** 2)


@programs(single(5), oracle="float32")
def where_and_clip(x):
    return np.sum(np.where(x > 1.0, x, 0.0) * x) + np.sum(np.clip(x, 0.7, 1.2))


@programs(single(5), oracle="float32")
def written_elements(x):
    y = np.zeros_like(x)
    for i in range(1, x.size):
        y[i] = y[i - 1] * 0.5 + x[i] ** 2
    y[2:] *= x[2:]
    return np.sum(y)


@programs(single(4), vector(4), argnums=(0, 1), oracle="float32")
def mixed_with_float64(x, y):
    return np.sum(x * y) * x[0] + y[1]


@programs(single(4), oracle="float32")
def accumulated_in_a_float64_array(x):
    y = np.zeros(4)
    for i in range(4):
        y[i] = x[i] * x[i]
    return np.sum(y)


@programs(np.float32(0.7), oracle="float32")
def a_numpy_scalar(a):
    return a * a + math.exp(a)


@programs({"w": single(3), "b": 0.5}, oracle="float32")
def a_container_of_both(p):
    return np.sum(p["w"] ** 2) * p["b"]


def test_dtypes_inside_follow_numpy():
    """What NumPy computes in float32 is not widened by numba: the seventh digit tells."""

    def third(x):
        y = x[0] / 3
        return (y - 0.25) * 1000.0

    x = np.array([0.76], np.float32)
    value, g = dlsrc.value_and_grad(third)(x)
    assert value == float(third(x))
    assert g.dtype == np.float32


def test_a_scalar_array_expression_follows_numpy():
    def f(x):
        return np.sum(np.where(x > 0, x, 0.0) / 3)

    x = np.array([0.1, 0.2, 0.4], np.float32)
    assert dlsrc.value_and_grad(f)(x)[0] == float(f(x))


@pytest.mark.parametrize("number", [
    lambda a: np.sqrt(2.0), lambda a: np.sin(a), lambda a: np.add(a, a), lambda a: np.where(a > 0, a, 1.0),
    lambda a: np.maximum(a, 0.0), lambda a: np.asarray(a), lambda a: math.sqrt(2.0), lambda a: np.pi * a,
    lambda a: np.array([a, 0.25]).item(0),
])  # fmt: skip
def test_what_numpy_makes_of_a_python_number_is_numpys(number):
    """``np.sin(0.5)`` is an np.float64, which widens a float32 array; ``math.sin(0.5)`` is not."""

    def f(x, a):
        return np.sum(x / number(a))

    x = np.array([0.1, 0.2, 0.4], np.float32)
    expected = f(x, 0.3)
    value = dlsrc.value_and_grad(f)(x, 0.3)[0]
    assert value == expected
    assert (type(value) is float) == (expected.dtype == np.float64)


test_float32 = programs.test()
