"""The circular and hyperbolic functions and their inverses."""

import math

import numpy as np

from ..primitive import kink, primitive, real, sample

__all__ = [
    "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "cos", "cosh", "degrees",
    "radians", "sin", "sinc", "sinc_dx", "sinh", "tan", "tanh",
]


# ---------------------------------------------------------------------------------- circular functions


@primitive(np.sin, math.sin, elementwise=True, floats=True)
def sin(x):
    """The sine of an angle in radians."""
    return np.sin(x)


@sin.adjoint("x")
def sin_dx(dy, x):
    return dy * np.cos(x)


sin.samples(sample(0.3), sample(real(5)), sample(real(2, 3)), sample(real(0, 3)), sample(np.arange(3)))


@primitive(np.cos, math.cos, elementwise=True, floats=True)
def cos(x):
    """The cosine of an angle in radians."""
    return np.cos(x)


@cos.adjoint("x")
def cos_dx(dy, x):
    return -dy * np.sin(x)


cos.samples(sample(0.3), sample(real(2, 3)))


@primitive(np.tan, math.tan, elementwise=True, floats=True)
def tan(x):
    """The tangent of an angle in radians."""
    return np.tan(x)


@tan.adjoint("x")
def tan_dx(dy, y):
    return dy * (1 + y * y)


tan.samples(sample(0.3), sample(real(2, 3)))


@primitive(np.arcsin, math.asin, elementwise=True, floats=True)
def arcsin(x):
    """The angle with this sine."""
    return np.arcsin(x)


@arcsin.adjoint("x")
def arcsin_dx(dy, x):
    # 1 - x * x would lose digits near the ends
    return dy / np.sqrt((1 - x) * (1 + x))


@primitive(np.arccos, math.acos, elementwise=True, floats=True)
def arccos(x):
    """The angle with this cosine."""
    return np.arccos(x)


@arccos.adjoint("x")
def arccos_dx(dy, x):
    return -dy / np.sqrt((1 - x) * (1 + x))


arcsin.samples(sample(0.3), sample(np.tanh(real(2, 3))), kink(1.0, expect={"x": np.inf}))
arccos.samples(sample(0.3), sample(np.tanh(real(2, 3))), kink(1.0, expect={"x": -np.inf}))


@primitive(np.arctan, math.atan, elementwise=True, floats=True)
def arctan(x):
    """The angle with this tangent."""
    return np.arctan(x)


@arctan.adjoint("x")
def arctan_dx(dy, x):
    return dy / (1 + x * x)


arctan.samples(sample(0.3), sample(real(2, 3)), sample(1e200))


@primitive(np.arctan2, math.atan2, elementwise=True, floats=True)
def arctan2(a, b):
    """The angle of the point with height ``a`` and abscissa ``b``; no derivative (nan) at the origin."""
    return np.arctan2(a, b)


@arctan2.adjoint("a")
def arctan2_da(dy, a, b):
    return dy * (b / (a * a + b * b))


@arctan2.adjoint("b")
def arctan2_db(dy, a, b):
    return -dy * (a / (a * a + b * b))


arctan2.samples(
    sample(2.5, -0.5),
    sample(real(3), real(2, 3)),
    sample(0.5, 0.0),
    kink(0.0, 0.0, expect={"a": np.nan, "b": np.nan}),
)


@primitive(np.degrees, np.rad2deg, math.degrees, elementwise=True, floats=True)
def degrees(x):
    """An angle in radians, in degrees."""
    return np.degrees(x)


@degrees.adjoint("x")
def degrees_dx(dy):
    return dy * (180 / np.pi)


@primitive(np.radians, np.deg2rad, math.radians, elementwise=True, floats=True)
def radians(x):
    """An angle in degrees, in radians."""
    return np.radians(x)


@radians.adjoint("x")
def radians_dx(dy):
    return dy * (np.pi / 180)


degrees.samples(sample(0.3), sample(real(2, 3)))
radians.samples(sample(30.0), sample(real(2, 3)))


@primitive(np.sinc, elementwise=True, floats=True)
def sinc(x):
    """``sin(pi x) / (pi x)``, one at zero."""
    return np.sinc(x)


@sinc.adjoint("x")
def sinc_dx(dy, x, y):
    if abs(x) < 0.1:
        # the difference below cancels near zero; six terms of its series are exact to 1e-16 here
        t = np.pi * x
        u = t * t
        series = 1 - u / 10 * (1 - u / 28 * (1 - u / 54 * (1 - u / 88 * (1 - u / 130))))
        return -dy * (np.pi * t / 3 * series)
    return dy * ((np.cos(np.pi * x) - y) / x)


sinc.samples(sample(0.3), sample(real(2, 3)), sample(np.array([0.0, 1e-7, 0.05, 0.099, 0.101, 2.0])))


# ---------------------------------------------------------------------------------- hyperbolic functions


@primitive(np.sinh, math.sinh, elementwise=True, floats=True)
def sinh(x):
    """The hyperbolic sine."""
    return np.sinh(x)


@sinh.adjoint("x")
def sinh_dx(dy, x):
    return dy * np.cosh(x)


@primitive(np.cosh, math.cosh, elementwise=True, floats=True)
def cosh(x):
    """The hyperbolic cosine."""
    return np.cosh(x)


@cosh.adjoint("x")
def cosh_dx(dy, x):
    return dy * np.sinh(x)


@primitive(np.tanh, math.tanh, elementwise=True, floats=True)
def tanh(x):
    """The hyperbolic tangent."""
    return np.tanh(x)


@tanh.adjoint("x")
def tanh_dx(dy, y):
    # in terms of the result: 1 / cosh(x)**2 overflows where the derivative is zero
    return dy * (1 - y * y)


sinh.samples(sample(0.3), sample(real(2, 3)))
cosh.samples(sample(0.3), sample(real(2, 3)))
tanh.samples(sample(0.3), sample(real(2, 3)), sample(800 * real(3)))


@primitive(np.arcsinh, math.asinh, elementwise=True, floats=True)
def arcsinh(x):
    """The number with this hyperbolic sine."""
    return np.arcsinh(x)


@arcsinh.adjoint("x")
def arcsinh_dx(dy, x):
    return dy / np.sqrt(1 + x * x)


@primitive(np.arccosh, math.acosh, elementwise=True, floats=True)
def arccosh(x):
    """The positive number with this hyperbolic cosine."""
    return np.arccosh(x)


@arccosh.adjoint("x")
def arccosh_dx(dy, x):
    return dy / np.sqrt((x - 1) * (x + 1))


@primitive(np.arctanh, math.atanh, elementwise=True, floats=True)
def arctanh(x):
    """The number with this hyperbolic tangent."""
    return np.arctanh(x)


@arctanh.adjoint("x")
def arctanh_dx(dy, x):
    return dy / ((1 - x) * (1 + x))


arcsinh.samples(sample(0.3), sample(real(2, 3)))
arccosh.samples(sample(1.3), sample(1.1 + abs(real(2, 3))), kink(1.0, expect={"x": np.inf}))
arctanh.samples(sample(0.3), sample(np.tanh(real(2, 3))), kink(1.0, expect={"x": np.inf}))
