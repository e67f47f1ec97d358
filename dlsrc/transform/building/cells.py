"""Numbers in arrays without dimensions: ``+=`` changes such an array for every name of it.

    a = np.where(p > 0, p, -p)         a = np.where(p > 0, p, -p)
    a += 1.0        →  a = a + 1.0     b = a
                                       a += 1.0        →  refused: b changes, too

Here it is a number as any other, and `Scalar.cell` tells of it.  Where ways meet, its names get values of
their own (`Merge`, `Carry`): one that has two names then keeps a 2 for good, and so do those values.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ...errors import UnsupportedSyntax
from ...kernels.types import Array, Scalar
from ...records import replace
from ..facts.memory import analyze
from ..facts.outline import Outline
from ..ir import Assign, Const, Program, Read, Value
from ..shorter.dead import without_dead
from .binding import Binding, leaves
from .context import Context
from .weakness import as_numpy_number, gives_numpy_numbers

__all__ = ["MAY_BE_CELLS", "changed_in_place", "met", "of_method", "of_numpy", "refuse_overwritten", "shown"]

# What gives an array without dimensions where others give a number; what may give an argument's memory.
_OWN = frozenset({
    np.array, np.block, np.copy, np.cov, np.empty_like, np.full, np.full_like, np.i0, np.isin, np.ones_like,
    np.piecewise, np.polyint, np.roll, np.select, np.tensordot, np.linalg.tensordot, np.tile, np.where,
    np.zeros_like,
})  # fmt: skip
_VIEWS = frozenset({
    np.asarray, np.asanyarray, np.asarray_chkfinite, np.broadcast_to, np.expand_dims, np.real_if_close,
    np.reshape, np.squeeze, np.transpose,
})  # fmt: skip
MAY_BE_CELLS = ("array", "asarray", "max", "min")  # of what is special
_METHODS = frozenset({"copy", "reshape", "squeeze", "transpose"})


def of_numpy(ctx: Context, function: Any, result: Binding, before: int, args: tuple = ()) -> Binding:
    """What a function of NumPy's gives for numbers, or Python's ``max`` and ``min``."""
    if function in (max, min):  # one of the objects that they are given
        return _cell(ctx, result, ctx.next_number, 2) if _shared(ctx, args) else result
    if not gives_numpy_numbers(ctx, function):
        return result
    result = as_numpy_number(ctx, result, before)
    if function in _VIEWS:
        return _view(ctx, result, before, args)
    own = function in _OWN or isinstance(function, np.vectorize)
    return _cell(ctx, result, before, 1) if own else result


def of_method(ctx: Context, name: str, owner: Binding, result: Binding, before: int) -> Binding:
    """What a method of an array or number gives."""
    if name not in _METHODS or not (_is_array(ctx, owner) or _is_cell(ctx, owner)):
        return result
    return _view(ctx, result, before, (owner,))


def _view(ctx: Context, result: Binding, before: int, args: tuple) -> Binding:
    """A number in the memory of the first argument, if that is an array or a cell."""
    shared = _shared(ctx, args)
    return _cell(ctx, result, before, 3 if args and _is_array(ctx, args[0]) else 2 if shared else 1)


def _shared(ctx: Context, args: tuple) -> bool:
    """Whether there are cells among these; each then has another name."""
    cells = [ctx.contents(a) for a in args if _is_cell(ctx, a)]
    for cell in cells:
        _share(ctx, cell)  # type: ignore[arg-type]
    return bool(cells)


def shown(ctx: Context, result: Binding) -> Binding:
    """The element that an index with an ellipsis shows: in NumPy a view."""
    return _cell(ctx, result, 0, 3)


def refuse_overwritten(program: Program) -> None:
    """Refuse views without dimensions, which are numbers here, of arrays that are written to afterwards.

    Raises
    ------
    UnsupportedSyntax
    """
    views = {v for v, t in program.types.items() if isinstance(t, Scalar) and t.cell == 3}
    if not views:
        return
    program = without_dead(program)
    outline = Outline(program)
    memory = analyze(program, outline)
    problems = []
    for s in outline.statements:
        if not isinstance(s, Read | Assign) or s.target not in views:
            continue
        base = s.base if isinstance(s, Read) else next((a for a in s.args if a in memory.root), None)
        if base is not None and memory.stores_after(base, s):
            problems.append((s.loc, (
                "NumPy's result is a view of an element that is written to afterwards, here it is a number; "
                "index the element where it is used, x[0], or copy it with float(…)"
            )))  # fmt: skip
    if problems:
        raise UnsupportedSyntax(problems)


def _is_cell(ctx: Context, binding: Binding) -> bool:
    inner = ctx.contents(binding)
    return isinstance(inner, Value) and bool(getattr(ctx.type_of(inner), "cell", 0))


def _is_array(ctx: Context, binding: Binding) -> bool:
    return isinstance(binding, Value) and isinstance(ctx.type_of(binding), Array)


def _cell(ctx: Context, result: Binding, before: int, cell: int) -> Binding:
    """The same number, in a value of its own that is known to lie in an array."""
    type_ = ctx.type_of(result) if isinstance(result, Value | Const) else None
    if not isinstance(type_, Scalar) or type_.labels is not None:
        return result
    if isinstance(result, Const) or result.number < before:  # type: ignore[union-attr]
        result = ctx.op("cast", result, dtype=type_.dtype)  # type: ignore[arg-type]
    assert isinstance(result, Value)
    ctx.types[result] = replace(type_, cell=cell)
    return result


def _share(ctx: Context, value: Value) -> None:
    type_ = ctx.types[value]
    assert isinstance(type_, Scalar)
    ctx.types[value] = replace(type_, cell=max(type_.cell, 2))


def met(ctx: Context, binding: Binding, state: dict, more: int = 0) -> None:
    """Note of a number that is merged or carried whether it has two names, in ``state`` and ``more``."""
    cell = isinstance(binding, Value) and getattr(ctx.type_of(binding), "cell", 0)
    if cell == 1 and _names(binding, state) + more > 1:
        _share(ctx, binding)


def changed_in_place(ctx: Context, old: Value, operate: Callable[[], Binding], what: str, op: str) -> Binding:
    """The number after ``what += …``; refused where another name may be one for the same array.

    Raises
    ------
    Refused
        Also where the result does not fit the array.
    """
    type_ = ctx.type_of(old)
    assert isinstance(type_, Scalar)
    met(ctx, old, ctx.state())
    if ctx.type_of(old).cell > 1:  # type: ignore[union-attr]
        raise ctx.refuse(
            f"NumPy's `{what}` is an array without dimensions, which `{op}=` changes for every name of it, "
            f"and there may be another one; write `{what} = {what} {op} …`, or make a number of it: float(…)"
        )
    before = ctx.next_number
    made = operate()
    if isinstance(made, Value | Const) and ctx.type_of(made).dtype != type_.dtype:
        raise ctx.refuse(
            f"NumPy's `{what}` is an array without dimensions and stays {type_.dtype}; write "
            f"`{what} = {what} {op} …`"
        )
    return _cell(ctx, made, before, 1)


def _names(value: Value, state: dict) -> int:
    """How many names and items stand for a value."""
    seen = {id(frame) for frame, _ in state}  # what closures see of them is not counted again
    return sum(found is value for binding in state.values() for found in leaves(binding, seen))
