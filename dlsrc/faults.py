"""Where the errors of a program come from: its tests of indices, and the user's own ``raise``.

Compiled code raises the name of an exception, a template and numbers.  What the user's exception is, and
which line raises it, is said here, in plain values: an error needs neither the program nor its source.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from .lazy import engine

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


@dataclass(frozen=True, slots=True)
class Faults:
    """The errors that a program may raise.

    Attributes
    ----------
    raised : tuple of Raised
    checks : tuple of (int, str)
        The lines with tests of indices, and the files that they stand in, as messages call them.
    file : str
        The file of the function itself.
    """

    raised: tuple[Raised, ...]
    checks: tuple[tuple[int, str], ...]
    file: str

    def file_of_check(self, line: int) -> str:
        """The file of the index test that stands at this line."""
        return dict(reversed(self.checks)).get(line, self.file)


def faults_of(generated: Any) -> Faults:
    """The errors of a program that was just generated."""
    ir = engine("transform.ir")
    raised = [
        Raised(s.exception, s.message, len(s.values), s.user[0], s.user[1], _place(s.loc))
        for s in ir.walk(generated.normalized.program.body)
        if isinstance(s, ir.Raise) and s.user is not None
    ]
    checks = {
        (s.loc.line, _file(s.loc)): None
        for stage in generated.stages for s in ir.walk(stage.program.body) if isinstance(s, ir.Check)
    }
    return Faults(tuple(raised), tuple(checks), _file(generated.normalized.location))


def _place(location: Any) -> Place:
    return Place(location.file, location.line, location.function, location.text, str(location))


def _file(location: Any) -> str:
    return str(location).rpartition(":")[0]
