"""A context in which a finished program is gone on with."""

from ..facts.outline import Outline
from ..ir import Program
from ..normalize import complete
from .context import Context

__all__ = ["workshop"]


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
