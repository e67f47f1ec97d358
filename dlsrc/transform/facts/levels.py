"""Which gradients a derivative passes through on its way to another, and which come first.

    g = dlgradient(f, x)                    first level: its loss contains no gradient
    h = dlgradient(np.sum(g * v), x)        second level: differentiates what was generated for the first

The gradients of the first level are resolved, which gives a program of plain statements and the remaining
gradients; of these again the first level is resolved, until none is left.  A gradient that only scales
the loss (``g`` does not depend on what the second one is taken by) is a constant to it, and no level below.
"""

from .. import activity
from ..ir import For, Gradient, Program, Value, While
from .memory import Memory
from .outline import Outline

__all__ = ["Levels"]


class Levels:
    """How the gradients of a program depend on one another."""

    def __init__(self, program: Program, outline: Outline, memory: Memory):
        self.outline = outline
        self.memory = memory
        self.gradients = [s for s in outline.statements if isinstance(s, Gradient)]
        self.flows = activity.flows(program, outline, memory) if len(self.gradients) > 0 else []
        for gradient in self.gradients:
            self.flows += [
                (self.root(a), self.root(r))
                for a in (gradient.loss, *gradient.targets)
                for r in gradient.results
                if isinstance(a, Value)
            ]

    def root(self, value: Value) -> Value:
        return self.memory.root.get(value, value)

    def passes(self, inner: Gradient, outer: Gradient) -> bool:
        """Whether the derivative that ``outer`` asks for passes through the results of ``inner``.

        It does if a result varies with a target of ``outer`` and its loss varies with that result on a way
        that is not a target's: what the trip before has made of a target is what this trip starts from.
        """
        if not isinstance(outer.loss, Value) or not self.may_lie_between(inner, outer):
            return False
        targets = {self.root(t) for t in outer.targets if isinstance(t, Value)}
        flows = self.within(outer)
        varied = activity.reach({b for a, b in flows if a in targets}, flows, self.memory)
        for result in {self.root(r) for r in inner.results} & varied:
            cut = targets - {result}
            onward = [(a, b) for a, b in flows if a not in cut]
            if outer.loss in activity.reach({result}, onward, self.memory):
                return True
        return False

    def may_lie_between(self, inner: Gradient, outer: Gradient) -> bool:
        """Whether ``inner`` may depend on targets of ``outer``, and its loss on what ``inner`` gives.

        Where each trip of the loops around makes targets of its own, with memory of their own, only what
        stands between them and ``outer`` can: what a gradient gave in the trip before depends on others.
        """
        roots = {self.root(t) for t in outer.targets if isinstance(t, Value)}
        loops = self.outline.loops(self.outline.scope[id(outer)])
        homes = [{id(s) for s, _ in self.outline.home[r]} for r in roots]
        if not loops or any(id(loop) not in home for loop in loops for home in homes):
            return True
        made = [self.outline.defined[r] for r in roots]
        first = min((self.outline.position[id(s)] for s in made if s is not None), default=-1)
        return first < self.outline.position[id(inner)] < self.outline.position[id(outer)]

    def within(self, gradient: Gradient) -> list[tuple[Value, Value]]:
        """The flows that a gradient can follow: not from trip to trip of a loop that made its targets."""
        targets = [t for t in gradient.targets if isinstance(t, Value)]
        trips = set()
        for loop, _ in self.outline.scope[id(gradient)]:
            if isinstance(loop, For | While) and all(
                any(s is loop for s, _ in self.outline.home[t]) for t in targets
            ):
                trips |= {
                    (self.root(c.out), self.root(c.header)) for c in loop.carries if isinstance(c.out, Value)
                }
        return [pair for pair in self.flows if pair not in trips] if trips else self.flows

    def first(self) -> list[Gradient]:
        """The gradients through whose loss no derivative of another gradient passes."""
        if len(self.gradients) == 1 and not self.passes(self.gradients[0], self.gradients[0]):
            return self.gradients
        return [
            outer for outer in self.gradients
            if not any(self.passes(inner, outer) for inner in self.gradients)
        ]  # fmt: skip

    def traced(self, params: frozenset[Value]) -> set[Value]:
        """Every value that depends on the traced arguments, through differentiable gradients too."""
        single = {self.root(r) for g in self.gradients if not g.higher for r in g.results}
        onward = [(a, b) for a, b in self.flows if b not in single]
        return activity.reach({self.root(p) for p in params} | params, onward, self.memory)

    def refused(self) -> list[tuple[Gradient, Gradient]]:
        """Pairs (inner, outer): a second derivative through a gradient that was not made for it."""
        return [
            (inner, outer)
            for outer in self.gradients
            for inner in self.gradients
            if not inner.higher and self.passes(inner, outer)
        ]
