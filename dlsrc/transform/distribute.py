"""A reverse loop that scatters to neighbours → one loop for each place it adds to.

The mechanical adjoint of a stencil adds to ``i - 1``, ``i`` and ``i + 1`` in one trip.  Each trip then
waits for the one before, and nothing vectorizes.  The sums commute, so every place gets a loop:

    for i in range(n - 2, 0, -1):          for i in range(1, n - 1):
        v = dy[i]; dy[i] = 0.0                 dx[i + 1] += 0.2 * dy[i]
        dx[i + 1] += 0.2 * v          →    for i in range(1, n - 1):
        dx[i - 1] += 0.2 * v                   dx[i - 1] += 0.2 * dy[i]
                                           for i in range(1, n - 1):
                                               dy[i] = 0.0

Three places or more of one array are gathered: one loop over the places adds to each what all trips give
to it, ``dx[i] += 0.2 * dy[i - 1] - 0.4 * dy[i] + 0.2 * dy[i + 1]``, and
loops of a trip or two see to the ends.

Dependence test: what is added to is not read in the loop, what is set is read only at the same place and
before, and each loop's places differ from trip to trip.
"""

from ..kernels.primitive import registry
from ..kernels.types import Array, Scalar
from ..records import record, replace
from .building.rename import renamed
from .facts.memory import Memory, analyze
from .facts.outline import Outline
from .ir import Assign, Atom, Block, Const, For, If, Index, Program, Read, Statement, Store, Value, While

__all__ = ["distribute"]

# A loop whose operations are computed again in each of the new loops must be cheap.
MOST_OPERATIONS = 12
# From so many neighbours on, one loop over the places is worth the lines that its ends take.
GATHERED = 3
CHEAP = {"add", "subtract", "multiply", "negative", "cast", "dim"}


def distribute(program: Program) -> Program:
    """The program with its scattering reverse loops taken apart."""
    return _Distribution(program).program()


@record(frozen=True)
class _Place:
    """``array[i + offset]`` in one dimension; the other indices do not change in the loop."""

    array: Value
    axis: int
    offset: int
    others: tuple[Atom, ...]


class _Distribution:
    def __init__(self, program: Program):
        self.source = program
        self.types = dict(program.types)
        self.outline = Outline(program)
        self.memory: Memory = analyze(program, self.outline)
        self.next = max((v.number for v in self.types), default=0) + 1

    def program(self) -> Program:
        return self.source.with_body(self.block(self.source.body), self.types)

    def block(self, block: Block) -> Block:
        out: list[Statement] = []
        for statement in block:
            match statement:
                case If():
                    out.append(
                        replace(
                            statement, then=self.block(statement.then), orelse=self.block(statement.orelse)
                        )
                    )
                case While():
                    out.append(replace(statement, body=self.block(statement.body)))
                case For():
                    apart = self.apart(statement)
                    out += [replace(statement, body=self.block(statement.body))] if apart is None else apart
                case _:
                    out.append(statement)
        return tuple(out)

    # ------------------------------------------------------------------ whether

    def apart(self, loop: For) -> list[Statement] | None:
        """The loops that replace this one; None if it stays."""
        plain = not loop.carries and loop.stop_flag is None and loop.trips is None
        if not (plain and loop.loc.back and loop.step in (Const(1), Const(-1))):
            return None
        adds: dict[_Place, list[Store]] = {}
        sets: dict[_Place, list[Store]] = {}
        reads: list[tuple[_Place | None, Read]] = []
        made: dict[Value, Statement] = {}
        operations = 0
        for statement in loop.body:
            match statement:
                case Assign(target=Value() as target, op=op) if not op.effect and isinstance(
                    self.types[target], Scalar
                ):
                    made[target] = statement
                    operations += 0 if op.name == "dim" else 1 if op.name in CHEAP else MOST_OPERATIONS
                case Read(target=target) if isinstance(self.types[target], Scalar):
                    made[target] = statement
                    place = self.place(statement.base, statement.index, loop, made)
                    if place in sets:
                        return None  # reads what this trip has set
                    reads.append((place, statement))
                case Store(mode="add" | "sub"):
                    place = self.place(statement.base, statement.index, loop, made)
                    if place is None:
                        return None
                    adds.setdefault(place, []).append(statement)
                case Store(mode="set", value=Const()):
                    place = self.place(statement.base, statement.index, loop, made)
                    if place is None:
                        return None
                    sets.setdefault(place, []).append(statement)
                case _:
                    return None
        if not self.independent(adds, sets, reads):
            return None
        before: list[Statement] = []
        if not self.scatters(adds):
            if loop.step == Const(1) or not (adds or sets):
                return None
            # No trip needs another: upwards, which vectorizes.
            start, stop = self.upwards(loop, before)
            return [*before, replace(loop, start=start, stop=stop, step=Const(1))]
        if operations > MOST_OPERATIONS:
            return None
        start, stop = self.upwards(loop, before)
        together = [s for stores in sets.values() for s in stores]
        gathered: list[Statement] = []
        for places in self.neighbourhoods(adds):
            gathered += self.gather(loop, start, stop, {p.offset: adds.pop(p) for p in places}, made)
        groups = [list(stores) for stores in adds.values()]
        for k, added in enumerate(adds):
            # Where the loop adds at the very place that it sets, one loop does both, after all others.
            if all((added.axis, added.offset, added.others) == (p.axis, p.offset, p.others) for p in sets):
                together = [*groups.pop(k), *together]
                break
        if together:
            groups.append(together)
        apart = [self.loop(loop, start, stop, stores, made) for stores in groups]
        return [*before, *gathered, *apart]

    def upwards(self, loop: For, before: list[Statement]) -> tuple[Atom, Atom]:
        """The bounds of the loop, counted upwards."""
        if loop.step == Const(1):
            return loop.start, loop.stop
        bounds = []
        for atom in (loop.stop, loop.start):
            if isinstance(atom, Const):
                bounds.append(Const(atom.value + 1))
                continue
            target = Value(self.next)
            self.next += 1
            self.types[target] = Scalar("int64", True)
            before.append(Assign(target, registry["add"], (atom, Const(1)), (), loop.loc))
            bounds.append(target)
        return bounds[0], bounds[1]

    def place(self, base: Value, index: Index, loop: For, made: dict[Value, Statement]) -> _Place | None:
        """Where an element access goes, if it moves with the loop by one in one dimension."""
        if not isinstance(self.types[base], Array) or index.kind(self.types[base].ndim) != "element":
            return None
        found: tuple[int, int] | None = None
        others: list[Atom] = []
        for axis, entry in enumerate(index.entries):
            offset = self.offset(entry, loop, made)
            if offset is None:
                if isinstance(entry, Value) and entry in made:
                    return None
                others.append(entry)
            elif found is None:
                found = (axis, offset)
            else:
                return None
        return None if found is None else _Place(self.memory.root.get(base, base), *found, tuple(others))

    def offset(self, atom: object, loop: For, made: dict[Value, Statement]) -> int | None:
        """The number c if an atom is the loop's counter plus c."""
        if atom == loop.index:
            return 0
        statement = made.get(atom) if isinstance(atom, Value) else None
        if isinstance(statement, Assign) and statement.op.name in ("add", "subtract"):
            a, b = statement.args
            sign = 1 if statement.op.name == "add" else -1
            inner = self.offset(a, loop, made)
            if inner is not None and isinstance(b, Const) and isinstance(b.value, int):
                return inner + sign * b.value
            inner = self.offset(b, loop, made)
            if inner is not None and isinstance(a, Const) and isinstance(a.value, int) and sign == 1:
                return inner + a.value
        return None

    @staticmethod
    def scatters(adds: dict[_Place, list[Store]]) -> bool:
        """Whether the loop adds to several places of one array."""
        return any(a.array == b.array and a.offset != b.offset for a in adds for b in adds)

    def independent(self, adds: dict, sets: dict, reads: list) -> bool:
        """The dependence test; see the module's docstring."""
        added = {p.array for p in adds}
        read = {self.memory.root.get(r.base, r.base) for _, r in reads}
        written = {p.array for p in sets}
        if any(self.shared(a, b) for a in added for b in read | written):
            return False
        if any(self.shared(a, b) for a in added for b in added if a != b):
            return False
        for place in sets:
            for at, statement in reads:
                if (
                    self.shared(place.array, self.memory.root.get(statement.base, statement.base))
                    and at != place
                ):
                    return False
        return all(a == b or not self.shared(a.array, b.array) for a in sets for b in sets)

    def shared(self, a: Value, b: Value) -> bool:
        return a == b or bool(self.memory.roots_shared_with(a) & self.memory.roots_shared_with(b))

    # ------------------------------------------------------------------ the new loops

    @staticmethod
    def neighbourhoods(adds: dict[_Place, list[Store]]) -> list[list[_Place]]:
        """Places of one array that differ by their offsets only, where there are enough for a gather."""
        found: dict[tuple, list[_Place]] = {}
        for place in adds:
            found.setdefault((place.array, place.axis, place.others), []).append(place)
        return [
            places for places in found.values()
            if len(places) >= GATHERED
        ]

    def gather(
        self, old: For, start: Atom, stop: Atom, adds: dict[int, list[Store]], made: dict[Value, Statement]
    ) -> list[Statement]:
        """One loop over the places, each of which gets all that is added to it; and loops for the ends."""
        out: list[Statement] = []
        lowest, highest = min(adds), max(adds)
        for offset, stores in sorted(adds.items()):
            # The trips whose place not every other offset reaches too.
            left = right = start
            if offset < highest:
                left = self.number("add", start, highest - offset, out, old)
                left = self.number("smaller", left, stop, out, old)
                out.append(self.loop(old, start, left, stores, made))
            if offset > lowest:
                right = self.number("subtract", stop, offset - lowest, out, old)
                right = self.number("larger", right, left, out, old)
                out.append(self.loop(old, right, stop, stores, made))
        body: list[Statement] = []
        index = self.like(old.index)
        total: Atom | None = None
        first = adds[highest][0]
        for offset, stores in sorted(adds.items(), reverse=True):
            trip = self.number("add" if offset < 0 else "subtract", index, abs(offset), body, old)
            code, stores = self.copied(stores, made, {old.index: trip})
            body += code
            for store in stores:
                op = "add" if store.mode == first.mode else "subtract"
                total = store.value if total is None else self.sum(total, store, body, op)
        assert total is not None
        axis = next(k for k, e in enumerate(first.index.entries) if self.offset(e, old, made) is not None)
        entries = tuple(index if k == axis else e for k, e in enumerate(first.index.entries))
        body.append(replace(first, index=Index(entries), value=total))
        begin = self.number("add", start, highest, out, old)
        end = self.number("add", stop, lowest, out, old)
        out.append(For(index, begin, end, Const(1), (), tuple(body), None, None, old.loc))
        return out

    def number(self, name: str, a: Atom, b: Atom | int, block: list[Statement], old: For) -> Atom:
        """``a + b``, ``max(a, b)``, … of whole numbers."""
        if b == 0 and isinstance(b, int):
            return a
        target = Value(self.next)
        self.next += 1
        self.types[target] = Scalar("int64", True)
        b = Const(b) if isinstance(b, int) else b
        block.append(Assign(target, registry[name], (a, b), (), old.loc))
        return target

    def loop(
        self, old: For, start: Atom, stop: Atom, stores: list[Store], made: dict[Value, Statement]
    ) -> For:
        """A loop of these stores and what they need, counting upwards."""
        index = self.like(old.index)
        code, stores = self.copied(stores, made, {old.index: index})
        body = (*code, *self.joined(tuple(stores)))
        return For(index, start, stop, Const(1), (), body, None, None, old.loc)

    def copied(
        self, stores: list[Store], made: dict[Value, Statement], change: dict[Value, Atom]
    ) -> tuple[list[Statement], list[Store]]:
        """What these stores need, and the stores, anew."""
        needed: list[Statement] = []

        def need(atom: Atom) -> None:
            statement = made.get(atom) if isinstance(atom, Value) else None
            if statement is None or any(s is statement for s in needed):
                return
            atoms = (
                statement.args if isinstance(statement, Assign) else (statement.base, *statement.index.atoms)
            )
            for inner in atoms:
                need(inner)
            needed.append(statement)

        for store in stores:
            for atom in (*store.index.atoms, store.value):
                need(atom)
        for statement in needed:
            change[statement.target] = self.like(statement.target)  # type: ignore[index]
        code = [replace(s, target=change[s.target]) for s in renamed(tuple(needed), change)]  # type: ignore[index]
        return code, list(renamed(tuple(stores), change))  # type: ignore[arg-type]

    def joined(self, stores: Block) -> list[Statement]:
        """Several additions to one place as one; what is set comes after them."""
        sets = [s for s in stores if isinstance(s, Store) and s.mode == "set"]
        stores = tuple(s for s in stores if not (isinstance(s, Store) and s.mode == "set"))
        if len(stores) < 2 or any(isinstance(s, Store) and s.mode != "add" for s in stores):
            return [*stores, *sets]
        first = stores[0]
        assert isinstance(first, Store)
        out: list[Statement] = []
        total = first.value
        for store in stores[1:]:
            total = self.sum(total, store, out)
        return [*out, replace(first, value=total), *sets]

    def sum(self, total: Atom, store: Store, block: list[Statement], op: str = "add") -> Value:
        target = Value(self.next)
        self.next += 1
        self.types[target] = Scalar(self.types[store.base].dtype)
        block.append(Assign(target, registry[op], (total, store.value), (), store.loc))
        return target

    def like(self, value: Value) -> Value:
        made = Value(self.next, value.hint, value.base, value.form)
        self.next += 1
        self.types[made] = self.types[value]
        return made
