"""Arrays that a program makes and has under one name: what happens to them is all in sight."""

from ..ir import Assign, Atom, Program, Statement, Store, Value, atoms_read
from .memory import Memory, analyze
from .outline import Outline

__all__ = ["Fresh"]

ZEROS = ("zeros_like", "zeros_of")
_MADE = (*ZEROS, "empty_of", "copy")


class Fresh:
    """The arrays, and where they are touched."""

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
        made = {
            s.target: s.op.name for s in self.outline.statements
            if isinstance(s, Assign) and s.target is not None and s.op.name in _MADE
            and s.target not in handed and self.memory.roots_shared_with(s.target) == {s.target}
        }
        self.arrays = frozenset(made)
        self.zeros = frozenset(v for v, name in made.items() if name in ZEROS)

    def roots(self, atom: Atom) -> set[Value]:
        return {self.memory.root[atom]} if isinstance(atom, Value) and atom in self.memory.root else set()

    def only_in(self, array: Value, loop: Statement) -> bool:
        """Whether an array is made beside a loop, and everything else that touches it is in the loop."""
        outline = self.outline
        made = outline.defined[array]
        around = outline.loops(outline.scope[id(loop)])
        if [id(t) for t in around] != [id(t) for t in outline.loops(outline.home[array])]:
            return False
        if any(r == array for a in self.program.returns for r in self.roots(a)):
            return False
        touching = self.touching.get(array, ())
        return all(s is made or any(t is loop for t, _ in outline.scope[id(s)]) for s in touching)
