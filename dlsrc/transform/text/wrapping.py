"""Lines of at most a hundred columns: longer ones are broken inside brackets."""

from collections.abc import Iterator

__all__ = ["LIMIT", "wrapped"]

LIMIT = 100
_OPERATORS = (" + ", " - ", " * ", " / ", " and ", " or ", " if ", " else ")


def wrapped(line: str, indent: str) -> list[str]:
    """The physical lines of one logical line, which is given without its indentation.

    >>> wrapped("y = a + b", "    ")
    ['    y = a + b']
    """
    if len(indent) + len(line) <= LIMIT:
        return [indent + line]
    if not _enclosed(line):
        for mark in (" = ", " += ", " -= ", "return "):
            before, found, after = line.partition(mark)
            if found and not before.count("(") and not (mark == "return " and before):
                line = f"{before}{mark}({after})"
                break
    lines: list[str] = []
    room, depth = LIMIT - len(indent), 0
    while len(line) > room:
        at, depth = _last_break(line, room, depth)
        if at is None:
            break
        lines.append(line[:at].rstrip())
        line = "        " + line[at:].lstrip()
    lines.append(line)
    return [indent + text for text in lines]


def _places(line: str, depth: int = 0) -> Iterator[tuple[int, int]]:
    """Where a line that begins at this depth of brackets may be broken, with the depth there."""
    quote = ""
    for k, character in enumerate(line):
        if quote:
            quote = "" if character == quote and line[k - 1] != "\\" else quote
        elif character in "\"'":
            quote = character
        elif character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
        elif character == " " and depth and (
            line[k - 1] == "," or any(line.startswith(mark, k) for mark in _OPERATORS)
        ):
            yield k, depth


def _enclosed(line: str) -> bool:
    """Whether some bracket of the line offers a place to break it."""
    return any(k <= LIMIT - 8 for k, _ in _places(line)) and line.rstrip().endswith((")", "]", "):"))


def _last_break(line: str, room: int, depth: int) -> tuple[int | None, int]:
    """Where to break, as late and as shallow as can be, and the depth there."""
    places = [(k, found) for k, found in _places(line, depth) if 8 < k <= room]
    if not places:
        return None, depth
    shallow = min(found for _, found in places)
    late = [(k, found) for k, found in places if found == shallow and k > room // 2]
    return (late or places)[-1]
