"""Places on the first axis of an array, as far as they are known: so far from the front, or from a number.

    k[0], k[i] for i in range(1, n)      0, and from 1 to n
    k[-1], k[n - 1]                      the number `n` less 1, where `k` has `n` elements

Two places can be compared where they are counted from the same number; nothing is before the front.
"""

from ...records import record
from ..ir import Assign, Atom, Const, For, Value
from .outline import Outline
from .shapes import Shapes

__all__ = ["FRONT", "Piece", "Place", "Places", "covers"]


@record(frozen=True)
class Place:
    """A place so far behind a number: a size by its key (`Shapes`), another value, or None for 0."""

    base: object
    offset: int

    def reaches(self, other: "Place") -> bool:
        """Whether the other place is certainly not behind this one."""
        return other == FRONT or self.base == other.base and self.offset >= other.offset

    def shifted(self, by: int) -> "Place":
        return Place(self.base, self.offset + by)


FRONT = Place(None, 0)

# From the first place to the one behind the last.
Piece = tuple[Place, Place]


def covers(pieces: list[Piece], piece: Piece) -> bool:
    """Whether pieces together have every place of another one, whatever the numbers are."""
    first, end = piece
    reached, left = {first}, list(pieces)
    while not any(place.reaches(end) for place in reached):
        joined = [p for p in left if any(place.reaches(p[0]) for place in reached)]
        if not joined:
            return False
        reached |= {stop for _, stop in joined}
        left = [p for p in left if p not in joined]
    return True


class Places:
    """The facts that tell what place a number is."""

    def __init__(self, outline: Outline, shapes: Shapes):
        self.outline = outline
        self.shapes = shapes

    def end(self, array: Value) -> Place:
        """The place behind the last one."""
        return _sized(self.shapes.key(array)[0])

    def of(self, atom: object) -> Place | None:
        """A number as a place; None if it is none."""
        if isinstance(atom, Const):
            return Place(None, int(atom.value)) if isinstance(atom.value, int) else None
        if not isinstance(atom, Value):
            return None
        made = self.outline.defined.get(atom)
        wraps = getattr(self.shapes.ctx.types[atom], "dtype", None) != "int64"  # 0 - 1 is 255 for a uint8
        if isinstance(made, Assign) and made.op.name in ("add", "subtract") and not wraps:
            a, b = made.args
            if made.op.name == "add" and isinstance(a, Const):
                a, b = b, a
            if isinstance(b, Const) and isinstance(b.value, int):
                found = self.of(a)
                sign = 1 if made.op.name == "add" else -1
                return None if found is None else found.shifted(sign * b.value)
        return _sized(self.size(atom))

    def range(self, loop: For) -> Piece | None:
        """The numbers that a loop counts through, one by one and in whatever order; None if not known."""
        start, stop = self.of(loop.start), self.of(loop.stop)
        if start is None or stop is None or loop.stop_flag is not None:
            return None
        if loop.step == Const(-1):
            return stop.shifted(1), start.shifted(1)
        return (start, stop) if loop.step == Const(1) else None

    def is_whole(self, loop: For, array: Value, axis: int) -> bool:
        """Whether a loop counts through an axis of an array."""
        return self.range(loop) == (FRONT, _sized(self.shapes.key(array)[axis]))

    def index(self, entry: object, array: Value) -> Place | None:
        """An index as a place: a negative literal is counted from the end."""
        found = self.of(entry)
        if found is not None and found.base is None and found.offset < 0:
            found = self.end(array).shifted(found.offset)
            return None if found.base is None and found.offset < 0 else found
        return found

    def size(self, atom: Atom) -> tuple:
        """The key of a number that is the size of something, as `Shapes` has it."""
        made = self.outline.defined.get(atom) if isinstance(atom, Value) else None
        if isinstance(made, Assign) and made.args and isinstance(made.args[0], Value):
            if made.op.name == "dim":
                return self.shapes.key(made.args[0])[dict(made.static)["axis"]]
            if made.op.name == "size":
                key = self.shapes.key(made.args[0])
                return key[0] if len(key) == 1 else ("value", atom)
        return ("const", atom.value) if isinstance(atom, Const) else ("value", atom)


def _sized(key: tuple) -> Place:
    return Place(None, key[1]) if key[0] == "const" else Place(key, 0)
