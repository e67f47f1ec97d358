"""How many trips a counted loop makes, and which of them one is.

    range(2, n)           →    n - 2 trips; trip i - 2
    range(n - 1, -1, -1)  →    n trips; a tape is indexed by i itself
"""

from collections.abc import Mapping
from typing import Any

from ..building.context import Context
from ...kernels.types import Scalar
from ..ir import UNBOUND, Assign, Atom, Const, For, Value, While
from .outline import Outline

__all__ = ["SIZES", "capacity_of", "count_of", "induction", "part_of", "trip_number"]

# What says how many trips a segment has: at least one.
SIZES = ("segment_size", "segment_size_within")


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
    part = part_of(loop, ctx.origin)
    if part is not None:
        return part
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
        and made.op.name in ("dim", "size", "full_segments", "segment_count")
    )
    return size if known else ctx.op("maximum", size, Const(0))


def part_of(loop: For, made_by: Mapping[Value, Any]) -> Atom | None:
    """How many trips the loop over a segment makes, ``range(first, min(first + size, n))``: all segments but
    the last that many; ``range(first, first + 1)``, one.  None if it is no such loop.

    ``made_by`` tells the statement that makes a value.
    """
    end = made_by.get(loop.stop) if isinstance(loop.stop, Value) else None
    if isinstance(end, Assign) and end.op.name == "add" and end.args == (loop.start, loop.step):
        return Const(1)
    for nearer, on, step in (("minimum", "add", 1), ("maximum", "subtract", -1)):
        if isinstance(end, Assign) and end.op.name == nearer and loop.step == Const(step):
            full = made_by.get(end.args[0]) if isinstance(end.args[0], Value) else None
            if isinstance(full, Assign) and full.op.name == on and full.args[0] == loop.start:
                size = full.args[1]
                made = made_by.get(size) if isinstance(size, Value) else None
                is_size = isinstance(made, Assign) and made.op.name in SIZES
                return size if is_size or isinstance(size, Const) and size.value > 0 else None
    return None


def trip_number(ctx: Context, loop: For, index: Atom) -> Atom:
    """The position of a trip in a block tape, from the loop's counter (the counter itself if it serves)."""
    if isinstance(loop.start, Const) and loop.start.value >= 0 and loop.step == Const(1):
        return index
    if loop.stop == Const(-1) and loop.step == Const(-1):
        return index
    step = loop.step.value
    past = ctx.op("subtract", index, loop.start) if step > 0 else ctx.op("subtract", loop.start, index)
    return past if abs(step) == 1 else ctx.op("floor_divide", past, Const(abs(step)))


def induction(value: Value, outline: Outline, types: Mapping[Value, Any]) -> tuple[Atom, int] | None:
    """The start and step of an integer that a loop carries and every trip changes by one literal.

    ``value`` is what a trip finds:  ``at`` in ``at = d; for i in range(n): …; at += 2``  starts at ``d`` and
    steps by 2.
    """
    loop, type_ = outline.defined.get(value), types[value]
    if not isinstance(loop, For | While) or not isinstance(type_, Scalar) or type_.dtype != "int64":
        return None
    carry = next((c for c in loop.carries if c.header == value), None)
    if carry is None or not isinstance(carry.out, Value) or carry.init is UNBOUND:
        return None
    made = outline.defined.get(carry.out)
    if (
        not isinstance(made, Assign) or made.op.name not in ("add", "subtract")
        or outline.scope[id(made)][-1][0] is not loop
    ):
        return None
    a, b = made.args
    if a == value and isinstance(b, Const) and isinstance(b.value, int):
        return carry.init, b.value if made.op.name == "add" else -b.value
    if b == value and isinstance(a, Const) and isinstance(a.value, int) and made.op.name == "add":
        return carry.init, a.value
    return None
