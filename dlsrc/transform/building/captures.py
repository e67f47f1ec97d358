"""What a captured object is good for: whether it may be computed with, compared, or taken for constant.

    SCALE = 2.0                            may change: a hidden argument
    SCALE = np.ma.masked_array(...)        refused: its operators mean something else than an array's
    AXES = (0, 1)                          may be compared with what it was
"""

from typing import Any

import numpy as np

from ...kernels.types import Scalar, Type, type_of
from ...records import replace

__all__ = ["captured_type", "is_simple", "is_trusted", "unfit"]

# What these modules hold does not change.
TRUSTED = ("numpy", "math", "scipy", "dlsrc", "builtins", "operator", "functools", "numba")
LARGEST = 2**63


def is_trusted(module: Any) -> bool:
    """Whether a module's names stay what they are."""
    return str(module).partition(".")[0] in TRUSTED


def is_simple(value: Any) -> bool:
    """Whether a container holds numbers and strings only, so that two of them can be compared."""
    if isinstance(value, dict):
        return all(is_simple(k) and is_simple(v) for k, v in value.items())
    if isinstance(value, list | tuple | set | frozenset):
        return all(map(is_simple, value))
    return isinstance(value, bool | int | float | str | bytes | type(None) | np.number)


def unfit(value: Any, name: str) -> str | None:
    """Why a captured number or array cannot be computed with, and what to write; None if it can.

    >>> unfit(np.ones(2, ">f8"), "table")
    "`table` is big-endian (>f8); write table.astype('float64')"
    """
    if isinstance(value, np.ndarray) and type(value) not in (np.ndarray, np.memmap):
        cls = type(value).__name__
        instead = f"{name}.filled(value)" if isinstance(value, np.ma.MaskedArray) else f"np.asarray({name})"
        return f"`{name}` is a {cls}, whose operators mean something else; write {instead}"
    if isinstance(value, int | float) and type(value) not in (bool, int, float, np.float64):
        base, cls = "int" if isinstance(value, int) else "float", type(value).__name__
        return (
            f"`{name}` is of {cls}, a subclass of {base}, whose operators may mean something else; keep "
            f"{base}({name}) outside and use that"
        )
    if isinstance(value, int) and not -LARGEST <= value < LARGEST:
        return f"`{name}` is an int that does not fit 64 bits; write it as a float"
    dtype = getattr(value, "dtype", None)
    if dtype is None:
        return None
    if dtype.kind not in "biuf":
        instead = "use the real and the imaginary part" if dtype.kind == "c" else "convert it outside"
        return (
            f"`{name}` holds {dtype.name} values; only real numbers and truth values can be computed with "
            f"here: {instead}"
        )
    if not dtype.isnative:
        return f"`{name}` is big-endian ({dtype.str}); write {name}.astype('{dtype.name}')"
    if dtype.kind == "f" and dtype.itemsize not in (4, 8):
        return f"`{name}` holds {dtype.name} values; write {name}.astype(np.float64)"
    return None


def captured_type(value: Any, labels: str | None) -> Type:
    """The type of a number or array from around a function: ``+=`` would change it there."""
    type_ = replace(type_of(value), labels=labels)
    return replace(type_, cell=2) if isinstance(type_, Scalar) and isinstance(value, np.ndarray) else type_
