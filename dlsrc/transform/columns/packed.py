"""Lists of equal items in columns: their items, slices, lengths and gradients while a program is built.

    for layer in layers:                   For(k, 0, n):
        h = layer["W"] @ h           →         W = part2(layers_W, layers_W_where, k)
                                               v1 = matvec(W, h)

A build starts with every list taken apart, an argument for each leaf.  Where a loop runs over a list of
equal items, or its counter indexes one, `NeedPacked` starts it again with that list in columns.  Where
something is done with such a list that needs each item apart (it is written to, joined, unpacked, its
length is the size of something known), or where the loop cannot be counted, `NeedUnpacked` or any refusal
starts it again without: then the loop is written out, trip by trip, and what is refused is refused there.
"""

from collections.abc import Callable, Generator
from typing import Any

from ...containers.nodes import Path
from ...kernels.types import Array, Scalar
from ...records import replace
from ..building.binding import Binding, Column, Container, Iterator, Packed
from ..building.context import Context, Frame
from ..facts.memory import analyze
from ..facts.outline import Outline
from ..ir import Assign, Atom, Const, Index, Program, Read, Value

__all__ = [
    "FEW", "NeedPacked", "NeedUnpacked", "column_of", "count_of", "indexed", "pack_for", "packed_item",
    "paths_of", "refuse_written", "reversed_of", "sliced", "unpacked", "wanted", "with_columns", "worthwhile",
]

# So many numbers are written out: as arguments they cost less than as a vector.
FEW = 8


class NeedPacked(Exception):
    """A loop runs over these lists, or indexes them: the build starts again with them in columns."""

    def __init__(self, paths: frozenset[Path]):
        super().__init__(paths)
        self.paths = paths


class NeedUnpacked(Exception):
    """What is done with these lists needs each of their items: the build starts again without columns."""

    def __init__(self, paths: frozenset[Path]):
        super().__init__(paths)
        self.paths = paths


# ---------------------------------------------------------------------------------- whether to pack


def wanted(ctx: Context, iterable: Binding) -> list[Container] | None:
    """The lists to be packed for a loop over this; None if it runs over what cannot be."""
    inner = ctx.contents(iterable)
    if isinstance(inner, Container):
        return [inner] if inner.path in ctx.packable else None
    if isinstance(inner, Iterator):
        found: list[Container] = []
        for item in inner.items:
            more = wanted(ctx, item)
            if more is None:
                return None
            found += more
        return found
    return []


def worthwhile(ctx: Context, lists: list[Container]) -> bool:
    """Whether lists are packed: the one place where it is decided.

    Lists of arrays always are, since a program for any number of items is better than one for each.  A few
    numbers are not: straight-line code for them is shorter and faster.
    """
    return any(len(one.items) > FEW or _holds_arrays(ctx, one.items[0]) for one in lists if one.items)


def _holds_arrays(ctx: Context, item: Binding) -> bool:
    inner = ctx.contents(item)
    if isinstance(inner, Container):
        return any(_holds_arrays(ctx, one) for one in inner.items)
    return isinstance(inner, Value) and isinstance(ctx.type_of(inner), Array)


def paths_of(lists: list[Container]) -> frozenset[Path]:
    """Which arguments these lists are."""
    return frozenset(one.path for one in lists if one.path is not None)


def pack_for(ctx: Context, frame: Frame, iterable: Binding) -> None:
    """Start again with the lists of equal items that a loop runs over in columns, if that is worth it."""
    lists = wanted(ctx, iterable) if frame.composite is None else None
    if lists and ctx.packed_here is not None and all(len(one.items) <= FEW for one in lists):
        return  # a program that has each item apart anyway is shorter and faster with a few written out
    if lists and worthwhile(ctx, lists):
        raise NeedPacked(paths_of(lists))


def unpacked(ctx: Context, *bindings: Binding) -> None:
    """Start again without columns if a packed list is among these, or in them."""
    for binding in bindings:
        inner = ctx.contents(binding)
        if isinstance(inner, Packed):
            raise NeedUnpacked(frozenset({inner.path}))
        if isinstance(inner, Container):
            unpacked(ctx, *inner.items)


# ---------------------------------------------------------------------------------- items and slices


def count_of(ctx: Context, packed: Packed) -> Atom:
    """How many items there are."""
    if packed.count is not None:
        return packed.count
    column = next(_columns_of(packed.item))
    made = ctx.dim(column.vector if column.table is None else column.table, 0)
    ctx.part_names[made] = f"n_{packed.name}"  # type: ignore[index]
    return made


def _columns_of(node: Any) -> Generator[Column]:
    if isinstance(node, Column):
        yield node
    elif isinstance(node, Container):
        for item in node.items:
            yield from _columns_of(item)


def packed_item(ctx: Context, packed: Packed, j: Atom) -> Binding:
    """Item ``j``, which is known to be there, or counts from the end of the whole list."""
    index = j
    if packed.step != 1:
        index = ctx.op("subtract", packed.first, j)
    elif packed.first != Const(0):
        index = ctx.op("add", packed.first, j)
    return _item(ctx, packed.item, index)


def _item(ctx: Context, node: Any, index: Atom) -> Binding:
    if isinstance(node, Container):
        # A list or dict without a reference: whoever writes to it is refused, and the list is taken apart.
        return node.with_items(_item(ctx, child, index) for child in node.items)
    if not isinstance(node, Column):
        return node
    made = ctx.value(node.type)
    if node.table is None:
        ctx.add(Read(made, node.vector, Index((index,)), ctx.loc))
    else:
        ctx.op(f"part{node.type.ndim}", node.vector, node.table, index, target=made)
        ctx.roots[made] = ctx.roots.get(node.vector, node.vector)
    ctx.part_names[made] = node.name
    return made


def indexed(ctx: Context, packed: Packed, key: Atom) -> Binding:
    """``packed[key]``."""
    if ctx.type_of(key).dtype != "int64" or not isinstance(ctx.type_of(key), Scalar):
        raise NeedUnpacked(frozenset({packed.path}))
    if isinstance(key, Const):
        if packed.is_whole and not -packed.at_hand <= key.value < packed.at_hand:
            raise NeedUnpacked(frozenset({packed.path}))  # refused there
        if not packed.is_whole or key.value not in (0, -1):  # a list that is packed is never empty
            ctx.check(key, count_of(ctx, packed))
        if key.value < 0 and not packed.is_whole:
            key = ctx.op("add", count_of(ctx, packed), key)
        return packed_item(ctx, packed, key)
    ctx.check(key, count_of(ctx, packed))
    if not packed.is_whole:
        key = ctx.op("remainder", key, count_of(ctx, packed))  # which may count from the end
    return packed_item(ctx, packed, key)


def sliced(ctx: Context, packed: Packed, entry: tuple) -> Packed:
    """``packed[start:stop]`` with literal bounds, and ``packed[::-1]``."""
    start, stop, step = (None if e is None else e.value if isinstance(e, Const) else e for e in entry)
    bounds = (start, stop, step)
    if not all(b is None or isinstance(b, int) for b in bounds) or step not in (None, 1, -1):
        raise NeedUnpacked(frozenset({packed.path}))
    if step == -1:
        if start is not None or stop is not None:
            raise NeedUnpacked(frozenset({packed.path}))
        return reversed_of(ctx, packed)
    length = count_of(ctx, packed)
    low = Const(0) if start is None else _bound(ctx, packed, start)
    high = length if stop is None else _bound(ctx, packed, stop)
    if low == Const(0) and high == length:
        return packed
    left = ctx.op("subtract", high, low) if low != Const(0) else high
    if not (low == Const(0) or packed.is_whole and low == Const(1) and high == length):
        left = ctx.op("maximum", left, Const(0))
    first = ctx.op("add", packed.first, low) if packed.step == 1 else ctx.op("subtract", packed.first, low)
    at_hand = len(range(packed.at_hand)[slice(start, stop)])
    return replace(packed, first=first, count=left, at_hand=at_hand)


def _bound(ctx: Context, packed: Packed, bound: Any) -> Atom:
    """A bound of a slice as a number between 0 and the length."""
    if bound == 0:
        return Const(0)
    if packed.is_whole and bound == 1:
        return Const(1)
    if packed.is_whole and bound == -1:
        return ctx.op("subtract", count_of(ctx, packed), Const(1))
    if bound < 0:
        return ctx.op("maximum", ctx.op("subtract", count_of(ctx, packed), Const(-bound)), Const(0))
    return ctx.op("minimum", Const(bound), count_of(ctx, packed))


def reversed_of(ctx: Context, packed: Packed) -> Packed:
    """The items in the other order."""
    last = ctx.op("subtract", count_of(ctx, packed), Const(1))
    first = ctx.op("add" if packed.step == 1 else "subtract", packed.first, last)
    return replace(packed, first=first, count=count_of(ctx, packed), step=-packed.step)


# ---------------------------------------------------------------------------------- gradients


def with_columns(ctx: Context, packed: Packed, change: Callable[[Value], Binding]) -> Packed:
    """The list with other vectors as its columns: copies, constants, gradients."""

    def changed(node: Any) -> Any:
        if isinstance(node, Column):
            vector = change(node.vector)
            assert isinstance(vector, Value)
            ctx.columns[vector] = packed.path
            return replace(node, vector=vector)
        if isinstance(node, Container):
            return node.with_items(map(changed, node.items))
        return node

    return replace(packed, item=changed(packed.item))


def column_of(ctx: Context, atom: Atom) -> tuple[Value, Any] | None:
    """The vector that an item's leaf was taken from, and how to take the same part of another one."""
    made = ctx.origin.get(atom) if isinstance(atom, Value) else None
    if isinstance(made, Assign) and made.op.part:
        vector, *place = made.args
        if isinstance(vector, Value) and vector in ctx.columns:
            return vector, lambda other: ctx.op(made.op, other, *place)
    if isinstance(made, Read) and made.base in ctx.columns:
        return made.base, lambda other: ctx.read(other, made.index)
    return None


def refuse_written(ctx: Context, program: Program) -> None:
    """Start again without columns for a list whose arrays are written to or returned.

    A column is a copy: writing to it would not change the user's arrays, and a part of it is not one of
    them.

    Raises
    ------
    NeedUnpacked
    """
    memory = analyze(program, Outline(program))
    returned = {memory.root.get(a) for a in program.returns if isinstance(a, Value)}
    found = {
        path for vector, path in ctx.columns.items()
        if (vector in program.params or ctx.packed_here) and (memory.written(vector) or vector in returned)
    }
    if found:
        raise NeedUnpacked(frozenset(found))
