"""From a live function and its arguments' types to the text of its derivative: the order of the stages.

``README.md`` in this folder shows the road in one picture.
"""

from ..errors import DifferentiationError, UnsupportedSyntax, UntracedError
from ..records import record, replace
from . import gradients
from .derivatives import nested_operators, operators
from .bounds import prove
from .checkpointing.budget import Limit
from .derivatives.custom import unruled
from .differentiate import differentiate
from .distribute import distribute
from .emit import Emitted, emit
from .shorter.emptied import without_emptying
from .shorter.reciprocals import with_reciprocals
from .ir import Program
from .normalize import Normalized, Request, normalize
from .save import Kept
from .checkpointing.segments import Checkpoint, Segmented
from .signs import never_negative
from .shorter.in_place import added_in_place
from .simplify import simplify
from .verify import verify

REGISTERING = (nested_operators, operators)

__all__ = ["Generated", "Limit", "Request", "Stage", "transform"]


@record(frozen=True)
class Stage:
    """One form of the program, with the name of the stage that made it."""

    name: str
    program: Program


@record(frozen=True)
class Generated:
    """The text of a derivative and what calling it needs to know.

    Attributes
    ----------
    emitted : Emitted
        The text, its lines' origins, the kernels it calls.
    normalized : Normalized
        Leaves, hidden arguments, guards, structure of the result.
    stages : tuple of Stage
    kept : tuple of Kept
        What the reverse sweep keeps in loops.
    recomputed, active : tuple of str
        Names of what it computes again, and of what a derivative passes through.
    segmented : tuple of Segmented
        The loops that were to be checkpointed, and what became of them.
    """

    emitted: Emitted
    normalized: Normalized
    stages: tuple[Stage, ...]
    kept: tuple[Kept, ...]
    recomputed: tuple[str, ...]
    active: tuple[str, ...]
    segmented: tuple[Segmented, ...] = ()


def transform(
    request: Request, *, boundscheck: bool = True, checkpoint: Checkpoint | None = None
) -> Generated:
    """The derivative program of a request; ``checkpoint`` is asked for all loops (see `segments`).

    Raises
    ------
    UnsupportedSyntax, DifferentiationError, UntracedError
        With the lines of the user's function and what to write instead.
    """
    normalized = normalize(request)
    try:
        return _transformed(request, normalized, boundscheck, checkpoint)
    except (UnsupportedSyntax, DifferentiationError, UntracedError):
        if not normalized.packing:
            raise
    # With its lists written out it may be supported; if not, that is what the message is about.
    return transform(replace(request, packable=frozenset()), boundscheck=boundscheck, checkpoint=checkpoint)


def _transformed(
    request: Request, normalized: Normalized, boundscheck: bool, checkpoint: Checkpoint | None
) -> Generated:
    stages: list[Stage] = []

    def stage(name: str, program: Program) -> Program:
        verify(program)
        stages.append(Stage(name, program))
        return program

    program = stage("normalize", normalized.program)
    program = stage("bounds", prove(program, check=boundscheck))
    program, traced = gradients.privatized(program, normalized.traced, request.argnums is not None)
    made = differentiate(program, traced, checkpoint)
    for order, step in enumerate(made.between, 1):
        stage(f"order {order}", step)
    program = stage("assemble", unruled(made.program))
    program = stage("simplify", simplify(program))
    apart = distribute(program)
    if apart.body != program.body:
        # The bounds of the new loops are sums that fold, and each loop computes only what it stores.
        program = stage("distribute", simplify(apart))
    left = without_emptying(program)
    if left.body != program.body:
        program = stage("emptied", simplify(left))
    once = with_reciprocals(program)
    if once is not program:
        program = stage("reciprocals", simplify(once))
    added = added_in_place(program, made.sums)
    if added is not program:
        program = stage("in place", added)
    return Generated(
        emit(program, header=_header(normalized, program), unsigned=never_negative(program)),
        normalized, tuple(stages),
        made.kept, made.recomputed, made.active, made.segmented,
    )  # fmt: skip


def _header(normalized: Normalized, program: Program) -> str:
    where = normalized.location
    params = ", ".join(f"{v!r}: {normalized.notes.get(v) or program.types[v]}" for v in program.params)
    return f"{program.name.removesuffix('_1')}({params}), from {where}"

