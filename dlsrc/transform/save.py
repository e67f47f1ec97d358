"""Where the reverse sweep finds the forward values it needs: still there, recomputed, or kept.

A value outside every loop that is swept backwards is *still there* (out of a branch it is brought by a
merge).  One inside a loop is *recomputed* if that is a few additions and multiplications away from what
is there; otherwise it is *kept*, one entry a trip:

    for i in range(n):                    s_kept = np.empty(n)
        s = s * np.exp(x[i])      →        for i in range(n):
                                               s_kept[i] = s
                                               s = s * np.exp(x[i])

``x[i]`` is read again (nothing writes to x), ``s`` is kept.  A counted nest gets one array indexed by its
counters; anything else a growing one and a counter carried through; arrays are kept by reference in a
list, and copied only if something writes to them later.

This file decides and notes *edits* of the forward program (`Edits`); ``assemble`` makes them.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..kernels.types import Array, Scalar, Shape, Tape
from ..records import record, replace
from .building.context import Context
from .facts.costs import Costs
from .facts.memory import Memory
from .facts.outline import Outline, Scope, is_loop, visible
from .facts.regions import Regions
from .facts.trips import capacity_of, count_of, trip_number
from .ir import (
    UNBOUND, Assign, Atom, Carry, Const, For, If, Index, Merge, Program, Read, Span, Statement, Value, walk,
)
from .sweep.edits import Edits
from .sweep.firsts import bind_first, nothing

__all__ = ["Edits", "Kept", "Saver", "Sizes", "tapes_read"]

_COUNT = Scalar("int64", True)  # a number of trips

Sizes = tuple[Const | tuple[Value, int, int], ...]
"""The sizes of an array: literals, or those of other arrays along an axis and how many more."""


@record(frozen=True)
class Kept:
    """One tape, for ``explain``: what is kept, in which loop, how many bytes an entry (0: a reference)."""

    value: Value
    loop: Statement
    bytes: int
    how: str


@record(frozen=True)
class _Tape:
    kind: str                 # "block", "stack" or "list"
    inside: Value             # the tape as the innermost loop's body sees it
    after: Value              # the tape after the outermost loop, where that loop stands
    loops: tuple[Statement, ...]


class Saver:
    """Decides where forward values are kept, for all gradients of a program."""

    def __init__(
        self, ctx: Context, outline: Outline, memory: Memory, expected: frozenset[Value] = frozenset()
    ):
        self.ctx = ctx
        self.outline = outline
        self.memory = memory
        self.costs = Costs(ctx, outline, memory, expected)
        self.edits = Edits()
        self.kept: list[Kept] = []
        self.recomputed: list[Value] = []
        self.at_once: list[Statement] = []  # the loops whose trips are being swept at their ends
        self._tapes: dict[tuple, _Tape] = {}
        self._exported: dict[tuple[Value, int], Value] = {}
        self._counters: dict[tuple[int, int], tuple[Value, Value]] = {}
        self._numbers: dict[int, Atom] = {}               # by loop: which of them one is
        self._copies: dict[tuple[Value, int], Value] = {}
        self._shapes: dict[Value, Value] = {}
        self._growing: dict[tuple[int, int], tuple[Statement, Atom, list]] = {}
        self._entered: dict[Value, Value] = {}     # of what is threaded through loops: the outermost's header

    # ------------------------------------------------------------------ places

    def adopt(self, value: Value, scope: Scope, statement: Statement, next_to: Statement) -> Value:
        """Register a value that an edit defines: by a statement that stands next to one of the program, or
        by one of the program itself."""
        self.outline.home[value] = scope
        self.outline.defined[value] = statement
        self.outline.position.setdefault(id(statement), self.outline.position[id(next_to)])
        self.outline.scope.setdefault(id(statement), scope)
        return value

    def export(self, value: Value, here: Scope) -> Value:
        """The value, visible in the scope ``here``: brought out of the branches it was made in."""
        out, scope = value, self.outline.home[value]
        while not visible(scope, here):
            *around, (statement, slot) = scope
            scope = tuple(around)
            assert isinstance(statement, If), "only branches are left by export; loops keep tapes"
            key = (out, id(statement))
            if key not in self._exported:
                made = self.ctx.value(self.ctx.types[out], base=out)
                self.adopt(made, scope, statement, statement)
                merge = Merge(made, out, UNBOUND) if slot == "then" else Merge(made, UNBOUND, out)
                self.edits.merges.setdefault(id(statement), []).append(merge)
                self._exported[key] = made
            out = self._exported[key]
        return out

    # ------------------------------------------------------------------ trips

    def trips(self, loop: Statement) -> Atom:
        """How many trips a loop made, as a value of the scope it stands in."""
        if isinstance(loop, For) and loop.stop_flag is None:
            return self._count(loop)
        if loop.trips is not None:  # type: ignore[union-attr]
            return loop.trips  # type: ignore[union-attr]
        found = self.edits.trips.get(id(loop))
        if found is None:
            found = self.ctx.value(_COUNT, "trips")
            self.adopt(found, self.outline.scope[id(loop)], loop, loop)
            self.edits.trips[id(loop)] = found
        return found

    def _count(self, loop: For) -> Atom:
        """The number of trips of a counted loop, computed before it."""
        with self.ctx.at(loop.loc), self.ctx.collecting() as block:
            count = count_of(self.ctx, loop)
        self.edits.before.setdefault(id(loop), []).extend(block)
        self._adopt_all(block, loop)
        return count

    def is_block(self, loops: list[Statement]) -> bool:
        """Whether the loops are a counted nest: all trip counts known before the outermost one."""
        outer = self.outline.scope[id(loops[0])]
        for loop in loops:
            if not isinstance(loop, For):
                return False
            for atom in (loop.start, loop.stop):
                if isinstance(atom, Value) and not visible(self.outline.home[atom], outer):
                    return False
        return len(loops) <= 3

    # ------------------------------------------------------------------ tapes

    def tape(
        self, value: Value, loops: list[Statement], at: Statement | None, sizes: Sizes | None
    ) -> _Tape:
        """The tape of a value (of an array as it is at a statement), made, with the pushes of the forward
        sweep, when first asked for; ``sizes`` are an array's if they are known in front of the loops."""
        key = (value, id(loops[0]), id(at))
        if key not in self._tapes:
            if at is not None and self._in_test(self.outline.scope[id(at)]):
                value, at = self.copy_at(value, at), None  # which is kept when the trip begins
            if sizes is not None and self.is_block(loops) and self._has_place(value, loops, at):
                made = self._block(value, loops, at, sizes)
            elif isinstance(self.ctx.types[value], Scalar):
                made = self._stack(value, loops)
            else:
                made = self._list(value, loops, at)
            self._tapes[key] = made
        return self._tapes[key]

    def _block(
        self, value: Value, loops: list[Statement], at: Statement | None, shape: Sizes
    ) -> _Tape:
        ctx = self.ctx
        outermost = self._outermost(loops, shape)
        type_ = ctx.types[value]
        with ctx.at(outermost.loc), ctx.collecting() as block:
            sizes = [capacity_of(ctx, loop) for loop in loops]  # type: ignore[arg-type]
            sizes += [_size(ctx, size) for size in shape]
            tape = ctx.value(Array(type_.dtype, len(sizes)), base=value, form="{}_kept")
            op = "empty_vector" if len(sizes) == 1 else f"empty{len(sizes)}"
            ctx.op(op, *sizes, dtype=type_.dtype, target=tape)
        self.edits.before.setdefault(id(outermost), []).extend(block)
        self._adopt_all(block, outermost)
        with ctx.at(self._loc_of(value)), ctx.collecting() as push:
            index = [self.number(loop) for loop in loops]
            ctx.store(tape, Index((*index, *(Span() for _ in shape))), value)
        self._insert_push(value, push, at)
        self._note(value, loops, type_, "array")
        return _Tape("block", tape, tape, tuple(loops))

    def _has_place(self, value: Value, loops: list[Statement], at: Statement | None) -> bool:
        """Whether a value may be copied into an array with a place for each trip.

        Of an array every trip has to have one, and nothing may write to its memory after the copy: neither
        the program, later in the trip, nor the sweep.
        """
        if isinstance(self.ctx.types[value], Scalar):
            return True
        home = self.outline.home[value] if at is None else self.outline.scope[id(at)]
        root = self.memory.root.get(value)
        written = root is not None and (root in self.memory.twin_roots or self.memory.written(root))
        return len(home) == len(self.outline.scope[id(loops[-1])]) + 1 and (at is not None or not written)

    def _outermost(self, loops: list[Statement], shape: Sizes) -> Statement:
        """The loop in front of which the memory of a block tape is made: as far out as its size is known."""
        bounds = [a for loop in loops for a in (loop.start, loop.stop)]  # type: ignore[union-attr]
        bounds += [size[0] for size in shape if isinstance(size, tuple)]
        homes = [self.outline.home[a] for a in bounds if isinstance(a, Value)]
        for outer in self.at_once:
            if all(visible(home, self.outline.scope[id(outer)]) for home in homes):
                return outer
        return loops[0]

    def _stack(self, value: Value, loops: list[Statement]) -> _Tape:
        ctx = self.ctx
        type_ = ctx.types[value]
        first = ctx.value(Array(type_.dtype, 1), base=value, form="{}_kept")
        around = [*self.at_once, *loops]
        with ctx.at(around[0].loc), ctx.collecting() as block:
            ctx.op("growing", dtype=type_.dtype, target=first)
        self.edits.before.setdefault(id(around[0]), []).extend(block)
        position, _ = self.counter(loops)
        header, inside = self._like(first), self._like(first)
        after = self.thread(around, first, header, inside, loops[0])
        group = self._growing.setdefault((id(loops[0]), id(loops[-1])), (loops[-1], position, []))
        group[2].append((header, inside))
        with ctx.at(self._loc_of(value)), ctx.collecting() as push:
            ctx.store(inside, Index((position,)), value)
        self._insert_push(value, push)
        self._note(value, loops, type_, "growing array")
        return _Tape("stack", inside, after, tuple(loops))

    def tapes(self) -> list[tuple[Value, Value]]:
        """The values that are kept, each with its tape."""
        return [(key[0], tape.inside) for key, tape in self._tapes.items()]

    def finish(self) -> None:
        """Put in the one test a trip that all growing tapes of a loop share."""
        ctx = self.ctx
        for loop, position, tapes in self._growing.values():
            with ctx.at(loop.loc), ctx.collecting() as test:
                full = ctx.op("equal", position, ctx.dim(tapes[0][0], 0))
                with ctx.collecting() as grow:
                    longer = [
                        ctx.op("room", header, position, target=self._like(inside))
                        for header, inside in tapes
                    ]
                merges = tuple(
                    Merge(inside, new, header) for (header, inside), new in zip(tapes, longer, strict=True)
                )
                ctx.add(If(full, tuple(grow), (), merges, loop.loc))
            self.edits.start.setdefault((id(loop), "body"), [])[:0] = test

    def _like(self, value: Value) -> Value:
        return self.ctx.value(self.ctx.types[value], value.hint, value.base, value.form)

    def _list(self, value: Value, loops: list[Statement], at: Statement | None) -> _Tape:
        """A list of arrays or shapes; an entry a trip, also where a branch has none to keep."""
        ctx = self.ctx
        type_ = ctx.types[value]
        # The items of a list have one layout.
        twin = self.memory.root.get(value) in self.memory.twin_roots
        any_layout = twin and getattr(type_, "layout", "C") != "C"
        item = replace(type_, layout="A" if any_layout else "C") if isinstance(type_, Array) else type_
        tape = ctx.value(Tape(item), base=value, form="{}_kept")
        with ctx.at(loops[0].loc), ctx.collecting() as block:
            ctx.add(Assign(tape, ctx.known("new_list"), (), (), ctx.loc))  # type: ignore[arg-type]
        self.edits.before.setdefault(id(loops[0]), []).extend(block)
        self.adopt(tape, self.outline.scope[id(loops[0])], block[0], loops[0])
        home = self.outline.home[value] if at is None else self.outline.scope[id(at)]
        innermost = (*self.outline.scope[id(loops[-1])], (loops[-1], "body"))
        with ctx.at(self._loc_of(value)), ctx.collecting() as push:
            kept: Atom = value
            if any_layout:
                kept = _in_any_layout(ctx, value)
            elif at is not None or getattr(type_, "layout", "C") != "C":
                kept = ctx.op("copy", value, target=ctx.value(item, base=value))
            if len(home) == len(innermost):
                ctx.effect("append", tape, kept)
            else:
                ctx.effect("replace_last", tape, kept)
        if len(home) > len(innermost):
            name = f"nothing{type_.ndim}" if isinstance(type_, Array) else f"nothing_shape{type_.ndim}"
            with ctx.at(loops[-1].loc), ctx.collecting() as first:
                if any_layout:
                    ctx.effect("append", tape, _in_any_layout(ctx, nothing(ctx, value)))
                else:
                    ctx.effect(name, tape, dtype=getattr(type_, "dtype", "int64"))
            self.edits.start.setdefault((id(loops[-1]), "body"), []).extend(first)
        self._insert_push(value, push, at)
        self._note(value, loops, type_, "copies" if at is not None else "references")
        return _Tape("list", tape, tape, tuple(loops))

    def _note(self, value: Value, loops: list[Statement], type_: Any, how: str) -> None:
        size = np.dtype(type_.dtype).itemsize if isinstance(type_, Scalar) else 0
        self.kept.append(Kept(value, loops[-1], size, how))

    def _adopt_all(self, block: list[Statement], before: Statement) -> None:
        for statement in block:
            self.adopt(statement.target, self.outline.scope[id(before)], statement, before)  # type: ignore[union-attr, arg-type]

    def _loc_of(self, value: Value) -> Any:
        statement = self.outline.defined.get(value)
        return statement.loc if statement is not None else self.ctx.loc

    def _insert_push(self, value: Value, push: list[Statement], at: Statement | None = None) -> None:
        """Right after the value comes to be: after its statement, or at the start of the loop it heads; as
        an array is at a statement, there."""
        if at is not None:
            self._around(value, at).setdefault(id(at), []).extend(push)
            return
        statement, home = self.outline.defined[value], self.outline.home[value]
        loop, _ = home[-1]
        if self._in_test(home) or loop is statement:
            # The last test has no trip behind it: what it computes is kept when the trip begins.
            self.edits.start.setdefault((id(loop), "body"), []).extend(push)
        else:
            self.edits.after.setdefault(id(statement), []).extend(push)

    def _in_test(self, scope: Scope) -> bool:
        """Whether a place is in the test of a loop; in no branch there, as the body uses nothing of one."""
        slots = [slot for s, slot in scope if is_loop(s)]
        assert slots[-1] == "body" or scope[-1][1] == "test", "something of a branch in a test is used"
        return scope[-1][1] == "test"

    # ------------------------------------------------------------------ positions

    def number(self, loop: Statement) -> Atom:
        """The position of a counted loop's trip in a block tape, in the forward sweep."""
        assert isinstance(loop, For)
        key = id(loop)
        if key not in self._numbers:
            with self.ctx.at(loop.loc), self.ctx.collecting() as block:
                self._numbers[key] = trip_number(self.ctx, loop, loop.index)
            self.edits.start.setdefault((key, "body"), []).extend(block)
        return self._numbers[key]

    def counter(self, loops: list[Statement]) -> tuple[Atom, Value]:
        """A counter of all trips of the innermost loop: its value in a trip, and after the outermost loop."""
        key = (id(loops[0]), id(loops[-1]))
        if key not in self._counters:
            ctx = self.ctx
            header, out = ctx.value(_COUNT, "count"), ctx.value(_COUNT, "count")
            with ctx.at(loops[-1].loc), ctx.collecting() as block:
                ctx.op("add", header, Const(1), target=out)
            self.edits.end.setdefault((id(loops[-1]), "body"), []).extend(block)
            after = self.thread(loops, Const(0), header, out)
            self._counters[key] = (header, after)
        return self._counters[key]

    def thread(
        self, loops: list[Statement], init: Atom, header: Value, out: Value, after: Statement | None = None
    ) -> Value:
        """Carry a value through nested loops: ``header``, ``out`` are the innermost's; the result of the
        outermost, or of the loop ``after``."""
        headers = [self._like(header) for _ in loops[:-1]] + [header]
        inner_out = wanted = out
        for k, loop in reversed(list(enumerate(loops))):
            result = self.adopt(self._like(header), self.outline.scope[id(loop)], loop, loop)
            # Where the loop stands in branches of the loop around it, the other way leaves the value alone.
            incoming: Atom = init if k == 0 else headers[k - 1]
            self.edits.carries.setdefault(id(loop), []).append(Carry(headers[k], incoming, inner_out, result))
            carried = result
            if loop is (after or loops[0]):
                wanted = result
                self._entered[wanted] = headers[k]
            if k > 0:
                scope = self.outline.scope[id(loop)]
                depth = len(self.outline.scope[id(loops[k - 1])]) + 1
                for statement, way in reversed(scope[depth:]):
                    assert isinstance(statement, If)
                    merged = self._like(header)
                    merge = (
                        Merge(merged, carried, incoming)
                        if way == "then"
                        else Merge(merged, incoming, carried)
                    )
                    self.edits.merges.setdefault(id(statement), []).append(merge)
                    carried = merged
            inner_out = carried
        return wanted

    def reached(self, after: Value, loops: Sequence[Statement], here: Scope) -> Value:
        """What is carried through loops, as a gradient finds it: after them, or as its trip began."""
        if any(s is loops[0] for s, _ in here):
            return self._entered.get(after, after)
        return self.export(after, here)

    # ------------------------------------------------------------------ copies in time

    def copy_at(self, value: Value, at: Statement) -> Value:
        """A copy of an array's contents as they are at a statement outside of the loops swept backwards."""
        key = (value, id(at))
        if key not in self._copies:
            ctx = self.ctx
            with ctx.at(at.loc), ctx.collecting() as block:
                made = ctx.op("copy", value, target=ctx.value(ctx.types[value], base=value, form="{}_kept"))
            assert isinstance(made, Value)
            self._around(value, at).setdefault(id(at), []).extend(block)
            self.adopt(made, self.outline.scope[id(at)], block[0], at)
            self._copies[key] = made
        return self._copies[key]

    def _around(self, value: Value, at: Statement) -> dict[int, list[Statement]]:
        """The edits before a statement, or after it if the value comes from it."""
        return self.edits.after if self.outline.defined.get(value) is at else self.edits.before

    def shape_of(self, value: Value) -> Value:
        """The shape of an array, computed right after the array in the forward sweep."""
        if value not in self._shapes:
            ctx = self.ctx
            made = ctx.value(Shape(ctx.types[value].ndim), base=value, form="{}_shape")
            with ctx.at(self._loc_of(value)), ctx.collecting() as block:
                ctx.op("shape", value, target=made)
            self.bind_first(value)
            self._insert_push(value, block)
            beside = self.outline.defined[value]
            assert beside is not None, "the shape of a parameter is always at hand"
            self.adopt(made, self.outline.home[value], block[0], beside)
            self._shapes[value] = made
        return self._shapes[value]

    def bind_first(self, value: Value) -> None:
        """Give a value that is missing on some way something there: the sweep names it on all."""
        bind_first(self.ctx, self.outline, self.edits, value)


def _size(ctx: Context, size: Const | tuple[Value, int, int]) -> Atom:
    if isinstance(size, Const):
        return size
    array, axis, more = size
    found = ctx.dim(array, axis)
    return ctx.op("add", found, Const(more)) if more else found


def _in_any_layout(ctx: Context, array: Atom) -> Value:
    """The array as one whose layout is not known: ``x[::1]``."""
    return ctx.read(array, Index((Span(step=Const(1)),)))  # type: ignore[arg-type]


def tapes_read(program: Program, saver: Saver) -> frozenset[Value]:
    """The values whose tapes the finished program still reads."""
    regions = Regions(program)
    read: set[Value] = set()
    for statement in walk(program.body):
        if isinstance(statement, Read):
            read.add(regions.find(statement.base))
        elif isinstance(statement, Assign) and statement.op.name == "item":
            read.add(regions.find(statement.args[0]))  # type: ignore[arg-type]
    return frozenset(value for value, tape in saver.tapes() if regions.find(tape) in read)
