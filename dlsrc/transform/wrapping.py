"""Lines of at most a hundred columns: longer ones are broken inside brackets."""

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
    room = LIMIT - len(indent)
    while len(line) > room:
        at = _last_break(line, room)
        if at is None:
            break
        lines.append(line[:at].rstrip())
        line = "        " + line[at:].lstrip()
    lines.append(line)
    return [indent + text for text in lines]


def _places(line: str):
    """Where the line may be broken, with the depth of brackets there."""
    depth, quote = 0, ""
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


def _last_break(line: str, room: int) -> int | None:
    places = [(k, depth) for k, depth in _places(line) if 8 < k <= room]
    if not places:
        return None
    shallow = min(depth for _, depth in places)
    usable = [k for k, depth in places if depth == shallow and k > room // 2]
    return usable[-1] if usable else places[-1][0]
