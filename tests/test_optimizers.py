"""Derivatives in the hands of the optimizers that people use: each calls the gradient and finds the optimum."""

import concurrent.futures
import multiprocessing
import pickle

import numpy as np
import pytest
import scipy.optimize as so

from dlsrc import grad, value_and_grad
from dlsrc.optim import for_nlopt


def valley(x):
    """Rosenbrock's function; its minimum is 0 at (1, …, 1)."""
    total = 0.0
    for i in range(len(x) - 1):
        total += 100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2
    return total


def bowl(x, centre, scale):
    return scale * np.sum((x - centre) ** 2) + np.sum(x**4)


START = np.array([-1.2, 1.0, 0.7])
ONES = np.ones(3)


class Counting:
    """A function that counts its calls, and remembers what it gave."""

    def __init__(self, function):
        self.function = function
        self.calls = 0
        self.given = []

    def __call__(self, *args):
        self.calls += 1
        result = self.function(*args)
        gradient = result[1] if isinstance(result, tuple) else result
        self.given.append((gradient, np.array(gradient)))
        return result

    def assert_used(self):
        """Called, and nothing that was given has been written to since."""
        assert self.calls > 0
        for given, as_it_was in self.given:
            assert np.array_equal(given, as_it_was)


# ---------------------------------------------------------------------------------- scipy.optimize.minimize


# Trust-region methods that ask for second derivatives are tested with those.
METHODS = ["CG", "BFGS", "Newton-CG", "L-BFGS-B", "TNC", "SLSQP", "trust-constr"]


@pytest.mark.compiled
@pytest.mark.parametrize("method", METHODS)
def test_minimize_with_value_and_gradient(method):
    fused = Counting(value_and_grad(valley))
    options = {"TNC": {"maxfun": 2000, "ftol": 1e-16}, "trust-constr": {"maxiter": 2000, "gtol": 1e-10}}.get(method, {})
    result = so.minimize(fused, START, jac=True, method=method, tol=1e-10, options=options)
    fused.assert_used()
    assert np.allclose(result.x, ONES, atol=1e-4), result
    # A method that went without would ask for a value in every direction, for each gradient.
    assert fused.calls <= max(result.nfev, result.get("njev", 0)) + 1


@pytest.mark.parametrize("method", METHODS)
def test_minimize_with_a_gradient_of_its_own(method):
    slope = Counting(grad(valley))
    options = {"TNC": {"maxfun": 2000, "ftol": 1e-16}, "trust-constr": {"maxiter": 2000, "gtol": 1e-10}}.get(method, {})
    result = so.minimize(valley, START, jac=slope, method=method, tol=1e-10, options=options)
    slope.assert_used()
    assert np.allclose(result.x, ONES, atol=1e-5), result


@pytest.mark.parametrize("method", ["L-BFGS-B", "SLSQP"])
def test_minimize_passes_arguments_and_bounds_on(method):
    fused = Counting(value_and_grad(bowl))
    centre = np.array([0.5, -0.5, 2.0])
    result = so.minimize(fused, np.zeros(3), args=(centre, 3.0), jac=True, method=method, bounds=[(0, 0.4)] * 3)
    fused.assert_used()
    free = so.brentq(lambda t: 6 * (t - 0.5) + 4 * t**3, 0, 1)  # within the bounds: where the slope is zero
    assert np.allclose(result.x, [min(free, 0.4), 0.0, 0.4], atol=1e-6)


@pytest.mark.parametrize("method, dtype", [("SLSQP", "int64"), ("L-BFGS-B", "float32"), ("BFGS", "int64")])
def test_minimize_starts_from_other_dtypes(method, dtype):
    # After jax#936.  (SciPy 1.17's own SLSQP refuses a float32 start, whatever the function gives.)
    result = so.minimize(value_and_grad(valley), START.astype(dtype), jac=True, method=method, tol=1e-12)
    assert np.allclose(result.x, ONES, atol=1e-3), result


def inequality(x):
    return 1.5 - np.sum(x**2)


def equality(x):
    return x[0] + x[1] - 1.0


def test_slsqp_takes_gradients_of_constraints():
    slopes = Counting(grad(inequality)), Counting(grad(equality))
    result = so.minimize(
        value_and_grad(valley), START, jac=True, method="SLSQP", tol=1e-12,
        constraints=[
            {"type": "ineq", "fun": inequality, "jac": slopes[0]}, {"type": "eq", "fun": equality, "jac": slopes[1]},
        ],
    )  # fmt: skip
    for slope in slopes:
        slope.assert_used()
    assert result.success and abs(equality(result.x)) < 1e-9 and inequality(result.x) > -1e-9


def test_basinhopping_and_dual_annealing_use_the_gradient_of_their_local_search():
    fused = Counting(value_and_grad(valley))
    result = so.basinhopping(fused, START, minimizer_kwargs={"method": "L-BFGS-B", "jac": True}, niter=3, rng=1)
    fused.assert_used()
    assert np.allclose(result.x, ONES, atol=1e-3)
    slope = Counting(grad(valley))
    result = so.dual_annealing(
        valley, [(-2, 2)] * 3, maxiter=5, rng=1, minimizer_kwargs={"method": "L-BFGS-B", "jac": slope}
    )
    slope.assert_used()
    assert np.allclose(result.x, ONES, atol=1e-3)


def shifted_cube(x):
    return x**3 - 2.0


def test_newton_takes_the_derivative_of_a_function_of_one_number():
    slope = grad(shifted_cube)
    root, details = so.newton(shifted_cube, 1.5, fprime=slope, full_output=True)
    assert details.converged and abs(root - 2 ** (1 / 3)) < 1e-12
    found = so.root_scalar(value_and_grad(shifted_cube), fprime=True, x0=1.5, method="newton")
    assert found.converged and abs(found.root - 2 ** (1 / 3)) < 1e-12


# ---------------------------------------------------------------------------------- other libraries


def test_iminuit_takes_the_gradient():
    iminuit = pytest.importorskip("iminuit", reason="iminuit is not installed (extra `test`)")
    slope = Counting(grad(valley))
    fit = iminuit.Minuit(valley, START, grad=slope)
    fit.errordef = iminuit.Minuit.LEAST_SQUARES
    fit.tol = 1e-7
    fit.migrad()
    slope.assert_used()
    assert fit.valid and np.allclose(fit.values, ONES, atol=1e-3)
    # ngrad counts calls of the gradient that was given; without one it stays zero.
    assert fit.ngrad == slope.calls - 1 or fit.ngrad > 0


def saddle(a, b):
    return (a - 1.0) ** 2 + 10.0 * (b - a**2) ** 2


def test_iminuit_takes_a_gradient_by_named_numbers():
    iminuit = pytest.importorskip("iminuit", reason="iminuit is not installed (extra `test`)")
    slope = Counting(grad(saddle, argnums=(0, 1)))
    fit = iminuit.Minuit(saddle, a=0.0, b=3.0, grad=slope)
    fit.errordef = iminuit.Minuit.LEAST_SQUARES
    fit.tol = 1e-7
    fit.migrad()
    assert slope.calls > 0 and fit.valid and np.allclose(fit.values, [1, 1], atol=1e-3)


def disc(x):
    return np.sum(x**2) - 1.5


@pytest.mark.parametrize("method", ["LD_LBFGS", "LD_MMA", "LD_SLSQP", "LN_COBYLA"])
def test_nlopt_has_its_buffer_filled(method):
    nlopt = pytest.importorskip("nlopt", reason="nlopt is not installed (extra `test`)")
    filled = []

    def objective(x, slope):
        value = for_nlopt(valley)(x, slope)
        filled.append(slope.size)
        return value

    optimizer = nlopt.opt(getattr(nlopt, method), 3)
    optimizer.set_min_objective(objective)
    optimizer.set_ftol_rel(1e-12)
    optimizer.set_maxeval(5000)
    if method != "LD_LBFGS":
        optimizer.add_inequality_constraint(for_nlopt(disc), 1e-10)
    found = optimizer.optimize(START)
    assert (3 in filled) is method.startswith("LD")  # some ask for values alone now and then: size 0
    if method == "LD_LBFGS":
        assert np.allclose(found, ONES, atol=1e-4)
    else:
        best = so.minimize(valley, START, method="SLSQP", tol=1e-12, constraints={"type": "ineq", "fun": lambda x: -disc(x)})
        assert np.allclose(valley(found), best.fun, rtol=1e-2, atol=1e-6)


# ---------------------------------------------------------------------------------- processes and threads


def test_a_derivative_pickles():
    objective = pickle.loads(pickle.dumps(for_nlopt(bowl, ONES, 2.0)))
    assert objective(START, np.empty(3)) == bowl(START, ONES, 2.0)
    for derivative in (grad(valley), value_and_grad(valley)):
        again = pickle.loads(pickle.dumps(derivative))
        for a, b in zip(np.atleast_1d(again(START)[0]), np.atleast_1d(derivative(START)[0]), strict=True):
            assert a == b


STARTS = [START + 0.1 * k for k in range(6)]


def test_processes_share_a_derivative():
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        found = pool.map(grad(valley), STARTS)
    assert np.array_equal(found, [grad(valley)(x) for x in STARTS])


def test_joblib_shares_a_derivative():
    joblib = pytest.importorskip("joblib", reason="joblib comes with scikit-learn (extra `test`)")
    found = joblib.Parallel(n_jobs=2)(joblib.delayed(grad(valley))(x) for x in STARTS)
    assert np.array_equal(found, [grad(valley)(x) for x in STARTS])


@pytest.mark.compiled
def test_threads_share_a_derivative():
    def objective(x):
        return valley(x) + x[0]

    slope = grad(objective)  # not compiled yet: the threads race for it
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        found = list(pool.map(slope, STARTS * 50))
    assert np.array_equal(found, [slope(x) for x in STARTS] * 50)
