"""Printable names for values: from single assignment back to the variables of a program.

A user's name is printed as it is.  Versions of one variable share it wherever they are not needed at
the same time; else the later one is ``x_2``.  Temporaries are ``v1, v2, …`` in order of appearance, and
what is made from another value is named after it: the cotangent of ``f`` is ``df``.  A name that dlsrc
makes up gives way to a user's, by the same suffix: where the user has a ``dx``, the cotangent is ``dx_2``.
"""

import builtins
import keyword
import re
from collections.abc import Collection, Iterable

from ..ir import Block, For, If, Program, Value, While, blocks_of, values_defined
from .liveness import copies, interference, live_carries
from .placement import Placement, place

__all__ = ["assign_names"]


def assign_names(
    program: Program, reserved: Collection[str] = (), placement: Placement | None = None
) -> dict[Value, str]:
    """A name for every value that is printed.

    Parameters
    ----------
    program : Program
    reserved : collection of str
        Names that mean something else in the text (kernels, modules, builtins): generated names avoid them.
    placement : Placement, optional
        Which values are written inside expressions and need no name.

    Returns
    -------
    dict of Value to str
        Two values have one name only if they are never needed at the same time.
    """
    placement = place(program) if placement is None else placement
    groups = _Groups(program, placement)
    namer = _Namer(program, groups, reserved)
    order = [*program.params, *_appearing(program.body, placement)]
    for value in order:
        namer.name(value)
    return {value: namer.names[groups.find(value)] for value in order}


def _appearing(block: Block, placement: Placement) -> Iterable[Value]:
    """The named values in the order in which the text first mentions them."""
    for statement in block:
        if isinstance(statement, If) and statement.merges and (
            placement.expressions.get(statement.merges[0].target) is statement
        ):
            yield from (m.target for m in statement.merges if m.target not in placement.inlined)
            continue
        if isinstance(statement, For | While):
            yield from (c.header for c in live_carries(statement, placement))
            if isinstance(statement, For):
                yield statement.index
        for inner in blocks_of(statement):
            yield from _appearing(inner, placement)
        if isinstance(statement, For | While):
            yield from (c.result for c in statement.carries if placement.uses.get(c.result))
            if statement.trips is not None and placement.uses.get(statement.trips):
                yield statement.trips
        elif isinstance(statement, If):
            yield from (m.target for m in statement.merges if placement.uses.get(m.target))
        else:
            yield from (v for v in values_defined(statement) if v not in placement.inlined)


class _Groups:
    """Values that get one name because one is copied to the other and they never differ while needed."""

    def __init__(self, program: Program, placement: Placement):
        found = interference(program, placement)
        self.members, self.needed = dict(found.bits), dict(found.needed)
        self.parent: dict[Value, Value] = {}
        self.wanted: dict[Value, str] = {}
        pairs = copies(program, placement)
        # Names made from other names come second: what they are made from must be settled first.
        for with_derived in (False, True):
            for target, source in pairs:
                derived = any(v.base is not None and not v.hint for v in (target, source))
                if derived is with_derived:
                    self.join(target, source)

    def find(self, value: Value) -> Value:
        while value in self.parent:
            value = self.parent[value]
        return value

    def label(self, value: Value) -> str:
        """What the value's group wants to be called; empty for a plain temporary."""
        root = self.find(value)
        if root in self.wanted:
            return self.wanted[root]
        if value.hint:
            return value.hint
        if value.base is not None and value.form == "{}":
            # The value itself, brought back: the same variable.
            return self.label(value.base) or f"*#{self.find(value.base).number}"
        if value.base is not None:
            # The mark keeps the cotangent of x apart from a user's own dx.
            return "*" + value.form.format(self.label(value.base) or f"#{self.find(value.base).number}")
        return ""

    def join(self, a: Value, b: Value) -> None:
        label_a, label_b = self.label(a), self.label(b)
        if label_a and label_b and label_a != label_b:
            return
        a, b = self.find(a), self.find(b)
        if a == b or self.apart(a, self.members.get(b, 0), self.needed.get(b, 0)):
            return
        first, second = (a, b) if a.number < b.number else (b, a)
        self.parent[second] = first
        self.wanted[first] = label_a or label_b
        for bits in (self.members, self.needed):
            bits[first] = bits.get(first, 0) | bits.get(second, 0)

    def apart(self, a: Value, members: int, needed: int) -> bool:
        """Whether a group must not have the name of those with these bits."""
        return bool(self.members.get(a, 0) & needed or self.needed.get(a, 0) & members)


def _lineage(value: Value) -> Iterable[Value]:
    """The value, what its name is made from, and so on."""
    found: Value | None = value
    while found is not None:
        yield found
        found = found.base


class _Namer:
    def __init__(self, program: Program, groups: _Groups, reserved: Collection[str]):
        self.groups = groups
        self.types = program.types
        self.names: dict[Value, str] = {}
        self.holders: dict[str, Value] = {}
        self.members: dict[str, int] = {}
        self.needed: dict[str, int] = {}
        self.labels: dict[str, str] = {}
        every = (v for known in (*program.types, *program.params) for v in _lineage(known))
        self.hints = {v.hint for v in every if v.hint}
        self.taken = self.hints | set(reserved) | set(keyword.kwlist) | set(dir(builtins)) | {"np", "math"}
        self.counter = 0
        self.origin: dict[Value, Value] = {}
        members: dict[Value, list[Value]] = {}
        for value in (*program.params, *program.types):
            members.setdefault(groups.find(value), []).append(value)
        for root, values in members.items():
            derived = [v for v in values if v.base is not None and not v.hint]
            if derived:
                self.origin[root] = min(derived, key=lambda v: v.number)

    def name(self, value: Value) -> str:
        root = self.groups.find(value)
        if root in self.names:
            return self.names[root]
        label = self.groups.label(value)
        if label in self.hints:
            wanted, generated = label, False
        elif root in self.origin and not self.is_circular(root):
            source = self.origin[root]
            wanted, generated = source.form.format(self.name(source.base)), True
        else:
            return self.settle(root, self.next_temporary(), "")
        wanted = re.sub(r"\W", "_", wanted)  # a hint may be ``self.w``
        candidate, k = wanted, 1
        while not self.free(candidate, root, label, generated or k > 1):
            k += 1
            candidate = f"{wanted}_{k}"
        return self.settle(root, candidate, label)

    def is_circular(self, root: Value) -> bool:
        """Whether the group's name would be made from itself: a cotangent that shares its value's name."""
        seen = {root}
        at: Value | None = root
        while at in self.origin and self.groups.label(at) not in self.hints:
            at = self.groups.find(self.origin[at].base)
            if at in seen:
                return True
            seen.add(at)
        return False

    def free(self, candidate: str, root: Value, label: str, generated: bool) -> bool:
        if generated and candidate in self.taken:
            return False
        holder = self.holders.get(candidate)
        if holder is None:
            return True
        if self.labels[candidate] != label and label != f"*#{holder.number}":
            return False
        # One name is one variable to numba, also where what it held before is not needed any more.
        if self.sort(holder) != self.sort(root):
            return False
        return not self.groups.apart(root, self.members[candidate], self.needed[candidate])

    def sort(self, root: Value) -> tuple:
        """What variables of one name have in common: number, array of so many dimensions, list of these."""
        type_ = self.types.get(root)
        item = getattr(type_, "item", None)
        return type(type_), getattr(type_, "ndim", 0), type(item), getattr(item, "ndim", 0)

    def next_temporary(self) -> str:
        while True:
            self.counter += 1
            name = f"v{self.counter}"
            if name not in self.taken and name not in self.holders:
                return name

    def settle(self, root: Value, name: str, label: str) -> str:
        self.names[root] = name
        self.holders.setdefault(name, root)
        self.members[name] = self.members.get(name, 0) | self.groups.members.get(root, 0)
        self.needed[name] = self.needed.get(name, 0) | self.groups.needed.get(root, 0)
        self.labels[name] = label
        return name
