"""Which arrays a block fills before it reads them.

    for _ in range(steps):
        k[0] = x[0]
        for i in range(1, n):            every place of `k` is set, in two pieces, before one is read:
            k[i] = x[i] * y[i - 1]       no trip sees what another one left there
        for i in range(n):
            y[i] += h * k[i]

An element, a loop over some places or an assignment to all are *pieces* from one place to another; places are
counted from the front or from the end, since the length is no number here.  A piece joins those before it
where it starts no later than they end, whatever the length: ``[0, 1)`` and ``[1, n)`` are all, ``[0, 1)`` and
``[2, n)`` and ``[0, 3)`` and ``[n - 2, n)`` are not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ..ir import (
    Assign, Atom, Block, Const, For, If, Read, Span, Statement, Store, Value, While, atoms_read, blocks_of,
    walk,
)
from .memory import Memory
from .outline import Outline
from .shapes import Shapes

__all__ = ["Filling"]


@dataclass(frozen=True, slots=True)
class _Place:
    """A place on the first axis, so far from the front or (``end``) before the end."""

    offset: int
    end: bool = False

    def reaches(self, other: "_Place") -> bool:
        """Whether the other place is certainly not behind this one."""
        if self.end == other.end:
            return self.offset <= other.offset if self.end else self.offset >= other.offset
        return other == _FRONT

    def before(self, count: int) -> "_Place | None":
        """The place so far before this one; None if there certainly is none, or it is not known to be."""
        if count < 0 or (not self.end and count > self.offset):
            return None
        return _Place(self.offset + (count if self.end else -count), self.end)


_FRONT, _END = _Place(0), _Place(0, end=True)


class Filling:
    """The facts that tell what a block fills."""

    def __init__(self, outline: Outline, memory: Memory, shapes: Shapes):
        self.outline = outline
        self.memory = memory
        self.shapes = shapes
        self.touching: dict[Value, list[Statement]] = {}
        for s in outline.statements:
            atoms = (a for a in atoms_read(s) if isinstance(a, Value) and a in memory.root)
            for root in {memory.root[a] for a in atoms}:  # type: ignore[index]
                self.touching.setdefault(root, []).append(s)

    def is_new(self, block: Block, array: Value) -> bool:
        """Whether a block reads no element of an array, given by its root, that it has not set before."""
        return self._filled(block, array) is not None

    def _filled(self, block: Block, array: Value) -> bool | None:
        """Whether a block sets every element of an array, so that none is read before; None if one may be."""
        pieces: list[tuple[_Place, _Place]] = []
        for s in block:
            if not self._touches(s, array):
                continue
            piece = self._piece(s, array)
            if piece is not None:
                pieces.append(piece)
                if _joined(pieces, self._end(array)):
                    return True
                continue
            if isinstance(s, Assign | Read | Store):
                return None
            ways = [self._filled(b, array) for b in blocks_of(s)]
            if isinstance(s, While):
                if self._touches_any(s.test, array) or ways[1] is None:
                    return None
            elif not isinstance(s, For | If) or None in ways:
                return None
            elif isinstance(s, If) and all(ways):
                return True
            # A loop may make no trip: what comes after it has to fill the array itself.
        return False

    def _touches(self, s: Statement, array: Value) -> bool:
        return self._touches_any((s,), array)

    def _touches_any(self, block: Block, array: Value) -> bool:
        inside = {id(s) for s in walk(block)}
        return any(id(t) in inside for t in self.touching.get(array, ()))

    # ------------------------------------------------------------------ pieces

    def _piece(self, s: Statement, array: Value) -> tuple[_Place, _Place] | None:
        """From where to where a statement sets all elements, reading none before."""
        if isinstance(s, Store):
            if s.base != array or s.mode != "set" or s.value == array:
                return None
            entries = s.index.entries
            if all(entry == Span() for entry in entries):
                return _FRONT, self._end(array)
            first = self._place(entries[0], array, counted_back=True)
            rest = all(entry == Span() for entry in entries[1:])
            if first is None or not rest:
                return None
            return first, _Place(first.offset + (-1 if first.end else 1), first.end)
        if isinstance(s, Assign):
            return (_FRONT, self._end(array)) if s.op.name == "fill" and s.args[0] == array else None
        return self._nest(s, array)

    def _nest(self, s: Statement, array: Value) -> tuple[_Place, _Place] | None:
        """The same for a nest of loops: over some of the first axis, and all of the others."""
        indices: list[Value] = []
        keys = self.shapes.key(array)
        found: tuple[_Place, _Place] | None = None
        while isinstance(s, For):
            if len(indices) == len(keys) or s.stop_flag is not None or s.step != Const(1):
                return None
            if not indices:
                start, stop = self._place(s.start, array), self._place(s.stop, array)
                if start is None or stop is None:
                    return None
                found = start, stop
            elif s.start != Const(0) or self._size(s.stop) != keys[len(indices)]:
                return None
            indices.append(s.index)
            first = next((t for t in s.body if self._touches(t, array)), None)
            if isinstance(first, Store):
                whole = len(indices) == len(keys) and self._sets_its_place(first, s.body, array, indices)
                return found if whole else None
            if first is None or sum(self._touches(t, array) for t in s.body) != 1:
                return None  # what else stands there sees only a part of it filled
            s = first
        return None

    def _sets_its_place(self, store: Store, body: Block, array: Value, indices: Sequence[Value]) -> bool:
        """Whether a trip sets the place that its counters name, and reads no other."""
        place = tuple(indices)
        if store.base != array or store.mode != "set" or store.index.entries != place or store.value == array:
            return False
        rest = [t for t in walk(body) if any(t is u for u in self.touching[array]) and t is not store]
        return all(isinstance(t, Read | Store) and t.base == array and t.index.entries == place for t in rest)

    def _end(self, array: Value) -> _Place:
        """The end of the first axis."""
        size = self.shapes.key(array)[0]
        return _Place(size[1]) if size[0] == "const" else _END

    def _place(self, atom: object, array: Value, counted_back: bool = False) -> _Place | None:
        """A number as a place on the first axis of an array; None if it is something else.

        Of indices, negative ones are counted from the end.
        """
        end = self._end(array)
        if isinstance(atom, Const) and isinstance(atom.value, int):
            if atom.value >= 0:
                return _Place(atom.value)
            return end.before(-atom.value) if counted_back else None
        if not isinstance(atom, Value):
            return None
        if self._size(atom) == self.shapes.key(array)[0]:
            return end
        made = self.outline.defined.get(atom)
        if isinstance(made, Assign) and made.op.name == "subtract":
            a, b = made.args
            if isinstance(b, Const) and isinstance(b.value, int) and self._place(a, array) == end:
                return end.before(b.value)
        return None

    def _size(self, atom: Atom) -> tuple:
        """The key of a number that is the size of something, as `Shapes` has it."""
        made = self.outline.defined.get(atom) if isinstance(atom, Value) else None
        if isinstance(made, Assign) and isinstance(made.args[0] if made.args else None, Value):
            if made.op.name == "dim":
                return self.shapes.key(made.args[0])[dict(made.static)["axis"]]  # type: ignore[arg-type]
            if made.op.name == "size":
                key = self.shapes.key(made.args[0])  # type: ignore[arg-type]
                return key[0] if len(key) == 1 else ("value", atom)
        return ("const", atom.value) if isinstance(atom, Const) else ("value", atom)


def _joined(pieces: Sequence[tuple[_Place, _Place]], end: _Place) -> bool:
    """Whether pieces are together all of an axis."""
    reached = _FRONT
    for _ in pieces:
        for start, stop in pieces:
            if reached.reaches(start) and not reached.reaches(stop):
                reached = stop
    return reached == end
