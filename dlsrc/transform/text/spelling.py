"""How operations, literals and indices are spelled in the generated text."""

import ast
import math
from collections.abc import Callable, Mapping
from typing import Any

from ...kernels.primitive import Primitive, registry
from ...kernels.types import Array, Scalar
from ...records import field, record
from ..ir import (
    ELLIPSIS, NEWAXIS, Assign, Atom, Const, Fancy, If, Index, Program, Read, Span, Statement, Value,
)
from .fragments import (
    ATOM, COMPARISON, CONDITIONAL, CONJUNCTION, DISJUNCTION, NEGATION, SIGN, Fragment, literal, show,
    template_of,
)
from .placement import DTYPES, Placement, connective, expansion

__all__ = ["Globals", "Speller"]

_WIDE = ("float64", "int64", "bool")


@record
class Globals:
    """The names that the text takes from elsewhere, each under a name that the user does not use.

    Attributes
    ----------
    used : dict of str to str
        For ``np``, ``math``, builtins and kernels: the name in the text.
    kernels : dict of str to object
        The primitives, rules and functions among them.
    """

    users: frozenset[str]
    used: dict[str, str] = field(default_factory=dict)
    kernels: dict[str, Any] = field(default_factory=dict)

    def name(self, name: str) -> str:
        if name not in self.used:
            printed, k = name, 1
            while printed in self.users or printed in self.used.values():
                k += 1
                printed = f"{name}_{k}"
            self.used[name] = printed
        return self.used[name]

    def kernel(self, name: str, kernel: Any) -> str:
        """A name to import from ``dlsrc.kernels``."""
        self.kernels[name] = kernel
        return self.name(name)


class Speller:
    """Expressions of a program as text, given the names of its values."""

    def __init__(
        self, program: Program, placement: Placement, names: Mapping[Value, str], globals_: Globals,
        unsigned: Mapping[Value, bool] | None = None,
    ):  # fmt: skip
        self.program = program
        self.placement = placement
        self.names = names
        self.globals = globals_
        self.never_negative = unsigned or {}
        # Of (array, index) as printed: whether none is negative, and whether one is that has to be told of.
        self.signs: dict[tuple[str, str], tuple[bool, bool]] = {}

    # ------------------------------------------------------------------ atoms

    def atom(self, atom: Atom, *, typed: bool = False) -> Fragment:
        """A value's name or expression, or a literal; ``typed``: one whose dtype matters here."""
        if isinstance(atom, Value):
            if atom in self.placement.inlined:
                return self.expression(self.placement.inlined[atom])
            return Fragment(self.names[atom], simple=True)
        if isinstance(atom, Const):
            return self.const(atom, typed=typed)
        if atom is NEWAXIS:
            return Fragment(f"{self.globals.name('np')}.newaxis", simple=True)
        if atom is ELLIPSIS:
            return Fragment("...")
        raise TypeError(f"{atom!r} is not printed")

    def const(self, const: Const, *, typed: bool = False) -> Fragment:
        value, dtype = const.value, const.dtype
        if isinstance(value, float) and not math.isfinite(value):
            word = "nan" if math.isnan(value) else "inf"
            bare = Fragment(f"{self.globals.name('np')}.{word}", simple=True)
            if value < 0:
                bare = Fragment(f"-{bare.text}", level=SIGN)
        else:
            if dtype in ("float64", "float32") and not isinstance(value, float):
                value = float(value)
            bare = literal(value)
        if dtype is None or dtype == "bool" or (dtype in _WIDE and not typed):
            return bare
        return Fragment(f"{self.globals.name('np')}.{dtype}({bare.text})")

    def as_type(self, atom: Atom, type_: Any) -> Fragment:
        """An atom that is copied to a name of this type: a literal becomes one of the type."""
        if isinstance(atom, Const) and isinstance(type_, Scalar) and type_.dtype != "bool":
            value = atom.value
            if isinstance(value, int) and type_.dtype.startswith("float"):
                value = float(value)
            narrow = type_.dtype not in _WIDE
            return self.const(Const(value, type_.dtype if narrow else None))
        return self.atom(atom)

    # ------------------------------------------------------------------ expressions

    def expression(self, statement: Statement) -> Fragment:
        """The right-hand side of a statement."""
        match statement:
            case Assign():
                return self.operation(statement)
            case Read(base=base, index=index):
                return self.indexed(base, index)
            case If():
                return self.conditional(statement)
        raise TypeError(f"{type(statement).__name__} is not an expression")

    def conditional(self, branch: If) -> Fragment:
        merge = branch.merges[0]
        cond = self.atom(branch.cond)
        joined = connective(branch)
        if joined == "and":
            other = self.atom(merge.then).at(CONJUNCTION)
            return Fragment(f"{cond.at(CONJUNCTION)} and {other}", CONJUNCTION)
        if joined == "or":
            other = self.atom(merge.orelse).at(DISJUNCTION)
            return Fragment(f"{cond.at(DISJUNCTION)} or {other}", DISJUNCTION)
        type_ = self.program.types[merge.target]
        then, orelse = self.as_type(merge.then, type_), self.as_type(merge.orelse, type_)
        return Fragment(
            f"{then.at(DISJUNCTION)} if {cond.at(DISJUNCTION)} else {orelse.at(CONDITIONAL)}", CONDITIONAL
        )

    def operation(self, statement: Assign) -> Fragment:
        op, types = statement.op, [self.program.type_of(a) for a in statement.args]
        typed = any(getattr(t, "dtype", "float64") not in _WIDE for t in types)
        arguments = [self.atom(a, typed=typed) for a in statement.args]
        static = dict(statement.static)
        special = _SPECIAL.get(op.name)
        if special is not None:
            found = special(self, arguments, types, static)
            if found is not None:
                return found
        template = expansion(statement, self.program.type_of)
        if template is None and op.elementwise and len(arguments) == 1 and self.is_identity(op):
            return Fragment(f"{arguments[0].at(ATOM)}.copy()")  # the bare name would share memory
        if template is None:
            return self.call(op.name, op, self.positional(op, arguments, static))
        known = dict(zip(op.arguments, arguments, strict=False))
        known.update((name, self.static(name, value)) for name, value in static.items())

        def name(word: str) -> Fragment:
            if word in known:
                return known[word]
            found = template.functions.get(word)
            if found is not None:
                public = found.name if isinstance(found, Primitive) else found.__name__
                return Fragment(self.globals.kernel(public, found), simple=True)
            return Fragment(self.globals.name(word), simple=True)

        return show(template.node, name, self.narrow if op.elementwise and _in_float32(types) else literal)

    def narrow(self, value: Any) -> Fragment:
        """A number in an expression of float32: NumPy keeps it float32, numba would widen it."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return literal(value)
        return self.const(Const(float(value), "float32"), typed=True)

    def is_identity(self, op: Primitive) -> bool:
        template = template_of(op.body)
        return template is not None and isinstance(template.node, ast.Name)

    def positional(
        self, op: Primitive, arguments: list[Fragment], static: Mapping[str, Any]
    ) -> list[Fragment]:
        """The arguments of a call in the order of the parameters, static ones among them."""
        values = iter(arguments)
        ordered = []
        for parameter in op.parameters:
            if parameter in op.static:
                if parameter in static:
                    ordered.append(self.static(parameter, static[parameter]))
            else:
                argument = next(values, None)
                if argument is not None:
                    ordered.append(argument)
        return [*ordered, *values]

    def static(self, name: str, value: Any) -> Fragment:
        if name in DTYPES and isinstance(value, str):
            word = {"bool": "bool_", "float": "float64", "int": "int64"}.get(value, value)
            return Fragment(f"{self.globals.name('np')}.{word}", simple=True)
        return literal(value)

    def call(self, name: str, kernel: Any, arguments: list[Fragment]) -> Fragment:
        words = ", ".join(a.at(CONDITIONAL) for a in arguments)
        return Fragment(f"{self.globals.kernel(name, kernel)}({words})")

    # ------------------------------------------------------------------ indices

    def indexed(self, base: Value, index: Index) -> Fragment:
        """``base[index]``; gathering is a call, because numba compiles fancy indexing slowly."""
        array = self.atom(base)
        for entry in index.entries:
            if isinstance(entry, Fancy):
                return self.call("take", registry.get("take"), [array, self.atom(entry.array)])
            if isinstance(entry, Value) and self.never_negative:
                key = (array.text, self.atom(entry).text)
                so_far, told = self.signs.get(key, (True, False))
                self.signs[key] = (
                    so_far and entry in self.never_negative, told or self.never_negative.get(entry, False)
                )
        return Fragment(f"{array.at(ATOM)}[{self.index(index)}]")

    def unsigned(self) -> frozenset[tuple[str, str]]:
        """The pairs (array, index) that are never negative where they are printed, and have to be told of."""
        return frozenset(key for key, signs in self.signs.items() if all(signs))

    def index(self, index: Index) -> str:
        entries = list(index.entries)
        while len(entries) > 1 and entries[-1] == Span() and ELLIPSIS not in entries:
            entries.pop()
        # numba knows that x[i] and x[a:b] are contiguous, and x[i, :], but not x[i, :, :] and x[a:b, :].
        if len(entries) == len(index.entries) - 1 and not isinstance(entries[-1], Span):
            entries = list(index.entries)
        return ", ".join(self.entry(e) for e in entries) or "()"

    def entry(self, entry: Any) -> str:
        if isinstance(entry, Span):
            first, last = ("" if a is None else self.bound(a) for a in (entry.start, entry.stop))
            return f"{first}:{last}" + ("" if entry.step is None else f":{self.bound(entry.step)}")
        return self.atom(entry).at(CONDITIONAL)

    def bound(self, atom: Atom) -> str:
        fragment = self.atom(atom)
        return fragment.at(COMPARISON)

    def region(self, base: Value, index: Index) -> Fragment:
        """The part of an array that a store fills, as an expression."""
        if all(e is ELLIPSIS or e == Span() for e in index.entries):
            return self.atom(base)
        return self.indexed(base, index)


def _in_float32(types: list) -> bool:
    strong = {t.dtype for t in types if isinstance(t, Scalar | Array) and not t.weak}
    return "float32" in strong and not strong & {"float64", "int64", "int32"}


# ---------------------------------------------------------------------------------- special spellings


def _cast(speller: Speller, arguments: list[Fragment], types: list, static: Mapping[str, Any]) -> Fragment:
    dtype, (argument,) = static["dtype"], arguments
    if isinstance(types[0], Array):
        return Fragment(f"{argument.at(ATOM)}.astype({speller.static('dtype', dtype).text})")
    if dtype in ("float", "int", "bool"):
        if types[0].dtype == "bool" and dtype == "float":  # numba has no float() of a truth value
            argument = Fragment(f"{speller.globals.name('np')}.float64({argument.text})")
        return Fragment(f"{speller.globals.name(dtype)}({argument.text})")
    return Fragment(f"{speller.static('dtype', dtype).text}({argument.text})")


def _connective(word: str, level: int) -> Callable:
    def spell(speller: Speller, arguments: list[Fragment], types: list, static: Any) -> Fragment | None:
        if any(not isinstance(t, Scalar) or t.dtype != "bool" for t in types):
            return None
        return Fragment(f" {word} ".join(a.at(level) for a in arguments), level)

    return spell


def _negation(speller: Speller, arguments: list[Fragment], types: list, static: Any) -> Fragment | None:
    if not isinstance(types[0], Scalar):
        return None
    return Fragment(f"not {arguments[0].at(NEGATION)}", NEGATION)


_SPECIAL: dict[str, Callable] = {
    "cast": _cast,
    "logical_and": _connective("and", CONJUNCTION),
    "logical_or": _connective("or", DISJUNCTION),
    "logical_not": _negation,
}
