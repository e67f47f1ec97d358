"""``erf``.

Below 1 ``x`` times a polynomial of ``x * x``; above, 1 less ``exp(-x * x)`` times a polynomial of
``1 / (x + 3)``, which ``erfc(x) * exp(x * x)`` nearly is.
"""

import numpy as np

from ..primitive import kernel
from .exponential import LOG2_E, ROUNDER, exp_tail, exp_tail_short, power_of_two
from .fused import multiply_add as fma

__all__ = ["erf_double", "erf_single"]


@kernel
def erf_double(x):
    """``erf(x)`` of a float64."""
    a = abs(x)
    a = 6.0 if a > 6.0 else a
    z = a * a
    # below 1
    w = z * z
    v = w * w
    c0 = fma(w, fma(z, -0.026866170645077875, 0.11283791670954885),
             fma(z, -0.3761263890318375, 0.1283791670955126))
    c1 = fma(w, fma(z, -1.4925595772180906e-05, 0.0001205533113295582),
             fma(z, -0.0008548326981425542, 0.005223977624828431))
    c2 = fma(w, fma(z, -1.137495573607015e-09, 1.466032872274226e-08),
             fma(z, -1.6350396222864617e-07, 1.64610084778027e-06))
    below = fma(x, fma(v, fma(v, fma(v, 5.960685338520971e-11, c2), c1), c0), x)
    # above: exp(-x * x), whose last digits do not matter
    shifted = fma(z, -LOG2_E, ROUNDER)
    r = fma(shifted - ROUNDER, -0.6931471805599453, -z)
    p = fma(r * r, exp_tail(r), r) + 1.0
    e = p * power_of_two(shifted)
    t = 1.0 / (a + 3.0)
    u = t * t
    o = u * u
    d0 = fma(u, fma(t, 4.367318135218177, 1.7215740555897023),
             fma(t, 0.5630455350924325, 2.0164752697884038e-05))
    d1 = fma(u, fma(t, 275.8108027855554, 129.32145167796898),
             fma(t, 8.027644442047658, 16.678145200980374))
    d2 = fma(u, fma(t, 30980.453250191975, -26209.90333026825),
             fma(t, 10432.920554571585, -2081.8402486711207))
    above = 1.0 - e * fma(o, fma(o, fma(o, -14321.865470745348, d2), d1), d0)
    above = -above if x < 0.0 else above
    return below if a < 1.0 else above


@kernel
def erf_single(x):
    """``erf(x)`` of a float32."""
    v = np.float64(x)
    a = abs(v)
    a = 4.0 if a > 4.0 else a
    z = a * a
    w = z * z
    c0 = fma(w, fma(z, -0.026854445581508075, 0.11283600211815889),
             fma(z, -0.37612627140440547, 0.12837916591465431))
    c1 = fma(w, 7.889119157487838e-05, fma(z, -0.0008020845698406905, 0.005189536461939261))
    below = fma(v, fma(w * w, c1, c0), v)
    shifted = fma(z, -LOG2_E, ROUNDER)
    r = fma(shifted - ROUNDER, -0.6931471805599453, -z)
    p = fma(r * r, exp_tail_short(r), r) + 1.0
    e = p * power_of_two(shifted)
    t = 1.0 / (a + 3.0)
    u = t * t
    d0 = fma(u, fma(t, 38.20131873935305, -3.5095149074672656),
             fma(t, 0.9934123650723667, -0.014744474976341557))
    above = 1.0 - e * fma(u * u, fma(t, 232.24449405549132, -105.05657030478372), d0)
    above = -above if x < np.float32(0) else above
    return np.float32(below if a < 1.0 else above)
