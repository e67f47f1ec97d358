"""What stands between brackets: integers, slices, new axes; the part of an array that they show.

    x[i, 1:, None]     →    an index test, then Read(x, (i, 1:, newaxis))       a view
    x[..., k]          →    as many full slices as there are axes left

Index arrays and masks are in `picking`.
"""

import ast

from ...kernels.types import Array, Scalar
from ..building.atoms import as_atom
from ..building.binding import Binding, Container, Live, Static
from ..building.context import Context, Frame, describe
from ..ir import NEWAXIS, Atom, Const, Index, Span, Value
from .expressions import evaluate

__all__ = [
    "FULL", "as_value", "entries_of", "expanded", "index_entries", "is_array", "is_new_axis",
    "names_no_axis", "root_of", "shown", "viewed",
]

FULL = (None, None, None)


def index_entries(ctx: Context, frame: Frame, node: ast.expr, *, split: bool = True) -> list:
    """What stands between the brackets: bindings, and (start, stop, step) tuples for slices."""
    several = split and isinstance(node, ast.Tuple)
    nodes = node.elts if isinstance(node, ast.Tuple) and split else [node]
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
        if not split:
            entries.append(found)
        else:
            entries += [entry_of(found)] if several else entries_of(ctx, found)
    return entries


def entries_of(ctx: Context, found: Binding) -> list:
    """The entries that one binding between the brackets is: ``k = (i, slice(2)); x[k]`` has two."""
    if isinstance(found, Container) and found.kind == "tuple":
        return [entry_of(ctx.contents(item)) for item in found.items]
    return [entry_of(found)]


def entry_of(found: Binding) -> Binding | tuple:
    """An entry; a slice that is known as a tuple of three.  A tuple in a tuple is an index array."""
    if isinstance(found, Static) and isinstance(found.value, slice):
        parts = (found.value.start, found.value.stop, found.value.step)
        return tuple(None if p is None else Const(p) for p in parts)
    return Static(Ellipsis) if isinstance(found, Live) and found.value is Ellipsis else found


def none_or(binding: Binding) -> Binding | None:
    return None if isinstance(binding, Static) and binding.value is None else binding


def expanded(ctx: Context, entries: list, ndim: int) -> list:
    """The entries with an ellipsis, or the axes that are not named, written as full slices.

    An ellipsis for no axis stays: in NumPy index arrays before and after it are apart.
    """
    used = 0
    for e in entries:
        if isinstance(e, Static) and (e.value is None or e.value is Ellipsis):
            continue
        mask = isinstance(e, Value) and is_array(ctx, e) and ctx.type_of(e).dtype == "bool"
        used += ctx.type_of(e).ndim if mask else 1
    places = [k for k, e in enumerate(entries) if isinstance(e, Static) and e.value is Ellipsis]
    if len(places) > 1:
        raise ctx.refuse("an index can have only one ellipsis")
    if used > ndim:
        raise ctx.refuse(
            f"too many indices: the array has {ndim} dimensions and {used} were given; leave "
            f"{used - ndim} out"
        )
    full = [FULL] * (ndim - used)
    if places:
        return [*entries[: places[0]], *(full or [entries[places[0]]]), *entries[places[0] + 1 :]]
    return [*entries, *full]


def is_array(ctx: Context, entry: object) -> bool:
    """Whether an entry is an array of indices, or a mask."""
    if isinstance(entry, Container):
        return True
    return isinstance(entry, Value) and isinstance(ctx.type_of(entry), Array)


def is_new_axis(entry: object) -> bool:
    """Whether an entry is ``None``."""
    return isinstance(entry, Static) and entry.value is None


def names_no_axis(entry: object) -> bool:
    """Whether an entry stands for no axis of the array: ``None``, and an ellipsis that is left."""
    return isinstance(entry, Static) and (entry.value is None or entry.value is Ellipsis)


def viewed(ctx: Context, base: Value, entries: list) -> Index:
    """The index of ``base[entries]``, for one entry an axis and no index arrays; tests are added."""
    made: list = []
    axis = 0
    for entry in entries:
        if names_no_axis(entry):
            made += [NEWAXIS] if is_new_axis(entry) else []
            continue
        if isinstance(entry, tuple):
            made.append(Span(*(None if e is None else integer(ctx, e, "a bound of a slice") for e in entry)))
        else:
            atom = integer(ctx, entry, "an index")
            ctx.check(atom, ctx.dim(base, axis))
            made.append(atom)
        axis += 1
    return Index(tuple(made))


def integer(ctx: Context, binding: Binding, what: str) -> Atom:
    """An entry that must be a whole number."""
    atom = as_atom(ctx, binding, what)
    type_ = ctx.type_of(atom)
    if type_.dtype == "bool" or not isinstance(type_, Scalar) or "int" not in type_.dtype:
        raise ctx.refuse(f"{what} must be an integer, not {describe(atom, ctx)}; write int(...) or np.round")
    return atom


def shown(ctx: Context, base: Value, index: Index) -> Value:
    """``base[index]``: an element, a view or a gathered copy."""
    made = ctx.read(base, index)
    if index.kind(ctx.type_of(base).ndim) == "view":
        ctx.roots[made] = root_of(ctx, base)
    return made


def root_of(ctx: Context, value: Value) -> Value:
    """The array whose memory a view looks at."""
    return ctx.roots.get(value, value)


def as_value(binding: Binding) -> Value:
    """The array that an operation on an array gave."""
    assert isinstance(binding, Value)
    return binding
