"""A value that may be None: the value, and whether it is there.

    best = None                          best, given = 0.0, False
    for v in x:                     →    for v in x:
        if best is None or v < best:         if not given or v < best:
            best = v                             best, given = v, True
"""

from typing import Any

from ..building.binding import Binding, Container, Perhaps, Ref, Static
from ..building.context import Context
from ..ir import Assign, Atom, Const, Value
from .carrying import nothing

__all__ = [
    "assuming", "can_be_given", "given_part", "is_none", "narrowed", "nothing_like",
    "perhaps_of",
]


def is_none(binding: Binding) -> bool:
    """Whether a binding is None for sure."""
    return isinstance(binding, Static) and binding.value is None


def can_be_given(binding: Binding, lists: dict) -> bool:
    """Whether a name may be None on one way and this on the other: numbers, arrays, containers of them;
    ``lists`` tells what is in a list or dict."""
    if isinstance(binding, Ref):
        binding = lists.get(("heap", binding.number), binding)
    if isinstance(binding, Container):
        return all(can_be_given(item, lists) or is_none(item) for item in binding.items)
    return isinstance(binding, Value | Const | Perhaps)


def given_part(binding: Binding) -> tuple[Binding | None, Atom]:
    """The value (None if there is none) and whether there is one."""
    if isinstance(binding, Perhaps):
        return binding.binding, binding.given
    return (None, Const(False)) if is_none(binding) else (binding, Const(True))


def nothing_like(ctx: Context, binding: Binding, lists: dict) -> Binding:
    """What stands in the place of a value that is not there."""
    if isinstance(binding, Perhaps):
        return Perhaps(nothing_like(ctx, binding.binding, lists), Const(False), binding.name)
    if isinstance(binding, Ref):
        return ctx.new_ref(nothing_like(ctx, lists["heap", binding.number], lists))  # type: ignore[arg-type]
    if isinstance(binding, Container):
        return binding.with_items(nothing_like(ctx, item, lists) for item in binding.items)
    if isinstance(binding, Value | Const):
        return nothing(ctx, ctx.type_of(binding))
    return binding


def perhaps_of(ctx: Context, start: Binding, end: Binding, name: str, lists: dict) -> Binding | None:
    """What a name is before a loop that makes something of its None; None if that is nothing new."""
    if is_none(start) and not is_none(end) and can_be_given(end, lists):
        value = end.binding if isinstance(end, Perhaps) else end
        return Perhaps(nothing_like(ctx, value, lists), Const(False), name)
    if isinstance(start, Container) and start.same_structure(end):
        assert isinstance(end, Container)
        pairs = zip(start.keys or ("",) * len(start.items), start.items, end.items, strict=True)
        made = [perhaps_of(ctx, a, b, str(key) or name, lists) for key, a, b in pairs]
        if any(m is not None for m in made):
            return start.with_items(a if m is None else m for a, m in zip(start.items, made, strict=True))
    return None


# ---------------------------------------------------------------------------------- what a way tells


def assuming(ctx: Context, cond: Atom, holds: bool) -> dict[Value, bool]:
    """What is known on a way that is taken if ``cond`` is, or is not, true."""
    known = dict(ctx.assumed)
    pending: list[tuple[Any, bool]] = [(cond, holds)]
    while pending:
        atom, value = pending.pop()
        if not isinstance(atom, Value):
            continue
        known[atom] = value
        made = ctx.origin.get(atom)
        if isinstance(made, Assign):
            if made.op.name == "logical_not":
                pending.append((made.args[0], not value))
            elif made.op.name == ("logical_and" if value else "logical_or"):
                pending += [(a, value) for a in made.args]
    return known


def narrowed(binding: Binding, known: dict[Value, bool]) -> Binding:
    """A binding at the end of a way on which it is known whether there is a value."""
    if isinstance(binding, Perhaps) and isinstance(binding.given, Value) and binding.given in known:
        return binding.binding if known[binding.given] else Static(None)
    if isinstance(binding, Container):
        items = [narrowed(item, known) for item in binding.items]
        return binding if all(a is b for a, b in zip(items, binding.items, strict=True)) else (
            binding.with_items(items)
        )
    return binding
