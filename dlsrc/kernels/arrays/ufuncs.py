"""Methods of NumPy's binary functions: ``np.add.reduce``, ``np.maximum.accumulate``, ``np.multiply.outer``.

Unlike ``np.sum``, a reduction is along the first axis where none is given.
"""

import numpy as np

from ..arithmetic import add, divide, multiply, power, subtract
from ..declaring.axes import axis_of
from ..numbers.selection import maximum, minimum
from ..primitive import composite, real, refuse, sample
from ..reduction import all_, any_, prod, sum_
from ..reductions.cumulative import cumprod, cumsum, running_maximum, running_minimum
from ..reductions.extrema import max_, min_

__all__ = [
    "add_accumulate", "add_outer", "add_reduce", "divide_outer", "maximum_accumulate", "maximum_outer",
    "maximum_reduce", "minimum_accumulate", "minimum_outer", "minimum_reduce", "multiply_accumulate",
    "multiply_outer", "multiply_reduce", "power_outer", "subtract_outer",
]

# ---------------------------------------------------------------------------------- reduce


@composite("numpy.add.reduce")
def add_reduce(array, axis=0, dtype=None, out=None, keepdims=False):
    """The sum along axes."""
    return sum_(array, axis, dtype, out, keepdims)


@composite("numpy.multiply.reduce")
def multiply_reduce(array, axis=0, dtype=None, out=None, keepdims=False):
    """The product along axes."""
    return prod(array, axis, dtype, out, keepdims)


@composite("numpy.maximum.reduce")
def maximum_reduce(array, axis=0, dtype=None, out=None, keepdims=False):
    """The largest element along axes."""
    if dtype is not None:
        refuse("maximum.reduce(dtype=…): convert the array first, x.astype(…)")
    return max_(array, axis, out, keepdims)


@composite("numpy.minimum.reduce")
def minimum_reduce(array, axis=0, dtype=None, out=None, keepdims=False):
    """The smallest element along axes."""
    if dtype is not None:
        refuse("minimum.reduce(dtype=…): convert the array first, x.astype(…)")
    return min_(array, axis, out, keepdims)


@composite("numpy.logical_and.reduce")
def logical_and_reduce(array, axis=0, dtype=None, out=None, keepdims=False):
    """Whether no element along axes is zero."""
    return all_(array, axis, out, keepdims)


@composite("numpy.logical_or.reduce")
def logical_or_reduce(array, axis=0, dtype=None, out=None, keepdims=False):
    """Whether any element along axes is not zero."""
    return any_(array, axis, out, keepdims)


for _reduce in (
    add_reduce, multiply_reduce, maximum_reduce, minimum_reduce, logical_and_reduce, logical_or_reduce,
):
    _reduce.samples(
        sample(real(4)), sample(real(3, 4)), sample(real(3, 4), axis=1), sample(real(3, 4), axis=None),
        sample(real(2, 3, 4), axis=(0, 2), keepdims=True),
    )

# ---------------------------------------------------------------------------------- accumulate


@composite("numpy.add.accumulate")
def add_accumulate(array, axis=0, dtype=None, out=None):
    """Running sums along an axis."""
    return cumsum(array, axis, dtype, out)


@composite("numpy.multiply.accumulate")
def multiply_accumulate(array, axis=0, dtype=None, out=None):
    """Running products along an axis."""
    return cumprod(array, axis, dtype, out)


@composite("numpy.maximum.accumulate")
def maximum_accumulate(array, axis=0, dtype=None, out=None):
    """The largest element so far along an axis."""
    if dtype is not None or out is not None:
        refuse("maximum.accumulate with dtype or out: convert the array first, assign the result after")
    return running_maximum(array, axis_of(axis, array.ndim))


@composite("numpy.minimum.accumulate")
def minimum_accumulate(array, axis=0, dtype=None, out=None):
    """The smallest element so far along an axis."""
    if dtype is not None or out is not None:
        refuse("minimum.accumulate with dtype or out: convert the array first, assign the result after")
    return running_minimum(array, axis_of(axis, array.ndim))


for _accumulate in (add_accumulate, multiply_accumulate, maximum_accumulate, minimum_accumulate):
    _accumulate.samples(sample(real(4)), sample(real(3, 4)), sample(real(3, 4), axis=-1))

# ---------------------------------------------------------------------------------- outer


@composite()
def for_outer(a, b):
    """The first operand with an axis of size one for each axis of the second."""
    if a.ndim == 0:
        return a
    for _ in range(b.ndim):
        a = np.expand_dims(a, -1)
    return a


@composite("numpy.add.outer")
def add_outer(a, b):
    """All sums of an element of one array and an element of another."""
    return add(for_outer(a, b), b)


@composite("numpy.subtract.outer")
def subtract_outer(a, b):
    """All differences of an element of one array and an element of another."""
    return subtract(for_outer(a, b), b)


@composite("numpy.multiply.outer")
def multiply_outer(a, b):
    """All products of an element of one array and an element of another."""
    return multiply(for_outer(a, b), b)


@composite("numpy.divide.outer")
def divide_outer(a, b):
    """All quotients of an element of one array and an element of another."""
    return divide(for_outer(a, b), b)


@composite("numpy.power.outer")
def power_outer(a, b):
    """All powers of an element of one array to an element of another."""
    return power(for_outer(a, b), b)


@composite("numpy.maximum.outer")
def maximum_outer(a, b):
    """The larger of each pair of an element of one array and an element of another."""
    return maximum(for_outer(a, b), b)


@composite("numpy.minimum.outer")
def minimum_outer(a, b):
    """The smaller of each pair of an element of one array and an element of another."""
    return minimum(for_outer(a, b), b)


for _outer in (
    add_outer, subtract_outer, multiply_outer, divide_outer, power_outer, maximum_outer, minimum_outer,
):
    _outer.samples(
        sample(abs(real(3)), real(4)), sample(abs(real(2, 3)), real(2)), sample(np.float64(2.0), real(3)),
        sample(abs(real(3)), np.float64(2.0)),
    )
