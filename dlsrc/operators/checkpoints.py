"""``checkpointed``: a loop whose way back starts from checkpoints, said where the loop stands."""

import functools
from collections.abc import Callable
from typing import Any

from ..lazy import numba

__all__ = ["checkpointed"]


class _InHead:
    """A function of dlsrc's that compiled code may call too, as it is written."""

    __dlsrc_special__ = "checkpointed"

    def __init__(self, function: Callable):
        self._compiled: Any = None
        functools.update_wrapper(self, function)
        del self.__dict__["__wrapped__"]  # this is no other spelling of the function
        self._function = function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._function(*args, **kwargs)

    @property
    def _numba_type_(self) -> Any:
        """What numba asks an object that compiled code uses for."""
        if self._compiled is None:
            self._compiled = numba().njit(self._function)
        return numba().typeof(self._compiled)

    def __repr__(self) -> str:
        return "<function checkpointed of dlsrc>"

    def __reduce__(self) -> str:
        return "checkpointed"


@_InHead
def checkpointed(trips: Any, every: str | int = "sqrt") -> Any:
    """``trips`` itself; in the head of a ``for`` loop, the way back through the loop starts from checkpoints.

    The loop runs as it always does, also under ``@njit``.  A derivative of it keeps what it carries once a
    segment of trips, not what every trip computes, and runs each segment again when it comes to it: the same
    gradient to the last bit, in memory for a segment and all checkpoints, for the loop's own time once more.

    Parameters
    ----------
    trips : iterable
        What the loop goes through: a range, an array, an ``enumerate`` or ``zip`` of arrays.
    every : "sqrt" or int
        How many trips a segment has; by default the square root of all trips, with which the memory is
        that of 2 sqrt(n) trips.

    Returns
    -------
    iterable
        ``trips``.

    Raises
    ------
    UnsupportedSyntax
        Where a derivative is asked for and the loop cannot be run again: it draws random numbers, works on
        lists, or writes to an array place by place, of which every checkpoint would be a copy.

    See Also
    --------
    dlaccelerate : ``dlaccelerate(checkpoint="sqrt")`` asks for it for all loops of a function.

    Examples
    --------
    >>> import math
    >>> from dlsrc import checkpointed, grad
    >>> def f(x):
    ...     s = x
    ...     for _ in checkpointed(range(10_000)):
    ...         s = math.sin(s) + x
    ...     return s
    >>> def whole(x):
    ...     s = x
    ...     for _ in range(10_000):
    ...         s = math.sin(s) + x
    ...     return s
    >>> grad(f)(0.5) == grad(whole)(0.5)
    True
    """
    return trips
