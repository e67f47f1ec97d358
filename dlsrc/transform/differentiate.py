"""Every ``dlgradient`` of a program → its reverse sweep, in two passes.

The first pass finds out which forward values the sweeps need and which of them must be kept.  The second
decides again with that known: what is a few additions away from something that is kept anyway is
computed again.

    v = 1 - e * c; s = a / v        first pass: c, v and s are needed in a loop, and kept
                                    second pass: c and s are kept, v is 1 - e * c again

Before, what the program computes or reads twice is made one value, which is then kept once.

A gradient whose loss contains another gradient is computed after that one, in the program that then is
there: a second derivative is the transformation of its own output.
"""

from dataclasses import dataclass, replace

from ..errors import DifferentiationError, UnsupportedSyntax
from . import activity, gradients, memory
from .assemble import assemble
from .context import Context
from .control import sweep_from
from .expose import exposed
from .ir import Assign, Gradient, Program, Read, Value, walk
from .normalize import complete
from .outline import Outline
from .regions import Regions
from .save import Kept, Saver
from .scratch import own_scratch
from .shapes import Shapes
from .simplify import simplify
from .twins import Twins, twinned
from .unchanging import moved_out

__all__ = ["Differentiated", "differentiate", "workshop"]


@dataclass(frozen=True, slots=True)
class Differentiated:
    """The program without gradients, and what ``explain`` tells: kept, recomputed and active values.

    ``between`` holds the program after each level but the last: the gradients that are left differentiate
    what was generated.
    """

    program: Program
    kept: tuple[Kept, ...]
    recomputed: tuple[str, ...]
    active: tuple[str, ...]
    between: tuple[Program, ...] = ()


def differentiate(program: Program, traced: frozenset[Value]) -> Differentiated:
    """The program with every gradient computed, level by level.

    Raises
    ------
    UnsupportedSyntax, DifferentiationError, UntracedError
        For what has no derivative, with all its places.
    """
    if not any(isinstance(s, Gradient) for s in walk(program.body)):
        return Differentiated(program, (), (), ())  # where nothing is swept, arrays may be one
    outline = Outline(program)
    gradients.check(program, outline, memory.analyze(program, outline), traced)
    between: list[Program] = []
    made = _level(program, 1)
    while any(isinstance(s, Gradient) for s in walk(made.program.body)):
        between.append(made.program)
        after = _level(made.program, len(between) + 1)
        made = Differentiated(
            after.program, made.kept + after.kept, _union(made.recomputed, after.recomputed),
            _union(made.active, after.active),
        )  # fmt: skip
    return replace(made, between=tuple(between))


def _union(a: tuple[str, ...], b: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*a, *b)))


def _by_parameters(program: Program) -> bool:
    """Whether all gradients that are left are by parameters, which no simplification takes for another value.

    An intermediate value and an equal one that does not come from it are two to a derivative.
    """
    params = set(program.params)
    return all(set(s.targets) <= params for s in walk(program.body) if isinstance(s, Gradient))


def _level(program: Program, order: int) -> Differentiated:
    """The program with the gradients computed whose losses contain no others."""
    if _by_parameters(program):
        program = simplify(program, to_sweep=True)
    if order == 1:
        program = own_scratch(moved_out(program))
    if order > 1:
        outline = Outline(program)
        facts = memory.analyze(program, outline)
        first = gradients.first(program, outline, facts)
        program = exposed(program, outline, facts, first, workshop(program, outline))
    program, twins = _with_twins(program, order)
    made, saver = _pass(program, order, frozenset(), twins)
    if saver.kept:
        made, _ = _pass(program, order, _read_tapes(simplify(made.program), saver), twins)
    return made


def _with_twins(program: Program, order: int) -> tuple[Program, Twins]:
    """The program in which arrays that cannot be told apart have their shadows beside them."""
    outline = Outline(program)
    facts = memory.analyze(program, outline)
    if facts.problems:
        raise UnsupportedSyntax(facts.problems)
    if not facts.entangled:
        return program, {}
    ctx = workshop(program, outline)
    ctx.order = order
    return twinned(program, outline, facts, gradients.first(program, outline, facts), ctx)


def _pass(
    program: Program, order: int, expected: frozenset[Value], twins: Twins
) -> tuple[Differentiated, Saver]:
    outline = Outline(program)
    facts = memory.analyze(program, outline)
    facts.twins = twins
    ctx = workshop(program, outline)
    ctx.order = order
    saver = Saver(ctx, outline, facts, expected)
    shapes = Shapes(ctx)
    shapes.block(program.body)
    problems: list = []
    names: dict[str, None] = {}
    for gradient in gradients.first(program, outline, facts):
        active = activity.analyze(program, outline, facts, gradient)
        names.update((repr(v), None) for v in outline.defined if v in active and v.hint)
        sweep, code = sweep_from(ctx, outline, facts, active, saver, shapes, gradient)
        problems += sweep.problems
        saver.edits.replaced[id(gradient)] = code
    saver.finish()
    if problems:
        raise DifferentiationError(list(dict.fromkeys(problems)))
    recomputed = dict.fromkeys(repr(v) for v in saver.recomputed if v.hint)
    made = assemble(program, ctx, saver.edits)
    return Differentiated(made, tuple(saver.kept), tuple(recomputed), tuple(names)), saver


def _read_tapes(program: Program, saver: Saver) -> frozenset[Value]:
    """The values whose tapes the finished program still reads."""
    regions = Regions(program)
    read: set[Value] = set()
    for statement in walk(program.body):
        if isinstance(statement, Read):
            read.add(regions.find(statement.base))
        elif (
            isinstance(statement, Assign) and statement.op.name == "item"
            and isinstance(statement.args[0], Value)
        ):
            read.add(regions.find(statement.args[0]))
    return frozenset(value for value, tape in saver.tapes() if regions.find(tape) in read)


def workshop(program: Program, outline: Outline) -> Context:
    """A context that goes on where the program ends."""
    ctx = Context()
    complete(ctx)
    ctx.types.update(program.types)
    ctx.next_number = max((v.number for v in program.types), default=0) + 1
    for value, statement in outline.defined.items():
        if statement is not None:
            ctx.origin[value] = statement
    return ctx
