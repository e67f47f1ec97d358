"""``grad`` and ``value_and_grad``: signatures, results, pickles."""

import copy
import multiprocessing
import pickle
from typing import NamedTuple

import numpy as np
import pytest

from dlsrc import dlarray, extractdata, grad, isdlarray, stop_gradient, value_and_grad
from dlsrc.errors import DifferentiationError, UnsupportedSyntax
from tests.oracle import assert_close, gradient

compiled = pytest.mark.compiled


def rosenbrock(x):
    return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2


def of_three(a, x, w):
    return a * np.sum(w @ x) + a**2


# ---------------------------------------------------------------------------------- argnums


@compiled
def test_argnums():
    a, x, w = 2.0, np.array([1.0, 3.0]), np.ones((3, 2))
    assert grad(of_three)(a, x, w) == 16.0
    assert_close(grad(of_three, 1)(a, x, w), [6.0, 6.0])
    assert_close(grad(of_three, -1)(a, x, w), 2 * np.ones((3, 1)) * x)
    both = grad(of_three, (0, 2))(a, x, w)
    assert type(both) is tuple and both[0] == 16.0
    assert_close(both[1], 2 * np.ones((3, 1)) * x)
    value, one = value_and_grad(of_three, argnums=(1,))(a, x, w)
    assert value == 28.0 and type(one) is tuple and len(one) == 1
    assert_close(one[0], [6.0, 6.0])
    last_first = grad(of_three, (-1, 0))(a, x, w)
    assert last_first[0].shape == (3, 2) and last_first[1] == 16.0


def test_wrong_argnums():
    with pytest.raises(TypeError, match="argnums"):
        grad(of_three, argnums="x")
    with pytest.raises(TypeError, match="argnums"):
        grad(of_three, argnums=1.0)
    with pytest.raises(ValueError, match="argnums"):
        grad(of_three, argnums=())
    with pytest.raises(ValueError, match="argnums"):
        grad(of_three, argnums=(1, 1))
    with pytest.raises(TypeError, match=r"of_three\(\).*argument 3"):
        grad(of_three, argnums=3)(1.0, np.ones(2), np.ones((3, 2)))
    with pytest.raises((TypeError, ValueError), match="argnums|argument"):
        grad(of_three, argnums=(2, -1))(1.0, np.ones(2), np.ones((3, 2)))
    with pytest.raises(TypeError, match="position"):
        grad(rosenbrock)(x=np.ones(2))


@pytest.mark.parametrize(
    "x, words",
    [(3, "float"), (True, "float"), (np.arange(3), "astype"), (np.ones(3, bool), "astype"), (np.int32(3), "float"),
     ({"w": np.ones(2), "n": 3}, r'p\["n"\]'), ([1.0, 2], r"p\[1\]"), ("text", "no numbers"), ((), "no numbers")],
)  # fmt: skip
def test_integers_have_no_gradient(x, words):
    def f(p):
        return 1.0

    with pytest.raises(TypeError, match=words):
        grad(f)(x)


# ---------------------------------------------------------------------------------- structures


class State(NamedTuple):
    position: object
    speed: object


def energy(state, parameters):
    kinetic = 0.5 * parameters["mass"] * np.sum(state.speed**2)
    return kinetic + parameters["springs"][0] * np.sum(state.position**2) + parameters["springs"][1]


@compiled
def test_gradients_of_structures():
    state = State(np.array([1.0, 2.0]), np.array([3.0, 4.0], np.float32))
    parameters = {"mass": 2.0, "springs": [np.float32(0.5), 7.0]}
    g, h = grad(energy, argnums=(0, 1))(state, parameters)
    assert isinstance(g, State) and list(h) == ["mass", "springs"] and isinstance(h["springs"], list)
    assert_close(g.position, [1.0, 2.0])
    assert g.speed.dtype == np.float32
    assert_close(g.speed, [6.0, 8.0])
    assert type(h["mass"]) is float and h["mass"] == 12.5
    assert type(h["springs"][0]) is np.float32 and h["springs"][0] == 5.0
    assert h["springs"][1] == 1.0


@compiled
def test_aux():
    def f(x, k):
        y = x * k
        return np.sum(y**2), {"y": y, "k": k, "n": x.size}

    x = np.array([1.0, 2.0])
    (value, aux), g = value_and_grad(f, has_aux=True)(x, 2.0)
    assert value == 20.0 and type(value) is float and list(aux) == ["y", "k", "n"]
    assert_close(aux["y"], [2.0, 4.0])
    assert (aux["k"], aux["n"]) == (2.0, 2)
    assert_close(g, [8.0, 16.0])
    g, aux = grad(f, has_aux=True)(x, 2.0)
    assert aux["n"] == 2
    assert_close(g, [8.0, 16.0])
    with pytest.raises(UnsupportedSyntax, match="has_aux"):
        grad(f)(x, 2.0)
    with pytest.raises(UnsupportedSyntax, match="has_aux"):
        grad(rosenbrock, has_aux=True)(x)


@compiled
def test_dlarrays_are_accepted():
    value, g = value_and_grad(rosenbrock)(dlarray([-1, 2]))
    assert isdlarray(value) and isdlarray(g)
    assert extractdata(value) == 104.0 and np.array_equal(extractdata(g), [396.0, 200.0])
    mixed = grad(of_three, (0, 1))(dlarray(2.0), np.array([1.0, 3.0]), dlarray(np.ones((3, 2))))
    assert isdlarray(mixed[0]) and extractdata(mixed[0]) == 16.0


# ---------------------------------------------------------------------------------- results


@compiled
def test_results_are_fresh():
    f, x = value_and_grad(rosenbrock), np.array([-1.0, 2.0])
    value, g = f(x)
    assert type(value) is float and type(g) is np.ndarray
    assert g.dtype == np.float64 and g.shape == (2,) and g.flags.c_contiguous and g.flags.writeable
    other = f(np.array([1.0, 1.0]))[1]
    assert np.array_equal(g, [396.0, 200.0]) and np.array_equal(other, [0.0, 0.0])
    linear = grad(lambda x: np.sum(x) * 2.0)
    one, two = linear(x), linear(x)
    one[:] = 7.0
    assert np.array_equal(two, [2.0, 2.0]) and np.array_equal(linear(x), [2.0, 2.0])


@compiled
def test_single_precision_stays_single():
    x = np.array([-1.0, 2.0], np.float32)
    value, g = value_and_grad(rosenbrock)(x)
    assert type(value) is np.float32 and g.dtype == np.float32
    assert value == 104.0 and np.array_equal(g, [396.0, 200.0])


def test_two_dtypes_in_turn():
    f = grad(rosenbrock)
    single, double = np.array([-1.0, 2.0], np.float32), np.array([-1.0, 2.0])
    for _ in range(3):
        assert f(single).dtype == np.float32 and f(double).dtype == np.float64
        assert f(double[::-1])[0] == f(np.array([2.0, -1.0]))[0]


def test_the_function_itself_is_described():
    def f(x):
        """The square."""
        return x * x

    g, vg = grad(f), value_and_grad(f, argnums=(0,), has_aux=False)
    assert g.__name__ == "f" and g.__doc__ == "The square." and g.fun is f and not hasattr(g, "__wrapped__")
    assert repr(g).startswith("grad(") and "argnums=(0,)" in repr(vg)
    assert grad(g.fun)(3.0) == 6.0


def test_what_has_no_gradient_is_refused():
    with pytest.raises(DifferentiationError, match="scalar"):
        grad(lambda x: x)(np.ones(2))


def test_stop_gradient_outside():
    x = {"a": np.ones(2)}
    assert stop_gradient(x) is x


# ---------------------------------------------------------------------------------- pickles, processes


def test_derivatives_pickle():
    x = np.array([-1.0, 2.0])
    for f in (grad(rosenbrock), value_and_grad(of_three, (0, 1)), grad(of_three, argnums=-1, has_aux=False)):
        f.fun(*((x,) if f.fun is rosenbrock else (1.0, x, np.ones((1, 2)))))
        again = pickle.loads(pickle.dumps(f))
        assert again.fun is f.fun and again.argnums == f.argnums and repr(again) == repr(f)
    g = pickle.loads(pickle.dumps(grad(rosenbrock)))
    assert np.array_equal(g(x), [396.0, 200.0])
    assert np.array_equal(copy.deepcopy(g)(x), [396.0, 200.0])


def test_derivatives_go_to_other_processes():
    points = [np.array([-1.0, 2.0]), np.array([1.0, 1.0])]
    g = grad(rosenbrock)
    expected = [g(p) for p in points]
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        found = pool.map(g, points)
    assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


# ---------------------------------------------------------------------------------- compiling ahead, reading


@compiled
def test_compiling_ahead():
    def f(x, n):
        return np.sum(x) * n

    g = grad(f)
    with pytest.raises(RuntimeError, match="warm"):
        g.source
    g.compile("float64[:]", "int64")
    assert "def f_" in g.source and "dx" in g.source
    before = g.runner.cache.misses
    assert np.array_equal(g(np.ones(2), 3), [3.0, 3.0])
    g.warm(np.ones((2, 2)), 1)
    assert g.runner.cache.misses == before + 1
    assert g(np.ones((2, 2)), 5)[0, 0] == 5.0
    assert g.runner.cache.misses == before + 1


# ---------------------------------------------------------------------------------- SciPy


@pytest.mark.parametrize("method", ["BFGS", "L-BFGS-B", "CG", "TNC", "SLSQP", "Newton-CG", "trust-constr"])
def test_minimizers_of_scipy(method):
    from scipy.optimize import minimize

    f = value_and_grad(rosenbrock)
    found = minimize(f, np.array([-1.0, 2.0]), jac=True, method=method)
    assert np.allclose(found.x, 1.0, atol=2e-3)


def test_least_squares_with_arguments():
    from scipy.optimize import check_grad, minimize

    def misfit(p, t, y, scale):
        return np.sum((p[0] * np.exp(-p[1] * t) - y) ** 2) * scale

    t = np.linspace(0.0, 2.0, 30)
    y = 3.0 * np.exp(-1.5 * t)
    found = minimize(value_and_grad(misfit), np.ones(2), args=(t, y, 1.0), jac=True)
    assert_close(found.x, [3.0, 1.5], 1e-4)
    assert check_grad(misfit, grad(misfit), np.array([1.0, 1.0]), t, y, 1.0) < 1e-5
    assert_close(grad(misfit)(np.array([1.0, 2.0]), t, y, 1.0), gradient(misfit, np.array([1.0, 2.0]), t, y, 1.0))
