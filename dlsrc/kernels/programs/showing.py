"""Printing from generated code: ``show("s = {:.3f}", s)`` prints what the user's f-string says.

Formatting takes seconds to compile, so Python does it: compiled code hands over the numbers and arrays,
where and when the user's ``print`` stands, once.  A template is one of ``str.format``, with three
conversions of dlsrc's own: ``{!i}`` truncates to an integer, as ``"%d"`` does, ``{!n}`` is the ``repr`` of
a NumPy number, and ``{!d}`` shows an array as the dlarray that it stands for, ``{!d:labels=CB}`` as one of
this format.

>>> show("{} of {:.2f}{!r:>6} {!n}\\n", 3, np.float32(0.1), True, 0.5)
3 of 0.10  True np.float64(0.5)
"""

import builtins
import logging
import string
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..primitive import kernel

__all__ = [
    "SHOWING", "STREAMS", "formatted", "places", "show", "show_error", "show_log", "show_warning",
    "shown_as_dlarray",
]

_as_dlarray: list[Callable] = []


def shown_as_dlarray(wrap: Callable) -> None:
    """Set what makes the dlarray of the conversion ``{!d}`` out of its data."""
    _as_dlarray[:] = [wrap]


class _Formatter(string.Formatter):
    def convert_field(self, value: Any, conversion: Any) -> Any:
        if conversion == "i":
            return int(value)
        if conversion == "n":
            return repr(np.asarray(value)[()])
        if conversion == "d":
            return _as_dlarray[0](np.asarray(value)) if _as_dlarray else value
        return super().convert_field(value, conversion)

    def format_field(self, value: Any, format_spec: str) -> Any:
        if format_spec.startswith("labels=") and _as_dlarray:
            return repr(_as_dlarray[0](np.asarray(value), format_spec.removeprefix("labels=")))
        return super().format_field(value, format_spec)


def places(template: str) -> int:
    """How many values a template takes.

    >>> places("{} of {:.2f} {{}}")
    2
    """
    return sum(field is not None for _, field, _, _ in string.Formatter().parse(template))


def formatted(template: str, values: Any) -> str:
    """The text with the values in their places; NumPy's float64, int64 and bool_ are as Python's."""
    python = (np.float64, np.int64, np.bool_)
    return _Formatter().vformat(template, [v.item() if isinstance(v, python) else v for v in values], {})


def _print(stream: str, template: str, values: Any) -> None:
    if stream == "log":
        level, name, text = template.split(":", 2)
        logger = logging.getLogger(None if name == "root" else name)
        if logger.isEnabledFor(int(level)):
            logger.log(int(level), "%s", formatted(text, values))
        return
    if stream == "warning":
        category, _, text = template.partition(":")
        warnings.warn(formatted(text, values), getattr(builtins, category), stacklevel=2)
        return
    out = getattr(sys, stream)
    out.write(formatted(template, values))
    out.flush()


@kernel
def show(template, *values):
    """Print the template with the values in its places."""
    _print("stdout", template, values)


@kernel
def show_error(template, *values):
    """Print the template with the values in its places to sys.stderr."""
    _print("stderr", template, values)


@kernel
def show_log(template, *values):
    """Log the template, which begins with a level and the name of a logger, with the values in its places."""
    _print("log", template, values)


@kernel
def show_warning(template, *values):
    """Warn with the template, which begins with the class of the warning, with the values in its places."""
    _print("warning", template, values)


SHOWING = {"show": show, "show_error": show_error, "show_log": show_log, "show_warning": show_warning}
STREAMS = {"stdout": "show", "stderr": "show_error", "log": "show_log", "warning": "show_warning"}


def shown_by_compiled_code(stream: str, template: str, kinds: str, *values: Any) -> None:
    """What compiled code calls: ``kinds`` has an "f" for each value that is a float32."""
    given = [np.float32(v) if kind == "f" else v for kind, v in zip(kinds, values, strict=True)]
    _print(stream, template, given)
