"""Loops without a trip, whatever the arguments: what `fold` leaves out.

numba prunes such a loop, too, and then has no type for what only its body fills.

    k = 0                       →    s = x + 0
    while k < 0: …
    s = x + k

Of a test that does more than compare, what it does is left: an index of it may be out of range.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from ..ir import (
    UNBOUND, Assign, Atom, Carry, Const, For, If, Program, Statement, Value, While, atoms_read, walk,
)
from .algebra import folded

__all__ = ["is_never_true", "may_be_unbound"]


def is_never_true(
    loop: While, types: Mapping[Value, Any], shown: dict[Value, Atom], now: Callable[[Atom], Atom]
) -> bool:
    """Whether the test of a loop is false before the first trip, whatever the arguments.

    ``shown`` has what the loop is given, by header, and gets the literals of the test, which is run once.
    """
    for s in loop.test:
        if isinstance(s, Assign) and s.target is not None and not s.op.effect:
            args = tuple(shown.get(a, now(a)) if isinstance(a, Value) else a for a in s.args)
            literal = folded(s.op, args, types[s.target])
            if s.op.name == "logical_and" and Const(False) in args:
                literal = Const(False)
            if literal is not None:
                shown[s.target] = literal
    cond = shown.get(loop.cond, now(loop.cond)) if isinstance(loop.cond, Value) else loop.cond
    read = {a for s in walk(loop.test) for a in atoms_read(s)}
    unbound = any(c.init is UNBOUND and c.header in read for c in loop.carries)
    return isinstance(cond, Const) and not cond.value and not unbound


def may_be_unbound(program: Program, carries: list[Carry], inits: list[Atom]) -> bool:
    """Whether what a loop without trips leaves unbound is only handed on, as where it returns from within."""
    unbound = {c.result for c, init in zip(carries, inits, strict=True) if init is UNBOUND}
    return not unbound or unbound.isdisjoint(program.returns) and not any(
        unbound.intersection(Counter(atoms_read(s)) - Counter(_handed_on(s))) for s in walk(program.body)
    )


def _handed_on(statement: Statement) -> tuple[Atom, ...]:
    """What a statement reads where `UNBOUND` may stand, too: at the end of a trip for the header."""
    match statement:
        case If(merges=merges):
            return tuple(a for m in merges for a in (m.then, m.orelse))
        case For(carries=carries) | While(carries=carries):
            return tuple(a for c in carries for a in (c.init, c.out))
    return ()
