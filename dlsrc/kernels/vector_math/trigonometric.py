"""``sin``, ``cos`` and ``tan``.

``x = k * pi / 2 + r`` with an integer ``k`` and ``abs(r) <= pi / 4``, and what the function is by ``k`` and
``r`` stands in ``quarters``.

``pi / 2`` is the sum of four numbers, of which the first three are so short that their products with ``k``
are exact (Cody and Waite, Software Manual for the Elementary Functions, 1980, chapter 8).  Taking the first
two from ``x`` is exact, too: there are 53 bits at most below 1 and above 2**-53.  What the third subtraction
loses is found as in Dekker's sum (Muller, Elementary Functions, 3rd ed., section 2.2.1, and 11.2 for the
reduction).  So ``r`` is the sum of two numbers, right to 2**-114 up to ``FAR``; no float64 up to there is
nearer to a multiple of ``pi / 2`` than 2**-61.  Beyond it ``reduction`` is called.

A sine and a cosine of one number in one loop have the same reduction and polynomials, which LLVM calculates
once: both take a sixth longer than one.
"""

import numpy as np

from ..primitive import kernel
from .exponential import ROUNDER
from .far import if_far
from .fused import multiply_add as fma
from .quarters import sin_of_short, sin_of_sum
from .reduction import cos_far, sin_far

__all__ = ["cos_double", "cos_single", "sin_double", "sin_single", "tan_double", "tan_single"]

QUARTERS = 0.6366197723675814  # 2 / pi
FIRST = 1.570796325802803  # of pi / 2 the bits down to 2**-29
SECOND = 9.920935184482005e-10  # down to 2**-53
THIRD = 6.12323399409214e-17  # down to 2**-83
FOURTH = 1.6446256936324258e-26
AFTER_FIRST = 9.920935796805404e-10  # all that is left after the first


@kernel
def sin_ahead(x, ahead):
    """``sin(x + ahead * pi / 2)`` of a float64 that is not far, with ``ahead`` an integer."""
    shifted = fma(x, QUARTERS, ROUNDER)
    k = shifted - ROUNDER
    first = fma(k, -SECOND, fma(k, -FIRST, x))
    third = k * THIRD
    r = first - third
    rest = fma(k, -FOURTH, (first - r) - third)
    return sin_of_sum(r, rest, np.float64(shifted).view(np.int64) + ahead)


@kernel
def sin_ahead_short(v, ahead):
    """The same of a float64 that is a float32, with its digits."""
    shifted = fma(v, QUARTERS, ROUNDER)
    k = shifted - ROUNDER
    r = fma(k, -AFTER_FIRST, fma(k, -FIRST, v))
    return sin_of_short(r, np.float64(shifted).view(np.int64) + ahead)


@kernel
def sin_double(x):
    """``sin(x)`` of a float64."""
    y = sin_ahead(x, np.int64(0))
    y = x if abs(x) < 1e-9 else y  # that of -0.0 would be 0.0
    return if_far(sin_far, x, y)


@kernel
def cos_double(x):
    """``cos(x)`` of a float64."""
    return if_far(cos_far, x, sin_ahead(x, np.int64(1)))


@kernel
def tan_double(x):
    """``tan(x)`` of a float64: the quotient, whose parts are within one unit."""
    return sin_double(x) / cos_double(x)


@kernel
def sin_wide(v):
    """``sin(v)`` of a float64 that is a float32, with some more digits."""
    y = sin_ahead_short(v, np.int64(0))
    y = v if abs(v) < 1e-5 else y
    return if_far(sin_far, v, y)


@kernel
def cos_wide(v):
    """``cos(v)`` of a float64 that is a float32, with some more digits."""
    return if_far(cos_far, v, sin_ahead_short(v, np.int64(1)))


@kernel
def sin_single(x):
    """``sin(x)`` of a float32."""
    return np.float32(sin_wide(np.float64(x)))


@kernel
def cos_single(x):
    """``cos(x)`` of a float32."""
    return np.float32(cos_wide(np.float64(x)))


@kernel
def tan_single(x):
    """``tan(x)`` of a float32."""
    v = np.float64(x)
    return np.float32(sin_wide(v) / cos_wide(v))
