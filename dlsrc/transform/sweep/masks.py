"""Cotangents that are exactly zero because a value was not selected: there zero times infinity stays zero.

    y = np.where(x > 0, np.sqrt(x), 0.0)      v = np.sqrt(x)
    (loss np.sum(y), at x = 0)            →   dv = np.where(x > 0, dy, 0.0)
                                              dx = zero_if_masked(dv / (2 * v), dv)      0, not 0 / 0

A cotangent is *masked* that comes from a choice (``np.where``, ``maximum``, one way of a branch), from an
array of which a part was picked, or from one that was written over.  Elsewhere nothing is tested, and the
square root has its derivative inf at 0.  Only rules that can give inf or nan are tested: those that divide,
take a logarithm or a power, and those that read a value which may itself be infinite.
"""

import ast
from collections.abc import Callable
from typing import Any

from .. import activity
from ..calling.calls import body_of
from ..facts.memory import Memory
from ..facts.outline import Outline
from ..ir import Assign, Atom, Const, Index, Value

__all__ = ["CHOICES", "Masks", "is_steep"]

# Their rules give zero to what was not chosen.
CHOICES = frozenset({
    "where", "maximum", "minimum", "fmax", "fmin", "larger", "smaller", "relu", "max_all", "min_all",
    "max_axis", "min_axis",
})  # fmt: skip

# Their results may be infinite or nan where their arguments are not.
UNBOUNDED = frozenset({
    "divide", "reciprocal", "power", "power_const", "exp", "exp2", "expm1", "log", "log1p", "log2", "log10",
    "sqrt", "sinh", "cosh", "arcsin", "arccos", "arccosh", "arctanh", "logit", "gamma", "gammaln", "digamma",
    "polygamma", "xlogy", "xlog1py", "entr",
})  # fmt: skip
# Their slopes may be infinite where their results are not.
STEEP = frozenset({
    "sqrt", "cbrt", "power", "power_const", "arcsin", "arccos", "arccosh", "xlogy", "xlog1py", "entr",
    "rel_entr", "kl_div", "gammaincinv", "gammainccinv", "betaincinv",
})  # fmt: skip
_LOGARITHMS = frozenset({"log", "log1p", "log2", "log10", "digamma", "polygamma"})

_singular: dict[Any, bool] = {}


class Masks:
    """What one reverse sweep knows of zeros in its cotangents."""

    def __init__(self, outline: Outline, memory: Memory):
        self.outline = outline
        self.memory = memory
        self.masked: set[Atom] = set()                      # may be zero, where the value was not selected
        self.partial: set[Atom] = set()                     # arrays to which only a part was added yet
        # Where an array was set to zero (None: somewhere), each place once: the ways of a branch are joined.
        self.zeroed: dict[Atom, dict[Index | None, None]] = {}
        self._infinite: set[Value] | None = None

    def __contains__(self, cotangent: Atom) -> bool:
        return cotangent in self.masked or isinstance(cotangent, Const) and cotangent.value == 0

    def of_whole(self, cotangent: Atom) -> bool:
        """Whether some element of a cotangent may be zero because it was not selected."""
        return cotangent in self or cotangent in self.partial or cotangent in self.zeroed

    def of_part(
        self, shadow: Atom, index: Index | None, apart: Callable[[Index, Index], bool],
        counters: Callable[[Index], Index],
    ) -> bool:  # fmt: skip
        """Whether a part of a shadow may be: all of it, or written over later, be it by another trip."""
        if shadow in self:
            return True
        return any(
            other is None or index is None or not (
                apart(other, index) or _computed(counters(other), counters(index))
            )
            for other in self.zeroed.get(shadow, ())
        )

    def note(self, cotangent: Atom, masked: bool) -> None:
        if masked:
            self.masked.add(cotangent)

    def pick(self, shadow: Atom, new: bool) -> None:
        """Something was added to a part of a shadow, which was zero where it is new."""
        if new:
            self.partial.add(shadow)

    def move(self, shadow: Atom, made: Atom) -> None:
        """A shadow goes on under another name."""
        for known in (self.masked, self.partial):
            if shadow in known:
                known.add(made)
        if shadow in self.zeroed:
            self.zeroed[made] = self.zeroed.pop(shadow)

    def added(self, shadow: Atom, masked: bool) -> None:
        """Something was added to every element of a shadow."""
        if not masked:
            self.masked.discard(shadow)
            self.partial.discard(shadow)
            self.zeroed.pop(shadow, None)

    def singular(self, s: Assign, rule: Any) -> bool:
        """Whether a rule may give inf or nan for finite cotangents."""
        if rule not in _singular:
            _singular[rule] = _divides(rule)
        by_name = dict(zip(s.op.arguments, s.args, strict=True))
        parameters = [a.arg for a in body_of(rule).args.args]
        read = [s.target if p == "y" else by_name.get(p) for p in parameters if p != "dy"]
        if s.op.name == "divide" and isinstance(by_name["b"], Const):
            return False
        if s.op.name == "power_const" and (n := dict(s.static)["n"]) == int(n) and n > 0:
            return any(a in self.infinite for a in read)
        return _singular[rule] or any(a in self.infinite for a in read)

    @property
    def infinite(self) -> set[Value]:
        """The forward values that may be infinite or nan, arguments being finite."""
        if self._infinite is None:
            seeds = {
                s.target for s in self.outline.statements
                if isinstance(s, Assign) and s.target is not None and s.op.name in UNBOUNDED
                and not (s.op.name == "divide" and isinstance(s.args[1], Const))
                and not (s.op.name == "power_const" and (n := dict(s.static)["n"]) == int(n) and n >= 0)
            }
            self._infinite = activity.dependent(self.outline.program, self.outline, self.memory, seeds)
        return self._infinite


def is_steep(s: Assign) -> bool:
    """Whether an operation may have an infinite slope where its result is finite, as the square root at 0."""
    if s.op.name == "power_const":
        return 0 < dict(s.static)["n"] < 1
    return s.op.name in STEEP


def _computed(a: Index, b: Index) -> bool:
    """Whether these are elements at different computed indices: L[i, j] and L[j, j] are not one place.

    Only where they share a counter: d[k, k] of one loop is met as d[i, j] in another.
    """
    pairs = list(zip(a.entries, b.entries, strict=False))
    elements = all(isinstance(e, Value | Const) for pair in pairs for e in pair)
    shared = any(isinstance(x, Value) and x == y for x, y in pairs)
    return elements and shared and any(
        isinstance(x, Value) and isinstance(y, Value) and x != y for x, y in pairs
    )


def _divides(rule: Any) -> bool:
    """Whether a rule's text divides by something that is no literal, or takes a power or a logarithm."""
    for node in ast.walk(body_of(rule).parsed.source.tree):
        if isinstance(node, ast.BinOp) and not isinstance(node.right, ast.Constant):
            if isinstance(node.op, ast.Div | ast.Pow):
                return True
        called = node.func if isinstance(node, ast.Call) else None
        if getattr(called, "attr", getattr(called, "id", "")) in _LOGARITHMS:
            return True
    return False
