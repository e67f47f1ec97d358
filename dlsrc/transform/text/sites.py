"""What is known of the arrays in a printed line, for the compiler: the text does not say it.

    v2 = 1.0 + v1        v2: float64, of the shape of x; reads v1: float64, of the shape of x

Only lines that change nothing and print nothing are told of, and the last one, which returns.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from ...kernels.types import Array, Scalar
from ..facts.shapes import Shapes
from ..ir import Assign, Atom, Program, Read, Statement, Value, walk
from .placement import Placement, has_effect

__all__ = ["Operand", "Site", "sites"]


@dataclass(frozen=True, slots=True)
class Operand:
    """An array, or a number, whose ``shape`` is None.

    Attributes
    ----------
    dtype : str
        Empty for anything else, a shape or a list.
    shape : tuple of keys, optional
        As of `Shapes`: where two arrays have equal keys, their sizes along these axes are equal.
    contiguous : bool
        Whether it is in the order of C, without gaps.
    """

    dtype: str
    shape: tuple | None = None
    contiguous: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """A line ``target = …``, or ``return …`` with what it returns."""

    targets: tuple[Operand, ...]
    reads: Mapping[str, Operand]
    returns: bool = False


def sites(
    program: Program, placement: Placement, names: Mapping[Value, str],
    printed: Iterable[tuple[int, Statement | None]],
) -> dict[int, Site]:
    """By the numbers of the lines; None stands for the one that returns."""
    found: dict[int, Site] = {}
    known: _Known | None = None
    for number, statement in printed:
        atoms = program.returns if statement is None else placement.operands(statement)
        if statement is not None and has_effect(statement) or not _quiet(atoms, placement):
            continue
        known = known or _Known(program)
        targets = program.returns if statement is None else (statement.target,)  # type: ignore[union-attr]
        reads = {names[v]: known.operand(v) for v in placement.leaves(atoms)}
        found[number] = Site(tuple(known.operand(t) for t in targets), reads, statement is None)
    return found


def _quiet(atoms: Iterable[Atom], placement: Placement) -> bool:
    """Whether nothing inside of an expression changes memory."""
    pending = [a for a in atoms if isinstance(a, Value)]
    while pending:
        inner = placement.inlined.get(pending.pop())
        if inner is not None:
            if has_effect(inner):
                return False
            pending += [a for a in placement.operands(inner) if isinstance(a, Value)]
    return True


class _Known:
    def __init__(self, program: Program):
        self.program = program
        origin = {s.target: s for s in walk(program.body) if isinstance(s, Assign | Read) and s.target}
        self.shapes = Shapes(SimpleNamespace(types=program.types, origin=origin))  # type: ignore[arg-type]
        self.shapes.block(program.body)

    def operand(self, atom: Atom) -> Operand:
        type_: Any = self.program.type_of(atom)
        if isinstance(type_, Array) and isinstance(atom, Value):
            return Operand(type_.dtype, self.shapes.key(atom), type_.layout == "C")
        return Operand(type_.dtype) if isinstance(type_, Scalar) else Operand("")
