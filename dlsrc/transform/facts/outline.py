"""Where everything in a program stands: the scope of each statement and of each value, and their order.

A *scope* is the chain of compound statements around a place, outermost first, each with the slot
("then", "orelse", "body", "test") that the place is in.  Statements are known by identity: one frozen
program, one outline.
"""

from collections.abc import Iterator

from ...records import field, record
from ..ir import UNBOUND, Block, For, If, Program, Statement, Value, While, values_defined

__all__ = ["Outline", "Scope", "is_loop", "slots", "visible"]

Scope = tuple[tuple[Statement, str], ...]


def slots(statement: Statement) -> Iterator[tuple[str, Block]]:
    """The named blocks of a compound statement."""
    if isinstance(statement, If):
        yield "then", statement.then
        yield "orelse", statement.orelse
    elif isinstance(statement, For):
        yield "body", statement.body
    elif isinstance(statement, While):
        yield "test", statement.test
        yield "body", statement.body


def is_loop(statement: Statement) -> bool:
    """Whether the statement is a ``for`` or a ``while``."""
    return isinstance(statement, For | While)


def visible(home: Scope, here: Scope) -> bool:
    """Whether a value of the scope ``home`` can be used in the scope ``here``."""
    return len(home) <= len(here) and all(
        h[0] is t[0] and h[1] in (t[1], "test") for h, t in zip(home, here, strict=False)
    )


@record
class Outline:
    """Facts about the places in a program.

    Attributes
    ----------
    statements : list
        All statements, a compound one before its blocks.
    scope, position : dict by id of statement
        The scope the statement is in, and its number in ``statements``.
    defined : dict of Value to statement (None for parameters)
    home : dict of Value to Scope
        The scope in which the value is visible.
    """

    program: Program
    statements: list[Statement] = field(default_factory=list)
    scope: dict[int, Scope] = field(default_factory=dict)
    position: dict[int, int] = field(default_factory=dict)
    defined: dict[Value, Statement | None] = field(default_factory=dict)
    home: dict[Value, Scope] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for value in self.program.params:
            self.defined[value] = None
            self.home[value] = ()
        self._visit(self.program.body, ())

    def _visit(self, block: Block, scope: Scope) -> None:
        for statement in block:
            self.scope[id(statement)] = scope
            self.position[id(statement)] = len(self.statements)
            self.statements.append(statement)
            for value in values_defined(statement):
                self.defined[value] = statement
                self.home[value] = scope
            if isinstance(statement, For | While):
                slot = "body" if isinstance(statement, For) else "test"
                inner = (*scope, (statement, slot))
                for carry in statement.carries:
                    self.home[carry.header] = inner
                if isinstance(statement, For):
                    self.home[statement.index] = inner
            for slot, inner_block in slots(statement):
                self._visit(inner_block, (*scope, (statement, slot)))

    def loops(self, scope: Scope) -> list[Statement]:
        """The loops of a scope, outermost first."""
        return [s for s, _ in scope if is_loop(s)]

    def is_before(self, value: Value, loop: Statement) -> bool:
        """Whether a value is there in front of a loop, whichever way the program took."""
        home = self.home.get(value)
        if home is None or not visible(home, self.scope[id(loop)]) or not self.always_bound(value):
            return False
        made = self.defined[value]
        if made is None or any(s is made for s, _ in home):
            return True
        around = any(s is made for s, _ in self.scope[id(loop)])  # what comes of a loop around is not there
        return self.position[id(made)] < self.position[id(loop)] and not around

    def always_bound(self, value: Value) -> bool:
        """Whether a name has a value on every way through the branch or loop that joins what it may be."""
        made = self.defined[value]
        for merge in getattr(made, "merges", ()):
            if merge.target == value and UNBOUND in (merge.then, merge.orelse):
                return False
        for carry in getattr(made, "carries", ()):
            if value in (carry.header, carry.result) and UNBOUND in (carry.init, carry.out):
                return False
        return True

    def may_follow(self, later: Statement, earlier: Statement, born: Scope) -> bool:
        """Whether ``later`` may run after ``earlier`` on memory that came to be in the scope ``born``.

        In a loop around both, every statement follows every other, one trip later; but if the memory is
        made anew in each trip, a later trip has other memory.
        """
        if self.position[id(later)] > self.position[id(earlier)]:
            return not self._exclusive(later, earlier)
        fresh = {id(s) for s, _ in born}
        around = {id(s) for s, _ in self.scope[id(later)] if is_loop(s)} & {
            id(s) for s, _ in self.scope[id(earlier)] if is_loop(s)
        }
        if is_loop(earlier) and any(s is earlier for s, _ in self.scope[id(later)]):
            return True
        return bool(around - fresh)

    def _exclusive(self, a: Statement, b: Statement) -> bool:
        """Whether the two are in different branches of one If outside of any common loop."""
        for (s, slot), (t, other) in zip(self.scope[id(a)], self.scope[id(b)], strict=False):
            if s is not t:
                return False
            if slot != other and isinstance(s, If):
                return True
            if is_loop(s):
                return False
        return False
