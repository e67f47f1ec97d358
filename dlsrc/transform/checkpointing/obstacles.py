"""Why a loop is not run again on the way back.

What it does shows (draws, calls of unknown functions; what it prints is printed once, as a replay is silent),
or what a trip finds cannot be kept (lists, two names for one array), or is large (an array with a place for
each trip, of which each checkpoint would be a copy), or there is nothing to save.

    for t in range(n):
        path[t // 2] = np.sin(path[t])      "it writes to `path` place by place, ..."

An array with a place for each trip is no obstacle where it is a *path*: each trip writes to the places of its
own number only and reads those of trips before, ``path[t + 1] = f(path[t])``.  After the loop all that a trip
has read is still there.
"""

from collections.abc import Iterable

from ...kernels.types import Array, Scalar, Shape, is_float
from .. import activity
from ..facts.memory import Memory, analyze, may_be_one
from ..facts.outline import Outline, is_loop
from ..facts.regions import WRITERS
from ..gradients import first
from ..ir import (
    UNBOUND, Assign, Atom, Block, Const, For, Gradient, If, Program, Read, Statement, Store, Value, While,
    atoms_read, values_defined, walk,
)
from ..sweep.sums import adds_only

__all__ = ["Obstacles", "unread_in"]


class Obstacles:
    """The facts of a program that tell which of its loops can be run again."""

    def __init__(self, program: Program):
        self.program = program
        self.outline = Outline(program)
        self.memory = analyze(program, self.outline)
        self.gradients = [s for s in walk(program.body) if isinstance(s, Gradient)]
        # Whether the statements of a sweep will be swept again themselves.
        self.is_higher = len(first(program, self.outline, self.memory)) < len(self.gradients)
        self.active: set[Value] = set()
        for gradient in self.gradients:
            found = activity.analyze(program, self.outline, self.memory, gradient)
            self.active |= found.varied & found.useful

    def concerns(self, loop: For) -> bool:
        """Whether a derivative passes through a loop."""
        return bool(self.active.intersection(v for s in walk((loop,)) for v in values_defined(s)))

    def obstacle(self, loop: For) -> str | None:
        """Why a loop is not run again on the way back; None if it is."""
        inside = {v for s in walk((loop,)) for v in values_defined(s)}
        results = {c.result for c in loop.carries}
        if not self.concerns(loop):
            return "no derivative passes through it"
        for s in walk(loop.body):
            if isinstance(s, Gradient):
                return "a gradient is taken in it"
            if isinstance(s, Assign) and (why := _unrepeatable(s)):
                return why
        targets = {t for g in self.gradients for t in g.targets if isinstance(t, Value)}
        written = self.written(loop)
        if targets & (inside - results) or any(self.memory.root.get(t) in written for t in targets):
            return "a gradient is taken by a value of it"
        arrays = any(isinstance(self.program.types[v], Array) for v in inside & self.active)
        if self.is_higher and (arrays or written & self.active):
            return "its derivative is differentiated again, and it computes with arrays"
        return self._handed_on(loop, inside) or self._arrays(loop, inside, written)

    def _handed_on(self, loop: For, inside: set[Value]) -> str | None:
        read = {a for s in walk(loop.body) for a in atoms_read(s)} | {c.out for c in loop.carries}
        used = {a for a in (*inside, *read) if isinstance(a, Value)}
        if any(not isinstance(self.program.types[v], Scalar | Array | Shape) for v in used):
            return "it works on lists"
        if any(c.init is UNBOUND and c.header in read for c in loop.carries):
            return "it reads a name that has no value before it"
        if self.adds_only(loop):
            return "its trips only add up, and each is swept at its own end"
        return None

    def adds_only(self, loop: For) -> bool:
        """Whether the loop is one of sums, of which nothing is kept anyway (see `sums`)."""
        if self.written(loop):
            return False
        for carry in loop.carries:
            if not self.active & {carry.header, carry.result}:
                continue
            sums: set[Atom] = {carry.header}
            scalar = isinstance(self.program.types[carry.header], Scalar)
            if not scalar or not adds_only(loop.body, sums) or carry.out not in sums:
                return False
        return True

    def written(self, loop: For) -> set[Value]:
        """The roots of memory from before a trip to which the loop may write."""
        found: set[Value] = set()
        for root, stores in self.memory.stores.items():
            if any(any(around is loop for around, _ in self.outline.scope[id(s)]) for s in stores):
                if not any(around is loop for around, _ in self.memory.born(root)):
                    found |= self.memory.roots_shared_with(root)
        return found

    def _arrays(self, loop: For, inside: set[Value], written: set[Value]) -> str | None:
        memory, types = self.memory, self.program.types
        if written & memory.entangled or memory.grown & {memory.root.get(v) for v in inside}:
            return "two of its names may be one array"
        headers = {c.header for c in loop.carries}
        free = {
            memory.root[a] for s in walk(loop.body) for a in atoms_read(s)
            if isinstance(a, Value) and a in memory.root and (a not in inside or a in headers)
        }
        there = sorted(free & written, key=lambda v: v.number)
        silent = unread_in(loop, memory)
        for root in there:
            name = f"`{root!r}`" if root.hint else "an array"
            if any(may_be_one(memory, root, other) for other in free - {root}):
                return f"{name} and another name may be one array"
            if root in silent or self.is_path(loop, root):
                continue
            if types[root].layout != "C":
                return f"it writes to {name}, which is not in C order"
            if self.is_trajectory(loop, root):
                return f"it writes to {name} place by place, and a checkpoint would be a copy of all of it"
        return None

    def paths(self, loop: For) -> tuple[Value, ...]:
        """The arrays that are paths of a loop, by their roots."""
        written = sorted(self.written(loop), key=lambda v: v.number)
        return tuple(root for root in written if self.is_path(loop, root))

    def is_path(self, loop: For, root: Value) -> bool:
        """Whether a trip writes only to places that the counter and one offset name, and reads only those to
        which trips before have written, or none does; and nothing writes to the array afterwards."""
        outline, memory = self.outline, self.memory
        place = outline.position[id(loop)]
        around = any(is_loop(s) for s, _ in outline.scope[id(loop)])
        later = any(
            outline.position[id(s)] > place and not any(t is loop for t, _ in outline.scope[id(s)])
            for s in memory.stores.get(root, ())
        )
        if around or later or memory.roots_shared_with(root) != {root} or loop.stop_flag is not None:
            return False
        offsets = _Offsets(loop, root, memory)
        return offsets.is_path(loop.body)

    def is_trajectory(self, loop: For, root: Value) -> bool:
        """Whether the places that the loop writes to depend on its counter: an entry for each trip."""
        moving: set[Atom] = {loop.index}
        types = self.program.types
        for s in walk(loop.body):
            if isinstance(s, Assign) and s.target is not None and moving.intersection(s.args):
                if isinstance(types[s.target], Scalar) and not is_float(types[s.target]):
                    moving.add(s.target)
            if isinstance(s, Read) and moving.intersection(s.index.atoms):
                if isinstance(types[s.target], Array):
                    moving.add(s.target)  # a row of it
            if isinstance(s, Store) and self.memory.root[s.base] == root:
                if moving.intersection((s.base, *s.index.atoms)):
                    return True
            if isinstance(s, Assign) and s.op.writes and moving.intersection(s.args):
                if self.memory.root.get(s.args[0]) == root:  # type: ignore[arg-type]
                    return True
        return False


class _Offsets:
    """The places of an array that a trip reads and writes: distances from the counter on the first axis."""

    def __init__(self, loop: For, root: Value, memory: Memory):
        self.loop = loop
        self.root = root
        self.memory = memory
        self.views: dict[Value, int] = {}
        self.read: set[int] = set()
        self.written: set[int] = set()

    def is_path(self, body: Block) -> bool:
        """Whether the places that are read are those of trips before, none of them counted from the end."""
        if not all(self.noted(s) for s in walk(body)) or len(self.written) != 1:
            return False
        (own,) = self.written
        least = min(self.read | self.written)
        match self.loop.step, self.loop.start, self.loop.stop:
            case Const(value=1), Const(value=int() as start), _:
                return start + least >= 0 and all(d < own for d in self.read)
            case Const(value=-1), _, Const(value=int() as stop):
                return stop + 1 + least >= 0 and all(d > own for d in self.read)
        return False

    def noted(self, s: Statement) -> bool:
        """Note what a statement does with the array; False if that is more than can be told."""
        mine = [a for a in atoms_read(s) if isinstance(a, Value) and self.memory.root.get(a) == self.root]
        if not mine:
            return True
        match s:
            case Read(target=target, base=base, index=index):
                offset = self.views.get(base) if base != self.root else self.offset(index.entries[0])
                return self.seen(offset, target if target in self.memory.base else None)
            case Store(base=base, index=index, value=value):
                offset = self.views.get(base) if base != self.root else self.offset(index.entries[0])
                if self.memory.root.get(base) != self.root:
                    return self.seen(self.views.get(value))  # type: ignore[arg-type]
                if offset is not None:
                    self.written.add(offset)
                stored = self.memory.root.get(value) != self.root  # type: ignore[arg-type]
                return offset is not None and (stored or self.seen(self.views.get(value)))  # type: ignore[arg-type]
            case Assign(op=op) if op.name in ("dim", "size", "shape"):
                return True
            case Assign(target=target, op=op) if not op.effect:
                view = target if target in self.memory.base else None
                return all(self.seen(self.views.get(a), view) for a in mine)
        return False

    def seen(self, offset: int | None, view: Value | None = None) -> bool:
        """Note a place that is read, or looked at; whether it is known."""
        if offset is None:
            return False
        if view is None:
            self.read.add(offset)
        else:
            self.views[view] = offset
        return True

    def offset(self, entry: object) -> int | None:
        """How far an index is from the counter; None if it is something else."""
        if entry == self.loop.index:
            return 0
        made = self.memory.outline.defined.get(entry) if isinstance(entry, Value) else None
        if isinstance(made, Assign) and made.op.name in ("add", "subtract"):
            a, b = made.args
            sign = 1 if made.op.name == "add" else -1
            if a == self.loop.index and isinstance(b, Const) and isinstance(b.value, int):
                return sign * b.value
            if b == self.loop.index and isinstance(a, Const) and isinstance(a.value, int) and sign > 0:
                return a.value
        return None


def _unrepeatable(s: Assign) -> str | None:
    """What is wrong with doing an operation again."""
    called = getattr(s.op, "opaque", s.op.name)
    if ".random." in called:
        return f"it draws random numbers, with `{called}`, and would draw others"
    if s.op.effect and s.op.name not in WRITERS or called is not s.op.name and not called.startswith("np."):
        return f"it calls `{called}`, which may do more than give a value"
    return None


def unread_in(loop: For, memory: Memory) -> set[Value]:
    """The roots of arrays that a loop writes to and does not read: what it writes there need not be written
    again."""
    read: set[Value] = set()
    for s in walk(loop.body):
        atoms: Iterable[Atom] = atoms_read(s)
        match s:
            case Store(index=index, value=value):
                atoms = (*index.atoms, value)
            case Read(target=target, base=base) if memory.base.get(target) == base:
                atoms = s.index.atoms  # a view: what is read through it is met by itself
            case Assign(target=target, op=op, args=args):
                if op.effect and op.name in WRITERS or target is not None and target in memory.base:
                    atoms = args[1:]
                elif op.name in ("dim", "size", "shape"):
                    atoms = ()
            case If() | For() | While():
                joined = (*getattr(s, "merges", ()), *getattr(s, "carries", ()))
                atoms = (*atoms, *(m.target for m in joined if not hasattr(m, "init")))
        read |= {memory.root[a] for a in atoms if isinstance(a, Value) and a in memory.root}
    carried = {a for c in loop.carries for a in (c.header, c.out, c.init, c.result)}
    read |= {memory.root[a] for a in carried if a in memory.root}  # type: ignore[index]
    groups = {root: memory.roots_shared_with(root) for root in memory.stores}
    return {root for root, group in groups.items() if group == {root} and root not in read}
