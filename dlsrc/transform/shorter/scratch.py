"""Arrays that every trip of a loop fills before it reads them belong to the trip.

    r = np.zeros(k)                          for i in range(n):
    for i in range(n):                           r = np.empty(k)
        for c in range(k):             →         for c in range(k):
            r[c] = a[c] * x[i]                       r[c] = a[c] * x[i]
        s += np.log(np.sum(np.exp(r)))           s += np.log(np.sum(np.exp(r)))

It is one buffer only to save an allocation: no trip sees what another one left there.  With memory of its own
a trip hands nothing on but sums, and is swept backwards at its own end (`sums`).

Conditions: nothing outside of the loop touches the array; in a trip, no element is read, nor written for
itself, before a loop over all places (or an assignment to all) has set every one of them.  Loops are moved
into only where that makes them such loops of sums: all they write to from outside has to be scratch.
"""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from ...kernels.primitive import registry
from ...kernels.types import Scalar, is_float
from ..facts.memory import Memory, analyze
from ..facts.outline import Outline
from ..facts.shapes import Shapes
from ..ir import (
    Assign, Atom, Block, Const, For, Gradient, If, Program, Read, Span, Statement, Store, Value, While,
    atoms_read, blocks_of, walk,
)
from ..sweep.sums import adds_only

__all__ = ["own_scratch"]

_EMPTY = {"zeros_vector": "empty_vector", **{f"zeros{k}": f"empty{k}" for k in range(2, 6)}}
_ALLOCATING = frozenset(_EMPTY) | frozenset(_EMPTY.values())


def own_scratch(program: Program) -> Program:
    """The program whose loops of sums have their scratch arrays inside of them."""
    block = program.body
    gradients = [s for s in walk(block) if isinstance(s, Gradient)]
    if len(gradients) != 1 or not any(s is gradients[0] for s in block):
        return program
    outline = Outline(program)
    scratch = _Scratch(program, outline, analyze(program, outline))
    moved: dict[int, list[Assign]] = {}
    for s in block:
        if s is gradients[0]:
            break
        if isinstance(s, For) and s.stop_flag is None and s.trips is None:
            arrays = scratch.of(s)
            if arrays:
                moved[id(s)] = arrays
    gone = {id(made) for arrays in moved.values() for made in arrays}
    body: list[Statement] = []
    for s in block:
        if id(s) in moved:
            inside = [replace(m, op=registry[_EMPTY.get(m.op.name, m.op.name)]) for m in moved[id(s)]]
            s = replace(s, body=(*inside, *s.body))  # type: ignore[type-var, union-attr]
        if id(s) not in gone:
            body.append(s)
    return program.with_body(tuple(body))


class _Scratch:
    def __init__(self, program: Program, outline: Outline, memory: Memory):
        self.outline = outline
        self.memory = memory
        self.types = program.types
        made = {v: s for v, s in outline.defined.items() if isinstance(s, Assign)}
        self.made = made
        self.shapes = Shapes(SimpleNamespace(types=self.types, origin=made))  # type: ignore[arg-type]
        self.shapes.block(program.body)
        self.touching: dict[Value, list[Statement]] = {}
        for s in outline.statements:
            for root in self.roots(s):
                self.touching.setdefault(root, []).append(s)
        self.returned = {memory.root[a] for a in program.returns if isinstance(a, Value) and a in memory.root}

    def roots(self, s: Statement) -> set[Value]:
        """The memory that a statement itself reads or writes."""
        atoms = [a for a in atoms_read(s) if isinstance(a, Value)]
        return {self.memory.root[a] for a in atoms if a in self.memory.root}

    def of(self, loop: For) -> list[Assign]:
        """The allocations to move into a loop; none unless it is a loop of sums then."""
        for carry in loop.carries:
            type_ = self.types[carry.header]
            if not isinstance(type_, Scalar):
                return []
            sums: set[Atom] = {carry.header}
            if is_float(type_) and carry.out != carry.header:
                if not adds_only(loop.body, sums) or carry.out not in sums:
                    return []
        found: dict[Value, Assign] = {}
        for s in walk(loop.body):
            base: Any = s.base if isinstance(s, Store) else None
            if isinstance(s, Assign) and s.op.writes:
                base = s.args[0] if s.args else None
            if base is None or base not in self.memory.root:
                continue
            root = self.memory.root[base]
            if any(t is loop for t, _ in self.outline.home[root]):
                continue
            made = self.outline.defined[root]
            if not isinstance(made, Assign) or not self.is_scratch(root, made, loop):
                return []
            found[root] = made
        return list(found.values())

    def is_scratch(self, array: Value, made: Assign, loop: For) -> bool:
        """Whether the array is only there for the loop, and every trip fills it first."""
        outline = self.outline
        if (
            made.op.name not in _ALLOCATING or outline.scope[id(made)] != outline.scope[id(loop)]
            or array in self.returned or self.memory.roots_shared_with(array) != {array}
        ):
            return False
        if not all(any(t is loop for t, _ in outline.scope[id(s)]) for s in self.touching[array]):
            return False
        return self.filled(loop.body, array) is not None

    # ------------------------------------------------------------------ filled first

    def filled(self, block: Block, array: Value) -> bool | None:
        """Whether a block sets every element of an array, so that none is read before; None if one may be."""
        for s in block:
            if not self.touches(s, array):
                continue
            if self.fills(s, array):
                return True
            if isinstance(s, Assign | Read | Store):
                return None
            ways = [self.filled(b, array) for b in blocks_of(s)]
            if isinstance(s, While):
                if self.touches_any(s.test, array) or ways[1] is None:
                    return None
            elif not isinstance(s, For | If) or None in ways:
                return None
            elif isinstance(s, If) and all(ways):
                return True
            # A loop may make no trip: what comes after it has to fill the array itself.
        return False

    def touches(self, s: Statement, array: Value) -> bool:
        return self.touches_any((s,), array)

    def touches_any(self, block: Block, array: Value) -> bool:
        inside = {id(s) for s in walk(block)}
        return any(id(t) in inside for t in self.touching.get(array, ()))

    def fills(self, s: Statement, array: Value) -> bool:
        """Whether a statement sets all elements and reads none before: a nest of loops over all places."""
        if isinstance(s, Store):
            whole = all(entry == Span() for entry in s.index.entries)
            return s.mode == "set" and whole and s.base == array and s.value != array
        if isinstance(s, Assign):
            return s.op.name == "fill" and s.args[0] == array
        indices: list[Value] = []
        keys = self.shapes.key(array)
        while isinstance(s, For):
            if (
                len(indices) == len(keys) or s.stop_flag is not None
                or (s.start, s.step) != (Const(0), Const(1)) or self.size(s.stop) != keys[len(indices)]
            ):
                return False
            indices.append(s.index)
            first = next((t for t in s.body if self.touches(t, array)), None)
            if isinstance(first, Store):
                return self.sets_its_place(first, s.body, array, indices) and len(indices) == len(keys)
            if first is None or sum(self.touches(t, array) for t in s.body) != 1:
                return False  # what else stands there sees only a part of it filled
            s = first
        return False

    def sets_its_place(self, store: Store, body: Block, array: Value, indices: list[Value]) -> bool:
        """Whether a trip sets the place that its counters name, and reads no other."""
        place = tuple(indices)
        if store.base != array or store.mode != "set" or store.index.entries != place or store.value == array:
            return False
        rest = [t for t in walk(body) if any(t is u for u in self.touching[array]) and t is not store]
        return all(isinstance(t, Read | Store) and t.base == array and t.index.entries == place for t in rest)

    def size(self, atom: Atom) -> tuple:
        """The key of a number that is the size of something, as `Shapes` has it."""
        made = self.made.get(atom) if isinstance(atom, Value) else None
        if made is not None and made.op.name == "dim" and isinstance(made.args[0], Value):
            return self.shapes.key(made.args[0])[dict(made.static)["axis"]]
        if made is not None and made.op.name == "size" and isinstance(made.args[0], Value):
            key = self.shapes.key(made.args[0])
            return key[0] if len(key) == 1 else ("value", atom)
        return ("const", atom.value) if isinstance(atom, Const) else ("value", atom)
