"""The numbers and shapes of a program's values that follow from those of its arguments; it is not run."""

import math
from collections.abc import Iterable, Mapping
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from ..kernels.primitive import Primitive, registry
from ..kernels.types import Array, Scalar, Shape
from ..transform.facts.outline import Outline, is_loop
from ..transform.facts.shapes import Shapes
from ..transform.facts.trips import part_of
from ..transform.ir import Assign, Atom, Const, For, If, Program, Read, Statement, Value, While, atoms_read

__all__ = ["APPENDING", "PASSING", "Sizes"]

# Operations whose result is memory that was there before.
PASSING = frozenset({"relabel", "detach", "item", "room"})
APPENDING = frozenset({"append", "replace_last"})
# On how many zeros an operation may be run as it is.
FEW = 100_000
# In the place of sizes, where an operation is run to see the shape of what it gives.
SMALL = ((2, 3, 5, 7, 11), (3, 2, 7, 5, 13))
# Arrays of a few numbers that decide shapes: where windows lie.
TABLES = frozenset({"window_geometry"})
# What is computed of numbers only.
COUNTING = ("full_segments", "segment_count", "segment_size", "segment_size_within", "equal_size")


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
        self.tables: dict[Value, np.ndarray | None] = {}
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
            case Read(base=base, index=index) if (table := self.table(base)) is not None:
                place = tuple(self.number(e) for e in index.entries)  # type: ignore[arg-type]
                return None if None in place else _tried(lambda: table[place].item(), [], {})
            case If(cond=cond, merges=merges):
                known = self.number(cond)
                merge = next(m for m in merges if m.target == value)
                return None if known is None else self.number(merge.then if known else merge.orelse)
            case For(trips=trips) if trips == value and made.stop_flag is None:
                return self.trips(made)
        return None

    def table(self, atom: Atom) -> np.ndarray | None:
        """The numbers of a table (`TABLES`), or None."""
        made = self.outline.defined.get(atom) if isinstance(atom, Value) else None
        if not isinstance(made, Assign) or made.op.name not in TABLES:
            return None
        if atom not in self.tables:
            numbers = [self.number(a) for a in made.args]
            self.tables[atom] = None if None in numbers else _tried(made.op.body, numbers, dict(made.static))  # type: ignore[index]
        return self.tables[atom]  # type: ignore[index]

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
            case ("more", inner):
                found = self.size(inner)
                return None if found is None else found + 1
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
                if op.name[:-1] in ("view", "reshaped") and op.name[-1].isdigit():
                    return self._reshaped(args)
                return self._of_rule(op, args) or self._run(op, args, dict(static))
            case If(merges=merges):
                merge = next(m for m in merges if m.target == value)
                return self._either(merge.then, merge.orelse)
            case For(carries=carries) | While(carries=carries):
                carry = next(c for c in carries if value in (c.header, c.result))
                return self._either(carry.init, carry.out)
        return None

    def _reshaped(self, args: tuple[Atom, ...]) -> tuple | None:
        """The shape that is asked for; one of its sizes may be -1."""
        whole, sizes = self._given(args[0]), [self.number(a) for a in args[1:]]  # type: ignore[arg-type]
        if whole is None or None in sizes:
            return None
        others = math.prod(n for n in sizes if n != -1)
        return tuple(math.prod(whole) // max(others, 1) if n == -1 else int(n) for n in sizes)

    def _of_rule(self, op: Primitive, args: Iterable[Atom]) -> tuple | None:
        """The shape of what a rule gives: a cotangent has that of its value."""
        by = _argument(getattr(op, "rule", None))
        given = dict(zip(op.arguments, args, strict=False))
        for name in (f"{by}_shape", by):
            if isinstance(atom := given.get(name), Value):
                return self._given(atom)
        return None

    def _run(self, op: Primitive, args: tuple[Atom, ...], static: dict[str, Any]) -> tuple | None:
        """The shape of what an operation gives for zeros: few, with small numbers in place of the sizes."""
        arrays = (isinstance(a, Value) and not is_number(self.types[a]) for a in args)
        shapes = [self._given(a) if one else () for a, one in zip(args, arrays, strict=True)]  # type: ignore[arg-type]
        if any(shape is None for shape in shapes):
            return None
        few = sum(math.prod(shape or ()) for shape in shapes) <= FEW
        if any(self.table(a) is not None for a in args):
            return self._of_no_observations(op, args, shapes, static) or (
                self._result(op, args, shapes, static) if few else None
            )
        sizes = sorted({n for shape in shapes for n in shape or () if n > 1})
        found = []
        for small in SMALL if len(sizes) <= len(SMALL[0]) else ():
            places = {0: 0, 1: 1, **dict(zip(sizes, small, strict=False))}
            given = [tuple(places[n] for n in shape or ()) for shape in shapes]
            result = self._result(op, args, given, static)
            back = {n: size for size, n in places.items()}
            found.append(None if result is None else tuple(back.get(n) for n in result))
        if found and found[0] is not None and found[0] == found[-1] and None not in found[0]:
            return found[0]
        return self._result(op, args, shapes, static) if few else None

    def _of_no_observations(
        self, op: Primitive, args: tuple[Atom, ...], shapes: list[Any], static: dict[str, Any]
    ) -> tuple | None:
        """The shape of what an operation over windows gives for none of its last axis, which is the batch's.

        What else has the axis' size is the batch, too, or else the operation refuses these arrays: the last
        axes of other arrays, or any axes.
        """
        at = next(k for k, shape in enumerate(shapes) if shape)
        batch = shapes[at][-1]
        last = [shape and (*shape[:-1], 0 if shape[-1] == batch else shape[-1]) for shape in shapes]
        every = [shape and tuple(0 if n == batch else n for n in shape) for shape in shapes]
        for given in ([*shapes[:at], last[at], *shapes[at + 1 :]], last, every):
            result = self._result(op, args, given, static)
            if result is not None:
                return tuple(batch if n == 0 else n for n in result)
        return None

    def _result(
        self, op: Primitive, args: tuple[Atom, ...], shapes: list[Any], static: dict[str, Any]
    ) -> tuple | None:
        given: list[Any] = []
        for atom, shape in zip(args, shapes, strict=True):
            type_ = self.program.type_of(atom)
            if (table := self.table(atom)) is not None:
                given.append(table)
            elif isinstance(type_, Array):
                given.append(np.zeros(shape, type_.dtype))
            else:
                given.append(shape if isinstance(type_, Shape) else self.number(atom))
        result = None if any(g is None for g in given) else _tried(op.body, given, static)
        return None if result is None else np.shape(result)

    def _given(self, value: Value) -> tuple | None:
        """The shape of an array, or one that is a value."""
        if not isinstance(self.types[value], Shape):
            return self.shape(value) if isinstance(self.types[value], Array) else None
        made = self.outline.defined.get(value)
        if not isinstance(made, Assign) or not made.op.name.startswith("shape"):
            return None
        if made.op.name == "shape":
            return self.shape(made.args[0])  # type: ignore[arg-type]
        sizes = tuple(self.number(a) for a in made.args)
        return None if None in sizes else sizes

    def _either(self, *atoms: Atom) -> tuple | None:
        shapes = (self.shape(a) for a in atoms if isinstance(a, Value))
        return next((s for s in shapes if s is not None), None)

    def _broadcast(self, args: Iterable[Atom]) -> tuple | None:
        arrays = [a for a in args if isinstance(a, Value) and isinstance(self.types[a], Array)]
        shapes = [self.shape(a) for a in arrays]
        return None if None in shapes else _tried(np.broadcast_shapes, shapes, {})


@cache
def _rules(count: int) -> dict[Any, str]:
    return {
        rule: by for declared in registry.values() if isinstance(declared, Primitive)
        for by, rule in declared.adjoints.items()
    }  # fmt: skip


def _argument(rule: Any) -> str:
    """The argument whose cotangent an adjoint rule gives."""
    return _rules(len(registry)).get(rule, "") if rule is not None else ""


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
