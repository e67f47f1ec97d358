"""Statements as indented lines: branches, loops, stores, and the copies between names that they imply."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from ...kernels.primitive import registry
from ...kernels.programs.checks import check_index, check_indices
from ...kernels.programs.showing import SHOWING, STREAMS
from ...kernels.types import Array, Scalar
from ..facts.products import ADDED
from ..facts.regions import Regions
from ..ir import (
    UNBOUND, Assign, Atom, Block, Check, Const, Fancy, For, Gradient, If, Merge, Program, Raise, Read, Show,
    Statement, Store, Value, While, walk,
)
from ..location import Location
from .fragments import CONDITIONAL, NEGATION, Fragment
from .liveness import live_carries
from .placement import Placement
from .spelling import Globals, Speller
from .wrapping import LIMIT, wrapped

__all__ = ["Line", "Writer"]

Line = tuple[str, Location | None]

_STORES = {"set": "assign", "add": "accumulate", "sub": "deduct"}
_PUTS = {"set": "put", "add": "put_add", "sub": "put_subtract"}
_SIGNS = {"set": "=", "add": "+=", "sub": "-="}


class Writer:
    """The lines of a function's body, each with the user's location."""

    def __init__(
        self, program: Program, placement: Placement, names: Mapping[Value, str], unbound: frozenset[Value],
        unsigned: Mapping[Value, bool] | None = None,
    ):
        self.program = program
        self.placement = placement
        self.names = names
        self.globals = Globals(frozenset(names.values()))
        self.speller = Speller(program, placement, names, self.globals, unsigned)
        self.lines: list[Line] = []
        self.printed: list[tuple[Line, Statement | None]] = []  # assignments, and what returns
        self.depth = 1
        self.loc: Location | None = None
        self.commented: tuple | None = None
        self.written = 0
        self.guard: tuple[str, int] | None = None     # the condition of the last test, and where it ended
        self.bound_first = unbound
        self.unbound: set[Value] = set()
        self.doubtful = _maybe_unbound(program)

    @cached_property
    def regions(self) -> Regions:
        """Which arrays may be one memory: asked for a product only."""
        return Regions(self.program)

    # ------------------------------------------------------------------ lines

    def line(self, text: str) -> Line:
        """Write a line, perhaps as several, and give the first of them."""
        self.written += 1
        lines = [(line, self.loc) for line in wrapped(text, "    " * self.depth)]
        self.lines += lines
        return lines[0]

    def comment(self, loc: Location) -> None:
        """Name the user's line when it is another than before."""
        key = (loc.file, loc.line, loc.back, loc.again, loc.within)
        if key == self.commented:
            return
        self.commented = key
        place = f"{loc}, {loc.within}" if loc.within else str(loc)
        if loc.back:
            text = f"#   back through {place}{_order(loc.back)}"
        else:
            text = f"#   again {place}" if loc.again else f"# {place}  {loc.text}".rstrip()
        room = LIMIT - 4 * self.depth
        if len(text) > room:
            text = text[: room - 2] + " …"
        self.lines.append(("    " * self.depth + text, loc))

    @contextmanager
    def buffered(self) -> Iterator[list[Line]]:
        """Lines written inside go to the list that is given, one level deeper."""
        outer, self.lines, self.guard = self.lines, [], None
        self.depth += 1
        try:
            yield self.lines
        finally:
            self.lines, self.guard = outer, None
            self.depth -= 1

    def text(self, atom: Atom, level: int = CONDITIONAL) -> str:
        return self.speller.atom(atom).at(level)

    # ------------------------------------------------------------------ the function

    def function(self) -> None:
        before = self.written
        arguments = {self.names[p] for p in self.program.params}
        first = {self.names[v]: v for v in sorted(self.bound_first, key=lambda v: -v.number)}
        for name, value in sorted(first.items()):
            if name not in arguments:
                self.line(f"{name} = {self.anything(self.program.types[value])}")
        self.block(self.program.body)
        if self.program.returns:
            line = self.line("return " + ", ".join(self.text(a) for a in self.program.returns))
            self.printed.append((line, None))
        elif self.written == before:
            self.line("pass")

    def anything(self, type_: Any) -> str:
        """A value of the type, for a name that is copied on a way where nothing was bound to it."""
        if isinstance(type_, Array):
            np_ = self.globals.name("np")
            return f"{np_}.empty(({'0, ' * type_.ndim}), {self.speller.static('dtype', type_.dtype).text})"
        return self.speller.as_type(Const(0), type_).text if type_ != Scalar("bool") else "False"

    # ------------------------------------------------------------------ statements

    def block(self, block: Block) -> None:
        for statement in block:
            self.statement(statement)

    def statement(self, statement: Statement) -> None:
        if self.is_inlined(statement):
            return
        self.loc = statement.loc
        if isinstance(statement, If) and not self.is_expression(statement):
            self.branch(statement)
            return
        if not isinstance(statement, Check):
            self.comment(statement.loc)
        match statement:
            case Assign(target=target):
                value = self.speller.expression(statement).text
                line = self.line(value if target is None else f"{self.names[target]} = {value}")
                if target is not None:
                    self.printed.append((line, statement))
            case Read(target=target):
                line = self.line(f"{self.names[target]} = {self.speller.expression(statement).text}")
                self.printed.append((line, statement))
            case If(merges=(merge,)):
                self.line(f"{self.names[merge.target]} = {self.speller.expression(statement).text}")
            case Store():
                self.store(statement)
            case Check():
                self.check(statement)
            case Raise(exception=exception, message=message):
                words = [_quoted(message), *(self.text(a) for a in statement.values)]
                self.line(f"raise {self.globals.name(exception)}({', '.join(words)})")
            case Show(template=template, values=values, stream=stream):
                name = STREAMS[stream]
                shown = [Fragment(_quoted(template)), *(self.speller.atom(a) for a in values)]
                self.line(self.speller.call(name, SHOWING[name], shown).text)
            case For():
                self.for_(statement)
            case While():
                self.while_(statement)
            case Gradient():
                self.gradient(statement)

    def is_expression(self, branch: If) -> bool:
        return bool(branch.merges) and self.placement.expressions.get(branch.merges[0].target) is branch

    def is_inlined(self, statement: Statement) -> bool:
        if isinstance(statement, If):
            return self.is_expression(statement) and statement.merges[0].target in self.placement.inlined
        return getattr(statement, "target", None) in self.placement.inlined

    def store(self, store: Store) -> None:
        added = self.product(store)
        if added is not None:
            name, factors = added
            words = [self.speller.region(store.base, store.index), *map(self.speller.atom, factors)]
            self.line(self.speller.call(name, registry.get(name), words).text)
            return
        base_type = self.program.type_of(store.base)
        narrow = store.mode != "set" and base_type.dtype not in ("float64", "int64", "bool")
        value = self.speller.atom(store.value)
        if narrow:
            value = self.speller.as_type(store.value, Scalar(base_type.dtype))
        if any(isinstance(e, Fancy) for e in store.index.entries):
            array = next(e.array for e in store.index.entries if isinstance(e, Fancy))
            arguments = [self.speller.atom(store.base), self.speller.atom(array), value]
            self.line(self.speller.call(_PUTS[store.mode], registry.get(_PUTS[store.mode]), arguments).text)
        elif store.index.kind(base_type.ndim) == "element":
            element = self.speller.indexed(store.base, store.index).text
            self.line(f"{element} {_SIGNS[store.mode]} {value.text}")
        else:
            region = self.speller.region(store.base, store.index)
            number = isinstance(self.program.type_of(store.value), Scalar)
            name = "fill" if number and store.mode == "set" else _STORES[store.mode]
            self.line(self.speller.call(name, registry.get(name), [region, value]).text)

    def product(self, store: Store) -> tuple[str, tuple[Atom, ...]] | None:
        """The product that is added to an array, by the kernel that adds it without a matrix in between."""
        made = self.placement.inlined.get(store.value) if isinstance(store.value, Value) else None
        if store.mode == "set" or not isinstance(made, Assign) or made.op.name not in ADDED:
            return None
        if any(isinstance(e, Fancy) for e in store.index.entries):
            return None
        regions = self.regions
        fits = all(regions.find(a) != regions.find(store.base) for a in made.args if isinstance(a, Value))
        dtypes = {self.program.type_of(a).dtype for a in (store.base, *made.args)}
        name = f"{_STORES[store.mode]}_{ADDED[made.op.name]}"
        return (name, made.args) if fits and len(dtypes) == 1 and dtypes.pop()[:5] == "float" else None

    def check(self, check: Check) -> None:
        line = Fragment(str(check.loc.line))
        low, size = self.speller.atom(check.low), self.speller.atom(check.size)
        if check.low == check.high:
            call = self.speller.call("check_index", check_index, [low, size, line])
        else:
            high = self.speller.atom(check.high)
            call = self.speller.call("check_indices", check_indices, [low, high, size, line])
        if check.when is None:
            self.line(call.text)
            return
        when = self.text(check.when)
        if self.guard != (when, len(self.lines)):  # tests under one condition stand together
            self.line(f"if {when}:")
        with self.buffered() as inside:
            self.line(call.text)
        self.lines += inside
        self.guard = (when, len(self.lines))

    def gradient(self, gradient: Gradient) -> None:
        results = [self.names[r] for r in gradient.results]
        targets = [self.text(t) for t in gradient.targets]
        one = "," if len(results) == 1 else ""
        call = f"dlgradient({self.text(gradient.loss)}, ({', '.join(targets)}{one}))"
        self.line(f"{', '.join(results)}{one} = {call}")

    # ------------------------------------------------------------------ branches

    def branch(self, branch: If) -> None:
        merges = [m for m in branch.merges if self.placement.uses.get(m.target)]
        kept = self.commented, len(self.lines)
        self.comment(branch.loc)
        then = self.arm(branch.then, [(m, m.then) for m in merges])
        orelse = self.arm(branch.orelse, [(m, m.orelse) for m in merges])
        self.loc = branch.loc
        if then:
            self.line(f"if {self.text(branch.cond)}:")
            self.lines += then
            if orelse:
                self.otherwise(branch, merges, orelse)
        elif orelse:
            self.line(f"if not {self.text(branch.cond, NEGATION)}:")
            self.lines += orelse
        else:
            self.commented, length = kept
            del self.lines[length:]

    def arm(self, block: Block, merges: list[tuple[Merge, Atom]]) -> list[Line]:
        """The lines of one side of a branch; none if it does nothing."""
        before = self.written
        with self.buffered() as lines:
            self.block(block)
            if not (block and isinstance(block[-1], Raise)):
                self.copies([(m.target, source) for m, source in merges])
        return lines if self.written > before else []

    def otherwise(self, branch: If, merges: Sequence[Merge], lines: list[Line]) -> None:
        """``else:``, or ``elif`` where the other side is a branch and nothing else."""
        indent, deeper = "    " * self.depth, "    " * (self.depth + 1)
        real = [k for k, (line, _) in enumerate(lines) if not line.lstrip().startswith("#")]
        first = real[0]
        alone = lines[first][0].startswith(f"{deeper}if ") and all(
            lines[k][0].startswith(f"{deeper} ") or lines[k][0].startswith((f"{deeper}el", f"{deeper})"))
            for k in real[1:]
        )
        if not alone:
            self.line("else:")
            self.lines += lines
            return
        text, loc = lines[first]
        self.lines.append((f"{indent}el{text.lstrip()}", loc))
        self.lines += [(line[4:], where) for line, where in lines[first + 1 :]]

    # ------------------------------------------------------------------ copies

    def copies(self, pairs: Sequence[tuple[Value, Atom]]) -> None:
        """Assignments that happen at once, printed where the names differ."""
        waiting: list[tuple[str, str | None, str]] = []
        for target, source in pairs:
            if source is UNBOUND or target not in self.names:
                continue
            printed = self.speller.as_type(source, self.program.types[target]).text
            name = self.names[target]
            if printed == name:
                continue
            if isinstance(source, Value) and source in self.doubtful:
                self.unbound.add(source)
            waiting.append((name, printed if isinstance(source, Value) else None, printed))
        while waiting:
            needed = [source for _, source, _ in waiting]
            ready = [w for w in waiting if w[0] not in needed]
            if ready:
                name, _, printed = ready[0]
                self.line(f"{name} = {printed}")
                waiting.remove(ready[0])
            else:  # only cycles are left
                self.line(f"{', '.join(w[0] for w in waiting)} = {', '.join(w[2] for w in waiting)}")
                return

    # ------------------------------------------------------------------ loops

    def trips_of(self, loop: For | While) -> str | None:
        used = loop.trips is not None and self.placement.uses.get(loop.trips)
        return self.names[loop.trips] if used else None  # type: ignore[index]

    def trip_end(self, loop: For | While) -> None:
        self.loc = loop.loc
        self.copies([(c.header, c.out) for c in live_carries(loop, self.placement)])
        if loop.stop_flag is not None and loop.stop_flag != Const(False):
            self.line(f"if {self.text(loop.stop_flag)}:")
            with self.buffered() as inside:
                self.line("break")
            self.lines += inside

    def loop_end(self, loop: For | While) -> None:
        self.loc = loop.loc
        self.copies([(c.result, c.header) for c in loop.carries if self.placement.uses.get(c.result)])

    def range(self, loop: For) -> str:
        words = [self.text(loop.stop)]
        if loop.start != Const(0) or loop.step != Const(1):
            words.insert(0, self.text(loop.start))
        if loop.step != Const(1):
            words.append(self.text(loop.step))
        return f"{self.globals.name('range')}({', '.join(words)})"

    def for_(self, loop: For) -> None:
        self.copies([(c.header, c.init) for c in live_carries(loop, self.placement)])
        trips = self.trips_of(loop)
        counted = trips is not None and loop.stop_flag is not None
        if counted:
            self.line(f"{trips} = 0")
        bounds = self.range(loop)
        self.line(f"for {self.names[loop.index]} in {bounds}:")
        with self.buffered() as inside:
            before = self.written
            if counted:
                self.line(f"{trips} += 1")
            self.block(loop.body)
            self.trip_end(loop)
            if self.written == before:
                self.line("pass")
        self.lines += inside
        if trips is not None and not counted:
            simple = loop.start == Const(0) and loop.step == Const(1)
            whole = f"{self.globals.name('max')}(0, {self.text(loop.stop)})"
            self.line(f"{trips} = {whole}" if simple else f"{trips} = {self.globals.name('len')}({bounds})")
        self.loop_end(loop)

    def while_(self, loop: While) -> None:
        self.copies([(c.header, c.init) for c in live_carries(loop, self.placement)])
        trips = self.trips_of(loop)
        if trips is not None:
            self.line(f"{trips} = 0")
        with self.buffered() as inside:
            before = self.written
            self.block(loop.test)
            tested = self.written > before
            self.loc = loop.loc
            if tested:
                self.line(f"if not {self.text(loop.cond, NEGATION)}:")
                with self.buffered() as leaving:
                    self.line("break")
                self.lines += leaving
            if trips is not None:
                self.line(f"{trips} += 1")
            self.block(loop.body)
            self.trip_end(loop)
            if self.written == before:
                self.line("pass")
        self.loc = loop.loc
        self.line("while True:" if tested else f"while {self.text(loop.cond)}:")
        self.lines += inside
        self.loop_end(loop)


def _order(back: int) -> str:
    """What a comment adds for a sweep that gives a derivative of a derivative."""
    words = {1: "", 2: ", for the second derivative", 3: ", for the third derivative"}
    return words.get(back, f", for the derivative of order {back}")


def _quoted(message: str) -> str:
    """The message as a literal in double quotes where it can be."""
    text = repr(message)
    return text if '"' in message or text[0] == '"' else f'"{text[1:-1]}"'


def _maybe_unbound(program: Program) -> frozenset[Value]:
    """Values that on some way through the program nothing was bound to."""
    sources: list[tuple[Value, Atom]] = []
    for statement in walk(program.body):
        if isinstance(statement, If):
            sources += [(m.target, a) for m in statement.merges for a in (m.then, m.orelse)]
        elif isinstance(statement, For | While):
            for c in statement.carries:
                sources += [(c.header, c.init), (c.header, c.out), (c.result, c.header)]
    found: set[Value] = set()
    while True:
        more = {target for target, source in sources if source is UNBOUND or source in found} - found
        if not more:
            return frozenset(found)
        found |= more
