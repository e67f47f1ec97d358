"""The types of operations on numbers, asked of numba once a function.

numba looks for the type of a product of two numbers among all that a product can be, for every product
of a function again: a third of what the types of a long derivative take.
"""

from typing import Any

from ...lazy import numba
from .allocations import allocated
from .element_code import extreme
from .views import seen_as_it_is

__all__ = ["Remembering"]


class Remembering:
    """A typing context of numba that remembers what it said about functions of numbers.

    For the types of one function only: what is known of functions may grow in between.
    """

    def __init__(self, context: Any):
        self._context = context
        types = numba("types")
        self._function, self._number = types.Function, types.Number | types.Boolean
        self._said: dict[tuple, Any] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def resolve_function_type(self, func: Any, args: tuple, kws: dict) -> Any:
        """The signature of a call; None if there is none."""
        made = None if kws else allocated(func, args) or seen_as_it_is(func, args) or extreme(func, args)
        if made is not None:
            return made
        if kws or type(func) is not self._function or not all(isinstance(a, self._number) for a in args):
            return self._context.resolve_function_type(func, args, kws)
        key = func, tuple(args)
        if key not in self._said:
            self._said[key] = self._context.resolve_function_type(func, args, kws)
        return self._said[key]
