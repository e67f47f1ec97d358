"""Before a sweep enters a branch or a loop, and the cotangents that come out of it.

    if c:                   dx = np.zeros_like(x)         made before, as the branch adds to it
        s = x[0]       →    if c: dx[0] += ds
                            else: dy = 0.0                what one way does not give is zero
"""

from typing import Any

from ...kernels.types import Array, Scalar, Tape
from ..adjoint import Sweep
from ..ir import Assign, Atom, For, If, Read, Statement, Store, Value, While, atoms_read, literal, walk

__all__ = [
    "given", "materialize", "merged_cotangent", "outer_arrays", "prepare", "relevant", "zero_cotangent",
]


def relevant(sweep: Sweep, statement: Statement) -> bool:
    """Whether a compound statement has anything to do with the gradient."""
    for inner in walk((statement,)):
        for atom in atoms_read(inner):
            if isinstance(atom, Value) and atom in sweep.active:
                return True
        if isinstance(inner, Store) and inner.base in sweep.active:
            return True
    return False


def materialize(sweep: Sweep, statement: Statement) -> None:
    """Write out, once, the uniform cotangents of arrays that a branch or loop reads, and may add to."""
    read = {a for s in walk((statement,)) for a in atoms_read(s)}
    for key, cotangent in list(sweep.cot.items()):
        if key in read:
            sweep.cot[key] = sweep.whole(key, cotangent)


def prepare(sweep: Sweep, statement: Statement) -> None:
    """Shadows of the outer arrays that the statement's blocks add to, made before it is entered."""
    later = latest_columns(sweep, statement)
    for holder in outer_arrays(sweep, statement):
        holder = later.get(_column(sweep, holder), holder)
        if holder not in sweep.cot:
            with sweep.ctx.at(sweep.gradient.loc):
                sweep.shadow(holder)


def latest_columns(sweep: Sweep, statement: Statement) -> dict[Any, Value]:
    """Of each column that a branch leaves longer, what it leaves: its shadow has places for all versions."""
    found: dict[Any, Value] = {}
    for merge in statement.merges if isinstance(statement, If) else ():
        column = _column(sweep, merge.target)
        if column is not None and merge.target in sweep.active:
            found[column] = merge.target
    return found


def _column(sweep: Sweep, value: Value) -> Any:
    """The column that grows of which a value is a version; None if it is of none, or may be of two."""
    memory = sweep.memory
    root = memory.root.get(value)
    if root is None or root not in memory.grown:
        return None
    versions = memory.roots_shared_with(root)
    return frozenset(versions) if sum(v not in memory.sources for v in versions) == 1 else None


def outer_arrays(sweep: Sweep, statement: Statement) -> list[Value]:
    """The arrays from outside to whose shadows the statement's blocks add."""
    inside = {id(statement)}
    found: dict[Value, None] = {}
    for inner in walk((statement,)):
        used: list[Value] = []
        match inner:
            case Read(target=target, base=base) if target in sweep.active:
                used = [base]
            case Assign(target=target, args=args) if target is not None and target in sweep.active:
                used = [a for a in args if isinstance(a, Value)]
            case If(merges=merges):
                used = [a for m in merges for a in (m.then, m.orelse) if isinstance(a, Value)]
            case For() | While():
                used = [a for c in inner.carries for a in (c.init, c.out) if isinstance(a, Value)]
            case Store(value=Value() as value):
                used = [value]
            case Assign(op=op, args=args) if op.name == "take_last":
                used = [args[0]]  # type: ignore[list-item]
        if not isinstance(inner, Read):
            # The versions of a tape that grows get the shadow of the last one.
            used = [v for v in used if sweep.memory.root.get(v) not in sweep.memory.grown]
        for value in used:
            if value not in sweep.active or not isinstance(sweep.ctx.types[value], Array | Tape):
                continue
            holder = sweep.holder(value)
            outside = not any(id(s) in inside for s, _ in sweep.outline.home[holder])
            if outside and holder in sweep.in_memory and sweep.outline.defined.get(holder) is not statement:
                found[holder] = None
    return list(found)


def zero_cotangent(sweep: Sweep, value: Value) -> Atom:
    """The cotangent of a value that a way does not use."""
    type_ = sweep.ctx.types[value]
    if isinstance(type_, Array):
        sweep.saver.bind_first(value)
        return sweep.zeros(value)
    return literal(0.0, type_.dtype)


def merged_cotangent(sweep: Sweep, key: Any) -> Value:
    """A fresh value for the cotangent (or trip counter) under this key."""
    if not isinstance(key, Value):
        return sweep.ctx.value(Scalar("int64", True), "count")
    type_ = sweep.ctx.types[key]
    made = sweep.ctx.value(
        Scalar(type_.dtype) if isinstance(type_, Scalar) else Array(type_.dtype, type_.ndim), base=key,
        form=sweep.ctx.form,
    )
    sweep.shapes.equate(made, key)
    return made


def given(sweep: Sweep, atom: Atom, of: Atom) -> bool:
    """Whether the cotangent of an array is memory that only this sweep holds."""
    if atom in sweep.shared:
        return False
    statement = sweep.ctx.origin.get(atom) if isinstance(atom, Value) else None
    if isinstance(statement, For | If):
        return of in sweep.in_memory
    return isinstance(statement, Assign) and statement.op.name in ("zeros_like", "zeros_of", "copy")
