"""Shadows that are emptied though nobody looks again → not emptied.

A store goes back as ``e = dy[i]; dy[i] = 0.0``: an earlier store to the same place must find nothing there.
Where there is none, the zero is written in vain:

    for i in range(n):                   for i in range(n):
        dx[i] += 2 * dy[i]        →          dx[i] += 2 * dy[i]
        dy[i] = 0.0

and where the next trip of a loop around fills the same places again, it may as well write over them:

    for _ in range(steps):               for _ in range(steps):
        for i in range(n):                   for i in range(n):
            dnew[i] += dold[i]        →          dnew[i] = dold[i]
        …                                    …
        for i in range(n):
            dnew[i] = 0.0
"""

from dataclasses import replace

from ..facts.memory import Memory, analyze
from ..facts.outline import Outline, is_loop
from ..ir import (
    Assign, Atom, Block, Const, For, If, Program, Statement, Store, Value, While, atoms_read, walk,
)

__all__ = ["without_emptying"]

_FRESH = ("zeros_like", "zeros_of")


def without_emptying(program: Program) -> Program:
    """The program without stores to shadows that are not read afterwards."""
    return program.with_body(_Emptying(program).body(), program.types)


class _Emptying:
    def __init__(self, program: Program):
        self.program = program
        self.outline = Outline(program)
        self.memory: Memory = analyze(program, self.outline)
        self.touching: dict[Value, list[Statement]] = {}
        handed: set[Value] = set()  # into a list, from which it may be read under no name of its own
        for s in self.outline.statements:
            atoms = (*atoms_read(s), s.base) if isinstance(s, Store) else atoms_read(s)
            for root in {r for a in atoms for r in self.roots(a)}:
                self.touching.setdefault(root, []).append(s)
            if isinstance(s, Assign) and s.op.effect:
                handed |= {r for a in s.args[1:] for r in self.roots(a)}
        self.fresh = {
            s.target for s in self.outline.statements
            if isinstance(s, Assign) and s.target is not None and s.op.name in _FRESH
            and s.target not in handed and self.memory.roots_shared_with(s.target) == {s.target}
        }

    def body(self) -> Block:
        return self.block(self.program.body, {r for a in self.program.returns for r in self.roots(a)})

    def roots(self, atom: Atom) -> set[Value]:
        return {self.memory.root[atom]} if isinstance(atom, Value) and atom in self.memory.root else set()

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
            if isinstance(s, Store) and self.memory.root.get(s.base) in self.fresh - after:
                continue
            if isinstance(s, If):
                s = replace(s, then=self.block(s.then, after), orelse=self.block(s.orelse, after))
                if not (s.then or s.orelse or s.merges):
                    continue
            elif is_loop(s):
                body = self.refilled(s, after) if isinstance(s, For) else s.body  # type: ignore[union-attr]
                inside = self.used((s,))
                outer = {r for r in inside if not any(t is s for t, _ in self.outline.home[r])}
                s = replace(s, body=self.block(body, after | outer))  # type: ignore[type-var, arg-type]
                if isinstance(s, For) and not (s.body or s.carries or s.trips):
                    continue
            after = after | self.used((s,))
            out.append(s)
        return tuple(reversed(out))

    # ------------------------------------------------------------------ filled again

    def refilled(self, loop: For, after: set[Value]) -> Block:
        """The body of a loop with arrays filled anew that each trip fills first and empties last."""
        body = loop.body
        inner = [t for s in body if isinstance(s, For) for t in s.body]
        stored = {self.memory.root.get(t.base) for t in inner if isinstance(t, Store)}
        for array in sorted((self.fresh & stored) - after, key=lambda v: v.number):
            if any(t is loop for t, _ in self.outline.home[array]) or not self.only_in(array, loop):
                continue
            touching = [s for s in body if self.touches(s, array)]
            if len(touching) < 2:
                continue
            first, last = touching[0], touching[-1]
            if not (isinstance(first, For) and isinstance(last, For)):
                continue
            added, emptied = self.stores(first, array, "add"), self.stores(last, array, "set")
            if (
                added is not None and emptied is not None and emptied.value == Const(0.0)
                and len(last.body) == 1 and added.index.entries == (first.index,)
                and emptied.index.entries == (last.index,)
                and (first.start, first.stop, first.step) == (last.start, last.stop, last.step)
                and all(self.fixed(a, loop) for a in (first.start, first.stop))
                and not any(
                    isinstance(s, Store) and self.memory.root.get(s.base) == array
                    for t in touching[1:-1] for s in walk((t,))
                )
                and not any(self.memory.root.get(a) == array for s in first.body if s is not added
                            for a in atoms_read(s) if isinstance(a, Value))
            ):
                filled = replace(
                    first, body=tuple(replace(added, mode="set") if s is added else s for s in first.body)
                )
                body = tuple(filled if s is first else s for s in body if s is not last)
        return body

    def only_in(self, array: Value, loop: For) -> bool:
        """Whether the array is made for this loop, and everything that touches it is in the loop."""
        outline = self.outline
        made = outline.defined[array]
        around = outline.loops(outline.scope[id(loop)])
        if [id(t) for t in around] != [id(t) for t in outline.loops(outline.home[array])]:
            return False
        touching = self.touching.get(array, ())
        return all(s is made or any(t is loop for t, _ in outline.scope[id(s)]) for s in touching)

    def touches(self, s: Statement, array: Value) -> bool:
        return any(
            t is s or any(u is s for u, _ in self.outline.scope[id(t)]) for t in self.touching.get(array, ())
        )

    def stores(self, loop: For, array: Value, mode: str) -> Store | None:
        """The one store of a loop to the array, if it is of this kind and by the name of the array itself."""
        found = [s for s in walk(loop.body) if isinstance(s, Store) and self.memory.root.get(s.base) == array]
        if len(found) != 1 or found[0].mode != mode or found[0].base != array or loop.carries:
            return None
        return found[0] if any(s is found[0] for s in loop.body) else None

    def fixed(self, atom: Atom, loop: For) -> bool:
        """Whether a number is the same in every trip of the loop."""
        if not isinstance(atom, Value) or not any(t is loop for t, _ in self.outline.home[atom]):
            return True
        made = self.outline.defined[atom]
        if not isinstance(made, Assign) or made.op.name not in ("add", "subtract", "dim", "size"):
            return False
        return all(self.fixed(a, loop) for a in made.args)
