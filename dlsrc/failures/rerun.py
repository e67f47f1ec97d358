"""The generated text run once more, as plain Python, to find the user's line of what happened in it.

Compiled code says that something was raised, and not where.  The text is the same program, and each of its
lines stands for one of the user's: run as Python, its traceback tells the line.
"""

import copy
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..containers.packing import with_packed
from ..lazy import engine
from ..signature import canonical, read_call
from .faults import Place

__all__ = ["again_in_python", "place_in", "plain_function", "values_of"]


def values_of(entry: Any, function: Callable, owner: Any, args: tuple, kwargs: dict) -> list | None:
    """Copies of what the program is called with; None if what the function captured is gone."""
    call = with_packed(read_call(args, kwargs), entry.packing)
    binding = entry.recipe.bind(function, owner, call.functions)
    if binding is None:
        return None
    values = entry.parameters(call)[0] + [canonical(value) for value in binding.hidden(owner)]
    return [copy.copy(value) for value in values]


def plain_function(entry: Any) -> Callable:
    """The program of an entry as a Python function."""
    interface, compiler = entry.interface, engine("transform.compile")
    emitted = entry.generated.emitted if entry.generated is not None else None
    if emitted is None:
        emitted = engine("transform.emit").Emitted(interface.name, interface.text)
    return compiler.compile_text(emitted, jit=False)


def again_in_python(error: Exception, entry: Any, values: list | None) -> tuple[Exception, Place | None]:
    """The error with the line of the user's that raises it; the same class is found again, or no line.

    In plain mode the error's own traceback tells it; compiled code is run again as Python.
    """
    place = place_in(error, entry.function, entry)
    if place is not None or values is None:
        return error, place
    try:
        function = plain_function(entry)
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            function(*values)
    except Exception as found:
        if isinstance(found, type(error)) or isinstance(error, type(found)):
            return found, place_in(found, function, entry)
    return error, None


def place_in(error: Exception, function: Any, entry: Any) -> Place | None:
    """The line of the user's for the last line of a program's text in an error's traceback."""
    code = getattr(function, "__code__", None)
    line, trace = None, error.__traceback__
    while code is not None and trace is not None:
        if trace.tb_frame.f_code.co_filename == code.co_filename:
            line = trace.tb_lineno
        trace = trace.tb_next
    return None if line is None else entry.interface.faults.place_of(line)
