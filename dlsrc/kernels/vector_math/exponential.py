"""``exp`` and ``expm1``.

``x = k * log(2) + r`` with an integer ``k`` and ``abs(r) <= log(2) / 2``, where ``log(2)`` is the sum of two
numbers and the product of ``k`` and the first is exact (Cody and Waite, Software Manual for the Elementary
Functions, 1980, chapter 6); ``exp(r)`` is a polynomial.  ``k`` is found by adding 1.5 * 2**52, after which
the last bits of the sum are its bits.
"""

import numpy as np

from ..primitive import kernel
from .fused import multiply_add as fma

__all__ = ["exp_double", "exp_single", "expm1_double", "expm1_single"]

ROUNDER = 6755399441055744.0  # 1.5 * 2**52
LOG2_E = 1.4426950408889634
LN2_HIGH = 0.6931471803691238  # 32 bits
LN2_LOW = 1.9082149292705877e-10
ONE = 0x3FF0000000000000  # the bits of 1.0
HALF = 0x3FE0000000000000


@kernel
def exp_tail(r):
    """``(exp(r) - 1 - r) / r**2``."""
    z = r * r
    first = fma(z, fma(r, 0.008333333333307137, 0.04166666666651552),
                fma(r, 0.166666666666667, 0.5000000000000012))  # fmt: skip
    second = fma(z, fma(r, 2.755721621798039e-06, 2.480148995826684e-05),
                 fma(r, 0.00019841269917499546, 0.001388888894699479))  # fmt: skip
    third = fma(r, 2.511788252536392e-08, 2.7631276315994733e-07)
    return fma(z * z, fma(z * z, third, second), first)


@kernel
def exp_tail_short(r):
    """The same with the digits that a float32 has."""
    z = r * r
    second = fma(z, 0.001395049057128224, fma(r, 0.008368889354913504, 0.04166620581124059))
    return fma(z, second, fma(r, 0.16666518839668035, 0.5000000095182722))


@kernel
def power_of_two(shifted):
    """``2**k`` by ``k + ROUNDER``, where it is a normal number."""
    return np.int64((np.float64(shifted).view(np.int64) << 52) + ONE).view(np.float64)


@kernel
def scaled(shifted, k, p):
    """``2**k * (1 + p)``, by half of ``k`` first: ``2**k`` itself may be no normal number."""
    halved = fma(k, 0.5, ROUNDER)
    n = np.float64(shifted).view(np.int64)
    m = np.float64(halved).view(np.int64)
    first = np.int64((m << 52) + ONE).view(np.float64)
    second = np.int64(((n - m) << 52) + ONE).view(np.float64)
    return fma(first, p, first) * second


@kernel
def expm1_short(v):
    """``exp(v) - 1`` of a float64 with the digits that a float32 has, if ``v`` is not very small."""
    shifted = fma(v, LOG2_E, ROUNDER)
    r = fma(shifted - ROUNDER, -0.6931471805599453, v)
    p = fma(r * r, exp_tail_short(r), r)
    scale = power_of_two(shifted)
    return fma(scale, p, scale - 1.0)


@kernel
def exp_double(x):
    """``exp(x)`` of a float64."""
    x = 710.0 if x > 710.0 else x
    x = -746.0 if x < -746.0 else x
    shifted = fma(x, LOG2_E, ROUNDER)
    k = shifted - ROUNDER
    r = fma(k, -LN2_LOW, fma(k, -LN2_HIGH, x))
    p = fma(r * r, exp_tail(r), r)
    return scaled(shifted, k, p)


@kernel
def exp_single(x):
    """``exp(x)`` of a float32."""
    v = np.float64(x)
    v = 89.0 if v > 89.0 else v
    v = -104.0 if v < -104.0 else v
    shifted = fma(v, LOG2_E, ROUNDER)
    r = fma(shifted - ROUNDER, -0.6931471805599453, v)
    p = fma(r * r, exp_tail_short(r), r)
    scale = power_of_two(shifted)
    return np.float32(fma(scale, p, scale))


@kernel
def expm1_double(x):
    """``exp(x) - 1`` of a float64: ``2**k * (exp(r) - 1) + (2**k - 1)``, and what rounding loses of it."""
    v = 710.0 if x > 710.0 else x
    v = -40.0 if v < -40.0 else v
    shifted = fma(v, LOG2_E, ROUNDER)
    k = shifted - ROUNDER
    above = fma(k, -LN2_HIGH, v)
    below = k * LN2_LOW
    r = above - below
    rest = (above - r) - below
    tail = fma(r * r, exp_tail(r), rest)
    # Half of the value: 2**1024 is no number.
    n = np.float64(shifted).view(np.int64)
    half = np.int64((n << 52) + HALF).view(np.float64)
    one = half - 0.5
    part = half * r
    sum_ = one + part
    lost = (one - sum_) + part
    y = 2.0 * (sum_ + fma(half, tail, lost))
    return x if abs(x) < 1e-17 else y


@kernel
def expm1_single(x):
    """``exp(x) - 1`` of a float32."""
    v = np.float64(x)
    v = 89.0 if v > 89.0 else v
    v = -104.0 if v < -104.0 else v
    y = np.float32(expm1_short(v))
    return x if abs(x) < 1e-9 else y
