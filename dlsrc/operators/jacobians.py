"""Jacobians of functions of arrays: by columns (forward), by rows (reverse), or by whichever are fewer."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..dlarray import extractdata
from ..evaluate import dlfeval, mode_of
from ..records import replace
from ..signature import read_call
from ..structure import flatten
from .derived import Derived

__all__ = ["Jacobian", "jacfwd", "jacobian", "jacrev"]


class Jacobian(Derived):
    """What `jacfwd` and `jacrev` give: a function that pickles and that threads may share.

    Attributes
    ----------
    fun : callable
        The function that is differentiated.
    argnums : int or tuple of int
        The positions to differentiate by.
    has_aux : bool
        Whether it returns a pair (value, something else).
    """

    def __init__(
        self, fun: Callable, argnums: int | tuple[int, ...], has_aux: bool, kind: str, value: bool = False
    ):
        self.argnums = argnums
        self.has_aux = has_aux
        self.kind = kind
        self.value = value
        super().__init__(fun, replace(mode_of(argnums, has_aux), kind=kind, value=value))

    def __repr__(self) -> str:
        options = f", argnums={self.argnums!r}" if self.argnums != 0 else ""
        options += ", has_aux=True" if self.has_aux else ""
        return f"{self.kind}({getattr(self.fun, '__qualname__', self.fun)}{options})"

    def __reduce__(self) -> tuple:
        return Jacobian, (self.fun, self.argnums, self.has_aux, self.kind, self.value)


def jacfwd(
    fun: Callable, argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The Jacobian of a function, column by column: forward mode, for more results than arguments.

    Parameters
    ----------
    fun : callable
        A Python function, method, lambda, numba dispatcher or accelerated function.  It may return numbers,
        arrays of any shape and containers of them.
    argnums : int or tuple of int
        Positions of the arguments to differentiate by: real numbers, arrays and containers of them.
    has_aux : bool
        Whether the function returns a pair (value, something else).

    Returns
    -------
    callable
        With the function's arguments.  It returns, for each number or array among the results and each among
        the arguments, an array of shape ``y.shape + x.shape`` and of the dtype of ``y``: in the structure of
        the result, and inside of it that of the argument; a tuple for a tuple of argnums.  A number for a
        number by a number.  It has no format, as a letter may not stand twice in one; of a number by an
        array, or of an array by a number, it has that of the array.

    Notes
    -----
    The function runs once for every four elements of the arguments, each time with four unit vectors pushed
    through it; numbers as arguments are all pushed at once.

    Examples
    --------
    >>> import numpy as np
    >>> from dlsrc import jacfwd
    >>> jacfwd(lambda x: np.array([x[0] * x[1], x[0], x[1] ** 2]))(np.array([2.0, 3.0]))
    array([[3., 2.],
           [1., 0.],
           [0., 6.]])
    """
    return Jacobian(fun, argnums, has_aux, "jacfwd")


def jacrev(
    fun: Callable, argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The Jacobian of a function, row by row: reverse mode, for more arguments than results.

    Parameters
    ----------
    fun, argnums, has_aux
        As for `jacfwd`.

    Returns
    -------
    callable
        As for `jacfwd`.

    Notes
    -----
    The function runs once; its reverse sweep runs once for every element of the result.

    Examples
    --------
    >>> import numpy as np
    >>> from dlsrc import jacrev
    >>> jacrev(lambda x: x.sum())(np.array([2.0, 3.0]))
    array([1., 1.])
    """
    return Jacobian(fun, argnums, has_aux, "jacrev")


def jacobian(
    fun: Callable, argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The Jacobian of a function: by columns or by rows, whichever are fewer.

    Parameters
    ----------
    fun, argnums, has_aux
        As for `jacfwd`.

    Returns
    -------
    callable
        As for `jacfwd`.

    Notes
    -----
    How many elements the result has is found out by running the function, once for all arguments of the
    same shapes.

    Examples
    --------
    >>> import numpy as np
    >>> from dlsrc import jacobian
    >>> jacobian(lambda x: x**2)(np.array([2.0, 3.0]))
    array([[4., 0.],
           [0., 6.]])
    """
    return ChosenJacobian(fun, argnums, has_aux)


for _operator in (jacfwd, jacrev, jacobian):
    _operator.__dlsrc_special__ = _operator.__name__  # type: ignore[attr-defined]


class ChosenJacobian:
    """What `jacobian` gives: one `Jacobian` or the other, by the sizes of argument and result."""

    __dlsrc_special__ = "derivative"
    MOST = 100  # shapes of arguments for which the choice is remembered

    def __init__(self, fun: Callable, argnums: int | tuple[int, ...], has_aux: bool = False):
        self.fun = fun
        self.argnums = argnums
        self.has_aux = has_aux
        self.forward = Jacobian(fun, argnums, has_aux, "jacfwd")
        self.reverse = Jacobian(fun, argnums, has_aux, "jacrev")
        self._chosen: dict[tuple, Jacobian] = {}
        for name in ("__name__", "__qualname__", "__module__", "__doc__"):
            setattr(self, name, getattr(fun, name, None))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.chosen(*args, **kwargs)(*args, **kwargs)

    def chosen(self, *args: Any, **kwargs: Any) -> Jacobian:
        """The one that a call of these arguments uses."""
        shapes = tuple(map(_shape, read_call(args, kwargs, self.reverse.target.names).given))
        found = self._chosen.get(shapes)
        if found is None:
            numbers = self.argnums if isinstance(self.argnums, tuple | list) else (self.argnums,)
            result = dlfeval(self.fun, *args, **kwargs)
            y = result[0] if self.has_aux else result
            by = [args[k] for k in numbers if -len(args) <= k < len(args)]
            found = self.forward if _size(by) <= _size(y) else self.reverse
            if len(self._chosen) >= self.MOST:
                self._chosen.clear()
            self._chosen[shapes] = found
        return found

    @property
    def _numba_type_(self) -> Any:
        """What numba asks: in compiled code, where sizes are not known, columns are taken."""
        return self.forward._numba_type_

    def warm(self, *args: Any, **kwargs: Any) -> None:
        """Compile for arguments like these; the function is run once, to learn how large its result is."""
        self.chosen(*args, **kwargs).warm(*args, **kwargs)

    @property
    def source(self) -> str:
        """The generated source of the program that was used last."""
        used = next(reversed(self._chosen.values()), self.forward)
        return used.source

    def __dlsrc_reading__(self, args: tuple, kwargs: dict) -> tuple[Jacobian, tuple, dict]:
        return self.chosen(*args, **kwargs), args, kwargs

    def __repr__(self) -> str:
        return repr(self.forward).replace("jacfwd", "jacobian", 1)

    def __reduce__(self) -> tuple:
        return ChosenJacobian, (self.fun, self.argnums, self.has_aux)


def _shape(leaf: Any) -> tuple:
    return np.shape(extractdata(leaf))


def _size(tree: Any) -> int:
    return sum(int(np.prod(_shape(leaf))) for leaf in flatten(tree)[0])
