"""A name that certainly has no value where it is read: Python raises there, and so does the program.

    if c:                     if c:
        v = x[0]         →        v = x[0]
    else:                     else:
        s = v                     raise UnboundLocalError

On a way that is always taken it is refused instead: the function could never return.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..building.binding import Binding, Poison
from ..building.context import Context
from ..ir import Raise, Statement

__all__ = ["Ends", "ended", "on_this_way", "way", "without_value"]


class Ends(Exception):
    """The code that is being built raises here; what would follow is never run."""

    def __init__(self, statement: Raise):
        super().__init__(statement.message)
        self.statement = statement


def without_value(ctx: Context, name: str, exception: str) -> Exception:
    """To be raised where a name is read that has no value on any way to here."""
    if ctx.direct is None or ctx.block is not ctx.direct:
        return ctx.refuse(
            f"`{name}` may be read here before it has a value; assign it before the loop or branch"
        )
    return Ends(Raise(exception, f"{ctx.loc}: `{name}` has no value on this way", ctx.loc))


def ended(ctx: Context, ends: Ends) -> None:
    """End the block that is being built."""
    ctx.add(ends.statement)
    ctx.dead = True


@contextmanager
def on_this_way(ctx: Context, block: list[Statement] | None) -> Iterator[None]:
    """Inside, a block is built that is not always run; None where it always is."""
    outer, ctx.direct = ctx.direct, block
    try:
        yield
    finally:
        ctx.direct = outer


def way(ctx: Context, run: Callable[[], Binding], block: list[Statement]) -> Any:
    """One way of a branch: what ``run`` gives, or nothing where it raises."""
    with on_this_way(ctx, block):
        try:
            return run()
        except Ends as ends:
            ended(ctx, ends)
            return Poison("")
