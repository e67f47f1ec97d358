"""scipy.special: values to the last digits, derivatives at the edges of domains, what is refused."""

import math

import numpy as np
import pytest
import scipy.special as sp

import dlsrc
from dlsrc.errors import DlsrcError
from dlsrc.kernels.declaring.differences import derivative
from dlsrc.kernels.primitive import Composite, Sample, registry
from tests.oracle import Programs, vector

programs = Programs()

POINTS = np.array([-9.7, -3.3, -1.5, -0.7, -1e-3, 1e-3, 0.1, 0.5, 0.97, 1.3, 2.6, 7.9, 10.1, 31.0, 150.0])
SHAPES = np.array([0.03, 0.5, 1.0, 2.5, 9.9, 10.1, 60.0])
OWN = {"sigmoid": "expit"}


def standing_for(module):
    for name, declared in registry.items():
        for function in declared.functions:
            if isinstance(function, str) and function.startswith("scipy.special."):
                yield name, function.rpartition(".")[2]


SKIPPED = {"softmax", "log_softmax", "logsumexp", "softplus", "multigammaln"}


@pytest.mark.parametrize(("name", "function"), [n for n in standing_for("scipy.special") if n[1] not in SKIPPED])
def test_values_are_scipys_to_the_last_digits(name, function):
    declared, reference = registry[name], getattr(sp, function)
    count = len(next(c for c in declared.cases if isinstance(c, Sample)).args)
    grids = {1: (POINTS,), 2: (SHAPES[:, None], abs(POINTS)), 3: (SHAPES[:, None, None], SHAPES[:, None], POINTS)}[count]
    if function in ("polygamma", "yn"):  # an order is a whole number
        grids = (2, abs(POINTS))
    with np.errstate(all="ignore"):
        found, expected = declared(*grids), reference(*grids)
    # beyond 1e300 and below 1e-300 one of the two overflows first
    plain = (abs(expected) < 1e300) & (abs(expected) > 1e-290) | (expected == 0)
    scale = 1e-12 * np.maximum(1.0, abs(np.log(np.where(plain, abs(expected), 1) + 1e-300)) / 30)
    off = abs(found - expected) > scale * abs(expected) + 1e-300
    assert not np.any(off & plain), (grids, found[off & plain], expected[off & plain])
    assert np.array_equal(np.isnan(found), np.isnan(expected))


# ---------------------------------------------------------------------------------- derivatives at the edges


def slope(f, x):
    return float(dlsrc.grad(f)(x))


@pytest.mark.parametrize("x", [-1e5, -40.0, -5.0, 0.0, 5.0])
def test_the_slope_of_log_ndtr_has_all_its_digits(x):
    """The Mills ratio: -x + 1/x + … far below zero, where the density and its integral underflow."""
    expected = math.sqrt(2 / math.pi) / sp.erfcx(-x / math.sqrt(2))
    assert slope(lambda t: sp.log_ndtr(t), x) == pytest.approx(expected, rel=1e-13)
    if x < -1e3:
        assert expected == pytest.approx(-x - 1 / x, rel=1e-13)


@pytest.mark.parametrize("x", [29.0, 31.0, 100.0, 1e6])
def test_the_slope_of_erfcx_has_all_its_digits(x):
    """The integral of -t**2 exp(-t**2 / 4 - x t) / sqrt(pi) …: here from the continued fraction's relative, w'."""
    series = sum((-1) ** k * (2 * k + 1) * math.prod(range(1, 2 * k, 2)) / (2 * x * x) ** k for k in range(9))
    assert slope(lambda t: sp.erfcx(t), x) == pytest.approx(-series / (math.sqrt(math.pi) * x * x), rel=1e-12)


@pytest.mark.parametrize("x", [-30.0, -0.7001, -0.6999, -1e-9, 0.0, 1e-4, 0.6999, 0.7001, 20.0])
def test_the_slope_of_exprel_has_all_its_digits(x):
    if abs(x) < 1:
        expected = sum(k * x ** (k - 1) / math.factorial(k + 1) for k in range(1, 40))
    else:
        expected = (math.exp(x) * (x - 1) + 1) / x**2
    assert slope(lambda t: sp.exprel(t), x) == pytest.approx(expected, rel=3e-15)


@pytest.mark.parametrize("p", [1e-300, 1e-10, 1 - 1e-9])
def test_quantiles_and_their_slopes_are_inverse_to_each_other(p):
    q = sp.ndtri(p)
    assert slope(lambda t: sp.ndtri(t), p) * (math.exp(-q * q / 2) / math.sqrt(2 * math.pi)) == pytest.approx(1)
    assert slope(lambda t: sp.logit(t), p) == pytest.approx(1 / (p * (1 - p)), rel=1e-13)


@pytest.mark.parametrize("x", [-800.0, -40.0, 40.0, 800.0])
def test_saturated_slopes_are_finite(x):
    for f in (lambda t: sp.expit(t), lambda t: sp.log_expit(t), lambda t: sp.log_ndtr(t), lambda t: sp.erf(t)):
        assert 0.0 <= slope(f, x) <= 1e3


def test_the_density_of_a_large_shape_keeps_its_digits():
    """At a = 1e8 the logarithms in the exponent are 1e9 and cancel to three."""
    a = 1e8
    peak = math.sqrt(a / (2 * math.pi)) / a * (1 - 1 / (12 * a))
    assert slope(lambda x: sp.gammainc(a, x), a) == pytest.approx(peak, rel=1e-12)


@pytest.mark.parametrize("x", [1e-12, 1e-6, 1e-3, 0.0999, 0.1001, 2.0, 50.0])
def test_bessel_slopes_near_zero(x):
    assert slope(lambda t: sp.j1(t), x) == pytest.approx(sp.jvp(1, x), rel=1e-13)
    assert slope(lambda t: sp.i1(t), x) == pytest.approx(sp.ivp(1, x), rel=1e-13)


# ---------------------------------------------------------------------------------- programs


@programs(vector(4), 2.5, argnums=(0, 1), compiled=True)
def student_t(r, df):
    z = sp.gammaln(0.5 * (df + 1)) - sp.gammaln(0.5 * df) - 0.5 * np.log(np.pi * df)
    return np.sum(z - 0.5 * (df + 1) * np.log1p(r * r / df))


@programs(vector(4), 1.7, argnums=(0, 1), compiled=True)
def von_mises(x, kappa):
    return np.sum(kappa * (np.cos(x) - 1)) - len(x) * np.log(2 * np.pi * sp.i0e(kappa))


@programs(vector(5), 0.7, argnums=(0, 1), compiled=True)
def tobit_with_quantiles(x, s):
    total = 0.0
    for i in range(len(x)):
        if x[i] > 1.0:
            total += sp.log_ndtr(x[i] / s) + sp.ndtri(0.3 * x[i])
        else:
            total += sp.xlogy(x[i], s) + sp.gammaincc(2.5, x[i] * s)
    return total


@programs(vector(3), 0.4, argnums=(0, 1), compiled=True)
def of_numbers_and_of_arrays(x, a):
    return sp.i1(x[0]) * a + np.sum(sp.i1(x)) + np.sum(sp.erfinv(0.5 * x)) * sp.erfinv(a) + np.sum(np.abs(x - 1.0))


@programs(vector(3), 0.4, argnums=(0, 1))
def transformed(x, lmbda):
    y = sp.boxcox(x, lmbda)
    return np.sum(sp.inv_boxcox(0.5 * y, lmbda)) + np.sum(y * y)


@programs(vector(3), 0.0, argnums=(0, 1))
def transformed_by_the_logarithm(x, lmbda):
    return np.sum(sp.boxcox(x, lmbda) ** 2)


@programs(vector(3, 4), vector(4), argnums=(0, 1))
def weighted_mixture(x, w):
    return np.sum(sp.logsumexp(x, axis=1, b=w)) + sp.logsumexp(x[0], b=w[0])


@programs(vector(3, 4))
def weights_of_zero(x):
    return np.sum(sp.logsumexp(x, axis=1, b=np.array([0.0, 1.0, 2.0, 0.0])))


@programs(vector(3), vector(3, low=2.0, high=3.0), argnums=(0, 1))
def divergences(a, b):
    return np.sum(sp.rel_entr(a, b) + sp.kl_div(b, a)) + np.sum(sp.huber(1.0, b - 2 * a) + sp.pseudo_huber(a, b))


@programs(vector(3), 1.5, argnums=(0, 1))
def dirichlet(a, b):
    return sp.betaln(a[0], b) + sp.multigammaln(a[1] + 2.0, 3) + sp.beta(a[2], b) + math.lgamma(b) * math.gamma(b)


test_programs = programs.test()


def test_second_derivatives():
    """By differences of dlsrc's own first ones."""
    def f(a):
        return np.sum(sp.i1(a) + sp.erfcx(a) + sp.jv(2, a) + sp.log_ndtr(a) + sp.gammainc(2.5, a) + sp.exprel(a))

    def along(a, v):
        return np.sum(dlsrc.dlgradient(f(a), a, enable_higher_derivatives=True) * v)

    a, v = np.array([0.05, 0.6, 2.0, 31.5]), np.array([1.0, -2.0, 0.5, 1.5])
    expected = derivative(lambda t: dlsrc.grad(f)(a + 0.02 * t * v)) / 0.02
    np.testing.assert_allclose(dlsrc.grad(along)(a, v), expected, rtol=1e-9)


# ---------------------------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("function", "args", "words"),
    [
        (lambda v: sp.jv(v, 1.3), (0.5,), "`jv` by its order"),
        (lambda a: sp.gammainc(a, 1.3), (0.5,), "`gammainc` by its parameter a"),
        (lambda b: sp.betainc(0.3, b, 0.2), (0.5,), "`betainc` by its parameter b"),
        (lambda s: sp.zeta(s, 2.0), (2.5,), "`zeta` by its first"),
        (lambda x: sp.logsumexp(x * np.ones(3), return_sign=True)[0], (2.5,), "return_sign"),
    ],
)
def test_a_derivative_that_is_not_known_is_refused(function, args, words):
    with pytest.raises(DlsrcError, match=words):
        dlsrc.grad(function)(*args)


def test_the_order_may_be_anything_that_is_not_differentiated_by():
    def f(x):
        total = 0.0
        for n in range(4):
            total += sp.jv(n, x) * sp.kv(0.5 * n, x)
        return total

    expected = sum(sp.jvp(n, 1.3) * sp.kv(0.5 * n, 1.3) + sp.jv(n, 1.3) * sp.kvp(0.5 * n, 1.3) for n in range(4))
    assert slope(f, 1.3) == pytest.approx(expected, rel=1e-13)


def test_every_composite_stands_for_something_that_exists():
    for declared in registry.values():
        for function in declared.functions if isinstance(declared, Composite) else ():
            if isinstance(function, str) and function.startswith("scipy.special."):
                assert hasattr(sp, function.rpartition(".")[2])
