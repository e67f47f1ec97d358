"""Which arrays a derivative may come back to after each write: those that count later.

    v = x                 after the write, x is read again: what the write does to x matters
    v[0] = 1.0            len(x), x[1] > 0.0 and np.argsort(x) would not count, nor what is never used,
    s = x[1] * s          nor a name that the next trip binds anew

Plain liveness of values, backwards through branches and loops: what a branch merges or a loop hands on is
used where the name that it goes to is.  A view in use keeps the memory that it shows in use.
"""

from collections.abc import Iterable

from ...kernels.types import is_float
from ..ir import Assign, Atom, Block, For, Gradient, If, Program, Read, Statement, Store, Value, While

__all__ = ["after_writes"]

Live = frozenset[Value]


def after_writes(program: Program) -> dict[int, Live]:
    """For each statement that writes to an array, by identity, the values that are read after it."""
    found = _Later(program)
    found.block(program.body, found.real(program.returns))
    return found.after


class _Later:
    def __init__(self, program: Program):
        self.types = program.types
        self.after: dict[int, Live] = {}

    def block(self, block: Block, live: Live) -> Live:
        """What is read in or after a block, when ``live`` is read after it."""
        for statement in reversed(block):
            live = self.statement(statement, live)
        return live

    def statement(self, s: Statement, live: Live) -> Live:
        match s:
            case Assign(target=target, op=op, args=args):
                if op.writes:
                    self.after[id(s)] = self.after.get(id(s), frozenset()) | live
                    read = args if target in live else args[1:]  # `pop` gives what it takes away
                    return live - {target} | self.real(read)
                if target is None or target not in live:
                    return live
                passing = [a for n, a in zip(op.arguments, args, strict=True) if n not in op.zeros]
                return live - {target} | (self.real(passing) if is_float(self.types[target]) else frozenset())
            case Read(target=target, base=base):
                if target not in live:
                    return live
                return live - {target} | (self.real((base,)) if is_float(self.types[target]) else frozenset())
            case Store(value=value):
                self.after[id(s)] = self.after.get(id(s), frozenset()) | live
                return live | self.real((value,))
            case Gradient(results=results, loss=loss, targets=targets):
                return live - set(results) | self.real((loss, *targets))
            case If(then=then, orelse=orelse, merges=merges):
                used = [m for m in merges if m.target in live]
                live = live - {m.target for m in merges}
                return self.block(then, live | self.real([m.then for m in used])) | self.block(
                    orelse, live | self.real([m.orelse for m in used])
                )
            case For():
                return self.loop(s, live)
            case While():
                return self.loop(s, live)
        return live

    def loop(self, s: For | While, live: Live) -> Live:
        """The trips again until nothing new is read: a trip reads what the one before left."""
        outs = self.real([c.out for c in s.carries if c.result in live])
        heads = frozenset(c.header for c in s.carries if c.result in live)
        inits = self.real([c.init for c in s.carries if c.result in live])
        own = {v for c in s.carries for v in (c.header, c.result)}
        live = live - own
        start: Live = frozenset()
        while True:
            end = live | (start - own) | self.real([c.out for c in s.carries if c.header in start])
            if isinstance(s, For):
                now = self.block(s.body, end | outs)
            else:
                if s.stop_flag is not None:
                    end |= outs
                now = self.block(s.test, self.block(s.body, end) | live | heads)
            if now <= start:
                break
            start |= now
        return live | (start - own) | inits | self.real([c.init for c in s.carries if c.header in start])

    def real(self, atoms: Iterable[Atom]) -> Live:
        """Those of the values that a derivative can pass through."""
        return frozenset(a for a in atoms if isinstance(a, Value) and is_float(self.types[a]))
