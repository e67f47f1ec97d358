"""What a derivative passes through, what it keeps and recomputes, and what that costs, told to the user."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


from .evaluate import Entry, Target
from .footprint import Allocation, footprint
from .forms import original_of
from .lazy import jit_enabled
from .notebook import table
from .signature import Call
from .transform.ir import Value
from .transform.location import Location

__all__ = ["Explanation", "Keeping", "Piece", "explanation_of"]

WIDTH = 72
HOW = {
    "array": "in an array", "growing array": "in a growing array", "references": "by reference",
    "copies": "as copies",
}


@dataclass(frozen=True, slots=True)
class Keeping:
    """One value that is kept in a loop for the way back.

    ``bytes`` is what a trip adds (None where arrays of unknown size are kept); ``total`` is all of it for
    the arguments given, None where only a run tells how many trips there are.
    """

    name: str
    line: int
    loop: str
    how: str
    bytes: int | None
    total: int | None


@dataclass(frozen=True, slots=True)
class Piece:
    """An array that the generated code allocates; ``role`` is "shadow", "kept" or "array"."""

    name: str
    role: str
    line: int
    bytes: int | None


@dataclass(frozen=True)
class Explanation:
    """The report of `explain`.

    Attributes
    ----------
    title : str
        The function with the types of its arguments, and where it stands.
    active : tuple of str
        The names that a derivative passes through.
    kept : tuple of Keeping
        What the way back needs of each trip of a loop.
    recomputed : tuple of str
        Names of what is computed again on the way back.
    arrays : tuple of Piece
        The arrays that the generated code allocates, shadows first.
    hidden : tuple of str
        Captured numbers and arrays, which are read at every call.
    guards : tuple of str
        What must be as it was, or the derivative is built anew.
    built_in : tuple of str
        Arguments whose values are a part of the text: other values build anew.
    statements : tuple of int
        Lines of the function, and lines of the text without comments.
    longest : tuple of (int, int)
        The user's lines that became most lines of text: (line, lines of text).
    compile_seconds : float or None
        What numba took; None if it has not compiled the text.
    predicted_bytes : int
        The most memory that the generated code holds at once for these arguments, without them; what only
        a run can tell is left out, and then `is_complete` is false.
    """

    title: str
    active: tuple[str, ...]
    kept: tuple[Keeping, ...]
    recomputed: tuple[str, ...]
    arrays: tuple[Piece, ...]
    hidden: tuple[str, ...]
    guards: tuple[str, ...]
    built_in: tuple[str, ...]
    statements: tuple[int, int]
    longest: tuple[tuple[int, int], ...]
    compile_seconds: float | None
    predicted_bytes: int

    @property
    def is_complete(self) -> bool:
        """Whether all sizes follow from the arguments."""
        return all(k.total is not None for k in self.kept) and all(p.bytes is not None for p in self.arrays)

    def entries(self) -> list[tuple[str, str]]:
        """The report as headings with their texts."""
        found = [
            ("passes through", _listed(self.active) or "nothing: the value does not depend on the arguments"),
            ("kept in loops", "\n".join(map(_kept, self.kept)) or "nothing"),
            ("computed again", _listed(self.recomputed) or "nothing"),
            ("arrays made", "\n".join(map(_piece, self.arrays)) or "none"),
        ]
        if self.hidden:
            found.append(("read at each call", "\n".join(self.hidden)))
        if self.guards:
            found.append(("tested at each call", "\n".join(self.guards)))
        if self.built_in:
            found.append(("built in", "\n".join(self.built_in)))
        found.append(("memory", self._memory()))
        found.append(("text", self._text()))
        if self.compile_seconds is not None:
            found.append(("compiled in", f"{self.compile_seconds:.2f} s"))
        return found

    def _memory(self) -> str:
        text = f"{_bytes(self.predicted_bytes)} at once for these arguments, besides them"
        growing = [f"{k.bytes} bytes a trip for {k.name}" for k in self.kept if k.total is None and k.bytes]
        unknown = [p.name for p in self.arrays if p.bytes is None]
        unknown += [k.name for k in self.kept if k.total is None and k.bytes is None]
        if growing:
            text += f"\nand {', '.join(growing)}: how many trips, only a run tells"
        if unknown:
            text += f"\nand {', '.join(unknown)}: how large, only a run tells"
        return text

    def _text(self) -> str:
        mine, generated = self.statements
        text = f"{generated} lines for {mine} of yours"
        if self.longest:
            text += "; most for " + ", ".join(f"line {line} ({count})" for line, count in self.longest)
        return text

    def __str__(self) -> str:
        lines = [self.title, ""]
        width = max(len(head) for head, _ in self.entries()) + 3
        for head, text in self.entries():
            for k, line in enumerate(text.splitlines()):
                lines.append(f"  {head if k == 0 else '':{width}}{line}".rstrip())
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return table(self.title, self.entries())


def explanation_of(entry: Entry, target: Target, call: Call) -> Explanation:
    """The report of a built program for the arguments of a call."""
    generated = entry.generated
    normalized, emitted = generated.normalized, generated.emitted
    program = generated.stages[-1].program
    values = [call.leaves[k] for k in normalized.leaves] + [getter() for getter, _ in normalized.hidden]
    memory = footprint(program, dict(zip(program.params, values, strict=True)))
    keepings = _keepings(generated, memory.allocations, emitted.names)
    original = original_of(target)
    statements = _statements(emitted.text)
    ours = Counter(
        loc.line for number, loc in emitted.line_map.items()
        if number in statements and loc.file == original.file and original.first < loc.line <= original.last
    )
    return Explanation(
        title=_title(program, emitted.names, normalized.location),
        active=generated.active,
        kept=tuple(keepings),
        recomputed=generated.recomputed,
        arrays=_pieces(memory.allocations, {v for held in keepings.values() for v in held}, emitted.names),
        hidden=tuple(f"{getter}: {type_}" for getter, type_ in normalized.hidden),
        guards=tuple(dict.fromkeys(map(_guard, normalized.guards))),
        built_in=_built_in(normalized, call, original.name),
        statements=(_lines_of(target), len(statements)),
        longest=tuple((line, count) for line, count in ours.most_common(2) if count > 1),
        compile_seconds=_compile_seconds(entry.function),
        predicted_bytes=memory.peak,
    )


# ---------------------------------------------------------------------------------- what is told


def _title(program: Any, names: Any, location: Location) -> str:
    params = ", ".join(f"{names.get(v, repr(v))}: {program.types[v]}" for v in program.params)
    return f"{program.name}({params}), from {location}"


def _keepings(generated: Any, allocations: tuple[Allocation, ...], names: Any) -> dict[Keeping, list[Value]]:
    """The tapes that are left in the text, with their loops, and the values that hold them."""
    made: dict[Keeping, list[Value]] = {}
    for kept in generated.kept:
        mine = [a for a in allocations if a.role == "kept" and a.value.base == kept.value]
        if not mine:
            continue  # what was kept turned out not to be needed
        name = names.get(kept.value) or names.get(mine[0].value, "").removesuffix("_kept") or repr(kept.value)
        growing = [a for a in mine if a.a_trip]
        a_trip = kept.bytes or next((a.a_trip for a in growing), None) or None
        unknown = any(a.bytes is None for a in mine)
        total = None if unknown else sum(a.bytes or 0 for a in mine)
        keeping = Keeping(name, kept.loop.loc.line, kept.loop.loc.text, kept.how, a_trip, total)
        made.setdefault(keeping, []).extend(a.value for a in mine)
    return made


def _pieces(allocations: tuple[Allocation, ...], tapes: set[Value], names: Any) -> tuple[Piece, ...]:
    """The arrays of the text, shadows first; what is kept in loops is told elsewhere."""
    order = {"shadow": 0, "kept": 1, "array": 2}
    found = [
        Piece(_name(a.value, names), a.role, a.loc.line, a.bytes)
        for a in allocations if a.value not in tapes
    ]
    return tuple(sorted(dict.fromkeys(found), key=lambda p: order[p.role]))


def _name(value: Value, names: Any) -> str:
    return names.get(value) or (repr(value) if value.hint or value.base else "a temporary")


def _built_in(normalized: Any, call: Call, function: str) -> tuple[str, ...]:
    return tuple(
        f"the argument at place {key[1]} is {call.leaves[key[1]]!r}: another value builds anew"
        for key in sorted(normalized.static, key=repr) if key[0] == "leaf"
    )


def _guard(guard: Any) -> str:
    if guard.kind == "is":
        name = getattr(guard.expected, "__name__", None) or type(guard.expected).__name__
        return f"{guard.getter} is still {'the same ' if name in str(guard.getter) else ''}{name}"
    if guard.kind == "length":
        return f"len({guard.getter}) is {guard.expected}"
    return f"{guard.getter} is {guard.expected!r}"


def _kept(kept: Keeping) -> str:
    size = f"{_bytes(kept.bytes)} a trip" if kept.bytes is not None else "arrays"
    total = f" = {_bytes(kept.total)}" if kept.total is not None else ""
    return f"{kept.name}: {size} {HOW[kept.how]}{total}, of the loop in line {kept.line}: {kept.loop}"


def _piece(piece: Piece) -> str:
    size = _bytes(piece.bytes) if piece.bytes is not None else "size known when it runs"
    what = {"shadow": "shadow", "kept": "kept", "array": "array"}[piece.role]
    return f"{piece.name}: {size} ({what}, line {piece.line})"


def _listed(names: tuple[str, ...]) -> str:
    lines = [""]
    for name in names:
        if len(lines[-1]) + len(name) > WIDTH:
            lines.append("")
        lines[-1] += f"{', ' if lines[-1] else ''}{name}"
    return ",\n".join(lines)


def _bytes(count: int) -> str:
    return f"{count:,} byte{'s' if count != 1 else ''}"


def _statements(text: str) -> set[int]:
    """The numbers of the lines that do something: no comments, no imports, no head."""
    lines = text.splitlines()
    begin = next(k for k, line in enumerate(lines, start=1) if line.startswith("def "))
    return {
        k for k, line in enumerate(lines, start=1)
        if k > begin and line.strip() and not line.lstrip().startswith("#")
    }


def _lines_of(target: Target) -> int:
    """The lines of the function that say something."""
    original = original_of(target)
    has_body = original.last > original.first  # below the head, which is no statement
    lines = original.lines[original.first - (not has_body) : original.last]
    return sum(1 for line in lines if line.strip() and not line.lstrip().startswith("#"))


def _compile_seconds(function: Callable) -> float | None:
    """What numba says that compiling took."""
    metadata = getattr(function, "get_metadata", None)
    if metadata is None or not jit_enabled():
        return None
    seconds = [found.get("timers", {}).get("compiler_lock", 0.0) for found in metadata().values()]
    return sum(seconds) or None


