"""Rules that were called by name are written out, where another derivative passes through them.

    dx = softmax_dx(dy, y, axis=0)    →    w = dy * y
    (and a gradient by x to come)          dx = w - y * np.sum(w)

A rule has no rule of its own: it is a function like any other, and what it does is differentiated.  One
that is written for one element becomes a loop over the elements, in which only the way that is taken is
differentiated.  A rule may have another spelling for this, in terms of primitives: see `kernels.again`.
Where no other derivative passes, calls stay calls.
"""

from typing import Any

from ...errors import InternalError
from ...kernels.declaring.again import AGAIN
from ...kernels.types import Array, Shape
from .. import activity
from ..building.binding import Container, Partial, Static
from ..building.context import Context
from ..building.rename import renamed
from ..calling.calls import closure_of, splice
from ..facts.memory import Memory
from ..facts.outline import Outline
from ..facts.shapes import Shapes
from ..ir import (
    Assign, Atom, Block, Check, Const, Gradient, Program, Statement, Value, blocks_of, with_blocks,
)

__all__ = ["exposed", "exposed_to"]


def exposed(
    program: Program, outline: Outline, memory: Memory, gradients: list[Gradient], ctx: Context
) -> Program:
    """The program with the rules written out that these gradients pass through."""
    found: set[int] = set()
    for gradient in gradients:
        active = activity.analyze(program, outline, memory, gradient)
        found |= {
            id(s) for s in outline.statements
            if isinstance(s, Assign) and hasattr(s.op, "rule") and s.target is not None and s.target in active
        }  # fmt: skip
    return _Exposure(program, found, ctx).program if found else program


def exposed_to(program: Program, outline: Outline, varied: set[Value], ctx: Context) -> Program:
    """The program with the rules written out that tangents pass through.

    A rule is linear in its first argument: where only that one varies, it stays a call.
    """
    found = {
        id(s) for s in outline.statements
        if isinstance(s, Assign) and hasattr(s.op, "rule") and any(a in varied for a in s.args[1:])
    }  # fmt: skip
    return _Exposure(program, found, ctx).program if found else program


class _Exposure:
    def __init__(self, program: Program, found: set[int], ctx: Context):
        self.found = found
        self.ctx = ctx
        self.shapes = Shapes(ctx)
        self.shapes.block(program.body)
        self.changed: dict[Value, Atom] = {}
        body = renamed(self.block(program.body), self.changed)
        returns = tuple(self.changed.get(a, a) if isinstance(a, Value) else a for a in program.returns)
        self.program = Program(program.name, program.params, body, returns, dict(ctx.types))

    def block(self, block: Block) -> Block:
        out: list[Statement] = []
        for s in block:
            if id(s) in self.found:
                assert isinstance(s, Assign) and s.target is not None
                with self.ctx.at(s.loc), self.ctx.collecting() as code:
                    made = self.written_out(s)
                out += unchecked(tuple(code))
                self.changed[s.target] = made
            else:
                out.append(with_blocks(s, map(self.block, blocks_of(s))))
        return tuple(out)

    def written_out(self, s: Assign) -> Atom:
        """The statements of a rule, and what it gives."""
        ctx = self.ctx
        rule = s.op.rule  # type: ignore[attr-defined]
        rule = AGAIN.get(rule, rule)
        static = dict(s.static)
        given: dict[str, Any] = {n: Static(v) for n, v in static.items()}
        given |= {n: Const(v) for n, v in static.items() if isinstance(v, bool | int | float)}
        atoms = dict(zip(s.op.arguments, s.args, strict=True))
        closure = closure_of(ctx, rule)
        if s.op.elementwise and isinstance(ctx.types[s.target], Array):  # type: ignore[index]
            result = self.by_element(s, Partial(closure, (), tuple(given.items())), list(atoms.values()))
        else:
            given |= {n: a if rule in AGAIN.values() else self.sizes(a) for n, a in atoms.items()}
            result = splice(ctx, closure, (), given, composite=True)
        if not isinstance(result, Value | Const):
            raise InternalError(f"the rule {rule.__name__} gave {result!r}")
        return result

    def sizes(self, atom: Atom) -> Any:
        """An argument of a rule; a shape is a tuple of numbers to it."""
        if not isinstance(atom, Value) or not isinstance(type_ := self.ctx.types[atom], Shape):
            return atom
        return Container("tuple", tuple(self.ctx.op("extent", atom, axis=k) for k in range(type_.ndim)))

    def by_element(self, s: Assign, rule: Partial, atoms: list[Atom]) -> Any:
        """A loop over all elements."""
        ctx = self.ctx
        type_ = ctx.types[s.target]  # type: ignore[index]
        arrays = [a for a in atoms if isinstance(a, Value) and isinstance(ctx.types[a], Array)]
        like = arrays[0]  # the cotangent, which has the shape of the result
        for other in arrays[1:]:
            if not self.shapes.same(like, other) and arrays[0] is not atoms[0]:
                like = ctx.op("add", like, other)  # type: ignore[assignment]
        shape = ctx.op("shape", like)
        spread = [
            ctx.op("expand", a, shape) if a in arrays and not self.shapes.same(a, like) else a for a in atoms
        ]
        out = ctx.op("zeros_of", shape, dtype=type_.dtype)
        over = closure_of(ctx, _OVER[type_.ndim])
        splice(ctx, over, (rule, out, Container("tuple", tuple(spread))), {}, composite=True)
        return out


def unchecked(block: Block) -> Block:
    """The statements of a rule without index tests: it stays inside of what it is given."""
    return tuple(
        with_blocks(s, map(unchecked, blocks_of(s))) for s in block if not isinstance(s, Check)
    )


# ---------------------------------------------------------------------------------- over elements


def _over1(rule, out, args):
    for i in range(out.shape[0]):
        out[i] = rule(*[a if a.ndim == 0 else a[i] for a in args])


def _over2(rule, out, args):
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = rule(*[a if a.ndim == 0 else a[i, j] for a in args])


def _over3(rule, out, args):
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            for k in range(out.shape[2]):
                out[i, j, k] = rule(*[a if a.ndim == 0 else a[i, j, k] for a in args])


def _over4(rule, out, args):
    for i in range(out.shape[0]):
        _over3(rule, out[i], [a if a.ndim == 0 else a[i] for a in args])


def _over5(rule, out, args):
    for i in range(out.shape[0]):
        _over4(rule, out[i], [a if a.ndim == 0 else a[i] for a in args])


_OVER = {1: _over1, 2: _over2, 3: _over3, 4: _over4, 5: _over5}
