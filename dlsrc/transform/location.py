"""Where a statement came from: carried by every statement of every form of a program."""

from ..records import field, record, replace

__all__ = ["Location"]


@record(frozen=True)
class Location:
    """A span of a user's file.

    Lines count from 1 and columns from 0, as ``ast`` has them.  ``text`` is the first line of the
    statement, stripped.  ``back`` is 1 for a statement of a reverse sweep: it then stands for the same
    line of the user's, passed through backwards; 2 for one of a sweep that gives a second derivative.
    ``aside`` is true for a statement that computes a tangent, beside the one that it is the derivative of.
    ``again`` is true for one that is run once more on the way back, from a checkpoint.
    ``within`` is what of that line's meaning this belongs to: "layer 'fc'", where that computes a network.
    ``source_line`` is the whole line with its indentation, which Python needs to put the carets under an
    error.
    """

    file: str
    line: int
    column: int = 0
    end_line: int = 0
    end_column: int = 0
    text: str = ""
    function: str = ""
    back: int = 0
    aside: bool = False
    again: bool = False
    within: str = ""
    source_line: str = field(default="", compare=False, repr=False)

    def backward(self, order: int = 1) -> "Location":
        """The same place, on the way back for a derivative of this order."""
        return replace(self, back=order)

    def beside(self) -> "Location":
        """The same place, for a tangent."""
        return replace(self, aside=True)

    def replayed(self) -> "Location":
        """The same place, run once more from a checkpoint."""
        return replace(self, again=True)

    @property
    def derived(self) -> bool:
        """Whether the statement computes a derivative: where it adds zeros, their sign is nobody's."""
        return bool(self.back) or self.aside

    @property
    def place(self) -> str:
        """The file's name; "cell" for a cell of a notebook, whose file is named anew in every session."""
        if "ipykernel_" in self.file or self.file.startswith("<ipython-input"):
            return "cell"
        return self.file.replace("\\", "/").rpartition("/")[2]

    def __str__(self) -> str:
        return f"{self.place}:{self.line}"
