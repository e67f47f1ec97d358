"""Where the errors of a program come from: its tests of indices, and the user's own ``raise``.

Compiled code raises the name of an exception, a template and numbers.  What the user's exception is, and
which line raises it, is said here, in plain values: an error needs neither the program nor its source.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from ..lazy import engine
from ..records import record, replace

__all__ = ["Faults", "Place", "Raised", "faults_of"]


class Place(NamedTuple):
    """A line of the user's; ``shown`` is how messages call it."""

    file: str
    line: int
    function: str
    text: str
    shown: str


class Raised(NamedTuple):
    """One ``raise``: what compiled code raises there, and what the user's exception is made of.

    ``parts`` are (kind, what is known, how many values) for each argument: "text" is a template with
    places for the values, "value" is a value itself, anything else is known.
    """

    exception: str
    message: str
    number: int
    cls: Callable
    parts: tuple[tuple[str, Any, int], ...]
    place: Place


@record(frozen=True)
class Faults:
    """The errors that a program may raise.

    Attributes
    ----------
    raised : tuple of Raised
    checks : tuple of (int, str)
        The lines with tests of indices, and the files that they stand in, as messages call them.
    file : str
        The file of the function itself.
    lines : tuple of (int, Place)
        Lines of the text, in order, from which on it stands for another line of the user's.
    """

    raised: tuple[Raised, ...]
    checks: tuple[tuple[int, str], ...]
    file: str
    lines: tuple[tuple[int, Place], ...] = ()

    def file_of_check(self, line: int) -> str:
        """The file of the index test that stands at this line."""
        return dict(reversed(self.checks)).get(line, self.file)

    def place_of(self, line: int) -> Place | None:
        """The line of the user's that a line of the text stands for."""
        found = None
        for first, place in self.lines:
            if first > line:
                break
            found = place
        return found

    def moved(self, old: str, new: str) -> "Faults":
        """The same for a file that has another path now: a notebook names its cells anew in every session."""

        def at(place: Place) -> Place:
            return place._replace(file=new) if place.file == old else place

        if old == new:
            return self
        return replace(
            self, raised=tuple(r._replace(place=at(r.place)) for r in self.raised),
            lines=tuple((line, at(place)) for line, place in self.lines),
        )  # fmt: skip


def faults_of(generated: Any) -> Faults:
    """The errors of a program that was just generated."""
    ir = engine("transform.ir")
    # The last program has those of rules of the user's own, too, which the first holds in operations.
    raised: dict[tuple, Raised] = {}
    for program in (generated.normalized.program, generated.stages[-1].program):
        for s in ir.walk(program.body):
            if isinstance(s, ir.Raise) and s.user is not None:
                one = Raised(s.exception, s.message, len(s.values), s.user[0], s.user[1], _place(s.loc))
                raised.setdefault((*one[:3], one.place), one)
    checks = {
        (s.loc.line, _file(s.loc)): None
        for stage in generated.stages for s in ir.walk(stage.program.body) if isinstance(s, ir.Check)
    }
    lines: list[tuple[int, Place]] = []
    for number, location in sorted(generated.emitted.line_map.items()):
        place = _place(location)
        if not lines or lines[-1][1] != place:
            lines.append((number, place))
    return Faults(tuple(raised.values()), tuple(checks), _file(generated.normalized.location), tuple(lines))


def _place(location: Any) -> Place:
    return Place(location.file, location.line, location.function, location.text, str(location))


def _file(location: Any) -> str:
    return str(location).rpartition(":")[0]
