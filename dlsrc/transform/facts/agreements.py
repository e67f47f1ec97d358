"""Which sizes are equal because a statement has been run that refuses all others.

    P = A @ x.T + Q        Q may be spread over rows, or P: nobody knows
    S = H @ P @ H.T        P has as many rows and columns as H has columns, as no error came

Where the reverse sweep is in a block, the statements of this block (those before the gradient) have been
run, and so have those of the blocks around it; in the reverse of a trip, in that trip.  What is the same in
every trip by these sizes keeps its shape: a trip begins when those before it are complete.

Only the sweep asks here.  In the forward program an error may still come.  And only those statements count
that what the program gives depends on: others may be left out in the end, and their errors with them.
"""

from collections.abc import Iterable, Iterator, Sequence

from ...kernels.types import Array
from ..ir import Assign, Block, Carry, Gradient, Statement, Value
from .memory import Memory
from .outline import Outline, Scope, is_loop, slots
from .shapes import Shapes
from .signatures import SIGNATURES, agreeing

__all__ = ["Agreements"]

ONE = ("const", 1)


class _Equal:
    """Keys of sizes that are known to be equal, in groups."""

    def __init__(self) -> None:
        self.parent: dict[tuple, tuple] = {}

    def find(self, key: tuple) -> tuple:
        while key in self.parent:
            key = self.parent[key]
        return key

    def join(self, a: tuple, b: tuple) -> bool:
        """Note that two sizes are equal; whether that is new."""
        a, b = self.find(a), self.find(b)
        if a == b:
            return False
        if a == ONE:  # a size of one stays recognizable
            a, b = b, a
        self.parent[a] = b
        return True


class Agreements:
    """The sizes that are equal where one gradient's sweep is in some block.

    ``lasting`` are the statements, by identity, that the finished program runs whatever the sweep needs.
    """

    def __init__(
        self, shapes: Shapes, outline: Outline, memory: Memory, gradient: Gradient, lasting: frozenset[int]
    ):
        self.shapes = shapes
        self.lasting = lasting
        self.outline = outline
        self.memory = memory
        self.end = outline.position[id(gradient)]
        self.known: dict[tuple, _Equal] = {}

    def same(self, a: Value, b: Value, scopes: Sequence[Scope]) -> bool:
        """Whether two arrays have one shape, where all these scopes' statements have been run."""
        mine, other = self.shapes.key(a), self.shapes.key(b)
        if len(mine) != len(other):
            return False
        equal = self._equal(scopes)
        return all(equal.find(x) == equal.find(y) for x, y in zip(mine, other, strict=True))

    def like(self, value: Value, scopes: Sequence[Scope]) -> Iterator[Value]:
        """Other arrays of the same shape there."""
        equal = self._equal(scopes)
        wanted = [equal.find(key) for key in self.shapes.key(value)]
        for other, key in list(self.shapes.keys.items()):
            if other != value and [equal.find(k) for k in key] == wanted:
                yield other

    def sizes(self, key: tuple, scopes: Sequence[Scope]) -> Iterator[tuple]:
        """The keys of all sizes that are equal to this one there, itself first."""
        yield key
        equal = self._equal(scopes)
        wanted = equal.find(key)
        for other in (*equal.parent, wanted):
            if other != key and equal.find(other) == wanted:
                yield other

    # ------------------------------------------------------------------ collecting

    def _equal(self, scopes: Sequence[Scope]) -> _Equal:
        places = {(id(s), slot): (s, slot) for scope in scopes for s, slot in scope}
        found = self.known.get(tuple(places))
        if found is None:
            found = self.known[tuple(places)] = self._collected(list(places.values()))
        return found

    def _collected(self, places: list[tuple[Statement, str]]) -> _Equal:
        """The equal sizes of blocks, outermost first: what a loop hands on is judged by its own body and the
        blocks around it, as a trip before may have taken another way inside."""
        run = list(self._run(self.outline.program.body))
        held: list[Carry] = []
        for s, slot in sorted(places, key=lambda place: len(self.outline.scope[id(place[0])])):
            run += self._run(dict(slots(s))[slot])
            if is_loop(s) and slot == "body":
                held += self._steady(list(self._arrays(s)), held, run)
        return self._closed(held, run)

    def _steady(self, carried: list[Carry], held: list[Carry], run: list[Assign]) -> list[Carry]:
        """Those that have the same shape in every trip."""
        while True:
            equal = self._closed(held + carried, run)
            kept = [c for c in carried if self._stays(equal, c)]
            if len(kept) == len(carried):
                return carried
            carried = kept

    def _closed(self, held: list[Carry], run: list[Assign]) -> _Equal:
        equal = _Equal()
        for carry in held:
            self._join(equal, carry.header, carry.init)
        self._close(equal, run)
        return equal

    def _run(self, block: Block) -> Iterator[Assign]:
        for s in block:
            if self.outline.position[id(s)] >= self.end:
                return
            if isinstance(s, Assign) and id(s) in self.lasting:
                yield s

    def _arrays(self, loop: Statement) -> Iterator[Carry]:
        for carry in loop.carries:  # type: ignore[attr-defined]
            arrays = (carry.header, carry.init, carry.out)
            if all(isinstance(a, Value) and self._is_array(a) for a in arrays):
                yield carry

    def _is_array(self, atom: object) -> bool:
        """An array of one length: a column that grows has another one in each of its versions."""
        return (
            isinstance(atom, Value) and isinstance(self.shapes.ctx.types.get(atom), Array)
            and self.memory.root.get(atom) not in self.memory.grown
        )  # fmt: skip

    def _join(self, equal: _Equal, a: Value, b: Value) -> bool:
        keys = zip(self.shapes.key(a), self.shapes.key(b), strict=True)
        return any([equal.join(x, y) for x, y in keys])

    def _stays(self, equal: _Equal, carry: Carry) -> bool:
        keys = zip(self.shapes.key(carry.header), self.shapes.key(carry.out), strict=True)
        return all(equal.find(x) == equal.find(y) for x, y in keys)

    def _close(self, equal: _Equal, run: Iterable[Assign]) -> None:
        """Join what the statements need to be equal, until nothing is new."""
        spread = []
        for s in run:
            if s.op.name in SIGNATURES:
                first: dict[str, tuple] = {}
                for letter, argument, axis in agreeing(s):
                    if self._is_array(argument):
                        key = self.shapes.key(argument)[axis]
                        equal.join(key, first.setdefault(letter, key))
            elif s.op.elementwise and self._is_array(s.target):
                arrays = [self.shapes.key(a) for a in s.args if self._is_array(a)]
                if len(arrays) == sum(isinstance(self.shapes.ctx.types.get(a), Array) for a in s.args
                                      if isinstance(a, Value)):  # fmt: skip
                    spread.append((self.shapes.key(s.target), arrays))
        new = True
        while new:
            new = any([self._spread(equal, target, arrays) for target, arrays in spread])

    @staticmethod
    def _spread(equal: _Equal, target: tuple, arrays: list[tuple]) -> bool:
        """A dimension of a result is that of the operands which have more than one entry, if they agree."""
        new = False
        for axis in range(-len(target), 0):
            sizes = {equal.find(key[axis]) for key in arrays if len(key) >= -axis} - {equal.find(ONE)}
            if len(sizes) == 1:
                new |= equal.join(target[axis], sizes.pop())
        return new
