"""What must hold for every form of a program, checked after each stage.

Each check names the rule that is broken and the value or statement that breaks it.  A broken rule is
a bug in dlsrc, never the user's: hence `InternalError`.
"""

from collections.abc import Iterable

from ..errors import InternalError
from .ir import (
    ELLIPSIS, NEWAXIS, UNBOUND, Atom, Block, Const, For, If, Program, Read, Statement, Store, Value, While,
    atoms_read, values_defined,
)
from .location import Location

__all__ = ["verify"]


def verify(program: Program) -> None:
    """Check a program.

    Raises
    ------
    InternalError
        Naming the rule: assigned once, defined before use, typed, UNBOUND in its place, located.
    """
    checker = _Checker(program)
    checker.define(program.params, "the parameters")
    visible = checker.block(program.body, frozenset(program.params))
    checker.read(program.returns, visible, "the return")


class _Checker:
    def __init__(self, program: Program):
        self.program = program
        self.assigned: set[Value] = set()

    def fail(self, rule: str, what: object, where: object) -> None:
        raise InternalError(
            f"{self.program.name}: {rule}: {what!r} at {where}; this is a bug in dlsrc, please report it"
        )

    def define(self, values: Iterable[Value], where: object) -> None:
        for value in values:
            if value in self.assigned:
                self.fail("a value is assigned twice", value, where)
            self.assigned.add(value)
            if value not in self.program.types:
                self.fail("a value has no type", value, where)

    def read(self, atoms: Iterable[Atom], visible: frozenset[Value], where: object) -> None:
        for atom in atoms:
            if atom is UNBOUND:
                self.fail("UNBOUND stands where a value is read", atom, where)
            if not isinstance(atom, Value | Const) and atom not in (NEWAXIS, ELLIPSIS):
                self.fail("neither a value nor a literal is read", atom, where)
            if isinstance(atom, Value) and atom not in visible:
                rule = "a value is used outside the block that defines it" if atom in self.assigned else (
                    "a value is used before it is defined"
                )
                self.fail(rule, atom, where)

    def merged(self, atoms: Iterable[Atom], visible: frozenset[Value], where: object) -> None:
        """Atoms of merges and initial values of carries: the only place for UNBOUND."""
        self.read((a for a in atoms if a is not UNBOUND), visible, where)

    def block(self, block: Block, visible: frozenset[Value]) -> frozenset[Value]:
        """Check the statements in order; what is visible after them."""
        seen = set(visible)
        for statement in block:
            now = frozenset(seen) if isinstance(statement, If | For | While) else seen
            self.statement(statement, now)
            seen.update(self.visible_after(statement))
        return frozenset(seen)

    def visible_after(self, statement: Statement) -> tuple[Value, ...]:
        if isinstance(statement, For | While):
            trips = () if statement.trips is None else (statement.trips,)
            return (*(c.result for c in statement.carries), *trips)
        return values_defined(statement)

    def statement(self, statement: Statement, visible: frozenset[Value]) -> None:
        where = getattr(statement, "loc", None)
        if not isinstance(where, Location) or not where.file:
            self.fail("a statement has no location", statement, "an unknown place")
        if isinstance(statement, If):
            self.read((statement.cond,), visible, where)
            then = self.block(statement.then, visible)
            orelse = self.block(statement.orelse, visible)
            self.merged((m.then for m in statement.merges), then, where)
            self.merged((m.orelse for m in statement.merges), orelse, where)
            self.define((m.target for m in statement.merges), where)
        elif isinstance(statement, For | While):
            self.loop(statement, visible, where)
        else:
            self.read(atoms_read(statement), visible, where)
            if isinstance(statement, Read | Store) and not isinstance(statement.base, Value):
                self.fail("a literal is indexed", statement.base, where)
            self.define(values_defined(statement), where)

    def loop(self, loop: For | While, visible: frozenset[Value], where: object) -> None:
        self.merged((c.init for c in loop.carries), visible, where)
        headers = [c.header for c in loop.carries]
        if isinstance(loop, For):
            self.read((loop.start, loop.stop, loop.step), visible, where)
            headers.append(loop.index)
        self.define(headers, where)
        inside = visible | frozenset(headers)
        if isinstance(loop, While):
            inside = self.block(loop.test, inside)
            self.read((loop.cond,), inside, where)
        inside = self.block(loop.body, inside)
        if loop.stop_flag is not None:
            self.read((loop.stop_flag,), inside, where)
        self.read((c.out for c in loop.carries), inside, where)
        self.define((c.result for c in loop.carries), where)
        self.define(() if loop.trips is None else (loop.trips,), where)
