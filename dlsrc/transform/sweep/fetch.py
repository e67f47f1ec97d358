"""The forward values that a reverse sweep reads: still there, computed again, or read from a tape.

    forward               backward
    s_kept[i] = s         for i in range(n - 1, -1, -1):
    s = s * x[i]              s = s_kept[i]              kept, an entry a trip
                              v = x[i]                   read again: nothing writes to x
                              dx[i] += ds * s

`save` decides and keeps; here the value is named where the sweep needs it, once a block.
"""

from itertools import chain, takewhile
from typing import Any

from ...errors import DifferentiationError
from ...kernels.types import Array, Scalar, Tape
from ...records import replace
from ..activity import Activity
from ..building.context import Context
from ..facts.agreements import Agreements
from ..facts.memory import Memory
from ..facts.outline import Outline, Scope, is_loop, visible
from ..facts.shapes import Shapes
from ..ir import (
    UNBOUND, Assign, Atom, Carry, Const, For, Gradient, Index, Raise, Read, Show, Span, Statement,
    Value, values_defined,
)
from ..save import Saver, Sizes

__all__ = ["Fetching", "Mirror"]

MOST_AXES = 4  # of an array in which arrays are kept


class Mirror:
    """A forward block that is being swept backwards once a trip: its own statements come after a prelude
    that brings back the values it needs."""

    def __init__(self, statement: Statement, slot: str):
        self.statement = statement
        self.slot = slot
        self.prelude: list[Statement] = []
        self.fetched: dict[Any, Atom] = {}    # by value; as it was at a statement: by both
        self.number: Atom | None = None       # the trip, as tapes count it
        self.index: Atom | None = None        # the loop's counter
        self.handed: list[tuple[Carry, Value]] = []  # what a trip left, handed from trip to trip


class Fetching:
    """A reverse sweep as far as it reads the forward sweep."""

    def __init__(
        self, ctx: Context, outline: Outline, memory: Memory, activity: Activity, saver: Saver,
        shapes: Shapes, agreements: Agreements, gradient: Gradient,
    ):  # fmt: skip
        self.ctx = ctx
        self.outline = outline
        self.memory = memory
        self.active = activity
        self.saver = saver
        self.shapes = shapes
        self.agreements = agreements
        self.gradient = gradient
        self.here: Scope = outline.scope[id(gradient)]
        self.cot: dict[Any, Atom] = {}
        self.mirrors: list[Mirror] = []
        self.targets = {t for t in gradient.targets if isinstance(t, Value)}
        self.fetched_from: dict[Atom, Value] = {}     # forward values brought back, and which they are

    # ------------------------------------------------------------------ values

    def fetch(self, atom: Atom, at: Statement) -> Atom:
        """A forward value (an array with the contents it had at the statement), for use here."""
        if not isinstance(atom, Value):
            return atom
        home = self.outline.home[atom]
        loops = self._mirrored(home)
        if loops and isinstance(self.ctx.types[atom], Tape):
            raise DifferentiationError([(at.loc, (
                "a loop around a gradient whose own loops keep arrays cannot be differentiated yet: compute "
                "that gradient outside of the loop, or write its loop over numbers"
            ))])  # fmt: skip
        changes = isinstance(self.ctx.types[atom], Array) and self.memory.stores_after(atom, at)
        if not loops and changes:
            looped = self._mirrored(self.outline.scope[id(at)])
            if not looped:
                return self._brought(self.saver.copy_at(atom, at), atom)
            return self._from_tape(atom, looped, at)
        if not loops:
            return self._brought(atom, atom)
        mirror = self._mirror_of(home)
        if changes:
            return self._from_tape(atom, self._mirrored(self.outline.scope[id(at)]), at)
        if atom in mirror.fetched:
            return mirror.fetched[atom]
        statement = self.outline.defined[atom]
        if isinstance(statement, For) and atom == statement.index:
            found: Atom = loops[-1].index  # type: ignore[assignment]
        elif self.saver.costs.induction(atom) is not None:
            found = self._counted(atom, loops)
        elif self.saver.costs.worth(atom, self.outline.scope[id(loops[0].statement)], self._has_tape):
            found = self._recompute(atom, statement, mirror)
        elif (carry := self._left(atom, loops)) is not None:
            made = self.ctx.value(self.ctx.types[atom], base=atom)
            self.shapes.equate(made, atom)
            mirror.handed.append((carry, made))
            found = made
        else:
            found = self._from_tape(atom, loops, None)
        mirror.fetched[atom] = found
        self.fetched_from[found] = atom
        return found

    def _brought(self, value: Value, of: Value) -> Value:
        """A value (or a copy of it) out of the branches it was made in; it keeps its shape."""
        made = self.saver.export(value, self.here)
        if made is not of:
            self.shapes.equate(made, of)
        return made

    def _left(self, value: Value, loops: list[Mirror]) -> Carry | None:
        """The carry of an array that a trip leaves to the next, which keeps what it finds anyway.

            h_kept.append(h)                h_2 = h_kept[k]
            h = np.tanh(W @ h)       →      (the way back of it, from h and h_2)
                                            h = h_2
        """
        loop = loops[0].statement
        if len(loops) > 1 or not isinstance(loop, For) or any(s is loop for s, _ in self.here):
            return None
        if self.outline.home[value] != (*self.outline.scope[id(loop)], (loop, "body")):
            return None
        type_ = self.ctx.types[value]
        for carry in loop.carries:
            if (
                carry.out == value and isinstance(type_, Array) and carry.init is not UNBOUND
                and {value, carry.header} <= self.saver.costs.expected
                and self.ctx.types[carry.header] == type_ and not self.memory.stores_after(carry.header, loop)
            ):
                return carry
        return None

    def _mirrored(self, home: Scope) -> list[Mirror]:
        """The loops of a scope that are being swept backwards, outermost first."""
        inside = {id(s) for s, _ in home}
        return [m for m in self.mirrors if is_loop(m.statement) and id(m.statement) in inside]

    def _mirror_of(self, home: Scope) -> Mirror:
        """The innermost block being swept that belongs to a scope."""
        found = None
        for mirror in self.mirrors:
            if any(s is mirror.statement and slot in (mirror.slot, "test") for s, slot in home):
                found = mirror
        assert found is not None
        return found

    def _has_tape(self, value: Value) -> bool:
        home = self.outline.home[value]
        mirror = self._mirror_of(home) if self._mirrored(home) else None
        return mirror is not None and value in mirror.fetched

    def _counted(self, value: Value, loops: list[Mirror]) -> Atom:
        """An integer that every trip changes by the same number, from the number of the trip."""
        ctx = self.ctx
        start, step = self.saver.costs.induction(value)  # type: ignore[misc]
        loop = self.outline.defined[value]
        mirror = next(m for m in self.mirrors if m.statement is loop)
        first = self.fetch(start, loop)
        outer, ctx.block = ctx.block, mirror.prelude
        made = ctx.value(ctx.types[value], base=value)
        with ctx.at(loop.loc.backward(ctx.order)):
            ctx.op("add", first, ctx.op("multiply", self._trip(mirror), Const(step)), target=made)
        ctx.block = outer
        return made

    def _trip(self, mirror: Mirror) -> Atom:
        """How many trips came before the one that is being swept."""
        loop = mirror.statement
        assert mirror.number is not None
        if (
            not isinstance(loop, For) or mirror.index is not mirror.number or loop.start == Const(0)
            and loop.step == Const(1)
        ):
            return mirror.number
        sign = loop.step.value
        start = self.fetch(loop.start, loop)
        return (
            self.ctx.op("subtract", mirror.index, start)
            if sign > 0
            else self.ctx.op("subtract", start, mirror.index)
        )

    def _recompute(self, value: Value, statement: Any, mirror: Mirror) -> Atom:
        ctx = self.ctx
        made = ctx.value(ctx.types[value], base=value)
        if isinstance(statement, Assign):
            args = tuple(self.fetch(a, statement) for a in statement.args)
            mirror.prelude.append(
                Assign(made, statement.op, args, statement.static, statement.loc.backward(ctx.order))
            )
        else:
            assert isinstance(statement, Read)
            base = self.fetch(statement.base, statement)
            index = statement.index.replaced(lambda a: self.fetch(a, statement))
            mirror.prelude.append(Read(made, base, index, statement.loc.backward(ctx.order)))
        ctx.origin[made] = mirror.prelude[-1]
        self.shapes.equate(made, value)
        if value not in self.saver.recomputed:
            self.saver.recomputed.append(value)
        return made

    # ------------------------------------------------------------------ tapes

    def _from_tape(self, value: Value, loops: list[Mirror], at: Statement | None) -> Atom:
        """The value as it was kept in this trip."""
        ctx = self.ctx
        statements = [m.statement for m in loops]
        tape = self.saver.tape(value, statements, at, self._sizes_before(value, statements))
        mirror = self._mirror_of(self.outline.scope[id(at)] if at is not None else self.outline.home[value])
        key = (value, id(at))
        if at is not None and key in mirror.fetched:
            return mirror.fetched[key]
        where = self._tape_here(tape)
        type_ = ctx.types[value]
        if tape.kind == "block" and isinstance(type_, Array):
            type_ = replace(type_, layout="C")
        made = ctx.value(type_, base=value)
        outer, ctx.block = ctx.block, mirror.prelude
        with ctx.at((self.outline.defined[value] or statements[0]).loc.backward(ctx.order)):
            if tape.kind == "block":
                numbers = tuple(m.number for m in loops if m.number is not None)
                rest = (Span(),) * getattr(type_, "ndim", 0)
                ctx.add(Read(made, where, Index((*numbers, *rest)), ctx.loc))
            else:
                position = self.position(loops)
                if tape.kind == "stack":
                    ctx.add(Read(made, where, Index((position,)), ctx.loc))
                else:
                    ctx.op("item", where, position, target=made)
        ctx.block = outer
        self.shapes.equate(made, value)
        if at is not None:
            mirror.fetched[key] = made
        return made

    def _sizes_before(self, value: Value, loops: list[Statement]) -> Sizes | None:
        """The sizes of a value as they are known in front of the loops that keep it; of a number none."""
        type_ = self.ctx.types[value]
        if isinstance(type_, Scalar):
            return ()
        if not isinstance(type_, Array) or len(loops) + type_.ndim > MOST_AXES:
            return None
        # By what has been run wherever the value is kept; not by that of a branch in which it is fetched.
        home = [(id(around), slot) for around, slot in self.outline.home[value]]
        run = tuple(tuple((t, slot) for t, slot in scope if (id(t), slot) in home) for scope in self._run())
        # Where the program raises or prints by itself, that must not come after an error of the tape's.
        later = self.outline.statements[self.outline.position[id(loops[0])] :]
        told = any(isinstance(s, Raise | Show) for s in later)
        found = [self._size_before(key, loops[0], None if told else run) for key in self.shapes.key(value)]
        return None if None in found else tuple(found)  # type: ignore[arg-type]

    def _size_before(
        self, key: tuple, loop: Statement, run: tuple[Scope, ...] | None
    ) -> Const | tuple[Value, int, int] | None:
        for equal in (key,) if run is None else self.agreements.sizes(key, run):
            match equal:
                case ("const", int() as size):
                    return Const(size)
                case ("dim", Value() as other, axis) if self.outline.is_before(other, loop):
                    return other, axis, 0
                case ("more", size):
                    found = self._size_before(size, loop, run)
                    return (*found[:2], found[2] + 1) if isinstance(found, tuple) else None
        return None

    def _tape_here(self, tape: Any) -> Value:
        """The name a tape has where the gradient stands: in the loop's body, in its test, or after it."""
        inside = any(s is tape.loops[-1] and slot == "body" for s, slot in self.here)
        return tape.inside if inside else self.saver.reached(tape.after, tape.loops, self.here)

    def position(self, loops: list[Mirror]) -> Atom:
        """The place of this trip in a tape that counts all trips of the innermost loop."""
        if len(loops) == 1:
            return self._trip(loops[0])
        found = self.cot[("count", id(loops[-1].statement))]
        return found

    # ------------------------------------------------------------------ shapes

    def _run(self) -> tuple[Scope, ...]:
        """The blocks whose statements have been run where the sweep is."""
        mirrored = [m.statement for m in self.mirrors]
        # Of a loop whose trips are swept one by one, the last trip's way says nothing.
        around = takewhile(lambda place: not any(place[0] is t for t in mirrored), self.here)
        return tuple(around), tuple((m.statement, m.slot) for m in self.mirrors)

    def same_shape(self, a: Atom, b: Atom) -> bool:
        """Whether two arrays certainly have one shape where the sweep is."""
        if self.shapes.same(a, b):
            return True
        return isinstance(a, Value) and isinstance(b, Value) and self.agreements.same(a, b, self._run())

    def fetch_shape(self, value: Value) -> Atom:
        """The shape of an array, as a value of type Shape."""
        like = self.visible_like(value)
        if like is not None:
            return self.ctx.op("shape", like)
        sizes = self._sizes(value)
        if sizes is not None:
            return self.ctx.op(f"shape{len(sizes)}", *sizes)
        statement = self.outline.defined[value]
        assert statement is not None
        made = self.saver.shape_of(value)
        return self.fetch(made, statement)

    def _sizes(self, value: Value) -> list[Atom] | None:
        """The sizes of an array from those of others, if they are at hand or cheap to have again.

        ``W @ h`` has as many elements as ``W``, a view that is taken again anyway, has rows.
        """
        made: list[Atom] = []
        for key in self.shapes.key(value):
            sizes = (self._size(k, value) for k in self.agreements.sizes(key, self._run()))
            size = next((s for s in sizes if s is not None), None)
            if size is None:
                return None
            made.append(size)
        return made

    def _size(self, key: tuple, value: Value) -> Atom | None:
        match key:
            case ("const", int() as size):
                return Const(size)
            case ("dim", Value() as other, axis) if other != value and other in self.outline.home:
                array = self._again(other, self.outline.home[value])
                return None if array is None else self.ctx.dim(array, axis)
        return None

    def _again(self, value: Value, here: Scope) -> Value | None:
        """An array, for its sizes, where having it again costs less than keeping them."""
        statement = self.outline.defined.get(value)
        if self._at_hand(value):
            found: Atom = self.saver.export(value, self.here)
            return found if isinstance(found, Value) else None
        if statement is None or not visible(self.outline.home[value], here):
            return None
        loops = self._mirrored(self.outline.home[value])
        if not loops or self.memory.stores_after(value, statement):
            return None
        there = self.outline.scope[id(loops[0].statement)]
        costs = self.saver.costs
        if value not in costs.expected and not costs.worth(value, there, self._has_tape):
            return None
        found = self.fetch(value, statement)
        return found if isinstance(found, Value) else None

    def visible_like(self, value: Value) -> Value | None:
        """An array of the same shape and dtype that can be named here."""
        if not self._mirrored(self.outline.home[value]):
            return self.saver.export(value, self.here)
        known = self.cot.get(value)
        if isinstance(known, Value) and isinstance(self.ctx.types[known], Array | Tape):
            return known  # and not one number that stands for all elements
        if value in self.targets:
            return None
        for other in chain(self.shapes.like(value), self.agreements.like(value, self._run())):
            if self.ctx.types[other].dtype == self.ctx.types[value].dtype and self._at_hand(other):
                return other
        return None

    def _at_hand(self, value: Value) -> bool:
        """Whether a forward value exists where the gradient stands, in no loop that is swept."""
        home = self.outline.home.get(value)
        if home is None or self._mirrored(home) or not visible(home, self.here):
            return False
        statement = self.outline.defined[value]
        if statement is None:
            return True
        if value not in values_defined(statement):
            return False  # brought out of a branch for the sweep: on the other way it has no value
        if not self.outline.always_bound(value):
            return False
        position = self.outline.position
        return id(statement) in position and position[id(statement)] < position[id(self.gradient)]
