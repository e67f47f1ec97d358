"""Conversions from one dtype to another.

The derivative passes through a conversion to a float, and ends at one to integers or truth values.
"""

import numpy as np

from ..declaring.axes import dtype_name
from ..primitive import composite, folded, kink, primitive, real, refuse, sample
from ..types import broadcast

__all__ = ["astype", "cast", "one_number"]

# Python's own types: a number made by one of them is weak, it takes the precision of what it meets
WEAK = {"float": "float64", "int": "int64", "bool": "bool"}

NAMES = (
    "float64", "float32", "int64", "int32", "int16", "int8", "uint64", "uint32", "uint16", "uint8", "bool"
)


@primitive(static=("dtype",), elementwise=True)
def cast(x, dtype):
    """The number as ``dtype``: a NumPy name, or "float", "int", "bool" for Python's own types."""
    if dtype == "float64":
        return np.float64(x)
    if dtype == "float32":
        return np.float32(x)
    if dtype == "float":
        # numba has no float() of a truth value
        return float(np.float64(x))
    if dtype == "int":
        return int(x)
    if dtype == "int64":
        return np.int64(x)
    if dtype == "int32":
        return np.int32(x)
    if dtype == "int16":
        return np.int16(x)
    if dtype == "int8":
        return np.int8(x)
    if dtype == "uint64":
        return np.uint64(x)
    if dtype == "uint32":
        return np.uint32(x)
    if dtype == "uint16":
        return np.uint16(x)
    if dtype == "uint8":
        return np.uint8(x)
    return np.bool_(x)


@cast.result
def cast_result(x, dtype):
    if dtype not in WEAK and dtype not in NAMES:
        refuse(f"conversion to {dtype}: convert to one of {', '.join(NAMES)}")
    return broadcast(x, dtype=WEAK.get(dtype, dtype), weak=dtype in WEAK)


@cast.adjoint("x")
def cast_dx(dy, dtype):
    if dtype == "float64" or dtype == "float32" or dtype == "float":
        return dy
    return 0.0


cast.linear("x")
cast.samples(
    sample(2.7, dtype="float64"),
    sample(real(2, 3), dtype="float64"),
    sample(np.arange(3), dtype="float64"),
    sample(np.arange(3), dtype="float32"),
    sample(10 * real(5), dtype="int64"),
    sample(10 * real(5), dtype="int32"),
    sample(10 * real(5), dtype="int16"),
    sample(10 * real(5), dtype="int8"),
    sample(abs(10 * real(5)), dtype="uint64"),
    sample(abs(10 * real(5)), dtype="uint32"),
    sample(abs(10 * real(5)), dtype="uint16"),
    sample(abs(10 * real(5)), dtype="uint8"),
    sample(np.arange(3), dtype="bool"),
    sample(-2.7, dtype="int"),
    sample(np.float64(2.5), dtype="float"),
    kink(0.3, dtype="float32", expect={"x": 1.0}),
    kink(2.0, dtype="int64", expect={"x": 0.0}),
    kink(0.0, dtype="bool", expect={"x": 0.0}),
)


@composite(methods=("astype",))
def astype(x, dtype, order="K", casting="unsafe", subok=True, copy=True):
    """The array converted to ``dtype``; always a copy."""
    if casting != "unsafe":
        refuse(f"astype with casting={casting!r}: leave casting out")
    return cast(x, dtype_name(dtype))


astype.samples(sample(real(3), np.float32), sample(real(3), "int64"), sample(np.arange(3), float))


@folded
def parsed(text, dtype):
    """The number that a text is.

    >>> parsed("-inf", "float"), parsed("12", "int")
    (-inf, 12)
    """
    try:
        return float(text) if dtype == "float" else int(text)
    except ValueError as error:
        return refuse(f"Python refuses this: {error}")


@composite()
def one_number(x, dtype):
    """A number as one of Python's own; an array has more than one."""
    if isinstance(x, str):
        if dtype == "bool":
            refuse("bool of a text: write text != ''")
        return parsed(x, dtype)
    if np.ndim(x) > 0:
        refuse(f"only one element converts to a Python {dtype}; write .item() or an index")
    return cast(x, dtype)


@composite(float)
def to_float(x=0.0):
    """Python's `float` of a number, or of a text that is one."""
    return one_number(x, "float")


@composite(int)
def to_int(x=0):
    """Python's `int` of a number, the fraction dropped, or of a text that is one."""
    return one_number(x, "int")


@composite(bool)
def to_bool(x=False):
    """Python's `bool` of a number: whether it is not zero."""
    return one_number(x, "bool")


@composite()
def converted(x, dtype):
    """A number in another type; of an array, as in NumPy, itself if it has that."""
    if np.ndim(x) and dtype_name(x.dtype) == dtype:
        return x
    return cast(x, dtype)


converted.samples(sample(real(3), "float32"), sample(real(3), "float64"), sample(2.5, "float64"))


@composite(np.float64)
def to_float64(x):
    """`np.float64` of a number or an array, which is itself if it has that type."""
    return converted(x, "float64")


@composite(np.float32)
def to_float32(x):
    """`np.float32` of a number or an array, which is itself if it has that type."""
    return converted(x, "float32")


@composite(np.int64)
def to_int64(x):
    """`np.int64` of a number or an array, which is itself if it has that type."""
    return converted(x, "int64")


@composite(np.int32)
def to_int32(x):
    """`np.int32` of a number or an array, which is itself if it has that type."""
    return converted(x, "int32")


@composite(np.bool_)
def to_numpy_bool(x):
    """`np.bool_` of a number or an array, which is itself if it has that type."""
    return converted(x, "bool")


for conversion in (to_float, to_int, to_bool, to_float64, to_float32, to_int64, to_int32, to_numpy_bool):
    conversion.samples(sample(2.7), sample(np.float32(0.0)), sample(3))
