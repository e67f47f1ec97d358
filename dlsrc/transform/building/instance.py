"""A program put into another one: its statements with fresh values, at the place at hand.

    r(a): b = a * a; return b        instance(ctx, r, (x,))        v7 = x * x
"""

from ...records import replace
from ..ir import Atom, Block, Program, Statement, blocks_of, with_blocks
from ..location import Location
from .context import Context
from .rename import refreshed

__all__ = ["instance"]


def instance(ctx: Context, program: Program, args: tuple[Atom, ...]) -> tuple[Atom, ...]:
    """Add a program's statements to the current block; what it returns."""
    given = dict(zip(program.params, args, strict=True))
    block, results = refreshed(program.body, program.returns, given, ctx, program.types)
    for statement in _located(block, ctx.loc):
        ctx.add(statement)
    return results


def _located(block: Block, loc: Location) -> tuple[Statement, ...]:
    return tuple(
        replace(with_blocks(s, [_located(inner, loc) for inner in blocks_of(s)]), loc=loc) for s in block
    )
