"""Compiling before the first call, and the text that is compiled."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from ..dlarray import dlarray
from ..signature import read_call
from .entry import Entry
from .runner import Runner
from .target import Target

__all__ = ["Ahead", "example_of"]

PYTHON = {"boolean": "bool", "int": "int64", "float": "float64"}
SPELLED = re.compile(r"(?P<dtype>[a-z]+\d*)\s*(\[(?P<dims>[:,\s\d]*)\])?")


class Ahead:
    """What functions with compiled programs have in common."""

    fun: Callable
    target: Target
    runner: Runner

    def _entry(self, args: tuple, kwargs: dict) -> Entry:
        target = self.target
        args, kwargs = target.first + args, {**target.named, **kwargs}
        call = read_call(args, kwargs, target.names)
        return self.runner.prepared(call, target.owner, args, kwargs)[0]

    def warm(self, *args: Any, **kwargs: Any) -> None:
        """Compile for arguments like these, without running anything."""
        self._entry(args, kwargs)

    def compile(self, *types: Any, **named: Any) -> None:
        """Compile for arguments of these types, without running anything.

        Parameters
        ----------
        *types, **named
            For each argument numba's spelling of its type (``"float64[:]"``, ``"int64"``, a dlarray as
            ``"dlarray(float64[:, :])"``), a type of numba's, or an example.
        """
        self._entry(tuple(map(example_of, types)), {name: example_of(t) for name, t in named.items()})

    @property
    def source(self) -> str:
        """The generated source of the program that was used last.

        Raises
        ------
        RuntimeError
            If there is none yet.
        """
        for entry in self.runner.cache:
            if entry.mode == self.runner.mode:
                return entry.interface.text
        name = self.target.function.__name__
        raise RuntimeError(f"no source was generated yet: call {name}, or its .warm(*args), first")


def example_of(spelled: Any) -> Any:
    """An argument of the type that is spelled; anything else is an example itself.

    >>> example_of("float64[:, :]")
    array([[1.]])
    >>> example_of("float64"), example_of("int64")
    (1.0, 1)
    """
    if type(spelled).__module__.partition(".")[0] == "numba":
        spelled = str(spelled)
        found = re.fullmatch(r"array\((\w+), (\d+)d, (\w)\)", spelled)
        if found:
            made = np.ones((2,) * int(found[2]), found[1], order="F" if found[3] == "F" else "C")
            return made[tuple([slice(None, None, 2)] * made.ndim)] if found[3] == "A" else made
    if not isinstance(spelled, str):
        return spelled
    inner = re.fullmatch(r"\s*dlarray\((.*)\)\s*", spelled)
    if inner:
        return dlarray(example_of(inner[1]))
    found = SPELLED.fullmatch(spelled.strip())
    if not found:
        return spelled
    try:
        dtype = np.dtype(PYTHON.get(found["dtype"], found["dtype"]))
    except TypeError:
        return spelled
    if found["dims"] is None:
        return {"float64": float, "int64": int, "bool": bool}.get(dtype.name, dtype.type)(1)
    fortran = found["dims"].strip().startswith("::1") and "," in found["dims"]
    return np.ones((1,) * (found["dims"].count(",") + 1), dtype, order="F" if fortran else "C")
