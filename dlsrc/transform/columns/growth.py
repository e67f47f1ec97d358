"""Loops that append to lists: the room is made before the loop, the length follows from the trip.

    out = []                            data = empty(n)
    for i in range(n):           →      for i in range(n):
        out.append(x[i] ** 2)               data[0 + i] = x[i] ** 2
                                        the list: the first 0 + n entries of data

A body that appends on some ways only carries the length; a `while` loop, or one that may be left early,
tests for room at each append.
"""

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ...records import record
from ..building.binding import Binding, Container, Grown, Ref
from ..building.context import Context, Frame
from ..ir import Assign, Atom, Const, Value
from .grown import grown_of, part_types

__all__ = ["Growth", "Room"]


@record(frozen=True)
class Room:
    """Of a counted loop: the number of its trips, and the number of the trip at hand."""

    trips: Callable[[], Atom]
    trip: Callable[[], Atom]


class Growth:
    """The lists that one loop appends to, found round by round."""

    def __init__(self, ctx: Context, frame: Frame, body: list, room: Room | None):
        self.ctx = ctx
        self.frame = frame
        self.body = body
        self.room = room
        self.wanted: dict[int, tuple[tuple, Binding, tuple, int]] = {}   # items, form, types, appends
        self.begun: dict[int, Grown] = {}      # the lists as they are before the loop
        self.steady: dict[int, int] = {}       # so many items more in each trip
        self.unsteady: set[int] = set()
        self.unreserved: set[int] = set()
        self.counted: dict[int, int] = {}

    @contextmanager
    def building(self) -> Iterator[None]:
        """Appends inside are this loop's own."""
        self.ctx.lists.building.append(self)
        try:
            yield
        finally:
            self.ctx.lists.building.pop()

    def begin(self) -> None:
        """At the start of a trip: what is known of the lists."""
        lists = self.ctx.lists
        self.counted = dict(lists.appended)
        for number, grown in self.begun.items():
            lists.voided.discard(number)
            if number in self.steady:
                assert self.room is not None
                more, each = self.room.trip(), self.steady[number]
                more = more if each == 1 else self.ctx.op("multiply", more, Const(each))
                count = more if grown.count == Const(0) else self.ctx.op("add", grown.count, more)
                self.ctx.heap[number] = grown.with_items((*grown.items[:-1], count))
            lists.counts[number] = self.ctx.heap[number].items[-1]

    @property
    def carried(self) -> set[tuple]:
        """The lists that the loop carries."""
        return {("heap", number) for number in self.begun if number not in self.steady}

    @property
    def followed(self) -> set[tuple]:
        """The lists whose length follows from the number of the trip."""
        return {("heap", number) for number in self.steady}

    def appends(self, number: int) -> int:
        """How many appends to a list the body has, in the text."""
        return self.ctx.lists.appended.get(number, 0) - self.counted.get(number, 0)

    def again(self, start: dict, end: dict) -> bool:
        """Whether the body must be built again, with other lists or another way to count their items."""
        found = False
        for (owner, number), before in start.items():
            after = end.get((owner, number))
            if owner == "heap" and number in self.begun and isinstance(after, Grown):
                found |= self._wider(number, after)
            if owner != "heap" or not isinstance(before, Container) or before.kind != "list":
                continue
            items = before.items
            if isinstance(after, Grown):
                known = part_types(self.ctx, items) if items else (after.item, after.types)
                if known is not None and known[0] == after.item:
                    joined = [self.ctx.join(a, b) for a, b in zip(known[1], after.types, strict=True)]
                    if None not in joined:
                        self.wanted[number] = (items, after.item, tuple(joined), self.appends(number))
                        found = True
            elif isinstance(after, Container) and after.kind == "list" and len(after.items) != len(items):
                alike = part_types(self.ctx, (*items, *after.items))
                if alike is not None:
                    self.wanted[number] = (items, *alike, self.appends(number))
                    found = True
        return found or self._recount(end)

    def _wider(self, number: int, after: Grown) -> bool:
        """Whether a list has items of wider types at the end of a trip than it began with."""
        items, form, types, appends = self.wanted[number]
        joined = [self.ctx.join(a, b) for a, b in zip(types, after.types, strict=False)]
        if after.item != form or None in joined or tuple(joined) == types:
            return False
        self.wanted[number] = (items, form, tuple(joined), appends)
        return True

    def _recount(self, end: dict) -> bool:
        lists = self.ctx.lists
        for number in self.begun:
            if lists.reserved.get(number) is not self:
                continue
            after = end.get(("heap", number))
            if number in lists.voided or not isinstance(after, Grown):
                self.unreserved.add(number)
                self.steady.pop(number, None)
                return True
            if self.appends(number) > self.wanted[number][3]:
                self.wanted[number] = (*self.wanted[number][:3], self.appends(number))
                return True
            if number in self.steady:
                if self._more(number, after) != self.steady[number]:
                    del self.steady[number]
                    self.unsteady.add(number)
                    return True
            elif number not in self.unsteady:
                more = self._more(number, after)
                if more is not None:
                    self.steady[number] = more
                    return True
                self.unsteady.add(number)
        return False

    def _more(self, number: int, after: Grown) -> int | None:
        """How many items more there are at the end of a trip, if that is a fixed number."""
        more, atom = 0, after.count
        header = self.ctx.lists.counts.get(number)
        while atom != header:
            made = self.ctx.origin.get(atom) if isinstance(atom, Value) else None
            if not (isinstance(made, Assign) and made.op.name == "add" and isinstance(made.args[1], Const)):
                return None
            more += int(made.args[1].value)
            atom = made.args[0]
        return more

    def indexed(self, start: dict) -> bool:
        """After a computed index into a list: whether that list grows in the body, and is one of numbers."""
        found = False
        for number in self.named():
            before = start.get(("heap", number))
            if not isinstance(before, Container) or before.kind != "list" or number in self.wanted:
                continue
            now = self.ctx.heap.get(number)
            items = before.items or (now.items if isinstance(now, Container) else ())
            alike = part_types(self.ctx, items) if items else None
            if alike is not None:
                self.wanted[number] = (before.items, *alike, max(1, self.appends(number)))
                found = True
        return found

    def named(self) -> set[int]:
        """The lists that the text of the body appends to, or whose items it sets."""
        names = set()
        for node in (n for s in self.body for n in ast.walk(s)):
            match node:
                case ast.Attribute(value=ast.Name(id=name), attr="append" | "extend" | "pop" | "pop_saved"):
                    names.add(name)
                case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store()):
                    names.add(name)
        found = set()
        for name in names:
            owner = self.frame.owner(name)
            binding = None if owner is None else owner.env[name]
            if isinstance(binding, Ref):
                found.add(binding.number)
        return found

    def convert(self) -> None:
        """Before the loop: the lists with room for what the loop appends."""
        ctx = self.ctx
        for number, (items, form, types, appends) in self.wanted.items():
            more = None
            if self.room is not None and number not in self.unreserved:
                trips = self.room.trips()
                more = trips if appends == 1 else ctx.op("multiply", trips, Const(appends))
                ctx.lists.reserved[number] = self
            else:
                ctx.lists.reserved.pop(number, None)
            made = grown_of(ctx, items, form, types, more)
            self.begun[number] = made
            ctx.heap[number] = made

    def finish(self, after: dict) -> None:
        """After the loop: how many items there are where that follows from the number of trips."""
        ctx = self.ctx
        for number, grown in self.begun.items():
            if ctx.lists.reserved.get(number) is self:
                del ctx.lists.reserved[number]
            if number in self.steady:
                assert self.room is not None
                trips, more = self.room.trips(), self.steady[number]
                total = trips if more == 1 else ctx.op("multiply", trips, Const(more))
                count = total if grown.count == Const(0) else ctx.op("add", grown.count, total)
                after["heap", number] = grown.with_items((*grown.items[:-1], count))
