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

from collections.abc import Mapping

from ..errors import DifferentiationError, InternalError, UnsupportedSyntax
from ..records import record, replace
from . import activity, gradients
from .assemble import assemble
from .building.workshop import workshop
from .checkpointing.budget import Limit
from .checkpointing.replay import NotReplayed
from .checkpointing.segments import Checkpoint, Segmented, segmented
from .control import sweep_from
from .facts import memory
from .facts.agreements import Agreements
from .facts.outline import Outline
from .facts.shapes import Shapes
from .ir import Block, Gradient, Program, Value, blocks_of, walk, with_blocks
from .save import Kept, Saver, tapes_read
from .shorter.dead import without_dead
from .shorter.scratch import own_scratch
from .shorter.unchanging import moved_out
from .simplify import simplify
from .sweep.expose import exposed
from .sweep.twins import Twins, twinned

__all__ = ["Differentiated", "differentiate"]


@record(frozen=True)
class Differentiated:
    """The program without gradients, and what ``explain`` tells: kept, recomputed and active values.

    ``between`` holds the program after each level but the last: the gradients that are left differentiate
    what was generated.  ``sums`` are those of cotangents, whose parts have one shape.
    """

    program: Program
    kept: tuple[Kept, ...]
    recomputed: tuple[str, ...]
    active: tuple[str, ...]
    between: tuple[Program, ...] = ()
    sums: frozenset[Value] = frozenset()
    segmented: tuple[Segmented, ...] = ()


def differentiate(
    program: Program, traced: frozenset[Value], checkpoint: Checkpoint | None = None
) -> Differentiated:
    """The program with every gradient computed, level by level.

    ``checkpoint`` is asked for all loops of the function (`segments`).

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
    made = _checkpointed(program, checkpoint)
    segmented = made.segmented
    while any(isinstance(s, Gradient) for s in walk(made.program.body)):
        between.append(made.program)
        after = _level(made.program, len(between) + 1)
        made = Differentiated(
            after.program, made.kept + after.kept, _union(made.recomputed, after.recomputed),
            _union(made.active, after.active), sums=made.sums | after.sums,
        )  # fmt: skip
    return replace(made, between=tuple(between), segmented=segmented)


def _checkpointed(program: Program, checkpoint: Checkpoint | None) -> Differentiated:
    """The first level; a loop that turns out not to be replayed is kept whole."""
    if isinstance(checkpoint, Limit):
        checkpoint = replace(checkpoint, kept=_level(program, 1).kept)
    refused: dict[Value, str] = {}
    while True:
        try:
            return _level(program, 1, checkpoint, refused)
        except NotReplayed as found:
            if found.counter in refused:
                raise InternalError(f"a loop that is kept whole is replayed: {found}") from found
            refused[found.counter] = found.reason


def _union(a: tuple[str, ...], b: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*a, *b)))


def _by_parameters(program: Program) -> bool:
    """Whether all gradients that are left are by parameters, which no simplification takes for another value.

    An intermediate value and an equal one that does not come from it are two to a derivative.
    """
    params = set(program.params)
    return all(set(s.targets) <= params for s in walk(program.body) if isinstance(s, Gradient))


def _level(
    program: Program, order: int, checkpoint: Checkpoint | None = None, refused: Mapping[Value, str] = {}
) -> Differentiated:
    """The program with the gradients computed whose losses contain no others."""
    loops: tuple[Segmented, ...] = ()
    if _by_parameters(program):
        program = simplify(program, to_sweep=True)
    if order == 1:
        program, loops = segmented(own_scratch(moved_out(program)), checkpoint, refused)
    if order > 1:
        outline = Outline(program)
        facts = memory.analyze(program, outline)
        first = gradients.first(program, outline, facts)
        program = exposed(program, outline, facts, first, workshop(program, outline))
    program, twins = _with_twins(program, order)
    made, saver = _pass(program, order, frozenset(), twins)
    if saver.kept:
        made, _ = _pass(program, order, tapes_read(simplify(made.program), saver), twins)
    return replace(made, segmented=loops)


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


def _lasting(program: Program) -> frozenset[int]:
    """The statements, by identity, that are run for what the program gives beside gradients."""
    program = program.with_body(_without_gradients(program.body))
    while (shorter := without_dead(program)) is not program:
        program = shorter
    return frozenset(id(s) for s in walk(program.body))


def _without_gradients(block: Block) -> Block:
    rest = (s for s in block if not isinstance(s, Gradient))
    return tuple(with_blocks(s, map(_without_gradients, blocks_of(s))) for s in rest)


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
    lasting = _lasting(program)
    problems: list = []
    names: dict[str, None] = {}
    for gradient in gradients.first(program, outline, facts):
        active = activity.analyze(program, outline, facts, gradient)
        names.update((repr(v), None) for v in outline.defined if v in active and v.hint)
        agreements = Agreements(shapes, outline, facts, gradient, lasting)
        sweep, code = sweep_from(ctx, outline, facts, active, saver, shapes, agreements, gradient)
        problems += sweep.problems
        saver.edits.replaced[id(gradient)] = code
    saver.finish()
    if problems:
        raise DifferentiationError(list(dict.fromkeys(problems)))
    recomputed = dict.fromkeys(repr(v) for v in saver.recomputed if v.hint)
    made = assemble(program, ctx, saver.edits)
    sums = frozenset(saver.edits.sums)
    return Differentiated(made, tuple(saver.kept), tuple(recomputed), tuple(names), sums=sums), saver
