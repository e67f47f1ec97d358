"""Solutions of equations: `implicit_root`, `implicit_fixed_point`."""

import numba
import numpy as np
import pytest

import dlsrc
from dlsrc import check, grad, implicit_fixed_point, implicit_root, jvp
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


def test_a_solution_that_is_a_matrix():
    """The square root of a matrix, by Newton's iteration: X X = A."""

    @implicit_root(lambda X, A: X @ X - A)
    def square_root(X, A):
        for _ in range(30):
            X = 0.5 * (X + np.linalg.solve(X, A))
        return X

    A, C = np.array([[4.0, 1.0], [1.0, 3.0]]), np.array([[1.0, -2.0], [0.5, 3.0]])

    def f(A):
        return np.sum(C * square_root(np.eye(2), A))

    assert check(f, A)
    assert_close(dlsrc.jacfwd(f)(A), grad(f)(A), 1e-12)


def test_an_equation_of_another_length_is_an_error():
    @implicit_root(lambda x, a: np.array([x[0] - a]))
    def solve(x, a):
        return np.array([a, a])

    with pytest.raises(ValueError, match="must have the shape of the solution x"):
        grad(lambda a: np.sum(solve(np.ones(2), a)))(1.0)


@implicit_root(lambda x, p: x**3 + p["a"] * x - p["b"])
def cubic(x, p):
    for _ in range(60):
        x = x - (x**3 + p["a"] * x - p["b"]) / (3 * x**2 + p["a"])
    return x


def unrolled(p):
    return cubic.fun(1.0, p) ** 2


def numbers(tree):
    return np.array([numbers(x) for x in tree.values()] if isinstance(tree, dict) else tree)


def implicit(p):
    return cubic(1.0, p) ** 2


@pytest.mark.parametrize("made", [dlsrc.grad, dlsrc.jacfwd, dlsrc.jacrev, dlsrc.hessian])
def test_a_root_with_containers_at_every_order(made):
    p = {"a": 1.5, "b": 2.0}
    assert_close(numbers(made(implicit)(p)), numbers(made(unrolled)(p)), 1e-11)
    v = {"a": 0.3, "b": -0.7}
    assert_close(dlsrc.hvp(implicit)(p, v)["a"], dlsrc.hvp(unrolled)(p, v)["a"], 1e-11)
    third = [grad(lambda a, f=f: grad(lambda a: grad(lambda a: f({"a": a, "b": 2.0}))(a))(a))(1.5) for f in (implicit, unrolled)]
    assert_close(third[0], third[1], 1e-10)


@implicit_root(lambda x, a: x**3 - a)
def cube_root(x, a):
    for _ in range(60):
        x = x - (x**3 - a) / (3.0 * x**2)
    return x


@pytest.mark.compiled
def test_a_root_in_compiled_code():
    """The user's own @njit code calls the derivative of a function with a root in it, and the solver itself."""

    @numba.njit
    def cost(a, b):
        return cube_root(1.0, a) * b

    slope, curvature = grad(cost), dlsrc.hessian(cost)

    @numba.njit
    def run(a):
        return cost(a, 2.0), slope(a, 2.0), curvature(a, 2.0), jvp(cost, (a, 2.0), (1.0, 0.0))[1]

    assert np.allclose(run(8.0), (4.0, 2.0 / 12.0, -2.0 / 9.0 * 8.0 ** (-5.0 / 3.0) * 2.0, 2.0 / 12.0))
