"""Something to stand in names without a value, where the sweep back keeps or copies a name on every way.

    for i in range(n):                      w = np.empty(0)
        w = np.sin(x[:i + 1])       →       for i in range(n):
                                                w_shape_kept.append(w.shape)
                                                w = np.sin(x[:i + 1])

Nothing computes with it: the sweep never comes to what was there before the first value.
"""

from ...kernels.types import Array, Scalar, Shape, Tape
from ...records import replace
from ..building.context import Context
from ..facts.outline import Outline
from ..ir import UNBOUND, Atom, Const, For, If, Statement, Value, While
from .edits import Edits

__all__ = ["bind_first", "nothing"]


def bind_first(ctx: Context, outline: Outline, edits: Edits, value: Atom) -> None:
    """Give a value that is missing on some way a zero or an empty array there."""
    pending, seen = [value], set()
    while pending:
        one = pending.pop()
        statement = outline.defined.get(one) if isinstance(one, Value) else None
        if one in seen or not isinstance(statement, For | While | If):
            continue
        seen.add(one)
        for target, slot, atom in _ways(edits, statement, one):
            if atom is not UNBOUND:
                pending.append(atom)
            elif (target, slot) not in edits.firsts:
                before = edits.before.setdefault(id(statement), [])
                place = before if slot == "init" else edits.end.setdefault((id(statement), slot), [])
                with ctx.at(statement.loc), ctx.collecting() as block:
                    edits.firsts[target, slot] = nothing(ctx, target)
                place.extend(block)


def _ways(edits: Edits, statement: Statement, value: Atom) -> list[tuple[Value, str, Atom]]:
    """Where a joining value comes from: the target, the slot and what is handed in."""
    if isinstance(statement, If):
        for merge in (*statement.merges, *edits.merges.get(id(statement), ())):
            if merge.target == value:
                return [(merge.target, "then", merge.then), (merge.target, "orelse", merge.orelse)]
        return []
    for carry in statement.carries:
        if value in (carry.header, carry.result):
            return [(carry.header, "init", carry.init), (carry.header, "out", carry.out)]
    return []


def nothing(ctx: Context, like: Value) -> Atom:
    """A zero, or an empty array, list or shape, of the type of a value."""
    type_ = ctx.types[like]
    if isinstance(type_, Scalar):
        return Const(False) if type_.dtype == "bool" else ctx.cast(Const(0), type_)
    if isinstance(type_, Tape):
        return ctx.op("new_list", target=ctx.value(type_, base=like))
    array = replace(type_, layout="C") if isinstance(type_, Array) else Array("float64", type_.ndim)
    op = "empty_vector" if array.ndim == 1 else f"empty{array.ndim}"
    made = ctx.value(array, base=like) if isinstance(type_, Array) else None
    empty = ctx.op(op, *(Const(0),) * array.ndim, dtype=array.dtype, target=made)
    if isinstance(type_, Shape):
        return ctx.op("shape", empty, target=ctx.value(Shape(type_.ndim), base=like))
    return empty
