"""What is the same in every trip of a loop is read or divided once, in front of it.

    for j in range(n):                        for j in range(n):
        for i in range(n):                        v = x[j]
            y[i] += a[i, j] * x[j]     →          for i in range(n):
                                                      y[i] += a[i, j] * v

A compiler cannot do it, since for all that it knows `y` may be `x`.  A sweep that needs `v` then keeps it
once for all trips of the inner loop, and adds up the cotangent of it in a number.

Moved are elements of arrays to which the loop does not write, at places that are proven to be there (the
loop may make no trip), divisions by a literal, and sizes that end loops inside; with them the additions and
multiplications by literals that they are made of.  Nothing else moves: what is infinite, or has an infinite
slope, must not be computed where the user's program does not compute it, or ``0 * inf`` would come back from
a loop without trips.
"""

from ...kernels.types import Scalar, is_float
from ...records import replace
from ..bounds import Prover
from ..facts.memory import Memory, analyze
from ..ir import (
    Assign, Atom, Block, Const, For, Gradient, Program, Read, Statement, Store, Value, atoms_read, blocks_of,
    values_defined, walk, with_blocks,
)

__all__ = ["moved_out"]


def moved_out(program: Program) -> Program:
    """The program with what does not change in a loop in front of the loop."""
    if not any(isinstance(s, For) for s in walk(program.body)):
        return program
    prover = Prover(program)
    moving = _Moving(program, prover, analyze(program, prover.outline))
    return program.with_body(moving.block(program.body, {}))


class _Moving:
    def __init__(self, program: Program, prover: Prover, memory: Memory):
        self.types = program.types
        self.prover = prover
        self.memory = memory

    def block(self, block: Block, ranges: dict[Value, For]) -> Block:
        """The block, inner loops first; ``ranges`` are the counters around."""
        out: list[Statement] = []
        for s in block:
            if isinstance(s, For):
                body = self.block(s.body, {**ranges, s.index: s})
                before, left = self.split(s, body, ranges)
                out += [*before, replace(s, body=left)]
            else:
                out.append(with_blocks(s, [self.block(b, ranges) for b in blocks_of(s)]))
        return tuple(out)

    def split(self, loop: For, body: Block, ranges: dict[Value, For]) -> tuple[Block, Block]:
        """What goes in front of a loop, and what stays in its body."""
        if any(isinstance(s, Gradient) for s in walk(body)):
            return (), body
        inside = {v for s in walk(body) for v in values_defined(s)}
        inside |= {loop.index, *(c.header for c in loop.carries)}
        written = self.written(body)
        found: list[Assign | Read] = []
        for s in body:
            if not isinstance(s, Assign | Read) or s.target is None or inside.intersection(atoms_read(s)):
                continue
            if self.may_move(s, written, ranges):
                found.append(s)
                inside.discard(s.target)
        # The size of an array that ends a loop inside: a tape of both loops is then made in front of them.
        wanted: set[Atom] = {a for s in walk(body) if isinstance(s, For) for a in (s.start, s.stop)}
        before: list[Statement] = []
        for s in reversed(found):
            if s.target in wanted or isinstance(s, Read) or s.op.name == "divide":
                wanted.update(atoms_read(s))
                before.insert(0, s)
        gone = {id(s) for s in before}
        return tuple(before), tuple(s for s in body if id(s) not in gone)

    def written(self, body: Block) -> set[Value]:
        """The roots of the memory that the loop may write to."""
        found: set[Value] = set()
        for s in walk(body):
            base: Atom | None = s.base if isinstance(s, Store) else None
            if isinstance(s, Assign) and s.op.writes and s.args:
                base = s.args[0]
            if isinstance(base, Value) and base in self.memory.root:
                found |= self.memory.roots_shared_with(self.memory.root[base])
        return found

    def may_move(self, s: Assign | Read, written: set[Value], ranges: dict[Value, For]) -> bool:
        """Whether the statement gives the same number in front of the loop, and harms nobody there."""
        type_ = self.types[s.target]  # type: ignore[index]
        if not isinstance(type_, Scalar):
            return False
        if isinstance(s, Assign) and s.op.name in ("dim", "size"):
            return True
        if isinstance(s, Read):
            return self.memory.root[s.base] not in written and all(
                isinstance(entry, Value | Const) and self.prover.within(entry, s.base, axis, ranges)
                for axis, entry in enumerate(s.index.entries)
            )
        literal = any(isinstance(a, Const) for a in s.args)
        match s.op.name:
            case "add" | "subtract" | "negative":
                return True
            case "multiply":
                return literal or not is_float(type_)
            case "divide":
                return isinstance(s.args[1], Const) and s.args[1].value != 0
        return False
