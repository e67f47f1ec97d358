"""Which array values may share memory: a coarse answer, for the simplifications that need one.

Values are in one region if one is a view of the other, or a branch or loop makes them one value.  All
parameters are in one region, because a caller may pass overlapping arrays.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ...kernels.primitive import Primitive
from ...kernels.types import Scalar, Shape
from ..ir import UNBOUND, Assign, Atom, For, If, Program, Read, Statement, Store, Value, While, walk

__all__ = ["WRITERS", "Regions", "may_share", "written_by"]

# Kernels that only write to their first argument and read the others.
WRITERS = ("accumulate", "assign", "deduct", "fill", "put", "put_add", "put_subtract")


SHARING = ("relabel", "detach", "sum_to", "contiguous", "itself", "room", "room_for")

# Asked of every operand of every statement again and again: by class, which takes a third of the time.
NUMBERS = frozenset({Scalar, Shape})


def may_share(op: Primitive) -> bool:
    """Whether the result of an operation may be the memory of its first operand.

    So may the cotangent that the rule of a view gives: ``np.ascontiguousarray(dy).reshape(x_shape)``.
    """
    return op.view or op.name in SHARING or getattr(op, "rule_of_view", False)


class Regions:
    """A union of array values by memory."""

    def __init__(self, program: Program, types: Mapping[Value, Any] | None = None):
        self.types = program.types if types is None else types
        self.parent: dict[Value, Value] = {}
        self.joins = 0  # how often two regions became one: what was found before may have another name
        arrays = [p for p in program.params if self.is_memory(p)]
        for param in arrays[1:]:
            self.join(arrays[0], param)
        self.params = set(arrays)
        for statement in walk(program.body):
            for a, b in self.shared(statement):
                self.join(a, b)

    def is_memory(self, atom: Atom) -> bool:
        return type(atom) is Value and type(self.types[atom]) not in NUMBERS

    def shared(self, statement: Statement) -> Iterator[tuple[Atom, Atom]]:
        match statement:
            case Read(target=target, base=base):
                yield target, base
            case Assign(target=target, op=op, args=args):
                every = args if target is None else (*args, target)
                containers = [a for a in every if self.is_container(a)]
                if target is not None and may_share(op) and args:
                    yield target, args[0]
                # What is put into a tape or a tuple, and what is taken out, is the same memory.
                for atom in every if containers else ():
                    yield containers[0], atom
            case If(merges=merges):
                for m in merges:
                    yield m.target, m.then
                    yield m.target, m.orelse
            case For() | While():
                for c in statement.carries:
                    yield c.header, c.init
                    yield c.header, c.out
                    yield c.header, c.result

    def is_container(self, atom: Atom) -> bool:
        return self.is_memory(atom) and not hasattr(self.types[atom], "ndim")  # type: ignore[index]

    def find(self, value: Value) -> Value:
        root = value
        while root in self.parent:
            root = self.parent[root]
        # A chain of views is as long as it is written: the next one who asks finds the end of it at once.
        while value != root:
            self.parent[value], value = root, self.parent[value]
        return root

    def join(self, a: Atom, b: Atom) -> None:
        if a is UNBOUND or b is UNBOUND or not (self.is_memory(a) and self.is_memory(b)):
            return
        a, b = self.find(a), self.find(b)
        if a != b:
            self.parent[b] = a
            self.joins += 1


def written_by(statement: Statement) -> tuple[Value, ...]:
    """The arrays that a statement itself may write to."""
    match statement:
        case Store(base=base):
            return (base,)
        case Assign(op=op, args=args) if op.writes:
            known = args[:1] if op.name in WRITERS else args
            return tuple(a for a in known if isinstance(a, Value))
    return ()
