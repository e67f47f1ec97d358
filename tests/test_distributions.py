"""scipy.stats: values beside SciPy's, also where no number can occur, and derivatives as a user asks for them."""

import numpy as np
import pytest
from scipy import stats
from scipy.stats import norm, poisson

from dlsrc import check, grad, hessian, value_and_grad
from dlsrc.disk import persist
from dlsrc.errors import UnsupportedSyntax
from dlsrc.evaluate import prepared
from dlsrc.disk.fingerprint import digest
from dlsrc.kernels.declaring.coverage import LAWS, OF_LAWS, declared_for

POINTS = np.array([-40.0, -2.5, -1.0, -0.3, 0.0, 1e-3, 0.2, 0.5, 0.999, 1.0, 1.7, 2.0, 6.0, 45.0])
SHAPES = {
    "lognorm": [(0.3,), (2.5,), (-1.0,)], "t": [(0.7,), (4.0,), (80.0,), (-1.0,)], "gamma": [(0.4,), (3.0,), (0.0,)],
    "chi2": [(1.0,), (7.0,), (-2.0,)], "beta": [(0.5, 0.7), (2.0, 5.0), (-1.0, 2.0)],
    "poisson": [(0.0,), (2.5,), (-1.0,)], "binom": [(6, 0.3), (6, 0.0), (6, 1.0), (6, 1.2)],
    "bernoulli": [(0.3,), (1.0,), (-0.1,)],
}  # fmt: skip
DISCRETE = ("poisson", "binom", "bernoulli")


@pytest.mark.parametrize("law", [law for law in LAWS if law not in ("dirichlet", "multivariate_normal")])
def test_values_are_scipys_wherever(law):
    scipys = getattr(stats, law)
    for name in OF_LAWS:
        declared = declared_for(f"scipy.stats.{law}.{name}") if hasattr(scipys, name) else None
        if declared is None:
            continue
        x = np.array([0.0, 0.02, 0.5, 0.98, 1.0]) if name == "ppf" else POINTS
        for shape in SHAPES.get(law, [()]):
            for place in [(), (1.0,)] if law in DISCRETE else [(), (0.5, 1.7), (0.0, -1.0)]:
                with np.errstate(all="ignore"):
                    found, expected = declared.body(x, *shape, *place), getattr(scipys, name)(x, *shape, *place)
                np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-300, err_msg=f"{name} {shape} {place}")


def likelihood(p, x, counts):
    total = np.sum(norm.logpdf(x, p[0], scale=np.exp(p[1])))
    total += np.sum(stats.t.logpdf(x, 3.0 + p[2] ** 2, loc=p[0]) + stats.norm.logcdf(x, loc=p[0]))
    total += np.sum(poisson.logpmf(counts, np.exp(p[2]))) + stats.beta.logpdf(0.3, np.exp(p[0]), 2.0)
    return total + stats.gamma.logpdf(np.exp(p[1]), 2.0, scale=0.5) + np.sum(stats.binom.logpmf(counts, 9, 0.4 + 0.1 * p[0]))


PARAMETERS, X, COUNTS = np.array([0.2, -0.3, 0.5]), np.array([0.3, -1.2, 2.0, 0.1]), np.array([0, 3, 1, 7])


def test_a_likelihood_has_derivatives():
    verdict = check(likelihood, PARAMETERS, X, COUNTS, argnums=0)
    assert verdict and verdict.modes is not None, str(verdict)
    slope = grad(likelihood)
    step = 1e-5 * np.eye(3)
    expected = [(slope(PARAMETERS + h, X, COUNTS) - slope(PARAMETERS - h, X, COUNTS)) / 2e-5 for h in step]
    np.testing.assert_allclose(hessian(likelihood)(PARAMETERS, X, COUNTS), expected, rtol=1e-6, atol=1e-7)


@pytest.mark.compiled
def test_a_compiled_likelihood():
    value, slope = value_and_grad(likelihood)(PARAMETERS, X, COUNTS)
    assert abs(value - likelihood(PARAMETERS, X, COUNTS)) < 1e-12 * abs(value)
    up, down = (likelihood(PARAMETERS + h * np.eye(3)[1], X, COUNTS) for h in (1e-6, -1e-6))
    assert abs(slope[1] - (up - down) / 2e-6) < 1e-7 * abs(slope[1])


def test_beyond_the_support_the_derivative_is_zero():
    x = np.array([-1.0, 2.0])
    for law, shape in ((stats.gamma, (1.5,)), (stats.expon, ()), (stats.lognorm, (0.5,)), (stats.beta, (2.0, 3.0))):
        slopes = grad(lambda x: np.sum(np.maximum(law.logpdf(0.2 * x, *shape), -50.0)))(x)  # noqa: B023
        assert slopes[0] == 0.0 and np.isfinite(slopes[1])


def test_vectors():
    half = np.array([[1.2, 0.3, 0.0], [0.4, 0.9, -0.2], [0.1, 0.5, 1.1]])
    points = np.array([[0.3, 1.0, -0.4], [1.1, 0.2, 0.0]])

    def gaussian(half, mean):
        cov = half @ half.T
        one = stats.multivariate_normal.logpdf(points[0], mean, cov) + stats.multivariate_normal.entropy(cov=cov)
        return one + np.sum(stats.multivariate_normal.logpdf(points, cov=cov))

    def simplex(p, alpha):
        share = np.exp(p) / np.sum(np.exp(p))
        both = np.stack((share, share[::-1])).T
        return stats.dirichlet.logpdf(share, alpha) + np.sum(stats.dirichlet.logpdf(both, alpha))

    for verdict in (check(gaussian, half, np.array([0.1, 0.2, 0.3])), check(simplex, points[0], np.array([1.5, 0.7, 2.0]))):
        assert verdict and verdict.compared == 4, str(verdict)
    for x, alpha in ((np.array([0.2, 0.9]), np.ones(2)), (np.array([0.5, 0.5]), np.array([1.0, -1.0]))):
        with pytest.raises(ValueError):
            value_and_grad(lambda a: stats.dirichlet.logpdf(x, a))(alpha)  # noqa: B023
    with pytest.raises(ValueError, match="positive"):
        grad(lambda c: stats.multivariate_normal.logpdf(points[0], cov=c))(-np.eye(3))


def test_programs_with_laws_can_be_kept_on_disk(monkeypatch):
    entry = prepared(likelihood, (PARAMETERS, X, COUNTS), {}, argnums=0)
    described = persist._described(entry.recipe)
    again = persist._recipe(described, likelihood, None, ())
    assert again is not None and again.bind(likelihood, None) is not None
    assert digest(likelihood)  # raises for what has no name that is the same in every process
    monkeypatch.setitem(globals(), "norm", stats.laplace)
    assert persist._recipe(described, likelihood, None, ()) is None and again.bind(likelihood, None) is None


FROZEN = norm(0.1, 2.0)


@pytest.mark.parametrize("function", [
    lambda x: np.sum(FROZEN.logpdf(x)), lambda x: np.sum(norm(x[0], 2.0).logpdf(x)), lambda x: np.sum(norm.isf(x)),
    lambda x: np.sum(stats.multivariate_normal.logpdf(x)), lambda x: np.sum(stats.gamma.cdf(1.0, x)),
], ids=["frozen", "frozen inside", "isf", "no covariance", "by a shape"])  # fmt: skip
def test_what_has_no_rule_is_refused(function):
    with pytest.raises(UnsupportedSyntax):
        grad(function)(np.array([0.3, 0.4]))
