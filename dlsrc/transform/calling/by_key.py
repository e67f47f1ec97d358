"""``max``, ``min`` and ``sorted`` by a key: the keys are computed first, then places by them.

    max(range(n), key=lambda i: x[i])    →    keys = [x[i] for i in range(n)]; argmax of them
    max(a, b, c, key=f)                  →    branches: b if f(b) > f(a) else a, …
"""

from ...kernels.types import Array
from ..building.atoms import as_atom, truth
from ..building.binding import Binding, Container, Grown, Iterator, Range
from ..building.context import Context
from ..building.items import has_static_items, static_items
from ..building.merging import branch
from ..columns.growing import of_array
from ..columns.grown import as_array
from ..constructs.iteration import loop_item
from ..ir import Const, Value
from .specials import SPECIALS, special

__all__ = ["ordered_by_key"]


def _items(ctx: Context, binding: Binding) -> list[Binding] | None:
    """The items that are known one by one; None if their number is computed."""
    inner = ctx.contents(binding)
    literal = isinstance(inner, Range) and all(
        isinstance(a, Const) for a in (inner.start, inner.stop, inner.step)
    )
    return static_items(ctx, inner) if literal or has_static_items(ctx, inner) else None


def _keys(ctx: Context, iterable: Binding, key: Binding) -> Value:
    """The array of the keys of items whose number is computed."""
    made = ctx.contents(SPECIALS["listed"](ctx, Iterator("map", (key, iterable))))
    array = as_array(ctx, made) if isinstance(made, Grown) else as_atom(ctx, ctx.array(made), "the keys")
    if not isinstance(array, Value) or ctx.type_of(array).ndim != 1:
        raise ctx.refuse("a key must be one number; compare in a loop")
    return array


@special("by key")
def extreme_by_key(ctx: Context, whole: str, args: tuple, key: Binding) -> Binding:
    """The first item with the largest (or smallest) key."""
    items = _items(ctx, args[0]) if len(args) == 1 else list(args)
    if items is None:
        inner = ctx.contents(args[0])
        place = ctx.call(ctx.known(f"arg{whole}"), (_keys(ctx, inner, key),))
        return loop_item(ctx, inner, as_atom(ctx, place))
    if not items:
        raise ctx.refuse(f"{whole}() of nothing has no value; give it a default=")
    best, best_key = items[0], as_atom(ctx, ctx.call(key, (items[0],)), "a key")
    for item in items[1:]:
        found = as_atom(ctx, ctx.call(key, (item,)), "a key")
        better = truth(ctx, ctx.op("greater" if whole == "max" else "less", found, best_key))
        pair = (Container("tuple", (item, found)), Container("tuple", (best, best_key)))
        if isinstance(better, Const):
            chosen: Binding = pair[0] if better.value else pair[1]
        else:
            chosen = branch(ctx, better, lambda p=pair: p[0], lambda p=pair: p[1])  # type: ignore[misc]
        best, joined = static_items(ctx, chosen)
        best_key = as_atom(ctx, joined, "a key")
    return best


def ordered_by_key(ctx: Context, iterable: Binding, key: Binding, *, backwards: bool) -> Binding:
    """``sorted(iterable, key=key)`` for computed keys of items whose number is computed; equal keys stay."""
    keys: Value | Binding = _keys(ctx, iterable, key)
    if backwards:
        keys = ctx.op("negative", keys)  # type: ignore[arg-type]
    order = as_atom(ctx, ctx.call(ctx.known("argsort"), (keys,)))
    inner = ctx.contents(iterable)
    if isinstance(inner, Grown):
        inner = as_array(ctx, inner)
    if isinstance(inner, Range) and inner.start == Const(0) and inner.step == Const(1):
        return of_array(ctx, order, python=True)  # type: ignore[arg-type]
    if not isinstance(inner, Value) or not isinstance(ctx.type_of(inner), Array):
        inner = as_atom(ctx, ctx.array(SPECIALS["listed"](ctx, inner)), "what is sorted")
    picked = ctx.op("take", inner, order)  # type: ignore[arg-type]
    return of_array(ctx, as_atom(ctx, picked), python=False)  # type: ignore[arg-type]
