"""How many trips a counted loop makes, and which of them one is.

    range(2, n)           →    n - 2 trips; trip i - 2
    range(n - 1, -1, -1)  →    n trips; a tape is indexed by i itself
"""

from .context import Context
from .ir import Assign, Atom, Const, For, Value

__all__ = ["capacity_of", "count_of", "trip_number"]


def count_of(ctx: Context, loop: For) -> Atom:
    """The number of trips of a counted loop without a flag."""
    step = loop.step.value
    if step == 1 and loop.start == Const(0):
        return loop.stop
    span = (
        ctx.op("subtract", loop.stop, loop.start) if step > 0 else ctx.op("subtract", loop.start, loop.stop)
    )
    if abs(step) == 1:
        return span
    return ctx.op("floor_divide", ctx.op("add", span, Const(abs(step) - 1)), Const(abs(step)))


def capacity_of(ctx: Context, loop: For) -> Atom:
    """The length of a block tape along a loop; never negative."""
    if isinstance(loop.start, Const) and loop.start.value >= 0 and loop.step == Const(1):
        size = loop.stop
    elif loop.stop == Const(-1) and loop.step == Const(-1):
        size = ctx.op("add", loop.start, Const(1))
    else:
        size = count_of(ctx, loop)
    made = ctx.origin.get(size) if isinstance(size, Value) else None
    known = (
        isinstance(size, Const) and size.value >= 0
        or isinstance(made, Assign)
        and made.op.name in ("dim", "size")
    )
    return size if known else ctx.op("maximum", size, Const(0))


def trip_number(ctx: Context, loop: For, index: Atom) -> Atom:
    """The position of a trip in a block tape, from the loop's counter (the counter itself if it serves)."""
    if isinstance(loop.start, Const) and loop.start.value >= 0 and loop.step == Const(1):
        return index
    if loop.stop == Const(-1) and loop.step == Const(-1):
        return index
    step = loop.step.value
    past = ctx.op("subtract", index, loop.start) if step > 0 else ctx.op("subtract", loop.start, index)
    return past if abs(step) == 1 else ctx.op("floor_divide", past, Const(abs(step)))
