"""Records → one program: the forward statements with what they must keep, the reverse sweeps in place.

    forward + edits (tapes, copies, counters) + the sweep where each ``dlgradient`` stood
"""

from ..records import replace
from .building.context import Context
from .derivatives.custom import CustomRule
from .ir import (
    Assign, Atom, Block, Carry, Check, For, Gradient, If, Merge, Program, Raise, Read, Show, Statement, Store,
    Value, While,
)
from .save import Edits

__all__ = ["assemble"]


def assemble(program: Program, ctx: Context, edits: Edits) -> Program:
    """The program without the `Gradient` statements that have a sweep."""
    return _Assembly(ctx, edits).program(program)


class _Assembly:
    def __init__(self, ctx: Context, edits: Edits):
        self.ctx = ctx
        self.edits = edits

    def program(self, program: Program) -> Program:
        body = self.block(program.body)
        types = {self.value(v): t for v, t in self.ctx.types.items()}
        return Program(program.name, program.params, body, tuple(map(self.atom, program.returns)), types)

    def value(self, value: Value) -> Value:
        renamed = self.ctx.renamed.get(value)
        return value if renamed is None else renamed

    def atom(self, atom: Atom) -> Atom:
        while isinstance(atom, Value) and atom in self.ctx.replaced:
            atom = self.ctx.replaced[atom]
        return self.value(atom) if isinstance(atom, Value) else atom

    def block(self, block: Block | list[Statement]) -> Block:
        out: list[Statement] = []
        for statement in block:
            key = id(statement)
            for added in self.edits.before.get(key, ()):
                out += self.block([added])
            if key in self.edits.replaced:
                out += self.block(self.edits.replaced[key])
            else:
                out.append(self.statement(statement))
            for added in self.edits.after.get(key, ()):
                out += self.block([added])
        return tuple(out)

    def inner(self, statement: Statement, slot: str, block: Block) -> Block:
        key = (id(statement), slot)
        start = self.block(self.edits.start.get(key, []))
        end = self.block(self.edits.end.get(key, []))
        return (*start, *self.block(block), *end)

    def carries(self, statement: For | While) -> tuple[Carry, ...]:
        every = (*statement.carries, *self.edits.carries.get(id(statement), ()))
        firsts = self.edits.firsts
        return tuple(
            Carry(
                self.value(c.header), self.atom(firsts.get((c.header, "init"), c.init)), self.atom(c.out),
                self.value(c.result),
            )
            for c in every
        )

    def statement(self, s: Statement) -> Statement:
        match s:
            case Assign(target=target, op=op, args=args):
                if isinstance(op, CustomRule):
                    op = op.changed(self.block, self.atom)
                return replace(
                    s, target=None if target is None else self.value(target), op=op,
                    args=tuple(map(self.atom, args)),
                )
            case Read():
                return replace(
                    s, target=self.value(s.target), base=self.atom(s.base), index=s.index.replaced(self.atom)
                )
            case Store():
                return replace(
                    s, base=self.atom(s.base), index=s.index.replaced(self.atom), value=self.atom(s.value)
                )
            case Check():
                when = None if s.when is None else self.atom(s.when)
                return replace(
                    s, low=self.atom(s.low), high=self.atom(s.high), size=self.atom(s.size), when=when
                )
            case Raise() | Show():
                return replace(s, values=tuple(map(self.atom, s.values)))
            case Gradient():
                return Gradient(
                    tuple(map(self.value, s.results)), self.atom(s.loss), tuple(map(self.atom, s.targets)),
                    s.loc, s.higher, s.own,
                )
            case If():
                every = (*s.merges, *self.edits.merges.get(id(s), ()))
                firsts = self.edits.firsts
                merges = tuple(
                    Merge(
                        self.value(m.target), self.atom(firsts.get((m.target, "then"), m.then)),
                        self.atom(firsts.get((m.target, "orelse"), m.orelse)),
                    )
                    for m in every
                )  # fmt: skip
                return If(
                    self.atom(s.cond), self.inner(s, "then", s.then), self.inner(s, "orelse", s.orelse),
                    merges, s.loc,
                )
            case For():
                flag = None if s.stop_flag is None else self.atom(s.stop_flag)
                trips = s.trips or self.edits.trips.get(id(s))
                return For(
                    self.value(s.index), self.atom(s.start), self.atom(s.stop), self.atom(s.step),
                    self.carries(s),
                    self.inner(s, "body", s.body), flag, trips, s.loc, s.checkpoint,
                )  # fmt: skip
            case While():
                flag = None if s.stop_flag is None else self.atom(s.stop_flag)
                trips = s.trips or self.edits.trips.get(id(s))
                return While(
                    self.carries(s), self.inner(s, "test", s.test), self.atom(s.cond),
                    self.inner(s, "body", s.body),
                    flag, trips, s.loc,
                )  # fmt: skip
        raise AssertionError(s)
