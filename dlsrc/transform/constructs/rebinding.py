"""Names that stand for another list, dict or object after a branch or a trip of a loop.

    for i in range(n):                                          carry w: w', out v1, result w
        params = {k: v - step * g[k] for …}     →               v1 = w' - step * g_w

Each trip finds a list of its own number, whose items are what the loop carries.  It is a copy of the one that
the name stands for in Python, which shows only where one is changed that has another name, too: such a change
is refused (`Context.change`, by `Lists.shared`), and so is ``is`` between two that may be one.
"""

from collections import Counter
from typing import Any

from ..building.binding import Binding, Container, Grown, Perhaps, Ref, leaves
from ..building.context import Context

__all__ = ["Rebinding", "held", "share"]


def held(state: dict, before: dict) -> Counter:
    """How many names and items stand for each list, dict or object; of those that are not in the state
    ``before``, only what can be reached counts."""
    counts: Counter = Counter()
    seen: set[int] = set()
    pending = [b for (owner, n), b in state.items() if owner != "heap" or (owner, n) in before]
    while pending:
        for number in (leaf.number for leaf in leaves(pending.pop(), seen) if isinstance(leaf, Ref)):
            counts[number] += 1
            if counts[number] == 1 and ("heap", number) not in before and ("heap", number) in state:
                pending.append(state["heap", number])
    return counts


def share(ctx: Context, name: str, *numbers: int) -> None:
    """Note that these may be one object, so that none of them is changed."""
    for number in numbers:
        ctx.lists.shared.setdefault(number, f"`{name}`" if name.isidentifier() else "this list or object")


class Rebinding:
    """Of one loop: where another list stands at the end of a trip, found round by round."""

    def __init__(self, ctx: Context):
        self.ctx = ctx
        self.wanted: set[tuple] = set()             # (place, path)
        self.headers: dict[tuple, tuple[int, int]] = {}   # the list before the loop, and the one of a trip
        self.begun: dict[int, Binding] = {}         # what is in the latter
        self.guarded: set[int] = set()              # those before the loop that a trip must not change
        self.guarding = False
        self.results: dict[tuple, tuple[Ref, Ref]] = {}   # at the end of a trip, and after the loop
        self.made: dict[tuple, Binding] = {}        # what is in the latter

    def begin(self, start: dict) -> None:
        """A round begins."""
        self.start, self.headers, self.begun = start, {}, {}
        for number in self.guarded:
            share(self.ctx, "", number)

    # ------------------------------------------------------------------ at the start of a trip

    def asked(self, binding: Binding, place: tuple, path: tuple) -> bool:
        """Whether a trip finds a list of its own here."""
        return isinstance(binding, Ref) and (place, path) in self.wanted

    def known(self, binding: Ref, place: tuple, path: tuple) -> Ref | None:
        """The list of the trip, where this one was met before in the same name: it may contain itself."""
        for (other, _), (before, header) in self.headers.items():
            if other == place and before == binding.number:
                self.headers[place, path] = (before, header)
                return Ref(header)
        return None

    def enter(self, binding: Ref, place: tuple, path: tuple) -> tuple[Ref, Container | Grown]:
        """The list of the trip, still with the items of the one before the loop."""
        contents = self.start["heap", binding.number]
        made = self.ctx.new_ref(contents.with_items(contents.items))
        self.ctx.lists.copies.add(made.number)
        self.headers[place, path] = (binding.number, made.number)
        if self.guarding:
            share(self.ctx, str(place[1]), made.number, binding.number)
        return made, contents

    def fill(self, made: Ref, contents: Container | Grown) -> None:
        self.ctx.heap[made.number] = self.begun[made.number] = contents

    def of_trip(self, place: tuple, path: tuple) -> Ref | None:
        """The list that a trip finds here, if it is one of its own."""
        found = self.headers.get((place, path))
        return None if found is None else Ref(found[1])

    # ------------------------------------------------------------------ at its end

    def again(self, end: dict) -> bool:
        """Whether the body must be built again, for one more place or for a change that has to be refused."""
        before = len(self.wanted)
        for place, binding in self.start.items():
            self._compare(binding, end.get(place), place, (), end, ())
        if len(self.wanted) > before:
            return True
        if self.guarding or not self._changed(end):
            return False
        known = {place: b for place, b in end.items() if place in self.start or place[0] == "heap"}
        self.guarding = any(self._aliased(key, known, end) for key in self.headers)
        self.guarded = {
            number for key in self.headers if (number := self._number_at(key, end)) is not None
            and ("heap", number) in self.start
        }  # fmt: skip
        return self.guarding

    def _compare(self, a: Any, b: Any, place: tuple, path: tuple, end: dict, within: tuple) -> None:
        if isinstance(a, Perhaps):
            value = b.binding if isinstance(b, Perhaps) else b
            self._compare(a.binding, value, place, (*path, "value"), end, within)
        if isinstance(a, Ref):
            if not isinstance(b, Ref) or a == b or (a, b) in within:
                return
            within = (*within, (a, b))
            a, b = self.start.get(("heap", a.number)), end.get(("heap", b.number))
            if not isinstance(a, Container | Grown) or not a.same_structure(b):
                return
            self.wanted.add((place, path))
        if isinstance(a, Container) and a.same_structure(b):
            for k, (x, y) in enumerate(zip(a.items, b.items, strict=True)):
                self._compare(x, y, place, (*path, k), end, within)

    def _changed(self, end: dict) -> bool:
        """Whether a trip changes what one of the names stands for."""
        numbers = {number for pair in self.headers.values() for number in pair}
        numbers |= {n for key in self.headers if (n := self._number_at(key, end)) is not None}
        for number in numbers:
            begun = self.begun.get(number, self.start.get(("heap", number)))
            if begun is not None and end.get(("heap", number)) not in (begun, None):
                return True
        return False

    def _number_at(self, key: tuple, end: dict) -> int | None:
        """The list that stands at a place at the end of a trip."""
        place, path = key
        binding = end.get(place)
        for step in path:
            if isinstance(binding, Ref):
                binding = end.get(("heap", binding.number))
            if step == "value":
                binding = binding.binding if isinstance(binding, Perhaps) else binding
            elif isinstance(binding, Container) and step < len(binding.items):
                binding = binding.items[step]
            else:
                return None
        return binding.number if isinstance(binding, Ref) else None

    def _aliased(self, key: tuple, state: dict, end: dict) -> bool:
        """Whether something else stands for the list before the loop, or for that at the end of a trip."""
        last = self._number_at(key, end)
        if held(self.start, self.start)[self.headers[key][0]] > 1:
            return True
        return last is not None and held(state, self.start)[last] > 1

    # ------------------------------------------------------------------ after the loop

    def unused(self, end: dict) -> set[tuple]:
        """Lists of a trip, and of its end, that have no other name, so that they need not be brought out."""
        if not self.headers:
            return set()
        counts = held(end, self.start)
        found = {("heap", header) for _, header in self.headers.values() if not counts[header]}
        for key in self.headers:
            number = self._number_at(key, end)
            if number is not None and counts[number] == 1 and ("heap", number) not in self.start:
                found.add(("heap", number))
        return found

    def left(self, place: tuple, path: tuple, last: Ref) -> Ref | None:
        """The list after the loop, where this one was met before in the same name."""
        found = self.results.get((place, self.headers[place, path][0]))
        return found[1] if found is not None and found[0] == last else None

    def met(self, place: tuple, path: tuple) -> bool:
        """Whether this name was left before, for another list at the end of a trip."""
        return (place, self.headers[place, path][0]) in self.results

    def leave(self, place: tuple, path: tuple, last: Ref, end: dict) -> Ref:
        """The list after the loop, still with the items of the last trip."""
        made = self.ctx.new_ref(end["heap", last.number])
        self.ctx.lists.copies.add(made.number)
        self.results[place, self.headers[place, path][0]] = (last, made)
        if self._aliased((place, path), end, end):
            share(self.ctx, str(place[1]), made.number, last.number, self.headers[place, path][0])
        return made

    def put(self, made: Ref, contents: Any) -> None:
        self.made["heap", made.number] = contents.with_items(contents.items)
