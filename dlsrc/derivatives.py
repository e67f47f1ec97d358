"""Derivatives of plain functions: ``grad`` and ``value_and_grad``, with JAX's signatures."""

from collections.abc import Callable
from typing import Any

from .calls.direct import entered
from .calls.fastpath import MISS
from .evaluate import mode_of
from .operators.derived import Derived

__all__ = ["Derivative", "grad", "stop_gradient", "value_and_grad"]


class Derivative(Derived):
    """What `grad` and `value_and_grad` give: a function that pickles and that threads may share.

    Attributes
    ----------
    fun : callable
        The function that is differentiated.
    argnums : int or tuple of int
        The positions to differentiate by.
    has_aux : bool
        Whether it returns a pair (value, something else).
    nogil : bool
        Whether other threads run meanwhile.
    checkpoint : "sqrt", int or None
        Whether the way back through loops starts from checkpoints.
    """

    def __init__(
        self, fun: Callable, argnums: int | tuple[int, ...], has_aux: bool, with_value: bool,
        nogil: bool = False, checkpoint: str | int | None = None,
    ):  # fmt: skip
        self.argnums = argnums
        self.has_aux = has_aux
        self.with_value = with_value
        self.nogil = bool(nogil)
        self.checkpoint = checkpoint
        super().__init__(fun, mode_of(argnums, has_aux), self.nogil, checkpoint)
        self._may_enter = not self.is_bound and (with_value or not has_aux) and type(self) is Derivative

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.is_bound:
            args, kwargs = self.target.first + args, {**self.target.named, **kwargs}
        runner = self.runner
        result = runner.fast(self.owner, args, kwargs)
        if result is MISS:
            result = runner.slow(self.owner, args, kwargs)
        elif runner.plan is not None and self._may_enter:
            self._may_enter = not entered(self, second=not self.with_value)
        if self.with_value:
            return result
        value, gradient = result
        return (gradient, value[1]) if self.has_aux else gradient

    def __repr__(self) -> str:
        name = "value_and_grad" if self.with_value else "grad"
        options = f", argnums={self.argnums!r}" if self.argnums != 0 else ""
        options += ", has_aux=True" if self.has_aux else ""
        options += ", nogil=True" if self.nogil else ""
        options += f", checkpoint={self.checkpoint!r}" if self.checkpoint is not None else ""
        return f"{name}({getattr(self.fun, '__qualname__', self.fun)}{options})"

    def __reduce__(self) -> tuple:
        return Derivative, (
            self.fun, self.argnums, self.has_aux, self.with_value, self.nogil, self.checkpoint,
        )  # fmt: skip


def grad(
    fun: Callable, argnums: int | tuple[int, ...] = 0, has_aux: bool = False, *, nogil: bool = False,
    checkpoint: str | int | None = None,
) -> Callable[..., Any]:
    """The gradient of a function of real numbers and arrays that returns one real number.

    Parameters
    ----------
    fun : callable
        A Python function, method, lambda, numba dispatcher or accelerated function.
    argnums : int or tuple of int
        Positions of the arguments to differentiate by.
    has_aux : bool
        Whether the function returns a pair (value, something else).
    nogil : bool
        Whether other threads run while the compiled code does.  Its callers then see to it that no other
        thread writes to its arguments.
    checkpoint : "sqrt", int or None
        What the way back needs of loops: nothing is kept of each trip but, once for every so many trips (by
        "sqrt" the square root of all), what the loop hands on; the trips between are run again.  The same
        gradient to the last bit in far less memory, for the forward loop's time once more.  Left out, what
        `dlaccelerate` was told holds.  A loop that cannot be run again is kept whole, and `explain` says so.

    Returns
    -------
    callable
        With the function's arguments.  It returns the gradient, of the structure, shapes and dtypes of the
        argument: a float for a float, new arrays for arrays; a tuple of them for a tuple of argnums; a pair
        (gradient, something else) with ``has_aux``.

    Examples
    --------
    >>> from dlsrc import grad
    >>> grad(lambda x: x**3)(2.0)
    12.0
    """
    return Derivative(fun, argnums, has_aux, False, nogil, checkpoint)


def value_and_grad(
    fun: Callable, argnums: int | tuple[int, ...] = 0, has_aux: bool = False, *, nogil: bool = False,
    checkpoint: str | int | None = None,
) -> Callable[..., Any]:
    """The value and the gradient of a function that returns one real number.

    Parameters
    ----------
    fun, argnums, has_aux, nogil, checkpoint
        As for `grad`.

    Returns
    -------
    callable
        It returns (value, gradient), the value as a Python float; ((value, something else), gradient) with
        ``has_aux``.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.optimize import minimize
    >>> from dlsrc import value_and_grad
    >>> def f(x):
    ...     return (x[0] - 1.0) ** 2 + x[1] ** 2
    >>> minimize(value_and_grad(f), np.zeros(2), jac=True).x.round(6)
    array([1., 0.])
    """
    return Derivative(fun, argnums, has_aux, True, nogil, checkpoint)


def stop_gradient(x: Any) -> Any:
    """``x`` itself; in a function that is differentiated, no derivative passes through it.

    >>> from dlsrc import grad, stop_gradient
    >>> grad(lambda x: x * stop_gradient(x))(3.0)
    3.0
    """
    return x


grad.__dlsrc_special__ = "grad"  # type: ignore[attr-defined]
value_and_grad.__dlsrc_special__ = "value_and_grad"  # type: ignore[attr-defined]
stop_gradient.__dlsrc_special__ = "stop_gradient"  # type: ignore[attr-defined]
