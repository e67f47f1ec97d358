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

`obstacle` says why a loop is not run again: what it does shows (draws, calls of unknown functions; what it
prints is printed once, as a replay is silent), or what a segment finds cannot be kept (lists, two names for
one array), or is large (an array with a place for each trip), or there is nothing to save.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..errors import UnsupportedSyntax
from ..kernels.types import Array, Scalar, Shape, is_float
from . import activity
from .context import Context
from .gradients import first
from .ir import (
    UNBOUND, Assign, Atom, Block, Carry, Const, For, Gradient, If, Program, Read, Statement, Store, Value,
    While, atoms_read, blocks_of, values_defined, walk, with_blocks,
)
from .memory import Memory, analyze, may_be_one
from .outline import Outline
from .regions import WRITERS
from .sums import adds_only
from .trips import count_of
from .workshop import workshop

__all__ = ["Checkpoint", "Segmented", "segmented", "unread_in"]

# What says how many trips a segment has: "sqrt", or their number.
Checkpoint = str | int


@dataclass(frozen=True, slots=True)
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
        self.program = program
        self.checkpoint = checkpoint
        self.refused = refused
        self.outline = Outline(program)
        self.memory = analyze(program, self.outline)
        self.ctx: Context = workshop(program, self.outline)
        self.gradients = [s for s in walk(program.body) if isinstance(s, Gradient)]
        # Whether the statements of a sweep will be swept again themselves.
        self.is_higher = len(first(program, self.outline, self.memory)) < len(self.gradients)
        self.active: set[Value] = set()
        for gradient in self.gradients:
            found = activity.analyze(program, self.outline, self.memory, gradient)
            self.active |= found.varied & found.useful
        self.found: list[Segmented] = []
        self.problems: list[tuple[Any, str]] = []

    def block(self, block: Block) -> Block:
        """The block with its outermost loops in segments."""
        out: list[Statement] = []
        for s in block:
            asked = s.checkpoint or self.checkpoint if isinstance(s, For) else None
            if isinstance(s, For) and asked is not None:
                obstacle = self.refused.get(s.index) or self.obstacle(s)
                if self.active.intersection(v for inner in walk((s,)) for v in values_defined(inner)):
                    self.found.append(Segmented(s, asked, obstacle))
                if obstacle is None:
                    out += self.split(s, asked)
                    continue
                if s.checkpoint is not None:
                    self.problems.append((s.loc, f"this loop cannot be checkpointed: {obstacle}"))
            out.append(with_blocks(s, [self.block(b) for b in blocks_of(s)]))
        return tuple(out)

    # ------------------------------------------------------------------ what is not run again

    def obstacle(self, loop: For) -> str | None:
        """Why a loop is not run again on the way back; None if it is."""
        inside = {v for s in walk((loop,)) for v in values_defined(s)}
        results = {c.result for c in loop.carries}
        if not self.active & inside:
            return "no derivative passes through it"
        for s in walk(loop.body):
            if isinstance(s, Gradient):
                return "a gradient is taken in it"
            if isinstance(s, Assign) and (why := _unrepeatable(s)):
                return why
        targets = {t for g in self.gradients for t in g.targets if isinstance(t, Value)}
        written = self.written(loop)
        if targets & (inside - results) or any(self.memory.root.get(t) in written for t in targets):
            return "a gradient is taken by a value of it"
        arrays = any(isinstance(self.program.types[v], Array) for v in inside & self.active)
        if self.is_higher and (arrays or written & self.active):
            return "its derivative is differentiated again, and it computes with arrays"
        return self._handed_on(loop, inside) or self._arrays(loop, inside, written)

    def _handed_on(self, loop: For, inside: set[Value]) -> str | None:
        read = {a for s in walk(loop.body) for a in atoms_read(s)} | {c.out for c in loop.carries}
        used = {a for a in (*inside, *read) if isinstance(a, Value)}
        if any(not isinstance(self.program.types[v], Scalar | Array | Shape) for v in used):
            return "it works on lists"
        if any(c.init is UNBOUND and c.header in read for c in loop.carries):
            return "it reads a name that has no value before it"
        if self.adds_only(loop):
            return "its trips only add up, and each is swept at its own end"
        return None

    def adds_only(self, loop: For) -> bool:
        """Whether the loop is one of sums, of which nothing is kept anyway (see `sums`)."""
        if self.written(loop):
            return False
        for carry in loop.carries:
            if not self.active & {carry.header, carry.result}:
                continue
            sums: set[Atom] = {carry.header}
            scalar = isinstance(self.program.types[carry.header], Scalar)
            if not scalar or not adds_only(loop.body, sums) or carry.out not in sums:
                return False
        return True

    def written(self, loop: For) -> set[Value]:
        """The roots of memory from before a trip to which the loop may write."""
        found: set[Value] = set()
        for root, stores in self.memory.stores.items():
            if any(any(around is loop for around, _ in self.outline.scope[id(s)]) for s in stores):
                if not any(around is loop for around, _ in self.memory.born(root)):
                    found |= self.memory.roots_shared_with(root)
        return found

    def _arrays(self, loop: For, inside: set[Value], written: set[Value]) -> str | None:
        memory, types = self.memory, self.program.types
        if written & memory.entangled or memory.grown & {memory.root.get(v) for v in inside}:
            return "two of its names may be one array"
        headers = {c.header for c in loop.carries}
        free = {
            memory.root[a] for s in walk(loop.body) for a in atoms_read(s)
            if isinstance(a, Value) and a in memory.root and (a not in inside or a in headers)
        }
        there = sorted(free & written, key=lambda v: v.number)
        silent = unread_in(loop, memory)
        for root in there:
            name = f"`{root!r}`" if root.hint else "an array"
            if any(may_be_one(memory, root, other) for other in free - {root}):
                return f"{name} and another name may be one array"
            if root in silent:
                continue
            if types[root].layout != "C":
                return f"it writes to {name}, which is not in C order"
            if self.is_trajectory(loop, root):
                return f"it writes to {name} place by place, and each checkpoint would be a copy of all of it"
        return None

    def is_trajectory(self, loop: For, root: Value) -> bool:
        """Whether the places that the loop writes to depend on its counter: an entry for each trip."""
        moving: set[Atom] = {loop.index}
        types = self.program.types
        for s in walk(loop.body):
            if isinstance(s, Assign) and s.target is not None and moving.intersection(s.args):
                if isinstance(types[s.target], Scalar) and not is_float(types[s.target]):
                    moving.add(s.target)
            if isinstance(s, Read) and moving.intersection(s.index.atoms):
                if isinstance(types[s.target], Array):
                    moving.add(s.target)  # a row of it
            if isinstance(s, Store) and self.memory.root[s.base] == root:
                if moving.intersection((s.base, *s.index.atoms)):
                    return True
            if isinstance(s, Assign) and s.op.effect and moving.intersection(s.args):
                if self.memory.root.get(s.args[0]) == root:  # type: ignore[arg-type]
                    return True
        return False

    # ------------------------------------------------------------------ the two loops

    def split(self, loop: For, checkpoint: Checkpoint) -> list[Statement]:
        """The loop over segments, with what stands before it."""
        ctx = self.ctx
        step = loop.step.value  # type: ignore[union-attr]
        number = Scalar("int64", True)
        on, nearer = ("add", "minimum") if step > 0 else ("subtract", "maximum")
        with ctx.at(loop.loc), ctx.collecting() as before:
            count = count_of(ctx, loop)
            size: Atom = Const(checkpoint)  # type: ignore[arg-type]
            if checkpoint == "sqrt":
                size = ctx.op("segment_size", count, target=ctx.value(number, "size"))
            segments = ctx.op("segment_count", count, size)
            span = size if abs(step) == 1 else ctx.op("multiply", size, Const(abs(step)))
        segment = ctx.value(number, "segment")
        with ctx.at(loop.loc), ctx.collecting() as bounds:
            first = ctx.value(number, "first")
            if (loop.start, on) == (Const(0), "add"):
                ctx.op("multiply", segment, span, target=first)
            else:
                ctx.op(on, loop.start, ctx.op("multiply", segment, span), target=first)
            last = ctx.op(
                nearer, ctx.op(on, first, span), loop.stop, target=ctx.value(number, "last")
            )
        outer, inner = [], []
        for carry in loop.carries:
            header, result = (_like(ctx, carry.header) for _ in range(2))
            unread = carry.init is UNBOUND
            outer.append(Carry(header, carry.init, result, carry.result))
            inner.append(Carry(carry.header, UNBOUND if unread else header, carry.out, result))
        stopped = None
        if loop.stop_flag is not None:
            header, stopped = (ctx.value(Scalar("bool"), "stopped") for _ in range(2))
            inner.append(Carry(header, Const(False), loop.stop_flag, stopped))
        trips = replace(loop, start=first, stop=last, carries=tuple(inner), checkpoint=None)
        body = (*bounds, trips)
        whole = For(
            segment, Const(0), segments, Const(1), tuple(outer), body, stopped, None, loop.loc, replayed=True
        )
        return [*before, whole]


def _like(ctx: Context, value: Value) -> Value:
    return ctx.value(ctx.types[value], value.hint, value.base, value.form)


def _unrepeatable(s: Assign) -> str | None:
    """What is wrong with doing an operation again."""
    called = getattr(s.op, "opaque", s.op.name)
    if ".random." in called:
        return f"it draws random numbers, with `{called}`, and would draw others"
    if s.op.effect and s.op.name not in WRITERS or called is not s.op.name and not called.startswith("np."):
        return f"it calls `{called}`, which may do more than give a value"
    return None


def unread_in(loop: For, memory: Memory) -> set[Value]:
    """The roots of arrays that a loop writes to and does not read: what it writes there need not be written
    again."""
    read: set[Value] = set()
    for s in walk(loop.body):
        atoms: Iterable[Atom] = atoms_read(s)
        match s:
            case Store(index=index, value=value):
                atoms = (*index.atoms, value)
            case Read(target=target, base=base) if memory.base.get(target) == base:
                atoms = s.index.atoms  # a view: what is read through it is met by itself
            case Assign(target=target, op=op, args=args):
                if op.effect and op.name in WRITERS or target is not None and target in memory.base:
                    atoms = args[1:]
                elif op.name in ("dim", "size", "shape"):
                    atoms = ()
            case If() | For() | While():
                joined = (*getattr(s, "merges", ()), *getattr(s, "carries", ()))
                atoms = (*atoms, *(m.target for m in joined if not hasattr(m, "init")))
        read |= {memory.root[a] for a in atoms if isinstance(a, Value) and a in memory.root}
    carried = {a for c in loop.carries for a in (c.header, c.out, c.init, c.result)}
    read |= {memory.root[a] for a in carried if a in memory.root}  # type: ignore[index]
    groups = {root: memory.roots_shared_with(root) for root in memory.stores}
    return {root for root, group in groups.items() if group == {root} and root not in read}
