"""Index tests of the generated text: an index out of range is an IndexError with the user's line."""

from ..primitive import kernel

__all__ = ["check_index", "check_indices", "readable"]

# Formatting a message takes seconds to compile: the numbers travel as arguments of the exception.
MESSAGE = "index out of range"


@kernel
def check_index(index, size, line):
    """Raise unless ``index`` is one of ``-size … size - 1``."""
    if index < -size or index >= size:
        raise IndexError("index out of range", index, size, line)


@kernel
def check_indices(low, high, size, line):
    """Raise unless all of ``low … high`` are indices; for a whole loop, tested before it."""
    if low < -size:
        raise IndexError("index out of range", low, size, line)
    if high >= size:
        raise IndexError("index out of range", high, size, line)


def readable(error: IndexError, file: str) -> IndexError:
    """The error of a failed test with its numbers in a sentence; any other error as it is.

    >>> readable(IndexError("index out of range", 3, 2, 7), "model.py")
    IndexError('model.py:7: index 3 is out of range for an axis of 2 elements')
    """
    if len(error.args) != 4 or error.args[0] != MESSAGE:
        return error
    _, index, size, line = error.args
    elements = "1 element" if size == 1 else f"{size} elements"
    return IndexError(f"{file}:{line}: index {index} is out of range for an axis of {elements}")
