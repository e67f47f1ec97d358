"""What a build is made of: activations of functions, what it relies on, why it stops or starts again."""

from typing import Any

from ...records import field, record
from ..location import Location
from .binding import Binding, Getter, Static

__all__ = ["Frame", "Guard", "NeedStatic", "Refused"]


class Refused(Exception):
    """A construct that is refused; becomes one of the problems of the function."""

    def __init__(self, location: Location, message: str):
        super().__init__(message)
        self.location = location
        self.message = message


class NeedStatic(Exception):
    """A captured number or an argument must be known while building; the build starts again."""

    def __init__(self, key: Any):
        super().__init__(key)
        self.key = key


@record(frozen=True)
class Guard:
    """Something the built program relies on, tested at every call.

    ``kind`` is "is" (the same object; of functions also one of the same text), "identity" (that object),
    "equal", "length", "keys" (of a dict, in order), "class", "has" (whether there is such an attribute) or
    "builtin": the module has no such name, and Python's own is the one expected.
    """

    getter: Getter
    kind: str
    expected: Any


@record(eq=False)
class Frame:
    """One activation: the names it binds, and where the names it does not bind are looked for.

    ``composite`` is the location of the call if the function is not the user's own text; ``seen_at`` that of
    a function of dlsrc's that is written as a user's would be (`forward`): that is where it goes wrong.
    """

    parsed: Any
    env: dict[str, Binding] = field(default_factory=dict)
    parent: "Frame | None" = None
    composite: Location | None = None
    seen_at: Location | None = None
    result: Binding = Static(None)
    nonlocals: frozenset[str] = frozenset()
    own_locals: frozenset[str] | None = None

    @property
    def locals(self) -> frozenset[str]:
        """The names that are this function's own, whether bound yet or not."""
        return self.own_locals if self.own_locals is not None else self.parsed.parsed.assigned

    def owner(self, name: str) -> "Frame | None":
        """The frame whose variable this name is, seen from here."""
        frame: Frame | None = self if name not in self.nonlocals else self.parent
        while frame is not None and name not in frame.env:
            frame = frame.parent
        return frame
