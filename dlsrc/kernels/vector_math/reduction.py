"""``sin`` and ``cos`` of large numbers: ``x - k * pi / 2`` by the digits of ``2 / pi`` that matter.

With ``x = m * 2**e`` and an integer ``m`` the product ``x * 2 / pi`` is needed modulo 4, and to 2**-120 as
no float64 is nearer to a multiple of ``pi / 2`` than 2**-61.  Digits of ``2 / pi`` that ``x`` makes a
multiple of 4 need not be there, and those far behind the point make no difference: nine digits of 27 bits are
left, and all products are integers of 64 bits (Payne and Hanek, Radian reduction for trigonometric functions,
ACM SIGNUM 18, 1983; Muller, Elementary Functions, 3rd ed., section 11.4).
"""

import numpy as np

from ..primitive import kernel
from .fused import multiply_add as fma
from .logarithm import FRACTION
from .powers import first_bits
from .quarters import sin_of_sum

__all__ = ["cos_far", "sin_far"]

# 2 / pi in digits of 27 bits; three come before the point.
DIGITS = (
    0, 0, 0, 85445659, 60002565, 39057486, 92086099, 40820845, 92952164, 126382600, 33444195, 90109406,
    22572489, 14447748, 81604096, 52729717, 2573896, 60801981, 52212009, 87684932, 9272651, 91654409,
    110741250, 56242111, 17098311, 46608490, 54129820, 69401693, 125717006, 104853807, 134078553, 67630999,
    71708008, 21865453, 87457487, 20863053, 97767823, 114113727, 111335250, 64840693, 127387116, 127985470,
    126505618, 122904538, 132925411, 45748396, 3343471,
)
HIDDEN = 0x10000000000000  # the first bit of a fraction
MASK = 0x7FFFFFF  # 27 bits
SIGN = -0x8000000000000000
HALF_PI = 1.5707963267948966
HALF_PI_HIGH = 1.5707963109016418  # 26 bits
HALF_PI_LOW = 1.5893254773528196e-08


@kernel
def digit(n, m_0, m_1, m_2):
    """One digit of the product, with what it carries."""
    return DIGITS[n] * m_0 + DIGITS[n + 1] * m_1 + DIGITS[n + 2] * m_2


@kernel
def sin_ahead_far(x, ahead):
    """``sin(x + ahead * pi / 2)`` of a float64 above 2**23, with ``ahead`` an integer."""
    bits = np.float64(x).view(np.int64)
    m = (bits & FRACTION) | HIDDEN
    # x = m * 2**(27 * (n - 2) + b); then m * 2**b in digits, the last one first
    exponent = ((bits >> 52) & 0x7FF) - 1021
    n = (exponent * 1214) >> 15  # exponent // 27
    b = exponent - n * 27
    low = (m & MASK) << b
    high = ((m >> 27) << b) + (low >> 27)
    m_0 = low & MASK
    m_1 = high & MASK
    m_2 = high >> 27
    # times 2 / pi: d_0 before the point, six behind it
    d_6 = digit(n + 6, m_0, m_1, m_2)
    d_5 = digit(n + 5, m_0, m_1, m_2) + (d_6 >> 27)
    d_4 = digit(n + 4, m_0, m_1, m_2) + (d_5 >> 27)
    d_3 = digit(n + 3, m_0, m_1, m_2) + (d_4 >> 27)
    d_2 = digit(n + 2, m_0, m_1, m_2) + (d_3 >> 27)
    d_1 = digit(n + 1, m_0, m_1, m_2) + (d_2 >> 27)
    d_0 = digit(n, m_0, m_1, m_2) + (d_1 >> 27)
    # the nearest integer, and how far it is: what is more than a half is taken from one
    above = (d_1 >> 26) & 1
    k = d_0 + above
    flip = above * MASK
    first = (((d_1 & MASK) ^ flip) << 27) | ((d_2 & MASK) ^ flip)
    second = (((d_3 & MASK) ^ flip) << 27) | ((d_4 & MASK) ^ flip)
    third = (((d_5 & MASK) ^ flip) << 27) | ((d_6 & MASK) ^ flip)
    head = np.float64(first) * 5.551115123125783e-17  # 2**-54
    tail = fma(np.float64(third), 1.7105694144590052e-49, np.float64(second) * 3.0814879110195774e-33)
    f = head + tail
    f_rest = (head - f) + tail
    # times pi / 2
    f_high = first_bits(f)
    main = f_high * HALF_PI_HIGH
    other = fma(f_high, HALF_PI_LOW, ((f - f_high) + f_rest) * HALF_PI)
    r = main + other
    rest = (main - r) + other
    turned = (above << 63) ^ (bits & SIGN)
    r = np.int64(np.float64(r).view(np.int64) ^ turned).view(np.float64)
    rest = np.int64(np.float64(rest).view(np.int64) ^ turned).view(np.float64)
    y = sin_of_sum(r, rest, (0 - k if x < 0.0 else k) + ahead)
    return np.nan if abs(x) == np.inf else y


@kernel
def sin_far(x):
    """``sin(x)`` of a float64 above 2**23."""
    return sin_ahead_far(x, np.int64(0))


@kernel
def cos_far(x):
    """``cos(x)`` of a float64 above 2**23."""
    return sin_ahead_far(x, np.int64(1))
