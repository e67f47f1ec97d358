"""What a list can do whose length is known only at run time: grow, shrink, be indexed.

    out.append(v)    →    if n == len(data): data = enlarged(data)
                          data[n] = v; n = n + 1

In a counted loop that appends, the room is made before the loop, and the test is left out.
"""

from ...kernels.types import Array, Scalar
from ..building.atoms import as_atom
from ..building.binding import Binding, Grown, Static
from ..building.context import Context, describe
from ..building.items import static_items
from ..ir import Atom, Const, If, Index, Raise, Span, Value
from .grown import as_array, form_of, item_at, parts_of, put_item, widened

__all__ = [
    "append_to", "copied", "extended", "indexed", "of_array", "pop_from", "set_at", "sliced",
]


def own(ctx: Context, grown: Grown) -> Grown:
    """A list that may be changed: not one that stands in another list, which holds a copy of it."""
    if any(c in ctx.lists.columns for c in grown.items[:-1] if isinstance(c, Value)):
        raise ctx.refuse(
            "a list in a list whose length is computed cannot be changed; change it before it is appended"
        )
    return grown


def append_to(ctx: Context, number: int, item: Binding) -> None:
    """Append to the list that stands in the heap under this number."""
    grown = _wide_enough(ctx, own(ctx, ctx.heap[number]), item)  # type: ignore[arg-type]
    if ctx.lists.reserved.get(number) is None or ctx.lists.reserved[number] is not ctx.lists.building[-1]:
        ctx.lists.voided.add(number)
        grown = _with_room(ctx, grown, item)
    elif any(isinstance(t, Array) for t in grown.types):
        ctx.lists.voided.add(number)
    put_item(ctx, grown, grown.count, item)
    ctx.change(number, grown.with_items((*grown.items[:-1], ctx.op("add", grown.count, Const(1)))))


def _wide_enough(ctx: Context, grown: Grown, item: Binding) -> Grown:
    """The list with a type that has the item too: one that began with 0 may go on with 0.5."""
    found = form_of(ctx, item)
    if found is None or found[0] != grown.item:
        return grown
    joined = [ctx.join(a, b) for a, b in zip(grown.types, found[1], strict=True)]
    types = tuple(j for j in joined if isinstance(j, Scalar))
    if len(types) < len(joined) or [t.dtype for t in types] == [t.dtype for t in grown.types]:
        return grown
    return widened(ctx, grown, types)


def _with_room(ctx: Context, grown: Grown, item: Binding) -> Grown:
    """The list with a place for one item more."""
    if form_of(ctx, item) is None:
        raise ctx.refuse(f"{describe(item, ctx)} is not like the other items of this list; give all one form")
    made = []
    for column, type_, atom in zip(grown.items[:-1], grown.types, parts_of(ctx, item), strict=False):
        assert isinstance(column, Value)
        if isinstance(type_, Array):
            made.append(ctx.op("room_for", column, atom, grown.count))
        else:
            made.append(ctx.op("room", column, grown.count))
    return grown.with_items((*made, grown.count))


def _place(ctx: Context, grown: Grown, key: Binding) -> Atom:
    """The place that an index means, tested."""
    atom = as_atom(ctx, key, "an index of a list")
    if "int" not in ctx.type_of(atom).dtype or ctx.type_of(atom).ndim:
        raise ctx.refuse(f"a list is indexed by integers, not {describe(atom, ctx)}; write int(...)")
    ctx.check(atom, grown.count)
    if isinstance(atom, Const):
        return atom if atom.value >= 0 else ctx.op("add", grown.count, atom)
    return ctx.op("counted_place", atom, grown.count)


def indexed(ctx: Context, grown: Grown, key: Binding) -> Binding:
    """``out[k]``."""
    return item_at(ctx, grown, _place(ctx, grown, key))


def set_at(ctx: Context, grown: Grown, key: Binding, item: Binding) -> None:
    """``out[k] = item``."""
    own(ctx, grown)
    put_item(ctx, grown, _place(ctx, grown, key), item)


def sliced(ctx: Context, grown: Grown, bounds: tuple) -> Binding:
    """``out[a:b:c]``: a new list."""
    array = as_array(ctx, grown)
    assert isinstance(array, Value)
    span = Span(*(None if b is None else as_atom(ctx, b, "a bound of a slice") for b in bounds))
    part = ctx.read(array, Index((span, *(Span(),) * (ctx.type_of(array).ndim - 1))))
    column, size = _column_of(ctx, part)
    return ctx.new_ref(Grown((column, size), grown.item, grown.types))


def _column_of(ctx: Context, array: Value, count: Atom | None = None) -> tuple[Value, Atom]:
    """A column with the entries of an array, and their number.

    Not a copy: in the reverse sweep the shadow of a column is as long as the list at its end.
    """
    type_ = ctx.type_of(array)
    size = ctx.dim(array, 0) if count is None else count
    dims = (size, *(ctx.dim(array, k) for k in range(1, type_.ndim)))
    made = ctx.op("empty_vector" if type_.ndim == 1 else f"empty{type_.ndim}", *dims, dtype=type_.dtype)
    assert isinstance(made, Value)
    rest = (Span(),) * (type_.ndim - 1)
    part = array if count is None else ctx.read(array, Index((Span(None, size), *rest)))
    ctx.store(made, Index((Span(None, size), *rest)), part)
    return made, size


def copied(ctx: Context, grown: Grown) -> Binding:
    """A list of the same items."""
    columns = tuple(_column_of(ctx, c, grown.count)[0] for c in grown.items[:-1])  # type: ignore[arg-type]
    return ctx.new_ref(grown.with_items((*columns, grown.count)))


def pop_from(ctx: Context, number: int, key: Binding | None, *, tested: bool = True) -> Binding:
    """``out.pop()``: the last item, which is gone from the list; ``tested`` if there may be none."""
    grown = own(ctx, ctx.heap[number])  # type: ignore[arg-type]
    if key is not None and ctx.contents(key) != Const(-1):
        raise ctx.refuse("a list whose length is computed loses its last item only; write pop()")
    if tested:
        with ctx.collecting() as block:
            ctx.add(Raise("IndexError", f"{ctx.loc}: pop from an empty list", ctx.loc))
        ctx.add(If(ctx.op("equal", grown.count, Const(0)), tuple(block), (), (), ctx.loc))
    last = ctx.op("subtract", grown.count, Const(1))
    found = item_at(ctx, grown, last)
    ctx.lists.voided.add(number)
    ctx.change(number, grown.with_items((*grown.items[:-1], last)))
    return found


def extended(ctx: Context, number: int, more: Binding) -> None:
    """``out.extend(items)`` for items that are known."""
    for item in static_items(ctx, more):
        append_to(ctx, number, item)


def of_array(ctx: Context, array: Value, *, python: bool) -> Binding:
    """The list of an array's numbers or rows: ``list(x)`` has NumPy's numbers, ``x.tolist()`` Python's."""
    type_ = ctx.type_of(array)
    inner = ctx.type_of(ctx.read(array, Index((Const(0), *(Span(),) * (type_.ndim - 1)))))
    ctx.block.pop()
    if not isinstance(inner, Array) and python:
        inner = type(inner)(inner.dtype, True)
    column, count = _column_of(ctx, array)
    if isinstance(inner, Array):  # NumPy's list has views of the rows
        ctx.lists.stored.add((column, array))
    return ctx.new_ref(Grown((column, count), Static(0), (inner,)))
