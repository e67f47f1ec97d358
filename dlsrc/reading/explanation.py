"""What a derivative passes through, what it keeps and recomputes, and what that costs, told to the user."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, NamedTuple

from ..cache import Flags
from ..calls.entry import Entry
from ..calls.target import Target
from ..lazy import jit_enabled
from ..signature import Call
from ..transform.compile import unmade
from ..transform.ir import Check, Value, walk
from .footprint import Allocation, footprint
from .forms import original_of
from .notebook import table

__all__ = ["Explanation", "IndexTests", "Keeping", "Piece", "explanation_of"]

WIDTH = 60
HOW = {
    "array": "in an array", "growing array": "in an array that grows", "references": "by reference",
    "copies": "as copies",
}


@dataclass(frozen=True, slots=True)
class Keeping:
    """One value that is kept in a loop for the way back.

    ``bytes`` is what a trip adds (None where arrays of unknown size are kept); ``total`` is all of it for
    the arguments given, None where only a run tells how many trips there are.  ``each`` is "trip", or
    "segment" for what a checkpoint holds.
    """

    name: str
    line: int
    loop: str
    how: str
    bytes: int | None
    total: int | None
    each: str = "trip"


@dataclass(frozen=True, slots=True)
class Piece:
    """An array that the generated code allocates; ``role`` is "shadow", "kept" or "array"."""

    name: str
    role: str
    line: int
    bytes: int | None


class IndexTests(NamedTuple):
    """How many index tests the function asks for, and what became of them.

    ``proven`` need not be made, ``hoisted`` are made once before a loop for all its trips, ``left`` where
    they stand.  The way back repeats none.
    """

    asked: int
    proven: int
    hoisted: int
    left: int

    def __str__(self) -> str:
        if not self.asked:
            return "none needed"
        parts = (
            (self.proven, "proven"), (self.hoisted, "once before a loop"), (self.left, "where they stand"),
        )  # fmt: skip
        told = ", ".join(f"{n} {what}" for n, what in parts if n)
        return f"{self.asked}: {told}; the way back repeats none"


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
        What the way back needs of each trip of a loop; of one with checkpoints, of a segment, and of each
        trip of the segment that is run again.
    checkpoints : tuple of str
        What became of the loops that were to have checkpoints: how many trips to a segment, or why a loop is
        kept whole.
    recomputed : tuple of str
        Names of what is computed again on the way back.
    arrays : tuple of Piece
        The arrays that the generated code allocates, shadows first.
    index_tests : IndexTests or None
        The tests that indices are in range; None if none are made (``boundscheck=False``).
    hidden : tuple of str
        Captured numbers and arrays, which are read at every call.
    guards : tuple of str
        What must be as it was, or the derivative is built anew.
    built_in : tuple of str
        Arguments whose values are a part of the text: other values build anew.
    statements : tuple of int
        Lines of the user's that became text, and lines of the text without comments.
    longest : tuple of (str, int)
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
    checkpoints: tuple[str, ...]
    recomputed: tuple[str, ...]
    arrays: tuple[Piece, ...]
    index_tests: IndexTests | None
    hidden: tuple[str, ...]
    guards: tuple[str, ...]
    built_in: tuple[str, ...]
    statements: tuple[int, int]
    longest: tuple[tuple[str, int], ...]
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
            ("kept in loops", _kept(self.kept) or "nothing"),
            *([("checkpoints", "\n".join(self.checkpoints))] if self.checkpoints else []),
            ("computed again", _listed(self.recomputed) or "nothing"),
            ("shadows", _pieced(p for p in self.arrays if p.role == "shadow") or "none"),
        ]
        others = [p for p in self.arrays if p.role != "shadow"]
        if others:
            found.append(("other arrays", _pieced(others)))
        found.append(("index tests", str(self.index_tests or "not made: boundscheck=False")))
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
        growing = sum(k.bytes for k in self.kept if k.total is None and k.bytes)
        unknown = [p.name for p in self.arrays if p.bytes is None]
        unknown += [k.name for k in self.kept if k.total is None and k.bytes is None]
        if growing:
            text += f"\nand {_bytes(growing)} a trip of the loops whose trips only a run tells"
        if unknown:
            text += f"\nand that of {_listed(tuple(unknown))}, which only a run tells"
        return text

    def _text(self) -> str:
        mine, generated = self.statements
        text = f"{generated} lines for {mine} of yours"
        if self.longest:
            text += "; most for " + ", ".join(f"{line} ({count})" for line, count in self.longest)
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


def explanation_of(entry: Entry, target: Target, call: Call, flags: Flags) -> Explanation:
    """The report of a built program for the arguments of a call."""
    generated = entry.generated
    normalized, emitted = generated.normalized, generated.emitted
    program = generated.stages[-1].program
    values = entry.arguments(call, target)
    memory = footprint(program, dict(zip(program.params, values, strict=True)), unmade(emitted))
    keepings = _keepings(generated, memory.allocations, emitted.names)
    original = original_of(target)
    statements = _statements(emitted.text)
    by_line = Counter(
        f"line {loc.line}" if loc.file == original.file else str(loc)
        for number, loc in emitted.line_map.items() if number in statements
    )
    return Explanation(
        title=_title(original.name, program, emitted.names, normalized),
        active=generated.active,
        kept=tuple(keepings),
        checkpoints=tuple(map(_checkpointed, generated.segmented)),
        recomputed=generated.recomputed,
        arrays=_pieces(memory.allocations, {v for held in keepings.values() for v in held}, emitted.names),
        index_tests=_index_tests(generated.stages) if flags.boundscheck else None,
        hidden=tuple(f"{getter}: {type_}" for getter, type_ in normalized.hidden),
        guards=tuple(dict.fromkeys(_guard(g) for g in normalized.guards if not _is_own(g))),
        built_in=_built_in(normalized, call, original.name),
        statements=(max(len(by_line), 1), len(statements)),
        longest=tuple((line, count) for line, count in by_line.most_common(2) if count > 1),
        compile_seconds=_compile_seconds(entry.function),
        predicted_bytes=memory.peak,
    )


# ---------------------------------------------------------------------------------- what is told


def _title(name: str, program: Any, names: Any, normalized: Any) -> str:
    params = ", ".join(
        f"{names.get(v, repr(v))}: {normalized.notes.get(v) or program.types[v]}" for v in program.params
        if v not in normalized.notes or program.types[v].ndim == 1  # not the tables of columns
    )
    return f"{name}({params}), from {normalized.location}"


def _index_tests(stages: tuple) -> IndexTests:
    """The tests of the function, before and after those that are proven are dropped."""
    programs = {stage.name: stage.program for stage in stages}
    asked = sum(isinstance(s, Check) for s in walk(programs["normalize"].body))
    made = [s for s in walk(programs["bounds"].body) if isinstance(s, Check)]
    hoisted = sum(s.when is not None or s.low != s.high for s in made)
    return IndexTests(asked, max(asked - len(made), 0), hoisted, len(made) - hoisted)


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
        each = "segment" if getattr(kept.loop, "replayed", False) else "trip"
        keeping = Keeping(name, kept.loop.loc.line, kept.loop.loc.text, kept.how, a_trip, total, each)
        made.setdefault(keeping, []).extend(a.value for a in mine)
    return made


def _checkpointed(loop: Any) -> str:
    """What became of a loop that was to have checkpoints."""
    where = f"line {loop.loop.loc.line}  {loop.loop.loc.text}"
    if loop.obstacle is not None:
        return f"{where}\n    kept whole: {loop.obstacle}"
    if not isinstance(loop.asked, str | int):
        return f"{where}\n    run again in segments of as many trips as {_bytes(loop.asked.bytes)} allow"
    size = "the square root of all" if loop.asked == "sqrt" else f"{loop.asked:,}"
    return f"{where}\n    run again in segments of {size} trips"


def _pieces(allocations: tuple[Allocation, ...], tapes: set[Value], names: Any) -> tuple[Piece, ...]:
    """The arrays of the text, shadows first; what is kept in loops is told elsewhere."""
    order = {"shadow": 0, "kept": 1, "array": 2}
    found = [
        Piece(_name(a.value, names), a.role, a.loc.line, a.bytes)
        for a in allocations if a.value not in tapes
    ]
    return tuple(sorted(dict.fromkeys(found), key=lambda p: order[p.role]))


def _name(value: Value, names: Any) -> str:
    if value in names:
        return names[value]
    named = value
    while not named.hint and named.base is not None:
        named = named.base
    return repr(value) if named.hint else "a temporary"


def _built_in(normalized: Any, call: Call, function: str) -> tuple[str, ...]:
    return tuple(
        f"the argument at place {key[1]} is {call.leaves[key[1]]!r}: another value builds anew"
        for key in sorted(normalized.static, key=repr) if key[0] == "leaf"
    )


def _is_own(guard: Any) -> bool:
    """Whether something is captured by dlsrc's own functions, or is a module or builtin: nothing to tell."""
    if isinstance(guard.expected, ModuleType) or guard.kind == "builtin":
        return True
    _, holder, _ = guard.getter.root
    module = holder.get("__name__") if isinstance(holder, dict) else getattr(holder, "__module__", None)
    return str(module).partition(".")[0] == "dlsrc"


def _guard(guard: Any) -> str:
    if guard.kind == "is":
        kind = "function" if callable(guard.expected) else type(guard.expected).__name__
        return f"{guard.getter} is the {kind} it was"
    if guard.kind == "length":
        return f"len({guard.getter}) is {guard.expected}"
    if guard.kind == "has":
        return f"{guard.getter} is {'' if guard.expected else 'not '}there"
    return f"{guard.getter} is {guard.expected!r}"


def _kept(kept: tuple[Keeping, ...]) -> str:
    """What is kept, by loop: its names, bytes a trip and bytes in all."""
    lines: list[str] = []
    loops = dict.fromkeys((k.line, k.loop) for k in kept)
    for line, loop in loops:
        lines.append(f"line {line}  {loop}")
        here = [k for k in kept if k.line == line and k.loop == loop]
        for how, size, unit in dict.fromkeys((k.how, k.bytes, k.each) for k in here):
            alike = [k for k in here if (k.how, k.bytes, k.each) == (how, size, unit)]
            each = " each" if len(alike) > 1 else ""
            what = f"{_bytes(size)} a {unit}{each}" if size is not None else "of a size that only a run tells"
            known = [k.total for k in alike if k.total is not None]
            total = f": {_bytes(sum(known))}" if len(known) == len(alike) else ""
            names = _listed(tuple(k.name for k in alike)).splitlines()
            lines += [f"    {name}" for name in names[:-1]]
            lines.append(f"    {names[-1]}  {what}, {HOW[how]}{total}")
    return "\n".join(lines)


def _pieced(pieces: Iterable[Piece]) -> str:
    return _listed(tuple(f"{p.name} {'?' if p.bytes is None else f'{p.bytes:,}'}" for p in pieces), " bytes")


def _listed(names: tuple[str, ...], end: str = "") -> str:
    """Names with commas between them, in lines of some length; nothing for none."""
    lines = [""]
    for name in names:
        if len(lines[-1]) + len(name) > WIDTH:
            lines.append("")
        lines[-1] += f"{', ' if lines[-1] else ''}{name}"
    return ",\n".join(lines) + end if names else ""


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


def _compile_seconds(function: Callable) -> float | None:
    """What numba says that compiling took."""
    metadata = getattr(function, "get_metadata", None)
    if metadata is None or not jit_enabled():
        return None
    seconds = [found.get("timers", {}).get("compiler_lock", 0.0) for found in metadata().values()]
    return sum(seconds) or None


