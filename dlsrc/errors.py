"""Every error that dlsrc raises.

Errors about the user's code subclass SyntaxError and carry file, line and columns, so that Python
itself prints the line and the carets.  `InternalError` means a bug in dlsrc.
"""

from collections.abc import Sequence
from typing import Any

__all__ = ["DifferentiationError", "InternalError", "SourceError", "UnsupportedSyntax", "UntracedError"]


# How many problems are listed after the first.
MOST = 6


class DlsrcError(Exception):
    """The common base of everything below."""


class UnsupportedSyntax(DlsrcError, SyntaxError):
    """Something in the user's function that cannot be differentiated or compiled.

    ``problems`` holds every problem found in the function, as (location, message) pairs; the first is
    the one whose line and carets Python prints, the others are listed after it::

          File "model.py", line 7
            y = np.fft.fft(x)
                ^^^^^^^^^^^^^
        UnsupportedSyntax: `np.fft.fft` is not a function that dlsrc knows; …
        and 1 more:
          line 9  `open` is not a function that dlsrc knows; …
    """

    def __init__(self, problems: Sequence[tuple[Any, str]]):
        self.problems = tuple(problems)
        location, message = self.problems[0]
        line = getattr(location, "source_line", None) or getattr(location, "text", "")
        super().__init__(
            "\n".join([message, *_others(self.problems)]),
            (
                location.file, location.line, location.column + 1, line, location.end_line or location.line,
                location.end_column + 1,
            ),
        )

    def __reduce__(self) -> tuple:
        return type(self), (self.problems,)


def _others(problems: tuple[tuple[Any, str], ...]) -> list[str]:
    """The problems after the first: one line each, as many as leave the whole within 15 lines."""
    (first, message), *others = problems
    if not others:
        return []
    same_file = all(location.file == first.file for location, _ in others)
    places = [f"line {location.line}" if same_file else str(location) for location, _ in others[:MOST]]
    width = max(map(len, places))
    said = {_remedy(message)}
    lines = []
    for place, (_, what) in zip(places, others, strict=False):
        text = " ".join(what.split())
        if _remedy(what) in said:
            text = text.rpartition("; ")[0] or text
        said.add(_remedy(what))
        lines.append(f"  {place:{width}}  {text}")
    if len(others) > MOST:
        lines.append(f"  … and {len(others) - MOST} further on")
    return [f"and {len(others)} more:", *lines]


def _remedy(message: str) -> str:
    """What to write instead: said once, it need not be said again."""
    return " ".join(message.split()).rpartition("; ")[2]


class DifferentiationError(UnsupportedSyntax):
    """A derivative that does not exist, or that was asked for in the wrong place."""


class UntracedError(DifferentiationError):
    """The gradient by something that is not traced was asked for."""


class SourceError(DlsrcError):
    """The function's source cannot be found, or is not the source of the function that runs."""


class InternalError(DlsrcError):
    """A bug in dlsrc: please report it with the text that it prints."""
