"""Relative entropies, Huber's losses, and functions that keep their digits near a point.

Values are SciPy's, or written out as SciPy defines them.  At the border of a domain the derivative is that
from inside, as for ``entr``: infinite where the slope is vertical.
"""

import numpy as np

from ..declaring.foreign import special
from ..elementwise import expm1, log
from ..primitive import composite, kink, primitive, real, sample

__all__ = [
    "boxcox", "boxcox1p", "cosm1", "exprel", "huber", "inv_boxcox", "inv_boxcox1p", "kl_div", "pseudo_huber",
    "rel_entr",
]

exprel_of = special("exprel", 1)
cosm1_of = special("cosm1", 1)

# ---------------------------------------------------------------------------------- entropies


@primitive("scipy.special.rel_entr", elementwise=True, floats=True)
def rel_entr(a, b):
    """``a * log(a / b)``, zero where ``a`` is zero, infinite where one is negative."""
    if np.isnan(a) or np.isnan(b):
        return np.nan
    if a > 0 and b > 0:
        ratio = a / b
        if 0.5 < ratio < 2:
            return a * np.log1p((a - b) / b)
        return a * (np.log(a) - np.log(b))
    return 0.0 if a == 0 and b >= 0 else np.inf


@rel_entr.adjoint("a")
def rel_entr_da(dy, a, b):
    return dy * (np.log(a) - np.log(b) + 1)


@rel_entr.adjoint("b")
def rel_entr_db(dy, a, b):
    return -dy * (a / b) if a != 0 or b != 0 else 0.0


@primitive("scipy.special.kl_div", elementwise=True, floats=True)
def kl_div(a, b):
    """``a * log(a / b) - a + b``, the contribution of one class to a Kullback-Leibler divergence."""
    if np.isnan(a) or np.isnan(b):
        return np.nan
    if a > 0 and b > 0:
        return a * np.log(a / b) - a + b
    return b + 0.0 if a == 0 and b >= 0 else np.inf


@kl_div.adjoint("a")
def kl_div_da(dy, a, b):
    return dy * (np.log(a) - np.log(b))


@kl_div.adjoint("b")
def kl_div_db(dy, a, b):
    return dy * (1 - a / b) if a != 0 or b != 0 else dy * 1.0


for _function in (rel_entr, kl_div):
    _function.samples(
        sample(2.5, 0.7), sample(abs(real(3)), abs(real(2, 3))), sample(np.array([0.7, 0.701]), 0.7),
        sample(np.array([3.0, 20.0]), np.array([2.9, 0.5])),
    )
rel_entr.samples(kink(0.0, 0.7, expect={"a": -np.inf, "b": 0.0}))
kl_div.samples(kink(0.0, 0.7, expect={"a": -np.inf, "b": 1.0}))

# ---------------------------------------------------------------------------------- robust losses


@primitive("scipy.special.huber", elementwise=True, floats=True)
def huber(delta, x):
    """``x**2 / 2`` up to the distance ``delta``, from there on a straight line."""
    if delta < 0:
        return np.inf
    if np.abs(x) <= delta:
        return 0.5 * x * x
    return delta * (np.abs(x) - 0.5 * delta)


@huber.adjoint("delta")
def huber_ddelta(dy, delta, x):
    return dy * np.maximum(np.abs(x) - delta, 0.0)


@huber.adjoint("x")
def huber_dx(dy, delta, x):
    return dy * np.minimum(np.maximum(x, -delta), delta)


@primitive("scipy.special.pseudo_huber", elementwise=True, floats=True)
def pseudo_huber(delta, x):
    """``delta**2 * (sqrt(1 + (x / delta)**2) - 1)``, a smooth relative of Huber's loss."""
    if delta < 0:
        return np.inf
    if delta == 0 or x == 0:
        return 0.0
    t = (x / delta) ** 2
    return delta * delta * (t / (np.sqrt(1 + t) + 1))


@pseudo_huber.adjoint("delta")
def pseudo_huber_ddelta(dy, delta, x):
    if delta == 0:
        return dy * np.abs(x)
    t = (x / delta) ** 2
    s = np.sqrt(1 + t)
    return dy * (delta * (t / (s + 1)) ** 2 / s)


@pseudo_huber.adjoint("x")
def pseudo_huber_dx(dy, delta, x):
    if delta == 0:
        return dy * 0.0
    return dy * (x / np.sqrt(1 + (x / delta) ** 2))


for _function in (huber, pseudo_huber):
    _function.samples(
        sample(1.0, 0.3), sample(1.0, 2.5), sample(1.3, 2 * real(2, 3)),
        sample(np.array([0.5, 1.0, 2.0]), np.array([-1.5, 0.4, 3.0])),
    )
huber.samples(kink(1.0, 1.0, expect={"delta": 0.0, "x": 1.0}))
pseudo_huber.samples(kink(0.0, 0.7, expect={"delta": 0.7, "x": 0.0}), sample(1.0, 1e-9))

# ---------------------------------------------------------------------------------- near a point


@primitive("scipy.special.exprel", elementwise=True, floats=True)
def exprel(x):
    """``(exp(x) - 1) / x``, exact near zero."""
    return exprel_of(x)


@exprel.adjoint("x")
def exprel_dx(dy, x):
    if abs(x) < 0.7:
        # sum of k x^(k-1) / (k+1)!: the closed form would lose the digits that cancel in it
        return dy * (1 / 2 + x * (1 / 3 + x * (1 / 8 + x * (1 / 30 + x * (1 / 144 + x * (1 / 840 + x * (
            1 / 5760 + x * (1 / 45360 + x * (1 / 403200 + x * (1 / 3991680 + x * (1 / 43545600 + x * (
                1 / 518918400 + x * (1 / 6706022400 + x * (1 / 93405312000)
        )))))))))))))  # fmt: skip
    return dy * ((np.exp(x) * (x - 1) + 1) / (x * x))


@primitive("scipy.special.cosm1", elementwise=True, floats=True)
def cosm1(x):
    """``cos(x) - 1``, exact near zero."""
    return cosm1_of(x)


@cosm1.adjoint("x")
def cosm1_dx(dy, x):
    return -dy * np.sin(x)


for _function in (exprel, cosm1):
    _function.samples(
        sample(0.3), sample(real(2, 3)), sample(np.array([-9.0, -0.71, -0.69, 0.0, 1e-9, 0.69, 0.71, 5.0])),
        sample(2),
    )


@composite("scipy.special.boxcox")
def boxcox(x, lmbda):
    """``(x**lmbda - 1) / lmbda``, the logarithm where ``lmbda`` is zero."""
    return log(x) * exprel(lmbda * log(x))


@composite("scipy.special.boxcox1p")
def boxcox1p(x, lmbda):
    """The transformation of Box and Cox of ``1 + x``."""
    return np.log1p(x) * exprel(lmbda * np.log1p(x))


@primitive(elementwise=True, floats=True)
def log1p_ratio(x):
    """``log(1 + x) / x``, exact near zero."""
    return np.log1p(x) / x if x != 0 else 1.0


@log1p_ratio.adjoint("x")
def log1p_ratio_dx(dy, x):
    if abs(x) < 0.05:
        # sum of (-1)^k k x^(k-1) / (k+1)
        return dy * (-1 / 2 + x * (2 / 3 - x * (3 / 4 - x * (4 / 5 - x * (5 / 6 - x * (6 / 7 - x * (
            7 / 8 - x * (8 / 9 - x * (9 / 10 - x * (10 / 11 - x * (11 / 12 - x * (12 / 13)))))))))))
        )  # fmt: skip
    return dy * ((x / (1 + x) - np.log1p(x)) / (x * x))


log1p_ratio.samples(
    sample(0.3), sample(abs(real(2, 3))), sample(np.array([-0.9, -0.04, 0.0, 1e-9, 0.049, 0.051, 30.0])),
)


@composite("scipy.special.inv_boxcox")
def inv_boxcox(y, lmbda):
    """The number of which this is the transformation of Box and Cox."""
    return np.exp(y * log1p_ratio(lmbda * y))


@composite("scipy.special.inv_boxcox1p")
def inv_boxcox1p(y, lmbda):
    """One less the number of which this is the transformation of Box and Cox."""
    return expm1(y * log1p_ratio(lmbda * y))


for _composite in (boxcox, boxcox1p):
    _composite.samples(
        sample(2.5, 0.7), sample(2.5, 0.0), sample(abs(real(2, 3)), 1e-9), sample(abs(real(3)), -1.5),
    )
for _composite in (inv_boxcox, inv_boxcox1p):
    _composite.samples(sample(2.5, 0.7), sample(2.5, 0.0), sample(abs(real(2, 3)), 1e-9))
