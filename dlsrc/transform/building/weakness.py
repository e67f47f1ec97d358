"""Whose number it is: Python's, which takes the precision of what it meets, or NumPy's, which widens it.

    x * math.sin(0.5)     →    float32, as x is: math.sin gives a Python float
    x * np.sin(0.5)       →    float64: np.sin gives an np.float64, which is not *weak*
    (2.0 * a).sum()       →    refused: only NumPy's numbers have the methods of arrays
"""

from typing import Any

import numpy as np

from ...kernels.types import Scalar
from ...records import replace
from ..ir import Const, Value
from .atoms import as_atom
from .binding import Binding
from .context import Context

__all__ = ["as_numpy_number", "as_python_float", "gives_numpy_numbers", "refuse_missing"]

# Functions that the generated text writes with Python's operators, which keep Python's numbers.
_OPERATORS = frozenset({
    "add", "subtract", "multiply", "divide", "floor_divide", "remainder", "power", "negative", "where",
    "square", "reciprocal", "abs", "absolute", "positive", "heaviside",
})  # fmt: skip


def as_python_float(ctx: Context, result: Binding) -> Binding:
    """What ``math`` and ``.item()`` give: a Python number."""
    if not isinstance(result, Value):
        return result
    type_ = ctx.type_of(result)
    if not isinstance(type_, Scalar) or type_.dtype in ("bool", "int64"):
        return result
    if type_.dtype != "float64":
        result = as_atom(ctx, ctx.op("cast", result, dtype="float64"))
    assert isinstance(result, Value)
    ctx.types[result] = Scalar("float64", True, type_.labels)
    return result


def gives_numpy_numbers(ctx: Context, function: Any) -> bool:
    """Whether the function is one of NumPy's or SciPy's, and called in the user's text."""
    if ctx.frames and ctx.frames[-1].composite is not None:
        return False  # rules and composites keep the precision of what they are given
    module = (getattr(function, "__module__", None) or "").split(".")[0]
    numpys = isinstance(function, np.ufunc) or module in ("numpy", "scipy")
    return numpys and function not in (np.size, np.ndim, np.shape, np.count_nonzero, np.isscalar)


def as_numpy_number(ctx: Context, result: Binding, before: int) -> Binding:
    """What a function of NumPy's gives for Python's numbers: it widens float32, as np.float64 does."""
    type_ = ctx.type_of(result) if isinstance(result, Value | Const) else None
    if not isinstance(type_, Scalar) or not type_.weak:
        return result
    made = ctx.origin.get(result)
    spelled = getattr(getattr(made, "op", None), "name", "") in _OPERATORS
    if spelled or isinstance(result, Const) or result.number < before:  # not of this call, or written `a + b`
        result = ctx.op("cast", result, dtype=type_.dtype)
    assert isinstance(result, Value)
    ctx.types[result] = replace(type_, weak=False)
    return result


def refuse_missing(ctx: Context, type_: Any, attr: str) -> None:
    """Refuse an attribute that NumPy's numbers have and Python's do not: there it raises AttributeError."""
    python = {"float64": float, "int64": int, "bool": bool}.get(type_.dtype) if type_.weak else None
    if python is not None and not hasattr(python, attr):
        raise ctx.refuse(
            f"a Python {python.__name__} has no attribute `{attr}`, only NumPy's numbers and arrays have it; "
            f"write np.{attr}(…) where NumPy has that function, or use the number itself"
        )
