"""Without what nobody needs: values, loops, branches, and stores to arrays that nobody reads.

What counts is what the function returns, writes to memory that outlives it or is read, prints or raises.
"""

from collections.abc import Iterable

from ...records import replace
from ..facts.regions import WRITERS, Regions, written_by
from ..ir import (
    Assign, Atom, Block, Check, For, If, Program, Raise, Read, Show, Statement, Store, Value, While,
    blocks_of, values_defined, walk,
)

__all__ = ["without_dead"]


def without_dead(program: Program) -> Program:
    """The program without statements, carries and merges that have no effect on what it gives."""
    sweep = _Sweep(program)
    body = sweep.kept(program.body)
    return program if body == program.body else program.with_body(body)


class _Sweep:
    def __init__(self, program: Program):
        self.regions = Regions(program)
        self.unread = _unread(program, self.regions)
        self.home: dict[Value, Statement] = {}
        self.around: dict[int, Statement] = {}
        self.needed: set[int] = set()
        self.live: set[Value] = set()
        self.pending: list[Value] = []
        self.index(program.body, None)
        self.want(program.returns)
        for statement in walk(program.body):
            if self.matters(statement):
                self.need(statement)
        while self.pending:
            value = self.pending.pop()
            home = self.home.get(value)
            if home is not None:
                self.need(home)
                self.want(self.sources(value, home))

    def index(self, block: Block, around: Statement | None) -> None:
        for statement in block:
            if around is not None:
                self.around[id(statement)] = around
            for value in values_defined(statement):
                self.home[value] = statement
            for inner in blocks_of(statement):
                self.index(inner, statement)

    def matters(self, statement: Statement) -> bool:
        """Whether the statement is needed for what it does."""
        match statement:
            case Check() | Raise() | Show():
                return True
            case Store(base=base):
                return self.regions.find(base) not in self.unread
            case Assign(target=target, op=op):
                if not (op.effect or target is None):
                    return False
                written = written_by(statement)
                quiet = op.name in WRITERS and all(self.regions.find(v) in self.unread for v in written)
                return not quiet
        return False

    def want(self, atoms: Iterable[Atom | None]) -> None:
        for atom in atoms:
            if isinstance(atom, Value) and atom not in self.live:
                self.live.add(atom)
                self.pending.append(atom)

    def need(self, statement: Statement) -> None:
        """Keep a statement, and what decides whether it runs."""
        while id(statement) not in self.needed:
            self.needed.add(id(statement))
            match statement:
                case Assign(args=args):
                    self.want(args)
                case Read(base=base, index=index):
                    self.want((base, *index.atoms))
                case Store(base=base, index=index, value=value):
                    self.want((base, *index.atoms, value))
                case Check(low=low, high=high, size=size, when=when):
                    self.want((low, high, size, when))
                case If(cond=cond):
                    self.want((cond,))
                case For(start=start, stop=stop, step=step, stop_flag=flag):
                    self.want((start, stop, step, flag))
                case While(cond=cond, stop_flag=flag):
                    self.want((cond, flag))
                case Raise(values=values) | Show(values=values):
                    self.want(values)
                case _:
                    self.want(getattr(statement, "targets", ()))
                    self.want((getattr(statement, "loss", None),))
            outer = self.around.get(id(statement))
            if outer is None:
                return
            statement = outer

    def sources(self, value: Value, home: Statement) -> tuple[Atom, ...]:
        """What a merge's target or a loop's header or result is made of."""
        if isinstance(home, If):
            return tuple(a for m in home.merges if m.target == value for a in (m.then, m.orelse))
        if isinstance(home, For | While):
            return tuple(
                a for c in home.carries if value in (c.header, c.result) for a in (c.init, c.out, c.header)
            )
        return ()

    # ------------------------------------------------------------------ what is left

    def kept(self, block: Block) -> Block:
        found = [self.slimmed(s) for s in block if id(s) in self.needed]
        same = len(found) == len(block) and all(a is b for a, b in zip(found, block, strict=True))
        return block if same else tuple(found)

    def slimmed(self, statement: Statement) -> Statement:
        changed: Statement
        match statement:
            case If():
                merges = tuple(m for m in statement.merges if m.target in self.live)
                then, orelse = self.kept(statement.then), self.kept(statement.orelse)
                changed = replace(statement, then=then, orelse=orelse, merges=merges)
            case For():
                trips = statement.trips if statement.trips in self.live else None
                changed = replace(
                    statement, carries=self.carries(statement), body=self.kept(statement.body), trips=trips
                )
            case While():
                trips = statement.trips if statement.trips in self.live else None
                changed = replace(
                    statement, carries=self.carries(statement), test=self.kept(statement.test),
                    body=self.kept(statement.body), trips=trips,
                )  # fmt: skip
            case Assign(target=Value() as target, op=op) if op.effect and target not in self.live:
                return replace(statement, target=None)
            case _:
                return statement
        return statement if changed == statement else changed

    def carries(self, loop: For | While):
        return tuple(c for c in loop.carries if c.header in self.live or c.result in self.live)


# What tells something about an array but reads none of its elements.
_SIZES = {"dim", "size", "shape"}
_LIKE = {"zeros_like", "one_hot"}  # new memory of its shape


def _unread(program: Program, regions: Regions) -> set[Value]:
    """Regions that are allocated here and only ever written to."""
    read: set[Value] = {regions.find(p) for p in regions.params}

    def use(atoms: Iterable[Atom | None]) -> None:
        read.update(regions.find(a) for a in atoms if a is not None and regions.is_memory(a))

    use(program.returns)
    allocated: set[Value] = set()
    for statement in walk(program.body):
        match statement:
            case Read(target=target, base=base, index=index):
                use(index.atoms)
                if not regions.is_memory(target) or regions.find(target) != regions.find(base):
                    use((base,))
            case Store(index=index, value=value):
                use((*index.atoms, value))
            case Assign(target=target, op=op, args=args):
                if op.effect and op.name in WRITERS:
                    use(args[1:])
                elif op.view or op.name in _SIZES:
                    use(args[1:])
                elif op.name in _LIKE and target is not None:
                    use(args[1:])
                    allocated.add(regions.find(target))
                elif op.name in ("room", "room_for"):
                    # A tape that grows is still the tape: whether it is read is asked of its reads.
                    use(args[1:])
                    allocated.add(regions.find(args[0]))
                else:
                    use(args)
                    if target is not None and regions.is_memory(target):
                        allocated.add(regions.find(target))
            case Raise(values=values) | Show(values=values):
                use(values)
            case Check() | If() | For() | While():
                pass
            case _:
                use(getattr(statement, "targets", ()))
                use((getattr(statement, "loss", None),))
                use(getattr(statement, "results", ()))
    return allocated - read


