"""A binding where a number, an array or a condition is needed.

    s = 2          as a number: the literal 2       as a condition: true
    [a, b]         as a number: refused             as a condition: true
    x > 0          as a condition: the value        (of a whole array: refused)
"""


from collections.abc import Iterable
from enum import Enum

import numpy as np

from ...kernels.types import Array
from ..ir import Atom, Const, If, Raise, Value
from .binding import (
    Binding, Closure, Container, Grown, Live, Maybe, Packed, Partial, Perhaps, Poison, Static, Unbound,
)
from .context import Context, describe

__all__ = ["as_atom", "check_members", "settle", "truth"]


def as_atom(ctx: Context, binding: Binding, what: str = "this") -> Atom:
    """The binding as a number or array of the program."""
    binding = ctx.contents(binding)
    if isinstance(binding, Value | Const):
        return binding
    if isinstance(binding, Maybe):
        return as_atom(ctx, settle(ctx, binding), what)
    if isinstance(binding, Static) and isinstance(binding.value, int | float):
        return _literal(binding.value)
    if isinstance(binding, Live) and isinstance(binding.value, int | float):
        return _literal(ctx.relied(binding))
    if isinstance(binding, Poison):
        raise ctx.poisoned(binding)
    if isinstance(binding, Unbound):
        raise ctx.refuse(f"`{binding.name}` may be read here before it has a value; assign it first")
    raise ctx.refuse(
        f"{what} must be a number or an array, not {describe(binding, ctx)}; {_instead(ctx, binding)}"
    )


def _literal(value: int | float) -> Const:
    """The number that a member of an IntEnum, or a scalar of NumPy's, is."""
    if isinstance(value, np.floating):
        return Const(float(value), value.dtype.name)
    return Const(value if isinstance(value, bool) else int(value) if isinstance(value, int) else float(value))


def check_members(ctx: Context, bindings: Iterable[Binding], atoms: Iterable[Atom]) -> None:
    """Refuse a member of an IntEnum where a number of Python's has another type: to NumPy it is an int64."""
    if any(isinstance(b, Live | Static) and isinstance(b.value, Enum) for b in map(ctx.contents, bindings)):
        for type_ in map(ctx.type_of, atoms):
            if type_.dtype not in ("float64", "int64", "bool"):
                raise ctx.refuse(
                    f"NumPy takes a member of an IntEnum for an int64 and widens {type_.dtype} beside it; "
                    "write its .value"
                )


def _instead(ctx: Context, binding: Binding) -> str:
    """What to write where a number or an array is needed and this was met."""
    match binding:
        case Container(kind="list" | "tuple", items=items) if items:
            if any(isinstance(ctx.contents(item), Container) for item in items):
                return "pass one array: np.array(…) of rows of one length, or write a loop over them"
            return "write np.array(…) of it, or index it"
        case Container(kind="dict") | Container(cls=type()):
            return "take one of its items"
        case Container():
            return "write np.zeros(0) for an array without elements"
        case Grown() | Packed():
            return "write np.array(…) of it, or index it"
        case Closure() | Partial():
            return "call it"
        case Static(value=value) | Live(value=value) if callable(value):
            return "call it"
        case Static(value=str()) | Live(value=str()):
            return "compare strings, and compute with numbers"
        case Static(value=None) | Live(value=None):
            return "give it a value, or test it first: if … is None"
    return "pass a float or an array of floats"


def settle(ctx: Context, binding: Binding, exception: str = "UnboundLocalError") -> Binding:
    """A name that is bound only on some ways: tested here, bound afterwards."""
    if not isinstance(binding, Maybe):
        return binding
    with ctx.collecting() as block:
        ctx.add(Raise(exception, f"{ctx.loc}: `{binding.name}` has no value on this way", ctx.loc))
    ctx.add(If(ctx.op("logical_not", binding.bound), tuple(block), (), (), ctx.loc))
    if isinstance(binding.binding, Value):
        ctx.one_way.add(binding.binding)
    return binding.binding


def truth(ctx: Context, binding: Binding) -> Atom:
    """The truth value of a binding, as a condition."""
    if isinstance(binding, Perhaps):
        is_true = truth(ctx, binding.binding)
        return is_true if binding.given == Const(True) else ctx.op("logical_and", binding.given, is_true)
    binding = ctx.contents(binding)
    match binding:
        case Const(value=value):
            return Const(bool(value))
        case Value():
            type_ = ctx.type_of(binding)
            if isinstance(type_, Array):
                raise ctx.refuse(
                    "the truth of a whole array is ambiguous; compare one element, or use np.any or np.all"
                )
            return binding if type_.dtype == "bool" else ctx.op("not_equal", binding, Const(0))
        case Container(items=items):
            return Const(bool(items))
        case Grown(items=(*_, count)):
            return ctx.op("not_equal", count, Const(0))
        case Packed(is_whole=True):
            return Const(True)  # an empty list is not packed
        case Live(value=value, getter=getter) if hasattr(value, "__len__"):
            ctx.guard(getter, "length", len(value))
            return Const(len(value) > 0)
        case Live():
            return Const(bool(ctx.relied(binding)))
        case Static(value=value):
            return Const(bool(value))
        case Closure() | Partial():
            return Const(True)
    return truth(ctx, as_atom(ctx, binding, "a condition"))
