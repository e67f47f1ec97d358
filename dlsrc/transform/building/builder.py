"""The workshop in which a program is built: fresh values, typed operations, blocks.

Every operation is typed when it is added, by the primitive's own result rule, so that later
decisions (is this an array? how many dimensions?) can be taken at once.  NumPy 2's weak scalars are
resolved here: where an operation is float32 and an operand is a Python number, the operand is cast,
because numba by itself would compute in float64.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ...kernels.primitive import Primitive, registry
from ...kernels.types import Array, Scalar, Type, is_float
from ...records import replace
from ..ir import (
    ELLIPSIS, NEWAXIS, Assign, Atom, Check, Const, Fancy, Index, Read, Span, Statement, Store, Value,
    const_type,
)
from ..location import Location
from .orders import settled

__all__ = ["Builder"]

_FOLDED: dict[Any, Callable[..., Any]] = {
    "add": lambda a, b: a + b, "subtract": lambda a, b: a - b, "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b, "floor_divide": lambda a, b: a // b, "remainder": lambda a, b: a % b,
    "negative": lambda x: -x, "positive": lambda x: +x, "less": lambda a, b: a < b,
    "less_equal": lambda a, b: a <= b, "greater": lambda a, b: a > b, "greater_equal": lambda a, b: a >= b,
    "equal": lambda a, b: a == b, "not_equal": lambda a, b: a != b, "logical_not": lambda x: not x,
    "minimum": min, "maximum": max, "absolute": abs,
}  # fmt: skip


class Builder:
    """Collects statements into the current block.

    Attributes
    ----------
    types : dict of Value to Type
    loc : Location
        Given to every statement that is added.
    """

    def __init__(self, types: dict[Value, Type] | None = None, first: int = 1):
        self.types: dict[Value, Type] = {} if types is None else types
        self.next_number = first
        self.block: list[Statement] = []
        self.loc = Location("", 0)
        self.origin: dict[Value, Statement] = {}

    # ------------------------------------------------------------------ values

    def value(self, type_: Type, hint: str = "", base: Value | None = None, form: str = "{}") -> Value:
        """A fresh value of this type."""
        made = Value(self.next_number, hint, base, form)
        self.next_number += 1
        self.types[made] = type_
        return made

    def type_of(self, atom: Atom) -> Any:
        return self.types[atom] if isinstance(atom, Value) else const_type(atom)

    @contextmanager
    def collecting(self) -> Iterator[list[Statement]]:
        """Statements added inside go to the list that is given, not to the current block."""
        outer, self.block = self.block, []
        try:
            yield self.block
        finally:
            self.block = outer

    @contextmanager
    def at(self, loc: Location) -> Iterator[None]:
        """Statements added inside get this location."""
        outer, self.loc = self.loc, loc
        try:
            yield
        finally:
            self.loc = outer

    # ------------------------------------------------------------------ operations

    def op(self, op: str | Primitive, *args: Atom, target: Value | None = None, **static: Any) -> Atom:
        """The result of a primitive on these atoms; folded if all of them are literals."""
        primitive = registry[op] if isinstance(op, str) else op
        assert isinstance(primitive, Primitive)
        if target is None and not static and all(isinstance(a, Const) and a.dtype is None for a in args):
            folded = self._fold(primitive.name, args)
            if folded is not None:
                return folded
        types = [self.type_of(a) for a in args]
        result = settled(primitive, types, primitive.result_type(*types, **static))
        if primitive.elementwise:
            args = self._cast_weak(args, types, result)
        if target is None:
            target = self.value(result)
        self.add(Assign(target, primitive, tuple(args), tuple(sorted(static.items())), self.loc))
        return target

    def effect(self, op: str | Primitive, *args: Atom, **static: Any) -> None:
        """A primitive that is called for what it does to its first argument."""
        primitive = registry[op] if isinstance(op, str) else op
        assert isinstance(primitive, Primitive)
        self.add(Assign(None, primitive, args, tuple(sorted(static.items())), self.loc))

    def add(self, statement: Statement) -> None:
        self.block.append(statement)
        target = getattr(statement, "target", None)
        if target is not None:
            self.origin[target] = statement

    def _fold(self, name: str, args: tuple[Atom, ...]) -> Const | None:
        if name in ("logical_and", "logical_or") and all(isinstance(a.value, bool) for a in args):
            a, b = (x.value for x in args)
            return Const((a and b) if name == "logical_and" else (a or b))
        compute = _FOLDED.get(name)
        if compute is None:
            return None
        try:
            folded = compute(*(a.value for a in args))
        except (ArithmeticError, TypeError):
            return None  # left in the program, where it raises or gives infinity as IEEE says
        return Const(folded)

    def _cast_weak(self, args: tuple[Atom, ...], types: list, result: Type) -> tuple[Atom, ...]:
        """Operands in the precision of the result where numba alone would widen it."""
        numbers = [t for t in types if isinstance(t, Scalar | Array)]
        if getattr(result, "dtype", None) == "float64" and all(t.dtype != "float64" for t in numbers):
            return self._cast_whole_numbers(args, types)
        computes_in_f32 = any(t.dtype == "float32" and not t.weak for t in numbers) and not any(
            t.dtype in ("float64", "int64") and not t.weak for t in numbers
        )
        if not computes_in_f32:
            return args
        cast: list[Atom] = []
        for atom, type_ in zip(args, types, strict=True):
            if isinstance(type_, Scalar) and type_.weak and type_.dtype != "bool":
                if isinstance(atom, Const):
                    atom = Const(float(atom.value), "float32")
                else:
                    atom = self.op("cast", atom, dtype="float32")
            cast.append(atom)
        return tuple(cast)

    def _cast_whole_numbers(self, args: tuple[Atom, ...], types: list) -> tuple[Atom, ...]:
        """NumPy's integers beside float32 arrays as float64: numba alone would compute in float32."""
        if not any(isinstance(t, Array) and t.dtype == "float32" for t in types):
            return args
        return tuple(
            self.op("cast", a, dtype="float64")
            if isinstance(t, Scalar) and not t.weak and "int" in t.dtype
            else a
            for a, t in zip(args, types, strict=True)
        )

    def cast(self, atom: Atom, type_: Type) -> Atom:
        """The atom as this type: dtype and weakness; a no-op where they agree."""
        have = self.type_of(atom)
        if not isinstance(have, Scalar) or not isinstance(type_, Scalar):
            return atom
        if have.dtype == type_.dtype:
            if have.weak == type_.weak or isinstance(atom, Const):
                return atom
            return atom
        if isinstance(atom, Const) and type_.dtype == "float64" and atom.dtype is None:
            return Const(float(atom.value))
        if isinstance(atom, Const):
            return Const(float(atom.value) if is_float(type_) else atom.value, type_.dtype)
        return self.op("cast", atom, dtype=type_.dtype)

    # ------------------------------------------------------------------ memory

    def dim(self, array: Value, axis: int) -> Atom:
        """The length of an axis, as an int."""
        return self.op("dim", array, axis=axis)

    def read(self, base: Value, index: Index, hint: str = "") -> Value:
        """An element, a view, or a gathered copy."""
        type_ = self.types[base]
        result = indexed_type(type_, index)
        if isinstance(result, Scalar):
            result = replace(result, labels=type_.labels)
        target = self.value(result, hint)
        self.add(Read(target, base, index, self.loc))
        return target

    def store(self, base: Value, index: Index, value: Atom, mode: str = "set") -> None:
        self.add(Store(base, index, value, mode, self.loc))

    def check(self, index: Atom, size: Atom) -> None:
        """An index test; literal ones that can be decided are not emitted."""
        self.add(Check(index, index, size, self.loc))


def indexed_type(type_: Array, index: Index) -> Scalar | Array:
    """The type of ``x[index]`` for ``x`` of this type.

    >>> str(indexed_type(Array("float64", 2), Index((Const(0),))))
    'float64 vector'
    """
    ndim = type_.ndim
    for entry in index.entries:
        if isinstance(entry, Fancy):
            sure = type_.sure and (type_.layout != "F" or ndim < 3)  # as NumPy 2 does it
            return Array(type_.dtype, ndim, "C", type_.labels, sure)
    used = sum(1 for e in index.entries if e is not NEWAXIS and e is not ELLIPSIS)
    out = ndim - used
    for entry in index.entries:
        if entry is NEWAXIS or isinstance(entry, Span):
            out += 1
    if out == 0:
        return Scalar(type_.dtype)
    sure = type_.sure and type_.layout != "F" or 1 in (ndim, out)
    return Array(type_.dtype, out, _layout(type_, index), type_.labels, sure)


def _layout(type_: Array, index: Index) -> str:
    """"C" if the view is certainly contiguous: integers, then at most one span without a step, then all."""
    if type_.layout != "C":
        return "A"
    seen_span = False
    for entry in index.entries:
        if entry is NEWAXIS:
            return "A"
        if entry is ELLIPSIS:
            entry = Span()
        if isinstance(entry, Span):
            full = entry == Span()
            if entry.step is not None or (seen_span and not full):
                return "A"
            seen_span = True
        elif seen_span:
            return "A"
    return "C"
