"""How many bytes a generated program holds at once, for given arguments.

The program is walked and not run: sizes are computed from the shapes and numbers of the arguments by the
program's own integer operations, trips from the bounds of its loops.  What depends on numbers that only
a run knows (the trips of a ``while`` loop, the length of a selection) is reported as such.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..kernels.types import IN_A_LIST, Array, Tape
from ..transform.facts.memory import analyze
from ..transform.facts.outline import is_loop
from ..transform.ir import (
    Assign, Atom, Block, Fancy, For, If, Program, Read, Statement, Value, While, atoms_read,
    values_defined, walk,
)
from ..transform.location import Location
from ..transform.text.placement import expansion, place
from .sizes import APPENDING, PASSING, Sizes

__all__ = ["Allocation", "Footprint", "footprint"]

ZEROS = frozenset({"zeros_like", "zeros_of", "zeros_vector"})


@dataclass(frozen=True, slots=True)
class Allocation:
    """Memory that the program asks for.

    ``role`` is "kept" (for the way back), "shadow" (of an array, its cotangents) or "array"; ``bytes`` is
    None where only a run tells; ``a_trip`` is what a trip of the loop keeps, 0 where the tape itself does
    not tell.
    """

    value: Value
    role: str
    loc: Location
    bytes: int | None
    a_trip: int = 0


@dataclass(frozen=True, slots=True)
class Footprint:
    """All allocations, and the most bytes held at once; what is not known counts as nothing."""

    allocations: tuple[Allocation, ...]
    peak: int

    @property
    def unknown(self) -> tuple[Allocation, ...]:
        """Those whose size only a run tells."""
        return tuple(a for a in self.allocations if a.bytes is None)


def footprint(
    program: Program, live: Mapping[Value, Any], unmade: frozenset[Value] = frozenset()
) -> Footprint:
    """The memory of a program without `Gradient` statements.

    ``live`` are the arguments by parameter, ``unmade`` the arrays that compiled code does without.
    """
    return _Ledger(program, live, unmade).footprint()


# ---------------------------------------------------------------------------------- what is held when


class _Ledger:
    def __init__(self, program: Program, live: Mapping[Value, Any], unmade: frozenset[Value]):
        self.program = program
        self.sizes = Sizes(program, live)
        self.outline = self.sizes.outline
        self.memory = analyze(program, self.outline)
        self.placement = place(program)
        self.unmade = unmade | self.parts(self.placement.inlined)
        self.allocations: list[Allocation] = []
        self.groups = self._groups()
        self.appended: dict[Value, Assign] = {
            s.args[0]: s for s in self.outline.statements  # type: ignore[misc]
            if isinstance(s, Assign) and s.op.name in APPENDING
        }

    def footprint(self) -> Footprint:
        peak = self.block(self.program.body, self.program.returns)
        return Footprint(tuple(self.allocations), peak)

    def parts(self, inlined: Mapping[Value, Statement]) -> set[Value]:
        """The arrays that are parts of larger expressions, which are computed element by element."""
        return {
            a for s in self.outline.statements
            if isinstance(s, Assign) and s.op.elementwise and expansion(s, self.program.type_of) is not None
            for a in s.args
            if isinstance(a, Value) and isinstance(made := inlined.get(a), Assign) and made.op.elementwise
        }  # fmt: skip

    def _groups(self) -> dict[Value, Value]:
        """For each root, one that stands for all that may be the same memory."""
        group: dict[Value, Value] = {}
        for root in dict.fromkeys(self.memory.root.values()):
            if root not in group:
                for other in self.memory.roots_shared_with(root):
                    group[other] = root
        return group

    def group(self, value: Value) -> Value:
        root = self.memory.root.get(value, value)
        return self.groups.get(root, root)

    def block(self, block: Block, ends: Iterable[Atom]) -> int:
        """The most bytes held in a block at once; what the atoms of ``ends`` name is held to its end."""
        order = self.order(block, ends)
        last: dict[Value, int] = {}
        for k, statement in enumerate(order):
            for inner in walk((statement,)):
                for value in (*self.parts_of(atoms_read(inner)), *values_defined(inner)):
                    last[self.group(value)] = k
        for value in self.parts_of(ends):
            last[self.group(value)] = len(order)
        held: dict[Value, int] = {}
        until: dict[Value, int] = {}
        peak = 0
        for k, statement in enumerate(order):
            inside = self.inside(statement)
            for value, size in self.made(statement):
                held[value] = size
                until[value] = last.get(self.group(value), k)
            peak = max(peak, sum(held.values()) + inside)
            for value in [v for v in held if until[v] <= k]:
                del held[value]
        return peak

    def order(self, block: Block, ends: Iterable[Atom]) -> list[Statement]:
        """The statements as the text runs them: what is part of an expression, where that stands."""
        inlined, found = self.placement.inlined, []
        own = {id(s) for s in block}

        def run(atoms: Iterable[Atom]) -> None:
            for atom in atoms:
                made = inlined.get(atom) if isinstance(atom, Value) else None
                if made is not None and id(made) in own:
                    own.discard(id(made))
                    run(self.placement.operands(made))
                    found.append(made)

        for s in block:
            if getattr(s, "target", None) not in inlined:
                for inner in walk((s,)):
                    run(atoms_read(inner))
                found.append(s)
        run(ends)
        return found + [s for s in block if getattr(s, "target", None) in inlined and id(s) in own]

    def parts_of(self, atoms: Iterable[Atom]) -> set[Value]:
        """The values that are read, and what those are computed of that are no arrays of their own."""
        found: set[Value] = set()
        pending = [a for a in atoms if isinstance(a, Value)]
        while pending:
            value = pending.pop()
            found.add(value)
            if value in self.unmade and value in self.placement.inlined:
                operands = self.placement.operands(self.placement.inlined[value])
                pending += [a for a in operands if isinstance(a, Value)]
        return found

    def inside(self, statement: Statement) -> int:
        """The most bytes held by what is inside a statement."""
        match statement:
            case If(then=then, orelse=orelse, merges=merges):
                return max(
                    self.block(then, [m.then for m in merges]), self.block(orelse, [m.orelse for m in merges])
                )
            case For(body=body, carries=carries):
                return self.block(body, [c.out for c in carries])
            case While(test=test, body=body, carries=carries):
                return max(self.block(test, ()), self.block(body, [c.out for c in carries]))
        return 0

    def made(self, statement: Statement) -> list[tuple[Value, int]]:
        """The memory that a statement leaves: (value, bytes)."""
        match statement:
            case Assign(target=Value() as target, op=op):
                if isinstance(self.program.types[target], Tape) and not statement.args:
                    return [(target, self.tape(target, statement.loc))]
                if op.name in ("room", "room_for"):
                    return self.growing(target, statement)
                if not isinstance(self.program.types[target], Array) or op.view or op.name in PASSING:
                    return []
                if target in self.unmade:
                    return []
                return [(target, self.note(target, statement))]
            case Read(target=target, index=index) if any(isinstance(e, Fancy) for e in index.entries):
                return [(target, self.note(target, statement))]
            case For() | While():
                fresh = [c.result for c in statement.carries if self.is_fresh(c.out, statement)]
                return [(v, self.sizes.bytes(v) or 0) for v in fresh]
        return []

    def is_fresh(self, out: Atom, loop: Statement) -> bool:
        """Whether what a loop carries on is memory that a trip asked for."""
        if not isinstance(out, Value) or not isinstance(self.program.types.get(out), Array):
            return False
        made = self.outline.defined.get(self.memory.root.get(out, out))
        return isinstance(made, Assign) and made.op.name not in PASSING and any(
            s is loop for s, _ in self.outline.scope[id(made)]
        )

    def note(self, value: Value, statement: Statement) -> int:
        size, role = self.sizes.bytes(value), self.role(value, statement)
        a_trip = self.of_one(value, size) if role == "kept" else 0
        self.allocations.append(Allocation(value, role, statement.loc, size, a_trip))
        return size or 0

    def of_one(self, tape: Value, size: int | None) -> int:
        """The bytes of one of the arrays that stand one after the other in another one."""
        ndim = getattr(self.program.types.get(tape.base), "ndim", 0)  # type: ignore[arg-type]
        if not size or not ndim:
            return 0
        width = np.dtype(self.program.types[tape].dtype).itemsize
        return width * math.prod(self.sizes.shape(tape)[-ndim:])  # type: ignore[index]

    def role(self, value: Value, statement: Statement) -> str:
        if value.base is not None and value.form == "{}_kept":
            return "kept"
        zeros = isinstance(statement, Assign) and statement.op.name in ZEROS
        return "shadow" if zeros and value.base is not None and value.form == "d{}" else "array"

    def tape(self, tape: Value, loc: Location) -> int:
        """A list of arrays or shapes: what is appended, once a trip."""
        push = self.appended.get(tape)
        if push is None:
            return 0
        size = self.sizes.bytes(push.args[1]) if isinstance(self.program.types[push.args[1]], Array) else 0  # type: ignore[index,arg-type]
        trips = self.trips_around(push, tape)
        total = None if size is None or trips is None else size * trips
        self.allocations.append(Allocation(tape, "kept", loc, total, size or 0))
        own = 0 if self.is_part_of_another(push.args[1], tape) else total or 0
        return own + IN_A_LIST * (trips or 0)

    def is_part_of_another(self, value: Atom, tape: Value) -> bool:
        """Whether what is kept by reference is a view of what another list keeps: ``c = v[1]`` of a kept v.

        A loop that carries it begins with an array of its own, which is one of many.
        """
        roots = self.memory.root
        if not isinstance(value, Value) or value not in roots:
            return False
        others = {
            roots[s.args[1]] for other, s in self.appended.items()
            if other != tape and isinstance(s.args[1], Value) and s.args[1] in roots
        } - {roots[value]}  # fmt: skip
        sources = self.memory.sources.get(roots[value], ())
        return any(isinstance(a, Value) and roots.get(a) in others for a in sources)

    def growing(self, value: Value, statement: Statement) -> list[tuple[Value, int]]:
        """An array that is copied to a longer one when it is full: as long as there are trips."""
        width = np.dtype(self.program.types[value].dtype).itemsize
        trips = self.trips_around(statement, value)
        total = None if trips is None else trips * width
        self.allocations.append(Allocation(value, "kept", statement.loc, total, width))
        return [(value, total or 0)]

    def trips_around(self, statement: Statement, tape: Value) -> int | None:
        """How often a statement is run for one tape, if it is on every way."""
        trips = 1
        root = self.memory.root.get(tape)
        there = set() if root is None else {id(around) for around, _ in self.memory.born(root)}
        for loop, _ in self.outline.scope[id(statement)]:
            if is_loop(loop) and id(loop) not in there:
                found = self.sizes.trips(loop)
                if found is None:
                    return None
                trips *= found
        return trips
