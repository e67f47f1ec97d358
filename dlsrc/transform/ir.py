"""The program as a frozen value: what every stage after ``normalize`` takes and gives.

Every value is assigned once and has a unique number; what a branch merges is listed on the branch,
what a loop carries is listed on the loop.  There are no jumps: one exit, at the end.  Values are
scalars and arrays; the structure of containers was resolved while the program was built.

Array *contents* change in place (`Store`), so an array value names a piece of memory and not its
contents; which values share memory is a question for ``transform/facts/memory.py``.

>>> x, y = Value(1, "x"), Value(2, "y")
>>> Program("f", (x,), (), (y,), {x: "float64"}).params
(x,)
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ..kernels.primitive import Primitive
from ..kernels.types import Scalar
from ..records import field, record, replace
from .location import Location

__all__ = [
    "ELLIPSIS", "NEWAXIS", "UNBOUND", "Assign", "Atom", "Block", "Carry", "Check", "Const", "Fancy", "For",
    "Gradient", "If", "Index", "Merge", "Program", "Raise", "Read", "Show", "Span", "Statement", "Store",
    "Value", "While", "atoms_read", "blocks_of", "literal", "values_defined", "walk", "with_blocks",
]


@record(frozen=True)
class Value:
    """One value of the program.

    ``hint`` is the user's name for it, empty for a temporary.  Where ``base`` is set, the printed name is
    made from that value's printed name: ``Value(9, base=v, form="d{}")`` is the cotangent of ``v``.
    Two values with one hint may be printed under one name if they are never needed at the same time.
    """

    number: int
    hint: str = field(default="", compare=False)
    base: "Value | None" = field(default=None, compare=False)
    form: str = field(default="{}", compare=False)

    # Most of a transformation is looking values up: no tuple is made for it.
    def __hash__(self) -> int:
        return self.number

    def __repr__(self) -> str:
        return self.hint or (self.form.format(repr(self.base)) if self.base else f"v#{self.number}")


@record(frozen=True)
class Const:
    """A literal number or truth value; ``dtype`` is set where it is not a Python number (np.float32(2))."""

    value: bool | int | float
    dtype: str | None = None

    def __repr__(self) -> str:
        return repr(self.value) if self.dtype is None else f"np.{self.dtype}({self.value!r})"


def literal(value: float, dtype: str) -> Const:
    """A number as a literal of a float type: ``1.0``, ``np.float32(1.0)``."""
    return Const(float(value)) if dtype == "float64" else Const(float(value), dtype)


@record(frozen=True)
class _Mark:
    name: str

    def __repr__(self) -> str:
        return self.name


UNBOUND = _Mark("UNBOUND")    # on a merge or a carry: the name has no value on this way
NEWAXIS = _Mark("np.newaxis")
ELLIPSIS = _Mark("...")

Atom = Value | Const | _Mark


# ---------------------------------------------------------------------------------- indices


@record(frozen=True)
class Span:
    """``start:stop:step``; None where the user wrote nothing."""

    start: Atom | None = None
    stop: Atom | None = None
    step: Atom | None = None


@record(frozen=True)
class Fancy:
    """A one-dimensional int64 array as index; it stands alone, on the first axis."""

    array: Value


@record(frozen=True)
class Index:
    """What stands between the brackets: integers (atoms), spans, newaxis, an ellipsis, or one Fancy."""

    entries: tuple[Atom | Span | Fancy, ...]

    @property
    def atoms(self) -> tuple[Atom, ...]:
        found: list[Atom] = []
        for entry in self.entries:
            if isinstance(entry, Span):
                found += [a for a in (entry.start, entry.stop, entry.step) if a is not None]
            elif isinstance(entry, Fancy):
                found.append(entry.array)
            elif not isinstance(entry, _Mark):
                found.append(entry)
        return tuple(found)

    def replaced(self, change: Callable[[Atom], Atom]) -> "Index":
        """The same index with every atom changed."""

        def entry(e):
            if isinstance(e, Span):
                return Span(*(None if a is None else change(a) for a in (e.start, e.stop, e.step)))
            if isinstance(e, Fancy):
                return Fancy(change(e.array))
            return e if isinstance(e, _Mark) else change(e)

        return Index(tuple(entry(e) for e in self.entries))

    def kind(self, ndim: int) -> str:
        """What indexing an array of ``ndim`` dimensions gives: "element", "view" or "gather"."""
        if any(isinstance(e, Fancy) for e in self.entries):
            return "gather"
        integers = sum(isinstance(e, Value | Const) for e in self.entries)
        return "element" if integers == ndim == len(self.entries) else "view"


# ---------------------------------------------------------------------------------- statements


@record(frozen=True)
class Assign:
    """``target = primitive(*args, **static)``; ``static`` is a sorted tuple of pairs."""

    target: Value | None
    op: Primitive
    args: tuple[Atom, ...]
    static: tuple[tuple[str, Any], ...]
    loc: Location


@record(frozen=True)
class Read:
    """``target = base[index]``: an element (scalar), a view that shares memory, or a gathered copy."""

    target: Value
    base: Value
    index: Index
    loc: Location


@record(frozen=True)
class Store:
    """``base[index] = value`` (mode "set"), ``+=`` ("add") or ``-=`` ("sub").

    The value may be an array that broadcasts to the region; it never overlaps the region unless it is it.
    """

    base: Value
    index: Index
    value: Atom
    mode: str
    loc: Location


@record(frozen=True)
class Check:
    """An index test: raises IndexError unless ``-size <= index < size``.

    ``low`` and ``high`` are the extremes that the index takes; they are equal for a plain test.
    ``when`` guards a hoisted test: it is skipped where the loop makes no trip.
    """

    low: Atom
    high: Atom
    size: Atom
    loc: Location
    when: Atom | None = None


@record(frozen=True)
class Raise:
    """Raise an exception; ends the call.

    Generated code raises the built-in ``exception`` with the ``message`` and the ``values``, which are
    formatted into it afterwards, in Python.  ``user`` tells what the user wrote: the class and its
    arguments, each ("text", template, number of values), ("value", None, 1) or ("known", object, 0).
    """

    exception: str
    message: str
    loc: Location
    values: tuple[Atom, ...] = ()
    user: tuple[type, tuple[tuple[str, Any, int], ...]] | None = field(default=None, compare=False)


@record(frozen=True)
class Show:
    """Print ``template`` with the ``values`` in its places, to "stdout" or "stderr"; "log" it, or give a
    "warning" of it, where it begins with the level and the logger, or the class of the warning."""

    template: str
    values: tuple[Atom, ...]
    loc: Location
    stream: str = "stdout"


@record(frozen=True)
class Merge:
    """After a branch, ``target`` is ``then`` or ``orelse``."""

    target: Value
    then: Atom
    orelse: Atom


@record(frozen=True)
class If:
    """Two ways, and what is joined after them."""

    cond: Atom
    then: "Block"
    orelse: "Block"
    merges: tuple[Merge, ...]
    loc: Location


@record(frozen=True)
class Carry:
    """What a loop carries: ``header`` is the value at the start of a trip (``init`` at the first, ``out`` of
    the trip before at the others); ``result`` is the value after the loop."""

    header: Value
    init: Atom
    out: Atom
    result: Value


@record(frozen=True)
class For:
    """``for index in range(start, stop, step)``; ``step`` is never zero.

    ``stop_flag``: if set, a value of the body; the loop ends after the trip where it is true.
    ``trips``: if set, the value, known after the loop, that counts the trips begun.
    ``checkpoint``: what the user asks for, "sqrt" or how many trips to a segment (`segments`); ``replayed``:
    whether a trip is run again on the way back instead of keeping its values (`replay`), and ``paths`` the
    arrays in which that finds what the trips before have left, and leaves all as it is.
    """

    index: Value
    start: Atom
    stop: Atom
    step: Atom
    carries: tuple[Carry, ...]
    body: "Block"
    stop_flag: Atom | None
    trips: Value | None
    loc: Location
    checkpoint: str | int | None = None
    replayed: bool = False
    paths: tuple[Value, ...] = ()


@record(frozen=True)
class While:
    """``test`` is run, then ``cond`` decides whether ``body`` is; values of ``test`` are visible in ``body``.

    ``carries`` are headers of the test; ``result`` is the header at the last test (or, after a stop by
    ``stop_flag``, what the last trip left).  ``trips`` counts the bodies begun.
    """

    carries: tuple[Carry, ...]
    test: "Block"
    cond: Atom
    body: "Block"
    stop_flag: Atom | None
    trips: Value | None
    loc: Location


@record(frozen=True)
class Gradient:
    """``results = dlgradient(loss, *targets)``; gone after ``differentiate``.

    ``higher`` says that the results may be differentiated again, ``own`` that the targets are variables
    made for this gradient, which need not be traced.
    """

    results: tuple[Value, ...]
    loss: Atom
    targets: tuple[Atom, ...]
    loc: Location
    higher: bool = False
    own: bool = False


Statement = Assign | Read | Store | Check | Raise | Show | If | For | While | Gradient
Block = tuple[Statement, ...]


@record(frozen=True)
class Program:
    """A whole function: parameters (the hidden ones last), body, what it returns, the type of each value."""

    name: str
    params: tuple[Value, ...]
    body: Block
    returns: tuple[Atom, ...]
    types: Mapping[Value, Any]

    def type_of(self, atom: Atom) -> Any:
        return self.types[atom] if isinstance(atom, Value) else const_type(atom)

    def with_body(self, body: Block, types: Mapping[Value, Any] | None = None) -> "Program":
        return replace(self, body=body, types=self.types if types is None else types)


def const_type(const: Any):
    """The type of a literal."""
    from_python = {bool: "bool", int: "int64", float: "float64"}
    dtype = const.dtype or from_python[type(const.value)]
    return Scalar(dtype, weak=const.dtype is None)


# ---------------------------------------------------------------------------------- walking


_COMPOUND = (If, For, While)


def blocks_of(statement: Statement) -> tuple[Block, ...]:
    """The blocks inside a statement, in the order they run."""
    if not isinstance(statement, _COMPOUND):
        return ()
    if isinstance(statement, If):
        return (statement.then, statement.orelse)
    return (statement.body,) if isinstance(statement, For) else (statement.test, statement.body)


def with_blocks(statement: Statement, blocks: Iterable[Block]) -> Statement:
    """The statement with other blocks inside, in the order of `blocks_of`."""
    match statement:
        case If():
            then, orelse = blocks
            return replace(statement, then=then, orelse=orelse)
        case For():
            (body,) = blocks
            return replace(statement, body=body)
        case While():
            test, body = blocks
            return replace(statement, test=test, body=body)
    return statement


def walk(block: Block) -> Iterator[Statement]:
    """Every statement, a compound one before what is inside it."""
    found: list[Statement] = []
    _collect(block, found)
    return iter(found)


def _collect(block: Block, found: list[Statement]) -> None:
    for statement in block:
        found.append(statement)
        if isinstance(statement, _COMPOUND):
            for inner in blocks_of(statement):
                _collect(inner, found)


def values_defined(statement: Statement) -> tuple[Value, ...]:
    """The values that the statement itself defines, those inside its blocks not included.

    Headers and the loop's index are defined at the loop, for its blocks; results and trips after it.
    """
    match statement:
        case Assign(target=target):
            return () if target is None else (target,)
        case Read(target=target):
            return (target,)
        case If(merges=merges):
            return tuple(m.target for m in merges)
        case For() | While():
            found = [v for c in statement.carries for v in (c.header, c.result)]
            if isinstance(statement, For):
                found.append(statement.index)
            if statement.trips is not None:
                found.append(statement.trips)
            return tuple(found)
        case Gradient(results=results):
            return results
    return ()


def atoms_read(statement: Statement) -> tuple[Atom, ...]:
    """The atoms that the statement itself reads, those inside its blocks not included."""
    match statement:
        case Assign(args=args):
            return args
        case Read(base=base, index=index):
            return (base, *index.atoms)
        case Store(base=base, index=index, value=value):
            return (base, *index.atoms, value)
        case Check(low=low, high=high, size=size, when=when):
            return (low, high, size) if when is None else (low, high, size, when)
        case If(cond=cond, merges=merges):
            return (cond, *(a for m in merges for a in (m.then, m.orelse)))
        case For() | While():
            found = [a for c in statement.carries for a in (c.init, c.out)]
            if isinstance(statement, For):
                found += [statement.start, statement.stop, statement.step]
            else:
                found.append(statement.cond)
            if statement.stop_flag is not None:
                found.append(statement.stop_flag)
            return tuple(found)
        case Gradient(loss=loss, targets=targets):
            return (loss, *targets)
        case Raise(values=values) | Show(values=values):
            return values
    return ()
