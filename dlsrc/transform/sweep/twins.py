"""Shadows that go with their arrays, where only the run decides which arrays are one.

    v = x if p > 0 else y           v = x if p > 0 else y       dv = dx if p > 0 else dy
    v[0] = 2.0               →      v[0] = 2.0
    s = x[0] + v[1]                 s = x[0] + v[1]             dx[0] += ds; dv[1] += ds; dv[0] = 0.0

Elsewhere a shadow is made when the sweep first meets its array, and handed from name to name where a branch
or a loop is swept.  That needs each memory to have one name at a time.  Here a name may stand for either of
two arrays that are both read again, so its shadow must *be* the shadow of the one it stands for.  So the
shadow is made where the array is made, on the way forward, and each branch, loop and view does with the
shadow what it does with the array: it is merged, carried and viewed like it.  The sweep then finds the
shadow of a name as it finds any forward value.

The price is that a trip which makes an array makes its shadow too, and both are kept until the sweep.
"""

from ...errors import UnsupportedSyntax
from ...kernels.types import Array
from ...records import replace
from ..building.context import Context
from ..facts.memory import Memory
from ..facts.outline import Outline, is_loop
from ..ir import (
    UNBOUND, Assign, Atom, Block, Carry, For, Gradient, If, Merge, Program, Read, Statement, Value, While,
    blocks_of, values_defined, with_blocks,
)

__all__ = ["Twins", "refuse_entangled", "twinned"]

# By gradient (the identity of its statement), the shadow of each array that has one of its own.
Twins = dict[int, dict[Value, Value]]


def twinned(
    program: Program, outline: Outline, memory: Memory, gradients: list[Gradient], ctx: Context
) -> tuple[Program, Twins]:
    """The program with the shadows of arrays that cannot be told apart, for each of the gradients."""
    found: Twins = {}
    for gradient in gradients if memory.entangled else ():
        refuse_entangled(gradient, outline, memory)
        made = _Twinning(program, memory, ctx)
        program = made.made
        found[id(gradient)] = made.twins
    return program, found


def refuse_entangled(gradient: Gradient, outline: Outline, memory: Memory) -> None:
    """Refuse what twins do not serve: gradients of several trips, and by an array that may be another.

    Raises
    ------
    UnsupportedSyntax
        With the writes that cannot be told apart.
    """
    by_one = any(isinstance(t, Value) and memory.root.get(t) in memory.entangled for t in gradient.targets)
    if by_one or any(is_loop(s) for s, _ in outline.scope[id(gradient)]):
        raise UnsupportedSyntax(memory.ambiguous)


class _Twinning:
    def __init__(self, program: Program, memory: Memory, ctx: Context):
        self.ctx = ctx
        self.memory = memory
        self.twins: dict[Value, Value] = {}
        group = [v for v, root in memory.root.items() if root in memory.entangled]
        for value in group:
            type_ = program.types[value]
            if not self._is_shown(value):
                type_ = Array(type_.dtype, type_.ndim, "F" if type_.layout == "F" else "C")
            self.twins[value] = ctx.value(type_, base=value, form=ctx.form)
        first: list[Statement] = []
        for value in program.params:
            if value in self.twins:
                first += self._zeros(value, program.body[0])
        self.made = program.with_body((*first, *self.block(program.body)), ctx.types)

    def _is_shown(self, value: Value) -> bool:
        """Whether the value is a view, or what a branch merges or a loop carries."""
        return value in self.memory.base or value in self.memory.sources

    def _zeros(self, value: Value, at: Statement) -> list[Statement]:
        with self.ctx.at(at.loc), self.ctx.collecting() as block:
            self.ctx.op("zeros_like", value, target=self.twins[value])
        return block

    def twin(self, atom: Atom) -> Atom:
        return atom if atom is UNBOUND else self.twins[atom]  # type: ignore[index]

    def block(self, block: Block) -> Block:
        out: list[Statement] = []
        for s in block:
            changed = with_blocks(s, [self.block(b) for b in blocks_of(s)]) if blocks_of(s) else s
            match changed:
                case If(merges=merges):
                    more = [
                        Merge(self.twins[m.target], self.twin(m.then), self.twin(m.orelse))
                        for m in merges if m.target in self.twins
                    ]
                    out.append(replace(changed, merges=(*merges, *more)))
                case For() | While():
                    added = [
                        Carry(self.twins[c.header], self.twin(c.init), self.twin(c.out), self.twins[c.result])
                        for c in changed.carries if c.header in self.twins
                    ]
                    out.append(replace(changed, carries=(*changed.carries, *added)))
                case _:
                    out.append(changed)
                    for value in values_defined(changed):
                        if value in self.twins:
                            out += self._beside(value, changed)
        return tuple(out)

    def _beside(self, value: Value, s: Statement) -> list[Statement]:
        """What gives the twin of a value that a plain statement defines."""
        base = self.memory.base.get(value)
        if base is None:
            return self._zeros(value, s)
        target, shown = self.twins[value], self.twins[base]
        if isinstance(s, Read):
            return [Read(target, shown, s.index, s.loc)]
        assert isinstance(s, Assign)
        return [Assign(target, s.op, (shown, *s.args[1:]), s.static, s.loc)]
