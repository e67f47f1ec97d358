"""Index arrays and masks: which rows of which view are meant, and where NumPy puts the axes of the result.

Everything becomes one vector of places on the first axis of an array, which `take` and `put` know:

    x[:, k]             the rows k of x.T, turned back
    x[i, j]             the elements i * x.shape[1] + j of x.ravel()
    x[i, :, j]          the elements that i[:, None], arange(x.shape[1]), j[:, None] name: far apart, and so
                        the axes of the indices come first, as in NumPy
    x[m]                for a mask: the rows np.flatnonzero(m)

An array that is not in C order has no such vector of its elements: they are picked from a copy, and a copy
that is written to is written back.
"""

from ...kernels.types import Array
from ...records import record
from ..building.atoms import as_atom
from ..building.binding import Binding, Container
from ..building.context import Context
from ..ir import NEWAXIS, Atom, Const, Fancy, If, Index, Raise, Span, Value
from .indices import FULL, as_value, expanded, is_array, is_new_axis, names_no_axis, shown, viewed

__all__ = ["Place", "place_of"]

MOST = 5  # dimensions


@record(frozen=True)
class Place:
    """What ``owner[entries]`` means: ``base[index]``, with its axes arranged.

    A gather gives a vector of rows.  Its first axis unfolds to ``sizes``; axis ``k`` of the result is then
    axis ``order[k]``, or new where that is None.  ``copied`` holds all elements of the owner, where the base
    looks at a copy.

    For ``x[:, k]`` the base is ``x.T``, the index ``k``, and the order ``(1, 0)``.
    """

    base: Value
    index: Index
    sizes: tuple[Atom, ...] | None = None
    order: tuple[int | None, ...] = ()
    copied: Value | None = None

    def read(self, ctx: Context) -> Value:
        """``owner[entries]``."""
        found = shown(ctx, self.base, self.index)
        if self.sizes is None:
            return found
        if len(self.sizes) != 1:
            rest = tuple(ctx.dim(found, k) for k in range(1, ctx.type_of(found).ndim))
            found = _reshaped(ctx, found, (*self.sizes, *rest))
        found = _turned(ctx, found, tuple(k for k in self.order if k is not None))
        if None in self.order:
            index = Index(tuple(NEWAXIS if k is None else Span() for k in self.order))
            found = shown(ctx, found, index)
        return found

    def rows(self, ctx: Context, value: Atom) -> Atom:
        """What is stored at the ``owner[entries]``, as what is stored at ``base[index]``."""
        type_ = ctx.type_of(value)
        if self.sizes is None or not isinstance(type_, Array):
            return value
        ndim = len(self.order)
        if type_.ndim > ndim:
            raise ctx.refuse(
                f"an array of {type_.ndim} dimensions is stored where the index shows {ndim}; write [0]"
            )
        if len(self.sizes) == 1 and self.order == tuple(range(ndim)):
            return value
        assert isinstance(value, Value)
        if type_.ndim < ndim:
            missing = (NEWAXIS,) * (ndim - type_.ndim)
            value = shown(ctx, value, Index((*missing, *(Span(),) * type_.ndim)))
        order = tuple(k for k in self.order if k is not None)
        if len(order) < ndim:  # a size that is not 1 there fails as in NumPy
            kept = tuple(ctx.dim(value, k) for k in range(ndim) if self.order[k] is not None)
            value = _reshaped(ctx, value, kept)
        value = _turned(ctx, value, tuple(order.index(k) for k in range(len(order))))
        count = len(self.sizes)
        if count == 1:
            return value
        rest = tuple(ctx.dim(value, k) for k in range(count, len(order)))
        shape = Container("tuple", (*self.sizes, *rest))
        value = as_value(ctx.call(ctx.known("broadcast_to"), (value, shape)))
        return _reshaped(ctx, value, (_product(ctx, self.sizes), *rest))


def place_of(ctx: Context, base: Value, entries: list) -> Place:
    """What ``base[entries]`` means, tests added."""
    type_ = ctx.type_of(base)
    if not isinstance(type_, Array):
        raise ctx.refuse("a number cannot be indexed; use the number itself")
    entries = expanded(ctx, entries, type_.ndim)
    if not any(is_array(ctx, e) for e in entries):
        return Place(base, viewed(ctx, base, entries))
    entries = [_index_array(ctx, e) if is_array(ctx, e) else e for e in entries]
    base, entries, copied = _unmasked(ctx, base, entries)
    if sum(is_array(ctx, e) for e in entries) == 1:
        return _one(ctx, base, entries, copied)
    return _several(ctx, base, entries, copied)


def _index_array(ctx: Context, entry: Binding) -> Value:
    """An entry as an array of integers or truth values."""
    if isinstance(entry, Container) and not entry.items:
        raise ctx.refuse("an empty list picks nothing; write np.zeros(0, int)")
    array = as_value(as_atom(ctx, ctx.array(entry)) if isinstance(entry, Container) else entry)
    dtype = ctx.type_of(array).dtype
    if dtype == "uint64":  # numba adds it to an int64 as floats
        return as_value(ctx.op("cast", array, dtype="int64"))
    if dtype != "bool" and "int" not in dtype:
        raise ctx.refuse(f"an index array holds integers or truth values, not {dtype}")
    return array


# ---------------------------------------------------------------------------------- masks


def _unmasked(ctx: Context, base: Value, entries: list) -> tuple[Value, list, Value | None]:
    """The entries with the places where each mask is true; a mask of several axes makes one axis of them."""
    copied: Value | None = None
    found: list = []
    axis = 0
    for entry in entries:
        if names_no_axis(entry):
            found.append(entry)
            continue
        if is_array(ctx, entry) and ctx.type_of(entry).dtype == "bool":
            ndim = ctx.type_of(entry).ndim
            _same_shape(ctx, entry, base, axis)
            if ndim > 1:
                base, copied = _in_order(ctx, base, copied)
                base = _joined(ctx, base, axis, ndim)
                entry = as_value(ctx.call(ctx.known("ravel"), (entry,)))
            entry = ctx.op("nonzero_flat", entry)
        found.append(entry)
        axis += 1
    return base, found, copied


def _same_shape(ctx: Context, mask: Value, base: Value, axis: int) -> None:
    """A test that a mask has the sizes of the axes that it stands for."""
    unlike: Atom = ctx.op("not_equal", ctx.dim(mask, 0), ctx.dim(base, axis))
    for k in range(1, ctx.type_of(mask).ndim):
        unlike = ctx.op("logical_or", unlike, ctx.op("not_equal", ctx.dim(mask, k), ctx.dim(base, axis + k)))
    with ctx.collecting() as block:
        ctx.add(Raise("IndexError", f"{ctx.loc}: the mask does not have the shape of the array", ctx.loc))
    ctx.add(If(unlike, tuple(block), (), (), ctx.loc))


# ---------------------------------------------------------------------------------- index arrays


def _one(ctx: Context, base: Value, entries: list, copied: Value | None) -> Place:
    """One index array: the rows of the view that the other entries show, its axis first."""
    index = next(e for e in entries if is_array(ctx, e))
    others = [FULL if e is index else e for e in entries if not names_no_axis(e)]
    if any(e != FULL for e in others):
        base = shown(ctx, base, viewed(ctx, base, others))
    kept = [e for e in entries if not names_no_axis(e) and (e is index or isinstance(e, tuple))]
    axis = next(k for k, e in enumerate(kept) if e is index)
    return _placed(ctx, base, axis, index, _order(ctx, entries, ctx.type_of(index).ndim), copied)


def _several(ctx: Context, base: Value, entries: list, copied: Value | None) -> Place:
    """Several index arrays: their axes joined to one, or every axis named by indices of its own."""
    plain = [e for e in entries if not names_no_axis(e)]
    base, copied = _in_order(ctx, base, copied)
    axes = [k for k, e in enumerate(plain) if not isinstance(e, tuple)]
    first, count = axes[0], len(axes)
    ndim = max(ctx.type_of(plain[k]).ndim for k in axes)
    if axes == list(range(first, first + count)):
        flat = _flat(ctx, [plain[k] for k in axes], [ctx.dim(base, k) for k in axes])
        base = _joined(ctx, base, first, count)
        spans = [*plain[:first], FULL, *plain[first + count :]]
        if any(e != FULL for e in spans):
            base = shown(ctx, base, viewed(ctx, base, spans))
        return _placed(ctx, base, first, flat, _order(ctx, entries, ndim), copied)
    spans = [k for k, e in enumerate(plain) if isinstance(e, tuple)]
    if ndim + len(spans) > MOST:
        raise ctx.refuse(f"the result has more than {MOST} dimensions; index in two steps")
    names: list[Atom] = []
    after = len(spans)
    for k, entry in enumerate(plain):
        if k in axes:
            names.append(_with_axes_after(ctx, as_atom(ctx, entry, "an index"), len(spans)))
        else:
            after -= 1
            names.append(_with_axes_after(ctx, _counted(ctx, base, k, entry), after))
    flat = _flat(ctx, names, [ctx.dim(base, k) for k in range(len(plain))])
    order = _order(ctx, entries, ndim)
    return _placed(ctx, _joined(ctx, base, 0, len(plain)), 0, flat, order, copied)


def _placed(
    ctx: Context, base: Value, axis: int, index: Value, order: tuple[int | None, ...], copied: Value | None
) -> Place:
    """The rows ``index`` of an axis of the base."""
    sizes = tuple(ctx.dim(index, k) for k in range(ctx.type_of(index).ndim))
    if len([k for k in order if k is not None]) > MOST:
        raise ctx.refuse(f"the result has more than {MOST} dimensions; index in two steps")
    if len(sizes) > 1:
        index = as_value(ctx.call(ctx.known("ravel"), (index,)))
    ndim = ctx.type_of(base).ndim
    base = _turned(ctx, base, (axis, *(k for k in range(ndim) if k != axis)))
    return Place(base, Index((Fancy(index),)), sizes, order, copied)


def _order(ctx: Context, entries: list, ndim: int) -> tuple[int | None, ...]:
    """Where the axes of the result come from: ``ndim`` of the indices first, then those of the slices.

    The axes of the indices stand where the index arrays stood if these (and integers) are side by side, else
    they come first.
    """
    advanced = [k for k, e in enumerate(entries) if not isinstance(e, tuple) and not names_no_axis(e)]
    together = advanced == list(range(advanced[0], advanced[0] + len(advanced)))
    where = advanced[0] if together else -1
    order: list[int | None] = [] if together else list(range(ndim))
    span = ndim
    for k, entry in enumerate(entries):
        if k == where:
            order += range(ndim)
        if is_new_axis(entry):
            order.append(None)
        elif isinstance(entry, tuple):
            order.append(span)
            span += 1
    return tuple(order)


# ---------------------------------------------------------------------------------- arrays made for it


def _flat(ctx: Context, indices: list, sizes: list[Atom]) -> Value:
    """The places in C order that indices of several axes name."""
    atoms = [as_atom(ctx, i, "an index") for i in indices]
    for atom in atoms:
        dtype = ctx.type_of(atom).dtype
        if dtype == "bool" or "int" not in dtype:
            raise ctx.refuse(f"an index is an integer, not {dtype}; write int(...) or np.round")
    return as_value(ctx.call(ctx.known(f"ravel_index{len(atoms)}"), (*atoms, *sizes)))


def _counted(ctx: Context, base: Value, axis: int, span: tuple) -> Atom:
    """The indices that a slice of an axis stands for."""
    numbers = as_value(ctx.op("count_to", ctx.dim(base, axis)))
    return numbers if span == FULL else shown(ctx, numbers, viewed(ctx, numbers, [span]))


def _with_axes_after(ctx: Context, index: Atom, count: int) -> Atom:
    """An index array with new axes at its end."""
    if count == 0 or not isinstance(index, Value) or not isinstance(ctx.type_of(index), Array):
        return index
    ndim = ctx.type_of(index).ndim
    return shown(ctx, index, Index((*(Span(),) * ndim, *(NEWAXIS,) * count)))


def _in_order(ctx: Context, base: Value, copied: Value | None) -> tuple[Value, Value | None]:
    """The array itself if it is in C order, else a copy, which a write must bring back."""
    if ctx.type_of(base).layout == "C":
        return base, copied
    flat = as_value(ctx.call(ctx.known("flatten"), (base,)))
    dims = tuple(ctx.dim(base, k) for k in range(ctx.type_of(base).ndim))
    return _reshaped(ctx, flat, dims), flat


def _joined(ctx: Context, base: Value, first: int, count: int) -> Value:
    """An array in C order with ``count`` of its axes as one."""
    ndim = ctx.type_of(base).ndim
    if count == ndim:
        return base if ndim == 1 else as_value(ctx.call(ctx.known("raveled"), (base,)))
    dims = tuple(ctx.dim(base, k) for k in range(ndim))
    inside = _product(ctx, dims[first : first + count])
    return _reshaped(ctx, base, (*dims[:first], inside, *dims[first + count :]))


def _product(ctx: Context, sizes: tuple[Atom, ...]) -> Atom:
    product: Atom = Const(1)
    for size in sizes:
        product = size if product == Const(1) else ctx.op("multiply", product, size)
    return product


def _reshaped(ctx: Context, array: Value, dims: tuple[Atom, ...]) -> Value:
    if len(dims) > MOST:
        raise ctx.refuse(f"the result has more than {MOST} dimensions; index in two steps")
    type_ = ctx.type_of(array)
    if len(dims) == type_.ndim == 1:
        return array
    if type_.layout == "C":  # here, whatever NumPy's is: nobody sees this view
        return as_value(ctx.call(ctx.known(f"view{len(dims)}"), (array, *dims)))
    return as_value(ctx.call(ctx.known("reshape"), (array, Container("tuple", dims))))


def _turned(ctx: Context, array: Value, order: tuple[int, ...]) -> Value:
    """The view with its axes in another order."""
    if order == tuple(range(len(order))):
        return array
    axes = Container("tuple", tuple(Const(k) for k in order))
    return as_value(ctx.call(ctx.known("transpose"), (array, axes)))
