"""``tanh``, ``sigmoid`` and ``softplus``: quotients and logarithms of one exponential that does not overflow.

``tanh(x) = e / (e + 2)`` with ``e = expm1(2 * abs(x))``, and the sign of ``x``; ``sigmoid`` and
``softplus`` use ``exp(-abs(x))``.
"""

import numpy as np

from ..primitive import kernel
from .exponential import (
    LN2_HIGH, LN2_LOW, LOG2_E, ROUNDER, exp_double, exp_tail, exp_tail_short, expm1_short, power_of_two,
)  # fmt: skip
from .fused import multiply_add as fma
from .logarithm import log_of

__all__ = [
    "sigmoid_double", "sigmoid_single", "softplus_double", "softplus_single", "tanh_double", "tanh_single",
]  # fmt: skip


@kernel
def tanh_double(x):
    """``tanh(x)`` of a float64."""
    v = 2.0 * abs(x)
    v = 44.0 if v > 44.0 else v
    # expm1, without what very large and very small numbers need
    shifted = fma(v, LOG2_E, ROUNDER)
    k = shifted - ROUNDER
    above = fma(k, -LN2_HIGH, v)
    below = k * LN2_LOW
    r = above - below
    rest = (above - r) - below
    p = r + fma(r * r, exp_tail(r), rest)
    scale = power_of_two(shifted)
    e = fma(scale, p, scale - 1.0)
    y = e / (e + 2.0)
    y = -y if x < 0.0 else y
    return x if abs(x) < 1e-9 else y


@kernel
def tanh_single(x):
    """``tanh(x)`` of a float32."""
    v = 2.0 * abs(np.float64(x))
    v = 22.0 if v > 22.0 else v
    e = expm1_short(v)
    y = np.float32(e / (e + 2.0))
    y = -y if x < np.float32(0) else y
    return x if abs(x) < 1e-5 else y


@kernel
def sigmoid_double(x):
    """``1 / (1 + exp(-x))`` of a float64."""
    e = exp_double(-abs(x))
    d = 1.0 + e
    y = (1.0 if x > 0.0 else e) / d
    # what the sum has lost, by the derivative: 1 / d is y or 1 - y
    lost = e - (d - 1.0)
    return y - y * lost * (y if x > 0.0 else 1.0 - y)


@kernel
def sigmoid_single(x):
    """``1 / (1 + exp(-x))`` of a float32."""
    v = -np.float64(x)
    v = 110.0 if v > 110.0 else v
    v = -110.0 if v < -110.0 else v
    shifted = fma(v, LOG2_E, ROUNDER)
    r = fma(shifted - ROUNDER, -0.6931471805599453, v)
    p = fma(r * r, exp_tail_short(r), r) + 1.0
    return np.float32(1.0 / fma(p, power_of_two(shifted), 1.0))


@kernel
def softplus_double(x):
    """``log(1 + exp(x))`` of a float64: ``max(x, 0) + log1p(exp(-abs(x)))``."""
    e = exp_double(-abs(x))
    # The logarithm: 1 + e is between 1 and 2, above sqrt(2) it is halved
    halved = e > 0.41421356237309515
    k = 1.0 if halved else 0.0
    f = 0.5 * (e - 1.0) if halved else e
    y = log_of(k, f)
    return (x if x > 0.0 else 0.0) + y


@kernel
def softplus_single(x):
    """``log(1 + exp(x))`` of a float32."""
    v = -abs(np.float64(x))
    v = -104.0 if v < -104.0 else v
    shifted = fma(v, LOG2_E, ROUNDER)
    r = fma(shifted - ROUNDER, -0.6931471805599453, v)
    p = fma(r * r, exp_tail_short(r), r) + 1.0
    e = p * power_of_two(shifted)
    # log1p: 1 + e is between 1 and 2, for which one polynomial is enough
    s = e / (2.0 + e)
    z = s * s
    low = fma(z * z, 0.2856839610036237, fma(z, 0.40000052994184343, 0.6666666635923344))
    high = fma(z * z, 0.21792552543640187, fma(z, 0.17147810644144318, 0.22301503015403823))
    y = fma(s * z, fma(z * z * z, high, low), s + s)
    return np.float32((np.float64(x) if x > np.float32(0) else 0.0) + y)
