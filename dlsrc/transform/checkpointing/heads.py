"""``for t in checkpointed(range(n), 100):`` is the loop over the range, marked.

The mark is noted while the head of the loop is evaluated, and taken by `loops`; anywhere else the call is
refused, since it would do nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from ...records import record
from ..building.binding import Binding, Static
from ..building.context import Context
from ..calling.specials import given, special
from ..ir import Const

__all__ = ["Head", "in_head"]


@record
class Head:
    """What the head of a loop asks for."""

    asked: str | int | None = None


@contextmanager
def in_head(ctx: Context) -> Iterator[Head]:
    """While the head of a loop is evaluated; what it asked for."""
    outer, ctx.head = ctx.head, Head()
    try:
        yield ctx.head
    finally:
        ctx.head = outer


@special("checkpointed")
def checkpointed_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    trips, every = given(ctx, "checkpointed", args, kwargs, "trips", "every")
    if ctx.head is None:
        raise ctx.refuse(
            "`checkpointed` stands in the head of a loop: write `for t in checkpointed(range(n)):`"
        )
    asked = every.value if isinstance(every, Static | Const) else "sqrt" if every is None else None
    if not (asked == "sqrt" or isinstance(asked, int) and not isinstance(asked, bool) and asked > 0):
        raise ctx.refuse(
            'checkpointed takes "sqrt" or the number of trips of a segment, which is written out: '
            "`checkpointed(range(n), 100)`"
        )
    ctx.head.asked = asked
    assert trips is not None
    return trips
