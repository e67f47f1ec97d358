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

from types import SimpleNamespace
from typing import Any

from ...kernels.primitive import registry
from ...kernels.types import Scalar, is_float
from ...records import replace
from ..facts.filling import Filling
from ..facts.memory import Memory, analyze
from ..facts.outline import Outline
from ..facts.shapes import Shapes
from ..ir import Assign, Atom, For, Gradient, Program, Statement, Store, Value, walk
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
        shapes = Shapes(SimpleNamespace(types=self.types, origin=made))  # type: ignore[arg-type]
        shapes.block(program.body)
        self.filling = Filling(outline, memory, shapes)
        self.returned = {memory.root[a] for a in program.returns if isinstance(a, Value) and a in memory.root}

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
        if not all(any(t is loop for t, _ in outline.scope[id(s)]) for s in self.filling.touching[array]):
            return False
        return self.filling.is_new(loop.body, array)
