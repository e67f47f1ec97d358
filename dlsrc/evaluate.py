"""The entry points: ``dlfeval`` and ``dlgradient``, and the program behind a call."""

import operator
import sys
from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np

from .cache import Flags, Mode
from .calls.entry import Entry
from .calls.fastpath import MISS
from .calls.runner import RUNNERS, runner_of
from .calls.target import target_of
from .errors import DifferentiationError
from .failures.failure import Replayed, here, replaying, valuing
from .signature import read_call
from .structure import flatten, unflatten

__all__ = ["EVALUATION", "dlfeval", "dlgradient", "mode_of", "prepared"]

EVALUATION = Mode()


def dlfeval(fun: Callable, *args: Any, **kwargs: Any) -> Any:
    """The result of ``fun(*args, **kwargs)``, in which `dlgradient` may be called.

    Parameters
    ----------
    fun : callable
        A Python function, method, lambda, numba dispatcher or accelerated function.  Its source is read,
        differentiated and compiled for arguments of these types once; later calls run what was compiled.
    *args, **kwargs
        Arrays, numbers and nested containers of them.  Every dlarray in them is traced: derivatives can be
        taken by it.  Everything else is a constant.

    Returns
    -------
    object
        What the function returns, in its containers.

    Examples
    --------
    >>> from dlsrc import dlarray, dlfeval, dlgradient
    >>> def rosenbrock(x):
    ...     f = 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2
    ...     return f, dlgradient(f, x)
    >>> f, g = dlfeval(rosenbrock, dlarray([-1, 2]))
    >>> g
    1x2 dlarray
       396. 200.
    """
    if type(fun) is FunctionType:
        table = fun.__dict__.get(RUNNERS)
        if table is not None and table.of is fun and table.evaluation is not None:
            runner = table.evaluation
            result = runner.fast(None, args, kwargs)
            return runner.slow(None, args, kwargs) if result is MISS else result
    elif hasattr(fun, "__dlsrc_accelerated__"):
        return fun(*args, **kwargs)
    target = target_of(fun)
    runner = runner_of(target, EVALUATION)
    if target.function is fun:
        fun.__dict__[RUNNERS].evaluation = runner
    if target.first or target.named:
        args, kwargs = target.first + args, {**target.named, **kwargs}
    return runner(target.owner, args, kwargs)


def prepared(
    function: Callable, args: tuple, kwargs: dict[str, Any], *, argnums: int | tuple[int, ...] | None = None,
    has_aux: bool = False, flags: Flags | None = None,
) -> Entry:  # fmt: skip
    """The program of a call, found or built, without running it.

    Parameters
    ----------
    function : callable
        What `dlfeval` takes, or an object that `grad` or `value_and_grad` gave.
    args, kwargs
        The arguments of the call.
    argnums : int or tuple of int, optional
        Positions to differentiate by; None for a function that calls `dlgradient` itself.
    has_aux : bool
        Whether the function returns (value, something else).
    flags : Flags, optional
        How it is compiled.
    """
    derivative = getattr(function, "__dlsrc_derivative__", None)
    if derivative is not None:
        target, mode = derivative
    else:
        target, mode = target_of(function), EVALUATION if argnums is None else mode_of(argnums, has_aux)
    runner = runner_of(target, mode, flags)
    args, kwargs = target.first + args, {**target.named, **kwargs}
    return runner.told(read_call(args, kwargs, target.names), target.owner, args, kwargs)


def mode_of(argnums: Any, has_aux: bool = False) -> Mode:
    """The mode for these argnums."""
    single = not isinstance(argnums, tuple | list)
    numbers = (argnums,) if single else tuple(argnums)
    if not all(map(_is_position, numbers)):
        given = repr(argnums) if isinstance(argnums, str | float | bool | tuple) else type(argnums).__name__
        raise TypeError(f"argnums is an int or a tuple of ints, not {given[:60]}")
    if not numbers or len({int(k) for k in numbers}) < len(numbers):
        raise ValueError(f"argnums names each argument once, and at least one; {argnums!r} does not")
    return Mode(tuple(int(k) for k in numbers), single, bool(has_aux))


def _is_position(k: Any) -> bool:
    """Whether it may be used as an index."""
    try:
        operator.index(k)
    except TypeError:
        return False
    return not isinstance(k, bool | np.ndarray)


def dlgradient(y: Any, *xs: Any, retain_data: bool = False, enable_higher_derivatives: bool = False) -> Any:
    """The gradient of ``y`` by each of ``xs``, in a function that `dlfeval` runs.

    Parameters
    ----------
    y : dlarray
        A real scalar that was computed from traced arguments.
    *xs : dlarray or container of dlarrays
        Traced arguments, or values computed from them; containers may be nested.
    retain_data : bool
        Whether several gradients share one forward sweep.  It never changes a number, and here never a
        speed: all gradients of a function are generated together.
    enable_higher_derivatives : bool
        Whether the gradient will itself be differentiated.  It changes no number, and costs nothing where
        no second gradient follows.

    Returns
    -------
    dlarray or container, or tuple of them
        For each of ``xs``, its gradient in the same containers, shapes and dtypes.
    """
    if replaying():
        raise Replayed
    if valuing():
        placeholders = tuple(_nothing(x) for x in xs)
        return placeholders[0] if len(xs) == 1 else placeholders
    message = "dlgradient works in a function that dlfeval runs: write dlfeval(f, x)"
    raise here(DifferentiationError, message, sys._getframe(1))


def _nothing(tree: Any) -> Any:
    """What stands for a gradient where only the value of a function is asked for."""
    leaves, structure = flatten(tree)
    return unflatten(structure, [leaf * np.nan for leaf in leaves])


dlgradient.__dlsrc_special__ = "dlgradient"  # type: ignore[attr-defined]
