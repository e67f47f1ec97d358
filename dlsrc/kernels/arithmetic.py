"""The four operations and powers.

``a`` and ``b`` are the arguments of a binary operation, because ``y`` is the result in an adjoint.
"""

import math
import operator

import numpy as np

from .primitive import Refusal, composite, kink, primitive, real, refuse, rejects, sample
from .types import broadcast

__all__ = [
    "add", "divide", "float_power", "floor_divide", "fmod", "multiply", "negative", "positive", "power",
    "power_const", "reciprocal", "remainder", "square", "subtract",
]


def numbers(*types):
    """The result type of arithmetic, which does not take NumPy's truth values.

    ``np.True_ + np.True_`` is True and ``True + True`` is 2, and numba makes both 2.
    """
    out = broadcast(*types)
    if out.dtype == "bool":
        if not out.weak:
            refuse("arithmetic of truth values: combine them with &, | or ~, or count them with np.sum")
        return broadcast(*types, dtype="int64")
    return out


def binary_result(a, b):
    return numbers(a, b)


def unary_result(x):
    return numbers(x)


# ---------------------------------------------------------------------------------- sums and products


@primitive(np.add, operator.add, elementwise=True)
def add(a, b):
    """The sum of two numbers."""
    return a + b


@add.adjoint("a")
def add_da(dy):
    return dy


@add.adjoint("b")
def add_db(dy):
    return dy


add.result(binary_result)
add.samples(
    sample(2.5, -0.5),
    sample(real(3), real(2, 3)),
    sample(real(2, 1), real(1, 3)),
    sample(real(0, 3), 1.0),
    sample(np.arange(3), real(3)),
    rejects(np.True_, np.True_, error=Refusal),
)


@primitive(np.subtract, operator.sub, elementwise=True)
def subtract(a, b):
    """The difference of two numbers."""
    return a - b


@subtract.adjoint("a")
def subtract_da(dy):
    return dy


@subtract.adjoint("b")
def subtract_db(dy):
    return -dy


subtract.result(binary_result)
subtract.samples(
    sample(2.5, -0.5),
    sample(real(3), real(2, 3)),
    sample(1, real(3)),
    rejects(np.array([True]), np.True_, error=Refusal),
)


@primitive(np.multiply, operator.mul, elementwise=True)
def multiply(a, b):
    """The product of two numbers."""
    return a * b


@multiply.adjoint("a")
def multiply_da(dy, b):
    return dy * b


@multiply.adjoint("b")
def multiply_db(dy, a):
    return dy * a


multiply.result(binary_result)
multiply.samples(
    sample(2.5, -0.5),
    sample(real(3), real(2, 3)),
    sample(2, real(3)),
    sample(real(3) > 0.0, real(3)),
    rejects(np.array([True]), np.True_, error=Refusal),
)


@primitive(np.divide, operator.truediv, elementwise=True, floats=True)
def divide(a, b):
    """The quotient of two numbers; of integers, a float."""
    return a / b


@divide.adjoint("a")
def divide_da(dy, b):
    return dy / b


@divide.adjoint("b")
def divide_db(dy, b, y):
    # the quotient by b is what the adjoint of a computes, too: written so that one serves both
    return -(dy / b) * y


divide.samples(
    sample(2.5, -0.5),
    sample(real(3), real(2, 3)),
    sample(1, real(3)),
    sample(np.arange(3), 2),
)


@primitive(np.negative, operator.neg, elementwise=True)
def negative(x):
    """The number with the other sign."""
    return -x


@negative.adjoint("x")
def negative_dx(dy):
    return -dy


negative.result(unary_result)
negative.samples(sample(0.3), sample(real(5)), sample(np.arange(3)), rejects(np.True_, error=Refusal))


@primitive(np.positive, operator.pos, elementwise=True)
def positive(x):
    """The number itself; of an array, a copy."""
    return +x


@positive.adjoint("x")
def positive_dx(dy):
    return dy


positive.result(unary_result)
positive.samples(sample(0.3), sample(real(5)), rejects(np.True_, error=Refusal))


@primitive(np.square, elementwise=True)
def square(x):
    """The number times itself."""
    return x * x


@square.adjoint("x")
def square_dx(dy, x):
    return dy * (2 * x)


square.result(unary_result)
square.samples(sample(0.3), sample(0.0), sample(real(2, 3)), sample(np.arange(3)))


@primitive(np.reciprocal, elementwise=True)
def reciprocal(x):
    """One over the number."""
    return 1 / x


@reciprocal.result
def reciprocal_result(x):
    if x.dtype not in ("float64", "float32"):
        refuse("np.reciprocal of integers truncates to an integer: write 1 / x for the quotient")
    return x


@reciprocal.adjoint("x")
def reciprocal_dx(dy, y):
    return -dy * (y * y)


reciprocal.samples(sample(0.3), sample(real(5)), rejects(np.arange(3), error=Refusal))


# ---------------------------------------------------------------------------------- division with a remainder


@primitive(np.floor_divide, operator.floordiv, elementwise=True)
def floor_divide(a, b):
    """The quotient rounded towards minus infinity; a step function, its derivative is zero."""
    return a // b


floor_divide.result(binary_result)
floor_divide.zero("a", "b")
floor_divide.samples(
    sample(7.5, 2.0),
    sample(10 * real(5), np.array([[3.0], [-7.0]])),
    sample(np.arange(-3, 3), 2),
    kink(4.0, 2.0, expect={"a": 0.0, "b": 0.0}),
)


@primitive(np.remainder, operator.mod, elementwise=True)
def remainder(a, b):
    """What is left of ``a`` after the whole multiples of ``b``, with the sign of ``b``."""
    return a % b


@remainder.adjoint("a")
def remainder_da(dy):
    return dy


@remainder.adjoint("b")
def remainder_db(dy, a, b):
    return -dy * (a // b)


remainder.result(binary_result)
remainder.samples(
    sample(7.5, 2.0),
    sample(-7.5, 2.0),
    sample(10 * real(5), np.array([[3.0], [-7.0]])),
    sample(np.arange(-3, 3), 2),
    kink(4.0, 2.0, expect={"a": 1.0, "b": -2.0}),
)


@primitive(np.fmod, elementwise=True)
def fmod(a, b):
    """What is left of ``a`` after the whole multiples of ``b``, with the sign of ``a``."""
    return np.fmod(a, b)


@fmod.result
def fmod_result(a, b):
    out = broadcast(a, b)
    if out.dtype not in ("float64", "float32"):
        # numba 0.68: the compiled np.fmod(-7, 2) is 1, NumPy's is -1
        refuse("np.fmod of integers is compiled wrongly by numba: write np.fmod(1.0 * a, b)")
    return out


@fmod.adjoint("a")
def fmod_da(dy):
    return dy


@fmod.adjoint("b")
def fmod_db(dy, a, b):
    return -dy * np.trunc(a / b)


fmod.samples(
    sample(7.5, 2.0),
    sample(-7.5, 2.0),
    sample(10 * real(5), np.array([[3.0], [-7.0]])),
    kink(4.0, 2.0, expect={"a": 1.0, "b": -2.0}),
    rejects(-7, 2, error=Refusal),
)


@composite(math.fmod)
def math_fmod(a, b):
    """`math.fmod`, which makes floats of integers."""
    return fmod(divide(a, 1), b)


math_fmod.samples(sample(-7.5, 2.0), sample(-7, 2))


# ---------------------------------------------------------------------------------- powers


@primitive(np.power, operator.pow, elementwise=True)
def power(a, b):
    """``a`` to the power ``b``."""
    return a ** b


power.result(binary_result)


@power.adjoint("a")
def power_da(dy, a, b):
    # a ** 0 is one everywhere: at a = 0 the formula would be 0 * inf
    return dy * (b * a ** (b - 1)) if b != 0 else 0.0


@power.adjoint("b")
def power_db(dy, a, b, y):
    # 0 ** b stays zero for b > 0: there the formula would be 0 * inf
    return dy * (y * np.log(a)) if a != 0 or b <= 0 else 0.0


power.samples(
    sample(2.5, -0.5),
    sample(abs(real(3)), real(2, 3)),
    sample(real(4), 3),
    sample(real(4), np.array([0, 1, 2, -1])),
    sample(np.int64(2), real(3)),
    kink(0.0, 0.0, expect={"a": 0.0}),
    kink(0.0, 1.0, expect={"a": 1.0, "b": 0.0}),
    kink(0.0, 2.0, expect={"a": 0.0, "b": 0.0}),
    kink(0.0, 0.5, expect={"a": np.inf, "b": 0.0}),
    kink(-2.0, 3.0, expect={"a": 12.0}),
)


@primitive(static=("n",), elementwise=True)
def power_const(x, n):
    """``x`` to a power that is known while the program is built, as in ``x ** 2``."""
    return x ** n


@power_const.result
def power_const_result(x, n):
    if isinstance(n, float) and x.dtype not in ("float64", "float32"):
        return broadcast(x, dtype="float64")
    out = numbers(x)
    if n < 0 and out.dtype not in ("float64", "float32"):
        refuse(f"an integer to the power {n}: write it as a float, float(x) ** {n}")
    return out


@power_const.adjoint("x")
def power_const_dx(dy, x, n):
    if n == 0:
        return 0.0
    if n == 1:
        return dy
    if n == 2:
        return dy * (2 * x)
    if n == 0.5:
        return dy / (2 * np.sqrt(x))
    if n == -1:
        return -dy / (x * x)
    return dy * (n * x ** (n - 1))


power_const.samples(
    sample(real(4), n=2),
    sample(real(4), n=0),
    sample(real(4), n=1),
    sample(-1.5, n=3),
    sample(1 + abs(real(4)), n=0.5),
    sample(1 + abs(real(4)), n=1.7),
    sample(1 + abs(real(4)), n=-0.5),
    sample(real(4), n=-1),
    sample(real(4), n=-2),
    sample(np.arange(4), n=3),
    kink(0.0, n=0, expect={"x": 0.0}),
    kink(0.0, n=1, expect={"x": 1.0}),
    kink(0.0, n=0.5, expect={"x": np.inf}),
    rejects(3, n=-1, error=Refusal),
)


@composite(np.float_power)
def float_power(a, b):
    """``a`` to the power ``b``, in float64 also for integers."""
    return power(multiply(a, np.float64(1)), b)


float_power.samples(sample(2, -1), sample(abs(real(3)), 2.5))


@composite(math.pow)
def math_pow(a, b):
    """`math.pow`, which makes floats of integers."""
    return power(divide(a, 1), b)


math_pow.samples(sample(2, -1), sample(1.5, 2.5))
