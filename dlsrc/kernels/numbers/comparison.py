"""Questions about numbers, and what is made of their answers: none of these has a derivative."""

import math
import operator

import numpy as np

from ..primitive import Refusal, primitive, real, refuse, rejects, sample
from ..types import broadcast

__all__ = [
    "bitwise_and", "bitwise_or", "bitwise_xor", "equal", "greater", "greater_equal", "invert", "isfinite",
    "isinf", "isnan", "left_shift", "less", "less_equal", "logical_and", "logical_not", "logical_or",
    "logical_xor", "not_equal", "right_shift", "signbit",
]


# ---------------------------------------------------------------------------------- comparisons


@primitive(np.less, operator.lt, elementwise=True, boolean=True)
def less(a, b):
    """Whether ``a`` is smaller than ``b``."""
    return a < b


@primitive(np.less_equal, operator.le, elementwise=True, boolean=True)
def less_equal(a, b):
    """Whether ``a`` is at most ``b``."""
    return a <= b


@primitive(np.greater, operator.gt, elementwise=True, boolean=True)
def greater(a, b):
    """Whether ``a`` is larger than ``b``."""
    return a > b


@primitive(np.greater_equal, operator.ge, elementwise=True, boolean=True)
def greater_equal(a, b):
    """Whether ``a`` is at least ``b``."""
    return a >= b


@primitive(np.equal, operator.eq, elementwise=True, boolean=True)
def equal(a, b):
    """Whether two numbers are equal; nan is equal to nothing."""
    return a == b


@primitive(np.not_equal, operator.ne, elementwise=True, boolean=True)
def not_equal(a, b):
    """Whether two numbers differ; nan differs from everything."""
    return a != b


for comparison in (less, less_equal, greater, greater_equal, equal, not_equal):
    comparison.zero("a", "b")
    comparison.samples(
        sample(1.5, 2),
        sample(2.0, 2.0),
        sample(real(3), real(2, 3)),
        sample(np.array([1.0, np.nan, np.inf]), np.array([1.0, np.nan, 0.0])),
    )


# ---------------------------------------------------------------------------------- truth values


@primitive(np.logical_and, elementwise=True, boolean=True)
def logical_and(a, b):
    """Whether both are true; every number but zero is."""
    return np.logical_and(a, b)


@primitive(np.logical_or, elementwise=True, boolean=True)
def logical_or(a, b):
    """Whether one of them is true."""
    return np.logical_or(a, b)


@primitive(np.logical_xor, elementwise=True, boolean=True)
def logical_xor(a, b):
    """Whether exactly one of them is true."""
    return np.logical_xor(a, b)


for connective in (logical_and, logical_or, logical_xor):
    connective.zero("a", "b")
    connective.samples(
        sample(True, False),
        sample(1.5, 0.0),
        sample(np.array([True, True, False, False]), np.array([True, False, True, False])),
        sample(np.arange(3), 1),
    )


@primitive(np.logical_not, operator.not_, elementwise=True, boolean=True)
def logical_not(x):
    """Whether it is false; of the numbers only zero is."""
    return np.logical_not(x)


logical_not.zero("x")
logical_not.samples(sample(True), sample(0.0), sample(np.array([True, False])), sample(np.arange(3)))


# ---------------------------------------------------------------------------------- bits


def bits(*types):
    """The type of an operation on bits: of integers an integer, of truth values a truth value."""
    out = broadcast(*types)
    if out.dtype in ("float64", "float32"):
        refuse("a float has no bits to combine: combine comparisons, (x > 0) & (x < 1), or integers")
    return out


def bits_result(a, b):
    return bits(a, b)


@primitive(np.bitwise_and, operator.and_, elementwise=True)
def bitwise_and(a, b):
    """Bit by bit, or of truth values, whether both are set."""
    return a & b


@primitive(np.bitwise_or, operator.or_, elementwise=True)
def bitwise_or(a, b):
    """Bit by bit, or of truth values, whether one is set."""
    return a | b


@primitive(np.bitwise_xor, operator.xor, elementwise=True)
def bitwise_xor(a, b):
    """Bit by bit, or of truth values, whether exactly one is set."""
    return a ^ b


for operation in (bitwise_and, bitwise_or, bitwise_xor):
    operation.result(bits_result)
    operation.zero("a", "b")
    operation.samples(
        sample(6, 3),
        sample(np.array([True, True, False, False]), np.array([True, False, True, False])),
        sample(np.arange(4), 2),
        rejects(1.5, 2, error=Refusal),
    )


@primitive(np.invert, operator.invert, elementwise=True)
def invert(x):
    """Every bit turned over; of a truth value, the other one."""
    return np.invert(x)


@invert.result
def invert_result(x):
    if x.dtype == "bool" and x.weak:
        refuse("~ of Python's True is -2: write not")
    return bits(x)


invert.zero("x")
invert.samples(
    sample(np.array([True, False])), sample(6), rejects(True, error=Refusal), rejects(1.5, error=Refusal)
)


def shift_result(a, b):
    out = bits(a, b)
    if out.dtype == "bool":
        refuse("a shift of truth values: convert them with int() first")
    return out


@primitive(np.left_shift, operator.lshift, elementwise=True)
def left_shift(a, b):
    """``a`` times two to the power ``b``."""
    return a << b


@primitive(np.right_shift, operator.rshift, elementwise=True)
def right_shift(a, b):
    """``a`` divided by two to the power ``b``, rounded towards minus infinity."""
    return a >> b


for shift in (left_shift, right_shift):
    shift.result(shift_result)
    shift.zero("a", "b")
    shift.samples(sample(13, 2), sample(np.arange(-3, 3), 1), rejects(1.5, 2, error=Refusal))


# ---------------------------------------------------------------------------------- special values


@primitive(np.isnan, math.isnan, elementwise=True, boolean=True)
def isnan(x):
    """Whether it is not a number."""
    return np.isnan(x)


@primitive(np.isinf, math.isinf, elementwise=True, boolean=True)
def isinf(x):
    """Whether it is infinite, of either sign."""
    return np.isinf(x)


@primitive(np.isfinite, math.isfinite, elementwise=True, boolean=True)
def isfinite(x):
    """Whether it is neither infinite nor nan."""
    return np.isfinite(x)


@primitive(np.signbit, elementwise=True, boolean=True)
def signbit(x):
    """Whether the sign is minus, that of -0.0 included."""
    return np.signbit(x)


for question in (isnan, isinf, isfinite, signbit):
    question.zero("x")
    question.samples(
        sample(1.5), sample(np.array([-1.0, -0.0, np.nan, np.inf, -np.inf])), sample(np.arange(-1, 2))
    )
