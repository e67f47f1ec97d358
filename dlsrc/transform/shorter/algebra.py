"""What an operation is equal to, bit for bit: a value, a literal, or a simpler operation.

IEEE arithmetic decides: ``x * 0`` is not 0 (x may be infinite), ``x - x`` is not 0 (x may be nan), and
``x + 0.0`` is x but for the sign of a zero, so only cotangents are folded that way.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...kernels.primitive import Primitive, registry
from ...kernels.types import Array, Scalar
from ..ir import Assign, Atom, Const, Value

__all__ = ["Operation", "folded", "simpler"]

Operation = tuple[str, tuple[Atom, ...]]

_COMPUTE: dict[str, Callable] = {
    "add": lambda a, b: a + b, "subtract": lambda a, b: a - b, "multiply": lambda a, b: a * b,
    "negative": lambda x: -x, "positive": lambda x: +x, "less": lambda a, b: a < b,
    "less_equal": lambda a, b: a <= b, "greater": lambda a, b: a > b, "greater_equal": lambda a, b: a >= b,
    "equal": lambda a, b: a == b, "not_equal": lambda a, b: a != b, "logical_not": lambda x: not x,
    "logical_and": lambda a, b: bool(a) and bool(b), "logical_or": lambda a, b: bool(a) or bool(b),
    "divide": lambda a, b: a / b, "floor_divide": lambda a, b: a // b, "remainder": lambda a, b: a % b,
}  # fmt: skip
_LARGEST = 2**53


def folded(op: Primitive, args: tuple[Atom, ...], type_: Any) -> Const | None:
    """The literal that an operation on literals is."""
    compute = _COMPUTE.get(op.name)
    if compute is None or not isinstance(type_, Scalar) or not all(isinstance(a, Const) for a in args):
        return None
    if any(a.dtype not in (None, type_.dtype, "bool") for a in args) and type_.dtype != "bool":
        return None
    try:
        value = compute(*(a.value for a in args))
    except (ArithmeticError, TypeError):
        return None  # left in the program, where it gives infinity as IEEE says
    if isinstance(value, int) and abs(value) > _LARGEST:
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if type_.dtype == "bool":
        return Const(bool(value))
    if type_.dtype.startswith("float"):
        # Rounded as the operation itself would have been.
        value = float(getattr(np, type_.dtype)(value))
    elif isinstance(value, float):
        return None
    return Const(value, None if type_.weak or type_.dtype in ("float64", "int64") else type_.dtype)


def simpler(
    statement: Assign, type_of: Callable[[Atom], Any], made_by: Callable[[Atom], Assign | None]
) -> Atom | Operation | None:
    """What to write instead of an operation, or None.

    A value may be given for an array only if the caller finds that sharing its memory does no harm.
    """
    op, args = statement.op, statement.args
    rule = _RULES.get(op.name)
    if rule is None or statement.target is None or registry.get(op.name) is not op:
        return None
    return rule(_Case(statement, type_of, made_by), *args)


class _Case:
    """One operation, and what its rules ask about it."""

    def __init__(
        self, statement: Assign, type_of: Callable[[Atom], Any], made_by: Callable[[Atom], Assign | None]
    ):
        self.type_of = type_of
        self.made_by = made_by
        self.type = type_of(statement.target)
        self.back = statement.loc.derived
        self.static = dict(statement.static)

    @property
    def integer(self) -> bool:
        return self.type.dtype.startswith(("int", "uint"))

    def same(self, atom: Atom) -> bool:
        """Whether the atom has the type of the result."""
        found = self.type_of(atom)
        return (
            isinstance(atom, Value) and type(found) is type(self.type) and found.dtype == self.type.dtype
            and found.ndim == self.type.ndim
        )  # fmt: skip

    def parts(self, atom: Atom, name: str) -> tuple[Atom, ...] | None:
        """The operands of the operation that made a value, if that is what made it, in the same type."""
        made = self.made_by(atom)
        if made is None or made.op.name != name or not self.same(atom):
            return None
        return made.args

    def exact(self, a: Const, b: Const) -> Const | None:
        """The product of two factors, if multiplying by it is as good as multiplying by both."""
        if isinstance(a.value, bool) or isinstance(b.value, bool):
            return None
        if {a.dtype, b.dtype} - {None, self.type.dtype}:
            return None
        product = a.value * b.value
        whole = float(a.value).is_integer() and float(b.value).is_integer() and abs(product) < _LARGEST
        binary = any(math.frexp(f.value)[0] in (0.5, -0.5) for f in (a, b))
        fits = math.isfinite(product) and float(getattr(np, self.type.dtype)(product)) == product
        if not fits or product == 0 or not (binary or (whole and (self.back or self.integer))):
            return None
        return Const(product, a.dtype or b.dtype)


def is_number(atom: Atom, value: float) -> bool:
    return isinstance(atom, Const) and not isinstance(atom.value, bool) and atom.value == value


def _multiply(case: _Case, a: Atom, b: Atom) -> Any:
    for const, other in ((a, b), (b, a)):
        if is_number(const, 1) and case.same(other):
            return other
        if is_number(const, -1) and case.same(other):
            return ("negative", (other,))
        if isinstance(const, Const) and case.same(other):
            inner = case.parts(other, "multiply")
            for factor, rest in ((inner[0], inner[1]), (inner[1], inner[0])) if inner else ():
                if isinstance(factor, Const) and case.same(rest):
                    product = case.exact(const, factor)
                    if product is not None:
                        return ("multiply", (product, rest))
            if case.back and (inner := case.parts(other, "negative")) and case.same(inner[0]):
                return ("multiply", (Const(-const.value, const.dtype), inner[0]))
    return None


def _divide(case: _Case, a: Atom, b: Atom) -> Any:
    return a if is_number(b, 1) and case.same(a) else None


def _add(case: _Case, a: Atom, b: Atom) -> Any:
    for const, other in ((a, b), (b, a)):
        # 0.0 + -0.0 is 0.0: the sign of a zero is the one thing that may change.
        if is_number(const, 0) and case.same(other) and (case.back or case.integer):
            return other
    if case.integer and isinstance(b, Const):
        return _shifted(case, a, b.value)
    if case.integer and isinstance(a, Const):
        return _shifted(case, b, a.value)
    if case.back:
        if (inner := case.parts(b, "negative")) and case.same(inner[0]):
            return ("subtract", (a, inner[0]))
        if (inner := case.parts(a, "negative")) and case.same(inner[0]):
            return ("subtract", (b, inner[0]))
    return None


def _subtract(case: _Case, a: Atom, b: Atom) -> Any:
    if is_number(b, 0) and case.same(a):
        return a
    if is_number(a, 0) and case.same(b) and (case.back or case.integer):
        return ("negative", (b,))
    if case.integer and isinstance(b, Const):
        return _shifted(case, a, -b.value)
    if case.back and (inner := case.parts(b, "negative")) and case.same(inner[0]):
        return ("add", (a, inner[0]))
    return None


def _shifted(case: _Case, atom: Atom, by: Any) -> Any:
    """``atom + by`` for integers, where ``atom`` is itself a sum with a literal."""
    if isinstance(by, float) or isinstance(case.type, Array) or not case.same(atom):
        return None
    for name, sign in (("add", 1), ("subtract", -1)):
        inner = case.parts(atom, name)
        if inner and isinstance(inner[1], Const) and case.same(inner[0]):
            total = by + sign * inner[1].value
            if abs(total) > _LARGEST:
                return None
            if total == 0:
                return inner[0]
            return ("add", (inner[0], Const(total))) if total > 0 else ("subtract", (inner[0], Const(-total)))
    return None


def _negative(case: _Case, x: Atom) -> Any:
    inner = case.parts(x, "negative")
    return inner[0] if inner and case.same(inner[0]) else None


def _positive(case: _Case, x: Atom) -> Any:
    return x if case.same(x) else None


def _power_const(case: _Case, x: Atom) -> Any:
    return x if case.static.get("n") == 1 and case.same(x) else None


def _not(case: _Case, x: Atom) -> Any:
    inner = case.parts(x, "logical_not")
    return inner[0] if inner and case.same(inner[0]) else None


def _and(case: _Case, a: Atom, b: Atom) -> Any:
    return _connected(case, a, b, True)


def _or(case: _Case, a: Atom, b: Atom) -> Any:
    return _connected(case, a, b, False)


def _connected(case: _Case, a: Atom, b: Atom, neutral: bool) -> Any:
    for const, other in ((a, b), (b, a)):
        if isinstance(const, Const) and isinstance(const.value, bool) and isinstance(case.type, Scalar):
            if const.value is not neutral:
                return const
            if case.same(other):
                return other
    return None


def _transposed(case: _Case, x: Atom) -> Any:
    inner = case.parts(x, "transposed")
    return inner[0] if inner and case.type_of(inner[0]) == case.type else None


def _itself(case: _Case, x: Atom) -> Any:
    return x if isinstance(x, Const) or case.same(x) else None


def _copy(case: _Case, x: Atom) -> Any:
    """The array itself; the caller finds out whether anybody writes to it or to the copy."""
    return x if case.same(x) and case.type_of(x).layout == case.type.layout else None


_RULES: dict[str, Callable] = {
    "multiply": _multiply, "divide": _divide, "add": _add, "subtract": _subtract, "negative": _negative,
    "positive": _positive, "power_const": _power_const, "logical_not": _not, "logical_and": _and,
    "logical_or": _or, "transposed": _transposed, "itself": _itself, "copy": _copy,
}  # fmt: skip
