"""Python text in colours: for a terminal, and for a page.

The text is cut into tokens by the standard library's ``tokenize``, so there is nothing here to keep in
step with Python's grammar.

>>> [kind for kind, _ in pieces("x = 2.0  # two")[0]]
['name', '', 'operator', '', 'number', '', 'comment']
"""

import builtins
import html
import io
import keyword
import tokenize

__all__ = ["CONSOLE", "console", "page", "pieces", "statement_ends"]

Piece = tuple[str, str]

# How each kind looks in a terminal; colours of the terminal's own palette, so both light and dark are served.
CONSOLE = {
    "keyword": "35", "string": "32", "number": "36", "comment": "90", "definition": "1", "builtin": "34",
    "module": "34",
}
MODULES = frozenset({"np", "math", "numpy", "scipy"})
STRINGS = frozenset(
    getattr(tokenize, name)
    for name in ("STRING", "FSTRING_START", "FSTRING_MIDDLE", "FSTRING_END") if hasattr(tokenize, name)
)
UNREADABLE = (tokenize.TokenError, SyntaxError)


def pieces(text: str) -> list[list[Piece]]:
    """For every line, its pieces as (kind, text); joined they are the line.

    Text that is not Python, such as a part of a statement, is given back plain from where it ends to be.
    """
    lines = text.splitlines()
    found: list[list[Piece]] = [[] for _ in lines]
    ends = [0] * len(lines)

    def put(row: int, start: int, stop: int, kind: str) -> None:
        if row >= len(lines) or stop <= start:
            return
        if start > ends[row]:
            found[row].append(("", lines[row][ends[row] : start]))
        found[row].append((kind, lines[row][start:stop]))
        ends[row] = stop

    before = ""
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            kind = _kind(token, before)
            if kind is not None:
                (first, start), (last, stop) = token.start, token.end
                for row in range(first, last + 1):  # a string may span lines
                    left = start if row == first else 0
                    right = stop if row == last else len(lines[row - 1])
                    put(row - 1, left, right, kind)
            if token.string.strip():
                before = token.string
    except UNREADABLE:
        pass  # what follows is shown plain
    for row, line in enumerate(lines):
        if ends[row] < len(line):
            found[row].append(("", line[ends[row] :]))
    return found


def _kind(token: tokenize.TokenInfo, before: str) -> str | None:
    if token.type == tokenize.COMMENT:
        return "comment"
    if token.type in STRINGS:
        return "string"
    if token.type == tokenize.NUMBER:
        return "number"
    if token.type == tokenize.OP:
        return "operator"
    if token.type != tokenize.NAME:
        return None
    if before in ("def", "class"):
        return "definition"
    if keyword.iskeyword(token.string):
        return "keyword"
    if before != "." and token.string in MODULES:
        return "module"
    return "builtin" if before != "." and hasattr(builtins, token.string) else "name"


def console(text: str) -> str:
    """The text with escape sequences for a terminal."""
    lines = []
    for line in pieces(text):
        shown = (f"\x1b[{CONSOLE[kind]}m{piece}\x1b[0m" if kind in CONSOLE else piece for kind, piece in line)
        lines.append("".join(shown))
    return "\n".join(lines) + ("\n" if text.endswith("\n") else "")


def page(line: list[Piece]) -> str:
    """The pieces of a line as HTML; the classes are the first letters of the kinds."""
    shown = []
    for kind, piece in line:
        text = html.escape(piece, quote=False)
        shown.append(f'<i class="{kind[0]}">{text}</i>' if kind in CONSOLE else text)
    return "".join(shown)


def statement_ends(text: str) -> dict[int, int]:
    """For each line on which a statement begins, the line on which its head ends.

    >>> statement_ends("a = f(\\n    2)\\nfor i in a:\\n    pass\\n")
    {1: 2, 3: 3, 4: 4}
    """
    found: dict[int, int] = {}
    first = None
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type in (tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT):
                continue
            if token.type == tokenize.NEWLINE:
                if first is not None:
                    found[first] = token.start[0]
                first = None
            elif first is None:
                first = token.start[0]
    except UNREADABLE:
        pass
    return found
