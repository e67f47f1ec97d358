"""Derivatives in the user's own compiled functions."""

import subprocess
import sys
from typing import NamedTuple

import numba
import numpy as np
import pytest

from dlsrc import custom_vjp, grad, hessian, hvp, jacfwd, jacobian, jacrev, jvp, value_and_grad, vjp
from tests.conftest import PLAIN

compiled = pytest.mark.compiled
only_compiled = pytest.mark.skipif(PLAIN, reason="about numba's compiler")

scale = 3.0
weights = np.array([1.0, 2.0])


def f(x):
    return np.sum(weights * x**2) * scale


value_and_slope, slope = value_and_grad(f), grad(f)


@compiled
def test_value_and_gradient():
    @numba.njit
    def descend(x, steps):
        value = 0.0
        for _ in range(steps):
            value, g = value_and_slope(x)
            x = x - 0.01 * g + 0.0 * slope(x)
        return value, x

    x = np.array([1.0, 2.0])
    value, moved = descend(x, 1)
    assert value == 27.0 and np.allclose(moved, x - 0.01 * np.array([6.0, 24.0]))
    assert descend(x, 200)[0] < 1e-6


@compiled
def test_scalars_and_several_arguments():
    def h(a, b, n):
        return a * b**2 * n

    both = value_and_grad(h, argnums=(0, 1))

    @numba.njit
    def run(a, b):
        value, (da, db) = both(a, b, 2)
        return value + da + db

    assert run(2.0, 3.0) == 36.0 + 18.0 + 24.0

    @numba.njit
    def single(a):
        return slope_of_square(a)

    slope_of_square = grad(lambda a: a * a)
    assert single(3.0) == 6.0
    assert single(np.float32(3.0)) == 6.0


@compiled
def test_it_is_passed_as_an_argument():
    @numba.njit
    def at(derivative, x):
        return derivative(x)

    x = np.array([1.0, 2.0])
    assert np.allclose(at(slope, x), [6.0, 24.0])
    assert at(value_and_slope, x)[0] == 27.0
    assert np.allclose(at(grad(lambda x: np.sum(x)), x), 1.0)


class Point(NamedTuple):
    position: object
    mass: float


@compiled
def test_tuples():
    def energy(p, k):
        return p.mass * np.sum(p.position**2) * k[0] + k[1]

    g = value_and_grad(energy)

    @numba.njit
    def run(x, m):
        value, d = g(Point(x, m), (2.0, 1.0))
        return value, d.position, d.mass

    value, position, mass = run(np.array([1.0, 2.0]), 3.0)
    assert value == 31.0 and np.allclose(position, [12.0, 24.0]) and mass == 10.0


@compiled
def test_aux():
    def with_aux(x):
        y = x * 2.0
        return np.sum(y), y

    g, vg = grad(with_aux, has_aux=True), value_and_grad(with_aux, has_aux=True)

    @numba.njit
    def run(x):
        slope, y = g(x)
        (value, again), _ = vg(x)
        return slope, y, value, again

    slope, y, value, again = run(np.ones(2))
    assert np.allclose(slope, 2.0) and np.allclose(y, 2.0) and value == 4.0 and np.allclose(again, 2.0)


@compiled
def test_layouts_and_dtypes():
    @numba.njit
    def run(x):
        return slope_of_sum(x)

    slope_of_sum = grad(lambda x: np.sum(x * x))
    x = np.arange(6.0).reshape(2, 3)
    for a in (x, np.asfortranarray(x), x[:, ::2], x.astype(np.float32), x[0]):
        assert np.allclose(run(a), 2 * a)
        assert run(a).dtype == a.dtype


@compiled
@only_compiled
def test_captured_values_are_frozen_as_numba_freezes_them(monkeypatch):
    @numba.njit
    def run(x):
        return slope(x)

    x = np.ones(2)
    assert np.allclose(run(x), [6.0, 12.0])
    monkeypatch.setitem(globals(), "scale", 5.0)
    assert np.allclose(run(x), [6.0, 12.0])
    assert np.allclose(slope(x), [10.0, 20.0])

    @numba.njit
    def compiled_later(x):
        return grad_again(x)

    grad_again = grad(f)
    assert np.allclose(compiled_later(x), [10.0, 20.0])


@compiled
@only_compiled
def test_a_caller_is_not_cached_on_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))

    @numba.njit(cache=True)
    def run(x):
        return slope(x)

    with pytest.warns(numba.core.errors.NumbaWarning, match="Cannot cache"):
        run(np.ones(2))
    assert not list(tmp_path.rglob("*.nbc"))

    @numba.njit
    def inner(x):
        return slope(x)

    @numba.njit(cache=True)
    def outer(x):
        return inner(x) * 2.0

    with pytest.warns(numba.core.errors.NumbaWarning, match="Cannot cache"):
        outer(np.ones(2))
    assert not list(tmp_path.rglob("*.nbc"))


@compiled
@only_compiled
def test_what_cannot_be_compiled():
    @numba.njit
    def run(x):
        return by_dict(x)[0]

    by_dict = value_and_grad(lambda x: (np.sum(x), {"y": x}), has_aux=True)
    with pytest.raises(numba.core.errors.TypingError, match="no dict or list"):
        run(np.ones(2))

    @numba.njit
    def shapes(x, n):
        return by_axis(x, n)

    by_axis = grad(lambda x, n: np.sum(np.sum(x, axis=n) ** 2))
    with pytest.raises(numba.core.errors.TypingError, match="known while"):
        shapes(np.ones((2, 2)), 1)


@only_compiled
@compiled
def test_no_import_is_needed_before(tmp_path):
    """numba finds the type of a derivative although nothing of dlsrc has imported numba yet."""
    code = """
import numba, numpy as np
from dlsrc import grad
def f(x):
    return x * x
g = grad(f)
assert numba.njit(lambda x: g(x))(3.0) == 6.0
"""
    (tmp_path / "script.py").write_text(code)
    subprocess.run([sys.executable, str(tmp_path / "script.py")], check=True)


def residual(x, t):
    return weights[0] * x[0] * np.exp(-x[1] * t) - 1.0


by_columns, by_rows = jacfwd(residual), jacrev(residual, (0, 1))


@only_compiled
@compiled
def test_jacobians():
    compiled_residual = numba.njit(residual)

    @numba.njit
    def gauss_newton(x, t):
        return by_columns(x, t).T @ compiled_residual(x, t), by_rows(x, t)

    x, t = np.array([1.5, 0.5]), np.linspace(0.0, 1.0, 4)
    product, (by_x, by_t) = gauss_newton(x, t)
    assert np.allclose(product, by_columns(x, t).T @ residual(x, t))
    assert np.allclose(by_x, by_columns(x, t))
    assert np.allclose(by_t, np.diag(-x[0] * x[1] * np.exp(-x[1] * t)))


# ---------------------------------------------------------------------------------- products, second derivatives


@numba.njit
def waves(x):
    return np.sin(x) * x[0]


@numba.njit
def bowl(x, p):
    return p[0] * np.sum(x**2) * p[1]


slope_of_bowl = grad(bowl)
X, V = np.array([1.0, 2.0]), np.array([1.0, 3.0])


@compiled
def test_jvp_and_vjp():
    """A pullback is a value: it is called as often as one likes, and holds copies of the arguments."""

    @numba.njit
    def run(x, v):
        y, ty = jvp(waves, (x,), (v,))
        again, pullback = vjp(waves, x)
        x[0] = 100.0
        (first,) = pullback(v)
        total = np.zeros_like(x)
        for k in range(3):
            total += pullback(v * k)[0]
        return y, ty, again, first, total

    y, ty, again, first, total = run(X.copy(), V)
    expected, tangent = jvp(waves, (X,), (V,))
    (cotangent,) = vjp(waves, X)[1](V)
    assert np.allclose(y, expected) and np.allclose(again, expected)
    assert np.allclose(ty, tangent) and np.allclose(first, cotangent) and np.allclose(total, 3.0 * cotangent)


@compiled
def test_products_with_tuples_and_of_gradients():
    @numba.njit
    def run(x, p, tp):
        y, ty = jvp(bowl, (x, p), (x, tp))
        again, pullback = vjp(bowl, x, p)
        dx, dp = pullback(2.0)
        product = jvp(slope_of_bowl, (x, p), (x, (0.0, 0.0)))[1]
        return y, ty, again, dx, dp, product

    y, ty, again, dx, dp, product = run(X, (1.0, 2.0), (0.5, 0.25))
    assert y == again == 10.0 and ty == 26.25
    assert np.allclose(dx, 8.0 * X) and dp == (20.0, 10.0) and np.allclose(product, 4.0 * X)


@compiled
def test_hessians_and_their_products():
    cube = jacobian(lambda x: x**3)
    curvature, product = hessian(f), hvp(f)

    @numba.njit
    def newton(x):
        return x - np.linalg.solve(curvature(x), slope(x)), product(x, x), cube(x)

    moved, times_x, by_columns = newton(X)
    assert np.allclose(moved, 0.0) and np.allclose(times_x, [6.0, 24.0])
    assert np.allclose(by_columns, np.diag(3.0 * X**2))


@compiled
@only_compiled
def test_calls_of_products_that_are_refused():
    @numba.njit
    def two_tangents(x):
        return jvp(waves, (x,), (x, x))

    with pytest.raises(numba.core.errors.TypingError, match="1 arguments and 2 tangents were given"):
        two_tangents(X)

    @numba.njit
    def no_function(x):
        return vjp(x, x)

    with pytest.raises(numba.core.errors.TypingError, match="take an @njit function"):
        no_function(X)

    @numba.njit
    def no_argument(x):
        return vjp(waves)

    with pytest.raises(numba.core.errors.TypingError, match="at least one argument"):
        no_argument(X)


@custom_vjp
def softplus(x):
    return np.log(1.0 + np.exp(x))


softplus.defvjp(lambda x: (softplus(x), x), lambda x, dy: (dy / (1.0 + np.exp(-x)),))


@compiled
def test_a_function_with_a_rule_is_called_in_compiled_code():
    """There it is the function; where a derivative is taken, the rule holds."""

    @numba.njit
    def loss(x):
        return softplus(x) * 2.0

    slope_of_loss, curvature = grad(loss), hessian(loss)

    @numba.njit
    def run(x):
        return loss(x), slope_of_loss(x), curvature(x), jvp(loss, (x,), (3.0,))[1]

    assert np.allclose(run(0.0), (2.0 * np.log(2.0), 1.0, 0.5, 3.0), rtol=1e-15)


@compiled
def test_an_item_of_a_tuple_by_a_computed_number():
    def f(parts, x):
        k, s = 0, 1.0
        while k < len(parts):
            s = s * np.sum(parts[k] * x)
            k += 1
        return s

    slope_of_f = grad(f)

    @numba.njit
    def run(a, b, x):
        return slope_of_f((a, b), x)

    a, b = run(X, V, X)
    assert np.allclose(a, np.sum(V * X) * X) and np.allclose(b, np.sum(X * X) * X)
