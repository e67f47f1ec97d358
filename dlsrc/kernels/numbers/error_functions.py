"""Relatives of the error function: scaled and inverse ones, quantiles of the normal law, Owen's T.

Values are SciPy's.  Derivatives: NIST Digital Library of Mathematical Functions, 7.10.1, 7.12.1 (erfcx for
large arguments), 7.17 (inverses); D. B. Owen, *Annals of Mathematical Statistics* 27, 1956 (T).
"""

import math

import numpy as np

from ..declaring.foreign import special
from ..primitive import primitive, real, sample

__all__ = ["erfcinv", "erfcx", "erfinv", "ndtri", "ndtri_exp", "owens_t"]

erfcx_of, erfinv_of, erfcinv_of, ndtri_of, ndtri_exp_of = (
    special(name, 1) for name in ("erfcx", "erfinv", "erfcinv", "ndtri", "ndtri_exp")
)
owens_t_of = special("owens_t", 2)


@primitive("scipy.special.erfcx", elementwise=True, floats=True)
def erfcx(x):
    """``exp(x**2) * erfc(x)``, which does not underflow."""
    return erfcx_of(x)


@erfcx.adjoint("x")
def erfcx_dx(dy, x, y):
    if x > 30:
        # 2 x y and 2 / sqrt(pi) agree in ever more digits there: their difference as a series
        u = 0.5 / (x * x)
        series = 1 - 3 * u * (1 - 5 * u * (1 - 7 * u * (1 - 9 * u * (1 - 11 * u * (1 - 13 * u)))))
        return dy * (-1.1283791670955126 * u * series)  # 2 / sqrt(pi)
    return dy * (2 * x * y - 1.1283791670955126)


@primitive("scipy.special.erfinv", elementwise=True, floats=True)
def erfinv(x):
    """The number of which this is the error function."""
    return erfinv_of(x)


@erfinv.adjoint("x")
def erfinv_dx(dy, y):
    return dy * (0.886226925452758 * np.exp(y * y))  # sqrt(pi) / 2


@primitive("scipy.special.erfcinv", elementwise=True, floats=True)
def erfcinv(x):
    """The number of which this is one minus the error function."""
    return erfcinv_of(x)


@erfcinv.adjoint("x")
def erfcinv_dx(dy, y):
    return dy * (-0.886226925452758 * np.exp(y * y))  # sqrt(pi) / 2


@primitive("scipy.special.ndtri", elementwise=True, floats=True)
def ndtri(x):
    """The quantile of the standard normal distribution."""
    return ndtri_of(x)


@ndtri.adjoint("x")
def ndtri_dx(dy, y):
    return dy * (2.5066282746310002 * np.exp(0.5 * y * y))  # sqrt(2 pi)


@primitive("scipy.special.ndtri_exp", elementwise=True, floats=True)
def ndtri_exp(x):
    """The quantile of the standard normal distribution at the probability ``exp(x)``."""
    return ndtri_exp_of(x)


@ndtri_exp.adjoint("x")
def ndtri_exp_dx(dy, y):
    # the ratio of the distribution function and the density, without underflow
    return dy * (1.2533141373155001 * erfcx(-0.7071067811865476 * y))  # sqrt(pi / 2), sqrt(1 / 2)


@primitive("scipy.special.owens_t", elementwise=True, floats=True)
def owens_t(h, a):
    """Owen's T: that a standard normal number exceeds ``h`` and another is between 0 and ``a`` times it."""
    return owens_t_of(h, a)


@owens_t.adjoint("h")
def owens_t_dh(dy, h, a):
    # 1 / sqrt(8 pi), sqrt(1 / 2)
    return dy * (-0.19947114020071635 * np.exp(-0.5 * h * h) * math.erf(a * h * 0.7071067811865476))


@owens_t.adjoint("a")
def owens_t_da(dy, h, a):
    return dy * (0.15915494309189535 * np.exp(-0.5 * h * h * (1 + a * a)) / (1 + a * a))  # 1 / (2 pi)


erfcx.samples(
    sample(0.3), sample(real(2, 3)), sample(np.array([-4.0, 0.0, 4.0, 29.0, 31.0])), sample(500.0), sample(2),
)
erfinv.samples(sample(0.3), sample(np.tanh(real(2, 3))), sample(np.array([-0.95, 0.0, 0.9])))
erfcinv.samples(sample(0.3), sample(1 - np.tanh(real(2, 3))), sample(np.array([0.05, 1.0, 1.9])))
ndtri.samples(sample(0.3), sample(0.5 + 0.5 * np.tanh(real(2, 3))), sample(np.array([0.05, 0.5, 0.9])))
ndtri_exp.samples(sample(-0.3), sample(np.array([-1000.0, -30.0, -1.0, -0.01])))
owens_t.samples(
    sample(0.3, 0.7), sample(real(3), real(2, 3)), sample(0.0, 0.7), sample(np.array([1.2, -2.0]), 1.5),
)
