"""Jacobians in the hands of SciPy's solvers and of lmfit: each calls the Jacobian and finds the solution."""

import numpy as np
import pytest
import scipy.integrate as si
import scipy.optimize as so

from dlsrc import jacobian, value_and_grad
from dlsrc.optim import for_lmfit

from .test_optimizers import START, Counting, valley


def powell(x):
    return np.array([x[0] + np.exp(-x[1]) - 2.0, x[0] * x[1] ** 2 - 0.5, x[2] ** 3 + x[0] - 1.2])


@pytest.mark.parametrize("method", ["hybr", "lm"])
def test_root_takes_the_jacobian(method):
    slopes = Counting(jacobian(powell))
    found = so.root(powell, np.array([1.0, 0.5, 0.5]), jac=slopes, method=method, tol=1e-12)
    slopes.assert_used()
    assert found.success and np.max(abs(powell(found.x))) < 1e-10


@pytest.mark.parametrize("method", ["trust-constr", "SLSQP"])
def test_constraints_take_the_jacobian(method):
    def constraints(x):
        return np.array([x[0] ** 2 + x[1] ** 2, x[0] * x[1] + x[2]])

    slopes = Counting(jacobian(constraints))
    limits = so.NonlinearConstraint(constraints, [0.0, -np.inf], [1.5, 1.2], jac=slopes)
    found = so.minimize(
        value_and_grad(valley), START, jac=True, method=method, constraints=limits, tol=1e-10,
        options={"maxiter": 3000},
    )  # fmt: skip
    slopes.assert_used()
    at = constraints(found.x)
    assert at[0] < 1.5 + 1e-6 and at[1] < 1.2 + 1e-6
    # Both ways of asking give the optimum that differences give.
    exact = so.minimize(valley, found.x, method="SLSQP", constraints=[
        {"type": "ineq", "fun": lambda x: 1.5 - constraints(x)[0]}, {"type": "ineq", "fun": lambda x: 1.2 - constraints(x)[1]},
    ], tol=1e-12)  # fmt: skip
    assert abs(exact.fun - found.fun) < 1e-5 * max(1.0, abs(exact.fun))


def rober(t, y):
    """Robertson's reaction: stiff."""
    fast = 1e4 * y[1] * y[2]
    slow = 3e7 * y[1] ** 2
    return np.array([-0.04 * y[0] + fast, 0.04 * y[0] - fast - slow, slow])


@pytest.mark.parametrize("method", ["Radau", "BDF"])
def test_stiff_equations_take_the_jacobian(method):
    slopes = Counting(jacobian(rober, argnums=1))
    found = si.solve_ivp(rober, (0.0, 40.0), [1.0, 0.0, 0.0], method=method, jac=slopes, rtol=1e-8, atol=1e-12)
    slopes.assert_used()
    # Hairer & Wanner, Solving Ordinary Differential Equations II, at t = 40
    assert np.allclose(found.y[:, -1], [0.7158270687, 0.9185534765e-5, 0.2841637457], rtol=1e-5)


# ---------------------------------------------------------------------------------- lmfit


T = np.linspace(0.0, 4.0, 30)
TRUE = {"a": 2.5, "k": 1.3, "c": 0.4}


def decay(p, t, y):
    return p["a"] * np.exp(-p["k"] * t) + p["c"] - y


def test_lmfit_takes_the_columns_of_what_varies():
    lmfit = pytest.importorskip("lmfit", reason="lmfit is not installed (extra `test`)")
    fcn, columns = for_lmfit(decay)
    counted = Counting(columns)
    y = decay(TRUE, T, 0.0)
    params = lmfit.Parameters()
    params.add("a", 1.0, min=0.0, max=10.0)
    params.add("k", 0.5)
    params.add("c", TRUE["c"], vary=False)
    found = lmfit.minimize(fcn, params, args=(T, y), method="leastsq", Dfun=counted)
    assert counted.calls > 0 and found.success  # lmfit scales the columns in place: they are its own
    for name, value in TRUE.items():
        assert abs(found.params[name].value - value) < 1e-7
    assert columns(params, T, y).shape == (30, 2)


def test_parameters_that_are_tied_by_an_expression_are_refused():
    lmfit = pytest.importorskip("lmfit", reason="lmfit is not installed (extra `test`)")
    params = lmfit.Parameters()
    params.add("a", 1.0)
    params.add("k", 0.5)
    params.add("c", expr="2 * k")
    with pytest.raises(ValueError, match="'c' is tied to others by an expression"):
        for_lmfit(decay)[1](params, T, T)
