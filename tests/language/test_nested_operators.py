"""``jvp``, ``vjp`` and Jacobians called inside of functions that are differentiated themselves."""

import numpy as np
import pytest

import dlsrc
from dlsrc import jacfwd, jacobian, jacrev, jvp, vjp
from tests.oracle import Programs, assert_close, vector

programs = Programs()

T = np.linspace(0.0, 1.0, 4)


def curve(x, t):
    return x[0] * np.exp(-x[1] * t)


made_outside = jacfwd(curve)
chosen_outside = jacobian(curve)
by_rows_outside = jacrev(curve)


@programs(vector(3), compiled=True)
def a_directional_derivative(x):
    y, dy = jvp(lambda z: z**3, (x,), (2.0 * x,))
    return np.sum(dy * y)


@programs(vector(3))
def in_a_loop_by_a_number(x):
    total = 0.0
    for i in range(x.size):
        y, dy = jvp(lambda a: np.sin(a * x[0]), (x[i],), (1.0,))
        total += dy * y
    return total


@programs(vector(2))
def weights_of_gradients_of_the_trips_before(x):
    """Each gradient is by an array of its own trip, and what the trips before gave is a constant to it."""
    found = np.zeros((4, 2))
    found[0] = x
    for k in range(1, 4):
        weights = np.cos(found[k - 1])
        found[k] = 0.5 * dlsrc.grad(lambda y, w=weights: np.sum(w * y**3))(found[k - 1] + 0.1)
    return np.sum(found**2)


@programs(vector(2))
def only_by_what_it_is_given(x):
    _, dy = jvp(lambda z: z * x, (x,), (np.ones(2),))
    return np.sum(dy * x)


@programs(vector(2))
def one_value_twice(x):
    _, dy = jvp(lambda a, b: a * b**2, (x, x), (np.ones(2), 3.0 * x))
    return np.sum(dy)


@programs(vector(2), compiled=True)
def gauss_newton(x):
    j = jacfwd(curve)(x, T)
    return np.sum((j.T @ j) ** 2)


@programs(vector(2))
def by_rows(x):
    j = jacrev(lambda z: curve(z, T))(x)
    return np.sum(j[:, 0] * j[:, 1])


@programs(vector(2))
def objects_made_outside(x):
    return np.sum(made_outside(x, T)) + np.sum(chosen_outside(x, T) ** 2) + np.sum(by_rows_outside(x, T) ** 3)


@programs(vector(2))
def a_pullback_of_its_own_value(x):
    y, pullback = vjp(lambda z: z**2 * x, x)
    (g,) = pullback(y)
    return np.sum(g * x)


@programs(vector(2))
def a_function_that_writes(x):
    def overwrites(z):
        z[0] = z[0] * z[1]
        return z

    y, dy = jvp(overwrites, (x,), (np.ones(2),))
    return np.sum(y * dy) + x[0] + np.sum(jacrev(overwrites)(x) ** 2) + np.sum(jacfwd(overwrites)(x) ** 3)


@programs(1.3, 0.4)
def of_numbers(a, b):
    by_a, by_b = jacfwd(lambda p, q: p * np.sin(q), (0, 1))(a, b)
    return by_a * by_b


test_nested = programs.test()


def test_forward_over_forward():
    def inner(x, v):
        return jvp(lambda z: np.sin(z) * z[0], (x,), (v,))[1]

    x, v = vector(3), np.array([1.0, -0.5, 2.0])
    second = jvp(lambda x: inner(x, v), (x,), (v,))[1]
    h = 1e-4
    expected = (inner(x + h * v, v) - inner(x - h * v, v)) / (2 * h)
    assert_close(second, expected, 1e-6)


@pytest.mark.parametrize(("f", "words"), [
    (lambda x: jvp(lambda z: z, (x,), (1.0,))[1], "the tangent of `x` is a float64, and `x` a float64 vector"),
    (lambda x: jvp(lambda z: z, (x,), ())[1], "not built like the argument, which is a tuple of 1"),
    (lambda x: jacfwd(lambda z: z, 1)(x), "argnums says"),
    (lambda x: vjp(lambda z: (z, z), x)[1](x)[0], "not built like what the function returns, which is a tuple of 2"),
])  # fmt: skip
def test_refusals(f, words):
    with pytest.raises(dlsrc.errors.DlsrcError, match=words):
        dlsrc.grad(lambda x: np.sum(f(x)))(np.ones(2))


def reaction(y, p):
    return np.array([-p[0] * y[0] + p[1] * y[1], p[0] * y[0]])


def by_columns_in_a_loop(p):
    z, s = p, 0.0
    for _ in range(3):
        s += np.sum(jacfwd(reaction, 1)(z, p))
        z = z + 0.01 * jacfwd(reaction, 0)(z, p)[0]
    return np.sum(z) * s


def by_rows_in_a_loop(p):
    z, s = p, 0.0
    while s < 3.0:
        found = jacrev(lambda q, z=z: np.array([q["a"][0] * z[0], q["a"][1] * q["b"][0]]))({"a": [z[0], z[1]], "b": [z[1]]})
        z = z * 1.1
        s = s + np.sum(found["a"][0]) + np.sum(found["b"][0]) * p[0]
    return s


def of_lists_in_a_loop(p):
    z, s = p, 0.0
    for _ in range(2):
        found = jacfwd(lambda q, z=z: [q["a"][0] * z, q["a"][1] * q["b"]])({"a": [z * 2, z], "b": z})
        z = z + 0.1 * z * p
        s = s + np.sum(found[0]["a"][0]) + np.sum(found[1]["b"])
    return s


@pytest.mark.compiled
@pytest.mark.parametrize("f", [by_columns_in_a_loop, by_rows_in_a_loop, of_lists_in_a_loop])
def test_lists_made_in_a_function_are_not_carried_by_the_loop_around(f):
    x, v = np.array([0.7, 0.4]), np.array([1.0, -0.5])
    slope = (dlsrc.dlfeval(f, x + 1e-5 * v) - dlsrc.dlfeval(f, x - 1e-5 * v)) / 2e-5
    assert_close(np.dot(dlsrc.grad(f)(x), v), slope, 1e-6)
    assert_close(jvp(f, (x,), (v,))[1], slope, 1e-6)
