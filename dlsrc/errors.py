"""Every error that dlsrc raises.

Errors about the user's code subclass SyntaxError and carry file, line and columns, so that Python
itself prints the line and the carets.  `InternalError` means a bug in dlsrc.
"""

from collections.abc import Sequence

__all__ = ["DifferentiationError", "InternalError", "SourceError", "UnsupportedSyntax", "UntracedError"]


class DlsrcError(Exception):
    """The common base of everything below."""


class UnsupportedSyntax(DlsrcError, SyntaxError):
    """Something in the user's function that cannot be differentiated or compiled.

    ``problems`` holds every problem found in the function, as (location, message) pairs; the first is
    the one whose line and carets Python prints, the others are listed after it.
    """

    def __init__(self, problems: Sequence[tuple[object, str]]):
        self.problems = tuple(problems)
        location, message = self.problems[0]
        others = [f"  {where}: {what}" for where, what in self.problems[1:]]
        limit = 6
        if len(others) > limit:
            others = [*others[:limit], f"  … and {len(others) - limit} more"]
        if others:
            message = "\n".join([message, "also:", *others])
        line = getattr(location, "source_line", None) or getattr(location, "text", "")
        super().__init__(
            message,
            (
                location.file, location.line, location.column + 1, line,  # type: ignore[attr-defined]
                location.end_line or location.line, location.end_column + 1,  # type: ignore[attr-defined]
            ),
        )


class DifferentiationError(UnsupportedSyntax):
    """A derivative that does not exist, or that was asked for in the wrong place."""


class UntracedError(DifferentiationError):
    """The gradient by something that is not traced was asked for."""


class SourceError(DlsrcError):
    """The function's source cannot be found, or is not the source of the function that runs."""


class InternalError(DlsrcError):
    """A bug in dlsrc: please report it with the text that it prints."""
