"""Which values are needed at the same time, and so need different names.

Positions are those of the printed text: an operand that is written inside a later expression is needed
until there.  A value that a loop reads from outside is needed throughout the loop.  The copies that
loops and branches imply (header from init, target from branch) happen at once; a copy's source may have
the name of its target, because both then hold the same.

Sets of values are integers with a bit for each value: a long program has thousands of values, of which
hundreds are needed at every statement.
"""

from collections.abc import Iterable

from ..ir import (
    UNBOUND, Assign, Atom, Block, Carry, For, If, Program, Read, Statement, Value, While, blocks_of,
    values_defined,
)
from .placement import Placement, reads

__all__ = ["Interference", "copies", "interference", "live_carries"]

Copy = tuple[Value, Atom]


def live_carries(loop: For | While, placement: Placement) -> list[Carry]:
    """The carries of which anything is read."""
    return [c for c in loop.carries if placement.uses.get(c.header) or placement.uses.get(c.result)]


def copies(program: Program, placement: Placement) -> list[Copy]:
    """Every implied copy that may be printed, those of inner loops first."""
    found: list[Copy] = []

    def visit(block: Block) -> None:
        for statement in block:
            for inner in blocks_of(statement):
                visit(inner)
            if isinstance(statement, For | While):
                carries = live_carries(statement, placement)
                found.extend((c.header, c.out) for c in carries)
                found.extend((c.header, c.init) for c in carries)
                found.extend((c.result, c.header) for c in carries)
            elif isinstance(statement, If) and not _is_expression(statement, placement):
                found.extend((m.target, a) for m in statement.merges for a in (m.then, m.orelse))

    visit(program.body)
    return [(target, source) for target, source in found if isinstance(source, Value) and source != target]


class Interference:
    """Which values must not share a name.

    Attributes
    ----------
    bits : dict of Value to int
        The bit that stands for a value, for each that has a name.
    needed : dict of Value to int
        The bits of what is needed, and may differ from it, where the value is defined.
    """

    def __init__(self) -> None:
        self.bits: dict[Value, int] = {}
        self.needed: dict[Value, int] = {}

    def bit(self, value: Value) -> int:
        found = self.bits.get(value)
        if found is None:
            found = self.bits[value] = 1 << len(self.bits)
        return found

    def mask(self, values: Iterable[Value]) -> int:
        found = 0
        for value in values:
            found |= self.bit(value)
        return found


def interference(program: Program, placement: Placement) -> Interference:
    """For every value with a name, those that must not share it."""
    walker = _Liveness(program, placement)
    live = walker.leaves(program.returns)
    live = walker.block(program.body, live)
    for value in program.params:
        walker.define(value, live | walker.found.mask(program.params))
    return walker.found


def _at_entry(loop: For | While) -> tuple[Atom, ...]:
    """The atoms that a loop reads before its first trip, and the bounds that may be read after its last."""
    bounds = (loop.start, loop.stop, loop.step) if isinstance(loop, For) else ()
    return (*(c.init for c in loop.carries), *bounds)


def _is_expression(branch: If, placement: Placement) -> bool:
    return bool(branch.merges) and placement.expressions.get(branch.merges[0].target) is branch


class _Liveness:
    """A walk backward through the text; ``live`` is what is needed after the statement at hand."""

    def __init__(self, program: Program, placement: Placement):
        self.placement = placement
        self.found = Interference()
        self.outside: dict[int, set[Value]] = {}

    def bit(self, value: Value) -> int:
        return self.found.bit(value)

    def leaves(self, atoms: Iterable[Atom]) -> int:
        return self.found.mask(self.placement.leaves(atoms))

    def define(self, value: Value, live: int, source: Atom | None = None) -> None:
        same = self.bit(value) | (self.bit(source) if isinstance(source, Value) else 0)
        self.found.needed[value] = self.found.needed.get(value, 0) | live & ~same

    def copy(self, pairs: list[Copy], live: int) -> int:
        """All pairs at once: what is needed before them, given what is needed after."""
        targets = {target for target, _ in pairs}
        bound = [(target, source) for target, source in pairs if source is not UNBOUND and source != target]
        after = live | self.found.mask(target for target, _ in bound)
        for target, source in bound:
            # A source that is itself overwritten here no longer holds the value of the target.
            self.define(target, after, None if source in targets else source)
        return (live & ~self.found.mask(targets)) | self.leaves(source for _, source in pairs)

    def block(self, block: Block, live: int) -> int:
        for statement in reversed(block):
            live = self.statement(statement, live)
        return live

    def statement(self, statement: Statement, live: int) -> int:
        match statement:
            case If() if not _is_expression(statement, self.placement):
                then = self.copy([(m.target, m.then) for m in self.merges(statement)], live)
                orelse = self.copy([(m.target, m.orelse) for m in self.merges(statement)], live)
                live = self.block(statement.then, then) | self.block(statement.orelse, orelse)
                return live | self.leaves((statement.cond,))
            case For():
                return self.for_(statement, live)
            case While():
                return self.while_(statement, live)
            case Assign(target=target) | Read(target=target):
                targets = () if target is None else (target,)
            case If():
                targets = (statement.merges[0].target,)
            case _:
                targets = getattr(statement, "results", ())
        if targets and targets[0] in self.placement.inlined:
            return live
        own = self.found.mask(targets)
        for target in targets:
            self.define(target, live | own)
        return (live & ~own) | self.leaves(self.placement.operands(statement))

    def merges(self, branch: If):
        return [m for m in branch.merges if self.placement.uses.get(m.target)]

    # ------------------------------------------------------------------ loops

    def leaving(self, carries: list[Carry], after: int) -> int:
        """What is needed when a loop ends, before its results get their names."""
        return self.copy([(c.result, c.header) for c in carries if self.placement.uses.get(c.result)], after)

    def used_inside(self, loop: For | While) -> set[Value]:
        """Headers and values from outside that the loop's blocks read."""
        found = self.outside.get(id(loop))
        if found is not None:
            return found
        used: set[Value] = set()
        defined: set[Value] = set()

        def visit(block: Block) -> None:
            for statement in block:
                if isinstance(statement, For | While):
                    own = values_defined(statement)
                    used.update(self.used_inside(statement).difference(own))
                    used.update(a for a in _at_entry(statement) if isinstance(a, Value))
                    defined.update(own)
                else:
                    used.update(a for a in reads(statement) if isinstance(a, Value))
                    defined.update(values_defined(statement))
                    for inner_block in blocks_of(statement):
                        visit(inner_block)

        for block in blocks_of(loop):
            visit(block)
        atoms: list[Atom | None] = [c.out for c in live_carries(loop, self.placement)]
        atoms.append(loop.stop_flag)
        if isinstance(loop, While):
            atoms.append(loop.cond)
        else:
            defined.add(loop.index)
        used.update(a for a in atoms if isinstance(a, Value))
        found = self.placement.leaves(used - defined)
        self.outside[id(loop)] = found
        return found

    def trip_end(self, loop: For | While, carries: list[Carry], top: int) -> int:
        flag = 0 if loop.stop_flag is None else self.leaves((loop.stop_flag,))
        return self.copy([(c.header, c.out) for c in carries], top | flag)

    def for_(self, loop: For, after: int) -> int:
        trips = loop.trips if loop.trips is not None and self.placement.uses.get(loop.trips) else None
        bounds = self.leaves((loop.start, loop.stop, loop.step))
        counted = trips is not None and loop.stop_flag is not None
        count = 0 if trips is None else self.bit(trips)
        carries = live_carries(loop, self.placement)
        leaving = self.leaving(carries, after)
        if trips is not None and not counted:
            self.define(trips, leaving)
            leaving = (leaving & ~count) | bounds
        top = leaving | self.found.mask(self.used_inside(loop))
        if counted:
            top |= count
        live = self.trip_end(loop, carries, top)
        # The counter keeps its name to the end of the trip: a loop inside has another.
        live = self.block(loop.body, live | self.bit(loop.index))
        if counted:
            live |= count
            self.define(trips, live)
        self.define(loop.index, live)
        before = top | bounds
        if counted:
            self.define(trips, before)
            before &= ~count
        return self.copy([(c.header, c.init) for c in carries], before & ~self.bit(loop.index))

    def while_(self, loop: While, after: int) -> int:
        trips = loop.trips if loop.trips is not None and self.placement.uses.get(loop.trips) else None
        count = 0 if trips is None else self.bit(trips)
        carries = live_carries(loop, self.placement)
        leaving = self.leaving(carries, after) | count
        top = leaving | self.found.mask(self.used_inside(loop))
        live = self.block(loop.body, self.trip_end(loop, carries, top))
        if trips is not None:
            live |= count
            self.define(trips, live)
        live = live | leaving | self.leaves((loop.cond,))
        live = self.block(loop.test, live)
        if trips is not None:
            self.define(trips, top)
            top &= ~count
        return self.copy([(c.header, c.init) for c in carries], top)
