"""The tangent of a function with a rule of the user's own: the rule turned round.

The rule's statements compute cotangents of the arguments from one of the result, ``dy``, in which they are
linear.  What a tangent asks for is the transposed product, and so the gradient of ``sum(dx * tx)`` by ``dy``:

    softplus_bwd(x, dy): dx = dy * s(x)        ty = gradient of dy * s(x) * tx by dy = s(x) * tx
"""

from collections.abc import Sequence

from ...kernels.types import Array, Scalar
from ..assemble import assemble
from ..building.context import Context
from ..building.instance import instance
from ..derivatives.custom import CustomRule, unruled
from ..differentiate import differentiate
from ..facts.regions import written_by
from ..ir import (
    Assign, Atom, Const, For, Gradient, If, Program, Value, While, atoms_read, values_defined, walk,
)
from ..normalize import complete
from ..simplify import simplify
from ..sweep.edits import Edits

__all__ = ["custom_tangent"]

SHAPES = ("zeros_like", "shape", "dim", "size")


def custom_tangent(
    ctx: Context, s: Assign, op: CustomRule, tangents: Sequence[Atom | None]
) -> Atom | None:
    """The tangent of the result of ``s`` from those of the rule's arguments, None for none.

    None if the rule is not linear: one that clips cotangents, say, is the transpose of nothing.
    """
    assert isinstance(s.target, Value)
    arguments, residuals = s.args[1 : op.count + 1], s.args[op.count + 1 :]
    program = _turned(ctx, s, op, tangents)
    if _reads(program, program.params[0]):
        return None
    given = [t for t in tangents if t is not None]
    # The result among the residuals is the one that has this rule; of ``dy`` only the shape is read.
    read = [s.target if r == s.args[0] else r for r in residuals]
    assert len(arguments) == len(tangents)
    return instance(ctx, program, (s.target, *given, *read))[0]


def _reads(program: Program, value: Value) -> bool:
    """Whether what a program gives depends on the elements of a value, and not on its shape only."""
    found: set[Value] = {value}
    while True:
        before = len(found)
        for s in walk(program.body):
            if isinstance(s, Assign) and s.op.name in SHAPES or not found & set(atoms_read(s)):
                continue
            if isinstance(s, If | For | While):
                joined = {a for m in getattr(s, "merges", ()) for a in (m.then, m.orelse)}
                joined |= {a for c in getattr(s, "carries", ()) for a in (c.init, c.out)}
                if found & (set(atoms_read(s)) - joined):
                    return True  # it decides which way is taken
            found.update(values_defined(s))
            found.update(written_by(s))
        if len(found) == before:
            return any(a in found for a in program.returns)


def _turned(outer: Context, s: Assign, op: CustomRule, tangents: Sequence[Atom | None]) -> Program:
    """The program ``(dy, *tangents, *residuals) -> tangent of the result``."""
    ctx = Context()
    complete(ctx)
    ctx.types.update(outer.types)
    ctx.next_number = outer.next_number
    y = outer.types[s.target]  # type: ignore[index]
    with ctx.at(s.loc):
        dy = ctx.value(Array(y.dtype, y.ndim, y.layout) if isinstance(y, Array) else Scalar(y.dtype), "dy")
        seeds = [None if t is None else ctx.value(outer.type_of(t)) for t in tangents]
        free = {v: ctx.value(outer.types[v], v.hint) for v in op.pullback.free}
        block, results = op.pullback.instance(ctx, {op.pullback.dy: dy, **free})
        for statement in block:
            ctx.add(statement)
        loss: Atom = Const(0.0)
        for result, seed in zip(results, seeds, strict=True):
            if seed is None:
                continue
            term = ctx.op("multiply", result, seed)
            if isinstance(ctx.type_of(term), Array):
                term = ctx.op("sum_all", term)
            loss = term if loss == Const(0.0) else ctx.op("add", loss, term)
        ty = ctx.value(ctx.types[dy])
        ctx.add(Gradient((ty,), loss, (dy,), s.loc, higher=True, own=True))
    params = (dy, *(t for t in seeds if t is not None), *free.values())
    program = assemble(Program(op.of, params, tuple(ctx.block), (ty,), ctx.types), ctx, Edits())
    return simplify(unruled(differentiate(program, frozenset((dy,))).program))
