"""``log`` and ``log1p``.

``x = 2**k * m`` with ``m`` between sqrt(1/2) and sqrt(2).  With ``f = m - 1`` and ``s = f / (2 + f)`` is
``log(m) = 2 * atanh(s) = f - s * (f - r)``, where ``r`` is a polynomial of ``s * s``: Sun's formula (fdlibm,
e_log.c), which adds the small to the large last.
"""

import numpy as np

from ..primitive import kernel
from .exponential import LN2_HIGH, LN2_LOW, ONE
from .fused import multiply_add as fma

__all__ = ["log1p_double", "log1p_single", "log_double", "log_single"]

ROOT = 0x3FE6A09E667F3BCD  # of sqrt(1/2)
FRACTION = 0xFFFFFFFFFFFFF
COUNTER = 0x4330000000000000  # of 2**52: a number added to these bits is added to it


@kernel
def log_tail(z):
    """``(2 * atanh(s) / s - 2) / z`` where ``z = s * s``."""
    w = z * z
    first = fma(z, 0.3999999999941447, 0.6666666666666734)
    second = fma(z, 0.22222198561287632, 0.2857142874247426)
    third = fma(w, 0.1479617610985344, fma(z, 0.1531402963250996, 0.18183565058236315))
    return fma(w, fma(w, third, second), first)


@kernel
def log_tail_short(z):
    """The same with the digits that a float32 has."""
    second = fma(z, 0.23582288862882636, 0.28537301878217697)
    return fma(z * z, second, fma(z, 0.40000335285382527, 0.666666656450853))


@kernel
def log_of(k, f):
    """``k * log(2) + log(1 + f)``."""
    s = f / (2.0 + f)
    z = s * s
    r = z * log_tail(z)
    h = 0.5 * f * f
    return fma(k, LN2_HIGH, f - (h - fma(s, h + r, k * LN2_LOW)))


@kernel
def log_of_short(k, f):
    """The same with the digits that a float32 has."""
    s = f / (2.0 + f)
    z = s * s
    return fma(k, 0.6931471805599453, fma(s * z, log_tail_short(z), s + s))


@kernel
def log_double(x):
    """``log(x)`` of a float64."""
    small = x < 2.2250738585072014e-308
    bits = np.float64(x * 18014398509481984.0 if small else x).view(np.int64) + (ONE - ROOT)
    k = np.int64(((bits >> 52) & 0x7FF) + COUNTER).view(np.float64)
    k -= 4503599627371573.0 if small else 4503599627371519.0  # 2**52 + 1023, and 54 more
    f = np.int64((bits & FRACTION) + ROOT).view(np.float64) - 1.0
    y = log_of(k, f)
    y = y if x < np.inf else x
    outside = -np.inf if x == 0.0 else np.nan
    return outside if x <= 0.0 else y


@kernel
def log_single(x):
    """``log(x)`` of a float32."""
    v = np.float64(x)
    bits = v.view(np.int64) + (ONE - ROOT)
    k = np.int64(((bits >> 52) & 0x7FF) + COUNTER).view(np.float64) - 4503599627371519.0
    f = np.int64((bits & FRACTION) + ROOT).view(np.float64) - 1.0
    y = np.float32(log_of_short(k, f))
    y = y if x < np.float32(np.inf) else x
    outside = np.float32(-np.inf) if x == np.float32(0) else np.float32(np.nan)
    return outside if x <= np.float32(0) else y


@kernel
def log1p_double(x):
    """``log(1 + x)`` of a float64, where ``f = x * 2**-k + (2**-k - 1)`` loses nothing of ``x``."""
    large = x > 1e300
    v = x * 7.888609052210118e-31 if large else x  # 2**-100
    bits = np.float64(1.0 + v).view(np.int64) + (ONE - ROOT)
    exponent = (bits >> 52) & 0x7FF
    k = np.int64(exponent + COUNTER).view(np.float64)
    k -= 4503599627371419.0 if large else 4503599627371519.0
    scale = np.int64((2046 - exponent) << 52).view(np.float64)
    f = fma(v, scale, scale - 1.0)
    y = log_of(k, f)
    y = y if x < np.inf else x
    outside = -np.inf if x == -1.0 else np.nan
    y = outside if x <= -1.0 else y
    return x if abs(x) < 1e-17 else y


@kernel
def log1p_single(x):
    """``log(1 + x)`` of a float32."""
    v = np.float64(x)
    bits = np.float64(1.0 + v).view(np.int64) + (ONE - ROOT)
    exponent = (bits >> 52) & 0x7FF
    k = np.int64(exponent + COUNTER).view(np.float64) - 4503599627371519.0
    scale = np.int64((2046 - exponent) << 52).view(np.float64)
    f = fma(v, scale, scale - 1.0)
    y = np.float32(log_of_short(k, f))
    y = y if x < np.float32(np.inf) else x
    outside = np.float32(-np.inf) if x == np.float32(-1) else np.float32(np.nan)
    y = outside if x <= np.float32(-1) else y
    return x if abs(x) < 1e-9 else y
