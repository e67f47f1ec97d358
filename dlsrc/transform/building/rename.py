"""Statements with other atoms in the place of some."""

from collections.abc import Mapping
from typing import Any

from ...records import replace
from ..ir import (
    Assign, Atom, Block, Carry, Check, For, Gradient, If, Merge, Raise, Read, Show, Statement, Store, Value,
    While, blocks_of, values_defined, walk, with_blocks,
)

__all__ = ["refreshed", "renamed"]


def refreshed(
    block: Block, results: tuple[Atom, ...], change: Mapping[Value, Atom], ctx: Any,
    types: Mapping[Value, Any] | None = None,
) -> tuple[Block, tuple[Atom, ...]]:
    """The block and results with a fresh value for each that the block defines, and ``change`` for others.

    ``ctx`` makes the values: of the same type and name as the ones they stand for.  A block of another
    program comes with the ``types`` of its values, and its names stay behind.
    """
    fresh = dict(change)
    for statement in walk(block):
        for value in values_defined(statement):
            if types is None:
                fresh[value] = ctx.value(ctx.types[value], value.hint, value.base, value.form)
            else:
                fresh[value] = ctx.value(types[value])

    def target(value: Value) -> Value:
        return fresh[value]  # type: ignore[return-value]

    def one(s: Statement) -> Statement:
        s = with_blocks(s, [tuple(map(one, inner)) for inner in blocks_of(s)])
        match s:
            case Assign(target=Value() as made) | Read(target=made):
                return replace(s, target=target(made))
            case If(merges=merges):
                return replace(s, merges=tuple(Merge(target(m.target), m.then, m.orelse) for m in merges))
            case For() | While():
                carries = tuple(Carry(target(c.header), c.init, c.out, target(c.result)) for c in s.carries)
                trips = None if s.trips is None else target(s.trips)
                s = replace(s, carries=carries, trips=trips)
                return replace(s, index=target(s.index)) if isinstance(s, For) else s
            case Gradient(results=made):
                return replace(s, results=tuple(map(target, made)))
        return s

    defined = renamed(tuple(map(one, block)), fresh)
    return defined, tuple(fresh.get(a, a) if isinstance(a, Value) else a for a in results)


def renamed(block: Block, change: Mapping[Value, Atom]) -> Block:
    """The block reading ``change[v]`` wherever it read ``v``; what it defines keeps its names."""

    def atom(a):
        return change.get(a, a) if isinstance(a, Value) else a

    def carries(s):
        return tuple(Carry(c.header, atom(c.init), atom(c.out), c.result) for c in s.carries)

    def one(s: Statement) -> Statement:
        match s:
            case Assign(args=args):
                return replace(s, args=tuple(map(atom, args)))
            case Read():
                return replace(s, base=atom(s.base), index=s.index.replaced(atom))
            case Store():
                return replace(s, base=atom(s.base), index=s.index.replaced(atom), value=atom(s.value))
            case Check():
                return replace(
                    s, low=atom(s.low), high=atom(s.high), size=atom(s.size),
                    when=None if s.when is None else atom(s.when),
                )
            case If():
                merges = tuple(Merge(m.target, atom(m.then), atom(m.orelse)) for m in s.merges)
                return If(atom(s.cond), block_of(s.then), block_of(s.orelse), merges, s.loc)
            case For():
                return replace(
                    s, start=atom(s.start), stop=atom(s.stop), step=atom(s.step), carries=carries(s),
                    body=block_of(s.body),
                    stop_flag=None if s.stop_flag is None else atom(s.stop_flag),
                )  # fmt: skip
            case While():
                return replace(
                    s, carries=carries(s), test=block_of(s.test), cond=atom(s.cond), body=block_of(s.body),
                    stop_flag=None if s.stop_flag is None else atom(s.stop_flag),
                )  # fmt: skip
            case Gradient():
                return replace(s, loss=atom(s.loss), targets=tuple(map(atom, s.targets)))
            case Raise() | Show():
                return replace(s, values=tuple(map(atom, s.values)))
        raise AssertionError(s)

    def block_of(inner: Block) -> Block:
        return tuple(one(s) for s in inner)

    return block_of(block)
