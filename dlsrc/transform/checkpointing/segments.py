"""A loop that is to be checkpointed becomes a loop over segments of its trips.

    for t in range(n):                     size = segment_size(n)
        s = np.sin(s) * a           →      for segment in range(segment_count(n, size)):
                                               first = segment * size
                                               last = min(first + size, n)
                                               for t in range(first, last):
                                                   s = np.sin(s) * a

The same trips in the same order.  The outer loop is marked as *replayed*: the way back keeps what a segment
finds (`s`, once a segment), and runs the segment again before it goes back through it (`replay`), so that
what the trips leave behind is there for one segment at a time: memory for ``size`` trips and ``n / size``
segments instead of ``n`` trips, and the forward loop's time once more.  With ``size`` the square root of
``n`` both are small (Griewank, Walther: *Evaluating Derivatives*, 2008, ch. 12); the user may give another.

Under a limit of memory (`budget`) a segment has as many trips as the limit leaves room for, and the last one
is a loop of its own, which is kept: where all fits into the limit it is the only one, and nothing is run
again.

    for segment in range(full_segments(n, size)):
        ...
    for t in range(full_segments(n, size) * size, n):
        s = np.sin(s) * a
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ...errors import UnsupportedSyntax
from ...kernels.types import Scalar
from ...records import record, replace
from ..building.context import Context
from ..building.rename import refreshed
from ..building.workshop import workshop
from ..facts.trips import count_of
from ..ir import (
    UNBOUND, Atom, Block, Carry, Const, For, Program, Statement, Value, blocks_of, walk, with_blocks,
)
from .budget import Budget, Limit
from .obstacles import Obstacles

__all__ = ["Checkpoint", "Segmented", "segmented"]

# What says how many trips a segment has: "sqrt", their number, or a limit of memory.
Checkpoint = str | int | Limit


@record(frozen=True)
class Segmented:
    """What became of a loop, for ``explain``: what was asked of it, and why it is kept whole, if it is."""

    loop: For
    asked: Checkpoint
    obstacle: str | None


def segmented(
    program: Program, checkpoint: Checkpoint | None, refused: Mapping[Value, str]
) -> tuple[Program, tuple[Segmented, ...]]:
    """The program with loops over segments, and what became of each loop that was asked for.

    ``checkpoint`` is asked for all loops, outermost first; a loop may have its own.  ``refused`` are loops,
    by their counters, that turned out not to be replayed, with the reason.

    Raises
    ------
    UnsupportedSyntax
        If a loop that has its own request cannot be run again.
    """
    if checkpoint is None and not any(isinstance(s, For) and s.checkpoint for s in walk(program.body)):
        return program, ()
    made = _Segmenting(program, checkpoint, refused)
    body = made.block(program.body)
    if made.problems:
        raise UnsupportedSyntax(made.problems)
    return program.with_body(body, made.ctx.types), tuple(made.found)


class _Segmenting:
    def __init__(self, program: Program, checkpoint: Checkpoint | None, refused: Mapping[Value, str]):
        self.checkpoint = checkpoint
        self.refused = refused
        self.facts = Obstacles(program)
        self.ctx: Context = workshop(program, self.facts.outline)
        self.budget: Budget | None = None
        if isinstance(checkpoint, Limit):
            loops = sum(1 for s in self.asking(program.body))
            self.budget = Budget(self.ctx, self.facts, checkpoint, loops)
        self.found: list[Segmented] = []
        self.problems: list[tuple[Any, str]] = []

    def block(self, block: Block) -> Block:
        """The block with its outermost loops in segments."""
        out: list[Statement] = []
        for s in block:
            asked = s.checkpoint or self.checkpoint if isinstance(s, For) else None
            if isinstance(s, For) and asked is not None:
                obstacle = self.obstacle(s)
                if self.facts.concerns(s):
                    self.found.append(Segmented(s, asked, obstacle))
                if obstacle is None:
                    out += self.split(s, asked)
                    continue
                if s.checkpoint is not None:
                    self.problems.append((s.loc, f"this loop cannot be checkpointed: {obstacle}"))
            out.append(with_blocks(s, [self.block(b) for b in blocks_of(s)]))
        return tuple(out)

    def obstacle(self, loop: For) -> str | None:
        return self.refused.get(loop.index) or self.facts.obstacle(loop)

    def asking(self, block: Block) -> Iterator[For]:
        """The loops that are taken apart."""
        for s in block:
            if isinstance(s, For) and self.obstacle(s) is None:
                yield s
            else:
                for inner in blocks_of(s):
                    yield from self.asking(inner)

    # ------------------------------------------------------------------ the two loops

    def split(self, loop: For, checkpoint: Checkpoint) -> list[Statement]:
        """The loop over segments, with what stands before it, and the last segment where it is kept."""
        ctx = self.ctx
        number = Scalar("int64", True)
        # A loop that may be left early does not know which segment is its last.
        keeps_last = isinstance(checkpoint, Limit) and loop.stop_flag is None
        with ctx.at(loop.loc), ctx.collecting() as before:
            count = count_of(ctx, loop)
            if isinstance(checkpoint, Limit):
                assert self.budget is not None
                size = self.budget.size(loop, count)
            elif checkpoint == "sqrt":
                size = ctx.op("segment_size", count, target=ctx.value(number, "size"))
            else:
                size = Const(checkpoint)  # type: ignore[arg-type]
            segments = count if size == Const(1) else (
                ctx.op("full_segments" if keeps_last else "segment_count", count, size)
            )
            span = size if loop.step in (Const(1), Const(-1)) else (
                ctx.op("multiply", size, Const(abs(loop.step.value)))  # type: ignore[union-attr]
            )
        whole = self.over_segments(loop, size, segments, span, keeps_last)
        if not keeps_last:
            return [*before, whole]
        with ctx.at(loop.loc), ctx.collecting() as between:
            start = self.first_of(loop, segments, span)
        return [*before, whole, *between, self.last_segment(loop, whole, start)]

    def first_of(self, loop: For, segment: Atom, span: Atom) -> Atom:
        """The counter with which a segment begins."""
        ctx = self.ctx
        first = ctx.value(Scalar("int64", True), "first")
        if (loop.start, loop.step, span) == (Const(0), Const(1), Const(1)):
            return segment
        if loop.start == Const(0) and loop.step.value > 0:  # type: ignore[union-attr]
            return ctx.op("multiply", segment, span, target=first)
        on = "add" if loop.step.value > 0 else "subtract"  # type: ignore[union-attr]
        return ctx.op(on, loop.start, ctx.op("multiply", segment, span), target=first)

    def over_segments(self, loop: For, size: Atom, segments: Atom, span: Atom, keeps_last: bool) -> For:
        """The loop over segments, with the loop over the trips of one in it."""
        ctx = self.ctx
        number = Scalar("int64", True)
        on, nearer = ("add", "minimum") if loop.step.value > 0 else ("subtract", "maximum")  # type: ignore[union-attr]
        one = size == Const(1)
        segment = ctx.value(number, loop.index.hint if one else "segment")
        with ctx.at(loop.loc), ctx.collecting() as bounds:
            first = self.first_of(loop, segment, span)
            last = ctx.value(number, "last")
            if one:
                ctx.op("add", first, loop.step, target=last)
            else:
                ctx.op(nearer, ctx.op(on, first, span), loop.stop, target=last)
        outer, inner = [], []
        for carry in loop.carries:
            header, result = (_like(ctx, carry.header) for _ in range(2))
            after = _like(ctx, carry.result) if keeps_last else carry.result
            unread = carry.init is UNBOUND
            outer.append(Carry(header, carry.init, result, after))
            inner.append(Carry(carry.header, UNBOUND if unread else header, carry.out, result))
        stopped = None
        if loop.stop_flag is not None:
            header, stopped = (ctx.value(Scalar("bool"), "stopped") for _ in range(2))
            inner.append(Carry(header, Const(False), loop.stop_flag, stopped))
        trips = replace(loop, start=first, stop=last, carries=tuple(inner), checkpoint=None)
        return For(
            segment, Const(0), segments, Const(1), tuple(outer), (*bounds, trips), stopped, None, loop.loc,
            replayed=True, paths=self.facts.paths(loop),
        )

    def last_segment(self, loop: For, before: For, start: Atom) -> For:
        """The loop over the last segment, which goes on where the loop over the others ends."""
        (made,), _ = refreshed((loop,), (), {}, self.ctx)
        assert isinstance(made, For)
        carries = tuple(
            replace(c, init=UNBOUND if old.init is UNBOUND else one.result, result=old.result)
            for c, old, one in zip(made.carries, loop.carries, before.carries, strict=True)
        )
        return replace(made, start=start, carries=carries, checkpoint=None)


def _like(ctx: Context, value: Value) -> Value:
    return ctx.value(ctx.types[value], value.hint, value.base, value.form)
