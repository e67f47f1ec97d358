"""What a dlarray may hold: float64, float32 and truth values; anything else is converted or refused."""

from typing import Any

import numpy as np

__all__ = ["FLOAT64", "as_data"]

FLOAT64 = np.dtype("float64")
KEPT = {np.dtype("float64"), np.dtype("float32"), np.dtype("bool")}


def as_data(x: Any, name: str = "dlarray") -> np.ndarray:
    """``x`` as an array of a type that a dlarray may hold; a copy only where one is needed.

    Integers become float64, as MATLAB's are never valid dlarray data; float64, float32 and bool stay.

    >>> as_data([1, 2]).dtype
    dtype('float64')
    """
    if isinstance(x, np.ma.MaskedArray | np.matrix):
        raise TypeError(
            f"{name}: {type(x).__name__} is not supported, since its operators mean something else than an "
            "array's; pass np.asarray(x), or x.filled(value) for a masked array"
        )
    if hasattr(x, "toarray") and hasattr(x, "nnz"):
        raise TypeError(f"{name}: sparse arrays are not supported; pass x.toarray()")
    try:
        data = np.asarray(x)
    except (ValueError, RecursionError) as error:
        if not isinstance(x, list | tuple):
            raise
        raise ValueError(
            f"{name}: the rows of a nested list must have one length and hold numbers ({_short(error)}); "
            "make one dlarray of each row"
        ) from None
    if not data.dtype.isnative:
        data = data.astype(data.dtype.newbyteorder("="))
    dtype = data.dtype
    if dtype in KEPT:
        return data
    if dtype.kind in "iu":
        return data.astype(np.float64)
    kind = dtype.name if isinstance(x, np.ndarray | np.generic) else type(x).__name__
    raise TypeError(f"{name} holds float64, float32 or bool data, not {kind}; {_remedy(x, dtype)}")


def _short(error: Exception) -> str:
    return str(error).partition(". ")[0] or type(error).__name__


def _remedy(x: Any, dtype: np.dtype) -> str:
    if dtype.kind == "c":
        return "complex numbers are not supported: pass x.real and x.imag as two real arrays"
    if dtype.kind == "f":
        return "convert it: x.astype(np.float32) or x.astype(np.float64)"
    if dtype.names:
        return f"make one dlarray of each field: x[{dtype.names[0]!r}], …"
    if dtype.kind in "mM":
        return "convert it: differences in days are (x - x[0]) / np.timedelta64(1, 'D')"
    if isinstance(x, dict):
        return "make one dlarray of each value"
    if isinstance(x, set | frozenset) or hasattr(x, "__next__"):
        return "make a list of it, list(x), or an array"
    if isinstance(x, list | tuple):
        return "the rows of a nested list must have one length and hold numbers"
    if callable(x):
        return "pass what it returns"
    return "convert it to numbers first: x.astype(float), float(x)"
