"""An item of a short list by a computed number: a branch for each item.

    v = [a, b, c][k]          if k == 0: v = a
                        →     elif k == 1: v = b
                              else: v = c

Not where a loop's counter is the number: then the trips are written out, or the list is packed into columns,
and no trip asks which item it is.
"""

from ...kernels.types import Array, Scalar
from ..building.binding import Binding, Container
from ..building.context import Context
from ..building.merging import branch
from ..ir import Assign, Atom, Const, Value

__all__ = ["can_be_chosen", "chosen"]

MOST = 8  # items; more are refused, or packed


def can_be_chosen(ctx: Context, owner: Binding, key: Value) -> bool:
    """Whether the items are a few numbers, or a few arrays of one kind, and the key is not from a counter."""
    if not isinstance(owner, Container) or owner.kind == "dict" or not 0 < len(owner.items) <= MOST:
        return False
    if owner.path is not None:
        return False
    type_ = ctx.type_of(key)
    if not isinstance(type_, Scalar) or type_.dtype != "int64" or type_.labels is not None:
        return False
    if _counted(ctx, key):
        return False
    if not all(isinstance(item, Value | Const) for item in owner.items):
        return False
    first, *others = (ctx.type_of(item) for item in owner.items)
    return isinstance(first, Scalar | Array) and all(
        isinstance(t, Scalar | Array) and (t.dtype, t.ndim) == (first.dtype, first.ndim) for t in others
    )


def _counted(ctx: Context, atom: Atom) -> bool:
    """Whether a number is computed from the counter of a loop."""
    made = ctx.origin.get(atom) if isinstance(atom, Value) else None
    if isinstance(made, Assign):
        return any(_counted(ctx, a) for a in made.args)
    return atom in ctx.lists.counters


def chosen(ctx: Context, owner: Container, key: Value) -> Binding:
    """The item, which is tested to be there."""
    count = len(owner.items)
    ctx.check(key, Const(count))

    def item(k: int) -> Binding:
        if k == count - 1:
            return owner.items[k]
        here = ctx.op("logical_or", ctx.op("equal", key, Const(k)), ctx.op("equal", key, Const(k - count)))
        return branch(ctx, here, lambda: owner.items[k], lambda: item(k + 1))

    return item(0)
