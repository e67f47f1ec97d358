"""Which arrays share memory, which are written, and what cannot be told.

Every array value has a *root*: the parameter, operation or joining name that its memory came from; a
view's root is its base's.  A branch or loop that rebinds a name joins roots, so two roots may be one
memory.  After a store into memory that another name may share, where the two are not a view and its
base and the other is read again, the derivative depends on which of the two it is: these roots are
*entangled*, and their shadows follow them through branches and loops (`twins`).

    a, b = b, a            in a loop: two memories that change names; never shared
    v = a if c else b      then v[0] = 1.0 and a read later: entangled
"""

from collections.abc import Mapping

from ...kernels.types import Array, Sequence, Tape, Type, is_float
from ...records import field, record
from ..ir import (
    UNBOUND, Assign, Atom, Const, For, If, Program, Read, Statement, Store, Value, While, atoms_read,
)
from ..location import Location
from .later import after_writes
from .outline import Outline, Scope, is_loop

__all__ = ["Memory", "analyze", "may_be_one"]

# Results that are the same memory as the argument, or perhaps are.  Whether NumPy's reshape and ravel copy
# an array that is not in C order depends on its strides: here they do, and a write to one is refused where
# the other is used.
PERHAPS_SHARED = frozenset({
    "contiguous", "detach", "diagonal_of", "spread", "sum_to", "straightened", "windows",
    "reshaped1", "reshaped2", "reshaped3", "reshaped4", "reshaped5",
})  # fmt: skip


@record
class Memory:
    """Facts about the arrays of a program.

    Attributes
    ----------
    root : dict of Value to Value
        For every array value, where its memory came from.
    base : dict of Value to Value
        For a view, what it was taken from.
    stores : dict of Value to list of statements
        For each root, the statements that write to it.
    sources : dict of Value to tuple
        For a root that joins others (a merge, a loop header or result): the atoms it may be.
    grown : set of Value
        The roots of tapes that grow: versions of one tape, in which a place means the same.
    problems : list of (location, message)
        What must be refused where a reverse sweep passes.
    unclear : list of (location, message)
        Those of them that must be refused in forward mode too.
    entangled : set of Value
        The roots of which only the run decides which are one, where that matters: see `twins`.
    ambiguous : list of (location, message)
        The writes to them that would be refused without twins.
    twins : dict
        For each gradient, the shadows of entangled arrays that the forward program makes.
    """

    outline: Outline
    root: dict[Value, Value] = field(default_factory=dict)
    base: dict[Value, Value] = field(default_factory=dict)
    stores: dict[Value, list[Statement]] = field(default_factory=dict)
    sources: dict[Value, tuple[Atom, ...]] = field(default_factory=dict)
    grown: set[Value] = field(default_factory=set)
    problems: list[tuple[Location, str]] = field(default_factory=list)
    unclear: list[tuple[Location, str]] = field(default_factory=list)
    entangled: set[Value] = field(default_factory=set)
    ambiguous: list[tuple[Location, str]] = field(default_factory=list)
    twins: dict[int, dict[Value, Value]] = field(default_factory=dict)

    # What is asked of the finished facts for every pair of names, kept: by root.
    joined: dict[Value, dict[Value, None]] = field(default_factory=dict)     # the joins that it goes into
    readers: dict[Value, list[Statement]] = field(default_factory=dict)
    _shared: dict[Value, set[Value]] = field(default_factory=dict)
    _born: dict[Value, Scope] = field(default_factory=dict)
    ages: dict[Value, tuple[int, int]] = field(default_factory=dict)

    @property
    def twin_roots(self) -> set[Value]:
        """The roots of the shadows that go with their arrays."""
        return {self.root[twin] for twins in self.twins.values() for twin in twins.values()}

    def index(self) -> None:
        """Note who joins and who reads each root, once all roots and joins are known."""
        for joined, atoms in self.sources.items():
            for atom in atoms:
                if isinstance(atom, Value) and atom in self.root:
                    self.joined.setdefault(self.root[atom], {})[joined] = None
        for statement in self.outline.statements:
            # Handing a name on, to the next trip or to after a loop or branch, is no use by itself.
            if is_loop(statement) or isinstance(statement, If):
                continue
            read = (self.root.get(a) for a in atoms_read(statement) if isinstance(a, Value))
            for root in dict.fromkeys(r for r in read if r is not None):
                self.readers.setdefault(root, []).append(statement)

    def roots_shared_with(self, root: Value) -> set[Value]:
        """All roots that may be the same memory at some time, the root itself included."""
        if root in self._shared:
            return self._shared[root]
        found = {root}
        pending = [root]
        while pending:
            one = pending.pop()
            linked = [
                self.root[a] for a in self.sources.get(one, ()) if isinstance(a, Value) and a in self.root
            ]
            for other in (*linked, *self.joined.get(one, ())):
                if other not in found:
                    found.add(other)
                    pending.append(other)
        self._shared.update(dict.fromkeys(found, found))
        return found

    def born(self, root: Value) -> Scope:
        """The scope in which the memory came to be: what a loop hands on is older than the trip."""
        if root in self._born:
            return self._born[root]
        outline = self.outline
        homes = []
        shared = self.roots_shared_with(root)
        for one in shared:
            statement = outline.defined.get(one)
            carried = statement is not None and is_loop(statement)
            homes.append(outline.scope[id(statement)] if carried else outline.home[one])
        born = min(homes, key=len)
        self._born.update(dict.fromkeys(shared, born))
        return born

    def written(self, root: Value) -> bool:
        """Whether anything ever writes to this memory, under any name."""
        return any(r in self.stores for r in self.roots_shared_with(root))

    def stores_after(self, value: Value, at: Statement) -> bool:
        """Whether the contents of an array may change after the statement ``at`` has run."""
        for root in self.roots_shared_with(self.root[value]):
            for store in self.stores.get(root, ()):
                if store is not at and self.outline.may_follow(
                    store, at, self.born(self.root[value])
                ):
                    return True
        return False


def analyze(program: Program, outline: Outline) -> Memory:
    """The memory facts of a program; `Memory.problems` holds what must be refused."""
    memory = Memory(outline)
    types = program.types
    for value in program.params:
        if isinstance(types[value], Array | Sequence | Tape):
            memory.root[value] = value
    for statement in outline.statements:
        match statement:
            case Assign(target=target, op=op, args=args) if target is not None and isinstance(
                types[target], Array | Sequence | Tape
            ):
                shares = op.view and op.name != "sum_to" or op.name == "relabel"
                if shares and isinstance(args[0], Value) and args[0] in memory.root:
                    memory.base[target] = args[0]
                    memory.root[target] = memory.root[args[0]]
                elif op.name in ("room", "room_for") and args[0] in memory.root:
                    memory.root[target] = memory.root[args[0]]  # type: ignore[index]
                    memory.grown.add(memory.root[target])
                else:
                    memory.root[target] = target
                    if op.name in PERHAPS_SHARED:
                        # A value of its own: its cotangent must not become its source's.
                        memory.sources[target] = args
            case Read(target=target, base=base, index=index) if isinstance(types[target], Array):
                if index.kind(types[base].ndim) == "view":
                    memory.base[target] = base
                    memory.root[target] = memory.root[base]
                else:
                    memory.root[target] = target
            case If(merges=merges):
                for merge in merges:
                    if _is_grown(memory, merge.then) and merge.orelse in memory.root:
                        # The tape itself, with more room where it was full.
                        memory.root[merge.target] = memory.root[merge.orelse]  # type: ignore[index]
                    else:
                        _join(memory, types, merge.target, (merge.then, merge.orelse))
            case For() | While():
                for carry in statement.carries:
                    _join(memory, types, carry.header, (carry.init, carry.out))
                    # Not the header, which a trip may never read: what the last trip left, or no trip.
                    _join(memory, types, carry.result, (carry.init, carry.out))
            case _:
                for value in getattr(statement, "results", ()):
                    if isinstance(types[value], Array):
                        memory.root[value] = value
    for statement in outline.statements:
        written = _written(statement)
        if written is not None and written in memory.root:
            memory.stores.setdefault(memory.root[written], []).append(statement)
    _link_lists(memory, types)
    memory.grown = {r for root in memory.grown for r in memory.roots_shared_with(root)}
    memory.index()
    _find_ambiguous(memory, program)
    return memory


def _join(memory: Memory, types, target: Value, atoms: tuple[Atom, ...]) -> None:
    if isinstance(types[target], Array | Sequence | Tape):
        memory.root[target] = target
        memory.sources[target] = tuple(a for a in atoms if a is not UNBOUND)


def _is_grown(memory: Memory, atom: Atom) -> bool:
    """Whether a value is a tape with more room, which takes the place of the one that was full."""
    made = memory.outline.defined.get(atom) if isinstance(atom, Value) else None
    return isinstance(made, Assign) and made.op.name in ("room", "room_for")


def _written(statement: Statement) -> Value | None:
    if isinstance(statement, Store):
        return statement.base
    if isinstance(statement, Assign) and statement.op.writes and statement.args:
        return statement.args[0] if isinstance(statement.args[0], Value) else None
    return None


def _find_ambiguous(memory: Memory, program: Program) -> None:
    """Note the writes after which another name of what may be the same memory is read."""
    later: dict[int, frozenset[Value]] | None = None
    for root, stores in memory.stores.items():
        if root in memory.grown or not is_float(program.types[root]):
            continue  # an earlier version of a tape is not used once there is a later one
        shared = memory.roots_shared_with(root)
        if shared <= {root}:
            continue
        later = after_writes(program) if later is None else later
        for store in stores:
            used = {memory.root[v] for v in later.get(id(store), ()) if v in memory.root}
            if not _writes_to_elements(store, program.types):
                # A list that gets or loses an item: to the items nothing happens.
                used = {r for r in used if not isinstance(program.types[r], Array)}
            others = sorted((used & shared) - {root}, key=lambda v: v.number)
            other = next((o for o in others if may_be_one(memory, root, o)), None)
            if other is None:
                continue
            names = " and ".join(f"`{v!r}`" if v.hint else "a result" for v in (root, other))
            found = (store.loc, (
                f"{names} may be one array here, and both are used after this write; make one of "
                "them a .copy()"
            ))  # fmt: skip
            memory.entangled |= shared
            memory.ambiguous.append(found)
            if any(_may_be_copied(memory, r) for r in shared):
                memory.unclear.append(found)
            elif all(isinstance(program.types[r], Array) for r in shared):
                break
            memory.problems.append(found)
            break


def _may_be_copied(memory: Memory, root: Value) -> bool:
    """Whether an operation decides, and not a branch or a loop, if the root is the memory of another."""
    made = memory.outline.defined[root]
    return root in memory.grown or isinstance(made, Assign) and made.op.name in PERHAPS_SHARED


def _writes_to_elements(statement: Statement, types: Mapping[Value, Type]) -> bool:
    """Whether a write changes numbers, and not a list of arrays."""
    written = _written(statement)
    return written is not None and isinstance(types[written], Array)


def _link_lists(memory: Memory, types: Mapping[Value, Type]) -> None:
    """Arrays in a list are one with what is taken out of it, where that is written to."""
    written = {
        root for root, stores in memory.stores.items() if any(_writes_to_elements(s, types) for s in stores)
    }
    for statement in memory.outline.statements:
        if isinstance(statement, Assign) and statement.op.name in ("append", "replace_last"):
            into, item = statement.args
            root = memory.root.get(into)  # type: ignore[arg-type]
            if root in written and root is not None and item in memory.root:
                memory.sources[root] = (*memory.sources.get(root, ()), item)


def may_be_one(memory: Memory, a: Value, b: Value, asked: set | None = None) -> bool:
    """Whether two roots may be the same memory while both names are in use; each pair is asked for once."""
    if a == b:
        return True
    asked = set() if asked is None else asked
    pair = (min(a, b, key=lambda v: v.number), max(a, b, key=lambda v: v.number))
    if pair in asked:
        return False
    asked.add(pair)
    loop_a, loop_b = (_joined_at(memory, r) for r in (a, b))
    if loop_a is not None and loop_a == loop_b:
        # Two names of one loop or branch: compared on each way in.
        together = zip(memory.sources[a], memory.sources[b], strict=False)
        return any(_atoms_may_be_one(memory, x, y, asked) for x, y in together)
    # The one that came to be later is taken apart: it is the other, or it is not.
    one, other = sorted((a, b), key=lambda r: _age(memory, r), reverse=True)
    if one in memory.sources:
        return any(_atoms_may_be_one(memory, x, other, asked) for x in memory.sources[one])
    if other in memory.sources and _age(memory, other) > _age(memory, one):
        return any(_atoms_may_be_one(memory, x, one, asked) for x in memory.sources[other])
    return False  # made by an operation of its own after the other was there


def _age(memory: Memory, root: Value) -> tuple[int, int]:
    """The order in which roots come to be; a header before what is in its loop, a result after."""
    if root not in memory.ages:
        memory.ages[root] = _age_of(memory, root)
    return memory.ages[root]


def _age_of(memory: Memory, root: Value) -> tuple[int, int]:
    statement = memory.outline.defined[root]
    if statement is None:
        return (-1, root.number)
    position = memory.outline.position[id(statement)]
    if is_loop(statement) and not any(c.header == root for c in statement.carries):
        position += sum(
            1
            for s in memory.outline.statements
            if any(t is statement for t, _ in memory.outline.scope[id(s)])
        )
        return (position, 1)
    if isinstance(statement, If):
        position += sum(
            1
            for s in memory.outline.statements
            if any(t is statement for t, _ in memory.outline.scope[id(s)])
        )
        return (position, 1)
    return (position, 0)


def _atoms_may_be_one(memory: Memory, x: Atom, y: Atom, asked: set) -> bool:
    if isinstance(x, Const) or isinstance(y, Const) or x not in memory.root or y not in memory.root:
        return False
    return may_be_one(memory, memory.root[x], memory.root[y], asked)


def _joined_at(memory: Memory, root: Value) -> tuple[int, bool] | None:
    """The loop or branch at which a root joins others; headers and results of one loop are kept apart."""
    if root not in memory.sources:
        return None
    statement = memory.outline.defined[root]
    header = isinstance(statement, For | While) and any(c.header == root for c in statement.carries)
    return (id(statement), header)
