"""Bessel functions of real order and argument; values are SciPy's.

Derivatives by the argument: NIST Digital Library of Mathematical Functions, 10.6.1-10.6.3 (J and Y) and
10.29.1-10.29.4 (I and K).  The exponentially scaled ones follow by the product rule.  No derivative by
the order is known here: a program that needs it is refused.
"""

import numpy as np

from ..declaring.foreign import special
from ..primitive import composite, kink, primitive, real, sample

__all__ = [
    "i0", "i0e", "i1", "i1e", "iv", "ive", "j0", "j1", "jv", "k0", "k0e", "k1", "k1e", "kv", "kve", "y0",
    "y1", "yn", "yv",
]

(
    j0_of, j1_of, y0_of, y1_of, i0_of, i1_of, i0e_of, i1e_of, k0_of, k1_of, k0e_of, k1e_of,
) = (
    special(name, 1)
    for name in ("j0", "j1", "y0", "y1", "i0", "i1", "i0e", "i1e", "k0", "k1", "k0e", "k1e")
)
jv_of, yv_of, iv_of, kv_of, ive_of, kve_of = (
    special(name, 2) for name in ("jv", "yv", "iv", "kv", "ive", "kve")
)

# ---------------------------------------------------------------------------------- orders 0 and 1


@primitive("scipy.special.j0", elementwise=True, floats=True)
def j0(x):
    """The Bessel function of the first kind of order 0."""
    return j0_of(x)


@j0.adjoint("x")
def j0_dx(dy, x):
    return -dy * j1(x)


@primitive("scipy.special.j1", elementwise=True, floats=True)
def j1(x):
    """The Bessel function of the first kind of order 1."""
    return j1_of(x)


@j1.adjoint("x")
def j1_dx(dy, x, y):
    if abs(x) < 0.1:
        # the power series: J0(x) - J1(x) / x would lose digits when it is differentiated again
        u = x * x
        return dy * (0.5 - u * (3 / 16 - u * (5 / 384 - u * (7 / 18432 - u * (9 / 1474560)))))
    return dy * (j0(x) - y / x)


@primitive("scipy.special.y0", elementwise=True, floats=True)
def y0(x):
    """The Bessel function of the second kind of order 0."""
    return y0_of(x)


@y0.adjoint("x")
def y0_dx(dy, x):
    return -dy * y1(x)


@primitive("scipy.special.y1", elementwise=True, floats=True)
def y1(x):
    """The Bessel function of the second kind of order 1."""
    return y1_of(x)


@y1.adjoint("x")
def y1_dx(dy, x, y):
    return dy * (y0(x) - y / x)


@primitive(np.i0, "scipy.special.i0", elementwise=True, floats=True)
def i0(x):
    """The modified Bessel function of the first kind of order 0."""
    return i0_of(x)


@i0.adjoint("x")
def i0_dx(dy, x):
    return dy * i1(x)


@primitive("scipy.special.i1", elementwise=True, floats=True)
def i1(x):
    """The modified Bessel function of the first kind of order 1."""
    return i1_of(x)


@i1.adjoint("x")
def i1_dx(dy, x, y):
    if abs(x) < 0.1:
        # the power series: I0(x) - I1(x) / x would lose digits when it is differentiated again
        u = x * x
        return dy * (0.5 + u * (3 / 16 + u * (5 / 384 + u * (7 / 18432 + u * (9 / 1474560)))))
    return dy * (i0(x) - y / x)


@primitive("scipy.special.i0e", elementwise=True, floats=True)
def i0e(x):
    """``exp(-abs(x)) * i0(x)``, which does not overflow; the derivative at the kink 0 is 0."""
    return i0e_of(x)


@i0e.adjoint("x")
def i0e_dx(dy, x, y):
    return dy * (i1e(x) - np.sign(x) * y)


@primitive("scipy.special.i1e", elementwise=True, floats=True)
def i1e(x):
    """``exp(-abs(x)) * i1(x)``, which does not overflow."""
    return i1e_of(x)


@i1e.adjoint("x")
def i1e_dx(dy, x, y):
    if abs(x) < 0.1:
        u = x * x
        series = 0.5 + u * (3 / 16 + u * (5 / 384 + u * (7 / 18432 + u * (9 / 1474560))))
        return dy * (np.exp(-abs(x)) * series - np.sign(x) * y)
    return dy * (i0e(x) - y / x - np.sign(x) * y)


@primitive("scipy.special.k0", elementwise=True, floats=True)
def k0(x):
    """The modified Bessel function of the second kind of order 0."""
    return k0_of(x)


@k0.adjoint("x")
def k0_dx(dy, x):
    return -dy * k1(x)


@primitive("scipy.special.k1", elementwise=True, floats=True)
def k1(x):
    """The modified Bessel function of the second kind of order 1."""
    return k1_of(x)


@k1.adjoint("x")
def k1_dx(dy, x, y):
    return -dy * (k0(x) + y / x)


@primitive("scipy.special.k0e", elementwise=True, floats=True)
def k0e(x):
    """``exp(x) * k0(x)``, which does not underflow."""
    return k0e_of(x)


@k0e.adjoint("x")
def k0e_dx(dy, x, y):
    return dy * (y - k1e(x))


@primitive("scipy.special.k1e", elementwise=True, floats=True)
def k1e(x):
    """``exp(x) * k1(x)``, which does not underflow."""
    return k1e_of(x)


@k1e.adjoint("x")
def k1e_dx(dy, x, y):
    return dy * (y - k0e(x) - y / x)


for _function in (j0, j1, i0, i1, i0e, i1e):
    _function.samples(
        sample(1.3), sample(np.array([-20.5, -0.7, -0.05, 0.02, 0.101, 3.0, 30.0])), sample(real(2, 3)),
        sample(3),
    )
for _function in (j1, i1, i1e):
    _function.samples(kink(0.0, expect={"x": 0.5}))
for _function in (j0, i0, i0e):
    _function.samples(kink(0.0, expect={"x": 0.0}))
for _function in (y0, y1, k0, k1, k0e, k1e):
    _function.samples(sample(1.3), sample(np.array([0.3, 0.7, 2.5, 30.0])), sample(2))

# ---------------------------------------------------------------------------------- any order


@primitive("scipy.special.jv", elementwise=True, floats=True)
def jv(v, x):
    """The Bessel function of the first kind of order ``v``."""
    return jv_of(v, x)


@jv.adjoint("x")
def jv_dx(dy, v, x):
    return dy * (0.5 * (jv(v - 1, x) - jv(v + 1, x)))


@primitive("scipy.special.yv", elementwise=True, floats=True)
def yv(v, x):
    """The Bessel function of the second kind of order ``v``."""
    return yv_of(v, x)


@yv.adjoint("x")
def yv_dx(dy, v, x):
    return dy * (0.5 * (yv(v - 1, x) - yv(v + 1, x)))


@primitive("scipy.special.iv", elementwise=True, floats=True)
def iv(v, x):
    """The modified Bessel function of the first kind of order ``v``."""
    return iv_of(v, x)


@iv.adjoint("x")
def iv_dx(dy, v, x):
    return dy * (0.5 * (iv(v - 1, x) + iv(v + 1, x)))


@primitive("scipy.special.kv", elementwise=True, floats=True)
def kv(v, x):
    """The modified Bessel function of the second kind of order ``v``."""
    return kv_of(v, x)


@kv.adjoint("x")
def kv_dx(dy, v, x):
    return dy * (-0.5 * (kv(v - 1, x) + kv(v + 1, x)))


@primitive("scipy.special.ive", elementwise=True, floats=True)
def ive(v, x):
    """``exp(-abs(x)) * iv(v, x)``, which does not overflow."""
    return ive_of(v, x)


@ive.adjoint("x")
def ive_dx(dy, v, x, y):
    return dy * (0.5 * (ive(v - 1, x) + ive(v + 1, x)) - np.sign(x) * y)


@primitive("scipy.special.kve", elementwise=True, floats=True)
def kve(v, x):
    """``exp(x) * kv(v, x)``, which does not underflow."""
    return kve_of(v, x)


@kve.adjoint("x")
def kve_dx(dy, v, x, y):
    return dy * (y - 0.5 * (kve(v - 1, x) + kve(v + 1, x)))


for _function in (jv, yv, iv, kv, ive, kve):
    _function.unknown("v", (
        f"no derivative of `{_function.name}` by its order is known: keep the order fixed, or cut its trace "
        "with stop_gradient"
    ))  # fmt: skip
    _function.samples(
        sample(0.5, 1.3), sample(2, 1.3), sample(1.7, np.array([0.4, 2.5, 20.0])),
        sample(np.array([0.0, 1.0, 2.5]), 0.8), sample(np.array([[0.0], [3.0]]), np.array([0.3, 5.0])),
    )


@composite("scipy.special.yn")
def yn(n, x):
    """The Bessel function of the second kind of integer order ``n``; others are cut to integers."""
    return yv(np.trunc(n), x)


yn.samples(sample(1, 2.5), sample(2, np.array([0.5, 3.0])))
