"""Brackets: reading and writing elements, views, masks and integer arrays; items of containers.

    x[i, 1:]        →  an index test, then Read(x, (i, 1:))          a view
    x[m]            →  Read(x.ravel(), Fancy(nonzero_flat(m)))         a gathered copy
    x[1:] += x[:-1] →  copy first: the operands overlap, and NumPy reads all before it writes
"""

import ast

from ..kernels.types import Array, Scalar
from ..nodes import Path
from .atoms import as_atom
from . import growing
from .binding import Binding, Container, Grown, Live, Packed, Partial, Range, Shape, Static
from .context import Context, Frame, describe
from .expressions import evaluate, expression, operate
from .ir import NEWAXIS, Assign, Atom, Const, Fancy, If, Index, Raise, Span, Store, Value, walk
from .items import static_items
from .packed import NeedPacked, indexed, paths_of, sliced, worthwhile

__all__ = ["NeedUnroll", "aug_assign_subscript", "index_array", "store_subscript", "store_whole"]


class NeedUnroll(Exception):
    """A loop's counter indexes a container: the loop must be written out, or the container packed."""

    def __init__(self, path: Path | None = None):
        super().__init__(path)
        self.path = path


@expression(ast.Subscript)
def subscript(ctx: Context, frame: Frame, node: ast.Subscript) -> Binding:
    owner = ctx.contents(evaluate(ctx, frame, node.value))
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


def index_entries(ctx: Context, frame: Frame, node: ast.expr, *, split: bool = True) -> list:
    """What stands between the brackets: bindings, and (start, stop, step) tuples for slices."""
    nodes = node.elts if split and isinstance(node, ast.Tuple) else [node]
    entries: list = []
    for one in nodes:
        if isinstance(one, ast.Slice):
            entries.append(
                tuple(
                    None if n is None else none_or(ctx.contents(evaluate(ctx, frame, n)))
                    for n in (one.lower, one.upper, one.step)
                )
            )
            continue
        found = ctx.contents(evaluate(ctx, frame, one))
        if split and isinstance(found, Container) and found.kind == "tuple":
            entries += [ctx.contents(item) for item in found.items]
        elif split and isinstance(found, Static) and isinstance(found.value, slice):
            parts = (found.value.start, found.value.stop, found.value.step)
            entries.append(tuple(None if p is None else Const(p) for p in parts))
        else:
            entries.append(found)
    return entries


def none_or(binding: Binding) -> Binding | None:
    return None if isinstance(binding, Static) and binding.value is None else binding


# ---------------------------------------------------------------------------------- arrays


def index_array(ctx: Context, base: Value, entries: list) -> tuple[Value, Index, bool]:
    """The base and the index of ``base[entries]``, tests added; whether axes 0 and 1 were swapped."""
    type_ = ctx.type_of(base)
    if not isinstance(type_, Array):
        raise ctx.refuse("a number cannot be indexed; use the number itself")
    expanded = _expand_ellipsis(ctx, entries, type_.ndim)
    if any(_is_array(ctx, e) for e in expanded):
        return _fancy(ctx, base, expanded)
    made: list = []
    axis = 0
    for entry in expanded:
        if isinstance(entry, Static) and entry.value is None:
            made.append(NEWAXIS)
            continue
        if isinstance(entry, tuple):
            made.append(Span(*(None if e is None else _integer(ctx, e, "a bound of a slice") for e in entry)))
        else:
            atom = _integer(ctx, entry, "an index")
            ctx.check(atom, ctx.dim(base, axis))
            made.append(atom)
        axis += 1
    if axis > type_.ndim:
        raise ctx.refuse(f"too many indices: the array has {type_.ndim} dimensions and {axis} were given")
    return base, Index(tuple(made)), False


def _expand_ellipsis(ctx: Context, entries: list, ndim: int) -> list:
    used = 0
    for e in entries:
        if isinstance(e, Static) and (e.value is None or e.value is Ellipsis):
            continue
        used += (
            ctx.type_of(e).ndim
            if isinstance(e, Value) and ctx.type_of(e).dtype == "bool" and isinstance(ctx.type_of(e), Array)
            else 1
        )
    places = [k for k, e in enumerate(entries) if isinstance(e, Static) and e.value is Ellipsis]
    if len(places) > 1:
        raise ctx.refuse("an index can have only one ellipsis")
    full = [(None, None, None)] * max(0, ndim - used)
    if places:
        return [*entries[: places[0]], *full, *entries[places[0] + 1 :]]
    return [*entries, *full]


def _is_array(ctx: Context, entry: object) -> bool:
    if isinstance(entry, Container):
        return True
    return isinstance(entry, Value) and isinstance(ctx.type_of(entry), Array)


def _integer(ctx: Context, binding: Binding, what: str) -> Atom:
    atom = as_atom(ctx, binding, what)
    type_ = ctx.type_of(atom)
    if type_.dtype == "bool" or not isinstance(type_, Scalar) or "int" not in type_.dtype:
        raise ctx.refuse(f"{what} must be an integer, not {describe(atom, ctx)}; write int(...) or np.round")
    return atom


def _fancy(ctx: Context, base: Value, entries: list) -> tuple[Value, Index, bool]:
    type_ = ctx.type_of(base)
    arrays = [k for k, e in enumerate(entries) if _is_array(ctx, e)]
    full = (None, None, None)
    first = arrays[0]
    index = entries[first]
    if isinstance(index, Container):
        index = as_atom(ctx, ctx.array(index))
    index_type = ctx.type_of(index)
    if index_type.dtype == "bool":
        return _masked(ctx, base, entries, first, index, index_type)
    if "int" not in index_type.dtype:
        raise ctx.refuse(f"an index array holds integers or truth values, not {index_type.dtype}")
    if len(arrays) > 1:
        if len(arrays) != type_.ndim or len(entries) != type_.ndim:
            raise ctx.refuse(
                "several index arrays together with slices are not supported; index in two steps"
            )
        others = [as_atom(ctx, ctx.array(e) if isinstance(e, Container) else e) for e in entries]
        if any(ctx.type_of(o).ndim > 1 for o in others):
            raise ctx.refuse(
                "several index arrays of more than one dimension are not supported; ravel them and reshape "
                "the result, or index in two steps"
            )
        if len(others) > 3:
            raise ctx.refuse("more than three index arrays are not supported; index in two steps")
        flat = _in_order(ctx, base)
        dims = tuple(ctx.dim(base, k) for k in range(type_.ndim))
        joined = ctx.call(ctx.known(f"ravel_index{len(others)}"), (*others, *dims))
        return flat, Index((Fancy(joined),)), False
    integers = [e for k, e in enumerate(entries) if k != first and isinstance(e, Value | Const)]
    if integers:
        # The other entries first: x[rows, 2] is x[:, 2][rows].
        rest = [full if k == first else e for k, e in enumerate(entries)]
        viewed, made, _ = index_array(ctx, base, rest)
        axis = sum(1 for k, e in enumerate(entries) if k < first and not isinstance(e, Value | Const))
        base = _read(ctx, viewed, made)
        entries = [full] * ctx.type_of(base).ndim
        entries[axis] = index
        return _fancy(ctx, base, entries)
    if any(k != first and e != full for k, e in enumerate(entries)):
        raise ctx.refuse(
            "an index array together with a slice is not supported; index in two steps: x[a:b][rows]"
        )
    if index_type.ndim != 1:
        raise ctx.refuse(
            "an index array of more than one dimension is not supported; ravel it and reshape the result"
        )
    if first == 0:
        return base, Index((Fancy(index),)), False
    if first == 1 and type_.ndim == 2:
        return as_value(ctx.call(ctx.known("transpose"), (base,))), Index((Fancy(index),)), True
    raise ctx.refuse("an index array on an inner axis is not supported; use np.take, or transpose first")


def _in_order(ctx: Context, base: Value) -> Value:
    """The elements as a vector: in the memory of an array in C order, else copied, and written back."""
    name = "ravel" if ctx.type_of(base).layout == "C" else "flatten"
    return as_value(ctx.call(ctx.known(name), (base,)))


def as_value(binding: Binding) -> Value:
    """The array that an operation on an array gave."""
    assert isinstance(binding, Value)
    return binding


def _masked(ctx: Context, base: Value, entries: list, first: int, mask: Value, mask_type: Array):
    type_ = ctx.type_of(base)
    rest = [e for k, e in enumerate(entries) if k != first]
    if mask_type.ndim not in (1, type_.ndim) or any(e != (None, None, None) for e in rest) or first != 0:
        raise ctx.refuse(
            "a mask stands alone and has one dimension, or as many as the array; index in two steps"
        )
    unlike: Atom = ctx.op("not_equal", ctx.dim(mask, 0), ctx.dim(base, 0))
    for k in range(1, mask_type.ndim):
        unlike = ctx.op("logical_or", unlike, ctx.op("not_equal", ctx.dim(mask, k), ctx.dim(base, k)))
    with ctx.collecting() as block:
        ctx.add(Raise("IndexError", f"{ctx.loc}: the mask does not have the shape of the array", ctx.loc))
    ctx.add(If(unlike, tuple(block), (), (), ctx.loc))
    if mask_type.ndim > 1:
        base = _in_order(ctx, base)
        mask = as_value(ctx.call(ctx.known("ravel"), (mask,)))
    return base, Index((Fancy(ctx.op("nonzero_flat", mask)),)), False


def _read(ctx: Context, base: Value, index: Index) -> Value:
    made = ctx.read(base, index)
    if index.kind(ctx.type_of(base).ndim) == "view":
        ctx.roots[made] = root_of(ctx, base)
    return made


def root_of(ctx: Context, value: Value) -> Value:
    """The array whose memory a view looks at."""
    return ctx.roots.get(value, value)


def read_array(ctx: Context, base: Value, entries: list) -> Binding:
    """``base[entries]``."""
    two_d = [
        e
        for e in entries
        if isinstance(e, Value)
        and isinstance(ctx.type_of(e), Array) and ctx.type_of(e).ndim > 1 and "int" in ctx.type_of(e).dtype
    ]
    if two_d and len(entries) == 1 and ctx.type_of(base).ndim == 1:
        flat = read_array(ctx, base, [ctx.call(ctx.known("ravel"), (two_d[0],))])
        dims = tuple(ctx.dim(two_d[0], k) for k in range(ctx.type_of(two_d[0]).ndim))
        return ctx.call(ctx.known("reshape"), (flat, Container("tuple", dims)))
    based, index, swapped = index_array(ctx, base, entries)
    if not index.entries:
        return base
    result = _read(ctx, based, index)
    return ctx.call(ctx.known("transpose"), (result,)) if swapped else result


# ---------------------------------------------------------------------------------- writing


def store_subscript(ctx: Context, frame: Frame, node: ast.Subscript, binding: Binding) -> None:
    """``owner[...] = binding``."""
    from_owner = evaluate(ctx, frame, node.value)
    owner = ctx.contents(from_owner)
    if isinstance(owner, Container | Grown):
        set_item(ctx, from_owner, owner, ctx.contents(evaluate(ctx, frame, node.slice)), binding)
        return
    if not isinstance(owner, Value):
        raise ctx.refuse(f"an item of {describe(owner, ctx)} cannot be assigned")
    base, index, swapped = index_array(ctx, owner, index_entries(ctx, frame, node.slice))
    write(ctx, base, index, binding, "set", swapped)
    _put_back(ctx, owner, base)


def _put_back(ctx: Context, owner: Value, base: Value) -> None:
    """Write back what was written to a copy: the elements in order of an array that is not in C order."""
    made = ctx.origin.get(base)
    if isinstance(made, Assign) and made.op.name == "flattened" and made.args[0] == owner and base != owner:
        dims = tuple(ctx.dim(owner, k) for k in range(ctx.type_of(owner).ndim))
        store_whole(ctx, owner, ctx.call(ctx.known("reshape"), (base, Container("tuple", dims))), "set")


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
        ctx.heap[number] = Container("dict", tuple(merged.values()), tuple(merged), owner.cls)
        return
    try:
        items[found] = binding
    except (IndexError, TypeError):
        raise ctx.refuse(f"index {found!r} is out of range for a list of {len(items)}") from None
    ctx.heap[number] = owner.with_items(items)


def write(
    ctx: Context, base: Value, index: Index, binding: Binding, mode: str, swapped: bool = False
) -> None:
    """A store, with the operand copied first where it may overlap what is written."""
    binding = ctx.contents(binding)
    if root_of(ctx, base) in ctx.lists.columns:
        raise ctx.refuse(
            "an array in a list whose length is computed cannot be written to: the list has its own copy; "
            "write before it is appended, or use one array with a further axis"
        )
    if isinstance(binding, Container | Shape | Grown):
        binding = ctx.array(binding)
    value = as_atom(ctx, binding, "what is assigned")
    value_type = ctx.type_of(value)
    base_type = ctx.type_of(base)
    if index.kind(base_type.ndim) == "element" and isinstance(value_type, Array):
        raise ctx.refuse(f"one element cannot hold {describe(value, ctx)}; write .item() or an index")
    if isinstance(value_type, Array):
        if swapped:
            value = as_atom(ctx, ctx.call(ctx.known("transpose"), (value,)))
        if may_overlap(ctx, value, base):
            value = ctx.op("copy", value)
    ctx.store(base, index, value, mode)


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
    write(ctx, base, Index((Span(),) * ndim), binding, mode)


def aug_assign_subscript(ctx: Context, frame: Frame, node: ast.AugAssign) -> None:
    """``owner[...] op= value``: the place is evaluated once."""
    target = node.target
    assert isinstance(target, ast.Subscript)
    reference = evaluate(ctx, frame, target.value)
    owner = ctx.contents(reference)
    if isinstance(owner, Container | Grown):
        key = ctx.contents(evaluate(ctx, frame, target.slice))
        old = container_item(ctx, owner, key)
        if isinstance(old, Value) and isinstance(ctx.type_of(old), Array):
            aug_assign_array(ctx, old, node.op, evaluate(ctx, frame, node.value))
            return
        new = operate(ctx, node.op, old, evaluate(ctx, frame, node.value))
        set_item(ctx, reference, ctx.contents(reference), key, new)
        return
    if not isinstance(owner, Value):
        raise ctx.refuse(f"an item of {describe(owner, ctx)} cannot be changed")
    base, index, swapped = index_array(ctx, owner, index_entries(ctx, frame, target.slice))
    with ctx.collecting() as block:
        value = evaluate(ctx, frame, node.value)
    writes = any(isinstance(s, Store) for s in walk(tuple(block)))
    fancy = any(isinstance(e, Fancy) for e in index.entries)
    mode = {ast.Add: "add", ast.Sub: "sub"}.get(type(node.op))
    if mode and not writes and not fancy and "float" in ctx.type_of(base).dtype:
        ctx.block.extend(block)
        write(ctx, base, index, value, mode, swapped)
        return
    old = _read(ctx, base, index)
    if swapped:
        old = as_value(ctx.call(ctx.known("transpose"), (old,)))
    ctx.block.extend(block)
    if isinstance(ctx.type_of(old), Array) and not fancy:
        aug_assign_array(ctx, old, node.op, value)
        return
    write(ctx, base, index, operate(ctx, node.op, old, value), "set", swapped)
    _put_back(ctx, owner, base)


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

