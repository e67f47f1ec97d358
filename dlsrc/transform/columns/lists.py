"""What is noted of lists while loops that append to them are built."""

from typing import Any

from ...records import field, record
from ..ir import Value
from ..location import Location

__all__ = ["Lists"]


@record
class Lists:
    """Facts about lists, by their numbers in the heap.

    Attributes
    ----------
    grown_at : dict
        Where a list was last appended to.
    appended : dict
        How often it was, counted in the text.
    reserved : dict
        Lists with room for all that a loop appends, and that loop.
    voided : set
        Lists that grew in another way than that loop's room allows.
    building : list
        The loops that are being built, the innermost last.
    stored : set
        Columns, and the arrays that were put into them.
    counts : dict
        The number of items of a list at the start of the trip that is being built.
    shared : dict
        Lists, dicts and objects of which there may be another name with another number, and what the user
        calls them; these are not changed.
    copies : set
        Those that a loop or a branch made of several, so that their numbers tell nothing about identity.
    columns : set
        Columns of which an array was looked at.
    counters : set
        The counters of loops.
    """

    grown_at: dict[int, Location] = field(default_factory=dict)
    appended: dict[int, int] = field(default_factory=dict)
    reserved: dict[int, Any] = field(default_factory=dict)
    voided: set[int] = field(default_factory=set)
    building: list[Any] = field(default_factory=lambda: [None])
    stored: set[tuple[Value, Value]] = field(default_factory=set)
    columns: set[Value] = field(default_factory=set)
    counts: dict[int, Any] = field(default_factory=dict)
    counters: set[Value] = field(default_factory=set)
    shared: dict[int, str] = field(default_factory=dict)
    copies: set[int] = field(default_factory=set)
