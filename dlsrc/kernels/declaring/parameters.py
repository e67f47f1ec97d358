"""The names of a function's parameters, read off its code."""

import inspect
from collections.abc import Callable

__all__ = ["parameters_of"]

OPEN = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS


def parameters_of(function: Callable) -> tuple[str, ...]:
    """What ``inspect.signature`` calls them; it takes 10 µs, which 1,200 declarations are not worth.

    >>> parameters_of(lambda x, axis=0, *, keepdims=False: x)
    ('x', 'axis', 'keepdims')
    """
    code = getattr(function, "__code__", None)
    if code is None or code.co_flags & OPEN or hasattr(function, "__wrapped__"):
        return tuple(inspect.signature(function).parameters)
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
