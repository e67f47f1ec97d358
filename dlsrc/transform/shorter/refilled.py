"""Shadows that are filled, read and emptied again and again → written over.

A buffer that every step of a loop fills has a shadow that every step, on the way back, adds to, reads and
leaves empty.  Where what comes next would fill the same places, it may as well write over them:

    for _ in range(steps - 1, -1, -1):           for _ in range(steps - 1, -1, -1):
        for i in range(n):                           for i in range(n):
            dk[i] += h * dy[i]            →              dk[i] = h * dy[i]
        for i in range(1, n):                        for i in range(1, n):
            v = dk[i]                                    v = dk[i]
            dk[i] = 0.0                                  dx[i] += v * y[i]
            dx[i] += v * y[i]                        v = dk[0]
        v = dk[0]                                    dx[0] += v
        dk[0] = 0.0
        dx[0] += v

A trip is one *round* or several.  A round is opened by a loop that adds once to each of its places; it is
closed when these have been emptied, each after its last read.  No place but those of the opening may have
been added to, and the next round, or the first one of the next trip, opens all that this one did.  What is
read elsewhere is the zero that it has always been.
"""

from collections.abc import Set
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

from ...records import record, replace
from ..facts.fresh import Fresh
from ..facts.places import FRONT, Piece, Place, Places, covers
from ..facts.shapes import Shapes
from ..ir import (
    Assign, Block, Const, For, Program, Read, Statement, Store, Value, atoms_read, blocks_of, walk,
    with_blocks,
)

__all__ = ["written_over"]


@record(frozen=True)
class _Visit:
    """What a statement of a trip does with the array: "adds", "empties", "reads" its places, or "other"."""

    does: str
    piece: Piece | None = None
    store: Store | None = None


def written_over(program: Program) -> Program:
    """The program with shadows written over where each trip of a loop fills, reads and empties them."""
    fresh = Fresh(program)
    origin = {v: s for v, s in fresh.outline.defined.items() if isinstance(s, Assign)}
    shapes = Shapes(SimpleNamespace(types=program.types, origin=origin))  # type: ignore[arg-type]
    shapes.block(program.body)
    places = Places(fresh.outline, shapes)
    opened: set[int] = set()
    emptied: set[int] = set()
    for loop in fresh.outline.statements:
        if not isinstance(loop, For):
            continue
        for array in fresh.zeros:
            if not fresh.only_in(array, loop):
                continue
            rounds = _Rounds(array, fresh, places)
            if all(rounds.goes_on(rounds.visit(s)) for s in loop.body if rounds.touches(s)) and rounds.fit():
                opened.update(map(id, rounds.opened))
                emptied.update(map(id, rounds.emptied))
    return program.with_body(_edited(program.body, opened, emptied), program.types) if opened else program


class _Rounds:
    def __init__(self, array: Value, fresh: Fresh, places: Places):
        self.array = array
        self.root = fresh.memory.root
        self.places = places
        self.opened: list[Store] = []
        self.emptied: list[Store] = []
        self.filled: list[Piece] = []    # what each round opened
        self.open: Piece | None = None   # in the round at hand
        self.closed: list[Piece] = []    # what of it is empty again

    def fit(self) -> bool:
        """Whether every round is closed, and the next one fills what it did."""
        if self.open is not None or not self.filled:
            return False
        return all(covers([after], piece) for piece, after in pairwise((*self.filled, self.filled[0])))

    def goes_on(self, visit: _Visit) -> bool:
        """Take a statement into account; False if the trip is no sequence of rounds."""
        piece = visit.piece
        if self.open is None:
            if visit.does != "adds" or piece is None or visit.store is None:
                return False
            self.open, self.closed = piece, []
            self.opened.append(visit.store)
            self.filled.append(piece)
            return True
        if visit.does in ("adds", "other"):
            whole = covers([self.open], (FRONT, self.places.end(self.array)))
            return not self.closed and (whole or piece is not None and covers([self.open], piece))
        if self.closed and (piece is None or not all(_apart(piece, other) for other in self.closed)):
            return False
        if visit.does == "empties":
            assert piece is not None and visit.store is not None
            self.emptied.append(visit.store)
            self.closed.append(piece)
            if covers(self.closed, self.open):
                self.open = None
        return True

    # ------------------------------------------------------------------ one statement

    def touches(self, s: Statement) -> bool:
        return any(self.is_it(a) for t in walk((s,)) for a in atoms_read(t))

    def is_it(self, atom: Any) -> bool:
        return isinstance(atom, Value) and self.root.get(atom) == self.array

    def writes(self, s: Statement) -> bool:
        return any(
            isinstance(t, Store) or isinstance(t, Assign) and (t.op.effect or t.op.writes)
            for t in walk((s,)) if any(map(self.is_it, atoms_read(t)))
        )

    def visit(self, s: Statement) -> _Visit:
        found = self.spanned(s)
        if found is not None:
            piece, touching = found
            *before, last = touching
            reads = all(isinstance(t, Read) for t in before)
            if isinstance(last, Read) and reads:
                return _Visit("reads", piece)
            if isinstance(last, Store) and last.mode == "add" and not before and not self.is_it(last.value):
                return _Visit("adds", piece, last)
            if isinstance(last, Store) and last.mode == "set" and last.value == Const(0.0) and reads:
                return _Visit("empties", piece, last)
            return _Visit("other", piece)
        return _Visit("other" if self.writes(s) else "reads")

    def spanned(self, s: Statement) -> tuple[Piece, list[Read | Store]] | None:
        """The places that a statement goes through, each once, and what it does at each; None if it is not
        as simple as that."""
        array, places = self.array, self.places
        if isinstance(s, Read | Store):
            first, *rest = s.index.entries
            place = places.index(first, array)
            last = places.end(array).shifted(-1)
            if place is None or rest or not (isinstance(first, Const) or place == last):
                return None
            return ((place, place.shifted(1)), [s]) if self.is_plain(s) and self.is_known(place) else None
        loops: list[For] = []
        touching: list[Statement] = [s]
        while len(touching) == 1 and isinstance(touching[0], For):
            loops.append(touching[0])
            touching = [t for t in touching[0].body if self.touches(t)]
        if not loops or not all(isinstance(t, Read | Store) and self.is_plain(t) for t in touching):
            return None
        found, (entries, *others) = places.range(loops[0]), {t.index.entries for t in touching}  # type: ignore[union-attr]
        place = places.of(entries[0])
        if (
            found is None or others or place is None or place.base != ("value", loops[0].index)
            or entries[1:] != tuple(x.index for x in loops[1:])
            or not all(places.is_whole(x, array, axis) for axis, x in enumerate(loops[1:], 1))
        ):
            return None
        start, stop = (p.shifted(place.offset) for p in found)
        known = start.base is None and start.offset >= 0 and self.is_known(stop)
        return ((start, stop), touching) if known else None  # type: ignore[return-value]

    def is_plain(self, s: Read | Store) -> bool:
        """Whether a statement has an element of the array by its own name, and the array as nothing else."""
        elements = len(s.index.entries) == len(self.places.shapes.key(self.array))
        return elements and s.base == self.array and sum(map(self.is_it, atoms_read(s))) == 1

    def is_known(self, place: Place) -> bool:
        """Whether a place is the same in every trip."""
        return place.base in (None, self.places.end(self.array).base)


def _apart(piece: Piece, other: Piece) -> bool:
    return piece[0].reaches(other[1]) or other[0].reaches(piece[1])


def _edited(block: Block, opened: Set[int], emptied: Set[int]) -> Block:
    """The block with some additions as assignments, and without some stores."""

    def one(s: Statement) -> Statement:
        if isinstance(s, Store):
            return replace(s, mode="set") if id(s) in opened else s
        return with_blocks(s, [_edited(b, opened, emptied) for b in blocks_of(s)])

    return tuple(one(s) for s in block if id(s) not in emptied)
