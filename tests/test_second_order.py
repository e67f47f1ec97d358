"""Second derivatives: along a direction, against differences of dlsrc's own first gradient."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.special import log_expit, softplus

import dlsrc
from dlsrc import dlarray, dlfeval, dlgradient, grad, value_and_grad
from tests.oracle import FIRST_STEPS, HALVINGS, assert_close, vector


def slope_of(gradient: Callable, x: np.ndarray, v: np.ndarray) -> np.ndarray:
    """How a gradient changes along ``v``: extrapolated central differences, the best entry of the table."""
    best, smallest = None, np.inf
    for first in FIRST_STEPS:
        row: list[np.ndarray] = []
        step = first
        for _ in range(HALVINGS):
            new = [(gradient(x + step * v) - gradient(x - step * v)) / (2 * step)]
            for k, coarser in enumerate(row):
                new.append(new[k] + (new[k] - coarser) / (4.0 ** (k + 1) - 1))
                error = max(np.max(abs(new[k + 1] - new[k])), np.max(abs(new[k + 1] - coarser)))
                if error < smallest:
                    best, smallest = new[k + 1], error
            row, step = new, step / 2
    assert smallest <= 3e-9 * max(1.0, np.max(abs(best))), f"the differences do not converge: {smallest:.1e}"
    return best


def along(f: Callable) -> Callable:
    """The gradient of ``f`` and its second derivative along ``v``."""

    def objective(x, v):
        g = dlgradient(f(x), x, enable_higher_derivatives=True)
        return g, dlgradient(np.sum(g * v), x)

    return objective


def sine_squares(x):
    return np.sum(np.sin(x) ** 2) * x[0]


def recurrence(x):
    s = x[0]
    for i in range(len(x)):
        s = np.sin(s * x[i])
    return s


def while_loop(x):
    s = x[0]
    k = 0
    while k < 5:
        s = np.sin(s) * x[k]
        k += 1
    return s


def long_while_loop(x):
    s, k = x[0], 0
    while k < 3000:
        s = s + 0.001 * np.sin(s) * x[k % 5]
        k += 1
    return s


def nested_while_loops(x):
    s, k = x[0], 0
    while k < 50:
        if x[k % 5] > 0.7:
            j = 0
            while j < 60:
                s = s + 0.01 * np.sin(s * x[j % 5])
                if s > 100.0:
                    break
                j += 1
        k += 1
    return s


def a_triangle_of_trips(x):
    s = x[1]
    for i in range(40):
        for j in range(i):
            s = np.cos(s) + x[j % 5] * 0.1 * s
    return s * s


def swapped_buffers(x):
    a, b = x * 1.0, np.zeros_like(x)
    for _ in range(6):
        for i in range(1, len(x) - 1):
            b[i] = a[i] + 0.1 * (a[i - 1] ** 2 - 2 * a[i] * a[i + 1])
        b[0], b[-1] = a[0], np.sin(a[-1])
        a, b = b, a
    return np.sum(a**2)


def in_place_recurrence(x):
    y = x.copy()
    for k in range(1, len(y)):
        y[k] = y[k] * np.sin(y[k - 1])
        y[0] += y[k] ** 2
    return y[0] * y[-1]


def early_return(x):
    s = 1.0
    for i in range(len(x)):
        if s > 1.5:
            return s * x[i] ** 2
        s = s + np.sin(x[i]) * s
    return s


def arrays_in_a_loop(x):
    a = x * 1.0
    for _ in range(4):
        a = np.sin(a * x)
    return np.sum(a)


def arrays_in_a_branch_of_a_loop(x):
    a = x * 1.0
    s = 0.0
    while s < 3.0:
        if a[0] > 0.1:
            a = np.cos(a * x) + 0.2
        s = s + np.sum(a * a)
    return s


def product_and_maximum(x):
    return np.prod(x) * np.max(x)


def choices_by_element(x):
    return np.sum(np.maximum(x, 1.0) ** 3) + np.sum(dlsrc.relu(x - 0.8) ** 2) + np.sum(np.hypot(x, 2.0 * x[0]))


def sorted_numbers(x):
    return np.sum(np.sort(x) ** 2 * np.arange(5.0)) * x[1]


def running_sums_and_products(x):
    return np.sum(np.cumsum(x) ** 3) + np.sum(np.cumprod(x) ** 2)


def norms(x):
    return np.sum(np.linalg.norm(np.outer(x, x), axis=1) ** 3) + np.linalg.norm(x)


def stores(x):
    y = np.zeros(5)
    y[1:] = x[1:] * x[:-1]
    y[np.array([0, 2, 2])] = x[:3] ** 2
    y[3] += x[0] * y[1]
    return np.sum(y**3)


def softmax_and_logsumexp(x):
    return dlsrc.logsumexp(x * x) + np.sum(dlsrc.softmax(x) ** 2)


def matrices(x):
    a = x[:, None] * x[None, :]
    return np.sum(np.maximum(a @ a.T, a.sum(axis=0)) ** 2) / 100


def mean_and_variance(x):
    z = (x - np.mean(x)) / np.std(x)
    return np.sum(z**3) + np.var(x) ** 2


PROGRAMS = [
    sine_squares, recurrence, while_loop, long_while_loop, nested_while_loops, a_triangle_of_trips,
    swapped_buffers, in_place_recurrence, early_return, arrays_in_a_loop, arrays_in_a_branch_of_a_loop,
    product_and_maximum, choices_by_element, sorted_numbers, running_sums_and_products, norms, stores,
    softmax_and_logsumexp, matrices, mean_and_variance,
]
COMPILED = (recurrence, nested_while_loops, arrays_in_a_branch_of_a_loop, stores)


@pytest.mark.parametrize("f", [
    pytest.param(f, marks=(pytest.mark.compiled,) if f in COMPILED else (), id=f.__name__) for f in PROGRAMS
])
def test_along_a_direction(f):
    x, v = vector(5), np.array([0.3, -1.1, 0.7, 0.2, -0.5])
    g, h = (a.data for a in dlfeval(along(f), dlarray(x), v))
    assert np.array_equal(g, dlsrc.grad(f)(x)), "the flag changes the first derivative"
    assert_close(h, slope_of(dlsrc.grad(f), x, v))


# ---------------------------------------------------------------------------------- grad inside of a function


def test_a_nested_gradient_is_by_its_own_variable():
    """AutoGrad.jl#75, and the example of Siskind and Pearlmutter: derivatives are not confused."""
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0) == 1.0
    assert grad(lambda x: x * grad(lambda y: x * y)(x))(3.0) == 6.0
    assert grad(lambda x: x * grad(lambda y: x * y)(2.0))(3.0) == 6.0


def test_arrays_are_not_confused():
    def f(x):
        inner = grad(lambda y: np.sum(x * y**2))(x)
        return np.sum(inner * x)  # 2 * sum(x**3)

    x = np.array([1.0, -2.0, 0.5])
    assert_close(grad(f)(x), 6 * x**2)


def test_third_order():
    f = lambda x: x**4 * np.sin(x)  # noqa: E731
    third = grad(lambda a: grad(lambda b: grad(f)(b))(a))(1.3)
    s, c = np.sin(1.3), np.cos(1.3)
    assert_close(third, 24 * 1.3 * s + 3 * 12 * 1.69 * c - 3 * 4 * 1.3**3 * s - 1.3**4 * c)


@pytest.mark.parametrize("f", [recurrence, stores, while_loop, arrays_in_a_loop, sorted_numbers])
def test_third_order_against_differences(f):
    v = np.array([0.3, -1.1, 0.7, 0.2, -0.5])
    slope = grad(f)

    def second(x):
        return np.sum(grad(lambda y: np.sum(slope(y) * v))(x) * v)

    def along_v(x):
        return grad(lambda y: np.sum(slope(y) * v))(x)

    x = vector(5)
    assert_close(grad(second)(x), slope_of(lambda x: dlfeval(along_v, x), x, v))


def test_the_function_may_write_to_its_argument():
    def writes(x):
        x[0] = x[0] * x[1]
        return np.sum(x**3)

    x, v = np.array([1.0, 2.0]), np.array([1.0, 0.0])
    slope = grad(writes)
    assert_close(grad(lambda x: np.sum(slope(x) * v))(x), [48.0, 36.0])
    assert x.tolist() == [1.0, 2.0]


def test_values_tuples_and_containers_inside():
    def f(x):
        value, (a, b) = value_and_grad(lambda p, q: p * q * q, argnums=(0, 1))(x, 2 * x)
        return value + a * b

    assert_close(grad(f)(1.5), 12 * 1.5**2 + 64 * 1.5**3)

    def of_tree(x):
        g = grad(lambda tree: np.sum(tree["w"] ** 3) * tree["b"])({"w": x, "b": 2.0})
        return np.sum(g["w"]) + g["b"]

    x = np.array([0.5, 1.5])
    assert_close(grad(of_tree)(x), 12 * x + 3 * x**2)

    def with_aux(x):
        g, aux = grad(lambda y: (y**3, y + 1.0), has_aux=True)(x)
        return g * aux

    assert_close(grad(with_aux)(2.0), 6 * 2.0 * 3.0 + 3 * 4.0)


def test_a_gradient_inside_of_a_descent():
    """The gradient of what is left after some steps, by the rate: through ten inner gradients."""
    target = np.array([0.3, -0.7])

    def after(rate, x):
        for _ in range(10):
            x = x - rate * grad(lambda y: np.sum((y - target) ** 4) + np.sum(y**2))(x)
        return np.sum((x - target) ** 2)

    x = np.array([1.0, 2.0])
    expected = slope_of(lambda rate: np.array(dlfeval(after, rate, x)), 0.02, 1.0)
    assert_close(grad(after)(0.02, x), expected)


@pytest.mark.compiled
def test_a_network_of_physics():
    """The derivative of a network's output by its input, in a loss that is differentiated by the weights."""

    def u(w, x):
        h = np.tanh(w["a"] * x + w["b"])
        return np.sum(w["c"] * h)

    def loss(w, xs):
        total = 0.0
        for k in range(len(xs)):
            du = grad(u, 1)(w, xs[k])
            total += (du + u(w, xs[k])) ** 2
        return total + (u(w, 0.0) - 1.0) ** 2

    w = {"a": vector(4), "b": vector(4) - 1.0, "c": vector(4, low=-1.0)}
    xs = np.linspace(0.0, 1.0, 5)
    got = grad(loss)(w, xs)
    for name in w:
        def moved(array, name=name):
            return np.array(plain_loss({**w, name: array}, xs))

        for k in range(4):
            v = np.zeros(4)
            v[k] = 1.0
            assert_close(got[name][k], slope_of(moved, w[name], v))


def plain_loss(w, xs):
    """The loss with the derivative of the network by hand."""
    total = 0.0
    for x in xs:
        h = np.tanh(w["a"] * x + w["b"])
        du = np.sum(w["c"] * (1 - h**2) * w["a"])
        total += (du + np.sum(w["c"] * h)) ** 2
    return total + (np.sum(w["c"] * np.tanh(w["b"])) - 1.0) ** 2


def test_shapes_stay_shapes_in_rules_that_are_differentiated():
    """A shape that a rule hands on is no array of sizes: np.empty of one does not compile."""
    def objective(w, b, x):
        u = np.tanh(np.outer(w, x) + b)
        ux = dlgradient(np.sum(u), x, enable_higher_derivatives=True)
        loss = np.sum(ux**2)
        return loss, dlgradient(loss, w)

    args = (dlarray(np.array([0.3, -0.5])), dlarray(np.ones((2, 1))), dlarray(np.array([0.1, 0.7, 1.1])))
    text = str(dlsrc.adjoint_source(objective, *args))
    assert "np.int64" not in text and ".shape)" in text


@pytest.mark.parametrize(("f", "x", "expected"), [
    (lambda x: np.logaddexp(x, 0.0), 0.0, 0.25), (lambda x: np.logaddexp(0.0, x), 0.0, 0.25),
    (lambda x: np.logaddexp(0.0, x), 800.0, 0.0), (lambda x: np.logaddexp(x, 0.0), -900.0, 0.0),
    (lambda x: np.logaddexp2(x, 0.0), 0.0, 0.25 * np.log(2.0)),
    (lambda x: log_expit(x), 0.0, -0.25), (lambda x: log_expit(x), 800.0, 0.0),
    (lambda x: softplus(x), 0.0, 0.25), (lambda x: softplus(x), -900.0, 0.0),
])  # fmt: skip
def test_second_derivatives_of_logistic_functions_where_they_are_equal_and_far(f, x, expected):
    slope = grad(f)
    assert np.isclose(grad(lambda t: slope(t))(x), expected, rtol=1e-14, atol=0.0)


def test_the_mixed_derivative_where_a_factor_is_zero():
    """``a log b`` has the mixed derivative ``1 / b``, also at ``a = 0``, where the slope by ``b`` is zero."""
    from scipy.special import kl_div, rel_entr, xlog1py, xlogy

    for f, expected in ((xlogy, 1 / 0.7), (xlog1py, 1 / 1.7), (rel_entr, -1 / 0.7), (kl_div, -1 / 0.7)):
        def by_b(a, f=f):
            return dlsrc.grad(lambda b: f(a, b))(0.7)

        assert dlsrc.grad(by_b)(0.0) == pytest.approx(expected, rel=1e-14)
