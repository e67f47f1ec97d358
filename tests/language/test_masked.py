"""What is not chosen has no derivative, where its own would be infinite or nan: zero times infinity stays zero.

The edge points that differentiators are known to fail at (jax#5798, jax#22398, jax#23842, tf#127232, autograd#151);
expected gradients are those of the side that is chosen.  What is not chosen by a mask follows IEEE arithmetic.
"""

import math

import numpy as np
import pytest
from scipy.special import xlogy

import dlsrc

ZERO = np.array([0.0, 4.0])
POINTS: list = []


def point(*args, expect, compiled=False):
    """A function, where it is differentiated, and what its gradient by the first argument is there."""

    def collect(f):
        marks = (pytest.mark.compiled,) if compiled else ()
        POINTS.append(pytest.param(f, args, expect, id=f.__name__, marks=marks))
        return f

    return collect


# ---------------------------------------------------------------------------------- np.where


@point(ZERO, expect=[0.0, 0.25], compiled=True)
def where_square_root(x):
    return np.sum(np.where(x > 0, np.sqrt(x), 0.0))


@point(ZERO, expect=[0.0, 0.25])
def where_logarithm(x):
    return np.sum(np.where(x > 0, np.log(x), 0.0))


@point(ZERO, expect=[0.0, 1.0 + math.log(4.0)])
def where_entropy(x):
    return np.sum(np.where(x > 0, x * np.log(x), 0.0))


@point(ZERO, expect=[0.0, -0.0625])
def where_reciprocal(x):
    return np.sum(np.where(x > 0, 1.0 / x, 0.0))


@point(ZERO, expect=[0.0, 0.25])
def where_power(x):
    return np.sum(np.where(x > 0, x**0.5, 0.0))


@point(ZERO, 0.5, expect=[0.0, 0.25])
def where_power_of_an_argument(x, b):
    return np.sum(np.where(x > 0, x**b, 0.0))


@point(np.array([-2.0, 0.0, 0.5]), expect=[0.0, 1.0, 1.0 / math.sqrt(0.75)])
def where_arcsine(x):
    return np.sum(np.where(np.abs(x) < 1, np.arcsin(x), 0.0))


@point(ZERO, expect=[0.0, math.cos(4.0) / 4.0 - math.sin(4.0) / 16.0])
def where_sinc(x):
    return np.sum(np.where(x != 0, np.sin(x) / x, 1.0))


@point(np.array([1000.0, 1.0]), expect=[1.0, 1.0 / (1.0 + math.exp(-1.0))])
def where_softplus_that_overflows(x):
    return np.sum(np.where(x > 30, x, np.log(1 + np.exp(x))))


@point(np.array([1000.0, 1.0]), expect=[0.0, 2.0 * math.e])
def where_product_with_an_infinity(x):
    e = np.exp(x)
    return np.sum(np.where(x < 700, x * e, 0.0))


@point(0.0, expect=0.0, compiled=True)
def where_of_numbers(a):
    return np.where(a > 0, np.sqrt(a), 0.0) + 1.0


@point(np.array([0.0, 4.0], np.float32), expect=[0.0, 0.25])
def where_in_single_precision(x):
    return np.sum(np.where(x > 0, np.sqrt(x), np.float32(0)))


# ---------------------------------------------------------------------------------- norms and what divides by them


@point(np.zeros(3), expect=[0.0, 0.0, 0.0])
def norm_at_zero(x):
    return np.linalg.norm(x)


@point(np.zeros(2), expect=[0.0, 0.0], compiled=True)
def direction_of_nothing(x):
    n = np.linalg.norm(x)
    return np.sum(np.where(n > 0, x / n, 0.0))


@point(np.array([[0.0, 0.0], [3.0, 4.0]]), expect=[[0.0, 0.0], [0.128, -0.096]])
def directions_of_rows(A):
    n = np.sqrt(np.sum(A * A, axis=1))
    return np.sum(np.where(n > 0, A[:, 0] / n, 0.0))


@point(np.array([0.0, 3.0]), expect=[0.0, 0.0])
def standard_score_of_a_constant(x):
    s = np.sqrt(x[0] * x[0])
    return np.where(s > 0, x[1] / s, 0.0) + 0.0 * x[1]


# ---------------------------------------------------------------------------------- masks, slices, extremes, bounds


@point(ZERO, expect=[0.0, 0.25], compiled=True)
def masked_read(x):
    y = np.sqrt(x)
    return np.sum(y[x > 0])


@point(ZERO, expect=[0.0, 0.25])
def masked_write(x):
    y = np.log(x)
    y[x <= 0] = 0.0
    return np.sum(y)


@point(ZERO, expect=[0.0, 0.25])
def sliced_read(x):
    y = np.sqrt(x)
    return np.sum(y[1:])


@point(ZERO, expect=[0.0, 0.25])
def written_over_by_a_boundary(x):
    y = np.zeros(2)
    for i in range(2):
        y[i] = np.sqrt(x[i])
    y[0] = 1.0
    return np.sum(y)


@point(ZERO, expect=[0.0, 0.25])
def largest_root(x):
    return np.max(np.sqrt(x))


@point(ZERO, expect=[0.0, 0.25])
def bounded_below(x):
    return np.sum(np.maximum(np.sqrt(x), 1.0))


@point(ZERO, expect=[0.0, 0.25])
def clipped_logarithm(x):
    return np.sum(np.clip(np.log(x), -5.0, 5.0))


@point(np.array([-1.0, 0.0, 2.0, 5.0, 6.0]), expect=[0.0, 1.0, 1.0, 1.0, 0.0])
def clip_edges(x):
    return np.sum(np.clip(x, 0.0, 5.0))


@point(np.array([2.0, 2.0]), expect=[1.0, 0.0])
def tie(x):
    return np.maximum(x[0], x[1])


# ---------------------------------------------------------------------------------- branches


@point(ZERO, expect=[0.0, 1.0], compiled=True)
def root_used_on_one_way(x):
    r = np.sqrt(x[0])
    y = 0.0
    if x[0] > 0:
        y = r
    return y + x[1]


@point(ZERO, expect=[0.0, -0.0625])
def cutoff_in_a_loop(x):
    s = 0.0
    for i in range(2):
        r = np.sqrt(x[i])
        if r > 0:
            s += 1.0 / r
    return s


@point(ZERO, expect=[0.0, 0.25])
def conditional_expression(x):
    r = math.sqrt(x[0])
    return (r if x[0] > 0 else 0.0) + math.sqrt(x[1])


# ---------------------------------------------------------------------------------- powers, logarithms, exponentials


@point(0.0, expect=0.0)
def power_zero(a):
    return a**0


@point(2.0, expect=0.0)
def zero_to_the_power(b):
    return np.power(0.0, b)


@point(0.0, expect=-np.inf)
def zero_times_logarithm_by_xlogy(a):
    return xlogy(a, 0.0)


@point(np.array([0.7, 0.7]), expect=[0.5, 0.5])
def logaddexp_tie(x):
    return np.logaddexp(x[0], x[1])


@point(np.array([-np.inf, -np.inf]), expect=[0.5, 0.5])
def logaddexp_of_infinities(x):
    return np.logaddexp(x[0], x[1])


@point(np.array([1.0, -np.inf, 1.0]), expect=[0.5, 0.0, 0.5])
def logsumexp_of_a_masked_entry(x):
    m = np.max(x)
    return m + np.log(np.sum(np.exp(x - m)))


# ---------------------------------------------------------------------------------- what is chosen follows IEEE


@point(ZERO, expect=[np.inf, 0.25])
def square_root_at_zero(x):
    return np.sum(np.sqrt(x))


@point(ZERO, expect=[np.inf, 0.25])
def square_root_at_zero_that_is_chosen(x):
    return np.sum(np.where(x >= 0, np.sqrt(x), 0.0))


@point(0.0, expect=np.nan)
def zero_times_square_root(a):
    return 0.0 * np.sqrt(a)


# ---------------------------------------------------------------------------------- each way that a zero may take


@point(np.array([0.0, 4.0]), np.array([[-1.0, 1.0], [-2.0, 3.0]]), expect=[0.0, 0.5])
def chosen_after_it_was_spread_over_rows(x, M):
    return np.sum(np.where(M > 0, np.sqrt(x), 0.0))


@point(ZERO, expect=[1.0, 0.25 + math.exp(4.0)])
def both_operands_of_what_is_chosen(x):
    y = np.sqrt(x)
    z = np.exp(x)
    t = y[1] * 0.0 + z[0]
    return np.sum(np.where(x > 0, y + z, 0.0)) + t


@point(ZERO, expect=[0.0, 0.25 + 1.0])
def chosen_twice(x):
    y = np.sqrt(x)
    return np.sum(np.where(x > 0, y, 0.0)) + np.sum(np.where(x > 1, y * y, 2.0))


@point(ZERO, expect=[0.0, 0.25])
def written_over_in_a_branch(x):
    y = np.sqrt(x)
    if x[1] > 3.0:
        y[0] = 1.0
    return np.sum(y)


@point(ZERO, expect=[0.0, 0.25])
def written_over_in_the_other_branch(x):
    y = np.sqrt(x)
    if x[1] > 5.0:
        y = y + 1.0
    else:
        y[0] = 1.0
    return np.sum(y)


@pytest.mark.parametrize(("f", "args", "expected"), POINTS)
def test_edge_point(f, args, expected):
    with np.errstate(all="ignore"):
        found = dlsrc.grad(f)(*args)
    np.testing.assert_allclose(found, expected, rtol=1e-7 if np.asarray(args[0]).dtype == np.float32 else 1e-14)


@pytest.mark.parametrize(("f", "args", "expected"), [p.values for p in POINTS])
def test_edge_point_in_forward_mode(f, args, expected):
    """A tangent that is zero stays zero where the slope is infinite, as the cotangent of what was not chosen."""
    with np.errstate(all="ignore"):
        found = dlsrc.jacfwd(f)(*args)
    np.testing.assert_allclose(found, expected, rtol=1e-7 if np.asarray(args[0]).dtype == np.float32 else 1e-14)


def self_distances_are_infinite(x):
    d = np.zeros((len(x), len(x)))
    for i in range(len(x)):
        for j in range(len(x)):
            d[i, j] = np.sqrt(np.sum((x[i] - x[j]) ** 2))
    np.fill_diagonal(d, np.inf)
    return -np.sum(1.0 / d)


def self_distances_at_once(x):
    r = x[:, None, :] - x[None, :, :]
    d = np.sqrt(np.sum(r**2, axis=2))
    np.fill_diagonal(d, np.inf)
    return -np.sum(1.0 / d)


def self_distances_left_out(x):
    total = 0.0
    for i in range(len(x)):
        for j in range(len(x)):
            r = np.sqrt(np.sum((x[i] - x[j]) ** 2))
            if i != j:
                total -= 1.0 / r
    return total


@pytest.mark.parametrize("f", [self_distances_are_infinite, self_distances_at_once, self_distances_left_out])
def test_bodies_do_not_attract_themselves(f):
    def by_pairs(x):
        return -2.0 * sum(1.0 / np.sqrt(np.sum((x[i] - x[j]) ** 2)) for i in range(3) for j in range(i))

    x, v = np.array([[0.3, -0.5], [1.2, 0.4], [-0.7, 0.9]]), np.array([[0.1, 0.4], [-0.3, 0.2], [0.5, -0.6]])
    for made in (dlsrc.grad, dlsrc.jacfwd, dlsrc.hessian, lambda f: lambda x: dlsrc.hvp(f)(x, v)):
        np.testing.assert_allclose(made(f)(x), made(by_pairs)(x), rtol=1e-12, atol=1e-12)


def test_forward_mode_at_a_square_root_of_zero():
    """The slope is infinite along what moves, and none along what does not; a tangent of zero is no motion."""
    f, x = square_root_at_zero, np.array([0.0, 4.0])
    with np.errstate(all="ignore"):
        assert dlsrc.jacfwd(f)(x).tolist() == [np.inf, 0.25]
        assert dlsrc.jvp(f, (x,), (np.array([0.0, 1.0]),))[1] == 0.25
        # (x**2)**0.5 is |x|: 0 at 0, as by abs; the reverse sweep gives inf * 0, which is nan.
        assert dlsrc.jacfwd(lambda x: np.sum(np.sqrt(x**2)))(x).tolist() == [0.0, 1.0]


def test_a_cotangent_that_happens_to_be_zero_keeps_its_slope():
    """The test is for nan, not for zero: (sqrt(x) - 1)**2 has no slope at 1, and a second derivative."""

    def f(x):
        return np.sum(np.where(x > 0, (np.sqrt(x) - 1.0) ** 2, 0.0))

    assert "zero_if_masked" in dlsrc.adjoint_source(f, np.ones(2))
    slope = [dlsrc.grad(f)(np.array([1.0 + h, 0.0]))[0] for h in (-1e-6, 0.0, 1e-6)]
    assert slope[1] == 0.0
    assert abs((slope[2] - slope[0]) / 2e-6 - 0.5) < 1e-6


@pytest.mark.parametrize("f", [square_root_at_zero, zero_times_square_root, norm_at_zero])
def test_nothing_is_tested_where_nothing_is_chosen(f):
    argument = 0.5 if f is zero_times_square_root else np.ones(3)
    assert "zero_if_masked" not in dlsrc.adjoint_source(f, argument)
