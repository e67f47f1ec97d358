"""What computing a forward value again costs, and whether that is better than keeping it.

    d = x[i] - x[i - 1]      x is still there: two reads and a subtraction, computed again
    s = s * np.exp(d)        an exponential and what the trip before left: kept
    k = k + 2                start + 2 * trip: neither
"""

from typing import Any

from ...kernels.types import Array, Scalar
from ..building.context import Context
from ..ir import Assign, Atom, For, Read, Value
from .memory import Memory
from .outline import Outline, Scope, is_loop, visible
from .trips import induction

__all__ = ["COSTS", "Costs"]

# What recomputing a value may cost, in additions; beyond that it is kept.
CHEAP = 3
COSTS = {
    "add": 1, "subtract": 1, "multiply": 1, "negative": 1, "cast": 1, "less": 1, "less_equal": 1,
    "greater": 1, "greater_equal": 1, "equal": 1, "not_equal": 1, "logical_not": 1, "logical_and": 1,
    "logical_or": 1, "dim": 0, "size": 0, "detach": 0, "relabel": 0, "absolute": 1, "minimum": 1,
    "maximum": 1, "transpose": 0, "square": 1, "shape": 0,
    "item": 1, "extent": 0, "part1": 1, "part2": 1, "part3": 1, "part4": 1,
}  # fmt: skip


class Costs:
    """What recomputing costs in one program, where the values ``expected`` will be kept anyway."""

    def __init__(self, ctx: Context, outline: Outline, memory: Memory, expected: frozenset[Value]):
        self.ctx = ctx
        self.outline = outline
        self.memory = memory
        self.expected = expected

    def worth(self, value: Value, there: Scope, at_hand: Any) -> bool:
        """Whether to compute a value again: cheap, from what is at hand or one thing that a loop carries."""
        leaves: set[Value] = set()
        return self._cost(value, there, at_hand, leaves, 0) <= CHEAP and len(leaves) <= 1

    def _cost(self, value: Atom, there: Scope, at_hand: Any, leaves: set[Value], depth: int) -> float:
        if (
            not isinstance(value, Value) or visible(self.outline.home[value], there) or at_hand(value)
            or depth > 0
            and value in self.expected
        ):
            return 0
        statement = self.outline.defined.get(value)
        if isinstance(statement, For) and value == statement.index:
            return 0
        if depth > 0 and is_loop(statement) and isinstance(self.ctx.types[value], Scalar):
            if self.induction(value) is None:
                leaves.add(value)
            return 0
        if depth > 4:
            return float("inf")
        if isinstance(statement, Assign):
            square = statement.op.name == "power_const" and dict(statement.static).get("n") == 2
            if statement.op.name not in COSTS and not square:
                return float("inf")
            if isinstance(self.ctx.types[value], Array) and not statement.op.view:
                return float("inf")
            own = COSTS.get(statement.op.name, 1)
            return own + sum(self._cost(a, there, at_hand, leaves, depth + 1) for a in statement.args)
        if isinstance(statement, Read):
            element = isinstance(self.ctx.types[value], Scalar)
            if not element and statement.index.kind(self.ctx.types[statement.base].ndim) != "view":
                return float("inf")
            if element and self.memory.stores_after(statement.base, statement):
                return float("inf")
            atoms = (statement.base, *statement.index.atoms)
            return 1 + sum(self._cost(a, there, at_hand, leaves, depth + 1) for a in atoms)
        return float("inf")

    def induction(self, value: Value) -> tuple[Atom, int] | None:
        """The start and step of an integer that a loop carries and every trip changes by one literal."""
        return induction(value, self.outline, self.ctx.types)
