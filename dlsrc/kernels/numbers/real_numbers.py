"""Parts of numbers: whole and fractional, mantissa and exponent, real, phase; and questions of closeness.

Numbers are real here: the real part is the number itself.
"""

import math

import numpy as np

from ..arithmetic import floor_divide, remainder
from ..arrays.joining import part
from ..declaring.axes import axis_of
from ..primitive import Refusal, composite, primitive, real, refuse, rejects, sample
from ..reduction import all_, any_
from ..reductions.cumulative import cumsum
from ..reductions.slopes import diff
from ..types import broadcast
from .selection import trunc, where

__all__ = [
    "allclose", "angle", "array_equal", "array_equiv", "conjugate", "divmod_", "exponent", "fix", "frexp",
    "imaginary_part", "isclose", "isin", "isneginf", "isposinf", "ldexp", "mantissa", "modf", "real_if_close",
    "real_part", "unwrap",
]

# ---------------------------------------------------------------------------------- whole and fractional


@composite(np.fix)
def fix(x):
    """The number without its fraction."""
    return trunc(x)


@composite(np.modf, math.modf)
def modf(x):
    """The fraction and the whole part of a number, both with its sign."""
    whole = trunc(x)
    return where(np.isinf(x), 0.0 * np.sign(np.where(np.isinf(x), 0.0, x)), x - whole), whole


@composite(np.divmod)
def divmod_(x1, x2):
    """The rounded quotient and what is left."""
    return floor_divide(x1, x2), remainder(x1, x2)


fix.samples(sample(np.float64(-2.3)), sample(10 * real(2, 3)))
modf.samples(sample(np.float64(-2.3)), sample(10 * real(2, 3)), sample(np.array([np.inf, -np.inf])))
divmod_.samples(
    sample(np.float64(7.5), 2.0), sample(10 * real(3), np.float64(-3.0)), sample(np.arange(-3, 3), 2),
)

# ---------------------------------------------------------------------------------- powers of two


@primitive(elementwise=True, floats=True)
def mantissa(x):
    """The number between a half and one, with the sign of ``x``, that ``x`` is times a power of two."""
    return math.frexp(x)[0]


@primitive(elementwise=True, floats=True)
def exponent(x):
    """The exponent of two that belongs to the mantissa."""
    return math.frexp(x)[1]


@primitive(np.ldexp, math.ldexp, elementwise=True, floats=True)
def ldexp(x, i):
    """``x`` times two to the integer power ``i``."""
    return x * 2.0 ** i


@mantissa.adjoint("x")
def mantissa_dx(dy, x):
    return dy * 2.0 ** (-math.frexp(x)[1])


@ldexp.adjoint("x")
def ldexp_dx(dy, i):
    return dy * 2.0 ** i


@mantissa.result
def mantissa_result(x):
    if x.dtype != "float64":
        refuse("frexp of other numbers than float64: convert them with .astype(float)")
    return broadcast(x)


@exponent.result
def exponent_result(x):
    mantissa_result(x)
    return broadcast(x, dtype="int64", weak=False)


@ldexp.result
def ldexp_result(x, i):
    if i.dtype[:3] != "int" or x.dtype not in ("float64", "int64"):
        refuse("ldexp takes float64 numbers and integer exponents: convert them, or write x * 2.0 ** i")
    return broadcast(x, i, dtype="float64")


exponent.zero("x")
ldexp.zero("i")
mantissa.samples(sample(-0.3), sample(10 * real(2, 3)), rejects(np.float32(1.0), error=Refusal))
exponent.samples(sample(-0.3), sample(10 * real(2, 3)), sample(0.0))
ldexp.samples(
    sample(0.3, 4), sample(real(3), np.arange(3)), sample(real(2, 3), -2), rejects(0.3, 1.5, error=Refusal),
)


@composite(np.frexp, math.frexp)
def frexp(x):
    """Mantissa and exponent of two."""
    return mantissa(x), exponent(x)


frexp.samples(sample(np.float64(-5.3)), sample(10 * real(2, 3)))

# ---------------------------------------------------------------------------------- real numbers


@composite(np.conjugate)
def conjugate(x):
    """The number itself; of an array a copy."""
    return +x


@composite(methods=("conj", "conjugate"))
def conjugate_of(x):
    """The array itself, as NumPy's method gives it."""
    return x


@composite(np.real)
def real_part(val):
    """The number itself."""
    return val


@composite(np.real_if_close)
def real_if_close(a, tol=100):
    """The array itself."""
    return a


@composite(np.imag, attributes=("imag",))
def imaginary_part(val):
    """Zero."""
    return np.zeros_like(val)


@composite(np.angle)
def angle(z, deg=False):
    """The phase of a real number: zero, or half a turn where it is negative."""
    return where(np.signbit(z), 180.0 if deg else np.pi, 0.0 * np.sign(z))


for _composite in (conjugate, conjugate_of, real_part, real_if_close, imaginary_part):
    _composite.samples(sample(real(3)), sample(real(2, 3)))
angle.samples(sample(real(3)), sample(np.float64(2.0)), sample(real(3), deg=True))


@composite(np.unwrap)
def unwrap(p, discont=None, axis=-1, *, period=6.283185307179586):
    """Phases with whole periods added, so that neighbours differ by less than half a period."""
    if discont is not None:
        refuse("unwrap(discont=…): leave it out, or write the jumps with np.where")
    along = axis_of(axis, p.ndim)
    step = diff(p, axis=along)
    half = period / 2
    turned = remainder(step + half, period) - half
    turned = where((turned == -half) & (step > 0), half, turned)
    added = where(np.abs(step) < half, 0.0, turned - step)
    rest = part(p, along, 1, p.shape[along]) + cumsum(added, along)
    return np.concatenate((part(p, along, 0, 1), rest), along)


unwrap.samples(
    sample(8 * real(6)), sample(5 * real(3, 4)), sample(5 * real(3, 4), axis=0),
    sample(3 * real(5), period=2.0),
)

# ---------------------------------------------------------------------------------- infinite, close, equal


@primitive(np.isposinf, elementwise=True, boolean=True)
def isposinf(x):
    """Whether it is plus infinity."""
    return x == np.inf


@primitive(np.isneginf, elementwise=True, boolean=True)
def isneginf(x):
    """Whether it is minus infinity."""
    return x == -np.inf


for _question in (isposinf, isneginf):
    _question.zero("x")
    _question.samples(sample(1.5), sample(np.array([-np.inf, np.inf, np.nan, 0.0])))


@composite(np.isclose)
def isclose(a, b, rtol=1e-05, atol=1e-08, equal_nan=False):
    """Whether numbers differ by at most ``atol + rtol * abs(b)``."""
    finite = np.isfinite(a) & np.isfinite(b)
    x, z = where(finite, a, 0.0), where(finite, b, 0.0)  # infinities have no difference
    near = finite & (np.abs(x - z) <= atol + rtol * np.abs(z))
    same = near | np.equal(a, b)
    if equal_nan:
        return same | (np.isnan(a) & np.isnan(b))
    return same


@composite(np.allclose)
def allclose(a, b, rtol=1e-05, atol=1e-08, equal_nan=False):
    """Whether all numbers are close."""
    return all_(isclose(a, b, rtol, atol, equal_nan))


@composite(np.array_equal)
def array_equal(a1, a2):
    """Whether two arrays have the same shape and equal elements."""
    if a1.ndim != a2.ndim:
        return False
    if a1.shape != a2.shape:
        return False
    return all_(np.equal(a1, a2))


@composite(np.array_equiv)
def array_equiv(a1, a2):
    """Whether two arrays that broadcast have equal elements."""
    return all_(np.equal(a1, a2))


@composite(np.isin)
def isin(element, test_elements):
    """Whether each element stands among some others."""
    return any_(np.equal(np.expand_dims(element, -1), np.ravel(test_elements)), element.ndim)


EDGE = np.array([1.0, np.nan, np.inf, -np.inf, 2.0])
for _composite in (isclose, allclose):
    _composite.samples(
        sample(real(3), real(3) + 1e-9), sample(EDGE, EDGE), sample(EDGE, EDGE, equal_nan=True),
        sample(real(3), real(3) + 0.1, atol=0.5), sample(real(2, 3), real(3)),
    )
array_equal.samples(sample(real(3), real(3)), sample(real(3), real(4)), sample(real(3), real(3, 1)))
array_equiv.samples(sample(real(3), real(3)), sample(np.ones((2, 3)), np.ones(3)))
isin.samples(
    sample(np.arange(5), np.array([1, 3])), sample(real(2, 3), real(2, 3)[0]),
    sample(np.arange(3.0), real(0)),
)
