"""Items taken apart: of a tuple into names, of a short array, with a star on one side.

    a, b = x         →    raise ValueError unless there are 2 items; a = x[0]; b = x[1]
    a, *rest = x     →    a = x[0]; the list of the items of x[1:]
    f(*x)            →    f(x[0], x[1]) for a function of two arguments
"""

import ast
from collections.abc import Callable

from ...kernels.types import Array
from ..building.binding import Binding, Grown, Iterator
from ..building.context import Context, Frame, describe
from ..building.items import static_items
from ..building.merging import branch
from ..calling.specials import special
from ..columns.growing import indexed, of_array, sliced
from ..columns.grown import as_array
from ..ir import Atom, Const, Index, Raise, Span, Value
from .expressions import evaluate
from .subscripts import read_array

__all__ = ["spread", "starred", "unpacked"]


def unpacked(ctx: Context, binding: Binding, count: int) -> list[Binding]:
    """The ``count`` items of a container or of a short array."""
    inner = ctx.contents(binding)
    if _is_array(ctx, inner) or isinstance(inner, Grown):
        raise_if(
            ctx, ctx.op("not_equal", _size(ctx, inner), Const(count)), "ValueError",
            f"{count} names need {'an array' if _is_array(ctx, inner) else 'a list'} of {count} items",
        )
        return [_item(ctx, inner, k) for k in range(count)]
    items = static_items(ctx, inner)
    if len(items) != count:
        raise ctx.refuse(f"{count} names cannot take the {len(items)} items of {describe(inner, ctx)}")
    return items


def starred(ctx: Context, binding: Binding, before: int, after: int) -> list[Binding]:
    """The items of ``a, b, *rest, y, z = binding``: so many before the star and after it, a list for it."""
    inner = ctx.contents(binding)
    fewest = before + after
    if _is_array(ctx, inner) or isinstance(inner, Grown):
        size = _size(ctx, inner)
        few = ctx.op("less", size, Const(fewest))
        raise_if(ctx, few, "ValueError", f"{fewest} names need {fewest} items")
        stop = ctx.op("subtract", size, Const(after)) if after else size
        first = [_item(ctx, inner, k) for k in range(before)]
        last = [_item(ctx, inner, k - after) for k in range(after)]
        if isinstance(inner, Grown):
            return [*first, sliced(ctx, inner, (Const(before), stop, None)), *last]
        assert isinstance(inner, Value)
        rest = (Span(),) * (ctx.type_of(inner).ndim - 1)
        middle = ctx.read(inner, Index((Span(Const(before), stop), *rest)))
        return [*first, of_array(ctx, middle, python=False), *last]
    items = static_items(ctx, inner)
    if len(items) < fewest:
        raise ctx.refuse(f"{fewest} names cannot take {len(items)} items")
    middle_items = ctx.make("list", items[before : len(items) - after])
    return [*items[:before], middle_items, *items[len(items) - after :]]


@special("starred items")
def first_and_rest(ctx: Context, inner: Binding) -> list[Binding]:
    """The first item and the others of something whose length is computed."""
    return starred(ctx, inner, 1, 0)


def spread(
    ctx: Context, frame: Frame, nodes: list, function: Binding, wanted: Callable[[], int | None]
) -> list[Binding]:
    """The arguments of a call, starred ones spread: an array into as many as the function takes."""
    found: list[Binding] = []
    for node in nodes:
        if not isinstance(node, ast.Starred):
            found.append(evaluate(ctx, frame, node))
            continue
        inner = ctx.contents(evaluate(ctx, frame, node.value))
        if not _is_array(ctx, inner) and not isinstance(inner, Grown):
            found += static_items(ctx, inner)
            continue
        called = getattr(function, "value", None)
        if called in (max, min) and len(nodes) == 1:
            return [inner]
        if called is zip and len(nodes) == 1:  # its rows are the columns
            rows = as_array(ctx, inner) if isinstance(inner, Grown) else inner
            return [Iterator("identity", (ctx.call(ctx.known("transposed"), (rows,)),))]
        count = wanted() if sum(isinstance(n, ast.Starred) for n in nodes) == 1 else None
        if count is None:
            raise ctx.refuse(
                "an array can be spread with * only where the function takes a fixed number of arguments; "
                "write x[0], x[1], …"
            )
        count -= len(nodes) - 1
        raise_if(
            ctx, ctx.op("not_equal", _size(ctx, inner), Const(count)), "TypeError",
            f"the function takes {count} of these arguments",
        )
        found += [_item(ctx, inner, k) for k in range(count)]
    return found


def raise_if(ctx: Context, cond: Atom, exception: str, message: str) -> None:
    """Raise where a condition is true."""
    with ctx.collecting() as block:
        ctx.add(Raise(exception, f"{ctx.loc}: {message}", ctx.loc))

    def raised() -> Binding:
        ctx.block.extend(block)
        return Const(0)

    branch(ctx, cond, raised, lambda: Const(0))


def _is_array(ctx: Context, inner: Binding) -> bool:
    return isinstance(inner, Value) and isinstance(ctx.type_of(inner), Array)


def _size(ctx: Context, inner: Binding) -> Atom:
    return inner.count if isinstance(inner, Grown) else ctx.dim(inner, 0)  # type: ignore[arg-type]


def _item(ctx: Context, inner: Binding, k: int) -> Binding:
    if isinstance(inner, Grown):
        return indexed(ctx, inner, Const(k))
    assert isinstance(inner, Value)
    return read_array(ctx, inner, [Const(k)])
