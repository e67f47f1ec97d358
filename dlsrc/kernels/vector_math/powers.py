"""``pow``.

``x**y = 2**(y * log2(x))``, where the product has to be known to 2**-53 and may be a thousand: the logarithm
is the sum of two numbers.  With ``x = 2**k * m``, ``s = (m - 1) / (m + 1)`` and ``z = s * s`` it is
``k + 2 / (3 log 2) * s * (3 + z + 1.5 * z**2 * tail(z))``.  As in Sun's e_pow.c (fdlibm) the first parts of
sums have 26 bits, so that their products are exact.
"""

import numpy as np

from ..primitive import kernel
from .exponential import ONE, ROUNDER, exp_tail, exp_tail_short, power_of_two, scaled
from .fused import multiply_add as fma
from .logarithm import COUNTER, FRACTION, ROOT, log_tail_short

__all__ = ["pow_double", "pow_single"]

FIRST_BITS = -0x8000000  # all but the last 27
SCALE = 0.9617966939259756  # 2 / (3 log 2)
SCALE_HIGH = 0.9617966860532761
SCALE_LOW = 7.872699542894897e-09
LN2 = 0.6931471805599453
LOG2_E = 1.4426950408889634


@kernel
def first_bits(x):
    """``x`` without its last 27 bits."""
    return np.int64(np.float64(x).view(np.int64) & FIRST_BITS).view(np.float64)


@kernel
def with_its_sign(x, y, a, power):
    """``x**y``, given ``a = abs(x)`` and ``a**y`` unless one is special, of which C99 says this (F.9.4.4)."""
    power = (np.inf if y < 0.0 else 0.0) if a == 0.0 else power
    power = (0.0 if y < 0.0 else np.inf) if a == np.inf else power
    whole = abs(y)
    half = 0.5 * whole
    integer = (whole + 4503599627370496.0) - 4503599627370496.0 == whole or whole >= 4503599627370496.0
    even = (half + 4503599627370496.0) - 4503599627370496.0 == half or half >= 4503599627370496.0
    signed = -power if np.float64(x).view(np.int64) < 0 else power
    power = power if even else (signed if integer else power)
    defined = integer or x >= 0.0 or a == np.inf
    power = power if defined else np.nan
    power = x + y if x != x or y != y else power
    return 1.0 if x == 1.0 or y == 0.0 else power


@kernel
def pow_double(x, y):
    """``x**y`` of float64."""
    a = abs(x)
    small = a < 2.2250738585072014e-308
    bits = np.float64(a * 18014398509481984.0 if small else a).view(np.int64) + (ONE - ROOT)
    k = np.int64(((bits >> 52) & 0x7FF) + COUNTER).view(np.float64)
    k -= 4503599627371573.0 if small else 4503599627371519.0  # 2**52 + 1023, and 54 more
    m = np.int64((bits & FRACTION) + ROOT).view(np.float64)
    # s and its first bits; what is left of them
    f = m - 1.0
    d = m + 1.0
    inverse = 1.0 / d
    s = f * inverse
    s_high = first_bits(s)
    d_high = first_bits(d)
    d_low = m - (d_high - 1.0)
    s_low = ((f - s_high * d_high) - s_high * d_low) * inverse
    # 3 + z + 1.5 * z**2 * tail
    z = s * s
    w = z * z
    tail = fma(w, 0.13196369672714964, fma(z, 0.1325681316387076, 0.15386757536992018))
    tail = fma(w, tail, fma(z, 0.18181784362414483, 0.2222222251998016))
    tail = fma(w, tail, fma(z, 0.2857142857009923, 0.40000000000002256))
    square = s_high * s_high
    rest = fma(1.5 * w, tail, s_low * (s + s_high))
    u = first_bits(3.0 + square + rest)
    u_low = rest - ((u - 3.0) - square)
    p_high = s_high * u
    p_low = fma(s_low, u, u_low * s)
    p = first_bits(p_high + p_low)
    p_rest = p_low - (p - p_high)
    # the logarithm
    l_high = SCALE_HIGH * p
    l_low = fma(SCALE_LOW, p, p_rest * SCALE)
    logarithm = first_bits((l_high + l_low) + k)
    l_rest = l_low - ((logarithm - k) - l_high)
    # times y; beyond 2**65 every power is 0, 1 or infinite
    v = 36893488147419103232.0 if y > 36893488147419103232.0 else y
    v = -36893488147419103232.0 if v < -36893488147419103232.0 else v
    v_high = first_bits(v)
    low = fma(v - v_high, logarithm, v * l_rest)
    high = v_high * logarithm
    high = 1100.0 if high > 1100.0 else high
    high = -1200.0 if high < -1200.0 else high
    low = 50.0 if low > 50.0 else low
    low = -50.0 if low < -50.0 else low
    shifted = (high + low) + ROUNDER
    n = shifted - ROUNDER
    r = ((high - n) + low) * LN2
    return with_its_sign(x, y, a, scaled(shifted, n, fma(r * r, exp_tail(r), r)))


@kernel
def pow_single(x, y):
    """``x**y`` of float32."""
    a = abs(np.float64(x))
    v = np.float64(y)
    bits = np.float64(a).view(np.int64) + (ONE - ROOT)
    k = np.int64(((bits >> 52) & 0x7FF) + COUNTER).view(np.float64) - 4503599627371519.0
    f = np.int64((bits & FRACTION) + ROOT).view(np.float64) - 1.0
    s = f / (2.0 + f)
    z = s * s
    logarithm = fma(fma(s * z, log_tail_short(z), s + s), LOG2_E, k)
    v = 1e15 if v > 1e15 else v
    v = -1e15 if v < -1e15 else v
    exponent = v * logarithm
    exponent = 200.0 if exponent > 200.0 else exponent
    exponent = -200.0 if exponent < -200.0 else exponent
    shifted = exponent + ROUNDER
    r = (exponent - (shifted - ROUNDER)) * LN2
    scale = power_of_two(shifted)
    power = fma(scale, fma(r * r, exp_tail_short(r), r), scale)
    return np.float32(with_its_sign(np.float64(x), np.float64(y), a, power))
