"""Solutions of equations: `implicit_root`, `implicit_fixed_point`."""

import numpy as np
import pytest

import dlsrc
from dlsrc import check, grad, implicit_fixed_point, implicit_root
from dlsrc.errors import UnsupportedSyntax

from ..oracle import assert_close


def kepler(E, mean, e):
    return E - e * np.sin(E) - mean


@implicit_root(kepler)
def anomaly(E, mean, e):
    step = 1.0
    while abs(step) > 1e-14:
        step = kepler(E, mean, e) / (1.0 - e * np.cos(E))
        E = E - step
    return E


def exact_slopes(mean, e):
    E = anomaly(mean, mean, e)
    return 1.0 / (1.0 - e * np.cos(E)), np.sin(E) / (1.0 - e * np.cos(E))


@pytest.mark.compiled
def test_a_number():
    found = grad(lambda mean, e: anomaly(1.0, mean, e), argnums=(0, 1))(0.8, 0.4)
    assert_close(found, exact_slopes(0.8, 0.4), 1e-12)


def test_the_solvers_steps_are_neither_kept_nor_swept():
    text = str(dlsrc.adjoint_source(lambda mean: anomaly(1.0, mean, 0.4), 0.8))
    assert text.count("\n    while ") == 1 and "kept" not in text


def test_the_start_has_no_derivative():
    assert grad(lambda start: anomaly(start, 0.8, 0.4))(1.0) == 0.0


def test_in_a_loop_over_data():
    def misfit(orbit, times):
        total = 0.0
        for t in times:
            E = anomaly(t, orbit[0] * t, orbit[1])
            total += np.cos(E) ** 2 + orbit[1] * np.sin(E)
        return total

    assert check(misfit, np.array([1.1, 0.35]), np.linspace(0.2, 3.0, 5), argnums=0)


def test_second_order_is_right_too():
    def slope(mean):
        return grad(lambda m: anomaly(1.0, m, 0.4))(mean)

    mean, h = 0.8, 1e-5
    second = grad(slope)(mean)
    first = [exact_slopes(mean + k * h, 0.4)[0] for k in (-2, -1, 1, 2)]
    assert_close(second, (first[0] - 8 * first[1] + 8 * first[2] - first[3]) / (12 * h))


def equations(x, p):
    return np.array([x[0] ** 2 + p["a"] * x[1] - 1.0, np.exp(x[1]) * x[0] - p["b"][0] * p["b"][1] + x[2], x[2] - x[0]])


@implicit_root(equations)
def solution(x, p):
    # Newton's method with differences for the matrix: how x is found does not matter.
    for _ in range(30):
        r = equations(x, p)
        J = np.empty((3, 3))
        for k in range(3):
            moved = x.copy()
            moved[k] += 1e-7
            J[:, k] = (equations(moved, p) - r) / 1e-7
        x = x - np.linalg.solve(J, r)
    return x


POINT = {"a": 0.4, "b": np.array([1.1, 1.2])}


@pytest.mark.compiled
def test_a_vector_and_arguments_in_containers():
    def objective(p):
        x = solution(np.array([0.5, 0.2, 0.4]), p)
        return x[0] * x[1] + np.sum(x**2) * p["a"]

    assert check(objective, POINT), str(check(objective, POINT))


def test_arguments_that_are_no_real_numbers_are_passed_through():
    @implicit_root(lambda x, n, options: x**n - options["target"])
    def nth_root(x, n, options):
        for _ in range(60):
            x = x - (x**n - options["target"]) / (n * x ** (n - 1))
        return x

    found = grad(lambda t: nth_root(1.5, 3, {"target": t, "name": "cube"}))(2.0)
    assert_close(found, 2.0 ** (-2.0 / 3.0) / 3.0, 1e-12)


def test_a_fixed_point():
    @implicit_fixed_point(lambda x, W, b: np.tanh(W @ x + b))
    def equilibrium(x, W, b):
        for _ in range(200):
            x = np.tanh(W @ x + b)
        return x

    W = np.array([[0.2, -0.3], [0.4, 0.1]])
    assert check(lambda W, b: np.sum(equilibrium(np.zeros(2), W, b) ** 3), W, np.array([0.3, -0.2]))


def test_an_equation_of_another_form_is_refused():
    @implicit_root(lambda x, a: np.sum(x) - a)
    def solve(x, a):
        return x + a

    with pytest.raises(UnsupportedSyntax):
        grad(lambda a: np.sum(solve(np.ones(2), a)))(1.0)
