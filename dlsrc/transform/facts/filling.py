"""Which arrays a block fills before it reads them.

    for _ in range(steps):
        k[0] = x[0]
        for i in range(1, n):            every place of `k` is set, in two pieces, before one is read:
            k[i] = x[i] * y[i - 1]       no trip sees what another one left there
        for i in range(n):
            y[i] += h * k[i]

An element, a loop over some places or an assignment to all are *pieces* from one place to another (`places`).
Together they are all where each starts no later than another ends, whatever the length: ``[0, 1)`` and
``[1, n)`` are, ``[0, 1)`` and ``[2, n)`` or ``[0, 3)`` and ``[n - 2, n)`` are not.
"""

from collections.abc import Sequence

from ..ir import (
    Assign, Block, For, If, Read, Span, Statement, Store, Value, While, atoms_read, blocks_of, walk,
)
from .memory import Memory
from .outline import Outline
from .places import FRONT, Piece, Places, covers
from .shapes import Shapes

__all__ = ["Filling"]


class Filling:
    """The facts that tell what a block fills."""

    def __init__(self, outline: Outline, memory: Memory, shapes: Shapes):
        self.outline = outline
        self.memory = memory
        self.shapes = shapes
        self.places = Places(outline, shapes)
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
        pieces: list[Piece] = []
        for s in block:
            if not self._touches(s, array):
                continue
            piece = self._piece(s, array)
            if piece is not None:
                pieces.append(piece)
                if covers(pieces, self._whole(array)):
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

    def _whole(self, array: Value) -> Piece:
        return FRONT, self.places.end(array)

    def _piece(self, s: Statement, array: Value) -> Piece | None:
        """From where to where a statement sets all elements, reading none before."""
        if isinstance(s, Store):
            if s.base != array or s.mode != "set" or s.value == array:
                return None
            entries = s.index.entries
            if all(entry == Span() for entry in entries):
                return self._whole(array)
            first = self.places.index(entries[0], array)
            rest = all(entry == Span() for entry in entries[1:])
            return (first, first.shifted(1)) if first is not None and rest else None
        if isinstance(s, Assign):
            return self._whole(array) if s.op.name == "fill" and s.args[0] == array else None
        return self._nest(s, array)

    def _nest(self, s: Statement, array: Value) -> Piece | None:
        """The same for a nest of loops: over some of the first axis, and all of the others."""
        indices: list[Value] = []
        ndim = len(self.shapes.key(array))
        found: Piece | None = None
        while isinstance(s, For):
            if len(indices) == ndim:
                return None
            if not indices:
                found = self.places.range(s)
            elif not self.places.is_whole(s, array, len(indices)):
                return None
            indices.append(s.index)
            first = next((t for t in s.body if self._touches(t, array)), None)
            if isinstance(first, Store):
                whole = len(indices) == ndim and self._sets_its_place(first, s.body, array, indices)
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
