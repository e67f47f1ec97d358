"""What Jupyter shows: the user's function and the generated text side by side.

Each of the user's lines stands beside what it became going forward; where the text goes back, the line
is repeated beside what it became going back.  Pointing at either lights up all of them.  The page is
one piece of HTML with its style: no script, nothing is loaded, so it also works where a notebook is only
shown.
"""

import hashlib
import html
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..records import replace
from ..transform.location import Location
from .highlight import page, pieces, statement_ends
from .style import style

__all__ = ["Original", "Row", "columns", "folded", "rows", "table"]

@dataclass(frozen=True, slots=True)
class Original:
    """The user's function: its name, its file and that file's lines, and where it begins and ends."""

    name: str
    file: str
    lines: tuple[str, ...]
    first: int
    last: int

    @property
    def title(self) -> str:
        return f"{Location(self.file, self.first).place}: {self.name}"


@dataclass(frozen=True, slots=True)
class Row:
    """Lines of the user's beside lines of the text (both counted from 1).

    ``way`` is "forward", "back" or "" for what stands for no line; ``key`` is the (file, line) that lights
    up; ``repeated`` is the user's line where it was shown before, or comes from another function.
    """

    left: tuple[int, ...]
    right: tuple[int, ...]
    way: str = ""
    key: tuple[str, int] | None = None
    repeated: Location | None = None


# ---------------------------------------------------------------------------------- which line stands where


def rows(text: str, line_map: Mapping[int, Location], original: Original) -> list[Row]:
    """The two columns, row by row; every line of both stands in one row."""
    ends = statement_ends("\n".join(original.lines) + "\n")
    starts = {line: start for start, end in ends.items() for line in range(start, end + 1)}
    shown = original.first - 1
    made: list[Row] = []

    def lead(line: int) -> None:
        """The user's lines before this one that were not shown yet, beside nothing."""
        nonlocal shown
        if line > shown + 1:
            made.append(Row(tuple(range(shown + 1, line)), ()))
            shown = line - 1

    for loc, lines in _groups(text, line_map, original):
        if loc is None:
            made.append(Row((), lines))
            continue
        ours = loc.file == original.file and original.first <= loc.line <= original.last
        if ours:  # a later line of a statement stands for the whole statement
            loc = replace(loc, line=max(starts.get(loc.line, loc.line), original.first))
        key, way = (loc.file, loc.line), "back" if loc.back else "forward"
        if ours and not loc.back and loc.line > shown:
            lead(loc.line)
            end = min(max(ends.get(loc.line, loc.line), loc.line), original.last)
            made.append(Row(tuple(range(loc.line, end + 1)), lines, way, key))
            shown = end
        elif made and made[-1].key == key and made[-1].way == way:
            before = made.pop()
            made.append(Row(before.left, before.right + lines, way, key, before.repeated))
        else:
            made.append(Row((), lines, way, key, loc))
    if shown < original.last:
        rest = tuple(range(shown + 1, original.last + 1))
        if made and made[-1].key is None and not made[-1].left:  # the return of both
            made.append(Row(rest, made.pop().right))
        else:
            made.append(Row(rest, ()))
    return made


def _groups(
    text: str, line_map: Mapping[int, Location], original: Original
) -> Iterator[tuple[Location | None, tuple[int, ...]]]:
    """Neighbouring lines of the text that stand for one line of the user's."""
    lines = text.splitlines()
    last = max((k for k, line in enumerate(lines, start=1) if line.startswith("    return ")), default=0)
    head = Location(original.file, original.first)
    group: list[int] = []
    at: Location | None = None
    begun = False
    for number, line in enumerate(lines, start=1):
        found = head if line.startswith("def ") else line_map.get(number)
        if number >= last > 0:
            found = None
        same = (found is None) == (at is None) and (
            found is None or at is None or (found.file, found.line, found.back) == (at.file, at.line, at.back)
        )
        if begun and not same:
            yield at, tuple(group)
            group = []
        group.append(number)
        at, begun = found, True
    if group:
        yield at, tuple(group)


# ---------------------------------------------------------------------------------- the page


def columns(text: str, line_map: Mapping[int, Location], original: Original) -> str:
    """The function and the generated text side by side, as HTML."""
    indent = _indent(original.lines[original.first - 1 : original.last])
    theirs = [page(_dedented(line, indent)) for line in pieces("\n".join(original.lines) + "\n")]
    generated = [page(line) for line in pieces(text)]
    body: list[str] = []
    keys: dict[tuple, str] = {}
    for row in rows(text, line_map, original):
        key = keys.setdefault(row.key, f"l{len(keys)}") if row.key else ""
        left = "".join(_line(theirs[k - 1], str(k), key) for k in row.left)
        if row.repeated is not None:
            left = _line(*_again(row.repeated, original, theirs), key)
        right = "".join(_line(generated[k - 1], str(k), key) for k in row.right)
        way = {"forward": " f", "back": " r"}.get(row.way, "")
        again = " again" if row.repeated is not None else ""
        turn = ' class="turn"' if way == " r" and not any('"g r"' in line for line in body) else ""
        body.append(f'<tr{turn}><td class="u{way}{again}">{left}</td><td class="g{way}">{right}</td></tr>')
    name = "d" + hashlib.sha1(text.encode()).hexdigest()[:8]
    lights = "".join(f"#{name}:has(.{key}:hover) .{key}{{background:var(--hit)}}" for key in keys.values())
    title = html.escape(original.title)
    return (
        f'<div class="dlsrc" id="{name}">{style("columns", lights)}<table>'
        f"<thead><tr><th>{title}</th><th>generated</th></tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )


def _line(text: str, number: str, key: str) -> str:
    place = f' class="{key}"' if key else ""
    return f'<p{place} n="{number}">{text}</p>'


def _again(loc: Location, original: Original, theirs: list[str]) -> tuple[str, str]:
    """A line of the user's that is shown again (on the way back), or one of another function."""
    if loc.file == original.file and original.first <= loc.line <= original.last:
        return theirs[loc.line - 1], ("↑ " if loc.back else "") + str(loc.line)
    where = f"{loc.function.rpartition('.')[2]}: " if loc.function else ""
    text = f'<i class="c">{html.escape(where)}</i>' + "".join(map(page, pieces(loc.text)))
    return text, ("↑ " if loc.back else "") + str(loc.line)


def _indent(lines: tuple[str, ...]) -> int:
    """How far all lines are indented: a method is shown as if it stood at the margin."""
    found = [len(line) - len(line.lstrip()) for line in lines if line.strip()]
    return min(found, default=0)


def _dedented(line: list[tuple[str, str]], indent: int) -> list[tuple[str, str]]:
    if line and line[0][0] == "":
        return [("", line[0][1][indent:]), *line[1:]]
    return line


def table(title: str, entries: list[tuple[str, str]]) -> str:
    """A list of headings and texts, as HTML; a text may have several lines."""
    body = "".join(
        f'<tr><td class="h">{html.escape(head)}</td><td class="t">{html.escape(text)}</td></tr>'
        for head, text in entries
    )
    head = f'<thead><tr><th colspan="2">{html.escape(title)}</th></tr></thead>'
    return f'<div class="dlsrc">{style("report")}<table>{head}<tbody>{body}</tbody></table></div>'


def folded(title: str, forms: Mapping[str, str]) -> str:
    """Named texts, each under a heading that opens it, as HTML; the last is open."""
    parts = []
    for k, (name, text) in enumerate(forms.items(), start=1):
        opened = " open" if k == len(forms) else ""
        summary = f"<summary>{html.escape(name)}<span>{len(text.splitlines())} lines</span></summary>"
        lines = "\n".join(map(page, pieces(text)))
        parts.append(f"<details{opened}>{summary}<pre>{lines}</pre></details>")
    head = f'<div class="title">{html.escape(title)}</div>'
    return f'<div class="dlsrc">{style("forms")}{head}{"".join(parts)}</div>'
