"""Which indices are never negative: an access by them needs no test for one that counts from the end.

    at = d
    for column in range(d):
        for row in range(column + 1, d):
            y[row] += packed[at] * x[column]     →     row, at and column are never negative
            at += 1

numba adds the length of an axis to an index that is below zero, and asks for that at every access.  LLVM
sees by itself that the counter of ``range(n)`` never is, and little more; a loop with such a test does not
become a vector loop.

A value is never negative if its least value in the loops around it is a sum of sizes and of literals that
are not, or if all that it is made of never is: what a loop carries by what it begins and goes on with, what
a tape gives by what is stored on it.  Those that depend on one another are assumed first; what its parts do
not bear out is dropped, until all is borne out.

An int64 wraps around, and what wrapped is negative.  So no product of two numbers counts, no large literal,
and no sum of two that are carried: what is left grows by a size or a small literal at a time, and is never so
large.  Nor does an array of the user's count, of which he may read what he has not written.
"""

from collections.abc import Iterable, Iterator

from ..kernels.types import Array, Scalar
from .bounds import Prover
from .ir import (
    Assign, Atom, Block, Const, For, If, Program, Read, Statement, Store, Value, While, atoms_read, blocks_of,
    walk,
)

__all__ = ["never_negative"]

# What is never negative if none of its arguments is, and not larger than they are.
_OF_ALL = ("floor_divide", "mod", "minimum", "maximum")
LARGEST = 1 << 16  # of literals; an array has no dimension of 2**47 elements


def never_negative(program: Program) -> dict[Value, bool]:
    """The indices of the program that are never negative, and whether numba has to be told so.

    It has where LLVM does not see it, in a loop that has no other inside: that one becomes a vector loop.
    """
    counters = {s.index for s in walk(program.body) if isinstance(s, For) and _counts_up_from_a_literal(s)}
    innermost = set(_indices(program, _in_innermost_loops(program.body)))
    if innermost <= counters:
        return {}
    found = _Signs(program).among(set(_indices(program, walk(program.body))))
    return {value: value in innermost - counters for value in found}


def _indices(program: Program, statements: Iterable[Statement]) -> Iterator[Value]:
    for s in statements:
        for entry in s.index.entries if isinstance(s, Read | Store) else ():
            if isinstance(entry, Value) and _is_integer(program.types.get(entry)):
                yield entry


def _in_innermost_loops(block: Block) -> Iterator[Statement]:
    for s in block:
        if isinstance(s, For | While) and not any(isinstance(t, For | While) for t in walk(s.body)):
            yield from walk(s.body)
        else:
            for inner in blocks_of(s):
                yield from _in_innermost_loops(inner)


def _counts_up_from_a_literal(loop: For) -> bool:
    """Whether LLVM sees that the loop's counter is never negative."""
    start, step = loop.start, loop.step
    return isinstance(start, Const) and start.value >= 0 and isinstance(step, Const) and step.value > 0


def _is_integer(type_: object) -> bool:
    return isinstance(type_, Scalar) and type_.dtype == "int64"


class _Signs:
    """What is assumed to be never negative, and whether the rest bears it out."""

    def __init__(self, program: Program):
        self.prover = Prover(program)
        self.outline = self.prover.outline
        self.stored = _tapes(program, self.outline.statements)
        self.assumed = {v for v, s in self.outline.defined.items() if self._may_be_assumed(v, s)}
        while dropped := {v for v in self.assumed if not self._borne_out(v)}:
            self.assumed -= dropped

    def among(self, values: set[Value]) -> set[Value]:
        return {v for v in values if self.holds(v)}

    # ------------------------------------------------------------------ assumptions

    def _may_be_assumed(self, value: Value, made: Statement | None) -> bool:
        if not _is_integer(self.prover.types.get(value)) or made is None:
            return False
        if isinstance(made, Assign):
            return made.op.name in _OF_ALL
        if isinstance(made, Read):
            return made.base in self.stored
        return value is not getattr(made, "index", None)

    def _borne_out(self, value: Value) -> bool:
        """Whether all that a value is made of is never negative, given what is assumed."""
        match self.outline.defined[value]:
            case Assign(op=op, args=(a, b)):
                if op.name == "maximum":
                    return self.holds(a) or self.holds(b)
                # x // 0 and x % 0 raise, or give zero
                return self.holds(a) and self.holds(b) or op.name == "mod" and _is_positive(b)
            case Read(base=base):
                return all(map(self.holds, self.stored[base]))
            case If(merges=merges):
                merge = next(m for m in merges if m.target == value)
                return self.holds(merge.then) and self.holds(merge.orelse)
            case For() | While() as loop:
                if value == loop.trips:
                    return True
                carry = next(c for c in loop.carries if value in (c.header, c.result))
                return self.holds(carry.init) and self.holds(carry.out)
        return False

    def holds(self, atom: Atom) -> bool:
        """Whether an atom is never negative, given what is assumed."""
        if isinstance(atom, Const):
            return isinstance(atom.value, int) and 0 <= atom.value <= LARGEST
        if not isinstance(atom, Value) or not _is_integer(self.prover.types.get(atom)):
            return False
        if atom in self.assumed:
            return True
        form = self.prover.affine(atom)
        around = self.outline.loops(self.outline.home.get(atom, ()))
        ranges = {loop.index: loop for loop in around if isinstance(loop, For)}
        least = None if form is None else self.prover.extreme(form, ranges, -1)
        if form is None or least is None or not 0 <= least[1] <= LARGEST:
            return False
        if any(abs(factor) > LARGEST for factor in form[0].values()) or abs(form[1]) > LARGEST:
            return False
        grown = sum(factor for value, factor in least[0].items() if value in self.assumed)
        return grown <= 1 and all(
            factor > 0 and (value in self.assumed or self.prover.is_a_size(value))
            for value, factor in least[0].items()
        )


def _is_positive(atom: Atom) -> bool:
    return isinstance(atom, Const) and isinstance(atom.value, int) and atom.value > 0


def _is_element(program: Program, s: Read) -> bool:
    return s.index.kind(program.types[s.base].ndim) == "element"


def _tapes(program: Program, statements: list[Statement]) -> dict[Value, list[Atom]]:
    """The tapes of integers that the program knows by one name, and what is stored on them."""
    found: dict[Value, list[Atom]] = {
        s.target: [] for s in statements
        if isinstance(s, Assign) and s.target is not None and s.op.name.startswith("empty")
        and s.target.form == "{}_kept"
        and isinstance(t := program.types[s.target], Array) and t.dtype == "int64"
    }  # fmt: skip
    for s in statements:
        if isinstance(s, Store) and s.base in found and s.mode == "set" and s.value not in found:
            found[s.base].append(s.value)
            elsewhere: tuple = s.index.atoms
        elif isinstance(s, Read) and s.base in found and _is_element(program, s):
            elsewhere = s.index.atoms
        elif isinstance(s, Assign) and s.op.name in ("dim", "size"):
            continue
        else:
            elsewhere = atoms_read(s)
        for atom in elsewhere:
            found.pop(atom, None)
    for atom in program.returns:
        found.pop(atom, None)
    return found
