"""Lists of equal items put into columns by the program itself, where a call cannot do it.

    layers: an argument a leaf        layers_W = copy(concatenate((ravel(W0), ravel(W1), ravel(W2))))
                               →      layers_W_where = [[0, 2, 3], [6, 2, 3], [12, 2, 3]]
                                      … W = part2(layers_W, layers_W_where, k)

Forward mode, the derivatives of derivatives and calls from compiled code take each leaf on its own: what
they are asked for is by leaves.  The columns are made where the function's body begins, so a derivative
passes through them to the leaves like through any other arrays.
"""

import re
from typing import Any

from ...kernels.types import Array, Scalar
from ..building.binding import Binding, Column, Container, Packed, Static
from ..building.context import Context
from ..building.items import attribute_of
from ..ir import Const, Value
from .packed import NeedUnpacked

__all__ = ["stacked"]


def stacked(ctx: Context, binding: Binding) -> Binding:
    """An argument with the lists in it that the program packs (``ctx.packed_here``) as columns."""
    inner = ctx.contents(binding)
    if not isinstance(inner, Container) or not ctx.packed_here:
        return binding
    if inner.path in ctx.packed_here:
        return _packed(ctx, inner)
    items = tuple(stacked(ctx, item) for item in inner.items)
    if all(new is old for new, old in zip(items, inner.items, strict=True)):
        return binding
    made = inner.with_items(items)
    return ctx.new_ref(made) if made.kind in ("list", "dict") else made


def _packed(ctx: Context, given: Container) -> Packed:
    path = given.path
    assert path is not None
    item = _columns(ctx, list(given.items), path, "")
    name = next((v.hint for v in ctx.columns if v.hint and ctx.columns[v] == path), "items")
    return Packed(given.kind, item, Const(0), None, 1, len(given.items), path, name)


def _columns(ctx: Context, items: list[Binding], path: Any, name: str) -> Binding:
    """An item with columns for its leaves, made of the same leaf of all items."""
    found = [ctx.contents(item) for item in items]
    first = found[0]
    if isinstance(first, Container):
        parts = []
        for k in range(len(first.items)):
            inside = first.keys[k] if k < len(first.keys) else ""
            own = [one.items[k] for one in found]  # type: ignore[union-attr]
            parts.append(_columns(ctx, own, path, inside if str(inside).isidentifier() else name))
        return first.with_items(parts)
    if isinstance(first, Static):
        return first
    if not all(isinstance(leaf, Value | Const) for leaf in found):
        raise NeedUnpacked(frozenset({path}))
    types = [ctx.type_of(leaf) for leaf in found]  # type: ignore[arg-type]
    if isinstance(types[0], Scalar):
        vector = _copied(ctx, ctx.array_of(ctx, Container("tuple", tuple(found))), path, first)
        return Column(vector, None, types[0], -1, str(name))
    flat = tuple(ctx.call(ctx.known("ravel"), (leaf,)) for leaf in found)
    vector = _copied(ctx, ctx.call(ctx.known("concatenate"), (Container("tuple", flat),)), path, first)
    rows, start = [], Const(0)
    for leaf in found:
        dims = [ctx.dim(leaf, axis) for axis in range(types[0].ndim)]  # type: ignore[arg-type]
        rows.append(Container("tuple", (start, *dims)))
        start = ctx.op("add", start, attribute_of(ctx, leaf, "size"))  # type: ignore[assignment]
    table = ctx.array_of(ctx, Container("tuple", tuple(rows)))
    assert isinstance(table, Value)
    return Column(vector, table, Array(types[0].dtype, types[0].ndim, "C", types[0].labels), -1, str(name))


def _copied(ctx: Context, made: Binding, path: Any, first: Binding) -> Value:
    """The column as an array that nobody writes to: what is seen to write to it writes to the user's.

    It is called after the first of its items: ``layers_W`` after ``layers_0_W``.
    """
    hint = first.hint or ctx.hints.get(first, "") if isinstance(first, Value) else ""
    vector = ctx.value(ctx.type_of(made), re.sub(r"_0(?=_|$)", "", hint, count=1))  # type: ignore[arg-type]
    ctx.op("copy", made, target=vector)  # type: ignore[arg-type]
    ctx.columns[vector] = path
    return vector
