"""Arrays made of others: ``astype``, ``np.array`` of a list.

    y = x.astype(np.float32)   →    y = cast(x, float32)
    y = np.array([a, b])       →    y = empty(2); y[0] = a; y[1] = b
"""


import numpy as np

from ...kernels.types import Array, Scalar, promote
from ..building.atoms import as_atom
from ..building.binding import Binding, Container, Grown, Static
from ..building.context import Context
from ..building.items import has_static_items, static_items
from ..columns.growing import of_array
from ..columns.grown import as_array
from ..ir import Atom, Const, Index, Span, Value
from .specials import SPECIALS, given, special

__all__ = ["array_of"]


@special("method astype")
def astype(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    """The array in another type; itself if it may be (``copy=False``) and has it."""
    x, dtype, order, casting, _, copy = given(
        ctx, "astype", args, kwargs, "x", "dtype", "order", "casting", "subok", "copy", required=2
    )
    wanted, have = np.dtype(ctx.static(dtype, "the dtype")), ctx.type_of(as_atom(ctx, x))  # type: ignore[arg-type]
    rule = "unsafe" if casting is None else ctx.static(casting, "casting")
    if not np.can_cast(have.dtype, wanted, rule):
        raise ctx.refuse(f"NumPy does not convert {have.dtype} to {wanted.name} by casting={rule!r}")
    kept = "K" if order is None else ctx.static(order, "order")
    in_order = kept == "K" or isinstance(have, Scalar) or kept == have.layout and have.sure
    if not in_order:
        raise ctx.refuse(f"astype with order={kept!r}: where an array lies is decided by the compiler")
    if copy is not None and not ctx.static(copy, "copy") and have.dtype == wanted.name:
        return x  # type: ignore[return-value]
    return ctx.op("cast", x, dtype=wanted.name)


@special("method tolist")
def tolist(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    array = as_atom(ctx, args[0], "the array")
    if not isinstance(array, Value) or ctx.type_of(array).ndim != 1:
        raise ctx.refuse("`.tolist()` of more than one dimension gives lists of lists; index the array")
    return of_array(ctx, array, python=True)


@special("array", np.array)
def array(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    x, dtype, copy = given(ctx, "np.array", args, kwargs, "object", "dtype", "copy")
    if copy is not None and not ctx.static(copy, "copy"):
        raise ctx.refuse("np.array(copy=False): write np.asarray, which copies only where it must")
    return _converted(ctx, array_of(ctx, _without_labels(ctx, x)), dtype)


def _without_labels(ctx: Context, x: Binding | None) -> Binding:
    """What NumPy makes of a dlarray with labels has none."""
    inner = None if x is None else ctx.contents(x)
    if isinstance(inner, Value) and ctx.type_of(inner).labels:
        return SPECIALS["stripdims"](ctx, (inner,), {})
    return x  # type: ignore[return-value]


@special("asarray", np.asarray, np.asanyarray, np.asarray_chkfinite)
def asarray(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    """An array is itself, as in NumPy: what is written to one is written to the other."""
    x, dtype = given(ctx, "np.asarray", args, kwargs, "a", "dtype")
    inner = ctx.contents(_without_labels(ctx, x))
    return _converted(ctx, inner if isinstance(inner, Value | Const) else array_of(ctx, inner), dtype)


@special("ascontiguousarray", np.ascontiguousarray)
def ascontiguousarray(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    made = asarray(ctx, args, kwargs)
    type_ = ctx.type_of(made)
    if isinstance(type_, Array):
        # An array of any order may be contiguous all the same: NumPy's is then the array itself.
        return made if type_.layout == "C" and type_.sure else ctx.op("contiguous", made)
    return ctx.call(ctx.known("full"), (Container("tuple", (Const(1),)), made))


def _converted(ctx: Context, made: Binding, dtype: Binding | None) -> Binding:
    if dtype is None or (isinstance(dtype, Static) and dtype.value is None):
        return made
    name = np.dtype(ctx.static(dtype, "the dtype")).name
    return made if ctx.type_of(made).dtype == name else ctx.op("cast", made, dtype=name)


def array_of(ctx: Context, binding: Binding) -> Binding:
    """The array that NumPy makes of a number, an array (copied) or nested lists of them."""
    inner = ctx.contents(binding)
    if isinstance(inner, Grown):
        return as_array(ctx, inner)
    if isinstance(inner, Value | Const):
        return ctx.call(ctx.known("copied"), (inner, Static("K")))
    if not has_static_items(ctx, inner):
        return as_atom(ctx, inner, "what becomes an array")
    shape: list[int] = []
    leaves = _leaves(ctx, inner, shape, 0)
    types = [ctx.type_of(leaf) for leaf in leaves]
    dtype = promote(*types)[0] if types else "float64"
    ranks = {t.ndim for t in types}
    if len(ranks) > 1:
        raise ctx.refuse("an array cannot be made of numbers and arrays together; give them one shape")
    rank = ranks.pop() if ranks else 0
    dims = (*(Const(n) for n in shape), *(ctx.dim(leaves[0], k) for k in range(rank)))
    empty = ctx.call(ctx.known("empty"), (Container("tuple", dims),), {"dtype": Static(dtype)})
    for place, leaf in zip(np.ndindex(*shape), leaves, strict=True):
        ctx.store(empty, Index((*(Const(int(k)) for k in place), *(Span(),) * rank)), leaf)
    return empty


def _leaves(ctx: Context, binding: Binding, shape: list[int], depth: int) -> list[Atom]:
    inner = ctx.contents(binding)
    if isinstance(inner, Grown):
        return [as_array(ctx, inner)]
    if not has_static_items(ctx, inner) or isinstance(inner, Static):
        return [as_atom(ctx, inner, "an element of an array")]
    parts = static_items(ctx, inner)
    if len(shape) == depth:
        shape.append(len(parts))
    elif shape[depth] != len(parts):
        raise ctx.refuse(
            f"the list is ragged: rows of {shape[depth]} and {len(parts)} items do not make an array"
        )
    return [leaf for part in parts for leaf in _leaves(ctx, part, shape, depth + 1)]
