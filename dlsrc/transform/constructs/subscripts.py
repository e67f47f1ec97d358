"""Brackets: reading and writing elements, views, masks and integer arrays; items of containers.

    x[i, 1:]        →  an index test, then Read(x, (i, 1:))          a view
    x[m]            →  Read(x.ravel(), Fancy(nonzero_flat(m)))         a gathered copy
    x[1:] += x[:-1] →  copy first: the operands overlap, and NumPy reads all before it writes
"""

import ast

import numpy as np

from ...containers.nodes import Path
from ...kernels.types import Array
from ..building.atoms import as_atom
from ..building.binding import Binding, Container, Grown, Live, Packed, Partial, Range, Shape, Static
from ..building.cells import shown
from ..building.context import Context, Frame, describe
from ..building.items import static_items
from ..calling.specials import SPECIALS
from ..columns import growing
from ..columns.packed import NeedPacked, indexed, paths_of, sliced, worthwhile
from ..derivatives.labels import has_labels, read_labelled, stored
from ..ir import Assign, Const, Fancy, Index, Read, Span, Store, Value, walk
from .choosing import can_be_chosen, chosen
from .expressions import evaluate, expression, operate, updated
from .indices import index_entries, root_of
from .picking import Place, place_of

__all__ = [
    "NeedUnroll", "aug_assign_array", "aug_assign_subscript", "put", "read_array", "store_subscript",
    "store_whole",
]


TRICKS = (type(np.s_), type(np.r_), type(np.c_))


class NeedUnroll(Exception):
    """A loop's counter indexes a container: the loop must be written out, or the container packed."""

    def __init__(self, path: Path | None = None):
        super().__init__(path)
        self.path = path


@expression(ast.Subscript)
def subscript(ctx: Context, frame: Frame, node: ast.Subscript) -> Binding:
    owner = ctx.contents(evaluate(ctx, frame, node.value))
    if isinstance(owner, Live) and isinstance(owner.value, TRICKS):
        return SPECIALS["index trick"](ctx, frame, owner.value, node)
    if isinstance(owner, Value):
        return read_array(ctx, owner, index_entries(ctx, frame, node.slice))
    if isinstance(owner, Const):
        raise ctx.refuse("a number cannot be indexed; use the number itself")
    return container_item(ctx, owner, index_entries(ctx, frame, node.slice, split=False)[0])


def container_item(ctx: Context, owner: Binding, key: Binding) -> Binding:
    """An item of a container, a shape or a captured object."""
    if isinstance(owner, Partial):
        raise ctx.refuse(f"{describe(owner, ctx)} cannot be indexed; use it as it is")
    if isinstance(owner, Packed):
        return sliced(ctx, owner, key) if isinstance(key, tuple) else indexed(ctx, owner, as_atom(ctx, key))
    if isinstance(owner, Grown):
        return growing.sliced(ctx, owner, key) if isinstance(key, tuple) else growing.indexed(ctx, owner, key)
    if isinstance(key, Value) and key not in ctx.argument_keys and isinstance(owner, Container | Shape):
        if can_be_chosen(ctx, owner, key):
            return chosen(ctx, owner, key)
        if not isinstance(owner, Container) or owner.path not in ctx.packable:
            raise NeedUnroll
        raise NeedPacked(paths_of([owner])) if worthwhile(ctx, [owner]) else NeedUnroll(owner.path)
    if isinstance(owner, Live):
        found = ctx.static(key, "a key of a captured container")
        try:
            value = owner.value[found]
        except (KeyError, IndexError, TypeError):
            raise ctx.refuse(f"`{owner.getter}` has no item {found!r}") from None
        return ctx.captured(value, owner.getter.then("item", found))
    if isinstance(owner, Container) and owner.kind == "dict":
        found = ctx.static(key, "a key")
        if found not in owner.keys:
            raise ctx.refuse(f"the dict has no key {found!r}; it has {', '.join(map(repr, owner.keys))}")
        return owner.items[owner.keys.index(found)]
    if isinstance(owner, Container | Shape | Range):
        items = static_items(ctx, owner)
        found = (
            slice(*(None if s is None else ctx.static(s, "a slice") for s in key))
            if isinstance(key, tuple)
            else ctx.static(key, "an index")
        )
        try:
            picked = items[found]
        except IndexError:
            raise ctx.refuse(f"index {found} is out of range for {describe(owner, ctx)}") from None
        except TypeError:
            raise ctx.refuse(f"{describe(owner, ctx)} is indexed by integers, not {found!r}") from None
        kind = owner.kind if isinstance(owner, Container) and owner.kind == "list" else "tuple"
        if not isinstance(picked, list):
            return picked
        made = Container(kind, tuple(picked), path=owner.path if isinstance(owner, Container) else None)
        return ctx.new_ref(made) if kind == "list" else made
    if isinstance(owner, Static):
        return Static(owner.value[ctx.static(key, "an index")])
    raise ctx.refuse(f"{describe(owner, ctx)} cannot be indexed; use it as it is")


def read_array(ctx: Context, base: Value, entries: list) -> Binding:
    """``base[entries]``."""
    if has_labels(ctx, (base, *(e for e in entries if not isinstance(e, tuple)))):
        return read_labelled(ctx, base, entries, read_array)
    place = place_of(ctx, base, entries)
    made = place.read(ctx) if place.index.entries else base
    return shown(ctx, made) if any(isinstance(e, Static) and e.value is Ellipsis for e in entries) else made


# ---------------------------------------------------------------------------------- writing


def store_subscript(ctx: Context, frame: Frame, node: ast.Subscript, binding: Binding) -> None:
    """``owner[...] = binding``."""
    from_owner = ctx.reference(evaluate(ctx, frame, node.value))
    owner = ctx.contents(from_owner)
    if isinstance(owner, Container | Grown):
        set_item(ctx, from_owner, owner, ctx.contents(evaluate(ctx, frame, node.slice)), binding)
        return
    if not isinstance(owner, Value):
        raise ctx.refuse(f"an item of {describe(owner, ctx)} cannot be assigned")
    entries = index_entries(ctx, frame, node.slice)
    with stored(ctx, owner, entries, binding):
        put(ctx, owner, place_of(ctx, owner, entries), binding, "set")


def put(ctx: Context, owner: Value, place: Place, binding: Binding, mode: str) -> None:
    """A store to a place of an array; what was written to a copy of it is written back."""
    write(ctx, place.base, place.index, binding, mode, place)
    if place.copied is not None:
        dims = tuple(ctx.dim(owner, k) for k in range(ctx.type_of(owner).ndim))
        whole = ctx.call(ctx.known("reshape"), (place.copied, Container("tuple", dims)))
        store_whole(ctx, owner, whole, "set")


def set_item(
    ctx: Context, reference: Binding, owner: Container | Grown, key: Binding, binding: Binding
) -> None:
    """An item of a list or dict."""
    if isinstance(owner, Grown):
        growing.set_at(ctx, owner, key, binding)
        return
    number = getattr(reference, "number", None)
    if number is None:
        raise ctx.refuse(f"a {owner.kind} cannot be changed; build a new one")
    if isinstance(key, Value) and key not in ctx.argument_keys:
        raise NeedUnroll
    found = ctx.static(key, "a key")
    items = list(owner.items)
    if owner.kind == "dict":
        merged = dict(zip(owner.keys, items, strict=True)) | {found: binding}
        ctx.change(number, Container("dict", tuple(merged.values()), tuple(merged), owner.cls))
        return
    try:
        items[found] = binding
    except (IndexError, TypeError):
        raise ctx.refuse(f"index {found!r} is out of range for a list of {len(items)}") from None
    ctx.change(number, owner.with_items(items))


def write(
    ctx: Context, base: Value, index: Index, binding: Binding, mode: str, place: Place | None = None
) -> None:
    """A store, with the operand copied first where it may overlap what is written."""
    binding = ctx.contents(binding)
    if root_of(ctx, base) in ctx.lists.columns:
        raise ctx.refuse(
            "an array in a list whose length is computed cannot be written to: the list has its own copy; "
            "write before it is appended, or use one array with a further axis"
        )
    source = READ_ONLY.get(_made_by(ctx, base))
    if source is not None and ctx.frames[-1].composite is None:
        raise ctx.refuse(f"{source} gives a read-only array; write to a .copy() of it")
    if isinstance(binding, Container | Shape | Grown):
        binding = ctx.array(binding)
    value = as_atom(ctx, binding, "what is assigned")
    value_type = ctx.type_of(value)
    base_type = ctx.type_of(base)
    if index.kind(base_type.ndim) == "element" and isinstance(value_type, Array):
        raise ctx.refuse(f"one element cannot hold {describe(value, ctx)}; write .item() or an index")
    if isinstance(value_type, Array):
        if place is not None:
            value = place.rows(ctx, value)
        if may_overlap(ctx, value, base):  # type: ignore[arg-type]
            value = ctx.op("copy", value)
    ctx.store(base, index, value, mode)


READ_ONLY = {
    "diagonal_of": "np.diagonal", "spread": "np.broadcast_to", "windows": "sliding_window_view",
}  # fmt: skip


def _made_by(ctx: Context, array: Value) -> str:
    """The name of the operation whose result an array is, or is a view of."""
    made = ctx.origin.get(array)
    if isinstance(made, Read) and made.index.kind(ctx.type_of(made.base).ndim) == "view":
        return _made_by(ctx, made.base)
    if not isinstance(made, Assign):
        return ""
    if made.op.name in READ_ONLY or not made.op.view or not isinstance(made.args[0], Value):
        return made.op.name
    return _made_by(ctx, made.args[0])


def may_overlap(ctx: Context, a: Value, b: Value) -> bool:
    """Whether two arrays may share memory: not if each is an argument or an operation's of its own."""
    root_a, root_b = root_of(ctx, a), root_of(ctx, b)
    known = all(
        r in ctx.params or type(ctx.origin.get(r)).__name__ in ("Assign", "Read") for r in (root_a, root_b)
    )
    return root_a is root_b or not known


def store_whole(ctx: Context, base: Value, binding: Binding, mode: str) -> None:
    """``base[...] = binding``, of every element."""
    ndim = ctx.type_of(base).ndim
    if not ndim:
        raise ctx.refuse("a number cannot be written to; bind the result to its name")
    write(ctx, base, Index((Span(),) * ndim), binding, mode)


def aug_assign_subscript(ctx: Context, frame: Frame, node: ast.AugAssign) -> None:
    """``owner[...] op= value``: the place is evaluated once."""
    target = node.target
    assert isinstance(target, ast.Subscript)
    reference = ctx.reference(evaluate(ctx, frame, target.value))
    owner = ctx.contents(reference)
    if isinstance(owner, Container | Grown):
        key = ctx.contents(evaluate(ctx, frame, target.slice))
        old = container_item(ctx, owner, key)
        if isinstance(old, Value) and isinstance(ctx.type_of(old), Array):
            aug_assign_array(ctx, old, node.op, evaluate(ctx, frame, node.value))
            return
        new = updated(ctx, node.op, old, evaluate(ctx, frame, node.value), ast.unparse(target))
        set_item(ctx, reference, ctx.contents(reference), key, new)
        return
    if not isinstance(owner, Value):
        raise ctx.refuse(f"an item of {describe(owner, ctx)} cannot be changed")
    entries = index_entries(ctx, frame, target.slice)
    if has_labels(ctx, (owner,)):
        old = read_array(ctx, owner, entries)
        new = operate(ctx, node.op, old, evaluate(ctx, frame, node.value))
        with stored(ctx, owner, entries, new):
            put(ctx, owner, place_of(ctx, owner, entries), new, "set")
        return
    place = place_of(ctx, owner, entries)
    base, index = place.base, place.index
    with ctx.collecting() as block:
        value = evaluate(ctx, frame, node.value)
    writes = any(isinstance(s, Store) for s in walk(tuple(block)))
    fancy = any(isinstance(e, Fancy) for e in index.entries)
    mode = {ast.Add: "add", ast.Sub: "sub"}.get(type(node.op))
    if mode and not writes and not fancy and "float" in ctx.type_of(base).dtype:
        ctx.block.extend(block)
        write(ctx, base, index, value, mode)
        return
    old = place.read(ctx)
    ctx.block.extend(block)
    if isinstance(ctx.type_of(old), Array) and not fancy:
        aug_assign_array(ctx, old, node.op, value)
        return
    put(ctx, owner, place, operate(ctx, node.op, old, value), "set")


def aug_assign_array(ctx: Context, base: Value, op: ast.operator, value: Binding) -> None:
    """``base op= value`` on a whole array (or view), in place as NumPy does it."""
    mode = {ast.Add: "add", ast.Sub: "sub"}.get(type(op))
    type_ = ctx.type_of(base)
    if "float" not in type_.dtype and isinstance(op, ast.Div):
        raise ctx.refuse("an integer array cannot be divided in place; write x = x / y")
    if mode and "float" in type_.dtype:
        store_whole(ctx, base, value, mode)
    else:
        store_whole(ctx, base, operate(ctx, op, base, value), "set")

