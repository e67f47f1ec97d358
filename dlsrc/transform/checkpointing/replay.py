"""The way back through a segment of a loop: it is run again, keeping what its trips need, then swept.

    for segment in range(...):             for segment in range(... - 1, -1, -1):
        s_kept[segment] = s                    s = s_kept[segment]
        for t in range(first, last):  →        s_kept_2 = np.empty(last - first)
            s = np.sin(s) * a                  for t in range(first, last):          again
                                                   s_kept_2[t - first] = s
                                                   s = np.sin(s) * a
                                               for t in range(last - 1, first - 1, -1):
                                                   s_2 = s_kept_2[t - first]         back
                                                   ...

The segment is a program of its own: its parameters are what the trip of the outer loop finds, and the
cotangents of what it leaves.  It has facts of its own, and its own plan of what is kept; a sweep like any
other, which begins with the cotangents that the sweep around it has reached, gives those of the parameters.
So the operations on cotangents are those of the loop that is kept whole, in their order.

What a segment writes to from outside is a copy, as the segment found it; or, where each trip fills an array
before it reads it (`filling`), an array with nothing in it.  Only an array that it never reads is not written
to again, nor one in which all that a trip reads is still there (`For.paths`), and neither are prints and
tests repeated.
"""

from collections.abc import Iterable, Mapping
from functools import partial

from ...errors import InternalError
from ...kernels.types import Array, Scalar
from ...records import replace
from ..activity import Activity
from ..adjoint import Sweep
from ..assemble import assemble
from ..building.rename import refreshed, renamed
from ..building.workshop import workshop
from ..facts.agreements import Agreements
from ..facts.filling import Filling
from ..facts.memory import Memory, analyze
from ..facts.outline import Outline, is_loop
from ..facts.regions import WRITERS
from ..facts.shapes import Shapes
from ..facts.trips import SIZES, part_of
from ..ir import (
    UNBOUND, Assign, Atom, Block, Check, Const, For, Gradient, Program, Raise, Read, Show, Statement, Store,
    Value, atoms_read, blocks_of, values_defined, walk, with_blocks,
)
from ..save import Saver, tapes_read
from ..simplify import simplify
from .obstacles import unread_in

__all__ = ["NotReplayed", "replay"]


class NotReplayed(Exception):
    """A loop turned out not to be one that can be run again; ``counter`` is that of its trips."""

    def __init__(self, counter: Value, reason: str):
        super().__init__(reason)
        self.counter = counter
        self.reason = reason


def replay(sweep: Sweep, s: For, seeds: Mapping[Value, Atom]) -> None:
    """Add the way back of one trip of a loop over segments.

    ``seeds`` are the cotangents of what the trip leaves, by the headers of what it found; afterwards the
    cotangents of those are in ``sweep.cot``, beside those of everything from outside the loop.
    """
    part = _Segment(sweep, s)
    try:
        made, inner = part.swept(seeds, frozenset())
        if inner.saver.kept:
            made, inner = part.swept(seeds, tapes_read(simplify(made), inner.saver))
    except InternalError as error:
        raise NotReplayed(part.trips.index, f"its way back could not be made ({error})") from error
    part.hand_over(made, inner, seeds)


class _Segment:
    """One trip of a loop over segments, with names of its own."""

    def __init__(self, sweep: Sweep, s: For):
        self.sweep = sweep
        self.loop = s
        trips = s.body[-1]
        assert isinstance(trips, For)
        self.trips = trips
        self.inside = [v for statement in walk(s.body) for v in values_defined(statement)]
        if any(v in sweep.twins for v in self.inside):
            raise NotReplayed(trips.index, "two of its names may be one array")
        self.stored = {
            root for root, stores in sweep.memory.stores.items()
            if any(around is s for one in stores for around, _ in sweep.outline.scope[id(one)])
        }
        self.silent = unread_in(trips, sweep.memory)
        self.given: dict[Value, Atom] = {}    # what the trip finds, and what it is here
        self.views: list[Statement] = []      # of arrays that it finds, taken anew
        defined = set(self.inside)
        for statement in walk(s.body):
            for atom in atoms_read(statement):
                if isinstance(atom, Value) and atom not in defined:
                    self.bring(atom)
        self.refuse_one_name()
        body, joined = self.trip()
        again = tuple(_again(x) for x in (*self.views, *body))
        named = [*self.inside, *(v for x in self.views for v in values_defined(x))]
        self.body, fresh = refreshed(again, tuple(named), self.given, sweep.ctx)
        self.fresh: dict[Value, Atom] = {**self.given, **dict(zip(named, fresh, strict=True))}
        self.fresh.update((v, self.fresh.get(a, a)) for v, a in joined.items())  # type: ignore[arg-type]

    def trip(self) -> tuple[Block, dict[Value, Atom]]:
        """What a segment runs, and for what values of its loop it has others: one trip needs no loop.

        It has one all the same where it finds views: what comes to a view in a loop is added to the array at
        once, elsewhere all of it together, and the last bits would differ.
        """
        trips = self.trips
        made = {v: x for x in self.loop.body for v in values_defined(x)}
        once = part_of(trips, made) == Const(1) and trips.stop_flag is None
        shown = any(v in self.sweep.active for x in self.views for v in values_defined(x))
        if not once or shown or not all(isinstance(c.out, Value) for c in trips.carries):
            return self.loop.body, {}
        joined: dict[Value, Atom] = {trips.index: trips.start}
        joined.update((c.header, c.init) for c in trips.carries if c.init is not UNBOUND)
        joined.update((c.result, joined.get(c.out, c.out)) for c in trips.carries)  # type: ignore[arg-type]
        return (*self.loop.body[:-1], *renamed(trips.body, joined)), joined

    def bring(self, value: Value) -> None:
        """Have something that the trip finds under a name that can be read here."""
        if value in self.given or any(value in values_defined(x) for x in self.views):
            return
        sweep = self.sweep
        memory, type_ = sweep.memory, sweep.ctx.types[value]
        is_array = isinstance(type_, Array) and value in memory.root
        written = is_array and bool(memory.roots_shared_with(memory.root[value]) & self.stored)
        if is_array and value in memory.base and (written or value in sweep.active):
            made = sweep.outline.defined[value]
            assert isinstance(made, Assign | Read)
            for atom in atoms_read(made):
                if isinstance(atom, Value):
                    self.bring(atom)
            self.views.append(made)
        elif not is_array or not written:
            own = any(around is self.loop for around, _ in sweep.outline.home[value])
            self.given[value] = sweep.fetch(value, self.trips if own else self.loop)
        elif value in self.loop.paths:
            self.given[value] = sweep.saver.export(value, sweep.here)
        elif memory.root[value] in self.silent:
            self.given[value] = self.unwritten(value)
        elif self.is_scratch(memory.root[value]):
            new = sweep.ctx.value(replace(type_, layout="C"), base=value)
            shape = sweep.fetch_shape(value)
            self.given[value] = sweep.ctx.op("empty_of", shape, dtype=type_.dtype, target=new)
            sweep.shapes.equate(new, value)
        else:
            found = sweep.fetch(value, self.trips)
            copy = sweep.ctx.value(type_, base=value)
            self.given[value] = sweep.ctx.op("copy", found, target=copy)
            sweep.shapes.equate(copy, value)

    def is_scratch(self, root: Value) -> bool:
        """Whether each trip fills an array before it reads it: nobody looks at what a segment finds there."""
        sweep = self.sweep
        if sweep.memory.roots_shared_with(root) != {root}:
            return False
        filling = Filling(sweep.outline, sweep.memory, sweep.shapes)
        return filling.is_new(self.trips.body, root)

    def unwritten(self, value: Value) -> Atom:
        """An array to which nothing is written here, and of which nothing but the shape is read."""
        sweep = self.sweep
        swept = {id(m.statement) for m in sweep.mirrors}
        if any(id(around) in swept and is_loop(around) for around, _ in sweep.outline.home[value]):
            raise NotReplayed(self.trips.index, f"`{value!r}` is made anew in a loop around it")
        return sweep.saver.export(value, sweep.here)

    def refuse_one_name(self) -> None:
        """Refuse two values that a trip finds under one name here: their cotangents would be one."""
        names = [a for a in self.given.values() if isinstance(a, Value)]
        if len(names) != len(set(names)):
            raise NotReplayed(self.trips.index, "two of its values have one name on the way back")

    # ------------------------------------------------------------------ its own program

    def swept(self, seeds: Mapping[Value, Atom], expected: frozenset[Value]) -> tuple[Program, Sweep]:
        """The segment with its sweep; what it returns are the cotangents `wanted` of it."""
        outer, s = self.sweep, self.loop
        gradient = Gradient((), Const(0.0), (), s.loc)
        names = [*self.given.values(), *seeds.values(), *outer.cot.values()]
        params = tuple(dict.fromkeys(a for a in names if isinstance(a, Value)))
        program = Program("segment", params, (*self.body, gradient), (), outer.ctx.types)
        outline = Outline(program)
        memory = analyze(program, outline)
        if memory.problems or memory.entangled:
            raise NotReplayed(self.trips.index, "two of its names may be one array")
        ctx = workshop(program, outline)
        ctx.order = outer.ctx.order
        ctx.next_number = max(ctx.next_number, outer.ctx.next_number)
        for atom in self.given.values():
            made = outer.ctx.origin.get(atom) if isinstance(atom, Value) else None
            if isinstance(made, Assign) and made.op.name in SIZES:
                ctx.origin[atom] = made  # type: ignore[index]
        shapes = Shapes(ctx)
        self._tell_shapes(shapes, seeds)
        shapes.block(program.body)
        saver = Saver(ctx, outline, memory, expected)
        agreements = Agreements(shapes, outline, memory, gradient, outer.agreements.lasting)
        inner = Sweep(ctx, outline, memory, self._active(), saver, shapes, agreements, gradient)
        inner.reverse_block = partial(outer.reverse_block.func, inner)  # type: ignore[attr-defined]
        inner.masks.masked, inner.masks.partial = outer.masks.masked, outer.masks.partial
        inner.masks.zeroed = outer.masks.zeroed
        inner.masks._infinite = self._renamed(outer.masks.infinite)
        for value, atom in self.given.items():
            if value in outer.cot and value not in seeds and isinstance(atom, Value):
                inner.cot[atom] = outer.cot[value]
                if isinstance(outer.ctx.types[value], Array):
                    inner.in_memory.add(atom)
        with ctx.at(s.loc.backward(ctx.order)), ctx.collecting() as code:
            for carry in s.carries:
                if carry.header in seeds:
                    owned = carry.header in outer.in_memory
                    inner.contribute(self.fresh.get(carry.out, carry.out), seeds[carry.header], owned=owned)  # type: ignore[arg-type]
            inner.reverse_block(self.body)
            returns = []
            for value in self._wanted(seeds):
                found = inner.cot.get(self.given.get(value, value))
                returns.append(Const(0.0) if found is None else found)
        outer.problems += inner.problems
        saver.edits.replaced[id(gradient)] = code
        for statement in walk(self.body):
            if self._is_unread(statement, memory):
                saver.edits.replaced[id(statement)] = []
        saver.finish()
        self._nothing_is_lost(inner, seeds)
        whole = replace(program, returns=tuple(returns))
        return assemble(whole, ctx, saver.edits), inner

    def _wanted(self, seeds: Mapping[Value, Atom]) -> list[Value]:
        """Whose cotangents the segment gives: what it found, and numbers and arrays from outside."""
        outside = self.sweep.cot
        return [v for v, a in self.given.items() if v in seeds or v in outside and isinstance(a, Value)]

    def _is_unread(self, s: Statement, memory: Memory) -> bool:
        """Whether a statement writes to an array from outside that the segment never reads, or that holds
        what it would write."""
        written: Atom | None = s.base if isinstance(s, Store) else None
        if isinstance(s, Assign) and s.op.effect and s.op.name in WRITERS:
            written = s.args[0]
        outside = self.sweep.memory.root
        left = self.silent | set(self.loop.paths)
        given = {a for v, a in self.given.items() if outside.get(v) in left}
        return isinstance(written, Value) and memory.root.get(written) in given

    def _renamed(self, values: Iterable[Value]) -> set[Value]:
        found = (self.fresh.get(v, v) for v in values)
        return {v for v in found if isinstance(v, Value)}

    def _active(self) -> Activity:
        active = self.sweep.active
        found = frozenset(self._renamed(v for v in self.fresh if v in active))
        return Activity(found, found)

    def _tell_shapes(self, shapes: Shapes, seeds: Mapping[Value, Atom]) -> None:
        """What is known outside of the shapes of what the segment finds, in terms of these arrays."""
        outer = self.sweep
        known: dict[tuple, tuple] = {}
        for value, atom in (*self.given.items(), *seeds.items(), *outer.cot.items()):
            if not isinstance(value, Value) or not isinstance(atom, Value):
                continue
            if not isinstance(outer.ctx.types[value], Array) or not isinstance(outer.ctx.types[atom], Array):
                continue
            shapes.keys[atom] = tuple(
                key if key[0] == "const" else known.setdefault(key, ("dim", atom, axis))
                for axis, key in enumerate(outer.shapes.key(value))
            )

    def _nothing_is_lost(self, inner: Sweep, seeds: Mapping[Value, Atom]) -> None:
        """Every cotangent of something from outside has a place outside."""
        known = {self.given[v] for v in self._wanted(seeds)} | {self.given.get(h, h) for h in seeds}
        for key in inner.cot:
            if isinstance(key, Value) and key in inner.outline.program.params and key not in known:
                raise InternalError(f"the cotangent of {key!r} is lost in the loop at {self.loop.loc}")

    # ------------------------------------------------------------------ in the sweep around

    def hand_over(self, made: Program, inner: Sweep, seeds: Mapping[Value, Atom]) -> None:
        """Put the segment's statements into the sweep, and its results where cotangents are looked for."""
        outer = self.sweep
        outer.ctx.types.update(made.types)
        outer.ctx.next_number = max(outer.ctx.next_number, inner.ctx.next_number)
        for statement in made.body:
            outer.ctx.add(statement)
        for statement in walk(made.body):
            for value in values_defined(statement):
                outer.ctx.origin[value] = statement
        wanted = self._wanted(seeds)
        for value, found in zip(wanted, made.returns, strict=True):
            before = outer.cot.get(value)
            if value in seeds:
                if self.given[value] in inner.cot:
                    outer.cot[value] = found
                    outer.masks.note(found, inner.cot[self.given[value]] in inner.masks)
                    if isinstance(found, Value):
                        outer.shapes.equate(found, value)
                        if inner.cot[self.given[value]] in inner.own:
                            outer.own.add(found)
            elif isinstance(outer.ctx.types[value], Scalar):
                outer.cot[value] = found
            elif found != before:
                raise InternalError(f"{value!r} has another shadow after the loop at {self.loop.loc}")
        outer.saver.kept += inner.saver.kept
        outer.saver.recomputed += [v for v in inner.saver.recomputed if v not in outer.saver.recomputed]


def _again(s: Statement) -> Statement:
    """A statement as it is run once more: silently, and without the tests that it has passed."""
    kept: list[Block] = [
        tuple(_again(x) for x in block if not isinstance(x, Show | Check | Raise)) for block in blocks_of(s)
    ]
    return replace(with_blocks(s, kept), loc=s.loc.replayed())  # type: ignore[type-var]
