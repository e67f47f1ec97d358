"""float32 stays float32, as NumPy 2 promotes; compared with the same program in float64."""

import math

import numpy as np
import pytest
from scipy import special

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


BESIDE_FLOAT64 = {
    "logaddexp": lambda x, c: np.sum(np.logaddexp(x, c)),
    "hypot": lambda x, c: np.sum(np.hypot(x, c)),
    "maximum": lambda x, c: np.sum(np.maximum(x, c) * c),
    "where": lambda x, c: np.sum(np.where(x > 2, x, c) * c),
    "astype": lambda x, c: np.sum(x.astype(np.float64) * c),
    "power": lambda x, c: np.sum(np.power(x, c)),
    "xlogy": lambda x, c: np.sum(special.xlogy(x, c)),
    "betaln": lambda x, c: np.sum(special.betaln(x, c)),
    "column @ row": lambda x, c: np.sum((x.reshape(3, 1) @ c.reshape(1, 3))[0] * c),
    "outer": lambda x, c: np.sum(np.outer(x, c) * np.outer(c, c)),
    "solve": lambda x, c: np.sum(np.linalg.solve(np.diag(x) + np.eye(3), c)),
    "clip": lambda x, c: np.sum(np.clip(x, 0.5, c) * c),
    "arctan2": lambda x, c: np.sum(np.arctan2(x, c)),
    "interp": lambda x, c: np.sum(np.interp(x.astype(np.float64), c, c * c)),
    "concatenate": lambda x, c: np.sum(np.concatenate([x, c]) ** 2),
    "softmax": lambda x, c: np.sum(special.softmax(x) * c),
    "cumsum": lambda x, c: np.sum(np.cumsum(x) * c),
    "element": lambda x, c: np.sum(np.float64(x[0]) * c),
    "convolve": lambda x, c: np.sum(np.convolve(x, c) ** 2),
    "dot": lambda x, c: np.dot(x, c),
    "einsum": lambda x, c: np.einsum("i,i", x, c),
    "tile": lambda x, c: np.sum(np.tile(x, 2) * np.tile(c, 2)),
    "trapezoid": lambda x, c: np.trapezoid(x, c),
    "average": lambda x, c: np.average(x, weights=c),
    "max": lambda x, c: np.max(x) * c[1],
    "sort": lambda x, c: np.sum(np.sort(x) * c),
    "norm": lambda x, c: np.linalg.norm(x) * c[1],
    "fmod": lambda x, c: np.sum(np.fmod(x, c) * c),
    "number": lambda x, c: np.sum(np.float64(3.0) * x),
}


@pytest.mark.parametrize("name", BESIDE_FLOAT64)
def test_beside_float64_the_gradient_is_float32_as_its_argument_is(name):
    f = BESIDE_FLOAT64[name]
    x, c = np.array([2.75, 1.5, 3.125], np.float32), np.array([0.5, 1.5, 2.5])
    value, dx = dlsrc.value_and_grad(f)(x, c)
    expected, in_double = dlsrc.value_and_grad(f)(x.astype(np.float64), c)
    assert dx.dtype == np.float32
    assert dlsrc.grad(f, 1)(x, c).dtype == np.float64
    assert abs(value - expected) <= 1e-6 * abs(expected)
    assert np.all(np.abs(dx - in_double) <= 1e-6 * np.max(np.abs(in_double)))
