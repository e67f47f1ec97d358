"""How many bytes a generated program holds at once, for given arguments.

The program is walked and not run: sizes are computed from the shapes and numbers of the arguments by the
program's own integer operations, trips from the bounds of its loops.  What depends on numbers that only
a run knows (the trips of a ``while`` loop, the length of a selection) is reported as such.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from ..kernels.types import IN_A_LIST, Array, Scalar, Shape, Tape
from ..transform.facts.memory import analyze
from ..transform.facts.outline import Outline, is_loop
from ..transform.facts.shapes import Shapes
from ..transform.facts.trips import part_of
from ..transform.ir import (
    Assign, Atom, Block, Const, Fancy, For, If, Program, Read, Statement, Value, While, atoms_read,
    values_defined, walk,
)
from ..transform.location import Location
from ..transform.text.placement import place

__all__ = ["Allocation", "Footprint", "Sizes", "footprint"]

# Operations whose result is memory that was there before.
PASSING = frozenset({"relabel", "detach", "item", "room"})
APPENDING = frozenset({"append", "replace_last"})
ZEROS = frozenset({"zeros_like", "zeros_of", "zeros_vector"})
# A size that no rule knows is found by running the operation on zeros, if there are not too many.
FEW = 100_000
# What is computed of numbers only.
COUNTING = ("full_segments", "segment_count", "segment_size", "segment_size_within")


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


def footprint(program: Program, live: Mapping[Value, Any]) -> Footprint:
    """The memory of a program without `Gradient` statements; ``live`` are the arguments by parameter."""
    return _Ledger(program, live).footprint()


# ---------------------------------------------------------------------------------- sizes


class Sizes:
    """The numbers and shapes of a program's values that follow from those of the arguments."""

    def __init__(self, program: Program, live: Mapping[Value, Any]):
        self.program = program
        self.types = program.types
        self.live = live
        self.outline = Outline(program)
        origin = {v: s for v, s in self.outline.defined.items() if isinstance(s, Assign)}
        self.shapes = Shapes(SimpleNamespace(types=self.types, origin=origin))  # type: ignore[arg-type]
        self.shapes.block(program.body)
        self.kept: dict[Value, Value] = {}  # what is appended to each list
        for s in self.outline.statements:
            if isinstance(s, Assign) and s.op.name in APPENDING and isinstance(s.args[1], Value):
                self.kept[s.args[0]] = s.args[1]  # type: ignore[index]
        self.numbers: dict[Value, Any] = {}
        self.found: dict[Value, tuple | None] = {}
        self.written = {
            v for s in self.outline.statements for v in atoms_read(s)[:1]
            if isinstance(v, Value) and not isinstance(s, Read) and not is_loop(s)
        }

    def number(self, atom: Atom | None) -> Any:
        """A number, or None if it is not known."""
        if isinstance(atom, Const):
            return atom.value
        if not isinstance(atom, Value):
            return None
        if atom not in self.numbers:
            self.numbers[atom] = None  # what depends on itself (a loop's carry) is not known
            self.numbers[atom] = self._number(atom)
        return self.numbers[atom]

    def _number(self, value: Value) -> Any:
        if value in self.live:
            found = self.live[value]
            return found if np.ndim(found) == 0 else None
        made = self.outline.defined.get(value)
        match made:
            case Assign(op=op, args=(Value() as base, *_), static=static) if op.name in ("dim", "size"):
                shape = self.shape(base)
                if shape is None:
                    return None
                return shape[dict(static)["axis"]] if op.name == "dim" else math.prod(shape)
            case Assign(op=op, args=args, static=static) if is_number(self.types[value]) and (
                op.elementwise or op.name in COUNTING
            ):
                numbers = [self.number(a) for a in args]
                return None if None in numbers else _tried(op.body, numbers, dict(static))
            case Read(base=base, index=index) if base in self.live and base not in self.written:
                place = tuple(self.number(e) for e in index.entries)  # type: ignore[arg-type]
                array = self.live[base]
                if None not in place and len(place) == np.ndim(array):
                    return _tried(lambda: array[place].item(), [], {})
            case If(cond=cond, merges=merges):
                known = self.number(cond)
                merge = next(m for m in merges if m.target == value)
                return None if known is None else self.number(merge.then if known else merge.orelse)
            case For(trips=trips) if trips == value and made.stop_flag is None:
                return self.trips(made)
        return None

    def trips(self, loop: Statement) -> int | None:
        """How many trips a loop makes (at most, if it may be left early); None if only a run tells."""
        if not isinstance(loop, For):
            return None
        bounds = [self.number(a) for a in (loop.start, loop.stop, loop.step)]
        if None in bounds:
            return self.number(part_of(loop, self.outline.defined))
        return len(range(*map(int, bounds)))

    def bytes(self, value: Value) -> int | None:
        """What an array takes."""
        shape = self.shape(value)
        return None if shape is None else math.prod(shape) * np.dtype(self.types[value].dtype).itemsize

    def shape(self, value: Value) -> tuple | None:
        """The shape of an array, or None if it is not known."""
        if value not in self.found:
            self.found[value] = None
            sizes = tuple(self.size(key) for key in self.shapes.key(value))
            self.found[value] = self._shape(value) if None in sizes else sizes
        return self.found[value]

    def size(self, key: tuple) -> int | None:
        """The size that a key of `Shapes` stands for."""
        match key:
            case ("const", n):
                return n
            case ("value", atom):
                found = self.number(atom)
                return None if found is None else max(int(found), 0)
            case ("dim", Value() as value, axis) if value in self.live:
                return np.shape(self.live[value])[axis]
            case ("dim", Value() as value, axis):
                shape = self.shape(value)
                return None if shape is None else shape[axis]
            case ("span", inner, *bounds):
                length = self.size(inner)
                numbers = [None if bound is None else self._bound(bound) for bound in bounds]
                if length is None or numbers.count(None) > bounds.count(None):
                    return None
                return len(range(*slice(*numbers).indices(length)))
        return None

    def _bound(self, key: tuple) -> int | None:
        """A bound of a slice: unlike a size, it may be negative."""
        return self.number(key[1]) if key[0] == "value" else self.size(key)

    def _shape(self, value: Value) -> tuple | None:
        """The shape of an array that `Shapes` has no key for, from what made it."""
        made = self.outline.defined.get(value)
        match made:
            case Assign(op=op, args=args, static=static) if not op.effect:
                if op.elementwise:
                    return self._broadcast(args)
                if op.name in PASSING and isinstance(args[0], Value):
                    source = self.kept.get(args[0]) if op.name == "item" else args[0]
                    return None if source is None else self.shape(source)
                zeros = [self._zeros(a) for a in args]
                if any(z is None for z in zeros) or sum(np.size(z) for z in zeros) > FEW:
                    return None
                result = _tried(op.body, zeros, dict(static))
                return None if result is None else np.shape(result)
            case If(merges=merges):
                merge = next(m for m in merges if m.target == value)
                return self._either(merge.then, merge.orelse)
            case For(carries=carries) | While(carries=carries):
                carry = next(c for c in carries if value in (c.header, c.result))
                return self._either(carry.init, carry.out)
        return None

    def _either(self, *atoms: Atom) -> tuple | None:
        shapes = (self.shape(a) for a in atoms if isinstance(a, Value))
        return next((s for s in shapes if s is not None), None)

    def _broadcast(self, args: Iterable[Atom]) -> tuple | None:
        arrays = [a for a in args if isinstance(a, Value) and isinstance(self.types[a], Array)]
        shapes = [self.shape(a) for a in arrays]
        return None if None in shapes else _tried(np.broadcast_shapes, shapes, {})

    def _zeros(self, atom: Atom) -> Any:
        type_ = self.program.type_of(atom)
        if isinstance(type_, Array):
            shape = self.shape(atom)  # type: ignore[arg-type]
            return None if shape is None or math.prod(shape) > FEW else np.zeros(shape, type_.dtype)
        if isinstance(type_, Shape):
            made = self.outline.defined.get(atom)  # type: ignore[arg-type]
            return self.shape(made.args[0]) if isinstance(made, Assign) and made.op.name == "shape" else None  # type: ignore[arg-type]
        return self.number(atom)


def _tried(function: Any, args: list, kwargs: dict) -> Any:
    """What a function gives; None where it raises, as it then does when the program runs."""
    try:
        with np.errstate(all="ignore"):
            return function(*args, **kwargs)
    except (ArithmeticError, IndexError, TypeError, ValueError):
        return None


def is_number(type_: Any) -> bool:
    """Whether values of the type are numbers and not arrays."""
    return isinstance(type_, Scalar)


# ---------------------------------------------------------------------------------- what is held when


class _Ledger:
    def __init__(self, program: Program, live: Mapping[Value, Any]):
        self.program = program
        self.sizes = Sizes(program, live)
        self.outline = self.sizes.outline
        self.memory = analyze(program, self.outline)
        self.inlined = place(program).inlined
        self.allocations: list[Allocation] = []
        self.groups = self._groups()
        self.appended: dict[Value, Assign] = {
            s.args[0]: s for s in self.outline.statements  # type: ignore[misc]
            if isinstance(s, Assign) and s.op.name in APPENDING
        }

    def footprint(self) -> Footprint:
        peak = self.block(self.program.body, self.program.returns)
        return Footprint(tuple(self.allocations), peak)

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
        last: dict[Value, int] = {}
        for k, statement in enumerate(block):
            for inner in walk((statement,)):
                for atom in (*atoms_read(inner), *values_defined(inner)):
                    if isinstance(atom, Value):
                        last[self.group(atom)] = k
        for atom in ends:
            if isinstance(atom, Value):
                last[self.group(atom)] = len(block)
        held: dict[Value, int] = {}
        until: dict[Value, int] = {}
        peak = 0
        for k, statement in enumerate(block):
            inside = self.inside(statement)
            for value, size in self.made(statement):
                held[value] = size
                until[value] = last.get(self.group(value), k)
            peak = max(peak, sum(held.values()) + inside)
            for value in [v for v in held if until[v] <= k]:
                del held[value]
        return peak

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
                if op.elementwise and target in self.inlined:
                    return []  # part of a larger expression, which is computed element by element
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
        return (total or 0) + IN_A_LIST * (trips or 0)

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
