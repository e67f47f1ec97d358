"""Where things stand in Python's and NumPy's objects: found out by looking, nothing is taken on trust.

Machine code reads the class of an object, the items of a tuple, the code of a function and the data type
and flags of an array, as every extension module does.  An extension is compiled for one version of Python;
here each place is searched for in an object that is known, and where one is not found nothing is read.
"""

import _thread
import ctypes
import sys
from functools import cache
from itertools import pairwise
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Layout", "layout"]

WORD = 8
NUMBER, FLAGS = 24, 64  # of the number of dimensions and of the flags in an array, both of 32 bits
LONG = 32  # words of a thread's state that are looked at


class Layout(NamedTuple):
    """The places, in bytes from the beginning of an object.

    Attributes
    ----------
    type : int
        Of the class, in any object.
    items, data : int
        Of the first item of a tuple, of the first byte of bytes.
    code, content : int
        Of the code of a function, of the object in a cell.
    dtype, number, flags : int
        In an array.
    watched : tuple of int
        Of the profiler and of the tracer, in the state of a thread.
    version : int
        Of a word in a dict that is another one after each change of any dict; 0 if there is none, as from
        Python 3.13 on.
    """

    type: int
    items: int
    data: int
    code: int
    content: int
    dtype: int
    number: int
    flags: int
    watched: tuple[int, ...]
    version: int


@cache
def layout() -> Layout | None:
    """The places in this Python; None where they are not all found."""
    mark = object()
    dtype = np.dtype([("marked", np.int8)])
    function: Any = FunctionType((lambda: None).__code__, {})
    code = function.__code__
    cell = (lambda: mark).__closure__[0]  # type: ignore[index]
    content = b"a word..and another one"
    array = np.zeros(2, dtype)
    places = (
        _place(mark, object, 2 * WORD), _place((mark, None), mark, tuple.__basicsize__ + WORD),
        bytes.__basicsize__ - 1, _place(function, code, type(function).__basicsize__),
        _place(cell, mark, type(cell).__basicsize__), _place(array, dtype, np.ndarray.__basicsize__),
    )  # fmt: skip
    if any(place is None for place in places) or ctypes.string_at(id(content) + places[2]) != content:
        return None
    watched = _watched()
    if watched is None or not all(map(_described, _arrays())):
        return None
    return Layout(*places, NUMBER, FLAGS, watched, _version())  # type: ignore[arg-type]


def _place(thing: Any, wanted: Any, size: int) -> int | None:
    """Where an object refers to another one; None if that is not once."""
    words = (ctypes.c_size_t * (size // WORD)).from_address(id(thing))
    found = [k * WORD for k, word in enumerate(words) if word == id(wanted)]
    return found[0] if len(found) == 1 else None


def _arrays() -> list[np.ndarray]:
    whole = np.zeros((2, 3, 4))
    fixed = np.zeros(3)
    fixed.flags.writeable = False
    askew = np.frombuffer(bytearray(17), np.uint8)[1:].view(np.float64)
    return [whole, whole.T, whole[:, ::2], fixed, askew, whole[0, 0], np.zeros(())]


def _described(array: np.ndarray) -> bool:
    number = ctypes.c_int.from_address(id(array) + NUMBER).value
    flags = ctypes.c_int.from_address(id(array) + FLAGS).value
    return number == array.ndim and flags == array.flags.num


def _version() -> int:
    """Where a dict has its version: the only word that a new value changes; each change makes it larger."""
    table: dict = dict.fromkeys("abcd")

    def words() -> list[int]:
        return list((ctypes.c_size_t * (dict.__basicsize__ // WORD)).from_address(id(table)))

    before = words()
    table["b"] = before
    places = [k for k, (old, new) in enumerate(zip(before, words(), strict=True)) if old != new]
    if len(places) != 1:
        return 0
    seen = [before[places[0]], words()[places[0]]]
    for change in (
        lambda: table.update(b=None), lambda: table.pop("c"), lambda: table.setdefault("c", 1), table.popitem,
        lambda: table.__setitem__("new", 1), lambda: table.__delitem__("new"), table.clear,
    ):  # fmt: skip
        change()
        seen.append(words()[places[0]])
    rises = all(old < new for old, new in pairwise(seen))
    return places[0] * WORD if rises else 0


def _watched() -> tuple[int, ...] | None:
    """Where a thread has what watches it; looked for in a thread of its own, which nothing else watches."""
    found: list[int] = []
    done = _thread.allocate_lock()
    done.acquire()

    def look() -> None:
        try:
            state = ctypes.PYFUNCTYPE(ctypes.c_size_t)(("PyThreadState_Get", ctypes.pythonapi))
            words = (ctypes.c_size_t * LONG).from_address(state())
            for watch in (sys.setprofile, sys.settrace):
                mark = _Deaf()
                watch(mark)
                seen = list(words)
                watch(None)
                found.extend(k * WORD for k, word in enumerate(seen) if word == id(mark))
        finally:
            done.release()

    _thread.start_new_thread(look, ())
    done.acquire()
    return tuple(found) if len(found) == 2 and found[0] != found[1] else None


class _Deaf:
    """What watches a thread, and looks away."""

    def __call__(self, *event: Any) -> None:
        return None
