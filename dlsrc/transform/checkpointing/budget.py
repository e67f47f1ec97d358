"""How many trips a segment may have under a limit of memory, computed when the program runs.

    a trip keeps s and v, a checkpoint u (16 numbers), under 16 MB      →
        size = segment_size_within(n, 16_000_000, 16, u.shape[0] * 8)

What a trip keeps is known from the sweep of the whole loop, which is made first (`Limit.kept`): numbers once
a trip of the loops inside, arrays with their sizes.  Both must be known before the loop; where only a run
tells them, a segment has the square root of all trips.  Several loops share the limit evenly.
"""

import numpy as np

from ...kernels.types import IN_A_LIST, Array, Scalar
from ...records import field, record, replace
from ..building.context import Context
from ..facts.outline import is_loop
from ..facts.shapes import Shapes
from ..facts.trips import count_of
from ..ir import UNBOUND, Assign, Atom, Const, For, Statement, Value
from ..save import Kept
from .obstacles import Obstacles, unread_in

__all__ = ["Budget", "Limit"]

A_SHAPE = 40  # of five dimensions, at most
WHOLE = ("add", "subtract", "multiply", "minimum", "maximum")


@record(frozen=True)
class Limit:
    """Bytes that the way back may take for what loops keep; ``kept`` is what it would keep without it."""

    bytes: int
    kept: tuple[Kept, ...] = field(default=(), compare=False)


class Budget:
    """The limit, shared by some loops of a program."""

    def __init__(self, ctx: Context, facts: Obstacles, limit: Limit, loops: int):
        self.ctx = ctx
        self.facts = facts
        self.limit = limit
        self.share = limit.bytes // max(loops, 1)
        self.shapes = Shapes(ctx)
        self.shapes.block(facts.program.body)

    def size(self, loop: For, count: Atom) -> Atom:
        """How many trips a segment of the loop has, computed in front of it."""
        ctx = self.ctx
        target = ctx.value(Scalar("int64", True), "size")
        start = len(ctx.block)
        trip, segment = self.of_a_trip(loop), self.of_a_checkpoint(loop)
        if trip is None or segment is None:
            del ctx.block[start:]
            return ctx.op("segment_size", count, target=target)
        return ctx.op("segment_size_within", count, Const(self.share), trip, segment, target=target)

    def of_a_trip(self, loop: For) -> Atom | None:
        """The bytes that a trip keeps."""
        total: Atom = Const(0)
        for kept in self.limit.kept:
            around = self.around(kept.loop)
            place = next((k for k, s in enumerate(around) if s is loop), None)
            if place is None:
                continue
            size = self.bytes_of(kept.value, loop, in_a_list=kept.how != "array")
            for inner in around[place + 1 :]:
                trips = self.trips(inner, loop)
                size = None if size is None or trips is None else self.ctx.op("multiply", size, trips)
            if size is None:
                return None
            total = self.ctx.op("add", total, size)
        return total

    def around(self, innermost: Statement) -> list[Statement]:
        """The loops of a tape, outermost first; it comes from another build of the program."""
        outline = self.facts.outline
        found = next((
            s for s in outline.statements if is_loop(s) and type(s) is type(innermost)
            and (s.index == innermost.index if isinstance(s, For) else s.loc == innermost.loc)  # type: ignore[union-attr]
        ), None)  # fmt: skip
        return [] if found is None else [*outline.loops(outline.scope[id(found)]), found]

    def of_a_checkpoint(self, loop: For) -> Atom | None:
        """The bytes of what a segment finds and a checkpoint holds."""
        facts = self.facts
        silent = unread_in(loop, facts.memory)
        found = [c.header for c in loop.carries if c.init is not UNBOUND]
        found += [
            r for r in facts.written(loop) - silent - set(facts.paths(loop))
            if not any(s is loop for s, _ in facts.outline.home[r]) and facts.outline.defined[r] is not loop
        ]
        total: Atom = Const(0)
        for value in sorted(dict.fromkeys(found), key=lambda v: v.number):
            size = self.bytes_of(value, loop)
            if size is None:
                return None
            total = self.ctx.op("add", total, size)
        return total

    def trips(self, inner: object, loop: For) -> Atom | None:
        """How many trips a loop inside makes, if that is known in front of the outer one."""
        if not isinstance(inner, For):
            return None
        bounds = [self.known(a, loop) for a in (inner.start, inner.stop)]
        if None in bounds:
            return None
        start, stop = bounds
        same = replace(inner, start=start, stop=stop)  # type: ignore[type-var]
        return self.ctx.op("maximum", count_of(self.ctx, same), Const(0))

    def known(self, atom: Atom, loop: For) -> Atom | None:
        """A whole number that is computed in a loop, computed in front of it."""
        if self.before(atom, loop):
            return atom
        made = self.facts.outline.defined.get(atom)  # type: ignore[arg-type]
        if not isinstance(made, Assign):
            return None
        if made.op.name in WHOLE:
            args = [self.known(a, loop) for a in made.args]
            return None if None in args else self.ctx.op(made.op, *args)  # type: ignore[arg-type]
        array = made.args[0] if made.op.name in ("dim", "size") else None
        if not isinstance(array, Value) or made.op.name == "size" and self.ctx.types[array].ndim > 1:
            return None
        return self.size_of(self.shapes.key(array)[dict(made.static).get("axis", 0)], loop)

    def size_of(self, key: tuple, loop: For) -> Atom | None:
        """The size that a key of `Shapes` stands for, in front of a loop."""
        match key:
            case ("const", int() as number):
                return Const(number)
            case ("dim", Value() as other, axis) if self.before(other, loop):
                return self.ctx.dim(other, axis)
            case ("value", atom):
                return self.known(atom, loop)
        return None

    def bytes_of(self, value: Value, loop: For, in_a_list: bool = True) -> Atom | None:
        """The bytes of a number or array, computed in front of a loop."""
        type_ = self.ctx.types.get(value)
        if value.form == "{}_shape":
            return Const(A_SHAPE)
        if not isinstance(type_, Scalar | Array):
            return None
        total: Atom = Const(np.dtype(type_.dtype).itemsize)
        for key in self.shapes.key(value) if isinstance(type_, Array) else ():
            size = self.size_of(key, loop)
            if size is None:
                return None
            total = self.ctx.op("multiply", total, size)
        listed = in_a_list and isinstance(type_, Array)
        return self.ctx.op("add", total, Const(IN_A_LIST)) if listed else total

    def before(self, atom: Atom, loop: For) -> bool:
        """Whether an atom has its value in front of a loop."""
        return not isinstance(atom, Value) or self.facts.outline.is_before(atom, loop)
