"""``sin(k * pi / 2 + r)`` where ``abs(r) <= pi / 4``.

It is, by the last two bits of ``k``, one of ``sin(r)``, ``cos(r)`` and their negatives: two polynomials.
"""

import numpy as np

from ..primitive import kernel
from .fused import multiply_add as fma

__all__ = ["sin_of_short", "sin_of_sum"]


@kernel
def sin_tail(z):
    """``(sin(r) / r - 1) / z`` where ``z = r * r``."""
    w = z * z
    second = fma(z, 2.755731369170663e-06, -0.00019841269829807678)
    third = fma(z, 1.589679244672776e-10, -2.50507580678422e-08)
    return fma(w, fma(w, third, second), fma(z, 0.008333333333322415, -0.16666666666666632))


@kernel
def cos_tail(z):
    """``(cos(r) - 1 + z / 2) / z**2`` where ``z = r * r``."""
    w = z * z
    second = fma(z, -2.755731435278237e-07, 2.480158728948439e-05)
    third = fma(z, -1.1359649325332958e-11, 2.0875723316021793e-09)
    return fma(w, fma(w, third, second), fma(z, -0.001388888888887413, 0.0416666666666666))


@kernel
def sin_tail_short(z):
    """The same as ``sin_tail`` with the digits that a float32 has."""
    return fma(z * z, -0.00019517234100420883, fma(z, 0.008332177695763648, -0.16666654937413847))


@kernel
def cos_tail_short(z):
    """The same as ``cos_tail`` with the digits that a float32 has."""
    return fma(z * z, 2.443840864712566e-05, fma(z, -0.0013887367360941837, 0.04166664687040592))


@kernel
def in_quarter(k, sine, cosine):
    """``sin(k * pi / 2 + r)`` by the last bits of ``k``, given the sine and the cosine of ``r``."""
    y = sine if (k & 1) == 0 else cosine
    return np.int64(np.float64(y).view(np.int64) ^ ((k & 2) << 62)).view(np.float64)


@kernel
def sin_of_sum(r, rest, k):
    """``sin(k * pi / 2 + (r + rest))``, with an integer ``k`` and a rest that is lost in ``r``."""
    z = r * r
    sine = r + fma(r * z, sin_tail(z), rest)
    # 1 - z / 2, what is lost of it, and the others
    half = 0.5 * z
    most = 1.0 - half
    cosine = most + fma(z * z, cos_tail(z), ((1.0 - most) - half) - r * rest)
    return in_quarter(k, sine, cosine)


@kernel
def sin_of_short(r, k):
    """``sin(k * pi / 2 + r)`` with the digits that a float32 has."""
    z = r * r
    sine = fma(r * z, sin_tail_short(z), r)
    cosine = fma(z, fma(z, cos_tail_short(z), -0.5), 1.0)
    return in_quarter(k, sine, cosine)
