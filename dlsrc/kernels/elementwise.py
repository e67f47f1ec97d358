"""Exponentials, logarithms and roots.

Where numbers leave the domain the results are IEEE's inf and nan, never an exception, for the
functions of `math` too.  Constants are literals, because the rules are written out in generated text.
"""

import math

import numpy as np

from .primitive import composite, kink, primitive, real, sample
from .special import sigmoid

__all__ = [
    "cbrt", "exp", "exp10", "exp2", "expm1", "hypot", "log", "log10", "log1p", "log2", "logaddexp",
    "logaddexp2", "root_of_squares", "sqrt",
]


# ---------------------------------------------------------------------------------- exponentials


@primitive(np.exp, math.exp, elementwise=True, floats=True)
def exp(x):
    """e to the power x."""
    return np.exp(x)


@exp.adjoint("x")
def exp_dx(dy, y):
    return dy * y


exp.samples(sample(0.3), sample(real(2, 3)), sample(np.arange(3)), sample(-800.0))


@primitive(np.expm1, math.expm1, "scipy.special.expm1", elementwise=True, floats=True)
def expm1(x):
    """``exp(x) - 1``, exact for small x."""
    return np.expm1(x)


@expm1.adjoint("x")
def expm1_dx(dy, y):
    return dy * (y + 1)


expm1.samples(sample(0.3), sample(1e-9), sample(real(2, 3)))


@primitive(np.exp2, math.exp2, "scipy.special.exp2", elementwise=True, floats=True)
def exp2(x):
    """2 to the power x."""
    return np.exp2(x)


@exp2.adjoint("x")
def exp2_dx(dy, y):
    return dy * (y * 0.6931471805599453)  # log(2)


exp2.samples(sample(0.3), sample(real(2, 3)))


@composite("scipy.special.exp10")
def exp10(x):
    """10 to the power x."""
    return 10.0**x


exp10.samples(sample(0.3), sample(real(2, 3)))


# ---------------------------------------------------------------------------------- logarithms


@primitive(np.log, elementwise=True, floats=True)
def log(x):
    """The natural logarithm."""
    return np.log(x)


@log.adjoint("x")
def log_dx(dy, x):
    return dy / x


log.samples(sample(0.3), sample(abs(real(2, 3))), sample(np.arange(1, 4)), kink(0.0, expect={"x": np.inf}))


@composite(math.log)
def math_log(x, base=None):
    """The logarithm, natural or to a base."""
    return log(x) if base is None else log(x) / log(base)


math_log.samples(sample(0.3), sample(8.0, 2))


@primitive(np.log1p, math.log1p, "scipy.special.log1p", elementwise=True, floats=True)
def log1p(x):
    """``log(1 + x)``, exact for small x."""
    return np.log1p(x)


@log1p.adjoint("x")
def log1p_dx(dy, x):
    return dy / (1 + x)


log1p.samples(sample(0.3), sample(1e-9), sample(abs(real(2, 3))))


@primitive(np.log2, math.log2, elementwise=True, floats=True)
def log2(x):
    """The logarithm to base 2."""
    return np.log2(x)


@log2.adjoint("x")
def log2_dx(dy, x):
    return dy / (x * 0.6931471805599453)  # log(2)


log2.samples(sample(0.3), sample(abs(real(2, 3))))


@primitive(np.log10, math.log10, elementwise=True, floats=True)
def log10(x):
    """The logarithm to base 10."""
    return np.log10(x)


@log10.adjoint("x")
def log10_dx(dy, x):
    return dy / (x * 2.302585092994046)  # log(10)


log10.samples(sample(0.3), sample(abs(real(2, 3))))


@primitive(np.logaddexp, elementwise=True, floats=True)
def logaddexp(a, b):
    """``log(exp(a) + exp(b))``, without overflow."""
    return np.logaddexp(a, b)


@logaddexp.adjoint("a")
def logaddexp_da(dy, a, b):
    # halves for two equal infinities, whose difference would be nan
    return dy * sigmoid(a - b) if a - b == a - b else 0.5 * dy


@logaddexp.adjoint("b")
def logaddexp_db(dy, a, b):
    return dy * sigmoid(b - a) if a - b == a - b else 0.5 * dy


@primitive(np.logaddexp2, elementwise=True, floats=True)
def logaddexp2(a, b):
    """``log2(2**a + 2**b)``, without overflow."""
    return np.logaddexp2(a, b)


@logaddexp2.adjoint("a")
def logaddexp2_da(dy, a, b):
    return dy * sigmoid(0.6931471805599453 * (a - b)) if a - b == a - b else 0.5 * dy


@logaddexp2.adjoint("b")
def logaddexp2_db(dy, a, b):
    return dy * sigmoid(0.6931471805599453 * (b - a)) if a - b == a - b else 0.5 * dy


for operation in (logaddexp, logaddexp2):
    operation.samples(
        sample(2.5, -0.5),
        sample(real(3), real(2, 3)),
        sample(1000.0, 998.0),
        sample(0.7, 0.7),
        kink(-np.inf, -np.inf, expect={"a": 0.5, "b": 0.5}),
        kink(-np.inf, 0.0, expect={"a": 0.0, "b": 1.0}),
        kink(np.inf, 0.0, expect={"a": 1.0, "b": 0.0}),
    )


# ---------------------------------------------------------------------------------- roots


@primitive(np.sqrt, math.sqrt, elementwise=True, floats=True)
def sqrt(x):
    """The square root; its derivative at zero is inf."""
    return np.sqrt(x)


@sqrt.adjoint("x")
def sqrt_dx(dy, y):
    return dy / (2 * y)


sqrt.samples(sample(0.3), sample(abs(real(2, 3))), sample(np.arange(3)), kink(0.0, expect={"x": np.inf}))


@primitive(elementwise=True, floats=True)
def root_of_squares(x):
    """The square root of a sum of squares; where all of them are zero it has the derivative 0, as a norm."""
    return np.sqrt(x)


@root_of_squares.adjoint("x")
def root_of_squares_dx(dy, y):
    return dy / (2 * y) if y != 0 else 0.0


root_of_squares.samples(sample(0.3), sample(abs(real(2, 3))), kink(0.0, expect={"x": 0.0}))


@primitive(np.cbrt, math.cbrt, "scipy.special.cbrt", elementwise=True, floats=True)
def cbrt(x):
    """The cube root; its derivative at zero is inf."""
    return np.cbrt(x)


@cbrt.adjoint("x")
def cbrt_dx(dy, y):
    return dy / (3 * y * y)


cbrt.samples(sample(-0.3), sample(real(2, 3)), kink(0.0, expect={"x": np.inf}))


@primitive(np.hypot, math.hypot, elementwise=True, floats=True)
def hypot(a, b):
    """The length of a vector with two components."""
    return np.hypot(a, b)


@hypot.adjoint("a")
def hypot_da(dy, a, y):
    return dy * (a / y) if y != 0 else 0.0


@hypot.adjoint("b")
def hypot_db(dy, b, y):
    return dy * (b / y) if y != 0 else 0.0


hypot.samples(
    sample(2.5, -0.5),
    sample(real(3), real(2, 3)),
    sample(3e200, 4e200),
    kink(0.0, 0.0, expect={"a": 0.0, "b": 0.0}),
)
