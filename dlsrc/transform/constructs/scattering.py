"""Functions that add to places of an array: every one of repeated places counts.

    np.add.at(y, i, v)            →    Store(y, i, v, "add")
    np.subtract.at(y, (i, j), v)  →    Store(y.ravel(), i * y.shape[1] + j, v, "sub")
"""

from ..building.atoms import as_atom
from ..building.binding import Binding, Static
from ..building.context import Context, describe
from ..calling.specials import special
from ..ir import Value
from .indices import entries_of
from .picking import place_of
from .subscripts import put

__all__ = ["add_at", "subtract_at"]


@special("add at")
def add_at(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    """``np.add.at(a, indices, b)``."""
    return _changed(ctx, "add", args)


@special("subtract at")
def subtract_at(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    """``np.subtract.at(a, indices, b)``."""
    return _changed(ctx, "sub", args)


def _changed(ctx: Context, mode: str, args: tuple) -> Binding:
    owner, indices, value = args
    name = "np.add.at" if mode == "add" else "np.subtract.at"
    array = ctx.contents(owner)
    if not isinstance(array, Value):
        raise ctx.refuse(f"{name} changes an array, not {describe(array, ctx)}")
    binding = ctx.contents(value)
    added = as_atom(ctx, ctx.array(binding) if not isinstance(binding, Value) else binding, "what is added")
    dtype, given = ctx.type_of(array).dtype, ctx.type_of(added).dtype
    if dtype == "bool" or "float" in given and "float" not in dtype:
        raise ctx.refuse(f"{name} cannot add {given} to an array of {dtype}; make it one of floats")
    put(ctx, array, place_of(ctx, array, entries_of(ctx, ctx.contents(indices))), added, mode)
    return Static(None)
