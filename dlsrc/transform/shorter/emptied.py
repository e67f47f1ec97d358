"""Shadows that are emptied though nobody looks again → not emptied.

A store goes back as ``e = dy[i]; dy[i] = 0.0``: an earlier store to the same place must find nothing there.
Where there is none, the zero is written in vain:

    for i in range(n):                   for i in range(n):
        dx[i] += 2 * dy[i]        →          dx[i] += 2 * dy[i]
        dy[i] = 0.0

and where the next trip of a loop around fills the same places again, it may as well write over them
(`refilled`).  The same goes for what a segment that is run again stores last, of which only what was there
before is read.
"""

from ...records import replace
from ..facts.fresh import Fresh
from ..facts.outline import is_loop
from ..ir import Block, For, If, Program, Statement, Store, Value, While, atoms_read, walk
from .refilled import written_over

__all__ = ["without_emptying"]

def without_emptying(program: Program) -> Program:
    """The program without stores to shadows that are not read afterwards."""
    program = written_over(program)
    return program.with_body(_Emptying(program).body(), program.types)


class _Emptying(Fresh):
    def body(self) -> Block:
        return self.block(self.program.body, {r for a in self.program.returns for r in self.roots(a)})

    def used(self, block: Block) -> set[Value]:
        """The memory that the statements read; what they only store to is not used."""
        found: set[Value] = set()
        for s in walk(block):
            atoms = (*s.index.atoms, s.value) if isinstance(s, Store) else atoms_read(s)
            for atom in atoms:
                found |= self.roots(atom)
            if isinstance(s, For | While):
                for carry in s.carries:
                    found |= self.roots(carry.init) | self.roots(carry.out)
            elif isinstance(s, If):
                for merge in s.merges:
                    found |= self.roots(merge.then) | self.roots(merge.orelse)
        return found

    def block(self, block: Block, after: set[Value]) -> Block:
        """The block without stores to what is not read after them; ``after`` is read after the block."""
        out: list[Statement] = []
        for s in reversed(block):
            if isinstance(s, Store) and self.memory.root.get(s.base) in self.arrays - after:
                continue
            if isinstance(s, If):
                # What a side hands on is read under another name, or by the return.
                seen = after | {r for m in s.merges for a in (m.then, m.orelse) for r in self.roots(a)}
                s = replace(s, then=self.block(s.then, seen), orelse=self.block(s.orelse, seen))
                if not (s.then or s.orelse or s.merges):
                    continue
            elif is_loop(s):
                inside = self.used((s,))
                seen = {r for r in inside if not any(t is s for t, _ in self.outline.home[r])}
                seen |= {r for c in s.carries for r in self.roots(c.out)}  # type: ignore[union-attr]
                s = replace(s, body=self.block(s.body, after | seen))  # type: ignore[type-var, union-attr, arg-type]
                if isinstance(s, For) and not (s.body or s.carries or s.trips):
                    continue
            after = after | self.used((s,))
            out.append(s)
        return tuple(reversed(out))
