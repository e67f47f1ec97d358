"""What is known of the arrays in a printed line, for the compiler: the text does not say it.

    v2 = 1.0 + v1        v2: float64, of the shape of x; reads v1: float64, of the shape of x

Only lines that change nothing and print nothing are told of, and the last one, which returns.
"""

from collections.abc import Iterable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

from ...kernels.types import Array, Scalar
from ...records import record
from ..facts.shapes import Shapes
from ..ir import Assign, Atom, Program, Read, Statement, Value, walk
from .placement import Placement, has_effect

__all__ = ["Operand", "Site", "sites"]


@record(frozen=True)
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


@record(frozen=True)
class Site:
    """A line ``target = …``, or ``return …`` with what it returns.

    Attributes
    ----------
    targets : tuple of Operand
    reads : dict of str to Operand
    value : Value, optional
        What is assigned.
    summed : tuple of Value
        Arrays without a name of which the line takes the sum of all elements.
    """

    targets: tuple[Operand, ...]
    reads: Mapping[str, Operand]
    value: Value | None = None
    summed: tuple[Value, ...] = ()

    @property
    def returns(self) -> bool:
        """Whether it is the last line."""
        return self.value is None


def sites(
    program: Program, placement: Placement, names: Mapping[Value, str],
    printed: Iterable[tuple[int, Statement | None]],
) -> dict[int, Site]:
    """By the numbers of the lines; None stands for the one that returns."""
    found: dict[int, Site] = {}
    known: _Known | None = None
    for number, statement in printed:
        atoms = program.returns if statement is None else placement.operands(statement)
        inside = [*_inside(atoms, placement), *([] if statement is None else [statement])]
        if any(map(has_effect, inside)):
            continue
        known = known or _Known(program)
        value = None if statement is None else statement.target  # type: ignore[union-attr]
        targets = program.returns if value is None else (value,)
        reads = {names[v]: known.operand(v) for v in placement.leaves(atoms)}
        summed = tuple(
            a for s in inside if isinstance(s, Assign) and s.op.name == "sum_all"
            for a in s.args if isinstance(a, Value) and a in placement.inlined
        )  # fmt: skip
        found[number] = Site(tuple(known.operand(t) for t in targets), reads, value, summed)
    return found


def _inside(atoms: Iterable[Atom], placement: Placement) -> Iterator[Statement]:
    """The statements that are parts of an expression."""
    pending = [a for a in atoms if isinstance(a, Value)]
    while pending:
        inner = placement.inlined.get(pending.pop())
        if inner is not None:
            yield inner
            pending += [a for a in placement.operands(inner) if isinstance(a, Value)]


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
