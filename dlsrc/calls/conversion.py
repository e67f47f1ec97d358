"""What makes of a program's results what the user gets, described by plain values.

    ("number", "float32")    →    np.float32(v)
    ("labelled", "float64")  →    a dlarray of the number v

A program that is kept on disk keeps the description; `converter` makes the function of it.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from ..dlarray import wrap

__all__ = ["converter"]


@cache
def converter(described: tuple | None) -> Callable | None:
    """The function that is described; None where the result is what the user gets already.

    >>> converter(("python", "float"))(np.float64(0.5))
    0.5
    """
    if described is None:
        return None
    how, *rest = described
    dtype: Any = np.dtype(rest[0]) if how in ("labelled", "number", "array") else None
    match how:
        case "wrapped":
            return wrap
        case "formatted":
            return lambda v: wrap(v, rest[0])
        case "labelled":  # compiled code gives numbers as Python floats: the dtype says what they were
            return lambda v: wrap(np.array(v, dtype))
        case "array":
            return lambda v: np.array(v, dtype)
        case "number":
            return dtype.type
        case "python":
            return {"float": float, "int": int, "bool": bool}[rest[0]]
        case "contiguous":
            return np.ascontiguousarray
    raise AssertionError(f"nothing converts by {described!r}")
