"""Lists whose length is known only at run time: columns of items, and how many there are.

    out = [a]; … out.append(b)    →    data = empty(16); data[0] = a; n = 1; …; data[n] = b; n = n + 1

A column holds numbers, or arrays of one shape; items that are tuples have a column for each part.
"""

from collections.abc import Iterable

from ...errors import UnsupportedSyntax
from ...kernels.types import Array, Scalar, Type
from ..building.binding import Binding, Container, Grown, Ref, Static
from ..building.context import Context, describe
from ..facts.memory import analyze
from ..facts.outline import Outline
from ..ir import Atom, Const, Index, Program, Span, Store, Value
from ..shorter.dead import without_dead

__all__ = [
    "alike", "as_array", "form_of", "grown_of", "item_at", "part_types", "parts_of", "put_item",
    "refuse_changed", "repeated",
]

RANKS = 4
ROW = "row"     # the form of an item that is a list itself


def parts_of(ctx: Context, item: Binding) -> list[Atom]:
    """The numbers and arrays of an item, in order; of a list of computed length, the array."""
    inner = ctx.contents(item)
    if isinstance(inner, Value | Const):
        return [inner]
    if isinstance(inner, Grown):
        return [_items(ctx, inner)]
    assert isinstance(inner, Container)
    return [atom for part in inner.items for atom in parts_of(ctx, part)]


def form_of(ctx: Context, item: Binding, first: int = 0) -> tuple[Binding, list[Type]] | None:
    """What an item looks like, its parts numbered from ``first``, and their types; None if it fits none."""
    inner = ctx.contents(item)
    if isinstance(inner, Value | Const):
        return Static(first), [ctx.type_of(inner)]
    if isinstance(inner, Grown) and inner.item == Static(0) and isinstance(inner.types[0], Scalar):
        element = inner.types[0]
        return Container(ROW, (Static(first),), (element,)), [Array(element.dtype, 1, "C")]
    if not isinstance(inner, Container) or isinstance(item, Ref):
        return None
    forms: list[Binding] = []
    types: list[Type] = []
    for part in inner.items:
        found = form_of(ctx, part, first + len(types))
        if found is None:
            return None
        forms.append(found[0])
        types += found[1]
    return inner.with_items(forms), types


def part_types(ctx: Context, items: Iterable[Binding]) -> tuple[Binding, tuple[Type, ...]] | None:
    """The form of items and the one type of each part; None if they are not alike."""
    form: Binding | None = None
    types: list[Type] = []
    for item in items:
        found = form_of(ctx, item)
        if found is None:
            return None
        if form is None:
            form, types = found
            continue
        joined = [ctx.join(a, b) for a, b in zip(types, found[1], strict=False)]
        if found[0] != form or None in joined:
            return None
        types = joined  # type: ignore[assignment]
    if form is None or any(t.labels is not None or t.ndim > RANKS for t in types):
        return None
    plain = [Array(t.dtype, t.ndim, "C") if isinstance(t, Array) else t for t in types]
    return form, tuple(plain)


def grown_of(
    ctx: Context, items: tuple[Binding, ...], form: Binding, types: tuple[Type, ...], more: Atom | None = None
) -> Grown:
    """The list of these items with room for ``more`` of them."""
    columns: list[Binding] = []
    rows = [parts_of(ctx, item) for item in items]
    room: Atom = Const(max(16, 2 * len(items)))
    if more is not None:
        room = ctx.op("add", Const(len(items)), more) if items else more
    for k, type_ in enumerate(types):
        if isinstance(type_, Scalar):
            made = ctx.op("empty_vector", room, dtype=type_.dtype)
        else:
            made = ctx.op(f"empty{type_.ndim + 1}", *(Const(0),) * (type_.ndim + 1), dtype=type_.dtype)
        columns.append(made)
        for n, row in enumerate(rows):
            if isinstance(type_, Array) and not n:
                columns[-1] = made = ctx.op("room_for", made, row[k], Const(0))
            _store(ctx, made, Const(n), row[k], type_)  # type: ignore[arg-type]
    return Grown((*columns, Const(len(items))), form, types)


def _store(ctx: Context, column: Value, place: Atom, atom: Atom, type_: Type) -> None:
    if isinstance(type_, Scalar):
        ctx.store(column, Index((place,)), ctx.cast(atom, Scalar(type_.dtype)))
        return
    ctx.store(column, Index((place, *(Span(),) * type_.ndim)), atom)
    if isinstance(atom, Value):
        ctx.lists.stored.add((column, atom))


def put_item(ctx: Context, grown: Grown, place: Atom, item: Binding) -> None:
    """Write an item at a place that is there."""
    now = form_of(ctx, item)
    if now is None or now[0] != grown.item:
        raise ctx.refuse(
            f"{describe(item, ctx)} is not like the other items of this list, whose length is computed; give "
            "all items one form"
        )
    for column, atom, type_ in zip(grown.items, parts_of(ctx, item), grown.types, strict=False):
        joined = ctx.join(type_, ctx.type_of(atom))
        if joined is None or joined.dtype != type_.dtype:
            raise ctx.refuse(
                f"{describe(atom, ctx)} does not fit into this list of {type_} items; give all of them one "
                "type (0.0 instead of 0)"
            )
        _store(ctx, column, place, atom, type_)  # type: ignore[arg-type]


def item_at(ctx: Context, grown: Grown, place: Atom) -> Binding:
    """The item at a place that is there."""

    def filled(form: Binding) -> Binding:
        if isinstance(form, Container) and form.kind == ROW:
            row = filled(form.items[0])
            assert isinstance(row, Value)
            return ctx.new_ref(Grown((row, ctx.dim(row, 0)), Static(0), form.keys))
        if isinstance(form, Container):
            return form.with_items(filled(part) for part in form.items)
        assert isinstance(form, Static)
        column, type_ = grown.items[form.value], grown.types[form.value]
        assert isinstance(column, Value)
        found = ctx.read(column, Index((place, *(Span(),) * type_.ndim)))
        if isinstance(type_, Scalar):
            ctx.types[found] = type_
            return found
        item = ctx.op("copy", found)  # the column may be another array when the item is used
        assert isinstance(item, Value)
        ctx.lists.columns.add(item)
        return item

    return filled(grown.item)


def as_array(ctx: Context, grown: Grown) -> Atom:
    """The items as one array, a copy: the column may be another array when they are used."""
    return ctx.op("copy", _items(ctx, grown))


def _items(ctx: Context, grown: Grown) -> Value:
    """The items as a view of the column, to be used at once."""
    if grown.item != Static(0) and getattr(grown.item, "kind", "") != ROW:
        raise ctx.refuse("a list of tuples whose length is computed is no array; make a list of each part")
    column, type_ = grown.items[0], grown.types[0]
    assert isinstance(column, Value)
    found = ctx.read(column, Index((Span(None, grown.count), *(Span(),) * type_.ndim)))
    ctx.roots[found] = column
    return found


def alike(
    ctx: Context, a: Binding, b: Binding, then_block: list, else_block: list
) -> tuple[Binding, Binding]:
    """Two lists of which each way of a branch has left one, in one form, if they have one."""
    lists = all(isinstance(x, Grown) or isinstance(x, Container) and x.kind == "list" for x in (a, b))
    if not lists or isinstance(a, Container) and isinstance(b, Container) and len(a.items) == len(b.items):
        return a, b
    known = part_types(ctx, [i for x in (a, b) if isinstance(x, Container) for i in x.items])
    form: Binding | None = None
    types: tuple[Type, ...] = ()
    if known is not None:
        form, types = known
    for side in (a, b):
        if isinstance(side, Grown):
            if form is None:
                form, types = side.item, side.types
                continue
            joined = [ctx.join(x, y) for x, y in zip(types, side.types, strict=False)]
            if side.item != form or any(j is None for j in joined):
                return a, b
            types = tuple(joined)  # type: ignore[arg-type]
    if form is None:
        return a, b
    made = []
    for side, block in ((a, then_block), (b, else_block)):
        with ctx.collecting() as extra:
            if isinstance(side, Container):
                side = grown_of(ctx, side.items, form, types)
            elif isinstance(side, Grown):
                side = widened(ctx, side, types)
        block.extend(extra)
        made.append(side)
    return made[0], made[1]


def widened(ctx: Context, grown: Grown, types: tuple[Type, ...]) -> Grown:
    """The list with items of wider types: integers as floats."""
    columns = [
        column if have.dtype == want.dtype else ctx.op("cast", column, dtype=want.dtype)  # type: ignore[arg-type]
        for column, have, want in zip(grown.items, grown.types, types, strict=False)
    ]
    return Grown((*columns, grown.count), grown.item, types)


def repeated(ctx: Context, items: tuple[Binding, ...], form: Binding, types: tuple, count: Atom) -> Binding:
    """``[a] * n``: n items."""
    size = ctx.op("maximum", count, Const(0))
    columns = []
    for atom, type_ in zip(parts_of(ctx, items[0]), types, strict=True):
        made = ctx.op("empty_vector", size, dtype=type_.dtype)
        ctx.store(made, Index((Span(None, size),)), ctx.cast(atom, type_))  # type: ignore[arg-type]
        columns.append(made)
    return ctx.new_ref(Grown((*columns, size), form, types))


def refuse_changed(ctx: Context, program: Program) -> None:
    """Refuse arrays that are written to after they were put into a list, which holds a copy of them."""
    program = without_dead(program)  # a name that is never read again is no way to write to it
    outline = Outline(program)
    memory = analyze(program, outline)
    for statement in outline.statements:
        if not (isinstance(statement, Store) and isinstance(statement.base, Value)):
            continue
        put = (statement.base, statement.value) in ctx.lists.stored
        if put and statement.value in memory.root and memory.stores_after(statement.value, statement):
            raise UnsupportedSyntax([(
                statement.loc, "this array is written to after it was put into a list of computed length; "
                "put a .copy() of it into the list",
            )])  # fmt: skip
