"""What numba makes of a function that dlsrc has no rule for: the type of its result, or nothing.

Primitives answer for themselves (their ``result`` rules); this is asked only for the rest, where no
derivative passes.  One operation is asked at a time, so nothing is compiled and the order of stages
does not matter.  numba's types appear nowhere else but here and in ``compile``.
"""

import warnings
from typing import Any

from ...kernels.types import Array, Scalar, Type
from ...lazy import numba

__all__ = ["inferred"]


def inferred(function: Any, types: list[Type]) -> Type | None:
    """The type that numba gives ``function`` on arguments of these types; None if it does not know.

    >>> inferred(len, [Array("float64", 1)])
    Scalar(dtype='int64', weak=True, labels=None)
    """
    nb = numba("core.types")
    errors = numba("core.errors")
    config = numba().config
    disabled, config.DISABLE_JIT = config.DISABLE_JIT, 0  # types are asked for in plain Python as well
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # numba's remarks on its own overloads
            return _asked(nb, errors, function, types)
    finally:
        config.DISABLE_JIT = disabled


def _asked(nb: Any, errors: Any, function: Any, types: list[Type]) -> Type | None:
    target = numba("core.registry").cpu_target
    target.target_context.refresh()  # brings in the overloads; the typing context alone knows few functions
    context = target.typing_context
    context.refresh()
    try:
        signature = context.resolve_function_type(
            context.resolve_value_type(function), [_to_numba(nb, t) for t in types], {}
        )
    except (errors.NumbaError, ValueError, NotImplementedError, KeyError, AttributeError, AssertionError):
        return None
    return None if signature is None else _from_numba(nb, signature.return_type)


def _to_numba(nb: Any, type_: Type) -> Any:
    if isinstance(type_, Array):
        return nb.Array(
            getattr(nb, type_.dtype if type_.dtype != "bool" else "boolean"), type_.ndim, type_.layout
        )
    assert isinstance(type_, Scalar)
    return getattr(nb, type_.dtype if type_.dtype != "bool" else "boolean")


def _from_numba(nb: Any, type_: Any) -> Type | None:
    if isinstance(type_, nb.Array):
        dtype = "bool" if isinstance(type_.dtype, nb.Boolean) else str(type_.dtype)
        known = ("float64", "float32", "int64", "int32", "bool")
        return (
            Array(dtype, type_.ndim, type_.layout if type_.layout in "CF" else "A")
            if dtype in known
            else None
        )
    if isinstance(type_, nb.Boolean | nb.BooleanLiteral):
        return Scalar("bool")
    if isinstance(type_, nb.Integer | nb.Float):
        name = str(nb.unliteral(type_))
        return (
            Scalar(name, weak=name == "int64") if name in ("float64", "float32", "int64", "int32") else None
        )
    return None
