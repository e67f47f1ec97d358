"""Forward mode: beside each value that depends on the seeds stands its tangent, statement by statement.

    y = sin(x)                     y = sin(x);  ty = tx * cos(x)
    a[i] = y                →      a[i] = y;    ta[i] = ty
    v = a[1:]                      v = a[1:];   tv = ta[1:]            a view of the tangent
    for i in …: s = s * y          the loop carries s and ts; a branch merges both

The tangent of an array is memory of its shape in which everything happens that happens in the array's own:
views, writes and aliases need no rules.  Nothing is kept and nothing is computed again.  Any program will
do that has no `Gradient` left, also one that came out of the reverse stage: a tape has a tape of tangents.

Several directions are carried at once, each with the activity of its own seeds: the tangents of ``x`` are
then ``t1x, t2x, …``.
"""

from collections.abc import Mapping, Sequence

from ..errors import DifferentiationError, UnsupportedSyntax
from ..kernels.types import Array, Scalar, Tape, is_float
from . import activity
from .adjoint import no_derivative
from .assemble import assemble
from .building.context import Context
from .building.workshop import workshop
from .derivatives.custom import CustomRule
from .facts import memory
from .facts.outline import Outline
from .facts.shapes import Shapes
from .forward.custom_tangent import custom_tangent
from .forward.tangent_rules import contribution
from .ir import (
    UNBOUND, Assign, Atom, Block, Carry, Const, For, If, Merge, Program, Read, Statement, Store, Value, While,
    atoms_read, walk,
)
from .location import Location
from .sweep.edits import Edits
from .sweep.expose import exposed_to
from .sweep.masks import is_steep
from .sweep.shadows import full_index

__all__ = ["Tangents", "tangents"]


def tangents(program: Program, active: Sequence[Value]) -> Program:
    """The program that also gives the tangents of what it returns.

    Parameters
    ----------
    program : Program
        Without `Gradient` statements.
    active : sequence of Value
        Parameters that are real numbers or arrays.

    Returns
    -------
    Program
        Its parameters are those of the program, then a tangent for each of ``active``; it returns what the
        program does, then the tangent of each real number or array among it, zeros where it does not depend
        on ``active``.

    Raises
    ------
    UnsupportedSyntax, DifferentiationError
        For what has no derivative, with all its places.
    """
    outline = Outline(program)
    ctx = workshop(program, outline)
    seeds: dict[Value, Atom] = {
        v: ctx.value(program.types[v], base=v, form="t{}") for v in active
    }
    sweep = Tangents(ctx, program, [seeds])
    if sweep.memory.unclear:
        raise UnsupportedSyntax(sweep.memory.unclear)
    with ctx.collecting() as body:
        sweep.run()
        returns = sweep.program.returns
        with ctx.at(outline.statements[-1].loc.beside() if outline.statements else Location("", 0)):
            found = [sweep.whole(a, 0) for a in returns if is_float(ctx.type_of(a))]
    if sweep.problems:
        raise DifferentiationError(list(dict.fromkeys(sweep.problems)))
    params = (*program.params, *(v for v in seeds.values() if isinstance(v, Value)))
    made = Program(program.name, params, tuple(body), (*returns, *found), ctx.types)
    return assemble(made, ctx, Edits())


class Tangents:
    """A sweep forward through a program: emits its statements and, beside them, those of the tangents.

    Parameters
    ----------
    ctx : Context
        Where the statements go.
    program : Program
        What is swept; its parameters are the values that it reads from outside.
    seeds : sequence of mappings
        For each direction, the tangents of some of the parameters.
    """

    def __init__(self, ctx: Context, program: Program, seeds: Sequence[Mapping[Value, Atom]]):
        self.ctx = ctx
        self.program, outline = self.analyzed(program, seeds)
        exposed = exposed_to(self.program, outline, set().union(*self.varied), ctx)
        if exposed is not program:
            self.program, outline = self.analyzed(exposed, seeds)
        program = self.program
        self.forms = ["t{}"] if len(seeds) == 1 else [f"t{d}{{}}" for d in range(1, len(seeds) + 1)]
        self.shapes = Shapes(ctx)
        self.shapes.block(program.body)
        self.found: list[dict[Value, Atom]] = [dict(seed) for seed in seeds]
        self.problems: list[tuple[Location, str]] = []
        loops = [s for s in outline.statements if isinstance(s, For | While)]
        carried = [c.header for s in loops for c in s.carries if c.init is not UNBOUND]
        self.names = {v.hint or ctx.hints.get(v, "") for v in (*program.params, *carried)}
        for seed in seeds:
            for value, tangent in seed.items():
                self.shapes.equate(tangent, value)

    def analyzed(self, program: Program, seeds: Sequence[Mapping[Value, Atom]]) -> tuple[Program, Outline]:
        """Find out which arrays are one, and what depends on the seeds."""
        outline = Outline(program)
        self.memory = memory.analyze(program, outline)
        flow = activity.flows(program, outline, self.memory)
        self.varied = [activity.reach(set(seed), flow, self.memory) for seed in seeds]
        return program, outline

    def run(self) -> None:
        """Emit everything to the current block of the context."""
        first = next((s.loc for s in self.program.body), None)
        if first is None:
            return
        with self.ctx.at(first.beside()):
            for d, varied in enumerate(self.varied):
                for value in self.program.params:
                    # Something that depends on the seeds is written into it.
                    if value in varied and value not in self.found[d]:
                        self.found[d][value] = self.zero(value, d)
        self.block(self.program.body)

    # ------------------------------------------------------------------ tangents of atoms

    def tangent(self, atom: Atom, d: int) -> Atom | None:
        """The tangent of an atom in a direction; None where it does not depend on the seeds."""
        return self.found[d].get(atom) if isinstance(atom, Value) else None

    def whole(self, atom: Atom, d: int) -> Atom:
        """The tangent of an atom, zeros where it does not depend on the seeds."""
        found = self.tangent(atom, d)
        return self.zero(atom, d) if found is None else found

    def zero(self, atom: Atom, d: int) -> Atom:
        """A tangent that is zero: a number, an array, a tape of zeros."""
        type_ = self.ctx.type_of(atom)
        if isinstance(type_, Scalar):
            return Const(0.0, None if type_.dtype == "float64" else type_.dtype)
        if isinstance(type_, Tape):
            return self.ctx.op("zeros_list", atom)
        target = self.named(atom, d, Array(type_.dtype, type_.ndim, "F" if type_.layout == "F" else "C"))
        made = self.ctx.op("zeros_like", atom, target=target)
        self.shapes.equate(made, atom)  # type: ignore[arg-type]
        return made

    def named(self, atom: Atom, d: int, type_: object) -> Value:
        """A fresh value called after the one that it is the tangent of."""
        base = atom if isinstance(atom, Value) else None
        return self.ctx.value(type_, base=base, form=self.forms[d] if base is not None else "{}")

    def each(self, *values: Atom | None) -> list[int]:
        """The directions in which one of these depends on the seeds."""
        return [d for d, varied in enumerate(self.varied) if any(v in varied for v in values)]

    # ------------------------------------------------------------------ statements

    def block(self, block: Block) -> None:
        for statement in block:
            self.statement(statement)

    def statement(self, s: Statement) -> None:
        match s:
            case If():
                self.branch(s)
            case For() | While():
                self.loop(s)
            case Assign():
                with self.ctx.collecting() as code, self.ctx.at(s.loc.beside()):
                    self.assign(s)
                # s = s * x asks for the old s: before it changes, where that is possible.
                again = s.target is not None and self.is_bound_again(s.target)
                first = again and not any(s.target in atoms_read(t) for t in walk(tuple(code)))
                for statement in (*code, s) if first else (s, *code):
                    self.ctx.add(statement)
            case Read():
                self.ctx.add(s)
                with self.ctx.at(s.loc.beside()):
                    for d in self.each(s.target):
                        base = self.tangent(s.base, d)
                        if base is None:  # a copy of some elements, which is written to later
                            self.note(s.target, d, self.zero(s.target, d))
                            continue
                        target = self.named(s.target, d, self.ctx.types[s.target])
                        self.ctx.add(Read(target, base, s.index, self.ctx.loc))  # type: ignore[arg-type]
                        self.note(s.target, d, target)
            case Store():
                self.ctx.add(s)
                with self.ctx.at(s.loc.beside()):
                    for d in self.each(s.base):
                        if s.mode == "set" or self.tangent(s.value, d) is not None:
                            value = self.tangent(s.value, d)
                            if value is None:
                                value = Const(0.0, _precision(self.ctx.types[s.base].dtype))
                            self.ctx.store(self.found[d][s.base], s.index, value, s.mode)  # type: ignore[arg-type]
            case _:
                self.ctx.add(s)

    def is_bound_again(self, value: Value) -> bool:
        """Whether the user's name of a value had another value before."""
        name = value.hint or self.ctx.hints.get(value, "")
        again = name in self.names
        self.names.add(name)
        return again and bool(name)

    def note(self, value: Value, d: int, tangent: Atom) -> None:
        self.found[d][value] = tangent
        self.shapes.equate(tangent, value)

    # ------------------------------------------------------------------ operations

    def assign(self, s: Assign) -> None:
        op = s.op
        if op.writes:
            self.effect(s)
            return
        for d in self.each(s.target):
            target = s.target
            assert target is not None
            if isinstance(self.ctx.types[target], Tape) and not s.args:
                tape = self.named(target, d, self.ctx.types[target])
                self.note(target, d, self.ctx.op(op, target=tape, **dict(s.static)))
                continue
            before = self.ctx.next_number
            found = self.sum_of(s, d)
            self.note(target, d, self.zero(target, d) if found is None else self.fit(s, d, found, before))

    def effect(self, s: Assign) -> None:
        """An operation that changes its first argument: it changes the tangent in the same way."""
        directions = self.each(*s.args, s.target)
        if not directions:
            return
        active = {n for n, a in zip(s.op.arguments, s.args, strict=True) if any(a in v for v in self.varied)}
        for name in sorted(active - s.op.linear_in):
            self.refuse(s, name)
            return
        for d in directions:
            args = self.replaced(s, d)
            if s.target is None:
                self.ctx.effect(s.op, *args, **dict(s.static))
            else:
                target = self.named(s.target, d, self.ctx.types[s.target])
                self.ctx.add(Assign(target, s.op, args, s.static, self.ctx.loc))
                if s.target in self.varied[d]:
                    self.note(s.target, d, target)

    def replaced(self, s: Assign, d: int) -> tuple[Atom, ...]:
        """The arguments with tangents in the place of all in which the operation is linear."""
        found: list[Atom] = []
        for name, arg in zip(s.op.arguments, s.args, strict=True):
            if name not in s.op.linear_in:
                found.append(arg)
            elif s.op.elementwise and self.tangent(arg, d) is None:
                found.append(Const(0.0, _precision(self.ctx.type_of(arg).dtype)))  # spread over all elements
            else:
                found.append(self.whole(arg, d))
        return tuple(found)

    def sum_of(self, s: Assign, d: int) -> Atom | None:
        """What the arguments' tangents make of the result's, together."""
        op = s.op
        active = [
            (n, t) for n, a in zip(op.arguments, s.args, strict=True)
            if (n not in op.zeros or n in op.linear_in) and (t := self.tangent(a, d)) is not None
        ]
        if active and isinstance(op, CustomRule):
            start = len(self.ctx.block)
            given = [self.tangent(a, d) for a in s.args[1 : op.count + 1]]
            found = None if op.refusals else custom_tangent(self.ctx, s, op, given)
            self.shapes.block(tuple(self.ctx.block[start:]))
            if found is None:
                self.problems.append((s.loc, op.refusals[1] if op.refusals else (
                    f"the rule of `{op.of}` for cotangents is not linear in them, and cannot be turned round "
                    "for forward mode: take grad, vjp or jacrev, or write the rule with custom_jvp"
                )))  # fmt: skip
            return found
        total: Atom | None = None
        if any(n in op.linear_in for n, _ in active):
            total = self.ctx.op(op, *self.replaced(s, d), **dict(s.static))
            if op.elementwise:
                self.shape_of(total)
            elif isinstance(s.target, Value):
                self.shapes.equate(total, s.target)
        for name, tangent in active:
            if name in op.linear_in:
                continue
            part = contribution(self.ctx, self.shapes, s, name, tangent)
            if part is None:
                self.refuse(s, name)
                return None
            if is_steep(s) and isinstance(part, Value):
                # Of what does not move nothing follows: at sqrt(0) a tangent that is zero stays zero.
                part = self.ctx.op("zero_if_masked", part, tangent)
                self.shape_of(part)
            if total is None:
                total = part
                continue
            total = self.ctx.op("add", total, part)
            self.shape_of(total)
        return total

    def shape_of(self, made: Atom) -> None:
        """Note the shape of what was just made."""
        if isinstance(made, Value) and made in self.ctx.origin:
            self.shapes.visit(self.ctx.origin[made])

    def refuse(self, s: Assign, name: str) -> None:
        self.problems.append((s.loc, no_derivative(s.op, name)))

    def fit(self, s: Assign, d: int, made: Atom, before: int) -> Atom:
        """A tangent in the precision, shape and memory order of its value, in memory of its own."""
        target = s.target
        assert target is not None
        ctx, type_, have = self.ctx, self.ctx.types[target], self.ctx.type_of(made)
        if isinstance(type_, Tape):
            return made
        if have.dtype != type_.dtype:
            if isinstance(made, Const):
                made = Const(float(made.value), _precision(type_.dtype))
            else:
                made = ctx.op("cast", made, dtype=type_.dtype)
                self.shape_of(made)
        if isinstance(type_, Scalar):
            return self.called(made, target, d, before)
        shares = s.op.view or s.op.name == "relabel"
        if isinstance(ctx.type_of(made), Scalar):
            filled = self.zero(target, d)
            ctx.store(filled, full_index(ctx.types[filled]), made)  # type: ignore[arg-type, index]
            return filled
        if not shares and not self.shapes.same(made, target):
            made = ctx.op("expand", made, ctx.op("shape", target))
        elif not shares and not self.is_fresh(made, before):
            made = ctx.op("copy", made)
        layout = ctx.type_of(made).layout
        if not shares and type_.layout != layout and type_.layout != "A":
            # What comes later may ask for this order of the value, and then asks it of the tangent.
            made = self.ordered(made, type_.layout)
        return self.called(made, target, d, before)

    def ordered(self, made: Atom, layout: str) -> Atom:
        """The array in C or in Fortran order."""
        if layout == "C":
            return self.ctx.op("contiguous", made)
        turned = self.ctx.op("contiguous", self.ctx.op("transposed", made))
        return self.ctx.op("transposed", turned)

    def is_fresh(self, made: Atom, before: int) -> bool:
        """Whether the array was made by an operation of this statement, in memory of its own."""
        while isinstance(made, Value) and made.number >= before:
            origin = self.ctx.origin.get(made)
            if not isinstance(origin, Assign):
                return False
            if not origin.op.view and origin.op.name not in ("relabel", "detach"):
                return True
            made = origin.args[0]
        return False

    def called(self, made: Atom, target: Value, d: int, before: int) -> Atom:
        """A tangent under its own name, if it was made by this statement."""
        if isinstance(made, Value) and made.number >= before and not made.hint and made.base is None:
            self.ctx.renamed.setdefault(made, Value(made.number, "", target, self.forms[d]))
        return made

    # ------------------------------------------------------------------ branches and loops

    def branch(self, s: If) -> None:
        sides = []
        joined = [(m, d) for m in s.merges for d in self.each(m.target)]
        for slot, block in (("then", s.then), ("orelse", s.orelse)):
            with self.ctx.collecting() as code:
                self.block(block)
                with self.ctx.at(s.loc.beside()):
                    given = [self.handed(getattr(m, slot), d) for m, d in joined]
            sides.append((tuple(code), given))
        (then, a), (orelse, b) = sides
        merges = list(s.merges)
        for (merge, d), left, right in zip(joined, a, b, strict=True):
            target = self.named(merge.target, d, self.ctx.types[merge.target])
            merges.append(Merge(target, left, right))
            self.note(merge.target, d, target)
        self.ctx.add(If(s.cond, then, orelse, tuple(merges), s.loc))

    def handed(self, atom: Atom, d: int) -> Atom:
        """The tangent of what a branch or a trip hands on."""
        return UNBOUND if atom is UNBOUND else self.whole(atom, d)

    def loop(self, s: For | While) -> None:
        # Of an array that is written to after the loop only the result has a tangent that is not zero.
        joined = [(c, d) for c in s.carries for d in self.each(c.header, c.result)]
        with self.ctx.at(s.loc.beside()):
            inits = [self.handed(c.init, d) for c, d in joined]
        headers = []
        for c, d in joined:
            headers.append(self.named(c.header, d, self.ctx.types[c.header]))
            self.note(c.header, d, headers[-1])
        test: list[Statement] = []
        if isinstance(s, While):
            with self.ctx.collecting() as test:
                self.block(s.test)
        with self.ctx.collecting() as body:
            self.block(s.body)
            with self.ctx.at(s.loc.beside()):
                outs = [self.whole(c.out, d) for c, d in joined]
        carries = list(s.carries)
        for (c, d), init, header, out in zip(joined, inits, headers, outs, strict=True):
            result = self.named(c.result, d, self.ctx.types[c.result])
            carries.append(Carry(header, init, out, result))
            self.note(c.result, d, result)
        if isinstance(s, For):
            self.ctx.add(
                For(
                    s.index, s.start, s.stop, s.step, tuple(carries), tuple(body), s.stop_flag, s.trips, s.loc
                )
            )
        else:
            self.ctx.add(
                While(tuple(carries), tuple(test), s.cond, tuple(body), s.stop_flag, s.trips, s.loc)
            )


def _precision(dtype: str) -> str | None:
    """What a literal is marked with to be of this dtype."""
    return None if dtype == "float64" else dtype
