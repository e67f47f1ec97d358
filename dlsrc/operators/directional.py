"""``jvp`` and ``vjp``: the derivative of a function times a vector, from the right and from the left."""

import functools
from collections.abc import Callable
from typing import Any

from ..cache import Mode
from ..calls.entry import Entry
from ..calls.target import target_of
from ..evaluate import dlfeval
from ..lazy import engine
from ..structure import copied
from .derived import Derived

__all__ = ["Pullback", "Pushforward", "jvp", "vjp"]


class Product:
    """A function of dlsrc's that compiled code may call too."""

    def __init__(self, function: Callable):
        functools.update_wrapper(self, function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.__wrapped__(*args, **kwargs)  # type: ignore[attr-defined]

    @property
    def _numba_type_(self) -> Any:
        """What numba asks an object that compiled code uses for."""
        return engine("operators.native_products").numba_type(self.__name__)  # type: ignore[attr-defined]

    def __repr__(self) -> str:
        return f"<function {self.__name__} of dlsrc>"  # type: ignore[attr-defined]

    def __reduce__(self) -> str:
        return self.__qualname__  # type: ignore[attr-defined, no-any-return]


@Product
def jvp(fun: Callable, primals: Any, tangents: Any, has_aux: bool = False) -> tuple:
    """The value of a function and its derivative in a direction: forward mode.

    Parameters
    ----------
    fun : callable
        A Python function, method, lambda, numba dispatcher or accelerated function.  It may return numbers,
        arrays of any shape and containers of them.
    primals : tuple or list
        The arguments: real numbers, arrays and containers of them.
    tangents : tuple or list
        The direction: for each argument a tangent of the same structure, shapes and dtypes; of the same
        format, too, or without one.
    has_aux : bool
        Whether the function returns a pair (value, something else).

    Returns
    -------
    y, dy
        The value, and its derivative in the direction, of the same structure, shapes, dtypes and formats;
        with ``has_aux`` also the something else.

    Raises
    ------
    TypeError
        If tangents and arguments are not alike.
    ValueError
        If a tangent does not have the shape of its argument.

    Notes
    -----
    One sweep forward beside the function itself: no value is kept, whatever the number of operations.  At
    kinks it follows the same conventions as the gradient.  The mathematics is in Griewank and Walther,
    Evaluating Derivatives, 2nd edition, section 3.1.

    Examples
    --------
    >>> import numpy as np
    >>> from dlsrc import jvp
    >>> jvp(lambda x: x**2, (np.array([1.0, 2.0]),), (np.array([1.0, 0.5]),))
    (array([1., 4.]), array([2., 2.]))
    """
    return _pushforward(fun, primals, tangents, has_aux)(*primals, *tangents)


def _pushforward(fun: Callable, primals: Any, tangents: Any, has_aux: bool = False) -> "Pushforward":
    """The function of arguments and tangents that ``jvp`` calls."""
    if not isinstance(primals, tuple | list) or not isinstance(tangents, tuple | list):
        raise TypeError("jvp takes the arguments as a tuple and the tangents as a tuple: jvp(f, (x,), (tx,))")
    if len(primals) != len(tangents) or not primals:
        raise TypeError(
            f"jvp takes a tangent for each argument, at least one: {len(primals)} arguments and "
            f"{len(tangents)} tangents were given"
        )
    return Pushforward(fun, len(primals), has_aux)


def _read_jvp(args: tuple, kwargs: dict) -> tuple[Derived, tuple, dict]:
    """What `adjoint_source(jvp, f, primals, tangents)` reads: an object, and the arguments of its call."""
    made = _pushforward(*args, **kwargs)
    return made, (*args[1], *args[2]), {}


jvp.__dlsrc_special__ = "jvp"  # type: ignore[attr-defined]
jvp.__dlsrc_reading__ = _read_jvp  # type: ignore[attr-defined]


class Pushforward(Derived):
    """``jvp`` of a function: it is called with the arguments, then their tangents."""

    def __init__(self, fun: Callable, number: int, has_aux: bool = False):
        self.number = number
        self.has_aux = bool(has_aux)
        super().__init__(fun, Mode(tuple(range(number)), False, self.has_aux, "jvp", number))

    def __repr__(self) -> str:
        return f"jvp({getattr(self.fun, '__qualname__', self.fun)})"

    def __reduce__(self) -> tuple:
        return Pushforward, (self.fun, self.number, self.has_aux)


@Product
def vjp(fun: Callable, *primals: Any, has_aux: bool = False) -> tuple:
    """The value of a function, and its pullback: what gives cotangents of the arguments for one of the value.

    Parameters
    ----------
    fun : callable
        As for `jvp`.
    *primals
        The arguments: real numbers, arrays and containers of them.
    has_aux : bool
        Whether the function returns a pair (value, something else).

    Returns
    -------
    y, pullback
        The value, and a `Pullback`: ``pullback(dy)`` is a tuple with a cotangent for each argument, of its
        structure, shapes, dtypes and formats; with ``has_aux`` also the something else.  ``dy`` is built like
        the value, with its format or without one; dicts are paired by their keys.

    Notes
    -----
    The pullback runs the function again, with its reverse sweep: nothing is kept between the two calls but a
    copy of the arguments.  Where the vector is known beforehand, the gradient of ``sum(f(x) * dy)`` costs one
    run less.

    Examples
    --------
    >>> import numpy as np
    >>> from dlsrc import vjp
    >>> y, pullback = vjp(lambda x: x**2, np.array([1.0, 2.0]))
    >>> pullback(np.array([1.0, 10.0]))
    (array([ 2., 40.]),)
    """
    pullback = Pullback(fun, primals, has_aux)
    result = dlfeval(fun, *primals)
    if not has_aux:
        return result, pullback
    y, aux = result
    return y, pullback, aux


class Pullback(Derived):
    """The derivative of a function at one place times a vector from the left: reverse mode.

    Attributes
    ----------
    fun : callable
        The function that is differentiated.
    primals : tuple
        Copies of the arguments.
    """

    composes = False

    def __init__(self, fun: Callable, primals: tuple, has_aux: bool = False):
        if not primals:
            raise TypeError("vjp takes the function and at least one argument: vjp(f, x)")
        names = target_of(fun).names
        self.primals = copied(primals, names if len(names) >= len(primals) else ())
        self.has_aux = bool(has_aux)
        super().__init__(fun, Mode(tuple(range(len(primals))), False, self.has_aux, "vjp", 1))

    def __call__(self, dy: Any) -> tuple:
        """A cotangent for each argument, given that of the value."""
        return super().__call__(*self.primals, dy)

    def _entry(self, args: tuple, kwargs: dict) -> Entry:
        return super()._entry((*self.primals, *args), kwargs)

    def __dlsrc_reading__(self, args: tuple, kwargs: dict) -> tuple[Derived, tuple, dict]:
        return self, (*self.primals, *args), kwargs

    def __repr__(self) -> str:
        return f"vjp({getattr(self.fun, '__qualname__', self.fun)})"

    def __reduce__(self) -> tuple:
        return Pullback, (self.fun, self.primals, self.has_aux)


vjp.__dlsrc_special__ = "vjp"  # type: ignore[attr-defined]
