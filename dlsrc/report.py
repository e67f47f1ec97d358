"""Reading a derivative: its source, the forms that led to it, and what it keeps, recomputes and costs.

All three take what `dlfeval` takes, a function and the arguments of a call, or an object that `grad` or
`value_and_grad` gave.  A plain function, without ``dlgradient`` and without dlarrays among the arguments,
is taken as ``value_and_grad`` of its first argument.
"""

from collections.abc import Callable
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

from .cache import Flags
from .calls.entry import Entry
from .calls.target import Target, target_of
from .containers.packing import with_packed
from .errors import SourceError, UnsupportedSyntax
from .evaluate import prepared
from .lazy import engine
from .signature import Call, read_call

if TYPE_CHECKING:
    from .reading.explanation import Explanation
    from .reading.forms import Source, Stages

__all__ = ["adjoint_source", "asks_for_gradient", "explain", "stages"]


def adjoint_source(f: Callable, /, *args: Any, **kwargs: Any) -> "Source":
    """The text that is compiled for ``f(*args, **kwargs)``: the function and its derivative.

    Parameters
    ----------
    f : callable
        An objective for `dlfeval`; a function of plain arrays, whose value and gradient by the first
        argument is meant; or what `grad`, `value_and_grad` or `dlaccelerate` gave.
    *args, **kwargs
        The arguments of a call; only their types matter.

    Returns
    -------
    Source
        A string.  Jupyter shows it beside the lines that it came from.

    Examples
    --------
    >>> import numpy as np
    >>> def area(r):
    ...     return np.pi * r**2
    >>> print(adjoint_source(area, 2.0))  # doctest: +SKIP
    """
    entry, target, _ = _read(f, args, kwargs)
    return engine("reading.forms").source_of(entry, target)


def stages(f: Callable, /, *args: Any, **kwargs: Any) -> "Stages":
    """The program after each stage of the transformation, by the name of the stage.

    Each form has its ``text`` as Python, and ``run(*args)`` gives its numbers: those of the function
    itself, in every form.

    Parameters
    ----------
    f, *args, **kwargs
        As for `adjoint_source`.

    Returns
    -------
    Stages
        An ordered mapping; printed, it is all forms in order.
    """
    entry, target, _ = _read(f, args, kwargs)
    return engine("reading.forms").stages_of(entry, target)


def explain(f: Callable, /, *args: Any, **kwargs: Any) -> "Explanation":
    """What the derivative passes through, what it keeps and recomputes, and the memory that it takes.

    Parameters
    ----------
    f, *args, **kwargs
        As for `adjoint_source`; bytes are predicted for arrays of the sizes given.

    Returns
    -------
    Explanation
        Printed, it is the report; ``predicted_bytes`` is the memory as a number.
    """
    entry, target, call = _read(f, args, kwargs)
    return engine("reading.explanation").explanation_of(entry, target, call, target.flags or Flags())


def _read(f: Callable, args: tuple, kwargs: dict) -> tuple[Entry, Target, Call]:
    """The built program of a call, what is called, and the call."""
    reading = getattr(f, "__dlsrc_reading__", None)
    if reading is not None:  # jvp, a pullback, a Jacobian by whichever way is shorter
        f, args, kwargs = reading(args, kwargs)
    derivative = getattr(f, "__dlsrc_derivative__", None)
    target = derivative[0] if derivative is not None else target_of(f)
    call = read_call(target.first + args, {**target.named, **kwargs}, target.names)
    is_traced = any(kind.labels is not None for kind in call.kinds)
    plain = derivative is None and not is_traced and not asks_for_gradient(target.function)
    try:
        entry = prepared(f, args, kwargs, argnums=0 if plain else None)
    except (UnsupportedSyntax, SourceError) as error:
        raise error.with_traceback(None) from None  # about the user's lines, not about ours
    return entry, target, with_packed(call, entry.packing)


def asks_for_gradient(function: FunctionType) -> bool:
    """Whether a function, or one that it names, calls ``dlgradient``: whether it is one for `dlfeval`."""
    return _asks(function, set())


GRADIENTS = ("dlgradient", "dljacobian", "dllaplacian", "dldivergence")


def _asks(function: FunctionType, seen: set[int]) -> bool:
    seen.add(id(function))
    found = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    for name in _names(function.__code__):
        if name in GRADIENTS:
            return True
        value = function.__globals__.get(name)
        if name in found:
            try:
                value = found[name].cell_contents
            except ValueError:
                continue
        if getattr(value, "__dlsrc_special__", None) in GRADIENTS:
            return True
        inner = getattr(value, "py_func", value)
        if isinstance(inner, FunctionType) and id(inner) not in seen and _is_users(inner):
            if _asks(inner, seen):
                return True
    return False


def _is_users(function: FunctionType) -> bool:
    return str(function.__module__).partition(".")[0] not in ("dlsrc", "numba", "numpy", "scipy")


def _names(code: CodeType) -> set[str]:
    """The names that a function and the functions inside it read from outside."""
    names = {*code.co_names, *code.co_freevars}
    for const in code.co_consts:
        if isinstance(const, CodeType):
            names |= _names(const)
    return names
