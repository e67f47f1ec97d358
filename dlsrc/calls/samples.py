"""A value for a type as numba writes it: ``float64[:]`` → three ones.

>>> example_of("float32[2]"), example_of("int64"), example_of("'sum'")
(array([1., 1.], dtype=float32), 3, 'sum')
"""

import ast
import difflib
import re
from typing import Any

import numpy as np

__all__ = ["example_of"]

SCALARS: dict[str, Any] = {
    "float64": 1.0, "float32": np.float32(1), "int64": 3, "int32": np.int32(3), "bool": True,
    "float": 1.0, "int": 3, "boolean": True,
}
ARRAY = re.compile(r"(\w+)\s*\[([^\]]*)\]")
SIZE = 3
MANY = 1_000_000
WRITE = "float64, float32, int64, int32 or bool, an array as float64[:] or float64[:, :], or a number"


def example_of(text: str) -> Any:
    """A value of the type; numbers, truth values and quoted strings stand for themselves.

    Raises
    ------
    ValueError
        If it is no type: what was met, and what to write.
    """
    text = text.strip()
    if text in SCALARS:
        return SCALARS[text]
    match = ARRAY.fullmatch(text)
    if match is not None:
        return _array(text, match[1], [part.strip() for part in match[2].split(",")])
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        value = None
    if isinstance(value, bool | int | float | str):
        return value
    raise ValueError(f"{text!r} is no type{_near(text)}; write {WRITE}")


def _array(text: str, name: str, dimensions: list[str]) -> np.ndarray:
    if name not in SCALARS:
        raise ValueError(f"{name!r} in {text!r} is no type of number{_near(name)}; write {WRITE}")
    shape = []
    for part in dimensions:
        size = part.replace("_", "")
        if part in (":", "::1"):
            shape.append(SIZE)
        elif size.isdecimal():
            shape.append(int(size))
        else:
            colons = ", ".join(":" for _ in dimensions)
            raise ValueError(f"{part!r} in {text!r} is no dimension; write {name}[{colons}], or sizes")
    order = "F" if dimensions[0] == "::1" and len(dimensions) > 1 else "C"
    dtype = {"float": "float64", "int": "int64", "boolean": "bool"}.get(name, name)
    # Zeros that are never looked at take no memory, however many.
    make = np.zeros if np.prod(shape, dtype=float) > MANY else np.ones
    return make(shape, dtype, order)  # type: ignore[call-overload]


def _near(text: str) -> str:
    close = difflib.get_close_matches(text.partition("[")[0], SCALARS, 1)
    return f"; did you mean {close[0]}?" if close and close[0] != text.partition("[")[0] else ""
