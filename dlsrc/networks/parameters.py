"""Learnables and state: dicts of dicts of arrays, which print as the tables that MATLAB shows."""

from typing import Any

import numpy as np

from ..dlarray import dlarray
from ..formats import shown
from ..structure import FLATTENERS, _dict

__all__ = ["Parameters"]


class Parameters(dict):
    """``parameters[layer][name]`` is an array; printed, a table of layers, parameters and values.

    It is an ordinary dict of dicts, and a tree like any other to `dlgradient` and the update functions.

    >>> Parameters({"fc": {"Bias": dlarray(np.zeros(3))}})
    Layer   Parameter   Value
    _____   _________   ___________
    fc      Bias        1x3 dlarray
    """

    def __repr__(self) -> str:
        head = ("Layer", "Parameter", "Value")
        body: list[tuple[str, ...]] = [
            (str(layer), str(name), _value(x))
            for layer, found in self.items()
            for name, x in (found.items() if isinstance(found, dict) else [("", found)])
        ]
        if not body:
            return "no parameters"
        return as_table(head, body)

    def __reduce__(self) -> tuple:
        return Parameters, (dict(self),)


def as_table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Columns under underlined heads.

    >>> print(as_table(("Name", "N"), [("a", "1")]))
    Name   N
    ____   _
    a      1
    """
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [head, tuple("_" * width for width in widths), *rows]
    return "\n".join("   ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def _value(x: Any) -> str:
    kind = "dlarray" if isinstance(x, dlarray) else "array"
    dtype = np.asarray(x.data if isinstance(x, dlarray) else x).dtype
    named = "" if dtype == np.float64 else f"{dtype.name} "
    return f"{shown(np.shape(x), getattr(x, 'labels', ''))} {named}{kind}"


FLATTENERS[Parameters] = _dict
