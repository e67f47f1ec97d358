"""Two arrays that are filled with the same numbers are one: what two sweeps keep is kept once.

    s_kept = np.empty(n)                          s_kept = np.empty(n)
    s_kept_2 = np.empty(n)                        for i in range(n):
    for i in range(n):                     →          s_kept[i] = s
        s_kept[i] = s                                 …
        s_kept_2[i] = s                           … s_kept[i] …
        …                                         … s_kept[i] …
    … s_kept[i] … s_kept_2[i] …

A second derivative keeps what it needs of the program that gave the first, which has kept some of it already.
Two arrays are one only if they are allocated alike in one block, each is written by one statement and no
other, both of them in one block, and nothing but their elements is read.
"""

from collections.abc import Iterator

from ...kernels.types import Array, Scalar
from ..building.rename import renamed
from ..ir import (
    Assign, Atom, Block, For, If, Program, Read, Statement, Store, Value, While, blocks_of, walk,
    with_blocks,
)

__all__ = ["without_doubles"]

_ALLOCATING = frozenset({"empty_vector", "empty2", "empty3", "empty4", "empty5"})
_SIZES = frozenset({"dim", "size", "shape", "zeros_like"})  # they read no element


def without_doubles(program: Program) -> Program:
    """The program in which no two arrays are filled alike."""
    made = _allocated(program)
    if not made:
        return program
    stores = _only_stores(program, made)
    same: dict[Value, Atom] = {}
    gone: set[int] = set()
    for block in _blocks(program.body):
        alike: dict[tuple, list[Store]] = {}
        for statement in block:
            if isinstance(statement, Store) and stores.get(statement.base) is statement:
                key = (made[statement.base][0], statement.index, statement.value)
                alike.setdefault(key, []).append(statement)
        for group in alike.values():
            # The array that is allocated first stays, and the statement that stores first.
            left = min((s.base for s in group), key=lambda base: made[base][1])
            same |= {s.base: left for s in group if s.base != left}
            gone.update(id(s) for s in group[1:])
    if not same:
        return program
    return program.with_body(renamed(_without(program.body, gone), same))


def _allocated(program: Program) -> dict[Value, tuple[tuple, int]]:
    """Arrays of which another one is allocated alike in the same block: how, and which comes first."""
    alike: dict[tuple, list[Value]] = {}
    order: dict[Value, int] = {}
    for block in _blocks(program.body):
        for s in block:
            if isinstance(s, Assign) and s.op.name in _ALLOCATING and s.target is not None:
                alike.setdefault((id(block), s.op.name, s.args, s.static), []).append(s.target)
                order[s.target] = len(order)
    return {v: (key, order[v]) for key, values in alike.items() if len(values) > 1 for v in values}


def _only_stores(program: Program, made: dict[Value, tuple[tuple, int]]) -> dict[Value, Store]:
    """For each array that one store fills with numbers, and of which only elements are read, that store."""
    stores: dict[Value, Store] = {}
    other = {a for a in program.returns if isinstance(a, Value)}
    for s in walk(program.body):
        match s:
            case Store(base=base, value=value, mode=mode):
                if base in stores or mode != "set" or not isinstance(program.type_of(value), Scalar):
                    other.add(base)
                stores[base] = s
                other.update(a for a in (value,) if isinstance(a, Value))
            case Read(target=target, base=base):
                if isinstance(program.types[target], Array):
                    other.add(base)  # a view, through which it might be written
            case Assign(op=op, args=args):
                if op.name not in _SIZES:
                    other.update(a for a in args if isinstance(a, Value))
            case If(merges=merges):
                other.update(a for m in merges for a in (m.then, m.orelse) if isinstance(a, Value))
            case For() | While():
                other.update(a for c in s.carries for a in (c.init, c.out) if isinstance(a, Value))
            case _:
                other.update(a for a in getattr(s, "targets", ()) if isinstance(a, Value))
    return {v: s for v, s in stores.items() if v in made and v not in other}


def _blocks(block: Block) -> Iterator[Block]:
    yield block
    for statement in block:
        for inner in blocks_of(statement):
            yield from _blocks(inner)


def _without(block: Block, gone: set[int]) -> Block:
    out: list[Statement] = []
    for s in block:
        if id(s) not in gone:
            inner = blocks_of(s)
            out.append(with_blocks(s, (_without(b, gone) for b in inner)) if inner else s)
    return tuple(out)
