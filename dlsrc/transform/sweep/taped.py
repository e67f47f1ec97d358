"""What an earlier sweep has kept, backwards: the derivative of a derivative passes through its tapes.

    forward, and what the first sweep reads         backward
    for i in range(n):                              da_kept = zeros_list(a_kept)
        a = np.sin(a * x)                           for i in range(n):
        a_kept.append(a)                                da_kept[i] += ...
    for i in range(n - 1, -1, -1):                  for i in range(n - 1, -1, -1):
        ... a_kept[i] ...                               da += da_kept.pop()

An array of kept numbers is written and read like any other.  One that grows is made anew with more room:
all its versions have one shadow, that of the last, since a place means the same in all of them.  A list
of arrays has a list of their shadows; the sweep meets what was appended last first, so each is taken from
the end.  What takes from a list is gone through backwards by putting back.
"""

from typing import Any

from ...kernels.types import Array
from ..ir import Assign, Atom, Const, Fancy, Index, Value, literal
from .rules import Rules

__all__ = ["Taped"]


class Taped(Rules):
    """A reverse sweep as far as it passes through the tapes of an earlier one."""

    def taped(self, s: Assign) -> bool:
        """The cotangents of an operation on a tape; whether it was one."""
        match s.op.name:
            case "append" | "replace_last":
                self._appended(s, s.args[0], s.args[1])
            case "nothing1" | "nothing2" | "nothing3":
                if self._has_shadow(s.args[0]):
                    self.ctx.effect("take_last", self.cot[self.holder(s.args[0])])
            case "take_last":
                self._taken(s, s.args[0])
            case "room" | "room_for":
                cotangent = self.take(s.target)
                if cotangent is not None:
                    self.contribute(s.args[0], cotangent, owned=True)
            case "withdraw":
                self._withdrawn(s, s.args[0], s.args[1])
            case _:
                return False
        return True

    def _has_shadow(self, memory: Any) -> bool:
        """Whether anything after the statement at hand has read this memory."""
        return memory in self.active and self.holder(memory) in self.cot

    def _appended(self, s: Assign, tape: Any, value: Atom) -> None:
        if not self._has_shadow(tape):
            return
        shadow = self.shadow(tape)
        type_ = self.ctx.types[tape].item
        assert isinstance(value, Value)
        last = self.ctx.value(Array(type_.dtype, type_.ndim), base=value, form=self.ctx.form)
        if s.op.name == "append":
            made = self.ctx.op("take_last", shadow, target=last)
            owned = True
        else:
            # The place was made by what the trip began with, and is taken away there.
            made = self.ctx.op("item", shadow, Const(-1), target=last)
            owned = False
        self.shapes.equate(made, value)
        self.contribute(value, made, owned=owned)

    def _taken(self, s: Assign, tape: Any) -> None:
        if tape not in self.active:
            return
        found = self.take(s.target) if s.target is not None else None
        ctx = self.ctx
        if found is None:
            if s.target is None:
                type_ = ctx.types[tape].item
                ctx.effect(f"nothing{type_.ndim}", self.shadow(tape), dtype=type_.dtype)
                return
            found = self.zeros(s.target)
        found = self.whole(s.target, found)  # type: ignore[arg-type]
        if not self.is_own(found, found, found in self.own):
            found = ctx.op("copy", found)
        ctx.effect("append", self.shadow(tape), found)

    def _withdrawn(self, s: Assign, memory: Any, indices: Atom) -> None:
        """What was taken out goes back; what was zero before is set where it is."""
        found = self.take(s.target) if s.target is not None else None
        if memory not in self.active or found is None and not self._has_shadow(memory):
            return
        index = Index((Fancy(self.fetch(indices, s)),))  # type: ignore[arg-type]
        shadow = self.shadow(memory)
        zero = literal(0.0, self.ctx.types[memory].dtype)
        value = zero if found is None else self.whole(s.target, found)  # type: ignore[arg-type]
        self.ctx.store(shadow, index, value, "set")
