"""What the reverse sweep adds to the forward program: tapes, copies, counters, and the sweep itself.

``save`` notes edits, ``assemble`` makes them.
"""

from ...records import field, record
from ..ir import Atom, Carry, Merge, Statement, Value

__all__ = ["Edits"]


@record
class Edits:
    """Additions to the forward program, by the identity of the statement they belong to."""

    before: dict[int, list[Statement]] = field(default_factory=dict)
    after: dict[int, list[Statement]] = field(default_factory=dict)
    start: dict[tuple[int, str], list[Statement]] = field(default_factory=dict)
    end: dict[tuple[int, str], list[Statement]] = field(default_factory=dict)
    carries: dict[int, list[Carry]] = field(default_factory=dict)
    merges: dict[int, list[Merge]] = field(default_factory=dict)
    trips: dict[int, Value] = field(default_factory=dict)
    replaced: dict[int, list[Statement]] = field(default_factory=dict)
    firsts: dict[tuple[Value, str], Atom] = field(default_factory=dict)  # for UNBOUND
    sums: set[Value] = field(default_factory=set)  # of cotangents, each with parts of one shape
