"""Residuals and models with their Jacobians in SciPy's own fits."""

import pickle

import numpy as np
import pytest
from scipy.optimize import curve_fit, least_squares

from dlsrc import adjoint_source, model_and_jacobian, residual_and_jacobian
from tests.oracle import assert_close

compiled = pytest.mark.compiled

T = np.linspace(0.0, 4.0, 60)
Y = 2.5 * np.exp(-1.3 * T) + 0.5 + 0.05 * np.sin(40 * T)
START = np.array([1.0, 1.0, 0.0])


def residual(x, t, y):
    r = np.empty(t.size)
    for i in range(t.size):
        r[i] = x[0] * np.exp(-x[1] * t[i]) + x[2] - y[i]
    return r


def decay(t, a, b, c):
    return a * np.exp(-b * t) + c


def columns(x, t):
    return np.stack([np.exp(-x[1] * t), -x[0] * t * np.exp(-x[1] * t), np.ones_like(t)], axis=1)


@compiled
@pytest.mark.parametrize("method", ["trf", "dogbox", "lm"])
def test_least_squares(method):
    fun, jac = residual_and_jacobian(residual)
    found = least_squares(fun, START, jac=jac, args=(T, Y), method=method)
    exact = least_squares(residual, START, jac=lambda x, t, y: columns(x, t), args=(T, Y), method=method)
    assert_close(found.x, exact.x)
    assert (found.nfev, found.njev) == (exact.nfev, exact.njev)
    # Every call of fun is one evaluation, and none is made for jac.
    assert fun.shared.evaluations == found.nfev


def test_a_robust_loss_scales_in_place():
    fun, jac = residual_and_jacobian(residual)
    found = least_squares(fun, START, jac=jac, args=(T, Y), loss="soft_l1")
    exact = least_squares(residual, START, jac=lambda x, t, y: columns(x, t), args=(T, Y), loss="soft_l1")
    assert_close(found.x, exact.x)


@compiled
def test_curve_fit():
    model, jac = model_and_jacobian(decay)
    found, covariance = curve_fit(model, T, Y, jac=jac)  # no p0: the parameters are counted by the signature
    exact, expected = curve_fit(decay, T, Y, jac=lambda t, *p: columns(p, t))
    assert_close(found, exact)
    assert_close(covariance, expected)


def test_curve_fit_with_bounds_and_errors():
    model, jac = model_and_jacobian(decay)
    options = {"bounds": (0.0, 5.0), "sigma": np.linspace(0.05, 0.1, T.size)}
    found, _ = curve_fit(model, T, Y, jac=jac, **options)
    exact, _ = curve_fit(decay, T, Y, jac=lambda t, *p: columns(p, t), **options)
    assert_close(found, exact)


def test_one_evaluation_for_both():
    fun, jac = residual_and_jacobian(residual)
    x = np.array([1.0, 2.0, 3.0])
    r, j = fun(x, T, Y), jac(x, T, Y)
    assert fun.shared.evaluations == 1
    assert_close(r, residual(x, T, Y))
    assert_close(j, columns(x, T))
    jac(x, T, Y)
    assert fun.shared.evaluations == 2  # it was handed out: what SciPy has done with it nobody knows


def test_what_changed_in_between_is_noticed():
    fun, jac = residual_and_jacobian(residual)
    x, t = np.array([1.0, 2.0, 3.0]), T.copy()
    fun(x, t, Y)
    x[0] = 5.0
    assert_close(jac(x, t, Y), columns(x, t))
    fun(x, t, Y)
    t[:] = t + 1.0
    assert_close(jac(x, t, Y), columns(x, t))


def test_a_residual_that_is_a_number():
    fun, jac = residual_and_jacobian(lambda x: x[0] * x[1])
    x = np.array([2.0, 3.0])
    assert fun(x) == 6.0
    assert_close(jac(x), [[3.0, 2.0]])


def test_they_pickle_together():
    fun, jac = pickle.loads(pickle.dumps(residual_and_jacobian(residual)))
    x = np.array([1.0, 2.0, 3.0])
    fun(x, T, Y)
    assert_close(jac(x, T, Y), columns(x, T))
    assert fun.shared is jac.shared and fun.shared.evaluations == 1


def test_reading():
    fun, jac = residual_and_jacobian(residual)
    text = adjoint_source(jac, START, T, Y)
    assert text == adjoint_source(fun, START, T, Y)
    assert "return r, jac" in text
    fun(START, T, Y)
    assert fun.source == jac.source == text
    assert repr(jac) == "residual_and_jacobian(residual)[1]"
