"""Choosing, signs and steps: the functions with kinks, and the derivative promised at each.

Ties of maximum and minimum go to the first argument, the derivative of ``abs`` at zero is zero, and
steps (sign, floor, rounding) have derivative zero everywhere.
"""

import math
import operator

import numpy as np

from ..arithmetic import divide, multiply, positive, unary_result
from ..primitive import Refusal, composite, kink, primitive, real, refuse, rejects, sample
from ..types import broadcast, promote
from .conversion import cast, one_number

__all__ = [
    "absolute", "ceil", "clip", "copysign", "fabs", "floor", "fmax", "fmin", "heaviside",
    "larger", "maximum", "minimum", "rint", "round_", "sign", "smaller", "trunc", "where",
]


# ---------------------------------------------------------------------------------- the larger, the smaller


@primitive(np.maximum, elementwise=True)
def maximum(a, b):
    """The larger of two numbers; nan if one is nan."""
    return np.maximum(a, b)


@maximum.adjoint("a")
def maximum_da(dy, a, b):
    return dy if a >= b else 0.0


@maximum.adjoint("b")
def maximum_db(dy, a, b):
    return 0.0 if a >= b else dy


maximum.samples(
    sample(2.5, -0.5),
    sample(real(3), real(2, 3)),
    sample(real(5), 0.0),
    sample(np.arange(3), 1),
    sample(np.array([np.nan, 1.0, -0.5]), np.array([1.0, np.nan, 0.5])),
    kink(1.0, 1.0, expect={"a": 1.0, "b": 0.0}),
)


@primitive(np.minimum, elementwise=True)
def minimum(a, b):
    """The smaller of two numbers; nan if one is nan."""
    return np.minimum(a, b)


@minimum.adjoint("a")
def minimum_da(dy, a, b):
    return dy if a <= b else 0.0


@minimum.adjoint("b")
def minimum_db(dy, a, b):
    return 0.0 if a <= b else dy


minimum.samples(
    sample(2.5, -0.5),
    sample(real(3), real(2, 3)),
    sample(real(5), 0.0),
    sample(np.arange(3), 1),
    sample(np.array([np.nan, 1.0, -0.5]), np.array([1.0, np.nan, 0.5])),
    kink(1.0, 1.0, expect={"a": 1.0, "b": 0.0}),
)


@primitive(np.fmax, elementwise=True)
def fmax(a, b):
    """The larger of two numbers; of a number and nan, the number."""
    return np.fmax(a, b)


@fmax.adjoint("a")
def fmax_da(dy, a, b):
    return dy if a >= b or b != b else 0.0


@fmax.adjoint("b")
def fmax_db(dy, a, b):
    return 0.0 if a >= b or b != b else dy


fmax.samples(
    sample(2.5, -0.5),
    sample(real(3), real(2, 3)),
    sample(np.array([np.nan, 1.0]), np.array([1.0, np.nan])),
    kink(1.0, 1.0, expect={"a": 1.0, "b": 0.0}),
    kink(1.0, np.nan, expect={"a": 1.0, "b": 0.0}),
    kink(np.nan, 1.0, expect={"a": 0.0, "b": 1.0}),
)


@primitive(np.fmin, elementwise=True)
def fmin(a, b):
    """The smaller of two numbers; of a number and nan, the number."""
    return np.fmin(a, b)


@fmin.adjoint("a")
def fmin_da(dy, a, b):
    return dy if a <= b or b != b else 0.0


@fmin.adjoint("b")
def fmin_db(dy, a, b):
    return 0.0 if a <= b or b != b else dy


fmin.samples(
    sample(2.5, -0.5),
    sample(real(3), real(2, 3)),
    sample(np.array([np.nan, 1.0]), np.array([1.0, np.nan])),
    kink(1.0, 1.0, expect={"a": 1.0, "b": 0.0}),
    kink(1.0, np.nan, expect={"a": 1.0, "b": 0.0}),
    kink(np.nan, 1.0, expect={"a": 0.0, "b": 1.0}),
)


@primitive(elementwise=True)
def larger(a, b):
    """Python's ``max`` of two numbers: the second one only if it compares as larger, so nan may be lost."""
    return max(a, b)


@larger.adjoint("a")
def larger_da(dy, a, b):
    return 0.0 if b > a else dy


@larger.adjoint("b")
def larger_db(dy, a, b):
    return dy if b > a else 0.0


larger.samples(
    sample(2.5, -0.5),
    sample(-0.5, 2.5),
    sample(real(3), real(2, 3)),
    kink(1.0, 1.0, expect={"a": 1.0, "b": 0.0}),
    kink(np.nan, 1.0, expect={"a": 1.0, "b": 0.0}),
    kink(1.0, np.nan, expect={"a": 1.0, "b": 0.0}),
)


@primitive(elementwise=True)
def smaller(a, b):
    """Python's ``min`` of two numbers: the second one only if it compares as smaller, so nan may be lost."""
    return min(a, b)


@smaller.adjoint("a")
def smaller_da(dy, a, b):
    return 0.0 if b < a else dy


@smaller.adjoint("b")
def smaller_db(dy, a, b):
    return dy if b < a else 0.0


smaller.samples(
    sample(2.5, -0.5),
    sample(-0.5, 2.5),
    sample(real(3), real(2, 3)),
    kink(1.0, 1.0, expect={"a": 1.0, "b": 0.0}),
    kink(np.nan, 1.0, expect={"a": 1.0, "b": 0.0}),
    kink(1.0, np.nan, expect={"a": 1.0, "b": 0.0}),
)


@composite(np.clip, methods=("clip",))
def clip(a, a_min=None, a_max=None, out=None, *, min=None, max=None):
    """``a`` where it is inside the bounds, else the nearer bound; derivative one on the bounds themselves."""
    if out is not None:
        refuse("np.clip with out=: assign the result instead")
    low = a_min if min is None else min
    high = a_max if max is None else max
    if low is None and high is None:
        return positive(a)
    inside = a if low is None else maximum(a, low)
    return inside if high is None else minimum(inside, high)


clip.samples(
    sample(real(2, 3), -0.5, 0.5),
    sample(real(5), None, 0.5),
    sample(real(5), 0.5, None),
    sample(real(5), min=-0.5, max=real(5)),
    sample(real(5)),
    sample(0.3, 0.5, 1.0),
)


@primitive(np.where, elementwise=True)
def where(condition, a, b):
    """``a`` where the condition is true and ``b`` where it is not."""
    return a if condition else b


@where.result
def where_result(condition, a, b):
    dtype, weak = promote(a, b)
    return broadcast(condition, a, b, dtype=dtype, weak=weak)


@where.adjoint("a")
def where_da(dy, condition):
    return dy if condition else 0.0


@where.adjoint("b")
def where_db(dy, condition):
    return 0.0 if condition else dy


where.zero("condition")
where.linear("a", "b")
where.samples(
    sample(real(2, 3) > 0.0, real(3), real(2, 3)),
    sample(real(5) > 0.0, real(5), 0.0),
    sample(True, 2.5, 0.5),
    sample(np.arange(3), real(3), 1),
    sample(real(4) > 0.0, np.arange(4), 0.5),
)


@primitive(elementwise=True)
def zero_if_masked(x, cotangent):
    """``x``, or 0 where it is nan and made of a zero cotangent: what was not chosen has no slope."""
    if cotangent == 0 and np.isnan(x):
        return 0 * cotangent
    return x


@zero_if_masked.adjoint("x")
def zero_if_masked_dx(dy, x, cotangent):
    return 0.0 if cotangent == 0 and np.isnan(x) else dy


zero_if_masked.zero("cotangent")
zero_if_masked.samples(
    sample(2.5, 0.5), sample(real(2, 3), real(2, 3)), sample(real(3), 0.0), sample(0.5, 0.0),
    kink(np.nan, 0.0, expect={"x": 0.0}),
)


# ---------------------------------------------------------------------------------- signs


@primitive(np.absolute, abs, operator.abs, elementwise=True)
def absolute(x):
    """The number without its sign."""
    return abs(x)


@absolute.adjoint("x")
def absolute_dx(dy, x):
    return dy * np.sign(x)


@primitive(np.fabs, math.fabs, elementwise=True, floats=True)
def fabs(x):
    """The number without its sign, as a float."""
    return np.fabs(x)


@fabs.adjoint("x")
def fabs_dx(dy, x):
    return dy * np.sign(x)


@primitive(np.sign, elementwise=True)
def sign(x):
    """-1, 0 or 1; nan for nan."""
    return np.sign(x)


absolute.result(unary_result)
absolute.samples(
    sample(-0.3), sample(real(2, 3)), sample(np.arange(-2, 2)), kink(0.0, expect={"x": 0.0}),
    rejects(np.True_, error=Refusal),
)
fabs.samples(sample(-0.3), sample(real(2, 3)), sample(np.arange(-2, 2)), kink(0.0, expect={"x": 0.0}))
sign.result(unary_result)
sign.zero("x")
sign.samples(
    sample(-0.3), sample(real(2, 3)), sample(np.arange(-2, 2)), sample(np.array([1.0, np.nan])),
    kink(0.0, expect={"x": 0.0}),
)


@primitive(np.copysign, math.copysign, elementwise=True, floats=True)
def copysign(a, b):
    """The size of ``a`` with the sign of ``b``, that of -0.0 included."""
    return np.copysign(a, b)


@copysign.adjoint("a")
def copysign_da(dy, a, b):
    return dy * (np.sign(a) * np.copysign(1.0, b))


copysign.zero("b")
copysign.samples(
    sample(2.5, -0.5),
    sample(real(3), real(2, 3)),
    sample(2, 3),
    kink(-2.5, -0.0, expect={"a": 1.0, "b": 0.0}),
    kink(0.0, -1.0, expect={"a": 0.0, "b": 0.0}),
)


@primitive(np.heaviside, elementwise=True, floats=True)
def heaviside(a, b):
    """The unit step: zero, one, or at zero ``b``."""
    return b if a == 0 else (0.0 if a < 0 else (1.0 if a > 0 else a))


@heaviside.adjoint("b")
def heaviside_db(dy, a):
    return dy if a == 0 else 0.0


heaviside.zero("a")
heaviside.samples(
    sample(2.5, 0.5),
    sample(real(3), real(2, 3)),
    sample(np.array([-1.0, 1.0, np.nan]), 0.5),
    kink(0.0, 0.5, expect={"a": 0.0, "b": 1.0}),
)


# ---------------------------------------------------------------------------------- rounding


@primitive(np.floor, elementwise=True)
def floor(x):
    """The largest whole number that is not above."""
    return np.floor(x)


@primitive(np.ceil, elementwise=True)
def ceil(x):
    """The smallest whole number that is not below."""
    return np.ceil(x)


@primitive(np.trunc, elementwise=True)
def trunc(x):
    """The number without its fraction."""
    return np.trunc(x)


@primitive(np.rint, elementwise=True)
def rint(x):
    """The nearest whole number; of two equally near, the even one."""
    return np.rint(x)


@rint.result
def rint_result(x):
    if x.dtype not in ("float64", "float32"):
        refuse("rounding of integers: they are round already, remove the call")
    return x


for step in (floor, ceil, trunc):
    step.zero("x")
    step.samples(
        sample(-2.3), sample(10 * real(2, 3)), sample(np.arange(-1, 2)), kink(2.0, expect={"x": 0.0})
    )
rint.zero("x")
rint.samples(
    sample(-2.3), sample(10 * real(2, 3)), rejects(3, error=Refusal), kink(2.5, expect={"x": 0.0})
)


@composite(np.round, np.around, methods=("round",))
def round_(a, decimals=0, out=None):
    """The nearest number with so many decimals."""
    if out is not None:
        refuse("np.round with out=: assign the result instead")
    if decimals == 0:
        return rint(a)
    if decimals > 0:
        return divide(rint(multiply(a, 10.0 ** decimals)), 10.0 ** decimals)
    return multiply(rint(divide(a, 10.0 ** -decimals)), 10.0 ** -decimals)


round_.samples(sample(10 * real(5)), sample(real(5), 2), sample(1000 * real(5), -2), sample(2.5))


@composite(round)
def round_to_integer(number, ndigits=None):
    """Python's `round`: the nearest integer, as an integer."""
    if ndigits is not None:
        # Python rounds the decimal expansion, NumPy a product: round(2.675, 2) is 2.67 and 2.68
        refuse("round(x, digits): write np.round(x, digits), which can be compiled")
    return one_number(rint(number), "int")


round_to_integer.samples(sample(2.5), sample(-2.7), rejects(2.5, 1, error=Refusal))


@composite(math.floor)
def math_floor(x):
    """`math.floor`, which gives an integer."""
    return cast(floor(x), "int")


@composite(math.ceil)
def math_ceil(x):
    """`math.ceil`, which gives an integer."""
    return cast(ceil(x), "int")


@composite(math.trunc)
def math_trunc(x):
    """`math.trunc`, which gives an integer."""
    return cast(trunc(x), "int")


for whole in (math_floor, math_ceil, math_trunc):
    whole.samples(sample(2.5), sample(-2.5), sample(np.float64(3.0)))
